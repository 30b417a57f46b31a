# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load helper

setup() { started=(); nowhere=postgresql://ann@127.0.0.1:1/shop; }

teardown() { end_started; }

# Starts a command in a session of its own, with the signals as a shell has them; $group is its pid, its output
# comes from $output_fd. With what number of signal it ended is in the file ended.
start() {
  mkfifo "$BATS_TEST_TMPDIR/pid" "$BATS_TEST_TMPDIR/lines"
  perl -MPOSIX -e '
    my ($pid, $ended) = splice @ARGV, 0, 2;
    my $child = fork;
    if ($child == 0) { POSIX::setsid(); $SIG{$_} = "DEFAULT" for qw(INT HUP TERM QUIT); exec @ARGV or die }
    open my $out, ">", $pid; print $out "$child\n"; close $out;
    waitpid $child, 0;
    open $out, ">", $ended; print $out $? & 127, "\n"; close $out' \
    "$BATS_TEST_TMPDIR/pid" "$BATS_TEST_TMPDIR/ended" "$@" >"$BATS_TEST_TMPDIR/lines" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  started+=($!)
  exec {output_fd}<"$BATS_TEST_TMPDIR/lines"
  read -r group <"$BATS_TEST_TMPDIR/pid"
  started+=("$group")
}

@test "an available database: two lines, 0" {
  run -0 --separate-stderr recotem-wait-db
  [ "$output" = 'Waiting for database...
Database available.' ]
  [ "$stderr" = '' ]
  recotem-wait-db >"$BATS_TEST_TMPDIR/out"
  printf 'Waiting for database...\nDatabase available.\n' | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "no server: a line after each failure, the message, 1; the server's last words stand before it" {
  DATABASE_URL=$nowhere run -1 --separate-stderr recotem-wait-db --tries 3 --interval 10ms
  [ "$output" = 'Waiting for database...
Database unavailable (attempt 1/3), waiting 0.01 seconds...
Database unavailable (attempt 2/3), waiting 0.01 seconds...
Database unavailable (attempt 3/3).' ]
  [ "${#stderr_lines[@]}" = 2 ]
  [[ ${stderr_lines[0]} == *'127.0.0.1:1/shop as ann: not available after 3 tries'*'Connection refused'* ]]
  [ "${stderr_lines[1]}" = 'recotem-wait-db: Database unavailable after max retries.' ]
}

@test "upstream's 30 times 2 seconds are the default" {
  DATABASE_URL=$nowhere start recotem-wait-db
  read -r first <&"$output_fd"
  read -r second <&"$output_fd"
  kill -TERM "$group"
  [ "$first" = 'Waiting for database...' ]
  [ "$second" = 'Database unavailable (attempt 1/30), waiting 2 seconds...' ]
  until_group_gone
}

@test "DIFFERENCE: it does not wait after the last failure, whose line says so" {
  DATABASE_URL=$nowhere run -1 --separate-stderr recotem-wait-db --tries 1 --interval 10m
  [ "$output" = 'Waiting for database...
Database unavailable (attempt 1/1).' ]
  [ "${stderr_lines[-1]}" = 'recotem-wait-db: Database unavailable after max retries.' ]
}

@test "DIFFERENCE: a wrong password or an unknown role ends it at once" {
  run -1 --separate-stderr env -u DATABASE_URL PGHOST="$RC_TEST_SOCKET" PGUSER=rc_password PGDATABASE=postgres PGPASSWORD=wr0ng recotem-wait-db
  [ "$output" = 'Waiting for database...
Database unavailable (attempt 1/30).' ]
  [[ $stderr == *'password authentication failed for user "rc_password" (DATABASE_URL is not set, so the database is that of PGHOST, PGDATABASE, PGUSER)' ]]
  [[ $output$stderr != *wr0ng* ]]
  run -1 --separate-stderr env -u DATABASE_URL PGHOST="$RC_TEST_SOCKET" PGUSER=rc_absent PGDATABASE=postgres recotem-wait-db
  [ "${lines[1]}" = 'Database unavailable (attempt 1/30).' ]
  [[ $stderr == *'role "rc_absent" does not exist'* ]]
}

@test "--keep-trying and RC_WAIT_KEEP_TRYING wait for a role that is made later" {
  local role given
  for given in --keep-trying yes 1; do
    role=later_$RANDOM$RANDOM
    if [ "$given" = --keep-trying ]; then
      set -- recotem-wait-db --keep-trying --tries 10000 --interval 20ms
    else
      set -- env "RC_WAIT_KEEP_TRYING=$given" recotem-wait-db --tries 10000 --interval 20ms
    fi
    DATABASE_URL=${RC_TEST_SERVER/postgres@/$role@} start "$@"
    read -r _ <&"$output_fd"
    read -r line <&"$output_fd"
    [ "$line" = 'Database unavailable (attempt 1/10000), waiting 0.02 seconds...' ]
    sql "create role $role login"
    [ "$(tail -n 1 <&"$output_fd")" = 'Database available.' ]
    wait "${started[-2]}"
    [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 0 ]
    rm -f "$BATS_TEST_TMPDIR"/{ended,pid,lines}
  done
  RC_WAIT_KEEP_TRYING=no run -1 env -u DATABASE_URL PGHOST="$RC_TEST_SOCKET" PGUSER=rc_absent PGDATABASE=postgres recotem-wait-db
  RC_WAIT_KEEP_TRYING=perhaps run -2 --separate-stderr recotem-wait-db
  [ "${stderr_lines[1]}" = "recotem-wait-db: error: RC_WAIT_KEEP_TRYING: yes or no, not 'perhaps'" ]
}

@test "a missing database is waited for, and found once it has been made" {
  local name=later_$RANDOM$RANDOM
  DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//$name?} start recotem-wait-db --tries 10000 --interval 20ms
  read -r _ <&"$output_fd"
  read -r line <&"$output_fd"
  [ "$line" = 'Database unavailable (attempt 1/10000), waiting 0.02 seconds...' ]
  sql "create database $name"
  [ "$(tail -n 1 <&"$output_fd")" = 'Database available.' ]
  wait "${started[0]}"
  [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
}

@test "RC_WAIT_TRIES and RC_WAIT_INTERVAL are the defaults, options win" {
  export DATABASE_URL=$nowhere RC_WAIT_TRIES=2 RC_WAIT_INTERVAL=10ms
  run -1 --separate-stderr recotem-wait-db
  [ "$output" = 'Waiting for database...
Database unavailable (attempt 1/2), waiting 0.01 seconds...
Database unavailable (attempt 2/2).' ]
  run -1 --separate-stderr recotem-wait-db --tries 3 --interval=1ms
  [ "${lines[1]}" = 'Database unavailable (attempt 1/3), waiting 0.001 seconds...' ]
}

@test "--timeout ends it, however many tries are left" {
  DATABASE_URL=$nowhere run -1 --separate-stderr recotem-wait-db --tries 1000000 --interval 20ms --timeout 100ms
  [[ ${lines[-1]} == 'Database unavailable (attempt '*'/1000000).' ]]
  [ "${stderr_lines[-1]}" = 'recotem-wait-db: Database unavailable after max retries.' ]
}

@test "--json prints the records and a summary" {
  run -0 --separate-stderr recotem-wait-db --json
  [ "${#lines[@]}" = 2 ]
  [ "$(jq -c '[.try, .tries, .status]' <<<"${lines[0]}")" = '[1,30,"available"]' ]
  [ "$(jq -c keys_unsorted <<<"${lines[1]}")" = '["ok","run_id","scanned","changed","warnings","errors","duration_s"]' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[1]}")" = '[true,0,0,0,0]' ]
  DATABASE_URL=$nowhere run -1 --separate-stderr recotem-wait-db --json --tries 2 --interval 1ms
  [ "$(jq -c '[.try, .status, .wait_s]' <<<"${lines[0]}")" = '[1,"unavailable",0.001]' ]
  [ "$(jq -c '[.try, .status, .wait_s]' <<<"${lines[1]}")" = '[2,"unavailable",null]' ]
  [ "$(jq -c '[.ok, .errors]' <<<"${lines[2]}")" = '[false,1]' ]
  [ "${stderr_lines[-1]}" = 'recotem-wait-db: Database unavailable after max retries.' ]
}

@test "wrong options are 2, with the usage on stderr and nothing on stdout" {
  local arguments message
  while IFS='|' read -r arguments message; do
    # shellcheck disable=SC2086 # several words
    run -2 --separate-stderr recotem-wait-db $arguments
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = 'usage: recotem-wait-db [--tries N] [--interval DURATION] [--timeout DURATION] [--keep-trying] [--json]' ]
    [ "${stderr_lines[1]}" = "recotem-wait-db: error: $message" ] || { echo "$arguments: $stderr"; return 1; }
    [ "${#stderr_lines[@]}" = 2 ]
  done <<'END'
--nonsense|unrecognized arguments: --nonsense
--tries x|argument --tries: invalid int value: 'x'
--tries|argument --tries: expected one argument
--interval soon|argument --interval: invalid duration value: 'soon'
--timeout 1y|argument --timeout: invalid duration value: '1y'
-x|unrecognized arguments: -x
database|unrecognized arguments: database
END
}

@test "a number of tries that makes no sense is a wrong option too, in the environment likewise" {
  run -2 --separate-stderr recotem-wait-db --tries 0
  [ "$output" = '' ]
  RC_WAIT_TRIES=many run -2 --separate-stderr recotem-wait-db
  [ "$output" = '' ]
  RC_WAIT_INTERVAL=soon run -2 --separate-stderr recotem-wait-db
  [ "$output" = '' ]
}

@test "Django's common options are taken" {
  run -0 --separate-stderr recotem-wait-db -v 2 --verbosity=2 --settings x --pythonpath x --traceback --no-color --force-color \
    --skip-checks --noinput --no-input
  [ "${lines[1]}" = 'Database available.' ]
  [ "$stderr" = '' ]
}

@test "a closed standard output is 1, a full disk too" {
  run -1 --separate-stderr bash -c 'recotem-wait-db >&-'
  [ "$stderr" = 'recotem-wait-db: standard output is closed' ]
  run -1 --separate-stderr bash -c 'recotem-wait-db >/dev/full'
  [[ $stderr == *'No space left on device'* ]]
}

@test "closed standard input and standard error do no harm" {
  run -0 bash -c 'recotem-wait-db <&- 2>&-'
  [ "$output" = 'Waiting for database...
Database available.' ]
}

@test "TERM, INT and HUP end it at once by that signal, and leave nothing" {
  local name number
  for name in TERM:15 INT:2 HUP:1; do
    number=${name#*:} name=${name%:*}
    rm -f "$BATS_TEST_TMPDIR"/{pid,lines,ended}
    DATABASE_URL=$nowhere start recotem-wait-db --interval 10m
    read -r _ <&"$output_fd"
    read -r line <&"$output_fd"
    [ "$line" = 'Database unavailable (attempt 1/30), waiting 600 seconds...' ]
    kill -s "$name" "$group"
    wait "${started[-2]}"
    [ "$(cat "$BATS_TEST_TMPDIR/ended")" = "$number" ]
    until_group_gone
    [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
    exec {output_fd}<&-
  done
}

@test "a reader that goes away ends it by SIGPIPE, and nothing is said" {
  local form
  for form in 'recotem-wait-db | head -n 0' 'recotem-wait-db | head -n 1' 'recotem-wait-db --json | head -n 0' 'recotem-wait-db 2>&1 | head -n 1'; do
    run --separate-stderr bash -c "$form >/dev/null; exit \${PIPESTATUS[0]}"
    [[ $status == 141 || $status == 0 ]] || { echo "$form: $status"; return 1; } # it may be done before the reader is gone
    [ "$stderr" = '' ]
  done
}

@test "kill -9 leaves no process" {
  DATABASE_URL=$nowhere start recotem-wait-db --interval 10m
  read -r _ <&"$output_fd"
  read -r _ <&"$output_fd"
  kill -KILL "$group"
  until_group_gone
}

@test "events tell of start and end under one run id" {
  RC_EVENTS=$BATS_TEST_TMPDIR/events RC_RUN_ID='' run -0 recotem-wait-db
  [ "$(jq -r .run_id "$BATS_TEST_TMPDIR/events" | sort -u | wc -l)" = 1 ]
  [ "$(jq -c 'select(.tool == "recotem-wait-db") | [.event, .exit, .parent]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["done",0,null]' ]
  rm "$BATS_TEST_TMPDIR/events"
  RC_EVENTS=$BATS_TEST_TMPDIR/events DATABASE_URL=$nowhere run -1 recotem-wait-db --tries 1
  [ "$(jq -c 'select(.tool == "recotem-wait-db") | [.event, .exit, .message]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["error",1,"Database unavailable after max retries."]' ]
  [ "$(jq -c 'select(.tool == "rc-db-wait") | [.event, .exit]' "$BATS_TEST_TMPDIR/events")" = '["start",null]
["error",111]' ]
}

@test "it works by absolute path with nothing in the environment, and through a link" {
  local command
  command=$(command -v recotem-wait-db)
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= "$command"
  [ "${lines[1]}" = 'Database available.' ]
  mkdir "$BATS_TEST_TMPDIR/a b"
  ln -s "$command" "$BATS_TEST_TMPDIR/a b/wait"
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= "$BATS_TEST_TMPDIR/a b/wait"
  [ "${lines[1]}" = 'Database available.' ]
}
