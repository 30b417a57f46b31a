# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load recotem/helper

setup() { started=(); }

teardown() {
  for pid in "${started[@]}"; do
    if kill -KILL "$pid" 2>/dev/null; then wait "$pid" || :; fi
  done
  [ ! -e "$BATS_TEST_TMPDIR/server/data/postmaster.pid" ] || server stop -m immediate
}

# server ARGUMENT...: pg_ctl for a server of the test's own, in $BATS_TEST_TMPDIR/server, where its socket is, too.
server() {
  local folder=$BATS_TEST_TMPDIR/server as=() bin=$RC_POSTGRES_BIN
  ((EUID)) || as=(setpriv --reuid postgres --regid postgres --init-groups)
  if [ ! -d "$folder" ]; then
    chmod 711 "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
    mkdir "$folder"
    ((EUID)) || chown postgres: "$folder"
    (cd / && "${as[@]}" "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync) \
      >"$BATS_TEST_TMPDIR/initdb.log"
    printf '%s\n' "unix_socket_directories = '$folder'" "listen_addresses = ''" >>"$folder/data/postgresql.conf"
  fi
  (cd / && "${as[@]}" "$bin/pg_ctl" -s -w -D "$folder/data" -l "$folder/log" "$@") 3>&-
}

# with_settings NAME=VALUE... COMMAND...: only these settings, no DATABASE_URL.
with_settings() { env -u DATABASE_URL PGDATABASE=postgres PGUSER=postgres "$@"; }

# The records of $output, as [try,tries,status,sqlstate,wait_s].
tries() { jq -c '[.try, .tries, .status, .sqlstate, .wait_s]' <<<"$output"; }

# Starts a command with its records in a pipe that is open at $records, its stderr in $BATS_TEST_TMPDIR/err; $waiter is its pid.
start() {
  rm -f "$BATS_TEST_TMPDIR/records"
  mkfifo "$BATS_TEST_TMPDIR/records"
  "$@" >"$BATS_TEST_TMPDIR/records" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  waiter=$!
  started+=("$waiter")
  exec {records}<"$BATS_TEST_TMPDIR/records"
}

# The next record of start's command in $record.
next_record() { read -r record <&"$records"; }

# Waits for start's command; its remaining records in $rest, its code in $code.
finish() {
  rest=$(cat <&"$records")
  code=0
  wait "$waiter" || code=$?
  exec {records}<&-
}

# A socket on 127.0.0.1 that takes connections and never says a word; its port in $port.
listen_in_silence() {
  mkfifo "$BATS_TEST_TMPDIR/port"
  perl -MIO::Socket::INET -e '
    $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
    open my $out, ">", $ARGV[0] or die; print $out $s->sockport, "\n"; close $out;
    sleep' "$BATS_TEST_TMPDIR/port" 3>&- &
  started+=($!)
  read -r port <"$BATS_TEST_TMPDIR/port"
}

@test "a database that can be used is reported by one record" {
  run -0 --separate-stderr rc-db-wait
  [ "$stderr" = '' ]
  [ "${#lines[@]}" = 1 ]
  [ "$(jq -c 'keys_unsorted' <<<"$output")" = '["try","tries","status","sqlstate","message","database","ms","wait_s"]' ]
  [ "$(jq -c '[.try, .tries, .status, .sqlstate, .message, .wait_s]' <<<"$output")" = '[1,30,"available",null,null,null]' ]
  [ "$(jq -r .database <<<"$output")" = "$RC_TEST_SOCKET:5432/postgres as postgres" ]
}

@test "a refused port is tried --tries times, a record each, and is then given up with 111 and the last words" {
  export DATABASE_URL=postgresql://ann:s3cret@127.0.0.1:1/shop
  run -111 --separate-stderr rc-db-wait --tries 3 --interval 1ms
  [ "$(tries)" = '[1,3,"unavailable",null,0.001]
[2,3,"unavailable",null,0.001]
[3,3,"unavailable",null,null]' ]
  [[ $stderr == 'rc-db-wait: 127.0.0.1:1/shop as ann: not available after 3 tries in '*' s: connection to server at "127.0.0.1", port 1 failed: Connection refused'* ]]
  [ "${#stderr_lines[@]}" = 1 ]
  [[ $output$stderr != *s3cret* ]]
}

@test "a missing socket is given up with 111" {
  run -111 --separate-stderr with_settings PGHOST="$BATS_TEST_TMPDIR" rc-db-wait --tries 1
  [ "$(tries)" = '[1,1,"unavailable",null,null]' ]
  [[ $stderr == "rc-db-wait: $BATS_TEST_TMPDIR:5432/postgres as postgres: not available after 1 try in "*'No such file or directory'* ]]
}

@test "a host name that does not exist is tried again" {
  run -111 --separate-stderr with_settings PGHOST=no-such-host.invalid rc-db-wait --tries 2 --interval 1ms
  [ "$(tries)" = '[1,2,"unavailable",null,0.001]
[2,2,"unavailable",null,null]' ]
  [[ $stderr == *'could not translate host name "no-such-host.invalid"'* ]]
}

@test "--backoff doubles the interval after each try" {
  export DATABASE_URL=postgresql://ann@127.0.0.1:1/shop
  run -111 --separate-stderr rc-db-wait --tries 6 --interval 1ms --backoff
  [ "$(jq -c .wait_s <<<"$output" | tr '\n' ' ')" = '0.001 0.002 0.004 0.008 0.016 null ' ]
}

@test "durations are seconds, or have a unit" {
  export DATABASE_URL=postgresql://ann@127.0.0.1:1/shop
  while read -r duration seconds; do
    start rc-db-wait --interval "$duration"
    next_record
    [ "$(jq .wait_s <<<"$record")" = "$seconds" ] || { echo "$duration: $record"; return 1; }
    kill -TERM "$waiter"
    finish
    [ "$code" = 143 ]
  done <<'END'
1 1
1s 1
100ms 0.1
1m 60
1.5s 1.5
END
}

@test "a listener that never answers costs --try-timeout a try" {
  listen_in_silence
  export DATABASE_URL=postgresql://ann@127.0.0.1:$port/shop
  run -111 --separate-stderr rc-db-wait --tries 2 --interval 1ms --try-timeout 50ms
  [ "$(jq -c '[.status, .sqlstate, .message, .wait_s, .ms >= 50]' <<<"$output")" = '["unavailable",null,"no answer within 0.05 s",0.001,true]
["unavailable",null,"no answer within 0.05 s",null,true]' ]
  [[ $stderr == "rc-db-wait: 127.0.0.1:$port/shop as ann: not available after 2 tries in "*" s: no answer within 0.05 s" ]]
}

@test "a listener that never answers is passed over where another host is there" {
  listen_in_silence
  run -0 --separate-stderr with_settings PGHOST="127.0.0.1,$RC_TEST_SOCKET" PGPORT="$port,5432" rc-db-wait --tries 1 --try-timeout 2s
  [ "$(tries)" = '[1,1,"available",null,null]' ]
  [ "$(jq -r .database <<<"$output")" = "$RC_TEST_SOCKET:5432/postgres as postgres" ]
}

# A relay from 127.0.0.2:$port to the tests' server, and on 127.0.0.1:$port a socket that never says a word.
listen_twice() {
  mkfifo "$BATS_TEST_TMPDIR/port"
  # shellcheck disable=SC2016 # perl's own
  perl -MIO::Socket::INET -MIO::Socket::UNIX -e '
    $silent = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
    $relay = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.2", LocalPort => $silent->sockport) or die;
    open my $out, ">", $ARGV[0] or die; print $out $silent->sockport, "\n"; close $out;
    while (my $client = $relay->accept) {
      my $server = IO::Socket::UNIX->new(Peer => $ARGV[1]) or die;
      for my $pair ([ $client, $server ], [ $server, $client ]) {
        next if fork;
        while (sysread $pair->[0], my $bytes, 65536) { syswrite $pair->[1], $bytes }
        shutdown $pair->[1], 1;
        exit;
      }
    }' "$BATS_TEST_TMPDIR/port" "$RC_TEST_SOCKET/.s.PGSQL.5432" 3>&- &
  started+=($!)
  read -r port <"$BATS_TEST_TMPDIR/port"
}

@test "of a host name's addresses the first that never answers is passed over in the first try" {
  printf '%s\n' '127.0.0.1 two.example' '127.0.0.2 two.example' >"$BATS_TEST_TMPDIR/hosts"
  # shellcheck disable=SC2016 # the inner shell expands it
  with_hosts=(unshare --mount bash -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' _ "$BATS_TEST_TMPDIR/hosts")
  [ "$("${with_hosts[@]}" getent ahosts two.example 2>/dev/null | grep -c STREAM)" = 2 ] || skip 'no host names of its own can be had'
  listen_twice
  export DATABASE_URL=postgresql://postgres@two.example:$port/postgres
  run -0 --separate-stderr "${with_hosts[@]}" rc-db-wait --tries 1 --try-timeout 300ms
  [ "$(tries)" = '[1,1,"available",null,null]' ]
  [ "$(jq -r .database <<<"$output")" = "two.example:$port/postgres as postgres" ]
  [ "$(jq '.ms >= 300' <<<"$output")" = true ]
  [ "$stderr" = '' ]

  # All other filters have the limit of connect_timeout for each address, as psql has it.
  echo 'select 1 as id' >"$BATS_TEST_TMPDIR/query.sql"
  DATABASE_URL="$DATABASE_URL?connect_timeout=1" run -0 --separate-stderr "${with_hosts[@]}" rc-db-rows -n "$BATS_TEST_TMPDIR/query.sql"
  [ "$output" = '{"id":1}' ]
  [ "$stderr" = '' ]
}

@test "a query that takes too long costs --try-timeout a try" {
  run -111 --separate-stderr rc-db-wait --tries 1 --try-timeout 200ms --sql "select pg_sleep(60) is not null"
  [ "$(jq -c '[.status, .sqlstate, .message]' <<<"$output")" = '["unavailable",null,"no answer to the query in time"]' ]
}

@test "--timeout ends it, however many tries are left" {
  export DATABASE_URL=postgresql://ann@127.0.0.1:1/shop
  run -111 --separate-stderr rc-db-wait --tries 1000000 --interval 20ms --timeout 100ms
  [ "$(tail -n 1 <<<"$output" | jq -c '[.status, .wait_s]')" = '["unavailable",null]' ]
  [ "${#lines[@]}" -lt 20 ]
  [[ $stderr == 'rc-db-wait: 127.0.0.1:1/shop as ann: not available after '*' tries in 0 s: '* ]]
}

@test "--timeout cuts a try off too" {
  listen_in_silence
  export DATABASE_URL=postgresql://ann@127.0.0.1:$port/shop
  run -111 --separate-stderr rc-db-wait --try-timeout 10m --timeout 100ms
  [ "$(jq -c '[.try, .status, .wait_s]' <<<"$output")" = '[1,"unavailable",null]' ]
}

@test "a wrong password ends it at once with 100" {
  run -100 --separate-stderr with_settings PGHOST="$RC_TEST_SOCKET" PGUSER=rc_password PGPASSWORD=wr0ng rc-db-wait --tries 5
  [ "$(tries)" = '[1,5,"refused","28P01",null]' ]
  [[ $stderr == "rc-db-wait: $RC_TEST_SOCKET:5432/postgres as rc_password: "*'password authentication failed for user "rc_password"'* ]]
  [[ $output$stderr != *wr0ng* ]]
}

@test "an unknown role ends it at once with 100" {
  run -100 --separate-stderr with_settings PGHOST="$RC_TEST_SOCKET" PGUSER=rc_absent rc-db-wait --tries 5
  [ "$(tries)" = '[1,5,"refused","28000",null]' ]
  [[ $stderr == *'role "rc_absent" does not exist'* ]]
}

@test "a password that is asked for and not given ends it at once with 100" {
  run -100 --separate-stderr with_settings PGHOST="$RC_TEST_SOCKET" PGUSER=rc_password PGPASSFILE=/dev/null rc-db-wait --tries 5
  [ "$(tries)" = '[1,5,"refused","28P01",null]' ]
  [[ $stderr == *'no password supplied'* ]]
}

@test "--keep-trying goes on after a wrong password, an unknown role, no password" {
  local expected='[1,2,"unavailable","%s",0.001]
[2,2,"unavailable","%s",null]'

  run -111 --separate-stderr with_settings PGHOST="$RC_TEST_SOCKET" PGUSER=rc_password PGPASSWORD=wr0ng \
    rc-db-wait --tries 2 --interval 1ms --keep-trying
  [ "$(tries)" = "${expected//%s/28P01}" ]
  [[ $stderr == *'not available after 2 tries'*'password authentication failed for user "rc_password"'* ]]
  run -111 --separate-stderr with_settings PGHOST="$RC_TEST_SOCKET" PGUSER=rc_absent rc-db-wait --tries 2 --interval 1ms --keep-trying
  [ "$(tries)" = "${expected//%s/28000}" ]
  run -111 --separate-stderr with_settings PGHOST="$RC_TEST_SOCKET" PGUSER=rc_password PGPASSFILE=/dev/null \
    rc-db-wait --tries 2 --interval 1ms --keep-trying
  [ "$(tries)" = "${expected//%s/28P01}" ]
}

@test "the right password with every special character is taken, from PGPASSWORD and from the URL" {
  run -0 --separate-stderr with_settings PGHOST="$RC_TEST_SOCKET" PGUSER=rc_password PGPASSWORD="$RC_TEST_PASSWORD" rc-db-wait --tries 1
  [ "$stderr" = '' ]
  local password
  password=$(jq -nr --arg p "$RC_TEST_PASSWORD" '$p | @uri')
  DATABASE_URL="postgresql://rc_password:$password@/postgres?host=$RC_TEST_SOCKET" run -0 --separate-stderr rc-db-wait --tries 1
  [ "$stderr" = '' ]
  [ "$(jq -r .database <<<"$output")" = "$RC_TEST_SOCKET:5432/postgres as rc_password" ]
}

@test "a missing database is waited for, and found once it has been made" {
  local name=later_$RANDOM$RANDOM
  start env DATABASE_URL="${RC_TEST_SERVER/'/postgres?'//$name?}" rc-db-wait --tries 100000 --interval 20ms
  next_record
  [ "$(jq -c '[.try, .status, .sqlstate, .wait_s]' <<<"$record")" = '[1,"unavailable","3D000",0.02]' ]
  sql "create database $name"
  finish
  [ "$code" = 0 ]
  [ "$(tail -n 1 <<<"$rest" | jq -c '[.status, .sqlstate]')" = '["available",null]' ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
}

@test "a server that comes up meanwhile is found" {
  export PGHOST=$BATS_TEST_TMPDIR PGDATABASE=postgres PGUSER=postgres
  start env -u DATABASE_URL rc-db-wait --tries 100000 --interval 20ms
  next_record
  [ "$(jq -r .status <<<"$record")" = unavailable ]
  ln -s "$RC_TEST_SOCKET/.s.PGSQL.5432" "$PGHOST/.s.PGSQL.5432"
  finish
  [ "$code" = 0 ]
  [ "$(tail -n 1 <<<"$rest" | jq -r .status)" = available ]
}

@test "--sql is waited for until it gives true" {
  new_database
  sql 'create table ready (yes boolean)'
  start rc-db-wait --tries 100000 --interval 20ms --sql 'select yes from ready'
  next_record
  [ "$(jq -c '[.status, .message]' <<<"$record")" = '["unavailable","the query does not give true yet"]' ]
  sql 'insert into ready values (false)'
  next_record
  [ "$(jq -r .status <<<"$record")" = unavailable ]
  sql 'update ready set yes = true'
  finish
  [ "$code" = 0 ]
  [ "$(tail -n 1 <<<"$rest" | jq -r .status)" = available ]
}

@test "--sql may name a table that appears later" {
  new_database
  start rc-db-wait --tries 100000 --interval 20ms --sql 'select count(*) = 0 from migrated'
  next_record
  [ "$(jq -c '[.status, .sqlstate, .message]' <<<"$record")" = '["unavailable","42P01","the query failed: relation \"migrated\" does not exist"]' ]
  sql 'create table migrated ()'
  finish
  [ "$code" = 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
}

@test "--sql with a fault in its syntax is refused at once" {
  run -100 --separate-stderr rc-db-wait --tries 5 --sql 'selekt true'
  [ "$(tries)" = '[1,5,"refused","42601",null]' ]
  [ "$stderr" = "rc-db-wait: $RC_TEST_SOCKET:5432/postgres as postgres: the query failed: syntax error at or near \"selekt\"" ]
}

@test "--sql that gives null, no row, or something else than true is not true" {
  local query
  for query in 'select null::boolean' 'select true where false' 'select 1' 'begin'; do
    run -111 --separate-stderr rc-db-wait --tries 1 --sql "$query"
    [ "$(jq -r .message <<<"$output")" = 'the query does not give true yet' ] || { echo "$query: $output"; return 1; }
  done
}

@test "of several hosts the first one that answers is taken" {
  run -0 --separate-stderr with_settings PGHOST="127.0.0.1,$RC_TEST_SOCKET" PGPORT=1,5432 rc-db-wait --tries 1
  [ "$(jq -r .database <<<"$output")" = "$RC_TEST_SOCKET:5432/postgres as postgres" ]
  DATABASE_URL="postgresql://postgres@127.0.0.1:1,$(jq -nr --arg s "$RC_TEST_SOCKET" '$s | @uri'):5432/postgres" \
    run -0 --separate-stderr rc-db-wait --tries 1
  [ "$(jq -r .database <<<"$output")" = "$RC_TEST_SOCKET:5432/postgres as postgres" ]
}

@test "target_session_attrs is waited for" {
  new_database
  run -111 --separate-stderr env DATABASE_URL="$DATABASE_URL&target_session_attrs=standby" rc-db-wait --tries 1
  [ "$(tries)" = '[1,1,"unavailable",null,null]' ]
  [[ $stderr == *'server is not in hot standby mode' ]]
  run -0 --separate-stderr env DATABASE_URL="$DATABASE_URL&target_session_attrs=read-write" rc-db-wait --tries 1

  start env DATABASE_URL="$DATABASE_URL&target_session_attrs=read-only" rc-db-wait --tries 100000 --interval 20ms
  next_record
  [ "$(jq -r .status <<<"$record")" = unavailable ]
  sql "alter database $(sql 'select current_database()') set default_transaction_read_only = on"
  finish
  [ "$code" = 0 ]
}

@test "a fault in the settings is refused at once" {
  run -100 --separate-stderr with_settings PGHOST="$RC_TEST_SOCKET" PGSSLMODE=perhaps rc-db-wait --tries 5
  [ "$(tries)" = '[1,5,"refused",null,null]' ]
  [[ $stderr == *'invalid sslmode value: "perhaps"'* ]]
  run -100 --separate-stderr env DATABASE_URL="$RC_TEST_SERVER&target_session_attrs=perhaps" rc-db-wait --tries 5
  [[ $stderr == *'invalid target_session_attrs value: "perhaps"' ]]
  run -100 --separate-stderr env DATABASE_URL=mysql://x/y rc-db-wait --tries 5
  [ "$output" = '' ]
  [ "$stderr" = "rc-db-wait: DATABASE_URL: the scheme is not one of PostgreSQL's (postgres, postgresql, psql, pgsql, postgis)" ]
}

# ---- TLS ----

# A certificate for NAME, signed by itself: $BATS_TEST_TMPDIR/NAME.crt and .key.
make_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
    -keyout "$BATS_TEST_TMPDIR/$1.key" -out "$BATS_TEST_TMPDIR/$1.crt" 2>/dev/null
}

# A server of the test's own with TLS, as right.example and on 127.0.0.1:$port.
start_tls_server() {
  port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
  make_certificate right.example
  server start
  cp "$BATS_TEST_TMPDIR"/right.example.* "$BATS_TEST_TMPDIR/server/data"
  ((EUID)) || chown postgres: "$BATS_TEST_TMPDIR"/server/data/right.example.*
  chmod 600 "$BATS_TEST_TMPDIR"/server/data/right.example.key
  printf '%s\n' 'ssl = on' "ssl_cert_file = 'right.example.crt'" "ssl_key_file = 'right.example.key'" "listen_addresses = '127.0.0.1'" \
    "port = $port" >>"$BATS_TEST_TMPDIR/server/data/postgresql.conf"
  server restart
}

@test "TLS that can't work is refused at once with its cause, by every filter" {
  start_tls_server
  make_certificate wrong.example
  chmod 644 "$BATS_TEST_TMPDIR/wrong.example.key"
  echo 'select 1 as id' >"$BATS_TEST_TMPDIR/query.sql"
  local here=hostaddr=127.0.0.1 parameters words
  while IFS='|' read -r parameters words; do
    export DATABASE_URL="postgresql://postgres@$parameters"
    run -100 --separate-stderr rc-db-wait --tries 5
    [ "$(tries)" = '[1,5,"refused",null,null]' ] || { echo "$parameters: $output"; return 1; }
    [[ $stderr == *"$words"* ]] || { echo "$parameters: $stderr"; return 1; }
    run -100 --separate-stderr rc-db-rows -n "$BATS_TEST_TMPDIR/query.sql"
    [[ $stderr == *"$words"* ]]
  done <<END
right.example:$port/postgres?$here&sslmode=verify-full&sslrootcert=/absent|root certificate file "/absent" does not exist
right.example:$port/postgres?$here&sslmode=verify-full&sslrootcert=$BATS_TEST_TMPDIR/wrong.example.crt|certificate verify failed
other.example:$port/postgres?$here&sslmode=verify-full&sslrootcert=$BATS_TEST_TMPDIR/right.example.crt|does not match host name "other.example"
right.example:$port/postgres?$here&sslmode=require&sslcert=$BATS_TEST_TMPDIR/wrong.example.crt&sslkey=$BATS_TEST_TMPDIR/wrong.example.key|has group or world access
END
  DATABASE_URL="postgresql://postgres@right.example:$port/postgres?$here&sslmode=verify-full&sslrootcert=$BATS_TEST_TMPDIR/right.example.crt" \
    run -0 --separate-stderr rc-db-wait --tries 1
  [ "$stderr" = '' ]
}

# libpq 15 does not know require_auth, and that is refused, too (url.bats).
@test "a login that is not as require_auth or channel_binding wants it is refused at once" {
  local parameter
  for parameter in require_auth=scram-sha-256 'channel_binding=require&password=x'; do
    DATABASE_URL="postgresql://rc_password@/postgres?host=$RC_TEST_SOCKET&$parameter"
    [ "$parameter" != require_auth=scram-sha-256 ] || DATABASE_URL=${DATABASE_URL/rc_password/postgres}
    run -100 --separate-stderr rc-db-wait --tries 5
    [[ $stderr == *require_auth* || $stderr == *'authentication method requirement "scram-sha-256" failed'* || $stderr == *'channel binding'* ]]
    [[ ! $output || $(tries) == '[1,5,"refused",null,null]' ]]
  done
}

@test "a server that goes away in the middle of a TLS login is tried again" {
  mkfifo "$BATS_TEST_TMPDIR/port"
  # shellcheck disable=SC2016 # perl's own
  perl -MIO::Socket::INET -e '
    $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
    open my $out, ">", $ARGV[0] or die; print $out $s->sockport, "\n"; close $out;
    while (my $client = $s->accept) { sysread $client, my $bytes, 8; syswrite $client, "S"; sysread $client, $bytes, 1000; close $client }' \
    "$BATS_TEST_TMPDIR/port" 3>&- &
  started+=($!)
  read -r port <"$BATS_TEST_TMPDIR/port"
  DATABASE_URL="postgresql://ann@127.0.0.1:$port/shop?sslmode=require" run -111 --separate-stderr rc-db-wait --tries 2 --interval 1ms
  [ "$(tries)" = '[1,2,"unavailable",null,0.001]
[2,2,"unavailable",null,null]' ]
}

@test "TERM ends it while it waits between two tries" {
  export DATABASE_URL=postgresql://ann@127.0.0.1:1/shop
  start rc-db-wait --interval 10m
  next_record
  kill -TERM "$waiter"
  finish
  [ "$code" = 143 ]
  [ "$rest" = '' ]
}

@test "TERM ends it while it waits for an answer" {
  listen_in_silence
  export DATABASE_URL=postgresql://ann@127.0.0.1:$port/shop
  start rc-db-wait --try-timeout 10m
  until grep -q ":$(printf %04X "$port") 01 " /proc/net/tcp; do sleep 0.01; done # it is connected
  kill -TERM "$waiter"
  finish
  [ "$code" = 143 ]
  [ "$rest" = '' ]
}

@test "TERM ends it as the first process of a container, too" {
  unshare --pid --fork --mount-proc true 2>/dev/null || skip 'no process numbers of its own can be had'
  export DATABASE_URL=postgresql://ann@127.0.0.1:1/shop
  start unshare --pid --fork --mount-proc --kill-child rc-db-wait --interval 10m
  next_record
  kill -TERM "$(pgrep -P "$waiter")"
  finish
  [ "$code" = 143 ]
}

@test "a reader that leaves ends it quietly" {
  export DATABASE_URL=postgresql://ann@127.0.0.1:1/shop
  start rc-db-wait --tries 100000 --interval 5ms
  next_record
  exec {records}<&-
  code=0
  wait "$waiter" || code=$?
  [ "$code" = 141 ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
}

@test "wrong usage is 100 with the usage and no record" {
  local message
  while IFS='|' read -r arguments message; do
    # shellcheck disable=SC2086 # several words
    run -100 --separate-stderr rc-db-wait $arguments
    [ "$output" = '' ]
    [[ ${stderr_lines[0]} == 'usage: rc-db-wait [--tries N] '* ]]
    [ "${stderr_lines[1]}" = "rc-db-wait: $message" ] || { echo "$arguments: $stderr"; return 1; }
  done <<'END'
--tries 0|--tries takes a whole number from 1 to 1000000, not '0'
--tries x|--tries takes a whole number from 1 to 1000000, not 'x'
--tries 1.5|--tries takes a whole number from 1 to 1000000, not '1.5'
--tries|option '--tries' needs an argument
--interval 2x|--interval takes a duration such as 500ms, 2s or 5m, not '2x'
--interval -1s|--interval takes a duration such as 500ms, 2s or 5m, not '-1s'
--interval s|--interval takes a duration such as 500ms, 2s or 5m, not 's'
--interval 1.5.2|--interval takes a duration such as 500ms, 2s or 5m, not '1.5.2'
--timeout soon|--timeout takes a duration such as 500ms, 2s or 5m, not 'soon'
--try-timeout 0|--try-timeout must be more than 0
--nonsense|unknown option '--nonsense'
database|unexpected argument 'database'; a command stands after --
database -- echo run|unexpected argument 'database'; a command stands after --
--stable 0|--stable takes a whole number from 1 to 1000, not '0'
--stable 1001|--stable takes a whole number from 1 to 1000, not '1001'
--stable 31|--stable must not be more than --tries (30)
--stable 2 --tries 1|--stable must not be more than --tries (1)
--migrations|option '--migrations' needs an argument
END
}

# ---- --stable ----

@test "--stable wants so many good tries in a row, and the others are settling" {
  run -0 --separate-stderr rc-db-wait --tries 5 --interval 1ms --stable 3
  [ "$(jq -c '[.try, .status, .message, .wait_s]' <<<"$output")" = '[1,"settling","1 of 3 tries in a row were good",0.001]
[2,"settling","2 of 3 tries in a row were good",0.001]
[3,"available",null,null]' ]
  [ "$stderr" = '' ]
}

@test "a server that was started anew between two good tries begins the count anew" {
  server start
  export PGHOST=$BATS_TEST_TMPDIR/server PGDATABASE=postgres PGUSER=postgres
  start env -u DATABASE_URL rc-db-wait --stable 2 --interval 1s
  next_record
  [ "$(jq -c '[.try, .status]' <<<"$record")" = '[1,"settling"]' ]
  kill -STOP "$waiter" # it sees nothing of the restart
  server restart -m fast
  kill -CONT "$waiter"
  finish
  [ "$code" = 0 ]
  [ "$(jq -c '[.try, .status, .message]' <<<"$rest")" = '[2,"settling","1 of 2 tries in a row were good"]
[3,"available",null]' ]
}

@test "a failed try between good ones begins the count anew" {
  new_database
  sql 'create sequence tries'
  run -0 --separate-stderr rc-db-wait --tries 9 --interval 1ms --stable 2 --sql "select nextval('tries') not in (2, 4)"
  [ "$(jq -c '[.try, .status]' <<<"$output" | tr '\n' ' ')" = \
    '[1,"settling"] [2,"unavailable"] [3,"settling"] [4,"unavailable"] [5,"settling"] [6,"available"] ' ]
}

@test "tries that end while it settles are given up with 111" {
  new_database
  sql 'create sequence tries'
  run -111 --separate-stderr rc-db-wait --tries 3 --interval 1ms --stable 3 --sql "select nextval('tries') > 1"
  [ "$(tries)" = '[1,3,"unavailable",null,0.001]
[2,3,"settling",null,0.001]
[3,3,"settling",null,null]' ]
  [[ $stderr == *': not available after 3 tries in 0 s: 2 of 3 tries in a row were good' ]]
}

# ---- --migrations ----

# Marks a migration as applied.
apply() { sql "insert into django_migrations (app, name, applied) values ('$1', '$2', now())"; }

@test "--migrations waits until each stands in django_migrations, and says how many are missing and the first of the file" {
  new_database
  apply api 0001_initial
  apply auth 0002_b
  printf '{"app":"%s","name":"%s"}\n' api 0001_initial zoo 0001_z api 0002_b >"$BATS_TEST_TMPDIR/migrations"
  start rc-db-wait --tries 100000 --interval 20ms --migrations "$BATS_TEST_TMPDIR/migrations"
  next_record
  [ "$(jq -c '[.status, .sqlstate, .message]' <<<"$record")" = '["unavailable",null,"migrations are missing: 2, the first is zoo.0001_z"]' ]
  apply zoo 0001_z
  until [[ $record == *'missing: 1, the first is api.0002_b"'* ]]; do next_record; done
  apply api 0002_b
  finish
  [ "$code" = 0 ]
  [ "$(tail -n 1 <<<"$rest" | jq -c '[.status, .message]')" = '["available",null]' ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
}

@test "--migrations waits for the table, too" {
  new_database
  sql 'alter table django_migrations rename to later'
  echo '{"app":"api","name":"0001_initial"}' >"$BATS_TEST_TMPDIR/migrations"
  start rc-db-wait --tries 100000 --interval 20ms --migrations "$BATS_TEST_TMPDIR/migrations"
  next_record
  [ "$(jq -c '[.status, .sqlstate, .message]' <<<"$record")" = \
    '["unavailable","42P01","the query failed: relation \"django_migrations\" does not exist"]' ]
  sql 'alter table later rename to django_migrations'
  apply api 0001_initial
  finish
  [ "$code" = 0 ]
}

@test "--migrations and --sql are both waited for" {
  new_database
  echo '{"app":"api","name":"0001_initial"}' >"$BATS_TEST_TMPDIR/migrations"
  run -111 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/migrations" --sql 'select false'
  [[ $stderr == *'the query does not give true yet' ]]
  apply api 0001_initial
  run -111 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/migrations" --sql 'select false'
  [[ $stderr == *'the query does not give true yet' ]]
  run -0 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/migrations" --sql 'select true'
}

@test "quotes, backslashes and more in a migration's names are themselves" {
  new_database
  local names=("it's" 'a"b' 'back\slash' "'); drop table django_migrations; --" 'é %s $1') name
  for name in "${names[@]}"; do rc-record-make "app=$name" "name=$name" other:=1; done >"$BATS_TEST_TMPDIR/migrations"
  run -111 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/migrations"
  [[ $stderr == *"migrations are missing: 5, the first is it's.it's" ]]
  psql -XAtq "$DATABASE_URL" -v "one=${names[0]}" -v "two=${names[1]}" -v "three=${names[2]}" -v "four=${names[3]}" -v "five=${names[4]}" <<'END'
insert into django_migrations (app, name, applied)
  select n, n, now() from unnest(array[:'one', :'two', :'three', :'four', :'five']) n
END
  run -0 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/migrations"
  [ "$stderr" = '' ]
}

@test "the app and the name must be of one row" {
  new_database
  apply api 0002_b
  apply zoo 0001_z
  run -111 --separate-stderr rc-db-wait --tries 1 --migrations <(echo '{"app":"api","name":"0001_z"}')
  [[ $stderr == *'migrations are missing: 1, the first is api.0001_z' ]]
}

@test "no migrations in the file are all there, once the table is" {
  new_database
  rc-end >"$BATS_TEST_TMPDIR/none" # an empty list that is whole
  run -0 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/none"
  sql 'drop table django_migrations'
  run -111 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/none"
}

@test "--migrations looks in RC_SCHEMA first" {
  new_database
  sql 'create schema "my ""own"; alter table django_migrations set schema "my ""own"'
  sql "insert into \"my \"\"own\".django_migrations (app, name, applied) values ('api', '0001_initial', now())"
  echo '{"app":"api","name":"0001_initial"}' >"$BATS_TEST_TMPDIR/migrations"
  run -111 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/migrations"
  RC_SCHEMA='my "own' run -0 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/migrations"
  sql 'alter table "my ""own".django_migrations set schema public'
  RC_SCHEMA='my "own' run -0 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/migrations"
}

@test "a bad record of --migrations is refused before the first try" {
  local text message
  while IFS='|' read -r text message; do
    printf '{"app":"a","name":"n"}\n%b' "$text" >"$BATS_TEST_TMPDIR/migrations"
    run -100 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/migrations"
    [ "$output" = '' ]
    [[ $stderr == "rc-db-wait: $BATS_TEST_TMPDIR/migrations:2: "*"$message"* ]] || { echo "$text: $stderr"; return 1; }
  done <<'END'
{"app":"a"}\n|expected a string in the field 'name'
{"name":"n"}\n|expected a string in the field 'app'
{"app":"a","name":1}\n|expected a string in the field 'name'
{"app":"a","name":"\\u0000"}\n|U+0000
{"app":"a","name":"n"}|newline
["a","n"]\n|
END
  run -100 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/none"
  [ "$output" = '' ]
  [[ $stderr == *"$BATS_TEST_TMPDIR/none"*'No such file or directory' ]]
}

# ---- -- COMMAND ----

@test "the command has standard output alone, and the tries are on standard error" {
  run -0 --separate-stderr rc-db-wait --stable 2 --interval 1ms -- echo 'a  b' '' --tries
  [ "$output" = 'a  b  --tries' ]
  [ "$(jq -c '[.try, .status]' <<<"$stderr" | tr '\n' ' ')" = '[1,"settling"] [2,"available"] ' ]
}

@test "the command is the same process, and its status the answer" {
  rc-db-wait -- bash -c 'echo $$ >"$1"; exit 7' _ "$BATS_TEST_TMPDIR/pid" 2>/dev/null 3>&- &
  waiter=$! code=0
  wait "$waiter" || code=$?
  [ "$code" = 7 ]
  [ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$waiter" ]
  run -143 --separate-stderr rc-db-wait -- bash -c 'kill -TERM $$'
}

@test "a signal that is sent to it reaches the command" {
  start rc-db-wait -- bash -c 'trap "echo caught; exit 5" TERM; echo ready; while :; do sleep 0.01; done'
  next_record
  [ "$record" = ready ]
  kill -TERM "$waiter"
  finish
  [ "$code" = 5 ]
  [ "$rest" = caught ]
}

@test "the command's input is untouched, and its environment the caller's without the run" {
  run -0 --separate-stderr rc-db-wait -- cat <<<$'one\ntwo'
  [ "$output" = $'one\ntwo' ]
  RC_RUN_ID=01890a5d-ac96-774b-bcce-b302099a8057 RC_PARENT=$$ OTHER='a b' run -0 --separate-stderr rc-db-wait -- env
  grep -qx 'OTHER=a b' <<<"$output"
  grep -qxF "DATABASE_URL=$DATABASE_URL" <<<"$output"
  run -1 grep -E '^RC_(RUN_ID|PARENT)=' <<<"$output"
}

@test "the command does not end with the process that began the wait" {
  bash -c 'RC_PARENT=$$ rc-db-wait -- bash -c "echo ready; exec sleep 1000" >"$1/out" 2>/dev/null & echo $! >"$1/pid"
    until [ -s "$1/out" ]; do sleep 0.01; done' _ "$BATS_TEST_TMPDIR" 3>&-
  started+=("$(cat "$BATS_TEST_TMPDIR/pid")")
  kill -0 "${started[0]}"
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = ready ]
}

@test "no descriptor of ours is left to the command" {
  echo '{"rc_end":{"v":1}}' >"$BATS_TEST_TMPDIR/migrations"
  new_database
  RC_EVENTS=$BATS_TEST_TMPDIR/events run -0 --separate-stderr rc-db-wait --migrations "$BATS_TEST_TMPDIR/migrations" -- \
    bash -c 'ls -l /proc/$$/fd'
  [[ $output != *socket:* && $output != *migrations* && $output != *events* ]]
  [ "$(rc-say '{event} {exit}' "$BATS_TEST_TMPDIR/events")" = $'start null\ndone 0' ]
}

@test "a command that is not there is 127, one that can't be run 126" {
  run -127 --separate-stderr rc-db-wait -- no-such-command
  [ "$output" = '' ]
  [ "${stderr_lines[-1]}" = 'rc-db-wait: cannot run no-such-command: No such file or directory' ]
  touch "$BATS_TEST_TMPDIR/plain"
  run -126 --separate-stderr rc-db-wait -- "$BATS_TEST_TMPDIR/plain"
  [ "${stderr_lines[-1]}" = "rc-db-wait: cannot run $BATS_TEST_TMPDIR/plain: Permission denied" ]
}

@test "the command is not begun where it gives up or is refused" {
  DATABASE_URL=postgresql://ann@127.0.0.1:1/shop run -111 --separate-stderr rc-db-wait --tries 1 -- echo run
  [ "$output" = '' ]
  [ "$(jq -c .status <<<"${stderr_lines[0]}")" = '"unavailable"' ]
  [[ ${stderr_lines[1]} == 'rc-db-wait: 127.0.0.1:1/shop as ann: not available after 1 try in 0 s: '* ]]
  run -100 --separate-stderr rc-db-wait --sql 'selekt' -- echo run
  [ "$output" = '' ]
}

@test "a -- with nothing behind it is no command" {
  run -0 --separate-stderr rc-db-wait --tries 1 --
  [ "$(jq -r .status <<<"$output")" = available ]
  [ "$stderr" = '' ]
}

@test "--migrations of an empty file is refused: what made the list went wrong" {
  : >"$BATS_TEST_TMPDIR/empty"
  run -100 --separate-stderr rc-db-wait --tries 1 --migrations "$BATS_TEST_TMPDIR/empty" -- echo started
  [ "$output" = '' ]
  [ "$stderr" = "rc-db-wait: $BATS_TEST_TMPDIR/empty: no migrations in it" ]
}
