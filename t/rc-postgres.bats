# shellcheck disable=SC2016,SC2030,SC2031 # inner shells expand; each test has an environment of its own
load recotem/helper

setup() {
  started=()
  mkdir "$BATS_TEST_TMPDIR/tmp"
  chmod 711 "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
  chmod 1777 "$BATS_TEST_TMPDIR/tmp"
  export TMPDIR=$BATS_TEST_TMPDIR/tmp # where the folders of the servers are made
}

teardown() { end_started; }

# Whether nothing is left of any server: neither its folder nor a process that was told it.
nothing_left() {
  local tries=0
  until [ -z "$(ls -A "$TMPDIR")" ] && ! pgrep -f -- "postgres -D $TMPDIR/" >/dev/null; do
    [ $((tries += 1)) -lt 6000 ] || { ls -A "$TMPDIR"; pgrep -af -- "$TMPDIR/"; return 1; }
    sleep 0.02
  done
}

# Starts rc-postgres with a command that tells its own pid and waits; $keeper is its pid, $child that of the command.
start() {
  mkfifo "$BATS_TEST_TMPDIR/ready"
  rc-postgres -- bash -c 'echo $$ >"$0"; exec sleep 1000' "$BATS_TEST_TMPDIR/ready" 3>&- &
  keeper=$!
  started+=("$keeper")
  read -r child <"$BATS_TEST_TMPDIR/ready"
  started+=("$child")
}

@test "the command has a server of its own by DATABASE_URL, and no PG settings" {
  run -0 --separate-stderr env PGHOST=/none PGUSER=nobody PGPASSWORD=x PGDATABASE=none PGSERVICE=none DATABASE_URL_FILE=/none \
    rc-postgres -- bash -c 'env | grep -E "^PG|^DATABASE_URL_FILE"; psql -XAtc "select current_user, current_database(), 1" "$DATABASE_URL"'
  [ "$output" = 'postgres|postgres|1' ]
  [ "$stderr" = '' ]
  nothing_left
}

@test "our own filters find it" {
  run -0 --separate-stderr rc-postgres rc-db-wait --tries 1
  [ "$(jq -r .status <<<"$output")" = available ]
  nothing_left
}

@test "it keeps data as a production server does, and listens on no port" {
  run -0 --separate-stderr rc-postgres -- bash -c 'psql -XAtc "select current_setting(\$\$fsync\$\$), current_setting(\$\$full_page_writes\$\$),
    current_setting(\$\$synchronous_commit\$\$), current_setting(\$\$listen_addresses\$\$), current_setting(\$\$server_encoding\$\$)" "$DATABASE_URL"'
  [ "$output" = 'on|on|on||UTF8' ]
}

@test "--set sets several of the server's settings" {
  run -0 --separate-stderr rc-postgres --set work_mem=1234kB,max_connections=17 -- bash -c \
    'psql -XAtc "select current_setting(\$\$work_mem\$\$), current_setting(\$\$max_connections\$\$)" "$DATABASE_URL"'
  [ "$output" = '1234kB|17' ]
}

@test "--set takes values with commas, and a port, which DATABASE_URL then has" {
  run -0 --separate-stderr rc-postgres --set 'search_path="a b",public,work_mem=1MB,port=54321' -- bash -c \
    'echo "$DATABASE_URL"; psql -XAtc "select current_setting(\$\$search_path\$\$), current_setting(\$\$work_mem\$\$)" "$DATABASE_URL"'
  [[ ${lines[0]} == *@:54321/* ]]
  [ "${lines[1]}" = '"a b",public|1MB' ]
  for wrong in 'port=x' 'nonsense' 'a b=1'; do
    run -2 --separate-stderr rc-postgres --set "$wrong" -- echo not reached
    [ "$output" = '' ]
    [[ ${stderr_lines[1]} == "rc-postgres: error: argument --set: "*"'${wrong#port=}'" ]]
  done
  nothing_left
}

@test "a cluster of the machine on another port changes nothing, and the first psql is the server's own" {
  unset RC_POSTGRES_BIN
  ((EUID == 0)) && unshare -m true 2>/dev/null || skip 'only root can put a cluster beside it'
  cat >"$BATS_TEST_TMPDIR/beside" <<'END'
mkdir -p /etc/postgresql
mount -t tmpfs rc /etc/postgresql
mount -t tmpfs rc /run # its folder of sockets, which Debian's psql looks at, is not on a system where no cluster has run
mkdir /run/postgresql
mkdir -p "/etc/postgresql/$1/other"
printf '%s\n' 'port = 54777' "data_directory = '/etc/postgresql'" >"/etc/postgresql/$1/other/postgresql.conf"
rc-postgres -- bash -c 'for psql in psql /usr/bin/psql; do $psql -XAtc "show port" "$DATABASE_URL"; done; command -v psql'
END
  run -0 --separate-stderr unshare -m bash -e "$BATS_TEST_TMPDIR/beside" "$(psql --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')"
  [ "${lines[0]}|${lines[1]}" = '5432|5432' ]
  [[ ${lines[2]} == /usr/lib/postgresql/*/bin/psql ]]
  nothing_left
}

@test "a setting that the server does not take is 1, with the server's words" {
  run -1 --separate-stderr rc-postgres --set no_such_setting=1 -- echo not reached
  [ "$output" = '' ]
  [[ $stderr == *'no_such_setting'* ]]
  nothing_left
}

@test "the command's exit code is the answer" {
  run -7 --separate-stderr rc-postgres -- bash -c 'exit 7'
  [ "$output$stderr" = '' ]
  nothing_left
}

@test "a command that is not there is 127, one that can't be run 126" {
  run -127 --separate-stderr rc-postgres -- no-such-command
  [ "$output" = '' ]
  [[ $stderr == *no-such-command* ]]
  touch "$BATS_TEST_TMPDIR/plain"
  run -126 --separate-stderr rc-postgres -- "$BATS_TEST_TMPDIR/plain"
  [[ $stderr == *'ermission denied'* ]]
  nothing_left
}

@test "the command's input, output and arguments are its own" {
  run -0 --separate-stderr rc-postgres -- bash -c 'cat; printf "<%s>" "$@"; echo err >&2' _ 'a  b' '' '*' --set <<<'from stdin'
  [ "$output" = 'from stdin
<a  b><><*><--set>' ]
  [ "$stderr" = err ]
}

@test "no command is a wrong usage" {
  run -2 --separate-stderr rc-postgres
  [ "$output" = '' ]
  [ "${stderr_lines[0]}" = 'usage: rc-postgres [--set NAME=VALUE] [--] COMMAND [ARGUMENT ...]' ]
  [ "${stderr_lines[1]}" = 'rc-postgres: error: the following arguments are required: COMMAND' ]
  run -2 --separate-stderr rc-postgres --nonsense true
  [ "$output" = '' ]
}

@test "TERM stops the server and removes its folder" {
  start
  kill -TERM "$keeper"
  code=0
  wait "$keeper" || code=$?
  [ "$code" = 143 ]
  nothing_left
}

@test "kill -9 stops the server and removes its folder" {
  start
  kill -KILL "$keeper"
  code=0
  wait "$keeper" || code=$?
  [ "$code" = 137 ]
  nothing_left
}

@test "a server that does not end when told so is ended all the same, with a process of it that hangs" {
  rc-postgres -- bash -c 'psql -XAtc "select pid from pg_stat_activity where backend_type = \$\$checkpointer\$\$" "$DATABASE_URL" |
    xargs kill -STOP' 3>&-
  nothing_left
}

@test "two at once do not disturb one another" {
  mkfifo "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
  local name
  for name in one two; do
    rc-postgres -- bash -c 'psql -Xqc "create table \"$1\" ()" "$DATABASE_URL"; echo ready >"$0"; read -r _ <"$0"
      psql -XAtc "select relname from pg_class where relnamespace = \$\$public\$\$::regnamespace" "$DATABASE_URL"' \
      "$BATS_TEST_TMPDIR/$name" "$name" >"$BATS_TEST_TMPDIR/$name.out" 3>&- &
    started+=($!)
  done
  read -r _ <"$BATS_TEST_TMPDIR/one"
  read -r _ <"$BATS_TEST_TMPDIR/two"
  [ "$(find "$TMPDIR" -mindepth 1 -maxdepth 1 | wc -l)" = 2 ]
  echo go >"$BATS_TEST_TMPDIR/one"
  wait "${started[0]}"
  [ "$(find "$TMPDIR" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
  echo go >"$BATS_TEST_TMPDIR/two"
  wait "${started[1]}"
  [ "$(cat "$BATS_TEST_TMPDIR/one.out")" = one ]
  [ "$(cat "$BATS_TEST_TMPDIR/two.out")" = two ]
  nothing_left
}

@test "it works for a user who is not root" {
  unset RC_POSTGRES_BIN
  ((EUID == 0)) || skip 'only root can become someone else'
  local command
  command=$(command -v rc-postgres)
  setpriv --reuid nobody --regid nogroup --clear-groups test -x "$command" || skip 'nobody may not reach the tree'
  cd /
  run -0 --separate-stderr env HOME=/nonexistent setpriv --reuid nobody --regid nogroup --clear-groups "$command" -- \
    bash -c 'id -un; psql -XAtc "select 1" "$DATABASE_URL"; stat -c %U "${DATABASE_URL##*host=}"'
  [ "$output" = 'nobody
1
nobody' ]
  [ "$stderr" = '' ]
  nothing_left
}

@test "a folder that can't be written is 1 and says so" {
  TMPDIR=$BATS_TEST_TMPDIR/none run -1 --separate-stderr rc-postgres -- true
  [ "$output" = '' ]
  [[ $stderr == *"$BATS_TEST_TMPDIR/none"* ]]
}

@test "a folder whose name needs quoting" {
  mkdir "$TMPDIR/a b%20é"
  chmod 1777 "$TMPDIR/a b%20é"
  TMPDIR="$TMPDIR/a b%20é" run -0 --separate-stderr rc-postgres -- bash -c 'psql -XAtc "select 1" "$DATABASE_URL"'
  [ "$output" = 1 ]
  rmdir "$TMPDIR/a b%20é"
}

@test "it works by absolute path with nothing in the environment" {
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin TMPDIR="$TMPDIR" "$(command -v rc-postgres)" -- rc-db-wait --tries 1
  [ "$(jq -r .status <<<"$output")" = available ]
}

@test "RC_POSTGRES_BIN leads to another server's programs, and where there are none it says so" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  RC_POSTGRES_BIN=$BATS_TEST_TMPDIR/bin run -1 --separate-stderr rc-postgres -- true
  [ "$stderr" = "rc-postgres: RC_POSTGRES_BIN: no postgres and initdb in $BATS_TEST_TMPDIR/bin" ]
  local server
  server=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  RC_POSTGRES_BIN=$server run -0 --separate-stderr rc-postgres -- sh -c 'echo "$PATH"'
  [[ $output == *"$server"* ]]
  nothing_left
}
