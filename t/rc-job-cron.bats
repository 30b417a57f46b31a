# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() {
  new_database timetracker
  crontab=$BATS_TEST_TMPDIR/jobs.ndjson
  rc-record-make name=nightly 'schedule=0 3 * * *' job_type=A 'payload:={"n":1}' >"$crontab"
}

@test "a job for each entry that was due, once, however often it is called" {
  run -0 rc-job-cron "$crontab" --catch-up 24h
  [[ $output =~ ^added\ 1\ nightly:20[0-9-]+T03:00Z$ ]]
  [ "$(sql "select job_type, dedup_key ~ '^nightly:', payload_json, status, attempts, run_after <= now() from outbox_job")" = 'A|t|{"n": 1}|PENDING|0|t' ]
  sql "update outbox_job set status = 'DONE'"
  run -0 rc-job-cron --catch-up 24h --json <"$crontab"
  [[ ${lines[0]} == '{"id":1,"dedup_key":"nightly:'*'","status":"duplicate"}' ]]
  [ "$(jq -c '[.ok, .scanned, .changed]' <<<"${lines[1]}")" = '[true,1,0]' ]
  [ "$(sql 'select status, count(*) over () from outbox_job')" = 'DONE|1' ]
}

@test "a dry run tells what would be added, and adds nothing" {
  run -0 rc-job-cron "$crontab" --catch-up 24h --dry-run
  [[ $output == 'added '*' nightly:'* ]]
  [ "$(sql 'select count(*) from outbox_job')" = 0 ]
}

@test "many hosts at once add each slot once" {
  local n
  rc-record-make name=often 'schedule=*/10 * * * *' job_type=B >>"$crontab"
  for n in 1 2 3 4; do
    rc-job-cron "$crontab" --catch-up 24h >"$BATS_TEST_TMPDIR/out.$n" 3>&- &
  done
  wait
  [ "$(cat "$BATS_TEST_TMPDIR"/out.? | grep -c ^added)" = "$(sql 'select count(*) from outbox_job')" ]
  [ "$(cat "$BATS_TEST_TMPDIR"/out.? | wc -l)" -ge $((4 * 145)) ]
  [ "$(sql 'select count(*) >= 145, count(distinct dedup_key) = count(*) from outbox_job')" = 't|t' ]
}

@test "a bad entry is refused before anything is added" {
  echo '{"name":"x","schedule":"never","job_type":"A"}' >>"$crontab"
  run -1 --separate-stderr rc-job-cron "$crontab" --catch-up 24h
  [ "$stderr" = "rc-job-cron: $crontab:2: 'schedule': the minute is not understood" ]
  [ "$(sql 'select count(*) from outbox_job')" = 0 ]
  run -1 --separate-stderr rc-job-cron "$BATS_TEST_TMPDIR/absent"
  run -2 --separate-stderr rc-job-cron --catch-up soon
}

@test "the crontab in share/ is one, and its jobs go to a worker" {
  run -0 rc-job-slots --after 2026-11-26T23:59:00Z --until 2026-11-27T23:59:00Z "$(rc_share)/cron/jobs.ndjson"
  [ "$(jq -r .name <<<"$output" | sort | uniq -c | xargs)" = '1 report 24 sync 1 sync-all' ]
  rc-job-cron "$crontab" --catch-up 24h >/dev/null
  run -0 rc-job-run --once --exec -- sh -c 'cat >"$0"' "$BATS_TEST_TMPDIR/job"
  [ "$(jq -c .payload "$BATS_TEST_TMPDIR/job")" = '{"n":1}' ]
  [ "$(sql 'select status from outbox_job')" = DONE ]
}
