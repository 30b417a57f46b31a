# shellcheck disable=SC2030,SC2031 # each test is a process of its own
# shellcheck disable=SC2016 # handlers expand it
load recotem/helper
load jobs

setup() {
  started=()
  new_database timetracker
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() { end_started; }

# A handler that says done, one line at a time; and one that notes what it does in the table effect before that.
done_handler=(sed -u -E 's/^(."id":[0-9]+).*/\1,"status":"done"}/')

# handler BODY: makes ./handler, a program that runs BODY for each job, which is in $job and its id in $id; done says so.
handler() {
  printf '#!/bin/bash\ndone_() { printf "{\\"id\\":%%s,\\"status\\":\\"done\\"}\\n" "$id"; }\nwhile IFS= read -r job; do id=${job#*:} id=${id%%%%,*}\n%s\ndone\n' "$1" >handler
  chmod +x handler
}

summary() { tail -n 1 <<<"$output"; }

@test "all jobs that are due are done, in the columns that TimeTracker's worker leaves" {
  add_jobs 3
  sql "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at)
       values ('A', 'tomorrow', '{}', 'PENDING', 0, now() + interval '1 day', now(), now()), ('A', 'other', '{}', 'RUNNING', 0, now(), now(), now())"
  before=$(sql "select to_jsonb(o) - 'status' - 'updated_at' from outbox_job o order by id")
  run -0 --separate-stderr rc-job-run --once -- "${done_handler[@]}"
  [ "$output" = '{"claimed":3,"done":3,"retried":0,"failed":0,"returned":0,"late":0}' ]
  [ -z "$stderr" ]
  [ "$(sql "select to_jsonb(o) - 'status' - 'updated_at' from outbox_job o order by id")" = "$before" ]
  [ "$(job_counts)" = 'DONE 0 3, PENDING 0 1, RUNNING 0 1' ]
  [ "$(sql "select bool_and(updated_at > created_at) from outbox_job where status = 'DONE'")" = t ]
}

@test "no jobs, nothing done, no handler started" {
  run -0 --separate-stderr rc-job-run --once -- sh -c 'touch started; cat'
  [ "$output" = '{"claimed":0,"done":0,"retried":0,"failed":0,"returned":0,"late":0}' ]
  [ ! -e started ]
}

# keep_out CONDITION: a trigger keeps out each change of a job for which it is true.
keep_out() {
  sql "create function kept() returns trigger language plpgsql as 'begin return case when $1 then null else new end; end';
    create trigger kept before update on outbox_job for each row execute function kept()"
}

@test "a trigger keeps jobs from running: the others are done, then a warning and 1" {
  add_jobs 5
  keep_out 'new.id in (2, 4)'
  run -1 --separate-stderr rc-job-run --once -- "${done_handler[@]}"
  [ "$output" = '{"claimed":3,"done":3,"retried":0,"failed":0,"returned":0,"late":0}' ]
  [ "$stderr" = 'rc-job-run: jobs are due, but the database keeps out that they are running: is there a trigger on outbox_job?' ]
  [ "$(job_counts)" = 'DONE 0 3, PENDING 0 2' ]
}

@test "--hold: a trigger keeps a verdict out: the end, for the job would be done again and again" {
  add_jobs 3
  keep_out 'new.id = 2'
  run -100 --separate-stderr timeout 60 rc-job-run --hold --once -- "${done_handler[@]}"
  [ "$stderr" = 'rc-job-run: the database keeps a verdict out: a job that was done is still due; is there a trigger on outbox_job?' ]
  [ "$(job_counts)" = 'DONE 0 2, PENDING 0 1' ]
}

@test "a handler gets the job's fields, by run_after and id" {
  add_jobs 2
  sql "update outbox_job set run_after = now() - interval '2 hours', dedup_key = 'k' || id, attempts = 4 where id = 2"
  run -0 rc-job-run --once -- sh -c 'tee seen | sed -u -E "s/^(.\"id\":[0-9]+).*/\1,\"status\":\"done\"}/"'
  [ "$(head -n 1 seen)" = '{"id":2,"job_type":"A","dedup_key":"k2","payload":{"n": 2},"attempts":4}' ]
  [ "$(wc -l <seen)" = 2 ]
}

@test "done, retry and failed, with an error and a delay, in any order" {
  add_jobs 4
  handler 'jobs+=("$id"); [ ${#jobs[@]} = 4 ] || continue
    echo "{\"id\":\"4\",\"status\":\"failed\",\"error\":\"never \u00e9\nsecond line\"}"
    echo "{\"status\":\"retry\",\"id\":3,\"error\":\"later\"}"; echo "{\"id\":2,\"status\":\"retry\",\"after\":60.5}"; echo "{\"id\":1,\"status\":\"done\"}"'
  run -0 --separate-stderr rc-job-run --once --report all -- ./handler
  [ "$(job_counts)" = 'DONE 0 1, FAILED 1 1, PENDING 1 2' ]
  [ "$(sql 'select last_error from outbox_job where id = 4')" = $'never é\nsecond line' ]
  [ "$(sql "select round(extract(epoch from run_after - updated_at)::numeric, 1) from outbox_job where id in (2, 3) order by id")" = $'60.5\n2.0' ]
  [ "$(sort <<<"$output")" = '{"claimed":4,"done":1,"retried":2,"failed":1,"returned":0,"late":0}
{"id":1,"job_type":"A","status":"done","attempts":0}
{"id":2,"job_type":"A","status":"retry","attempts":1,"after":60.5}
{"id":3,"job_type":"A","status":"retry","attempts":1,"after":2.0,"error":"later"}
{"id":4,"job_type":"A","status":"failed","attempts":1,"error":"never é\nsecond line"}' ]
}

@test "the delay grows to 300 seconds, and the tenth failure is the last" {
  add_jobs 10
  sql 'update outbox_job set attempts = id - 1'
  handler 'echo "{\"id\":$id,\"status\":\"retry\",\"error\":\"no\"}"'
  run -0 rc-job-run --once -- ./handler
  [ "$(sql "select string_agg(attempts || ' ' || status || ' ' || case status when 'FAILED' then '-' else round(extract(epoch from run_after - updated_at))::text end, ', ' order by id) from outbox_job")" = \
    '1 PENDING 2, 2 PENDING 4, 3 PENDING 8, 4 PENDING 16, 5 PENDING 32, 6 PENDING 64, 7 PENDING 128, 8 PENDING 256, 9 PENDING 300, 10 FAILED -' ]
  [ "$(sql "select run_after < created_at from outbox_job where id = 10")" = t ]
}

@test "--attempts, --delay-max and --jitter; of an error 10,000 bytes are kept, and no half character" {
  add_jobs 20
  sql "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at) values ('A', 'last', '{}', 'PENDING', 2, now(), now(), now())"
  handler 'printf "{\"id\":%s,\"status\":\"retry\",\"error\":\"a%s\"}\n" "$id" "$(printf "é%.0s" {1..9000})"'
  run -0 rc-job-run --once --attempts 3 --delay-max 1s --jitter 50 -- ./handler
  [ "$(job_counts)" = 'FAILED 3 1, PENDING 1 20' ]
  [ "$(sql "select min(extract(epoch from run_after - updated_at)) >= 0.49 and max(extract(epoch from run_after - updated_at)) <= 1.51
    and count(distinct extract(epoch from run_after - updated_at)) > 10 from outbox_job where attempts = 1")" = t ]
  [ "$(sql "select distinct octet_length(last_error), right(last_error, 1) from outbox_job")" = '9999|é' ]
}

@test "--exec: 0 is done, 100 failed, all else and a signal retry, with the output as the error" {
  add_jobs 4
  printf '#!/bin/sh\nread -r job; case $job in *\\"n\\":\\ 1*) exit 0;; *\\"n\\":\\ 2*) echo gone; exit 100;; *\\"n\\":\\ 3*) exit 7;; *) kill -9 $$;; esac\n' >one
  chmod +x one
  run -0 --separate-stderr rc-job-run --once --exec --per-handler 2 -- ./one
  [ "$(job_counts)" = 'DONE 0 1, FAILED 1 1, PENDING 1 2' ]
  [ "$(sql 'select last_error from outbox_job where last_error is not null order by id')" = \
    $'HandlerError: ./one ended with exit status 100\ngone\n\nHandlerError: ./one ended with exit status 7\nHandlerError: ./one ended by signal 9' ]
}

@test "--handlers: the program of a job's type; a type without one fails and names those there are" {
  mkdir handlers
  add_jobs 2 A
  add_jobs 1 B
  add_jobs 1 ../handlers/A
  handler 'echo "$job" >>A.seen; done_'
  mv handler handlers/A
  run -0 rc-job-run --once --handlers handlers
  [ "$(wc -l <A.seen)" = 2 ]
  [ "$(job_counts)" = 'DONE 0 2, PENDING 1 2' ]
  [ "$(sql "select last_error from outbox_job where job_type = 'B'")" = "ValueError: Unknown job_type: B. Available handlers: ['A']" ]
}

@test "a handler that is killed: each of its jobs is tried alone, and only the one that kills it counts an attempt" {
  add_jobs 30
  handler '[[ $job != *"\"n\": 17}"* ]] || kill -9 $$
    echo "$id" >>effects; done_'
  run -0 --separate-stderr rc-job-run --once -- ./handler
  [ "$(job_counts)" = 'DONE 0 29, PENDING 1 1' ]
  [ "$(sql 'select last_error from outbox_job where attempts = 1')" = 'HandlerError: ./handler ended by signal 9' ]
  [[ $stderr == 'rc-job-run: ./handler ended by signal 9, with '*' jobs; each of them is tried alone' ]]
}

@test "a job that kills its handler every time fails at last, and no other pays for it" {
  add_jobs 10
  sql 'update outbox_job set attempts = 9 where id = 5; update outbox_job set attempts = 9 where id = 6'
  handler '[ "$id" != 5 ] || kill -9 $$; done_'
  run -0 rc-job-run --once -- ./handler
  [ "$(job_counts)" = 'DONE 0 8, DONE 9 1, FAILED 10 1' ]
}

@test "a handler that there is not is told before any job is claimed" {
  add_jobs 5
  for program in './no-such-program:No such file or directory' 'no-such-program:No such file or directory' "$BATS_TEST_TMPDIR:Permission denied"; do
    for exec in '' --exec; do
      run -100 --separate-stderr rc-job-run $exec --once -- "${program%%:*}"
      [ "$stderr" = "rc-job-run: cannot run ${program/:/: }" ]
    done
  done
  [ "$(job_counts)" = 'PENDING 0 5' ]
}

@test "a handler that can't be run is told: some jobs count an attempt, the others go back" {
  add_jobs 50
  printf '#!/no/such/shell\n' >handler
  chmod +x handler
  run -0 --separate-stderr rc-job-run --once -- ./handler
  [ "$stderr" = 'rc-job-run: ./handler cannot be run: No such file or directory' ]
  [ "$(sql "select count(*) from outbox_job where status = 'PENDING'")" = 50 ]
  [ "$(sql 'select distinct last_error from outbox_job where attempts = 1')" = 'HandlerError: ./handler cannot be run: No such file or directory' ]
}

@test "a handler that there are no processes for costs no job an attempt" {
  add_jobs 20
  cat >no-fork.c <<'END'
#include <errno.h>
#include <sys/types.h>
pid_t vfork(void) { errno = EAGAIN; return -1; }
END
  cc -shared -fPIC -o no-fork.so no-fork.c
  ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 LD_PRELOAD=$PWD/no-fork.so run -0 --separate-stderr "$(command -v rc-job-run)" --once -- sed s/x/y/
  [ "$stderr" = 'rc-job-run: sed cannot be run: Resource temporarily unavailable' ]
  [ "$(job_counts)" = 'PENDING 0 20' ]
}

@test "as the first process of a container it leaves no dead processes of handlers" {
  unshare --pid --fork --mount-proc true 2>unshare.err || skip 'no name space of processes for this user'
  add_jobs 10
  start unshare --pid --fork --kill-child --mount-proc rc-job-run --exec -- sh -c 'cat >left; (sleep 0.1 &); exit 0'
  wait_until "select count(*) = 10 from outbox_job where status = 'DONE'"
  worker=$(pgrep -g "$group" -x rc-job-run)
  sleep 1
  [ "$(ps -o stat= --ppid "$worker" | grep -c '^Z' || :)" = 0 ]
  kill -TERM "$worker"
  finish
  [ "$ended" = 'exit 0' ]
}

@test "a slow handler has no second copy beside it, whatever --stall says" {
  add_jobs 40
  handler 'mkdir alone || touch crowded; sleep 0.1; rmdir alone; done_'
  start rc-job-run --stall 50ms --in-flight 5 -- ./handler
  wait_until "select count(*) >= 20 from outbox_job where status = 'DONE'"
  kill -TERM "$group"
  finish
  [ ! -e crowded ]
}

@test "a handler that does not end with its input is ended, and the next one begun" {
  add_jobs 12
  printf '%s\n' '#!/bin/bash' 'jobs=()' 'while IFS= read -r -t 2 job; do id=${job#*:}; jobs+=("${id%%,*}"); done' \
    'for id in "${jobs[@]}"; do printf "{\"id\":%s,\"status\":\"done\"}\n" "$id"; done' 'sleep 1000' >handler
  chmod +x handler
  start rc-job-run --stall 100ms --in-flight 4 -- ./handler
  wait_until "select count(*) = 12 from outbox_job where status = 'DONE'"
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 0' ]
}

@test "a handler may tidy up after its last verdict" {
  handler 'done_'
  printf 'sleep 0.2\necho tidy >>tidied\n' >>handler
  add_jobs 2
  run -0 rc-job-run --once -- ./handler
  [ "$(cat tidied)" = tidy ]
  add_jobs 2
  run -0 rc-job-run --limit 2 -- ./handler
  [ "$(wc -l <tidied)" = 2 ]
  add_jobs 2
  start rc-job-run -- ./handler
  wait_until "select count(*) = 6 from outbox_job where status = 'DONE'"
  kill -TERM "$group"
  finish
  [ "$(wc -l <tidied)" = 3 ]
}

@test "a handler that hangs is ended after --job-timeout, and its job comes back" {
  add_jobs 3
  handler '[ "$id" != 2 ] || sleep 100; done_'
  run -0 --separate-stderr rc-job-run --once --job-timeout 300ms --in-flight 1 -- ./handler
  [ "$(job_counts)" = 'DONE 0 2, PENDING 1 1' ]
  [ "$(sql 'select last_error from outbox_job where id = 2')" = 'HandlerError: ./handler gave no verdict within 0.3 s' ]
}

@test "a handler that closes its output, or ends with its jobs unanswered" {
  add_jobs 2
  handler '[ "$id" != 1 ] || { exec >&-; sleep 100; }; done_'
  run -0 rc-job-run --once --in-flight 1 -- ./handler
  [ "$(sql 'select last_error from outbox_job where id = 1')" = 'HandlerError: ./handler closed its standard output' ]
  [ "$(job_counts)" = 'DONE 0 1, PENDING 1 1' ]
  run -0 rc-job-run --once --in-flight 1 -- true
  add_jobs 1
  run -0 rc-job-run --once --in-flight 1 -- true
  [ "$(sql 'select last_error from outbox_job where id = 3')" = 'HandlerError: true ended with exit status 0' ]
}

@test "verdicts that are none: the line is named, and the job comes back" {
  for garbage in hello '{"id":1}' '{"id":1,"status":"great"}' '{"status":"done"}' '{"id":1,"status":"done","after":"x"}' '{"id":1,"id":1,"status":"done"}' $'{"id":1,"status":"done","error":"\xff"}'; do
    sql 'truncate outbox_job restart identity'
    add_jobs 1
    printf '%s\n' "$garbage" >garbage
    handler 'cat garbage'
    run -0 --separate-stderr rc-job-run --once -- ./handler
    [[ $stderr == "rc-job-run: ./handler: line 1 of its output is no verdict: "* ]]
    [ "$(job_counts)" = 'PENDING 1 1' ]
  done
}

@test "verdicts for unknown jobs and double ones are told with their line and passed over" {
  add_jobs 2 # the second one's verdict comes behind all that is told, for the worker ends with the last
  handler '[ "$id" = 1 ] || { done_; continue; }
    printf "%s\n" "{\"id\":99,\"status\":\"failed\"}" "{\"id\":1,\"status\":\"done\"}" "{\"id\":1,\"status\":\"failed\"}"'
  run -0 --separate-stderr rc-job-run --once -- ./handler
  [ "$stderr" = 'rc-job-run: ./handler: line 1 of its output: it has no job 99 now
rc-job-run: ./handler: line 3 of its output: it has no job 1 now' ]
  [ "$(job_counts)" = 'DONE 0 2' ]
}

@test "a handler that buffers its output is named, and its verdicts still come" {
  add_jobs 3
  start rc-job-run --stall 300ms -- jq -c '{id, status: "done"}'
  wait_until "select count(*) = 3 from outbox_job where status = 'DONE'"
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 0' ]
  grep -q '^rc-job-run: jq: no verdict for 0.3 s' err
}

@test "payloads with every trap, and one of 10 MB, arrive as they are" {
  add_jobs 1 A '{"big": 9223372036854775807, "float": 1.10, "e": 1e400, "unicode": "\u00e9\u2028\ud83d\ude00", "escape": "\"\\\b\n\t/", "nested": [[[{}]]], "null": null, "": "", "status": "failed"}'
  sql "insert into outbox_job select 2, 'A', 'big', to_jsonb(repeat('x', 10485760)), 'PENDING', 0, now(), null, now(), now()"
  sql "insert into outbox_job select 3, 'quote\" \\ new
line', 'odd \" \\', '[1, \"\"]', 'PENDING', 0, now(), null, now(), now()"
  # not sed -u, which reads a byte at a time
  run -0 rc-job-run --once -- sh -c 'tee seen | perl -pe "BEGIN { \$| = 1 } s/^(.\"id\":\d+).*/\$1,\"status\":\"done\"}/"'
  [ "$(job_counts)" = 'DONE 0 3' ]
  rc-tally seen
  split -l 1 seen job.
  for line in job.*; do
    read -r -d , id <"$line"
    psql -XAtq "$DATABASE_URL" -v "id=${id#*:}" -v "line=$line" <<'END' >same
\set job `cat :line`
select (:'job'::jsonb)->'payload' = payload_json and (:'job'::jsonb)->>'job_type' = job_type and (:'job'::jsonb)->>'dedup_key' = dedup_key from outbox_job where id = :id
END
    [ "$(cat same)" = t ]
  done
}

@test "two workers over one table: every job once" {
  add_jobs 2000
  handler 'echo "$id" >>effects.$PPID; done_'
  rc-job-run --once -- ./handler >one 2>&1 3>&- &
  started+=("$!")
  rc-job-run --once -- ./handler >two 2>&1 3>&-
  wait "${started[0]}"
  [ "$(job_counts)" = 'DONE 0 2000' ]
  [ "$(cat effects.* | sort | uniq -d)" = '' ]
}

@test "beside the conditional update of TimeTracker's own worker no job is done twice" {
  add_jobs 300
  handler 'echo "$id" >>effects; done_'
  rc-job-run --once --max-jobs 5 -- ./handler >one 2>&1 3>&- &
  started+=("$!")
  for i in $(seq 300 -1 1); do
    echo "update outbox_job set status = 'RUNNING', updated_at = clock_timestamp() where id = $i and status = 'PENDING' returning id;"
    echo "update outbox_job set status = 'DONE' where id = $i and status = 'RUNNING' and false;"
  done | psql -XAtq "$DATABASE_URL" >theirs
  wait "${started[0]}"
  [ "$(sort effects theirs | uniq -d)" = '' ]
  [ "$(cat effects theirs | wc -l)" = 300 ]
  [ "$(sql "select count(*) from outbox_job where status = 'RUNNING'")" = "$(wc -l <theirs)" ]
}

@test "TERM while jobs are being claimed: they go back untouched, and no handler gets them" {
  add_jobs 50
  sql "create function slow() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock_shared(7); return null; end';
    create trigger slow before update on outbox_job for each statement execute function slow()"
  hold 'select pg_advisory_xact_lock(7)'
  start rc-job-run --say 'stopping=it stops' -- sh -c 'touch begun; exec sed -u -E "s/^(.\"id\":[0-9]+).*/\1,\"status\":\"done\"}/"'
  wait_until "select exists (select from pg_locks l join pg_database d on d.oid = l.database where l.locktype = 'advisory' and not l.granted and d.datname = current_database())"
  kill -TERM "$group"
  wait_for 'it stops'
  tell_holder commit
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(job_counts)" = 'PENDING 0 50' ]
  [ ! -e begun ]
}

@test "TERM: the job in work is finished, the others go back untouched, exit 0" {
  add_jobs 50
  sql "update outbox_job set attempts = 3, last_error = 'before'"
  handler 'touch begun; until [ -e go ]; do sleep 0.01; done; done_'
  start rc-job-run --in-flight 1 --say 'stopping=it stops' -- ./handler
  until [ -e begun ]; do sleep 0.01; done
  kill -TERM "$group"
  wait_for 'it stops'
  touch go
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(job_counts)" = 'DONE 3 1, PENDING 3 49' ]
  [ "$(sql 'select distinct last_error from outbox_job')" = before ]
}

@test "TERM while the server does not answer: 111 after a moment, it says so, and another worker does what is left" {
  rc-job-setup install
  add_jobs 5
  handler 'touch begun; until [ -e go ]; do sleep 0.01; done; done_'
  start rc-job-run -- ./handler
  until [ -e begun ]; do sleep 0.01; done
  backend=$(sql "select pid from pg_stat_activity where application_name like 'rc-job-run%' and datname = current_database()")
  kill -STOP "$backend"
  kill -TERM "$group"
  touch go
  finish
  kill -CONT "$backend"
  [ "$ended" = 'exit 111' ]
  grep -qx 'rc-job-run: the server is away: 5 jobs are left running in the table' err
  wait_until_session_gone
  run -0 rc-job-run --once -- ./handler
  [ "$(sql "select count(*) from outbox_job where status = 'DONE'")" = 5 ]
}

@test "TERM: what is not finished within --grace goes back without an attempt; a second signal ends the grace" {
  for grace in 300ms 100s; do
    sql 'truncate outbox_job restart identity'
    rm -f begun
    add_jobs 5
    handler 'touch begun; sleep 100; done_'
    start rc-job-run --grace "$grace" -- ./handler
    until [ -e begun ]; do sleep 0.01; done
    kill -TERM "$group"
    [ "$grace" = 300ms ] || { sleep 0.1; kill -INT "$group"; }
    finish
    [ "$ended" = 'exit 0' ]
    [ "$(job_counts)" = 'PENDING 0 5' ]
    until_group_gone
  done
}

@test "USR1 prints what is in flight and brings --metrics up to date, which has the counts at the end, too" {
  add_jobs 5
  handler 'touch begun; until [ -e go ]; do sleep 0.01; done; [ "$id" != 2 ] || { echo "{\"id\":2,\"status\":\"retry\",\"after\":900}"; continue; }; done_'
  start rc-job-run --metrics worker.prom --in-flight 2 -- ./handler
  until [ -e begun ]; do sleep 0.01; done
  kill -USR1 "$group"
  wait_for 'in flight: job 2 (A), attempt 1, for ' err
  [ "$(sed -E 's/[0-9]+ ms$/N ms/' err)" = 'rc-job-run: in flight: 2 jobs with handlers, 3 waiting for one
rc-job-run: in flight: job 1 (A), attempt 1, for N ms
rc-job-run: in flight: job 2 (A), attempt 1, for N ms' ]
  until grep -q '^rc_job_run_with_handlers{table="outbox_job"} 2$' worker.prom; do sleep 0.01; done
  grep -qx 'rc_job_run_in_hand{table="outbox_job"} 5' worker.prom
  grep -qx 'rc_job_run_connected{table="outbox_job"} 1' worker.prom
  touch go
  wait_until "select count(*) = 4 from outbox_job where status = 'DONE'"
  kill -TERM "$group"
  finish
  [ "$(grep -v '_seconds{\|^#' worker.prom)" = 'rc_job_run_claimed_total{table="outbox_job"} 5
rc_job_run_verdicts_total{table="outbox_job",status="done"} 4
rc_job_run_verdicts_total{table="outbox_job",status="retry"} 1
rc_job_run_verdicts_total{table="outbox_job",status="failed"} 0
rc_job_run_verdicts_total{table="outbox_job",status="returned"} 0
rc_job_run_verdicts_total{table="outbox_job",status="late"} 0
rc_job_run_in_hand{table="outbox_job"} 0
rc_job_run_with_handlers{table="outbox_job"} 0
rc_job_run_connected{table="outbox_job"} 1' ]
  [ "$(grep -c '_seconds{table="outbox_job"} [1-9][0-9]*$' worker.prom)" = 2 ]
  run -1 compgen -G '.rc-*' # no half-written one is left
  run -0 --separate-stderr rc-job-run --once --metrics /nowhere/worker.prom -- true
  [ "$stderr" = 'rc-job-run: /nowhere/worker.prom: cannot open the folder: No such file or directory' ]
}

@test "the service manager is told when there is a session, how it goes, and that it ends" {
  perl -MIO::Socket::UNIX -MSocket -e '
    my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$ARGV[0]/notify") or die;
    open my $told, ">", "$ARGV[0]/told"; $told->autoflush(1);
    alarm 60;
    my $text;
    while (defined $s->recv($text, 1000)) { print $told "$text\n" }' "$BATS_TEST_TMPDIR" 3>&- &
  started+=("$!")
  until [ -S notify ]; do sleep 0.01; done
  add_jobs 3
  NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify WATCHDOG_USEC=400000 start rc-job-run -- "${done_handler[@]}"
  wait_for 'STATUS=0 in hand, 3 done, 0 to be tried again, 0 failed' told
  grep -qx READY=1 told
  grep -qx WATCHDOG=1 told
  run -1 grep -q STOPPING told
  kill -TERM "$group"
  finish
  wait_for STOPPING=1 told
}

@test "TERM at any moment leaves nothing running" {
  random_rounds 5
  handler 'done_'
  for _ in "${rounds[@]}"; do
    sql 'truncate outbox_job restart identity'
    add_jobs 3000
    start rc-job-run -- ./handler
    random_moment 400
    kill -TERM "$group"
    finish
    [ "$ended" = 'exit 0' ] || { [ "$ended" = 'signal 15' ] && [ ! -s out ]; } # before it took signals
    [ "$(sql "select count(*) from outbox_job where status in ('PENDING', 'DONE') and attempts = 0 and last_error is null")" = 3000 ]
  done
}

@test "--hold: the same verdicts, columns and counts" {
  add_jobs 5
  sql "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at)
       values ('A', 'tomorrow', '{}', 'PENDING', 0, now() + interval '1 day', now(), now()), ('A', 'other', '{}', 'RUNNING', 0, now(), now(), now())"
  before=$(sql "select to_jsonb(o) - 'status' - 'updated_at' from outbox_job o where id = 1")
  handler 'case $id in 3) echo "{\"id\":3,\"status\":\"retry\",\"error\":\"later\"}";; 4) echo "{\"id\":4,\"status\":\"failed\"}";; *) done_;; esac'
  run -0 --separate-stderr rc-job-run --hold --once -- ./handler
  [ "$output" = '{"claimed":5,"done":3,"retried":1,"failed":1,"returned":0,"late":0}' ]
  [ -z "$stderr" ]
  [ "$(job_counts)" = 'DONE 0 3, FAILED 1 1, PENDING 0 1, PENDING 1 1, RUNNING 0 1' ]
  [ "$(sql "select to_jsonb(o) - 'status' - 'updated_at' from outbox_job o where id = 1")" = "$before" ]
  [ "$(sql 'select round(extract(epoch from run_after - updated_at)), last_error from outbox_job where id = 3')" = '2|later' ]
}

@test "--hold: a slow job becomes running after a second, and the others of its batch are done by then" {
  add_jobs 5
  handler '[ "$id" != 2 ] || { until [ -e go ]; do sleep 0.05; done; }; done_'
  start rc-job-run --hold --once --per-handler 5 --in-flight 1 -- ./handler
  wait_until "select count(*) = 4 from outbox_job where status = 'DONE'"
  [ "$(job_counts)" = 'DONE 0 4, RUNNING 0 1' ]
  add_jobs 1 # and it does not keep others from being claimed
  touch go
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(sql "select status from outbox_job where id = 2")" = DONE ]
}

@test "--hold, kill -9 at any moment: the jobs are free at once, as they were, and none is left running" {
  random_rounds 3
  handler 'echo "$id" >>effects; done_'
  for _ in "${rounds[@]}"; do
    sql 'truncate outbox_job restart identity'
    rm -f effects
    add_jobs 2000
    start rc-job-run --hold -- ./handler
    random_moment 400
    kill -KILL "$group"
    finish
    wait_until_session_gone
    run -0 rc-job-run --hold --once -- ./handler
    [ "$(job_counts)" = 'DONE 0 2000' ]
    [ "$(sort -u effects | wc -l)" = 2000 ]
  done
}

@test "--hold, sessions that are ended at any moment: what handlers have is taken anew, and no job is done twice" {
  random_rounds 3
  handler 'echo "$id" >>effects; done_'
  for _ in "${rounds[@]}"; do
    sql 'truncate outbox_job restart identity'
    rm -f effects
    add_jobs 3000
    start rc-job-run --hold -- ./handler
    for _ in 1 2 3; do
      random_moment 300
      sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rc-job-run%' and datname = current_database()" >/dev/null
    done
    wait_until "select count(*) = 3000 from outbox_job where status = 'DONE'"
    kill -TERM "$group"
    finish
    [ "$ended" = 'exit 0' ]
    [ "$(sort effects | uniq -d | wc -l)" = 0 ]
  done
}

@test "--hold, TERM at any moment leaves nothing running and nothing held" {
  random_rounds 3
  handler 'done_'
  for _ in "${rounds[@]}"; do
    sql 'truncate outbox_job restart identity'
    add_jobs 3000
    start rc-job-run --hold -- ./handler
    random_moment 400
    kill -TERM "$group"
    finish
    [ "$ended" = 'exit 0' ] || { [ "$ended" = 'signal 15' ] && [ ! -s out ]; } # before it took signals
    [ "$(sql "select count(*) from outbox_job where status in ('PENDING', 'DONE') and attempts = 0 and last_error is null")" = 3000 ]
  done
}

@test "workers that hold and workers that lease over one table: every job once" {
  add_jobs 2000
  handler 'echo "$id" >>effects.$PPID; done_'
  for mode in --hold --hold '' ''; do
    # shellcheck disable=SC2086 # none or one
    rc-job-run --once $mode -- ./handler >"out.${#started[@]}" 2>&1 3>&- &
    started+=("$!")
  done
  for pid in "${started[@]}"; do wait "$pid"; done
  [ "$(job_counts)" = 'DONE 0 2000' ]
  [ "$(cat effects.* | sort | uniq -d)" = '' ]
}

@test "--hold: while no job is in hand no transaction is open, so that notices come" {
  start rc-job-run --hold --poll-seconds 100 --report all -- "${done_handler[@]}"
  wait_until "select exists (select from pg_stat_activity where application_name like 'rc-job-run%' and datname = current_database() and state = 'idle' and query like 'commit%')"
  add_jobs 1
  sql 'notify "rc_job outbox_job"'
  wait_for '"status":"done"'
}

@test "--once does not wait for a server for ever: 111 after --grace" {
  DATABASE_URL='postgresql:///x?host=/nowhere' run -111 --separate-stderr rc-job-run --once --grace 300ms -- "${done_handler[@]}"
  [ "${stderr_lines[-1]}" = 'rc-job-run: the server has been away for 0.3 s' ]
}

@test "kill -9 at any moment: its handler ends with it, and another worker adopts what is left" {
  random_rounds 3
  handler 'echo "$id" >>effects; done_'
  for _ in "${rounds[@]}"; do
    sql 'truncate outbox_job restart identity'
    rm -f effects
    add_jobs 2000
    start rc-job-run -- ./handler
    random_moment 400
    kill -KILL "$group"
    finish
    wait_until_session_gone
    sleep 0.6
    run -0 rc-job-run --once --adopt-after 500ms -- ./handler
    [ "$(sql "select count(*) from outbox_job where status = 'DONE'")" = 2000 ]
    [ "$(sort -u effects | wc -l)" = 2000 ]
  done
}

@test "sessions that are ended at any moment: all jobs are done, none is left running" {
  random_rounds 3
  handler 'echo "$id" >>effects; done_'
  for _ in "${rounds[@]}"; do
    sql 'truncate outbox_job restart identity'
    rm -f effects
    add_jobs 3000
    start rc-job-run -- ./handler
    for _ in 1 2 3; do
      random_moment 300
      sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rc-job-run%' and datname = current_database()" >/dev/null
    done
    wait_until "select count(*) = 3000 from outbox_job where status = 'DONE'"
    kill -TERM "$group"
    finish
    [ "$ended" = 'exit 0' ]
    [ "$(sort effects | uniq -d | wc -l)" = 0 ]
    grep -q 'the connection is lost, trying again' err || [ ! -s err ]
  done
}

@test "a worker that slept too long does not overwrite what another has done since" {
  add_jobs 1
  handler 'touch begun; sleep 0.5; done_'
  start rc-job-run --once -- ./handler
  until [ -e begun ]; do sleep 0.01; done
  kill -STOP "$group"
  sleep 0.3
  handler 'echo "{\"id\":$id,\"status\":\"failed\",\"error\":\"second\"}"'
  run -0 rc-job-run --once --adopt-after 200ms -- ./handler
  kill -CONT "$group"
  finish
  [ "$ended" = 'exit 0' ]
  grep -q '^rc-job-run: 1 verdict came too late: the jobs are no longer ours$' err
  [ "$(job_counts)" = 'FAILED 2 1' ]
}

@test "a job that is added with a notice is begun at once; without one within --poll-seconds" {
  start rc-job-run --poll-seconds 100 --report all -- "${done_handler[@]}"
  wait_until "select exists (select from pg_stat_activity where application_name like 'rc-job-run%' and datname = current_database() and state = 'idle')"
  sleep 0.2
  add_jobs 1
  sql 'notify "rc_job outbox_job"'
  wait_for '"status":"done"'
  kill -TERM "$group"
  finish
  start rc-job-run --poll-seconds 0.2 --report all -- "${done_handler[@]}"
  sleep 0.3
  add_jobs 1
  wait_for '"status":"done"'
}

@test "--limit ends it after so many, --max-jobs bounds what is in hand" {
  add_jobs 20
  run -0 rc-job-run --limit 7 -- "${done_handler[@]}"
  [ "$(job_counts)" = 'DONE 0 7, PENDING 0 13' ]
  handler 'touch begun; sleep 100'
  start rc-job-run --max-jobs 4 --grace 0 -- ./handler
  until [ -e begun ]; do sleep 0.01; done
  wait_until "select count(*) = 4 from outbox_job where status = 'RUNNING'"
  sleep 0.2
  [ "$(job_counts)" = 'DONE 0 7, PENDING 0 9, RUNNING 0 4' ]
}

@test "a server that is not there yet is waited for; a refused login, a missing table and a wrong map are fatal" {
  add_jobs 1
  DATABASE_URL='postgresql:///x?host=/nowhere' start rc-job-run --once -- "${done_handler[@]}"
  wait_for 'trying again' err
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 0' ]
  sql 'drop table outbox_job'
  run -100 --separate-stderr rc-job-run --once -- true
  [[ $stderr == 'rc-job-run: '*'outbox.json: relation "outbox_job" does not exist (42P01)' ]]
  DATABASE_URL=${DATABASE_URL/'?'/no?} run -100 rc-job-run --once -- true
  echo '{"table":"x"}' >map.json
  run -100 --separate-stderr rc-job-run --map ./map.json --once -- true
  [ "$stderr" = "rc-job-run: ./map.json: expected a text in 'id'" ]
}

@test "any table: other names, ids that are no numbers, no columns that can be done without" {
  sql "create schema \"my s\"; create table \"my s\".\"Queue \"\"x\" (\"key {id}\" uuid primary key default gen_random_uuid(), kind text, body json, state text, tries smallint, due timestamptz default now() - interval '1 s');
       insert into \"my s\".\"Queue \"\"x\" (kind, body, state, tries) select 'k', '{\"a\" :
 1}', 'it''s new', 0 from generate_series(1, 5)"
  echo '{"schema":"my s","table":"Queue \"x","id":"key {id}","id_type":"uuid","job_type":"kind","payload":"body","status":"state","attempts":"tries","run_after":"due",
   "pending":"it'\''s new","running":"r","done":"d","failed":"f"}' >map.json
  run -0 --separate-stderr rc-job-run --once --map ./map.json -- jq --unbuffered -c '{id, status: (if .payload.a == 1 then "done" else "failed" end)}'
  [ "$output" = '{"claimed":5,"done":5,"retried":0,"failed":0,"returned":0,"late":0}' ]
  [ "$(sql 'select distinct state, tries from "my s"."Queue ""x"')" = 'd|0' ]
}

# A table of the same columns as outbox_job, but for what is given; ./map.json is its map.
add_table() { # NAME STATUS-TYPE ERROR-TYPE [MORE]
  sql "create table $1 (id bigint, job_type text, payload jsonb, status $2, attempts smallint, run_after timestamptz, updated_at timestamptz, last_error $3) $4"
  jq -n --arg table "$1" '{table: $table, id: "id", job_type: "job_type", payload: "payload", status: "status", attempts: "attempts", run_after: "run_after",
    updated_at: "updated_at", last_error: "last_error", pending: "PENDING", running: "RUNNING", done: "DONE", failed: "FAILED"}' >map.json
}

@test "a table with partitions or children is refused, and no job of it is touched" {
  add_table parts text text 'partition by list (job_type)'
  sql "create table parts_a partition of parts for values in ('A'); create table parts_b partition of parts for values in ('B');
       insert into parts select n, case n % 2 when 0 then 'A' else 'B' end, '{}', 'PENDING', 0, now() + n % 2 * interval '1 day' from generate_series(1, 10) n;
       create table child () inherits (outbox_job)"
  for options in '--map ./map.json' '--map ./map.json --hold' ''; do
    table=parts
    [ "$options" ] || table=outbox_job
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr rc-job-run $options --once -- "${done_handler[@]}"
    [ "$stderr" = "rc-job-run: $table has its rows in partitions or other tables, where one can't be told from another by its place; let the map name one of those" ]
  done
  [ "$(sql "select distinct status from parts")" = PENDING ]
  jq '.table = "parts_a"' map.json >part.json
  run -0 rc-job-run --map ./part.json --once -- "${done_handler[@]}"
  [ "$(sql "select job_type, status, count(*) from parts group by 1, 2 order by 1")" = $'A|DONE|5\nB|PENDING|5' ]
}

@test "statuses of an enum, and an error that is longer than its column" {
  sql "create type state as enum ('PENDING', 'RUNNING', 'DONE', 'FAILED')"
  add_table enum_job state 'varchar(20)'
  for hold in '' --hold; do
    sql "truncate enum_job; insert into enum_job select n, 'A', '{}', 'PENDING', 0, now() from generate_series(1, 3) n"
    handler 'case $id in 1) done_ ;; 2) echo "{\"id\":2,\"status\":\"retry\",\"error\":\"ééééééééééééééééééééé\"}" ;; 3) echo "{\"id\":3,\"status\":\"failed\",\"error\":\"short\"}" ;; esac'
    run -0 --separate-stderr rc-job-run $hold --map ./map.json --once -- ./handler
    [ "$(sql 'select status, attempts, last_error from enum_job order by id')" = $'DONE|0|\nPENDING|1|éééééééééééééééééééé\nFAILED|1|short' ]
    [ -z "$stderr" ]
  done
  sql "update enum_job set status = 'RUNNING', updated_at = now() - interval '1 day', attempts = id * 3, run_after = now() - interval '1 day'"
  run -0 --separate-stderr timeout 20 rc-job-run --map ./map.json --once --limit 2 --adopt-after 1h -- "${done_handler[@]}"
  [ "$(sql 'select status, attempts from enum_job order by id')" = $'DONE|4\nDONE|7\nFAILED|10' ]
}

@test "a statement that is cancelled, or a table that is locked, is tried again" {
  add_jobs 3
  hold 'lock table outbox_job in access exclusive mode'
  start rc-job-run --once -- "${done_handler[@]}"
  for _ in 1 2; do
    wait_until "select bool_or(pg_cancel_backend(pid)) from pg_stat_activity where application_name like 'rc-job-run%' and wait_event_type = 'Lock'"
  done
  tell_holder rollback
  finish
  [ "$ended" = 'exit 0' ]
  grep -qF 'canceling statement due to user request (57014), trying again' err
  [ "$(job_counts)" = 'DONE 0 3' ]
}

@test "an error with characters that the database can't hold ends no worker" {
  sql "create database latin1 encoding latin1 locale 'C' template template0"
  DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//latin1?}
  add_outbox
  for hold in '' --hold; do
    add_jobs 1
    run -0 --separate-stderr rc-job-run $hold --once -- sh -c 'read -r job; id=${job#*:}; echo "{\"id\":${id%%,*},\"status\":\"failed\",\"error\":\"żółw 😀\"}"'
    [ "$output" = '{"claimed":1,"done":0,"retried":0,"failed":1,"returned":0,"late":0}' ]
  done
  [ "$(sql 'select distinct last_error from outbox_job')" = '???w ?' ]
}

@test "where a trigger or the column changes updated_at, it is told that a killed worker's jobs stay running" {
  words='is not kept in outbox_job as it is written (a trigger, or a column that has no microseconds): jobs of a worker that is killed stay running, unless a worker has --adopt-after'
  sql "create function touch() returns trigger language plpgsql as 'begin new.updated_at = now(); return new; end'"
  for change in 'alter table outbox_job alter updated_at type timestamptz(0)' 'create trigger touch before update on outbox_job for each row execute function touch()'; do
    sql "$change"
    add_jobs 3
    run -0 --separate-stderr rc-job-run --once -- "${done_handler[@]}"
    [ "$stderr" = "rc-job-run: updated_at $words" ]
  done
  add_jobs 1
  run -0 --separate-stderr rc-job-run --once --hold -- sh -c 'read job; sleep 1.5; id=${job#*:}; echo "{\"id\":${id%%,*},\"status\":\"done\"}"'
  [ "$stderr" = "rc-job-run: updated_at $words" ]
  add_jobs 1
  run -0 --separate-stderr rc-job-run --once --adopt-after 1h -- "${done_handler[@]}"
  [ -z "$stderr" ]
}

@test "wrong options are refused before anything is done" {
  for arguments in '' '--handlers . -- true' '--max-jobs x -- true' '--poll-seconds -1 -- true' '--report some -- true' 'operand -- true'; do
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr rc-job-run $arguments
    [ "${stderr_lines[0]%% [*}" = 'usage: rc-job-run' ]
  done
  run -100 --separate-stderr rc-job-run --handlers ./no-such-folder
  [ "$stderr" = 'rc-job-run: cannot open ./no-such-folder: No such file or directory' ]
}
