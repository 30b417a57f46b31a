# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() { new_database timetracker; }

@test "a job is added once, whatever became of it, with the columns that TimeTracker's enqueue writes" {
  run -0 rc-job-add A k:1 '{"n": 1}'
  [ "$output" = 'added 1' ]
  [ "$(sql "select job_type, dedup_key, payload_json, status, attempts, run_after <= now(), last_error is null, updated_at >= created_at from outbox_job")" = \
    'A|k:1|{"n": 1}|PENDING|0|t|t|t' ]
  sql "update outbox_job set status = 'DONE'"
  run -0 rc-job-add A k:1 '{"n": 2}'
  [ "$output" = 'duplicate 1' ]
  [ "$(sql 'select status, payload_json from outbox_job')" = 'DONE|{"n": 1}' ]
}

@test "--again-when-done: one that is done or has failed is due again, one that is not stays" {
  rc-job-add A k:1 '{"n": 1}'
  run -0 rc-job-add A k:1 '{"n": 2}' --again-when-done
  [ "$output" = 'duplicate 1' ]
  for status in DONE FAILED; do
    sql "update outbox_job set status = '$status', attempts = 10, last_error = 'x'"
    run -0 rc-job-add A k:1 '{"n": 3}' --again-when-done
    [ "$output" = 'again 1' ]
    [ "$(sql 'select status, attempts, payload_json, last_error is null, count(*) over () from outbox_job')" = 'PENDING|0|{"n": 3}|t|1' ]
  done
}

@test "--after, --json, and a payload that is no JSON" {
  run -0 rc-job-add A k:1 --after 3600 --json
  [ "${lines[0]}" = '{"id":1,"dedup_key":"k:1","status":"added"}' ]
  [ "$(sql "select run_after > now() + interval '50 minutes' from outbox_job")" = t ]
  run -1 --separate-stderr rc-job-add A k:2 '{'
  [[ $stderr == 'rc-job-add: payload: '* ]]
  [ "$(sql 'select count(*) from outbox_job')" = 1 ]
}

@test "what the database keeps out is told by all that change the table, and nothing is changed" {
  local before
  old="updated_at = now() - interval '31 days'"
  add_jobs 2
  sql "update outbox_job set status = (array['DONE', 'FAILED'])[id], dedup_key = 'k:' || id, $old"
  sql "create function nothing() returns trigger language plpgsql as 'begin return null; end';
    create trigger nothing before insert or update or delete on outbox_job for each row execute function nothing()"
  before=$(sql 'select * from outbox_job order by id')
  confirm_destruction
  kept() { # MESSAGE COMMAND...
    run -1 --separate-stderr "${@:2}"
    [ "$stderr" = "$2: $1" ] || { echo "$stderr"; return 1; }
    [ "$output" = '' ]
  }
  kept "Job 'k:3' was not written: the database kept the row out." rc-job-add A k:3
  kept "Job 'k:1' was not written: the database kept the row out." rc-job-add A k:1 --again-when-done
  run -0 rc-job-add A k:1
  [ "$output" = 'duplicate 1' ]
  kept '1 failed job(s) were not made due again: the database kept the change out.' rc-job-retry --all
  kept '1 job(s) were not deleted: the database kept them.' rc-job-purge --older-than 30d
  kept '2 job(s) were not deleted: the database kept them.' rc-job-purge --older-than 30d --failed --dry-run
  run -1 --separate-stderr rc-job-cron --catch-up 24h <<<'{"name":"n","schedule":"0 3 * * *","job_type":"A"}'
  [[ $stderr == "rc-job-cron: Job 'n:"*"' was not written: the database kept the row out." ]]
  [ "$(sql 'select * from outbox_job order by id')" = "$before" ]
}
