# Every filter that opens a database and every command behind a PgBouncer: Debian 12's, which knows nothing of prepared statements, and
# Debian 13's, which follows them (from 1.21 on), each parting transactions and parting sessions. They work, and leave nothing in the
# session that the next client gets. The programs are Debian's, unpacked into folders that go with the tests, the newer one with
# the libraries it needs, so that no service is started.
# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load ../recotem/helper
load ../jobs

# unpack FOLDER PACKAGE...: with what apt-get's options in the array apt say; $program is how it is called.
unpack() {
  local folder=$1
  shift
  mkdir -p "$folder"
  (cd "$folder" && apt-get "${apt[@]}" -q download "$@" && for package in *.deb; do dpkg -x "$package" . || exit; done) >>"$BATS_FILE_TMPDIR/log" 2>&1
}

unpack_old() {
  local folder=$BATS_FILE_TMPDIR/old apt=()
  unpack "$folder" pgbouncer "$(apt-cache depends pgbouncer | sed -n 's/^ *|*Depends: \(libc-\?ares2.*\)/\1/p')" libevent-2.1-7 || return 0
  printf 'LD_LIBRARY_PATH=%s exec "%s" "$@"\n' "$(printf '%s' "$folder"/usr/lib/*/)" "$folder/usr/sbin/pgbouncer" >"$folder.run"
}

# Debian 13's needs its own C library.
unpack_new() {
  local folder=$BATS_FILE_TMPDIR/new lists=$BATS_FILE_TMPDIR/apt apt libraries
  mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
  echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main' >"$lists/sources.list"
  : >"$lists/status"
  apt=(-o "Dir::Etc::sourcelist=$lists/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$lists/lists"
    -o "Dir::State::status=$lists/status" -o "Dir::Cache=$lists/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
  timeout 120 apt-get "${apt[@]}" update >>"$BATS_FILE_TMPDIR/log" 2>&1 || return 0
  unpack "$folder" pgbouncer libc6 libevent-2.1-7t64 libcares2 libssl3t64 libsystemd0 libpam0g libcap2 libaudit1 libcap-ng0 libzstd1 libgcc-s1 || return 0
  libraries=$(printf '%s:' "$folder"/usr/lib/*-linux-gnu)
  printf 'exec %s --library-path %s "%s" "$@"\n' "$(printf '%s\n' "$folder"/usr/lib*/ld-linux*.so.* | head -n 1)" "${libraries%:}" "$folder/usr/sbin/pgbouncer" >"$folder.run"
}

# serve VERSION MODE POOL_SIZE NAME
serve() {
  local run=$BATS_FILE_TMPDIR/run-$4 as=()
  mkdir -m 777 "$run"
  printf '%s\n' '[databases]' "* = host=$RC_TEST_SOCKET user=postgres" '[pgbouncer]' "pool_mode = $2" 'auth_type = any' \
    "unix_socket_dir = $run" "logfile = $run/log" "pidfile = $run/pid" "default_pool_size = $3" 'listen_port = 6432' \
    >"$run/pgbouncer.ini"
  ((EUID)) || as=(setpriv --reuid postgres --regid postgres --init-groups)
  "${as[@]}" bash "$BATS_FILE_TMPDIR/$1.run" -q -d "$run/pgbouncer.ini" 3>&-
}

setup_file() {
  unpack_old
  unpack_new
  chmod -R a+rX "$BATS_FILE_TMPDIR"
  local version mode
  for version in old new; do
    [ -s "$BATS_FILE_TMPDIR/$version.run" ] || continue
    bash "$BATS_FILE_TMPDIR/$version.run" --version | sed -n 's/^PgBouncer //p' >"$BATS_FILE_TMPDIR/$version.version"
    serve "$version" transaction 1 "$version-one"
    for mode in transaction session; do serve "$version" "$mode" 10 "$version-$mode"; done
  done
}

teardown_file() {
  local pid
  for pid in "$BATS_FILE_TMPDIR"/run-*/pid; do [ ! -e "$pid" ] || kill "$(cat "$pid")"; done
}

setup() {
  RC_SQL=$(rc_share)/sql/recotem
  export RC_SQL
  cd "$BATS_TEST_TMPDIR" || return
}

# through NAME: DATABASE_URL leads through that one.
through() { DATABASE_URL="postgresql://postgres@/$(psql -XAtq "$direct" -c 'select current_database()')?host=$BATS_FILE_TMPDIR/run-$1&port=6432"; }

need() { # VERSION
  [ -s "$BATS_FILE_TMPDIR/$1.version" ] || skip "PgBouncer ($1) can't be had here: $(tail -n 1 "$BATS_FILE_TMPDIR/log")"
}

fresh() { # VERSION
  need "$1"
  new_database
  direct=$DATABASE_URL
  through "$1-one"
}

# What the filters before have left in the one session that all of them had.
left_behind() {
  sql "select (select count(*) from pg_prepared_statements), (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
    current_setting('search_path'), current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')"
}

one_file_and_several() {
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
  echo "insert into notes (body) select r->>'body' from jsonb_array_elements(\$1) r" >notes.sql
  run -0 --separate-stderr rc-db-apply --batch 2 --max-wal-rate 1TB --max-lag 1s ./notes.sql <<<"$(printf '{"body":"%s"}\n' {v..z})"
  [ "$(sql 'select count(*), count(distinct xmin::text) from notes where body >= $$v$$')" = '5|3' ]
  [ "$(left_behind)" = '0|0|"$user", public|0|0' ]
}

other_filters() {
  alice=$(add_user alice)
  add_project one null
  run -0 --separate-stderr rc-db-wait --tries 1
  run -0 --separate-stderr rc-db-rows user-by-name.sql <<<'{"user":"alice"}
{"user":"alice"}'
  [ "${#lines[@]}" = 2 ]
  run -0 --separate-stderr rc-owner-assign --user alice --owner-sql user-by-name.sql <<<'{"table":"api_project","column":"owner_id","label":"Project"}'
  [ "$(jq -c '[.status, .count]' <<<"$output")" = '["assigned",1]' ]
  [ "$(sql 'select owner_id from api_project')" = "$alice" ]
  add_project two null
  run -0 --separate-stderr rc-owner-assign --user alice --owner-sql user-by-name.sql --batch 1 <<<'{"table":"api_project","column":"owner_id","label":"Project"}'
  [ "$(jq -c '[.status, .count]' <<<"$output")" = '["assigned",1]' ]
  run -0 --separate-stderr rc-db-lock name -- echo held
  [ "$output" = held ]
  [ "$(left_behind)" = '0|0|"$user", public|0|0' ]
}

a_poolers_session() {
  [ "$(sql 'select pg_backend_pid()')" = "$(sql 'select pg_backend_pid()')" ]
  [ "$(psql -XAtq "$direct" -c 'select pg_backend_pid()')" != "$(psql -XAtq "$direct" -c 'select pg_backend_pid()')" ]
}

@test "one file, several files, refusals and dry runs of rc-db-apply" { fresh old && one_file_and_several; }
@test "the same, 1.21 or later" { fresh new && one_file_and_several; }
@test "the other filters" { fresh old && other_filters; }
@test "the other filters, 1.21 or later" { fresh new && other_filters; }
@test "the session was a pooler's" { fresh old && a_poolers_session; }
@test "the session was a pooler's, 1.21 or later" { fresh new && a_poolers_session; }

@test "both kinds are there: one before prepared statements were followed, one after" {
  need old
  need new
  [[ $(cat "$BATS_FILE_TMPDIR/old.version") == 1.1[0-9].* ]]
  [[ $(cat "$BATS_FILE_TMPDIR/new.version") == 1.2[1-9].* ]]
}

# ---- every command ----

# The databases of all products, through the PgBouncer NAME: their URLs are in the files PRODUCT.url.
make_databases() {
  local file product
  new_database
  add_outbox
  alice=$(add_user alice)
  add_project one "$alice"
  add_project unowned null
  add_api_key old 1 "$alice" >/dev/null
  direct=$DATABASE_URL
  through "$1"
  echo "$DATABASE_URL" >default.url
  for file in "$RC_TEST_FOLDER"/*/example.bash; do
    product=${file%/*} product=${product##*/}
    # shellcheck source=/dev/null
    (. "$file" && direct=$DATABASE_URL && through "$1" && echo "$DATABASE_URL" >"$product.url")
  done
}

# Runs the example of each command, and then, the last first, without --dry-run.
run_all() { # NAME COMMAND...
  local command arguments failed='' pass url
  local commands=("${@:2}")
  make_databases "$1"
  export SECRET_KEY=k RC_WAIT_TRIES=1 HOME=$BATS_TEST_TMPDIR
  [[ $1 != *-session ]] || export RC_POOLER=session
  for pass in dry real; do
    for command in "${commands[@]}"; do
      url=${command%%-*}.url
      [ -e "$url" ] || url=default.url
      "$command" --describe >described
      jq -j '.example_input // empty' described >input
      mapfile -t arguments < <(jq -r --arg pass "$pass" '.example[] | select($pass == "dry" or . != "--dry-run")' described)
      [ "$pass" = dry ] || jq -e '.example | index("--dry-run")' described >/dev/null || continue
      [ "$pass" = dry ] || ! only_dry_here "$command" || continue
      export RC_CONFIRM # what destroys something is meant
      RC_CONFIRM=$(psql -XAtq "$(cat "$url")" -c 'select current_database()')
      DATABASE_URL=$(cat "$url") run --separate-stderr timeout 60 "$command" "${arguments[@]}" <input
      # What needs a session of its own says so; it works where the pooler parts sessions, and is told that.
      [[ $1 == *-transaction && $status =~ ^(1|100)$ && $stderr == *': there is a pooler in the way, '*'set RC_POOLER=session'* ]] ||
        [ "$status" = 0 ] || failed+="$command ${arguments[*]}: $status $stderr"$'\n'
    done
    mapfile -t commands < <(printf '%s\n' "${commands[@]}" | tac)
  done
  [ "$failed" = '' ] || { printf '%s' "$failed"; return 1; }
}

all_commands() {
  (cd "$RC_TEST_FOLDER/../bin" && printf '%s\n' *-*)
  filters
}

every_command() { # VERSION MODE
  need "$1"
  local commands
  mapfile -t commands < <(all_commands)
  run_all "$1-$2" "${commands[@]}"
}

@test "every command, transactions parted" { every_command old transaction; }
@test "every command, transactions parted, 1.21 or later" { every_command new transaction; }
@test "every command, sessions parted" { every_command old session; }
@test "every command, sessions parted, 1.21 or later" { every_command new session; }

# rc-run's lock in the database: refused where transactions are parted, had where sessions are or the server's own address is given.
run_with_lock() { # VERSION
  need "$1"
  new_database
  direct=$DATABASE_URL
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
  through "$1-transaction"
  run -100 --separate-stderr rc-run --lock database n -- echo never
  [ "$output" = '' ]
  [[ $stderr == *'there is a pooler before the database: name a direct address in RC_LOCK_URL, or set RC_POOLER=session'* ]]
  RC_LOCK_URL=$direct run -0 --separate-stderr rc-run --lock database n -- sh -c 'echo "$DATABASE_URL"'
  [ "$output" = "$DATABASE_URL" ]
  through "$1-session"
  run -100 --separate-stderr rc-run --lock database n -- echo never
  [ "$output" = '' ]
  RC_POOLER=session run -7 --separate-stderr rc-run --lock database n -- rc-run --lock database --skip-exit 7 n -- echo never
  [ "$output" = '' ]
  RC_POOLER=session run -0 --separate-stderr rc-run --lock database n -- echo held
  [ "$output" = held ]
}

@test "rc-run's lock, both modes" { run_with_lock old; }
@test "rc-run's lock, both modes, 1.21 or later" { run_with_lock new; }

@test "no statement is prepared, run or ended in SQL, as the server's log has it" {
  need old
  local log=$RC_TEST_SOCKET/server.log before
  psql -XAtq "$RC_TEST_SERVER" -c "alter system set log_statement = 'all'" -c 'select pg_reload_conf()'
  before=$(wc -l <"$log")
  every_command old session
  psql -XAtq "$RC_TEST_SERVER" -c 'alter system reset log_statement' -c 'select pg_reload_conf()'
  tail -n +"$before" "$log" | grep -iE 'LOG: +(statement|execute)' >statements
  [ "$(wc -l <statements)" -gt 100 ]
  # pg_dump, which timetracker-db-backup starts, does so in its one transaction
  run ! grep -iE 'statement: *(prepare|execute|deallocate)\b' <(grep -vE 'statement: (PREPARE|EXECUTE) (get|dump)[A-Z][A-Za-z]*\(' statements)
}
