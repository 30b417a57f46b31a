# What the tests of jobs share.

# A table of jobs, in a database that has none.
add_outbox() {
  sed -n '/^CREATE TABLE outbox_job/,/^CREATE TABLE [^o]/{/^CREATE TABLE [^o]/!p}' "$(rc_share)/sql/timetracker/schema.sql" |
    psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL"
}

# Adds N jobs of a type with that payload, due now; the id stands in each payload as n.
add_jobs() { # N [TYPE] [PAYLOAD]
  sql "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at)
       select '${2-A}', gen_random_uuid()::text, '${3-"{}"}'::jsonb || jsonb_build_object('n', n), 'PENDING', 0,
         clock_timestamp() - interval '1 minute', now(), now() from generate_series(1, $1) n"
}

# How many jobs there are of each status and number of attempts, on one line: DONE 0 5, PENDING 1 2.
job_counts() {
  sql "select coalesce(string_agg(format('%s %s %s', status, attempts, n), ', ' order by status, attempts), '')
       from (select status, attempts, count(*) as n from outbox_job group by 1, 2) as counts"
}
