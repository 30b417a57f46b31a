# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() { new_database timetracker; }

@test "jobs by type and status, what is due and since when" {
  add_jobs 2 A
  add_jobs 1 'B"'
  sql "update outbox_job set run_after = now() + interval '1 day' where id = 1; update outbox_job set status = 'DONE' where id = 3"
  run -0 rc-job-stats --json
  [ "$(jq -c 'select(.job_type) | [.job_type, .status, .jobs, .due, (.oldest_seconds >= 60)]' <<<"$output")" = $'["A","PENDING",2,1,true]\n["B\\"","DONE",1,0,false]' ]
  run -0 rc-job-stats --prometheus
  [ "${lines[0]}" = 'rc_job_jobs{job_type="A",status="PENDING"} 2' ]
  [ "${lines[1]}" = 'rc_job_due{job_type="A",status="PENDING"} 1' ]
  [ "${lines[5]}" = 'rc_job_oldest_seconds{job_type="B\"",status="DONE"} 0' ]
}

@test "an empty table" {
  run -0 rc-job-stats
  [ -z "$output" ]
}
