# shellcheck disable=SC2016,SC2030,SC2031 # the inner shells expand it; each test has an environment of its own
load recotem/helper

setup() { started=(); }

teardown() { end_started; }

# Starts rc-snapshot whose command waits for a line on descriptor $go; $snapshot is its pid.
start_snapshot() { # OPTION ... -- SCRIPT
  mkfifo "$BATS_TEST_TMPDIR/go"
  rc-snapshot "${@:1:$#-1}" bash -euc "echo ready; read -r _; ${*: -1}" <"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  snapshot=$!
  started+=("$snapshot")
  exec {go}>"$BATS_TEST_TMPDIR/go"
  wait_for ready
}

ended() { # its code in $code
  exec {go}>&-
  code=0
  wait "$snapshot" || code=$?
}

@test "all readers see the moment of the snapshot" {
  new_database
  sql 'create table t as select 1 as id'
  start_snapshot -- 'rc-export-rows -t t; rc-export-rows -q "select count(*) as n from t"'
  sql 'insert into t values (2)'
  echo >&"$go"
  ended
  [ "$code" = 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = 'ready
{"id":1}
{"n":1}' ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
}

@test "a table that is named can't be truncated meanwhile" {
  new_database
  sql 'create schema "Odd S"; create table "Odd S"."T" as select 1 as id; create table u as select 2 as id'
  start_snapshot -t 'Odd S.T' --table u -- 'rc-export-rows -t "Odd S.T"; rc-export-rows -t u'
  PGOPTIONS='-c lock_timeout=100' run ! sql 'truncate u'
  PGOPTIONS='-c lock_timeout=100' run ! sql 'alter table "Odd S"."T" add column n int'
  echo >&"$go"
  ended
  [ "$code" = 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = 'ready
{"id":1}
{"id":2}' ]
  sql 'truncate u'
}

@test "a snapshot that waits for a TRUNCATE sees what was put in after it" {
  new_database
  sql 'create table t as select 1 as id'
  hold 'truncate t; insert into t values (2)'
  rc-snapshot -t t -- rc-export-rows -t t >"$BATS_TEST_TMPDIR/rows" 3>&- {hold}>&- &
  started+=("$!")
  wait_until_blocked
  tell_holder commit
  wait "${started[-1]}"
  [ "$(cat "$BATS_TEST_TMPDIR/rows")" = '{"id":2}' ]
}

@test "the command's status is its own" {
  run -7 --separate-stderr rc-snapshot -- sh -c 'exit 7'
  [ "$output$stderr" = '' ]
  run -143 --separate-stderr rc-snapshot -- sh -c 'kill -TERM $$'
  run -127 --separate-stderr rc-snapshot -- rc-no-such-command
  [ "$stderr" = 'rc-snapshot: cannot run rc-no-such-command: No such file or directory' ]
  run -126 --separate-stderr rc-snapshot -- /
  [ "$stderr" = 'rc-snapshot: cannot run /: Permission denied' ]
}

@test "the command has its own standard input, output and arguments" {
  run -0 --separate-stderr rc-snapshot -- sh -c 'cat; echo "$1"' _ --table <<<'in'
  [ "$output" = 'in
--table' ]
}

@test "a session that dies ends the command with 111" {
  new_database
  start_snapshot -- 'trap "echo ended >&2; exit 3" TERM; while :; do sleep 0.05; done'
  echo >&"$go"
  sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rc-snapshot%' and datname = current_database()"
  ended
  [ "$code" = 111 ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = 'rc-snapshot: the connection and with it the snapshot is lost; ending the command
ended' ]
}

@test "the server's limit of idle transactions does not end it" {
  PGOPTIONS='-c idle_in_transaction_session_timeout=100' run -0 --separate-stderr rc-snapshot -- sh -c 'sleep 0.5; rc-export-rows -q "select 1 as id"'
  [ "$output" = '{"id":1}' ]
  [ "$stderr" = '' ]
}

@test "TERM is passed on, and no session stays" {
  new_database
  start_snapshot -- 'exec sleep 60'
  echo >&"$go"
  kill -TERM "$snapshot"
  ended
  [ "$code" = 143 ]
  wait_until "select not exists (select from pg_stat_activity where application_name like 'rc-snapshot%' and datname = current_database())"
}

@test "a table that is not there, or may not be read, is 100 and nothing runs" {
  new_database
  run -100 --separate-stderr rc-snapshot -t Auth_User -- echo ran
  [ "$output" = '' ]
  [ "$stderr" = 'rc-snapshot: Auth_User: no such table; there is auth_user' ]
  sql 'create table t (id int)'
  PGOPTIONS='-c role=pg_monitor' run -100 --separate-stderr rc-snapshot -t t -- echo ran
  [ "$output" = '' ]
  [ "$stderr" = 'rc-snapshot: the tables: permission denied for table t (42501)' ]
}

@test "wrong usage is 100 with the usage" {
  run -100 --separate-stderr rc-snapshot
  [ "${stderr_lines[1]}" = 'rc-snapshot: a command is needed after --' ]
  run -100 --separate-stderr rc-snapshot true -- true
  [ "${stderr_lines[1]}" = "rc-snapshot: unexpected argument 'true'; a command stands after --" ]
}
