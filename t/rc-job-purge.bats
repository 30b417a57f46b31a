# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() { new_database timetracker; }

@test "old jobs that are done are deleted, with --failed those that have failed, and no others" {
  add_jobs 6
  sql "update outbox_job set status = (array['DONE', 'DONE', 'FAILED', 'PENDING', 'RUNNING', 'DONE'])[id], updated_at = now() - case id when 6 then '1 hour' else '8 days' end::interval"
  run -0 rc-job-purge --older-than 7d --dry-run
  [ "$output" = '2 jobs would be deleted' ]
  [ "$(sql 'select count(*) from outbox_job')" = 6 ]
  run -1 --separate-stderr rc-job-purge --older-than 7d
  [[ ${stderr_lines[2]} == *'how much:'*' 2 records' ]]
  [ "${stderr_lines[-1]}" = "rc-job-purge: refused: it is not clear that this is meant; to be given: --confirm $(sql 'select current_database()')" ]
  [ "$(sql 'select count(*) from outbox_job')" = 6 ]
  confirm_destruction
  run -0 --separate-stderr rc-job-purge --older-than 7d
  [ "$output" = '2 jobs deleted' ]
  run -0 --separate-stderr rc-job-purge --older-than 7d --failed
  [ "$output" = '1 jobs deleted' ]
  [ "$(sql "select string_agg(id::text, ' ' order by id) from outbox_job")" = '4 5 6' ]
  run -0 --separate-stderr rc-job-purge --older-than 7d
  [ "$output" = '0 jobs deleted' ]
}

@test "what was deleted comes back as its plan says" {
  add_jobs 5
  sql "update outbox_job set status = 'DONE', updated_at = now() - interval '8 days' where id > 2"
  local before
  before=$(sql 'select to_jsonb(j) from outbox_job j order by id')
  confirm_destruction
  rc-export-rows --table outbox_job --end-record >"$BATS_TEST_TMPDIR/rows"
  run -0 --separate-stderr rc-job-purge --older-than 7d
  [ "$output" = '3 jobs deleted' ]
  run -0 rc-import-rows --table outbox_job --on-conflict skip --require-end-record "$BATS_TEST_TMPDIR/rows"
  [ "$(sql 'select to_jsonb(j) from outbox_job j order by id')" = "$before" ]
}
