# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
# rc-db-apply and rc-owner-assign in batches, paced by a real standby, by the server's WAL and by a file.
load helper
load standby

setup_file() {
  server_and_standby "$BATS_FILE_TMPDIR"
}

teardown_file() { stop_servers "$BATS_FILE_TMPDIR"; }

setup() {
  one=$BATS_FILE_TMPDIR/server-1 two=$BATS_FILE_TMPDIR/server-2
  export DATABASE_URL="postgresql://postgres@/postgres?host=$one"
  started=()
  cd "$BATS_TEST_TMPDIR" || return
  sql "set client_min_messages = warning; drop table if exists done, filler, rc_import_progress, things cascade;
    do \$\$begin if to_regrole('ann') is not null then drop owned by ann; drop role ann; end if; end\$\$;
    create table done (id int, body text); create table filler (body text)"
  [ -e "$two/data/postmaster.pid" ] || server "$two" start
  echo "insert into done (id, body) select (r->>'id')::int, r->>'body' from jsonb_array_elements(\$1) r returning id" >put.sql
  printf '{"id":%d}\n' {1..10} >ten
}

teardown() {
  end_started
  stop_servers "$BATS_TEST_TMPDIR"
  ! standby 'select pg_wal_replay_resume()' >/dev/null 2>&1 || :
}

standby() { psql -XAtq -v ON_ERROR_STOP=1 "postgresql://postgres@/postgres?host=$two" -c "$1"; }

# Waits until the standby has all that was written.
caught_up() { wait_until "select count(*) > 0 and bool_and(replay_lsn >= pg_current_wal_lsn()) from pg_stat_replication"; }

stop_replay() {
  caught_up
  standby 'select pg_wal_replay_pause()' >/dev/null
  until [ "$(standby 'select pg_get_wal_replay_pause_state()')" = paused ]; do sleep 0.02; done
}

# Another session's WAL, of as many kilobytes.
write_wal() { sql "insert into filler select repeat(md5(random()::text), 32) from generate_series(1, $1)"; }

# How many rows each batch had, in their order.
batches() { sql "select coalesce(string_agg(n::text, ' ' order by first), '') from (select count(*) as n, min(id) as first from done group by xmin) batches"; }
done_once() { [ "$(sql 'select count(*) || $$ $$ || count(distinct id) from done')" = "$1 $1" ]; }
places() { sql "select coalesce(string_agg(name || ' ' || records, ','), '') from rc_import_progress"; }
wait_until_idle() { wait_until "select exists (select from pg_stat_activity where application_name like 'rc-%' and state = 'idle' and xact_start is null)"; }

# Has it tell how far it is; the line goes to $line.
ask() {
  local before
  before=$(wc -l <err)
  kill -USR1 "$group"
  until [ "$(wc -l <err)" -gt "$before" ]; do sleep 0.01; done
  line=$(tail -n 1 err)
}

# Starts rc-db-apply with its input from this shell: send RECORD ..., end_input.
start_with_pipe() {
  mkfifo in
  start bash -c 'exec rc-db-apply "$@" <in' _ "$@"
  exec {in}>in
}
send() { printf '{"id":%d}\n' "$@" >&"$in"; }
end_input() { exec {in}>&-; }

# The same, in batches of three, until the first is committed and the second has to wait for the pause file.
pause_behind_three() {
  start_with_pipe --batch 3 --pause-file pause ./put.sql
  send 1 2 3
  wait_until 'select count(*) = 3 from done'
  touch pause
  send 4 5 6
  wait_for 'paused' err
}

# ---- batches and their places ----

@test "each batch is a transaction of its own, results and the end record are those of all, and no place is left" {
  { cat ten; rc-end ten | tail -n 1; } >whole
  run -0 --separate-stderr rc-db-apply --batch 4 --pause-file none --require-end-record ./put.sql whole
  [ "$output" = "$(seq 10 | sed 's/.*/{"id":&}/'; echo '{"rc_end":{"v":1,"records":10}}')" ]
  [ "$stderr" = '' ]
  [ "$(batches)" = '4 4 2' ]
  [ "$(places)" = '' ]
  run -0 --separate-stderr rc-db-apply --batch 4 --resume again ./put.sql ten
  [ "$(sql 'select count(*) from done')" = 20 ]
  [ "$(places)" = '' ]
}

@test "no records: nothing happens" {
  run -0 --separate-stderr rc-db-apply --batch 4 --max-wal-rate 1MB ./put.sql </dev/null
  [ "$output$stderr" = '' ]
}

@test "a record that fails ends it, what is committed is told, and the same call goes on there once it is mended" {
  sed 's/"id":8/"id":"x"/' ten >bad
  run -100 --separate-stderr rc-db-apply --batch 3 --pause-file none ./put.sql bad
  [[ ${stderr_lines[0]} == 'rc-db-apply: bad:9: ./put.sql: invalid input syntax for type integer: "x" (22P02)' ]]
  [ "${stderr_lines[1]}" = 'rc-db-apply: 6 records were committed in 2 batches, and stay; the same call goes on from there' ]
  [ "${#stderr_lines[@]}" = 2 ]
  [ "$output" = "$(seq 6 | sed 's/.*/{"id":&}/')" ]
  [[ $(places) == 'put.sql '????????????????' 6' ]]
  cp ten bad
  run -0 --separate-stderr rc-db-apply --batch 3 --pause-file none ./put.sql bad
  [[ $stderr == "rc-db-apply: goes on behind record 6, up to which an earlier run of 'put.sql "*"' has committed" ]]
  [ "$output" = "$(seq 7 10 | sed 's/.*/{"id":&}/')" ]
  done_once 10
  [ "$(places)" = '' ]
}

@test "a batch that is refused is rolled back alone, with its refusals and 1" {
  echo "insert into done (id) select (r->>'id')::int from jsonb_array_elements(\$1) r
    returning id, case id when 5 then 'error' end as status, case id when 5 then '{\"code\":\"five\",\"message\":\"m\"}'::jsonb end as error" >refuse.sql
  run -1 --separate-stderr rc-db-apply --batch 3 --resume job ./refuse.sql ten
  [ "${lines[-1]}" = '{"id":5,"status":"error","error":{"code": "five", "message": "m"}}' ]
  [ "${#lines[@]}" = 4 ]
  [ "$stderr" = 'rc-db-apply: 3 records were committed in 1 batch, and stay; the same call goes on from there' ]
  [ "$(batches)" = 3 ]
}

@test "another input under the same name is refused, and so is one that is shorter" {
  sed 's/"id":8/"id":"x"/' ten >bad
  run -100 rc-db-apply --batch 3 --resume job ./put.sql bad
  seq 20 30 | sed 's/.*/{"id":&}/' >other
  run -100 --separate-stderr rc-db-apply --batch 3 --resume job ./put.sql other
  [ "$stderr" = "rc-db-apply: other:6: not the record that an earlier run of 'job' has ended with" ]
  head -n 2 ten >short
  run -100 --separate-stderr rc-db-apply --batch 3 --resume job ./put.sql short
  [ "$stderr" = "rc-db-apply: short: only 2 records, but an earlier run of 'job' has committed 6" ]
  done_once 6
}

@test "input that is cut short: the batch that is not full is not run" {
  run -100 --separate-stderr rc-db-apply --batch 4 --resume job --require-end-record ./put.sql ten
  [ "${stderr_lines[0]}" = 'rc-db-apply: ten: cut short: no end record after 10 records' ]
  [ "$(batches)" = '4 4' ]
  { cat ten; rc-end ten | tail -n 1; } >whole
  run -0 rc-db-apply --batch 4 --resume job --require-end-record ./put.sql whole
  done_once 10
}

@test "local fields reach neither the statement nor the digest of the place" {
  sed 's/}/,"secret":"s"}/; s/"id":8/"id":"x"/' ten >bad
  run -100 rc-db-apply --batch 3 --resume job --local secret ./put.sql bad
  [ "$(sql 'select last_record from rc_import_progress')" = "$(printf '{"id":6}' | sha256sum | cut -d ' ' -f 1)" ]
  sed -i 's/"x"/8/; s/"secret":"s"/"secret":"other"/' bad
  run -0 rc-db-apply --batch 3 --resume job --local secret ./put.sql bad
  done_once 10
}

@test "what makes no sense together is bad usage" {
  while IFS='|' read -r arguments message; do
    # shellcheck disable=SC2086
    run -100 --separate-stderr rc-db-apply $arguments ./put.sql ten
    [ "${stderr_lines[1]}" = "rc-db-apply: $message" ] || { echo "$arguments: $stderr"; false; }
  done <<'END'
--max-lag 10s|--resume, --max-lag, --max-wal-rate and --pause-file need --batch
--batch 5 --max-lag soon|--max-lag takes a duration such as 10s or a size such as 64MB, not 'soon'
--batch 5 --max-lag 0|--max-lag must be more than 0
--batch 5 --pause-file=|--pause-file needs the name of a file
--batch 5 --max-wal-rate 10s|--max-wal-rate takes a size such as 16MB, not '10s'
--batch 5 --max-wal-rate 0MB|--max-wal-rate must be more than 0
--batch 5 --max-lag 1s --print-before-commit k|--batch and --print-before-commit exclude one another
END
  local option
  for option in '--plan p' '--apply p' '--undo-log u --watch done' --dry-run '--before ./put.sql' '--after ./put.sql' '--with ten' '--output o' \
    '--append-before-commit a' '--commit-mark m'; do
    # shellcheck disable=SC2086
    run -100 --separate-stderr rc-db-apply --batch 5 --max-lag 1s $option ./put.sql ten
    [ "${stderr_lines[1]}" = "rc-db-apply: ${option%% *} is for one transaction; with --resume, --max-lag, --max-wal-rate or --pause-file each batch is one of its own" ]
  done
  run -100 --separate-stderr rc-owner-assign --user a --owner-sql ./put.sql --batch 5 --undo-log u ten
  [ "${stderr_lines[1]}" = 'rc-owner-assign: --undo-log is for one transaction; with --batch, --max-lag, --max-wal-rate or --pause-file each batch is one of its own' ]
  done_once 0
  [ "$(find . -name '[a-z]')" = '' ]
}

# ---- a standby ----

@test "a standby that stops to replay in mid-run: the change waits with no transaction open, says why, and goes on" {
  caught_up
  start_with_pipe --batch 3 --max-lag 200kB ./put.sql
  send 1 2 3
  wait_until 'select count(*) = 3 from done'
  stop_replay
  write_wal 400
  send 4 5 6
  wait_for 'waiting for the standby walreceiver, which is behind by [0-9.]* s, [0-9.]* [kM]B' err
  wait_until_idle
  [ "$(sql 'select count(*) from done')" = 3 ]
  ask
  [[ $line =~ ^'rc-db-apply: 3 records, 3 rows in 1 batches of up to 3, '[0-9]+'/s, WAL '.*', lag '.*', waiting for the standby walreceiver, which is behind by ' ]]
  standby 'select pg_wal_replay_resume()'
  wait_until 'select count(*) = 6 from done'
  end_input
  finish
  [ "$ended" = 'exit 0' ]
  grep -q '^rc-db-apply: goes on after [0-9.]* s$' err
  done_once 6
}

@test "a lag as a time: it grows while a standby hangs; TERM then ends it at once, and the same call does the rest" {
  seq 200000 | sed 's/.*/{"id":&}/' >many
  start rc-db-apply --batch 10 --max-lag 1s ./put.sql many
  wait_until 'select count(*) > 0 from done'
  standby 'select pg_wal_replay_pause()'
  wait_for 'waiting for the standby walreceiver, which is behind by [1-9]' err
  kill -TERM "$group"
  finish
  [ "$ended" = 'signal 15' ]
  count=$(sql 'select count(*) from done')
  [ "$count" -gt 0 ] && [ "$count" -lt 200000 ]
  [ "$(tail -n 1 err)" = "rc-db-apply: $count records were committed in $(sql 'select count(distinct xmin::text) from done') batches, and stay; the same call goes on from there" ]
  [[ $(places) == *" $count" ]]
  standby 'select pg_wal_replay_resume()'
  run -0 --separate-stderr rc-db-apply --batch 10000 --max-lag 10m ./put.sql many
  [ "${stderr_lines[0]%%, up to*}" = "rc-db-apply: goes on behind record $count" ]
  done_once 200000
}

@test "a standby whose receiver is stopped (SIGSTOP) is waited for" {
  caught_up
  start_with_pipe --batch 3 --max-lag 200kB ./put.sql
  send 1 2 3
  wait_until 'select count(*) = 3 from done'
  caught_up
  receiver=$(standby 'select pid from pg_stat_wal_receiver')
  kill -STOP "$receiver"
  write_wal 400
  send 4 5 6
  wait_for 'waiting for the standby' err
  [ "$(sql 'select count(*) from done')" = 3 ]
  kill -CONT "$receiver"
  end_input
  finish
  [ "$ended" = 'exit 0' ]
  done_once 6
}

@test "a standby that goes counts with what it had, which is told once; when it is there again the change goes on" {
  caught_up
  start_with_pipe --batch 3 --max-lag 200kB ./put.sql
  send 1 2 3
  wait_until 'select count(*) = 3 from done'
  server "$two" stop -m fast
  send 4 5 6
  wait_until 'select count(*) = 6 from done' # it is not far behind
  write_wal 400
  send 7 8 9
  wait_for 'waiting for the standby walreceiver, which is gone and behind by' err
  [ "$(sql 'select count(*) from done')" = 6 ]
  (exec {in}>&- && server "$two" start) # or the server would hold the pipe open
  wait_until 'select count(*) = 9 from done'
  end_input
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(grep -c 'the standby walreceiver is gone, and counts with what it had replayed' err)" = 1 ]
}

@test "a standby that is behind from the start is waited for before the first batch, however long it has been so" {
  stop_replay
  write_wal 10
  start rc-db-apply --batch 3 --max-lag 1h ./put.sql ten
  wait_for 'waiting for the standby walreceiver, which is behind by more than' err
  done_once 0
  standby 'select pg_wal_replay_resume()'
  finish
  [ "$ended" = 'exit 0' ]
  done_once 10
}

@test "no standby: that is told once, and nothing is waited for" {
  server "$two" stop -m fast
  wait_until 'select count(*) = 0 from pg_stat_replication'
  run -0 --separate-stderr rc-db-apply --batch 3 --max-lag 1s ./put.sql ten
  [ "$stderr" = 'rc-db-apply: no standby is connected, so --max-lag has nothing to wait for' ]
  [ "$(batches)" = '3 3 3 1' ]
}

@test "what only receives WAL is no standby" {
  server "$two" stop -m fast
  mkdir wal
  pg_receivewal -h "$one" -U postgres -D wal >receive.log 2>&1 3>&- &
  started+=("$!")
  wait_until "select count(*) = 1 from pg_stat_replication where application_name = 'pg_receivewal'"
  run -0 --separate-stderr rc-db-apply --batch 3 --max-lag 1s ./put.sql ten
  [ "$stderr" = 'rc-db-apply: no standby is connected, so --max-lag has nothing to wait for' ]
}

@test "of two standbys the slower one counts" {
  three=$BATS_TEST_TMPDIR/server-3
  mkdir "$three"
  ((EUID)) || chown postgres: "$three"
  (cd / && "${as_postgres[@]}" pg_basebackup -h "$one" -U postgres -D "$three/data" -R -c fast --no-sync) 3>&-
  server "$three" start
  wait_until 'select count(*) = 2 from pg_stat_replication'
  stop_replay
  write_wal 400
  start rc-db-apply --batch 3 --max-lag 200kB ./put.sql ten
  wait_for 'waiting for the standby walreceiver' err
  done_once 0
  standby 'select pg_wal_replay_resume()'
  finish
  [ "$ended" = 'exit 0' ]
  done_once 10
}

@test "a role that may not see the standbys is refused at once; with pg_monitor it may" {
  sql 'create role ann login; grant all on done to ann; grant create on schema public to ann'
  export DATABASE_URL=${DATABASE_URL/postgres@/ann@}
  run -100 --separate-stderr rc-db-apply --batch 3 --max-lag 1s ./put.sql ten
  [ "$stderr" = 'rc-db-apply: the role ann may not see how far standbys are: it needs the role pg_monitor' ]
  done_once 0
  run -0 --separate-stderr rc-db-apply --batch 3 --max-wal-rate 1GB ./put.sql ten
  psql -Xq "${DATABASE_URL/ann@/postgres@}" -c 'grant pg_monitor to ann'
  run -0 --separate-stderr rc-db-apply --batch 3 --max-lag 1m ./put.sql ten
}

# ---- the rate ----

@test "a huge rate changes nothing: as many batches as without" {
  run -0 --separate-stderr rc-db-apply --batch 3 --max-wal-rate 1TB ./put.sql ten
  [ "$(batches)" = '3 3 3 1' ]
  [ "$stderr" = '' ]
}

@test "a small rate: one batch, then it waits, and others see that one; a signal tells how far it is" {
  start rc-db-apply --batch 5 --max-wal-rate 1B ./put.sql ten
  wait_for 'waiting for the server.s WAL to come down to 1 B/s' err
  wait_until_idle
  [ "$(batches)" = 5 ]
  ask
  [[ $line =~ ^'rc-db-apply: 5 records, 5 rows in 1 batches of up to 2, '.*'/s, waiting for the server'"'"'s WAL to come down to 1 B/s'$ ]]
  kill -INT "$group"
  finish
  [ "$ended" = 'signal 2' ]
  [ "$(tail -n 1 err)" = 'rc-db-apply: 5 records were committed in 1 batch, and stay; the same call goes on from there' ]
  run -0 rc-db-apply --batch 5 --max-wal-rate 1TB ./put.sql ten
  done_once 10
}

@test "a batch that costs more than a second of the rate halves the next one" {
  for id in {1..12}; do printf '{"id":%d,"body":"%s"}\n' "$id" "$(head -c 75000 /dev/urandom | base64 -w 0)"; done >large
  run -0 rc-db-apply --batch 8 --max-wal-rate 600kB ./put.sql large
  [ "$(batches)" = '8 4' ]
}

@test "batches that cost little grow again, up to what --batch says" {
  {
    for id in {1..8}; do printf '{"id":%d,"body":"%s"}\n' "$id" "$(head -c 100000 /dev/urandom | base64 -w 0)"; done
    seq 9 30 | sed 's/.*/{"id":&}/'
  } >both
  run -0 rc-db-apply --batch 8 --max-wal-rate 800kB ./put.sql both
  [ "$(batches)" = '8 4 8 8 2' ]
}

# ---- the file ----

@test "the pause file there from the start: nothing begins, which is told once; when it goes, all is done" {
  touch pause
  start rc-db-apply --batch 3 --pause-file pause ./put.sql ten
  wait_for '^rc-db-apply: paused: pause exists$' err
  wait_until_idle
  ask
  [[ $line == 'rc-db-apply: 0 records, 0 rows in 0 batches of up to 3, 0/s, paused: pause exists' ]]
  done_once 0
  rm pause
  finish
  [ "$ended" = 'exit 0' ]
  done_once 10
  [ "$(grep -c 'exists$' err)" = 2 ] # and when it was asked
  [ "$(tail -n 1 err | sed 's/[0-9.]* s$/N s/')" = 'rc-db-apply: goes on after N s' ]
}

@test "TERM while it pauses ends it, and what is committed is told" {
  pause_behind_three
  kill -TERM "$group"
  finish
  [ "$ended" = 'signal 15' ]
  [ "$(tail -n 1 err)" = 'rc-db-apply: 3 records were committed in 1 batch, and stay; the same call goes on from there' ]
  done_once 3
}

@test "TERM before anything is committed says nothing of it" {
  touch pause
  start rc-db-apply --batch 3 --pause-file pause ./put.sql ten
  wait_for 'paused' err
  kill -TERM "$group"
  finish
  [ "$ended" = 'signal 15' ]
  [ "$(cat err)" = 'rc-db-apply: paused: pause exists' ]
}

@test "a pause file that can't be looked for is 100" {
  ln -s loop loop
  run -100 --separate-stderr rc-db-apply --batch 3 --pause-file loop/pause ./put.sql ten
  [ "$stderr" = 'rc-db-apply: cannot look for loop/pause: Too many levels of symbolic links' ]
}

@test "a session that is ended while it pauses is 111, and the same call goes on" {
  pause_behind_three
  sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rc-%'" >/dev/null
  finish
  [ "$ended" = 'exit 111' ]
  grep -q '3 records were committed in 1 batch, and stay; the same call goes on from there$' err
  rm pause
  run -0 rc-db-apply --batch 3 --pause-file pause ./put.sql ten
  done_once 10
}

# ---- what ends it ----

@test "kill -9 between two batches, and within one: the same call does what is left, each record once" {
  start_with_pipe --batch 3 --pause-file pause ./put.sql
  send 1 2 3 4 5 6
  wait_until 'select count(*) = 6 from done'
  wait_until_idle
  kill -KILL "$group"
  finish
  hold 'lock table done in share mode'
  start rc-db-apply --batch 3 --pause-file pause ./put.sql ten
  wait_until_blocked
  ask
  [[ $line == 'rc-db-apply: 0 records, 0 rows in 0 batches of up to 3, 0/s, at work' ]]
  kill -KILL "$group"
  finish
  tell_holder rollback
  wait_until_session_gone
  done_once 6
  run -0 --separate-stderr rc-db-apply --batch 3 --pause-file pause ./put.sql ten
  [[ $stderr == 'rc-db-apply: goes on behind record 6,'* ]]
  done_once 10
  [ "$(places)" = '' ]
}

@test "kill -9 after COMMIT, before the results are out: the batch is not run again, nor is the last one" {
  seq 3000 | sed 's/.*/{"id":&,"body":"'"$(printf '%0200d' 0)"'"}/' >many
  echo "$(cat put.sql), body" >wide.sql
  mkfifo slow
  for committed in 1500 3000; do
    start bash -c 'exec rc-db-apply --batch 1500 --pause-file pause ./wide.sql many >slow'
    exec {slow}<slow
    wait_until "select count(*) = $committed from done"
    kill -KILL "$group"
    finish
    exec {slow}<&-
  done
  run -0 --separate-stderr rc-db-apply --batch 1500 --pause-file pause ./wide.sql many
  [ "$output" = '' ]
  [[ $stderr == 'rc-db-apply: goes on behind record 3000,'* ]]
  done_once 3000
  [ "$(places)" = '' ]
}

@test "kill -9 and TERM at any moment: the same call goes on, and each record is in once" {
  seq 3000 | sed 's/.*/{"id":&}/' >many
  time=$(milliseconds_of rc-db-apply --batch 50 --max-wal-rate 1TB --resume first ./put.sql many)
  random_rounds 4
  for round in "${rounds[@]}"; do
    sql 'truncate done'
    for signal in KILL TERM KILL; do
      rc-db-apply --batch 50 --max-wal-rate 1TB --resume "$round" ./put.sql many >/dev/null 2>&1 3>&- &
      pid=$!
      random_moment "$time"
      kill "-$signal" "$pid" 2>/dev/null || true
      code=0
      wait "$pid" || code=$?
      wait_until_session_gone
      [ "$code" != 0 ] || break
      [ $(($(sql 'select count(*) from done') % 50)) = 0 ]
      # killed when all was done, told and forgotten: called again it would begin a new run
      if [ "$(places)" = '' ] && [ "$(sql 'select count(*) from done')" != 0 ]; then code=0 && break; fi
    done
    [ "$code" = 0 ] || run -0 rc-db-apply --batch 50 --max-wal-rate 1TB --resume "$round" ./put.sql many
    done_once 3000
    [ "$(places)" = '' ]
  done
}

@test "of two runs at once the one that comes second to a batch ends with 111, and each record is in once" {
  start_with_pipe --batch 3 --pause-file pause ./put.sql
  send 1 2 3
  wait_until 'select count(*) = 3 from done'
  mkfifo second
  rc-db-apply --batch 3 --pause-file pause ./put.sql second >second.out 2>second.err {in}>&- 3>&- &
  other=$!
  started+=("$other")
  exec {second}>second
  head -n 3 ten >&"$second"
  wait_for 'goes on behind record 3' second.err
  hold 'lock table done in share mode'
  send 4 5 6
  wait_until_blocked
  sed -n 4,6p ten >&"$second"
  wait_until_blocked 2
  tell_holder rollback
  code=0
  wait "$other" || code=$?
  [ "$code" = 111 ]
  grep -q "another run of 'put.sql .*' is at work, or was meanwhile$" second.err
  exec {second}>&-
  send 7 8 9 10
  end_input
  finish
  [ "$ended" = 'exit 0' ]
  done_once 10
}

# ---- rc-owner-assign ----

target='{"table":"things","column":"owner","label":"Thing"}'

# make_things N [SQL]: rows 1 to N without an owner, in a table that the SQL ends.
make_things() {
  echo "select 7 as id, 'ann' as name" >owner.sql
  sql "create table things (id int, owner int, body text) ${2-}; insert into things select i, null, 'x' from generate_series(1, $1) i"
}
assign=(rc-owner-assign --user ann --owner-sql ./owner.sql)
assigned() { printf '{"table":"things","column":"owner","label":"Thing","owner":"ann","owner_id":7,"count":%s,"status":"%s"}' "$@"; }
owned() { sql "select count(*) from things where owner = 7"; }
# How many rows each batch had, in their order.
owned_batches() { sql "select coalesce(string_agg(n::text, ' ' order by first), '') from (select count(*) as n, min(id) as first from things where owner = 7 group by xmin) batches"; }

@test "rows get their owner in batches, and the report is that of one transaction" {
  make_things 25
  sql 'update things set owner = 1 where id in (3, 4)'
  run -0 --separate-stderr "${assign[@]}" --batch 10 --max-lag 1m <<<"$target"
  [ "$output" = "$(assigned 23 assigned)" ]
  [ "$stderr" = '' ]
  [ "$(owned_batches)" = '10 10 3' ]
  [ "$(sql 'select count(*) from things where owner = 1')" = 2 ]
  run -0 --separate-stderr "${assign[@]}" --batch 10 --max-lag 1m <<<"$target"
  [ "$output" = "$(assigned 0 unchanged)" ]
}

@test "a table of many blocks, rows without an owner far apart, and more of them than a part of the table holds" {
  sql "create table things (id int, owner int, body text) with (fillfactor = 10);
    insert into things select i, case when i % 10 = 0 then null else 1 end, repeat('x', 100) from generate_series(1, 30000) i"
  echo "select 7 as id, 'ann' as name" >owner.sql
  [ "$(sql "select pg_relation_size('things') / 8192 > 3000")" = t ]
  run -0 --separate-stderr "${assign[@]}" --batch 400 <<<"$target"
  [ "$output" = "$(assigned 3000 assigned)" ]
  [ "$(sql 'select max(n) <= 400, sum(n) from (select count(*) as n from things where owner = 7 group by xmin) b')" = 't|3000' ]
  [ "$(sql 'select count(*) from things where owner = 1')" = 27000 ]
}

@test "partitions, children and a key that moves rows between partitions" {
  echo "select 7 as id, 'ann' as name" >owner.sql
  sql "create table things (id int, owner int) partition by list (owner);
    create table things_none partition of things for values in (null);
    create table things_7 partition of things for values in (7) partition by range (id);
    create table things_7_low partition of things_7 for values from (1) to (10);
    create table things_7_high partition of things_7 for values from (10) to (100);
    insert into things select i, null from generate_series(1, 20) i"
  run -0 --separate-stderr "${assign[@]}" --batch 6 <<<"$target"
  [ "$output" = "$(assigned 20 assigned)" ]
  [ "$(sql 'select (select count(*) from things_7_low), (select count(*) from things_7_high), (select count(*) from things_none)')" = '9|11|0' ]
  sql "drop table things; create table things (id int, owner int); create table more () inherits (things);
    insert into things select i, null from generate_series(1, 5) i; insert into more select i, null from generate_series(6, 15) i"
  run -0 --separate-stderr "${assign[@]}" --batch 4 <<<"$target"
  [ "$output" = "$(assigned 15 assigned)" ]
  [ "$(owned_batches)" = '4 1 4 4 2' ]
}

@test "a dry run counts, and needs no batches; targets in a bad state are told before anything changes" {
  make_things 5
  run -0 --separate-stderr "${assign[@]}" --batch 2 --max-lag 1s --dry-run <<<"$target"
  [ "$output" = "$(assigned 5 would_assign)" ]
  run -1 --separate-stderr "${assign[@]}" --batch 2 <<<"$target"$'\n''{"table":"none","column":"owner","label":"None"}'
  [ "${lines[0]}" = "$(assigned 5 would_assign)" ]
  [[ ${lines[1]} == *'"code":"no_table"'* ]]
  [ "$stderr" = '' ]
  [ "$(owned)" = 0 ]
}

@test "broken off by a lock: what is committed is told as partial, and the same call does the rest" {
  make_things 25
  sql "create table others (id int, owner int); insert into others values (1, null)"
  hold 'select from things where id = 15 for update'
  run -111 --separate-stderr "${assign[@]}" --batch 10 --lock-timeout 300ms <<<"$target"$'\n''{"table":"others","column":"owner","label":"Other"}'
  [ "${lines[0]}" = "$(assigned 10 partial)" ]
  [[ ${lines[1]} == *'"count":1,"status":"would_assign"}' ]]
  [[ ${stderr_lines[0]} == 'rc-owner-assign: this batch was rolled back: no lock after 3 tries of 300 ms: it is held by pid '*'(holder,'* ]]
  [ "${stderr_lines[1]}" = 'rc-owner-assign: 10 rows were committed in 1 batch, and stay; the same call goes on from there' ]
  [ "${#stderr_lines[@]}" = 2 ]
  tell_holder rollback
  [ "$(owned)" = 10 ]
  run -0 --separate-stderr "${assign[@]}" --batch 10 <<<"$target"
  [ "$output" = "$(assigned 15 assigned)" ]
  sql 'drop table others'
}

@test "a clash that comes up in mid-run is an answer: the batches before it stay" {
  make_things 9 ''
  sql "create unique index on things (owner, id) where id <> 0"
  start bash -c 'exec rc-owner-assign --user ann --owner-sql ./owner.sql --batch 3 --pause-file pause <<<"$0"' "$target"
  finish
  [ "$ended" = 'exit 0' ]
  sql 'update things set owner = null where id > 3'
  touch pause
  start bash -c 'exec rc-owner-assign --user ann --owner-sql ./owner.sql --batch 3 --pause-file pause <<<"$0"' "$target"
  wait_for paused err
  sql 'insert into things values (9, 7)'
  rm pause
  finish
  [ "$ended" = 'exit 1' ]
  [[ $(cat out) == *'"count":3,"status":"error","error":{"code":"unique_clash"'* ]]
  grep -q '3 rows were committed in 1 batch, and stay' err
  [ "$(owned)" = 7 ]
}

@test "what a trigger keeps out, or sets back, is not written: its batch is rolled back, those before it stay" {
  for body in 'return null;' 'new.owner = null; return new;'; do
    sql 'drop table if exists things'
    make_things 9
    sql "create or replace function keep() returns trigger language plpgsql as \$\$begin if new.id = 5 then $body end if; return new; end\$\$;
      create trigger keep before update on things for each row execute function keep()"
    run -1 --separate-stderr "${assign[@]}" --batch 3 <<<"$target"
    [[ $output == *'"count":3,"status":"error","error":{"code":"not_written","message":"things was not written: the database kept the row out"}}' ]]
    [ "$(owned)" = 3 ]
  done
}

@test "rows that others move or add meanwhile are found, and those who add them for ever do not keep it for ever" {
  make_things 9
  touch pause
  start bash -c 'exec rc-owner-assign --user ann --owner-sql ./owner.sql --batch 3 --pause-file pause <<<"$0"' "$target"
  wait_for paused err
  sql 'update things set id = id; insert into things values (100, null)'
  rm pause
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(cat out)" = "$(assigned 10 assigned)" ]
  sql "update things set owner = null;
    create or replace function add() returns trigger language plpgsql as \$\$begin insert into things values (0, null); return null; end\$\$;
    create trigger add after update on things for each statement execute function add()"
  run -0 timeout 60 "${assign[@]}" --batch 3 <<<"$target"
  [ "$(owned)" -ge 10 ]
}

@test "rc-owner-assign waits for a standby, and kill -9 then leaves whole batches" {
  caught_up
  make_things 50
  touch pause
  start bash -c 'exec rc-owner-assign --user ann --owner-sql ./owner.sql --batch 20 --max-lag 200kB --pause-file pause <<<"$0"' "$target"
  wait_for paused err
  stop_replay
  write_wal 400
  rm pause
  wait_for 'waiting for the standby walreceiver, which is behind by' err
  ask
  [[ $line == 'rc-owner-assign: 0 of 50 rows in 0 batches of up to 20, 0/s, WAL '*'waiting for the standby'* ]]
  kill -KILL "$group"
  finish
  standby 'select pg_wal_replay_resume()'
  wait_until_session_gone
  [ "$(owned)" = 0 ]
  run -0 --separate-stderr "${assign[@]}" --batch 20 --max-lag 10MB <<<"$target"
  [ "$output" = "$(assigned 50 assigned)" ]
}

@test "kill -9 at any moment: whole batches, and the same call gives all the rest their owner" {
  make_things 3000
  time=$(milliseconds_of "${assign[@]}" --batch 50 <<<"$target")
  random_rounds 3
  for _ in "${rounds[@]}"; do
    sql 'update things set owner = null'
    "${assign[@]}" --batch 50 <<<"$target" >/dev/null 2>&1 3>&- &
    pid=$!
    random_moment "$time"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" || true
    wait_until_session_gone
    before=$(owned)
    [ $((before % 10)) = 0 ]
    run -0 --separate-stderr "${assign[@]}" --batch 50 <<<"$target"
    [ "$(jq .count <<<"$output")" = $((3000 - before)) ]
    [ "$(owned)" = 3000 ]
  done
}
