# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() { new_database timetracker; }

@test "only jobs that have failed, by id, by type or all; a dry run changes nothing" {
  add_jobs 3 A
  add_jobs 1 B
  sql "update outbox_job set status = 'FAILED', attempts = 10 where id > 1"
  run -0 rc-job-retry --all --dry-run
  [ "$(sort <<<"$output")" = $'2 (A) would be due again\n3 (A) would be due again\n4 (B) would be due again' ]
  [ "$(job_counts)" = 'FAILED 10 3, PENDING 0 1' ]
  run -0 rc-job-retry --id 2
  [ "$output" = '2 (A) due again' ]
  run -0 rc-job-retry --type B
  [ "$output" = '4 (B) due again' ]
  [ "$(job_counts)" = 'FAILED 10 1, PENDING 0 3' ]
  run -0 rc-job-retry --id 1
  [ -z "$output" ]
}

@test "which jobs must be said" {
  run -2 --separate-stderr rc-job-retry
  [ "${stderr_lines[-1]}" = 'rc-job-retry: error: one of --id, --type and --all is needed' ]
}
