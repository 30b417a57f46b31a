# A role that may create in public: its operators and functions fit better than PostgreSQL's own, and are never run with the
# rights of who calls a command. No one may execute them, so that the server refuses and logs a statement that would, before
# it comes to a row.
#
# Every command of bin/, and every filter that is linked with libpq, found by a loop; arguments and input are those of
# --describe, once as they are and once without --dry-run.

# long: every command
load recotem/helper
load jobs

# What the role makes takes seconds in each database, so there is one: Recotem's tables are in public, those of the other
# products in schemas, which their own url names as their roles do.
setup_file() {
  new_database
  add_outbox
  local alice file product url words
  alice=$(add_user alice)
  add_project one "$alice"
  add_project unowned null
  add_api_key old 1 "$alice" >/dev/null
  psql -XAtq "$RC_TEST_SERVER" -c 'create role rc_mallory login' -c 'create role rc_victim login' -c 'grant pg_monitor to rc_victim'
  url=${DATABASE_URL/postgres@/rc_victim@}
  echo "$url" >"$BATS_FILE_TMPDIR/default.url"
  add_product() {
    local schema
    schema=$(rc_share)/sql/$1/schema.sql
    grep -qi '^create schema' "$schema" || sql "create schema $1; grant usage on schema $1 to rc_mallory"
    PGOPTIONS="-c search_path=$1" psql -XAtq -1 "$DATABASE_URL" -v ON_ERROR_STOP=1 -f "$schema"
  }
  for file in "$RC_TEST_FOLDER"/*/example.bash; do
    product=${file%/*} product=${product##*/}
    # shellcheck source=/dev/null
    (PGOPTIONS="-c search_path=$product,public" && export PGOPTIONS && . "$file")
    echo "$url&options=-csearch_path%3D$product,public" >"$BATS_FILE_TMPDIR/$product.url"
  done
  sql "alter database $(sql 'select current_database()') reset search_path"
  words=$(cat "$(rc_share)"/sql/*/*.sql "$RC_TEST_FOLDER"/../lib/*/*.c "$RC_TEST_FOLDER"/../src/*.c | grep -oE '[a-z_0-9]+' | sort -u | xargs)
  sql 'grant create, usage on schema public to rc_mallory, rc_victim' >/dev/null
  give_all_to_victim
  psql -XAtq -v ON_ERROR_STOP=1 "${DATABASE_URL/postgres@/rc_mallory@}" -v "words=$words" -f "$RC_TEST_FOLDER/hostile-schema.sql" >"$BATS_FILE_TMPDIR/made"
}

# The role whose rights are at stake owns the product's tables and functions, as a product's role does.
give_all_to_victim() {
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<'END'
select format('alter schema %I owner to rc_victim', nspname) from pg_namespace where nspname not like 'pg\_%' and nspname not in ('information_schema', 'public')
union all select format('alter table %s owner to rc_victim', c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where relkind = 'r' and nspname not like 'pg\_%' and nspname <> 'information_schema'
union all select format('alter function %s owner to rc_victim', p.oid::regprocedure) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where nspname not like 'pg\_%' and nspname <> 'information_schema'
union all select format('alter text search %s %I.%I owner to rc_victim', 'configuration', n.nspname, c.cfgname) from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace where nspname <> 'pg_catalog'
union all select format('grant create on database %I to rc_victim', current_database())
\gexec
END
}

teardown_file() {
  psql -XAtq "$RC_TEST_SERVER" -c "drop database $(sed 's,.*/\([^/?]*\)?.*,\1,' "$BATS_FILE_TMPDIR/default.url") with (force)"
  psql -XAtq "$RC_TEST_SERVER" -c 'drop role rc_mallory, rc_victim'
}

setup() {
  RC_SQL=$(rc_share)/sql/recotem
  export RC_SQL SECRET_KEY=k RC_WAIT_TRIES=1 HOME=$BATS_TEST_TMPDIR
  problems=$BATS_TEST_TMPDIR/problems
  : >"$problems"
  exec {log}<"$RC_TEST_SOCKET/server.log" # what comes from here on
  cat <&"$log" >/dev/null
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() { [ ! -s "$problems" ] || cat "$problems" >&2; }

# try COMMAND ARGUMENT...: runs it, and notes where it does not work as it does elsewhere, or the server has logged what it
# should not have run.
try() {
  local code=0
  DATABASE_URL=$BATS_FILE_TMPDIR/${1%%-*}.url
  [ -e "$DATABASE_URL" ] || DATABASE_URL=$BATS_FILE_TMPDIR/default.url
  read -r DATABASE_URL <"$DATABASE_URL"
  RC_CONFIRM=${DATABASE_URL%%\?*} # what destroys something is meant
  RC_CONFIRM=${RC_CONFIRM##*/} timeout 120 "$@" <"$input" >out 2>err 3>&- || code=$?
  grep -E 'permission denied for function|EVIL|operator is not unique|is not unique' <&"$log" >evil || :
  if [ "$code" != 0 ] || [ -s evil ]; then
    printf '%s: %s\n' "$code" "$*" >>"$problems"
    sort -u evil | head -n 4 | cut -c 1-300 >>"$problems"
    head -n 2 err | cut -c 1-300 >>"$problems"
  fi
}

# All commands with --dry-run first, and then, the last first, without: some need what another takes away.
try_all() {
  local command with without again=()
  read_contracts . "$@"
  for command in "$@"; do
    input=$BATS_TEST_TMPDIR/$command.input
    mapfile -t with <"$command.example"
    try "$command" "${with[@]}"
    [[ " ${with[*]} " != *' --dry-run '* ]] || only_dry_here "$command" || again=("$command" "${again[@]}")
  done
  for command in "${again[@]}"; do
    input=$BATS_TEST_TMPDIR/$command.input
    mapfile -t without < <(grep -vx -e --dry-run "$command.example")
    try "$command" "${without[@]}"
  done
  [ ! -s "$problems" ]
}

@test "the hostile role has something to offer, and a careless statement runs it" {
  [ "$(cat "$BATS_FILE_TMPDIR/made")" -gt 10000 ]
  DATABASE_URL=$(cat "$BATS_FILE_TMPDIR/default.url")
  run psql -XAtq "$DATABASE_URL" -c "select username = 'alice'::text from auth_user"
  [[ $output == *'permission denied for function evil_bool'* || $output == *EVIL* ]]
}

@test "no command of bin/ runs what a hostile role has put in public" {
  local commands
  mapfile -t commands < <(cd "$RC_TEST_FOLDER/../bin" && ls)
  try_all "${commands[@]}"
}

@test "no filter runs what a hostile role has put in public" {
  local commands
  mapfile -t commands < <(filters)
  try_all "${commands[@]}"
}

@test "nor does the first start, where there is no user" {
  psql -XAtq "$(cat "$BATS_FILE_TMPDIR/default.url")" -c 'set client_min_messages = warning' -c 'truncate auth_user cascade'
  input=/dev/null
  try recotem-bootstrap
  grep -q 'Create an administrative user' out
  [ ! -s "$problems" ]
}
