-- Of the worker that holds the lock $1, no job is in hand that was claimed before the moment $2.
delete from rc.job_claim as claim
where claim.lock = $1::bigint
  and claim.moment < $2::pg_catalog.timestamptz
