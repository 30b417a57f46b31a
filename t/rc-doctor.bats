load helper

setup() {
  started=()
  new_database
  export RC_HISTORY=$BATS_TEST_TMPDIR/history
}
teardown() { end_started; }

# finding CHECK: its status and message, of what $output has.
finding() { rc-say '' --when "check=$1" '{status}: {message}' <<<"$output"; }

@test "a sound place: each check has its finding, and the last one the worst" {
  run -0 --separate-stderr rc-doctor --fail-on error
  [ -z "$stderr" ]
  checks=$(rc-say '{check}' <<<"$output" | uniq | tr '\n' ' ')
  [ "$checks" = 'rc libpq jq library disk runs connection server pooler clock rights locks connections all ' ]
  [ "$(rc-say '' --when check=library '{status} {message}' <<<"$output" | grep -cE '^(ok built with|note built without) ')" -ge 3 ]
  [ "$(rc-say '' --when 'status=note' '{check} {hint|}' <<<"$output" | grep -c '^library $')" = 0 ] # the package that brings it
  [[ $(finding connection) == "ok: "*"/$(sql 'select current_database()') as "* ]]
  [[ $(finding server) == "ok: PostgreSQL $(sql 'show server_version')" ]]
  [ "$(finding pooler)" = 'ok: there is no pooler before the server' ]
  [[ $(finding clock) == "ok: the server's clock is "* ]]
  [ "$(finding locks)" = 'ok: no session of this database waits for a lock' ]
  [ "$(rc-tally --count 'status=ok|note|warning|error' <<<"$output")" = "$(wc -l <<<"$output")" ]
}

@test "the same as text" {
  run -0 --separate-stderr rc-doctor --text --fail-on error
  [[ ${lines[0]} == 'ok       rc            rc '* ]]
  [[ ${lines[-1]} == *' all           the worst of all is: '* ]]
  [[ $output != *'{'* ]]
}

@test "a server that is away is an error and 111, one that refuses the role is 100; the host was looked at before" {
  DATABASE_URL='postgres:///x?host=/nowhere' run -111 --separate-stderr rc-doctor
  [[ $(finding connection) == 'error: /nowhere:5432/x as '* ]]
  [ "$(finding all)" = 'error: the worst of all is: error' ]
  [[ $(finding rc) == 'ok: rc '* ]]
  DATABASE_URL=${DATABASE_URL/'://postgres@'/'://rc_absent@'} run -100 --separate-stderr rc-doctor
  [[ $(finding connection) == 'error: '*'rc_absent'* ]]
  DATABASE_URL='postgres:///x?host=/nowhere' run -0 rc-doctor --fail-on never
}

@test "a job whose last run failed is a warning, and one that succeeded since is none" {
  rc-run good -- true
  run -1 rc-run bad -- false
  run -1 rc-run healed -- false
  rc-run healed -- true
  run -1 --separate-stderr rc-doctor
  [[ $(finding runs) == 'warning: bad: failed at '* ]]
  [ "$(finding runs | wc -l)" = 1 ]
  rc-run bad -- true
  run rc-doctor
  [ "$(finding runs)" = 'ok: there is no job in the history whose last run failed' ]
}

@test "of many jobs that failed the last ones are named, and none is left out of the count" {
  local i
  for ((i = 1; i <= 30; i++)); do rc-run "good$i" -- true; done
  for ((i = 1; i <= 23; i++)); do run -1 rc-run "bad$i" -- false; done
  run -1 --separate-stderr rc-doctor
  [ "$(finding runs | wc -l)" = 21 ]
  [[ $(finding runs | head -n 1) == 'warning: bad4: failed at '* ]]
  [ "$(finding runs | tail -n 1)" = 'warning: of 3 more job(s) the last run did not succeed' ]
}

@test "a session that waits for a lock is named with the one in its way" {
  sql 'create table t (id int)'
  hold 'lock table t'
  PGAPPNAME=rc-waiter psql -Xq "$DATABASE_URL" -c 'select * from t' >/dev/null 2>&1 3>&- &
  started+=("$!")
  wait_until_blocked
  run -1 --separate-stderr rc-doctor
  [[ $(finding locks) == 'warning: pid '*' (rc-waiter) waits for '*' s; in its way: pid '*' (holder, user '*', idle in transaction)' ]]
  tell_holder rollback
}

@test "a role without rights is told so" {
  name=$(sql 'select current_database()')_none
  sql "create role $name login; revoke temporary on database $(sql 'select current_database()') from public"
  DATABASE_URL=${DATABASE_URL/'://postgres@'/"://$name@"} run -1 --separate-stderr rc-doctor
  sql "drop role $name"
  [[ $(finding rights) == "warning: role $name can read 0 and write 0 of "*$'table(s)\nnote: it can make no temporary tables'* ]]
}

@test "a server that takes no changes is a warning" {
  DATABASE_URL="$DATABASE_URL&options=-cdefault_transaction_read_only=on" run -1 --separate-stderr rc-doctor
  [[ $(finding server) == *'warning: it takes no changes: transactions are read only' ]]
}

@test "a clock that is an hour off is a warning" {
  make_fail_calls
  run -1 --separate-stderr failing clock-ahead rc-doctor
  [[ $(finding clock) == "warning: the server's clock is 3"*' ms behind' ]]
}

@test "a full disk is an error" {
  need_small
  mkdir "$BATS_TEST_TMPDIR/tmp"
  TMPDIR=$BATS_TEST_TMPDIR/tmp run -100 --separate-stderr small size=96k rc-doctor
  [[ $(finding disk) == "error: temporary files: $BATS_TEST_TMPDIR/tmp has 0 MB free"* ]]
}

@test "no folder for temporary files, and no jq" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  ln -s "$(command -v sh)" "$BATS_TEST_TMPDIR/bin/sh"
  doctor=$(command -v rc-doctor)
  run -1 --separate-stderr env TMPDIR=/nowhere "PATH=$BATS_TEST_TMPDIR/bin" "$doctor"
  [[ $(finding disk) == 'warning: temporary files: /nowhere: No such file or directory'* ]]
  [ "$(finding jq)" = 'note: there is no jq; maps and checks that use it do not work' ]
}

@test "a name in the history can command no terminal" {
  printf '{"v":1,"name":"a\\u001b[31m","status":"failed","start":"x"}\n' >"$RC_HISTORY"
  run -1 rc-doctor --text
  [[ $output == *'a\u001b[31m: failed at x'* ]]
}

@test "wrong calls" {
  run -100 rc-doctor --fail-on often
  run -100 rc-doctor x
}
