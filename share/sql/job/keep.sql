-- The claims of the worker that held the lock $1, in a session that is lost, are those of the lock $2.
update rc.job_claim as claim set
  lock = $2::bigint
where claim.lock = $1::bigint
