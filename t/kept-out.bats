# What the database keeps out or hides: no command of any product says that it did what is not there, or that all is well with
# rows that it can't see.
#
# Every command of bin/, found by a loop; arguments and input are those of --describe, without --dry-run.
# t/recotem/recotem-kept-out.bats has the words of each message.

# long: every command
load recotem/helper
load jobs

setup_file() {
  new_database
  add_outbox
  local alice file product commands
  alice=$(add_user alice)
  add_project one "$alice"
  add_project unowned null
  add_api_key old 1 "$alice" >/dev/null
  old_jobs
  echo "$DATABASE_URL" >"$BATS_FILE_TMPDIR/default.url"
  for file in "$RC_TEST_FOLDER"/*/example.bash; do
    product=${file%/*} product=${product##*/}
    # shellcheck source=/dev/null
    (. "$file" && { [ "$product" != timetracker ] || old_jobs; } && echo "$DATABASE_URL" >"$BATS_FILE_TMPDIR/$product.url")
  done
  psql -XAtq "$RC_TEST_SERVER" -c 'create role rc_blind login' -c 'grant pg_monitor to rc_blind'
  each_database prepare
  mapfile -t commands < <(cd "$RC_TEST_FOLDER/../bin" && ls)
  mkdir "$BATS_FILE_TMPDIR/contracts"
  read_contracts "$BATS_FILE_TMPDIR/contracts" "${commands[@]}"
  sed -i '/^--dry-run$/d' "$BATS_FILE_TMPDIR"/contracts/*.example
}

teardown_file() {
  local file name
  for file in "$BATS_FILE_TMPDIR"/*.url; do
    name=$(sed 's,.*/\([^/?]*\)?.*,\1,' "$file")
    psql -XAtq "$RC_TEST_SERVER" -c "drop database $name with (force)"
  done
  psql -XAtq "$RC_TEST_SERVER" -c 'drop role rc_blind'
}

setup() {
  RC_SQL=$(rc_share)/sql/recotem
  export RC_SQL SECRET_KEY=k RC_WAIT_TRIES=1 HOME=$BATS_TEST_TMPDIR
  problems=$BATS_TEST_TMPDIR/problems
  : >"$problems"
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() { [ ! -s "$problems" ] || cat "$problems" >&2; }

# Jobs that are done, have failed, and are due, for what works on them.
old_jobs() {
  add_jobs 3
  sql "update outbox_job set status = (array['DONE', 'FAILED', 'PENDING'])[id], updated_at = now() - interval '31 days'"
}

each_database() { # COMMAND...
  local file
  for file in "$BATS_FILE_TMPDIR"/*.url; do DATABASE_URL=$(cat "$file") "$@"; done
}

# on_each_table SQL...: each with & for the table.
on_each_table() {
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -v "all=$(printf '%s;' "$@")" <<'END'
select replace(:'all', '&', c.oid::regclass::text) from pg_class c
  where c.relkind = 'r' and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)' \gexec
END
}

# The role rc_blind may do all; triggers that are off let no row in, change or go, and policies hide all from it where they are on.
# Both count what they keep, which no rollback takes back.
prepare() {
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<'END'
create sequence public.rc_kept;
create function public.rc_nothing() returns trigger language plpgsql as 'begin perform pg_catalog.nextval(''public.rc_kept''); return null; end';
create function public.rc_hidden() returns boolean language plpgsql as 'begin perform pg_catalog.nextval(''public.rc_kept''); return false; end';
select format('grant usage, create on schema %1$I to rc_blind; grant all on all tables in schema %1$I to rc_blind;
  grant all on all sequences in schema %1$I to rc_blind;', nspname) from pg_namespace where nspname !~ '^(pg_|information_schema)' \gexec
END
  on_each_table 'create trigger aaa_nothing before insert or update or delete on & for each row execute function public.rc_nothing()' \
    'alter table & disable trigger aaa_nothing' 'create policy a_part on & using (public.rc_hidden())'
}

# each_command FUNCTION: calls it for each command with its $arguments, the file $input, and DATABASE_URL.
each_command() {
  local command all
  local -A counts=()
  mapfile -t all < <(cd "$RC_TEST_FOLDER/../bin" && ls)
  for command in "${all[@]}"; do
    input=$BATS_FILE_TMPDIR/contracts/$command.input
    mapfile -t arguments <"$BATS_FILE_TMPDIR/contracts/$command.example"
    DATABASE_URL=$BATS_FILE_TMPDIR/${command%%-*}.url
    [ -e "$DATABASE_URL" ] || DATABASE_URL=$BATS_FILE_TMPDIR/default.url
    read -r DATABASE_URL <"$DATABASE_URL"
    RC_CONFIRM=${DATABASE_URL%%\?*} # what destroys something is meant
    export RC_CONFIRM=${RC_CONFIRM##*/}
    "$1"
  done
}

# answer: runs $command; $code, the files out and err, and whether rows were kept in $kept. The count before it is that after
# the last one in this database.
answer() { # [URL]
  local url=$DATABASE_URL count='select last_value, is_called from public.rc_kept'
  local before=${counts[$url]-$(sql "$count")}
  code=0
  DATABASE_URL=${1-$url} timeout 60 "$command" "${arguments[@]}" <"$input" >out 2>err 3>&- || code=$?
  kept=
  counts[$url]=$(sql "$count")
  [ "${counts[$url]}" = "$before" ] || kept=yes
}

note() {
  printf '%s: %s %s\n' "$command" "$code" "$1" >>"$problems"
  head -n 3 out err >>"$problems"
}


@test "what a trigger keeps out of any table is no success of any command" {
  local told=0
  each_database on_each_table 'alter table & enable trigger aaa_nothing'
  look() {
    answer
    [ "$kept" ] || return 0
    if [ "$code" = 1 ] && [ -s err ]; then told=$((told + 1)); elif [ "$code" = 0 ]; then note 'although rows were kept out'; fi
  }
  each_command look
  each_database on_each_table 'drop trigger if exists aaa_nothing on &'
  [ "$told" -ge 15 ]
  [ ! -s "$problems" ]
}

@test "rows that row level security hides are not taken for rows that are not there, by any command" {
  local told=0
  each_database on_each_table 'alter table & enable row level security'
  look() {
    answer "${DATABASE_URL/postgres@/rc_blind@}"
    [ ! "$kept" ] || note 'has looked at what is hidden in part'
    if [ "$code" = 1 ] && grep -q 'query would be affected by row-level security policy for table "' out err; then told=$((told + 1)); fi
  }
  each_command look
  [ "$told" -ge 25 ]
  [ ! -s "$problems" ]
}
