# Every filter behind a PgBouncer that parts transactions, with its defaults: it works, and leaves nothing in the session that
# the next client gets.  The program is Debian's, unpacked into a folder that goes with the tests, so that no service is started.
# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load ../recotem/helper

setup_file() {
  local folder=$BATS_FILE_TMPDIR/pgbouncer
  mkdir "$folder"
  (cd "$folder" && apt-get download pgbouncer "$(apt-cache depends pgbouncer | sed -n 's/^ *|*Depends: \(libc-\?ares2.*\)/\1/p')" libevent-2.1-7 &&
    for package in *.deb; do dpkg -x "$package" .; done) >"$BATS_FILE_TMPDIR/log" 2>&1 || return 0
  [ -x "$folder/usr/sbin/pgbouncer" ] || return 0
  chmod -R a+rX "$BATS_FILE_TMPDIR"
  mkdir -m 777 "$BATS_FILE_TMPDIR/run"
  printf '%s\n' '[databases]' "* = host=$RC_TEST_SOCKET user=postgres" '[pgbouncer]' 'pool_mode = transaction' 'auth_type = any' \
    "unix_socket_dir = $BATS_FILE_TMPDIR/run" "logfile = $BATS_FILE_TMPDIR/run/log" "pidfile = $BATS_FILE_TMPDIR/run/pid" \
    'default_pool_size = 1' 'listen_port = 6432' >"$BATS_FILE_TMPDIR/run/pgbouncer.ini"
  local as=()
  ((EUID)) || as=(setpriv --reuid postgres --regid postgres --init-groups)
  export LD_LIBRARY_PATH
  LD_LIBRARY_PATH=$(printf '%s' "$folder"/usr/lib/*/)
  "${as[@]}" "$folder/usr/sbin/pgbouncer" -q -d "$BATS_FILE_TMPDIR/run/pgbouncer.ini" 3>&-
  "${as[@]}" "$folder/usr/sbin/pgbouncer" --version | sed -n 's/^PgBouncer //p' >"$BATS_FILE_TMPDIR/version"
}

teardown_file() { [ ! -e "$BATS_FILE_TMPDIR/run/pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/run/pid")"; }

setup() {
  unset LD_LIBRARY_PATH
  [ -s "$BATS_FILE_TMPDIR/version" ] || skip "PgBouncer can't be had here: $(tail -n 1 "$BATS_FILE_TMPDIR/log")"
  new_database
  direct=$DATABASE_URL
  DATABASE_URL="postgresql://postgres@/$(sql 'select current_database()')?host=$BATS_FILE_TMPDIR/run&port=6432"
  RC_SQL=$(rc_share)/sql/recotem
  export RC_SQL
  cd "$BATS_TEST_TMPDIR" || return
}

# What the filters before have left in the one session that all of them had.
left_behind() {
  sql "select (select count(*) from pg_prepared_statements), (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
    current_setting('search_path'), current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')"
}

@test "one file, several files, refusals and dry runs of rc-db-apply" {
  sql 'create table notes (id int generated always as identity primary key, body text unique)'
  echo "insert into notes (body) values (\$1->>'body') returning id as note" >note.sql
  echo 'select $1 as got' >show.sql
  echo "select 'error' as status, '{}'::json as error where \$1 ? 'bad'" >check.sql
  for round in 1 2; do
    run -0 --separate-stderr rc-db-apply ./note.sql <<<"{\"body\":\"a$round\"}
{\"body\":\"b$round\"}"
    [ "${#lines[@]}" = 2 ]
    [ "$stderr" = '' ]
    run -0 --separate-stderr rc-db-apply ./note.sql ./show.sql <<<"{\"body\":\"c$round\"}
{\"body\":\"d$round\"}"
    [ "${#lines[@]}" = 2 ]
    [ "$stderr" = '' ]
    run -1 rc-db-apply ./check.sql ./note.sql <<<'{"bad":1}'
    run -0 rc-db-apply --dry-run ./note.sql ./show.sql <<<'{"body":"dry"}'
  done
  [ "$(sql 'select count(*) from notes')" = 8 ]
  [ "$(left_behind)" = '0|0|"$user", public|0|0' ]
}

@test "the other filters" {
  alice=$(add_user alice)
  add_project one null
  run -0 --separate-stderr rc-db-wait --tries 1
  run -0 --separate-stderr rc-db-rows user-by-name.sql <<<'{"user":"alice"}
{"user":"alice"}'
  [ "${#lines[@]}" = 2 ]
  run -0 --separate-stderr rc-owner-assign --user alice --owner-sql user-by-name.sql <<<'{"table":"api_project","column":"owner_id","label":"Project"}'
  [ "$(jq -c '[.status, .count]' <<<"$output")" = '["assigned",1]' ]
  [ "$(sql 'select owner_id from api_project')" = "$alice" ]
  run -0 --separate-stderr rc-db-lock name -- echo held
  [ "$output" = held ]
  [ "$(left_behind)" = '0|0|"$user", public|0|0' ]
}

@test "the session was a pooler's" {
  [ "$(sql 'select pg_backend_pid()')" = "$(sql 'select pg_backend_pid()')" ]
  [ "$(psql -XAtq "$direct" -c 'select pg_backend_pid()')" != "$(psql -XAtq "$direct" -c 'select pg_backend_pid()')" ]
}
