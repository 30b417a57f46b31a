# shellcheck disable=SC2016,SC2030,SC2031 # inner shells expand; each test has an environment of its own
load recotem/helper

setup() {
  new_database
  started=()
}

teardown() { end_started; }

# The processes of the server that hold an advisory lock of this database.
holders() { sql "select pid from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())"; }

# A command that writes ready and its pid, and then waits.
waits='echo "ready $$"; exec sleep 1000'

@test "the command has the input, output and arguments, and its status is the answer" {
  run -0 --separate-stderr rc-db-lock name -- bash -c 'cat; printf "<%s>" "$@"; echo err >&2' _ 'a  b' '' '*' --timeout -- <<<'from stdin'
  [ "$output" = 'from stdin
<a  b><><*><--timeout><-->' ]
  [ "$stderr" = err ]
  run -3 --separate-stderr rc-db-lock name -- bash -c 'exit 3'
  [ "$output$stderr" = '' ]
  run -255 --separate-stderr rc-db-lock name -- bash -c 'exit 255'
}

@test "a command that a signal ends is 128 and its number" {
  run -143 --separate-stderr rc-db-lock name -- bash -c 'kill -TERM $$'
  run -137 --separate-stderr rc-db-lock name -- bash -c 'kill -KILL $$'
  [ "$output$stderr" = '' ]
}

@test "a command that is not there is 127, one that can't be run 126" {
  run -127 --separate-stderr rc-db-lock name -- no-such-command
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-lock: cannot run no-such-command: No such file or directory' ]
  touch "$BATS_TEST_TMPDIR/plain"
  run -126 --separate-stderr rc-db-lock name -- "$BATS_TEST_TMPDIR/plain"
  [ "$stderr" = "rc-db-lock: cannot run $BATS_TEST_TMPDIR/plain: Permission denied" ]
}

@test "of five at once one runs at a time, and all run" {
  local i pids=()
  for i in 1 2 3 4 5; do
    rc-db-lock name -- bash -c 'echo "begin $1" >>"$2"; sleep 0.05; echo "end $1" >>"$2"' _ "$i" "$BATS_TEST_TMPDIR/log" 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  [ "$(wc -l <"$BATS_TEST_TMPDIR/log")" = 10 ]
  [ "$(awk 'NR % 2 { if ($1 != "begin") print; name = $2; next } $1 != "end" || $2 != name' "$BATS_TEST_TMPDIR/log")" = '' ]
  [ "$(sort -u "$BATS_TEST_TMPDIR/log" | wc -l)" = 10 ]
}

@test "who waits says after a while, once, who holds the lock, and then goes on" {
  mkfifo "$BATS_TEST_TMPDIR/go"
  start rc-db-lock name -- bash -c 'echo ready; read -r _ <"$1"' _ "$BATS_TEST_TMPDIR/go"
  wait_for ready
  rc-db-lock name -- echo mine >"$BATS_TEST_TMPDIR/second" 2>"$BATS_TEST_TMPDIR/told" 3>&- &
  started+=($!)
  second=$!
  wait_for "^rc-db-lock: waiting for a lock that pid $(holders) (rc-db-lock [0-9a-f-]*, user postgres, idle in transaction for [0-9]* s) holds\$" told
  [ ! -s "$BATS_TEST_TMPDIR/second" ]
  echo >"$BATS_TEST_TMPDIR/go"
  wait "$second"
  [ "$(cat "$BATS_TEST_TMPDIR/second")" = mine ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/told")" = 1 ]
}

@test "--timeout gives up with 111, names the holder, and does not begin the command" {
  start rc-db-lock name -- bash -c "$waits"
  wait_for ready
  run -111 --separate-stderr rc-db-lock --timeout 300ms name -- echo run
  [ "$output" = '' ]
  [[ ${stderr_lines[-1]} == "rc-db-lock: name: no lock after 1 try of 300 ms: it is held by pid $(holders) (rc-db-lock "*', user postgres, idle in transaction for '*' s) (55P03)' ]]
}

@test "--timeout 0 gives up at once where the lock is held, and does no harm where it is free" {
  start rc-db-lock name -- bash -c "$waits"
  wait_for ready
  run -111 --separate-stderr rc-db-lock --timeout 0 name -- echo run
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-lock: name: no lock within 1 ms: another session holds it' ]
  run -0 --separate-stderr rc-db-lock --timeout 0 other -- echo run
  [ "$output" = run ]
}

@test "the lock is free again after the command, whatever its status" {
  run -3 rc-db-lock name -- bash -c 'exit 3'
  run -0 rc-db-lock --timeout 0 name -- true
  run -127 rc-db-lock name -- no-such-command
  run -0 rc-db-lock --timeout 0 name -- true
}

@test "names with quotes, blanks, control characters and all of Unicode are themselves" {
  local name
  for name in "it's" 'a"b' 'back\slash' '%s $1 $(id)' ' ' $'two\nlines' 'é' $'e\u0301' '鍵🔑' "$(printf 'x%.0s' {1..5000})"; do
    run -0 --separate-stderr rc-db-lock "$name" -- rc-db-lock --timeout 0 "$name " -- echo in
    [ "$output" = in ] || { echo "$name: $stderr"; return 1; }
    run -111 --separate-stderr rc-db-lock "$name" -- rc-db-lock --timeout 0 "$name" -- echo in
    [ "$output" = '' ]
    [ "${#stderr_lines[@]}" = 1 ]
  done
}

@test "locks of other names, and of another database, do not stand in the way" {
  start rc-db-lock name -- bash -c "$waits"
  wait_for ready
  run -0 rc-db-lock --timeout 0 Name -- true
  DATABASE_URL=$RC_TEST_SERVER run -0 rc-db-lock --timeout 0 "of $BATS_TEST_NAME" -- true
  run -111 rc-db-lock --timeout 0 name -- true
  new_database
  run -0 rc-db-lock --timeout 0 name -- true
}

@test "it is a lock of a transaction, and nothing else is held" {
  start rc-db-lock name -- bash -c "$waits"
  wait_for ready
  [ "$(sql "select string_agg(locktype, ' ' order by locktype) from pg_locks where pid = $(holders)")" = 'advisory virtualxid' ]
  [ "$(sql "select state, query like 'select pg_catalog.pg_advisory_xact_lock(%', backend_xid from pg_stat_activity where pid = $(holders)")" = \
    'idle in transaction|t|' ]
}

@test "the server's limits for idle transactions and for statements do not hold for it" {
  sql "do \$\$ begin execute format('alter database %I set idle_in_transaction_session_timeout = 50', current_database());
    execute format('alter database %I set statement_timeout = 50', current_database()); end \$\$"
  mkfifo "$BATS_TEST_TMPDIR/go"
  start rc-db-lock name -- bash -c 'echo ready; read -r _ <"$1"; exit 4' _ "$BATS_TEST_TMPDIR/go"
  wait_for ready
  rc-db-lock name -- echo mine >"$BATS_TEST_TMPDIR/second" 2>"$BATS_TEST_TMPDIR/told" 3>&- &
  started+=($!)
  second=$!
  wait_for 'waiting for a lock' told # a second, twenty times the limits
  echo >"$BATS_TEST_TMPDIR/go"
  finish
  [ "$ended" = 'exit 4' ]
  wait "$second"
  [ "$(cat "$BATS_TEST_TMPDIR/second")" = mine ]
}

# with_tcp COMMAND ARGUMENT...: runs it with a server of its own on 127.0.0.1, whose port is $PORT.
with_tcp() {
  local port
  port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
  PORT=$port rc-postgres --set "listen_addresses=127.0.0.1,port=$port" -- "$@"
}

@test "both sides find out within a minute that the other host is gone" {
  # The timer of our socket in /proc/net/tcp: 02 is a keepalive; its time is in hundredths of a second.
  run -0 --separate-stderr with_tcp bash -c 'export DATABASE_URL=postgresql://postgres@127.0.0.1:$PORT/postgres
    rc-db-lock name -- perl -ne '\''BEGIN { $port = sprintf "%04X", $ENV{PORT} } print "$1 ", hex $2, "\n" if /^ *\d+: \S+ \S+:$port 01 \S+ (\d\d):(\S+)/'\'' /proc/net/tcp
    echo "select current_setting(\$\$tcp_keepalives_idle\$\$) as idle, current_setting(\$\$tcp_keepalives_interval\$\$) as interval,
      current_setting(\$\$tcp_keepalives_count\$\$) as count, current_setting(\$\$tcp_user_timeout\$\$) as timeout" >"$1"
    rc-db-rows -n "$1"' _ "$BATS_TEST_TMPDIR/settings.sql"
  [ "${lines[1]}" = '{"idle":"15","interval":"10","count":"3","timeout":"45s"}' ] || [ "${lines[1]}" = '{"idle":"15","interval":"10","count":"3","timeout":"45000"}' ]
  read -r timer hundredths <<<"${lines[0]}"
  [ "$timer" = 02 ]
  [ "$hundredths" -le 1500 ]
}

@test "a host that vanishes ends the command, and the URL says after what time" {
  unshare --net ip link set lo up 2>/dev/null || skip 'no network of its own can be had'
  # shellcheck disable=SC2016 # the inner shell expands it
  start unshare --net bash -c 'ip link set lo up && rc-postgres --set listen_addresses=127.0.0.1 -- bash -c "
    DATABASE_URL=\"postgresql://postgres@127.0.0.1/postgres?keepalives_idle=1&keepalives_interval=1&keepalives_count=1&tcp_user_timeout=1000\" \\
      rc-db-lock name -- bash -c \"trap \\\"echo told; exit 0\\\" TERM; ip link set lo down; echo cut; while :; do sleep 0.1; done\""'
  finish
  [ "$ended" = 'exit 111' ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = $'cut\ntold' ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = 'rc-db-lock: the connection and with it the lock is lost; ending the command' ]
}

@test "TERM, INT and HUP are passed on to the command, and its status is the answer" {
  local signal
  for signal in TERM INT HUP; do
    start rc-db-lock name -- bash -c 'for s in TERM INT HUP; do trap "echo got $s; exit 5" $s; done; echo ready; while :; do sleep 0.01; done'
    wait_for ready
    kill -s "$signal" "$group"
    finish
    [ "$ended" = 'exit 5' ]
    [ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = "got $signal" ]
    [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
    rm "$BATS_TEST_TMPDIR/out"
  done
}

@test "a command that a passed signal ends is 128 and its number" {
  start rc-db-lock name -- bash -c "$waits"
  wait_for ready
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 143' ]
}

@test "Ctrl-C reaches the command once" {
  mkfifo "$BATS_TEST_TMPDIR/keys"
  cat >"$BATS_TEST_TMPDIR/command" <<'END'
$SIG{INT} = sub { $count++; kill TERM => getppid };
$SIG{TERM} = sub { print "INT came $count time(s)\n"; exit };
$| = 1; print "ready\n"; sleep 1 while 1;
END
  start bash -c 'exec script -qefc "rc-db-lock name -- perl $1/command" /dev/null <"$1/keys"' _ "$BATS_TEST_TMPDIR"
  exec {keys}>"$BATS_TEST_TMPDIR/keys"
  wait_for ready
  printf '\003' >&"$keys"
  wait_for 'INT came'
  exec {keys}>&-
  grep -q 'INT came 1 time' "$BATS_TEST_TMPDIR/out"
}

@test "TERM ends it while it waits for the lock" {
  mkfifo "$BATS_TEST_TMPDIR/go"
  rc-db-lock name -- bash -c 'read -r _ <"$1"' _ "$BATS_TEST_TMPDIR/go" 3>&- &
  first=$!
  started+=("$first")
  wait_until "select count(*) = 1 from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = current_database())"
  start rc-db-lock name -- echo run
  wait_until_blocked
  kill -TERM "$group"
  finish
  [ "$ended" = 'signal 15' ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = '' ]
  echo >"$BATS_TEST_TMPDIR/go"
  wait "$first"
}

@test "kill -9 ends the command, and the lock is free" {
  start rc-db-lock name -- bash -c "$waits"
  wait_for ready
  started+=("$(sed -n 's/^ready //p' "$BATS_TEST_TMPDIR/out")")
  kill -KILL "$group"
  finish
  [ "$ended" = 'signal 9' ]
  until_group_gone
  run -0 rc-db-lock --timeout 10s name -- true
}

@test "where the session is ended, the command is, and the status is 111" {
  start rc-db-lock name -- bash -c 'trap "echo told; exit 0" TERM; echo ready; while :; do sleep 0.01; done'
  wait_for ready
  sql "select pg_terminate_backend($(holders))" >/dev/null
  finish
  [ "$ended" = 'exit 111' ]
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = told ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = 'rc-db-lock: the connection and with it the lock is lost; ending the command' ]
}

@test "a command that stops and goes on is waited for" {
  start rc-db-lock name -- bash -c 'echo "ready $$"; kill -STOP $$; exit 6'
  wait_for ready
  child=$(sed -n 's/^ready //p' "$BATS_TEST_TMPDIR/out")
  until [[ $(ps -o state= -p "$child") == T* ]]; do sleep 0.01; done
  kill -CONT "$child"
  finish
  [ "$ended" = 'exit 6' ]
}

@test "it sees the command's end, and the command its own children's, where the caller ignores theirs" {
  run -3 --separate-stderr timeout 60 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' rc-db-lock name -- perl -e 'exit(system("true") == 0 ? 3 : 4)'
}

@test "what the caller ignores stays ignored" {
  start perl -e '$SIG{HUP} = "IGNORE"; exec @ARGV' rc-db-lock name -- bash -c 'echo ready; kill -HUP "$PPID" $$; exit 7'
  finish
  [ "$ended" = 'exit 7' ]
}

@test "the command has the run's id, and no descriptor of ours" {
  RC_RUN_ID=01890a5d-ac96-774b-bcce-b302099a8057 RC_EVENTS=$BATS_TEST_TMPDIR/events run -0 --separate-stderr \
    rc-db-lock name -- bash -c 'echo "$RC_RUN_ID"; ls -l /proc/$$/fd'
  [ "${lines[0]}" = 01890a5d-ac96-774b-bcce-b302099a8057 ]
  [[ $output != *socket:* && $output != *signalfd* && $output != *events* ]]
  [ "$(rc-say '{event} {exit}' "$BATS_TEST_TMPDIR/events")" = $'start null\ndone 0' ]
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/events" | jq -c '.counts | keys, (.waited_ms >= 0)')" = $'["waited_ms"]\ntrue' ]
}

@test "a server that is away is 111, a wrong password 100, and the command is not begun" {
  DATABASE_URL=postgresql://ann@127.0.0.1:1/shop run -111 --separate-stderr rc-db-lock name -- echo run
  [ "$output" = '' ]
  [[ $stderr == 'rc-db-lock: 127.0.0.1:1/shop as ann: '*'Connection refused'* ]]
  run -100 --separate-stderr env -u DATABASE_URL PGHOST="$RC_TEST_SOCKET" PGDATABASE=postgres PGUSER=rc_password PGPASSWORD=wr0ng \
    rc-db-lock name -- echo run
  [ "$output" = '' ]
  [[ $stderr == *'password authentication failed'* && $stderr != *wr0ng* ]]
}

@test "wrong usage is 100 with the usage, and the command is not begun" {
  local arguments message
  while IFS='|' read -r arguments message; do
    eval "set -- $arguments"
    run -100 --separate-stderr rc-db-lock "$@"
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = 'usage: rc-db-lock [--timeout DURATION] NAME -- COMMAND [ARGUMENT ...]' ]
    [ "${stderr_lines[1]}" = "rc-db-lock: $message" ] || { echo "$arguments: $stderr"; return 1; }
  done <<'END'
|a name and, after --, a command are needed
-- echo run|a name and, after --, a command are needed
name|a command is needed after --
name --|a command is needed after --
name echo run|unexpected argument 'echo'; a command stands after --
name echo -- run|unexpected argument 'echo'; a command stands after --
'' -- echo run|the name is empty
$'\xff' -- echo run|the name is not UTF-8
--timeout soon name -- echo run|--timeout takes a duration such as 500ms, 2s or 5m, not 'soon'
--nonsense name -- echo run|unknown option '--nonsense'
END
}
