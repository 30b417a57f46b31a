# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load helper

setup() { new_database; started=(); }

teardown() { end_started; }

usage='usage: recotem-assign-owners --user NAME [--project-id N] [--dry-run] [--json]'
nothing_to_do='  Project: no unowned records.
  SplitConfig: no unowned records.
  EvaluationConfig: no unowned records.

Owner assignment complete.'

# ---- facts/recotem.md, row by row ----

@test "real run: the lines, 0, and only the owners change" {
  admin=$(add_user admin) other=$(add_user other)
  add_project one null; add_project two null; add_project three null; add_project four "$other"
  add_split null; add_evaluation "$other"
  before=$(owned_rows)
  recotem-assign-owners --user admin >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  printf "  Project: 3 record(s) assigned to 'admin'.\n  SplitConfig: 1 record(s) assigned to 'admin'.\n  EvaluationConfig: no unowned records.\n\nOwner assignment complete.\n" |
    cmp - "$BATS_TEST_TMPDIR/out"
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
  [ "$(owned_rows)" = "$(sed -E 's/"(owner_id|created_by_id)": null/"\1": '"$admin"'/' <<<"$before")" ]
  [ "$(sql "select count(*) from api_project where updated_at <> '2026-01-02 03:04:05.678901+00'")" = 0 ]
}

@test "--dry-run: the lines, 0, nothing changes" {
  add_user admin
  add_project one null; add_project two null; add_project three null; add_split null
  before=$(owned_rows)
  recotem-assign-owners --user admin --dry-run >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  printf "  Project: 3 record(s) would be assigned to 'admin'.\n  SplitConfig: 1 record(s) would be assigned to 'admin'.\n  EvaluationConfig: no unowned records.\n\nDry run complete. No changes made.\n" |
    cmp - "$BATS_TEST_TMPDIR/out"
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
  [ "$(owned_rows)" = "$before" ]
}

@test "nothing to do: the three lines and the same ends, 0" {
  admin=$(add_user admin)
  add_project one "$admin"
  before=$(owned_rows)
  run -0 --separate-stderr recotem-assign-owners --user admin
  [ "$output" = "$nothing_to_do" ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr recotem-assign-owners --user admin --dry-run
  [ "$output" = "${nothing_to_do/Owner assignment complete./Dry run complete. No changes made.}" ]
  [ "$stderr" = '' ]
  [ "$(owned_rows)" = "$before" ]
}

@test "a second run finds nothing to do" {
  add_user admin
  add_project one null; add_evaluation null
  run -0 recotem-assign-owners --user admin
  [ "${lines[2]}" = "  EvaluationConfig: 1 record(s) assigned to 'admin'." ]
  run -0 recotem-assign-owners --user admin
  [ "$output" = "$nothing_to_do" ]
}

@test "no such user: the message, 1, nothing on stdout, nothing changes" {
  add_user admin
  add_project one null
  before=$(owned_rows)
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr recotem-assign-owners --user nobody $dry
    [ "$output" = '' ]
    [ "$stderr" = "recotem-assign-owners: User 'nobody' does not exist." ]
  done
  [ "$(owned_rows)" = "$before" ]
}

@test "no --user: the usage, 2" {
  run -2 --separate-stderr recotem-assign-owners
  [ "$output" = '' ]
  [ "$stderr" = "$usage
recotem-assign-owners: error: the following arguments are required: --user" ]
}

@test "DIFFERENCE: the user has a project of that name: one message, 1, found by --dry-run too, nothing changes anywhere" {
  admin=$(add_user admin)
  add_project same "$admin"; add_project same null; add_split null; add_evaluation null
  before=$(owned_rows)
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr recotem-assign-owners --user admin $dry
    [ "$output" = '' ]
    [[ $stderr == 'recotem-assign-owners: '*unique_project_name_per_owner* ]]
    [ "${#stderr_lines[@]}" = 1 ]
    [[ $stderr == *'{"id": 1}'*'{"id": 2}'* ]]
    [ "$(owned_rows)" = "$before" ]
  done
}

@test "DIFFERENCE: two projects without owner share a name: likewise" {
  add_user admin
  add_project same null; add_project same null; add_split null
  before=$(owned_rows)
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr recotem-assign-owners --user admin $dry
    [ "$output" = '' ]
    [[ $stderr == 'recotem-assign-owners: '*unique_project_name_per_owner* ]]
    [ "${#stderr_lines[@]}" = 1 ]
    [ "$(owned_rows)" = "$before" ]
  done
}

@test "DIFFERENCE: the whole run is one transaction" {
  add_user admin
  add_project one null; add_evaluation null
  sql 'create function refuse() returns trigger language plpgsql as $$ begin raise exception $m$not today$m$; end $$;
    create trigger refuse before update on api_evaluationconfig for each row execute function refuse()'
  before=$(owned_rows)
  run -1 --separate-stderr recotem-assign-owners --user admin
  [ "$output" = '' ]
  [[ $stderr == *'api_evaluationconfig: not today (P0001)' ]]
  [ "$(owned_rows)" = "$before" ]
  [ "$(sql 'select count(distinct xmin) from (select xmin::text from api_project union all select xmin::text from api_splitconfig) x')" = 1 ]
}

# ---- options ----

@test "--project-id takes only that project" {
  admin=$(add_user admin)
  add_project one null; add_project two null; add_split null
  run -0 --separate-stderr recotem-assign-owners --user admin --project-id 2 --dry-run
  [ "$output" = "  Project: 1 record(s) would be assigned to 'admin'.

Dry run complete. No changes made." ]
  run -0 --separate-stderr recotem-assign-owners --user admin --project-id 2
  [ "$output" = "  Project: 1 record(s) assigned to 'admin'.

Owner assignment complete." ]
  [ "$stderr" = '' ]
  [ "$(sql 'select id, owner_id from api_project order by id; select created_by_id from api_splitconfig')" = "$(printf '1|\n2|%s\n' "$admin")" ]
  run -0 --separate-stderr recotem-assign-owners --user admin --project-id 2
  [ "$output" = '  Project: no unowned records.

Owner assignment complete.' ]
}

@test "--project-id takes a number as Python reads it" {
  local id
  add_user admin
  for id in ' 1 ' +1 01 0000000000000000000001; do
    sql 'delete from api_project'
    sql 'alter sequence api_project_id_seq restart'
    add_project one null
    run -0 --separate-stderr recotem-assign-owners --user admin --project-id "$id"
    [ "${lines[0]}" = "  Project: 1 record(s) assigned to 'admin'." ] || { echo "'$id': $output $stderr"; return 1; }
  done
}

@test "--project-id of no project is refused, however large" {
  local id
  add_user admin
  add_project one null
  before=$(owned_rows)
  for id in 99 0 -1 9223372036854775807 9223372036854775808 99999999999999999999999999; do
    run -1 --separate-stderr recotem-assign-owners --user admin --project-id "$id"
    [ "$output" = '' ]
    [ "$stderr" = "recotem-assign-owners: Project with ID $id not found." ]
  done
  [ "$(owned_rows)" = "$before" ]
}

@test "wrong options are 2, with the usage on stderr and nothing on stdout" {
  local arguments message
  add_user admin
  add_project one null
  while IFS='|' read -r arguments message; do
    # shellcheck disable=SC2086 # several words
    run -2 --separate-stderr recotem-assign-owners $arguments
    [ "$output" = '' ]
    [ "$stderr" = "$usage
recotem-assign-owners: error: $message" ] || { echo "$arguments: $stderr"; return 1; }
  done <<'END'
--user admin --project-id x|argument --project-id: invalid int value: 'x'
--user admin --project-id 1.5|argument --project-id: invalid int value: '1.5'
--user admin --project-id|argument --project-id: expected one argument
--user admin --project-id=|argument --project-id: invalid int value: ''
--user|argument --user: expected one argument
--user --dry-run|argument --user: expected one argument
--user admin --nonsense|unrecognized arguments: --nonsense
--user admin -x|unrecognized arguments: -x
--user admin extra|unrecognized arguments: extra
--user admin -- extra|unrecognized arguments: extra
--user admin --dry-run=yes|argument --dry-run: ignored explicit argument 'yes'
--user admin --verbosity x|argument --verbosity: invalid int value: 'x'
END
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

@test "an ambiguous abbreviation is 2" {
  run -2 --separate-stderr recotem-assign-owners --user admin --no
  [ "$output" = '' ]
  [[ ${stderr_lines[1]} == 'recotem-assign-owners: error: ambiguous option: --no could match '*--no-input* ]]
}

@test "abbreviations and --user=NAME are taken" {
  add_user admin
  run -0 --separate-stderr recotem-assign-owners --us admin --dry
  [ "${lines[3]}" = 'Dry run complete. No changes made.' ]
  run -0 --separate-stderr recotem-assign-owners --user=admin
  [ "$output" = "$nothing_to_do" ]
  run -0 --separate-stderr recotem-assign-owners --u=admin
  [ "$output" = "$nothing_to_do" ]
}

@test "the last --user wins" {
  add_user admin
  run -0 recotem-assign-owners --user nobody --user admin
  [ "$output" = "$nothing_to_do" ]
}

@test "Django's common options are taken" {
  add_user admin
  run -0 --separate-stderr recotem-assign-owners -v 2 --verbosity=2 --settings x --pythonpath x --traceback --no-color \
    --force-color --skip-checks --noinput --no-input -v3 --user admin
  [ "$output" = "$nothing_to_do" ]
  [ "$stderr" = '' ]
}

@test "names with quotes, blanks, non-ASCII, braces and a dash in front" {
  local name
  for name in "o'brien" 'a "b" \c' ' blank ' 'Ünï😀' '-x' '{label}' '%s' '$(id)' '*'; do
    add_user "${name//\'/\'\'}" >/dev/null
    add_project "of $RANDOM $RANDOM" null
    run -0 --separate-stderr recotem-assign-owners --user="$name"
    [ "${lines[0]}" = "  Project: 1 record(s) assigned to '$name'." ] || { echo "$name: $output"; return 1; }
    [ "$stderr" = '' ]
  done
  run -1 --separate-stderr recotem-assign-owners --user="it's {label} \$(id) é"
  [ "$stderr" = "recotem-assign-owners: User 'it's {label} \$(id) é' does not exist." ]
  run -1 --separate-stderr recotem-assign-owners --user ''
  [ "$stderr" = "recotem-assign-owners: User '' does not exist." ]
}

@test "a name with control characters can't command the terminal" {
  run -1 --separate-stderr recotem-assign-owners --user $'a\e[31m\nb'
  [ "$output" = '' ]
  [ "$stderr" = "recotem-assign-owners: User 'a\\u001b[31m\\u000ab' does not exist." ]
}

@test "a name that is not UTF-8 is refused with 1" {
  add_project one null
  run -1 --separate-stderr recotem-assign-owners --user $'b\xffb'
  [ "$output" = '' ]
  [[ $stderr == *": the user's name is not UTF-8" ]]
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

# ---- --json ----

@test "--json prints the records and last a summary" {
  admin=$(add_user admin)
  add_project one null; add_project two null; add_split null
  RC_RUN_ID='' run -0 --separate-stderr recotem-assign-owners --user admin --json
  [ "${#lines[@]}" = 4 ]
  [ "${lines[0]}" = '{"table":"api_project","column":"owner_id","label":"Project","owner":"admin","owner_id":'"$admin"',"count":2,"status":"assigned"}' ]
  [ "$(jq -r .status <<<"${lines[1]}")" = assigned ]
  [ "$(jq -r .status <<<"${lines[2]}")" = unchanged ]
  [ "$(jq -c keys_unsorted <<<"${lines[3]}")" = '["ok","run_id","scanned","changed","warnings","errors","duration_s"]' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[3]}")" = '[true,3,3,0,0]' ]
  [[ $(jq -r .run_id <<<"${lines[3]}") =~ ^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
  [ "$(jq '.duration_s | type' <<<"${lines[3]}")" = '"number"' ]
  [ "$stderr" = '' ]
}

@test "--json with --dry-run" {
  add_user admin
  add_project one null
  run -0 --separate-stderr recotem-assign-owners --user admin --json --dry-run
  [ "$(jq -r '.status // empty' <<<"$output")" = 'would_assign
unchanged
unchanged' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .errors]' <<<"${lines[3]}")" = '[true,1,0,0]' ]
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

@test "--json changes neither exit code nor message of a refusal" {
  admin=$(add_user admin)
  run -1 --separate-stderr recotem-assign-owners --user nobody --json
  [ "$(jq -c '[.status, .error.code]' <<<"${lines[0]}")" = '["error","no_owner"]' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[1]}")" = '[false,0,0,0,1]' ]
  [ "$stderr" = "recotem-assign-owners: User 'nobody' does not exist." ]
  add_project same "$admin"; add_project same null
  run -1 --separate-stderr recotem-assign-owners --user admin --json
  [ "$(jq -c '[.status, .error.code, .error.rows]' <<<"${lines[0]}")" = '["error","unique_clash",[{"id":1},{"id":2}]]' ]
  [ "$(jq -c '[.ok, .errors]' <<<"${lines[3]}")" = '[false,1]' ]
  run -1 --separate-stderr recotem-assign-owners --user admin --project-id 99 --json
  [ "$(jq -c '[.ok, .errors]' <<<"$output")" = '[false,1]' ]
  run -1 --separate-stderr env DATABASE_URL=postgresql://ann@127.0.0.1:1/shop recotem-assign-owners --user admin --json
  [ "$(jq -c '[.ok, .errors]' <<<"$output")" = '[false,1]' ]
  run -2 --separate-stderr recotem-assign-owners --json
  [ "$output" = '' ]
}

# ---- what is amiss around it ----

@test "no server, wrong password, missing database: 1 and the server's words" {
  DATABASE_URL=postgresql://ann:s3cret@127.0.0.1:1/shop run -1 --separate-stderr recotem-assign-owners --user admin
  [ "$output" = '' ]
  [[ $stderr == *'127.0.0.1:1/shop as ann: '*'Connection refused'* ]]
  [[ $stderr != *s3cret* ]]
  run -1 --separate-stderr env -u DATABASE_URL PGHOST="$RC_TEST_SOCKET" PGUSER=rc_password PGDATABASE=postgres PGPASSWORD=wr0ng \
    recotem-assign-owners --user admin
  [ "$output" = '' ]
  [[ $stderr == *'password authentication failed for user "rc_password"'* ]]
  DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//rc_nothing?} run -1 --separate-stderr recotem-assign-owners --user admin --project-id 1
  [[ $stderr == *'database "rc_nothing" does not exist' ]]
}

@test "a database without tables: 1, and the message names what is missing" {
  run -1 --separate-stderr env DATABASE_URL="$RC_TEST_SERVER" recotem-assign-owners --user admin
  [ "$output" = '' ]
  [[ $stderr == *'relation "auth_user" does not exist'* ]]
}

@test "a missing table and an older one: 1, the message names it, nothing changes" {
  add_user admin
  add_project one null
  sql 'drop table api_evaluationconfig cascade; alter table api_splitconfig drop column created_by_id'
  run -1 --separate-stderr recotem-assign-owners --user admin
  [ "$output" = '' ]
  [ "$stderr" = "recotem-assign-owners: the table 'api_splitconfig' has no column 'created_by_id': has every migration run?
recotem-assign-owners: there is no table 'api_evaluationconfig': is this the right database, and has every migration run?" ]
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

@test "a closed standard output is 1 and nothing changes" {
  add_user admin
  add_project one null
  run -1 --separate-stderr bash -c 'recotem-assign-owners --user admin >&-'
  [ "$stderr" = 'recotem-assign-owners: standard output is closed' ]
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

@test "a full disk on standard output is 1 and says so" {
  add_user admin
  add_project one null
  run -1 --separate-stderr bash -c 'recotem-assign-owners --user admin >/dev/full'
  [[ ${stderr_lines[0]} == *'No space left on device' ]]
  [ "${stderr_lines[1]}" = 'recotem-assign-owners: the change is committed, but its report could not be written' ]
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 0 ]
  run -1 --separate-stderr bash -c 'recotem-assign-owners --user admin --json >/dev/full'
  [[ $stderr == *'No space left on device'* ]]
}

@test "a private folder that has become full after the change is 1, and the change is told" {
  need_small
  add_user admin
  add_project one null
  mkdir "$BATS_TEST_TMPDIR/tmp"
  hold 'lock table api_project'
  # shellcheck disable=SC2016 # the inner shell expands it
  TMPDIR=$BATS_TEST_TMPDIR/tmp start unshare -m bash -c 'mount -t tmpfs -o size=96k rc "$TMPDIR"; recotem-assign-owners --user admin & until [ -e "$0/go" ]; do sleep 0.01; done
    cat /dev/zero >"$TMPDIR/filler" 2>/dev/null; touch "$0/full"; wait "$!"' "$BATS_TEST_TMPDIR"
  wait_until_blocked
  touch "$BATS_TEST_TMPDIR/go"
  until [ -e "$BATS_TEST_TMPDIR/full" ]; do kill -0 "$runner" && sleep 0.01; done
  tell_holder commit
  finish
  [ "$ended" = 'exit 1' ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = 'recotem-assign-owners: cannot write <stdout>: No space left on device
recotem-assign-owners: the changes were committed before that' ]
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 0 ]
}

@test "closed standard input and standard error do no harm" {
  add_user admin
  add_project one null
  run -0 bash -c 'recotem-assign-owners --user admin <&-'
  [ "${lines[0]}" = "  Project: 1 record(s) assigned to 'admin'." ]
  run -0 bash -c 'recotem-assign-owners --user admin 2>&-'
  [ "$output" = "$nothing_to_do" ]
  run -1 bash -c 'recotem-assign-owners --user nobody <&- 2>&-'
  [ "$output" = '' ]
}

@test "it works by absolute path with nothing in the environment, and through a link" {
  local command
  add_user admin
  command=$(command -v recotem-assign-owners)
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= "$command" --user admin
  [ "$output" = "$nothing_to_do" ]
  [ "$stderr" = '' ]
  mkdir "$BATS_TEST_TMPDIR/a b"
  ln -s "$command" "$BATS_TEST_TMPDIR/a b/recotem-assign-owners"
  cd "$BATS_TEST_TMPDIR/a b"
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= ./recotem-assign-owners --user admin
  [ "$output" = "$nothing_to_do" ]
}

@test "a link of another name is the command still" {
  add_user admin
  ln -s "$(command -v recotem-assign-owners)" "$BATS_TEST_TMPDIR/assign"
  run -0 --separate-stderr "$BATS_TEST_TMPDIR/assign" --user admin
  [ "$output" = "$nothing_to_do" ]
}

@test "what a user's shell has set does no harm" {
  add_user admin
  run -0 --separate-stderr env CDPATH=/ IFS=a BASH_ENV=/none ENV=/none LC_ALL=C POSIXLY_CORRECT=1 GREP_OPTIONS=-v \
    recotem-assign-owners --user admin
  [ "$output" = "$nothing_to_do" ]
  [ "$stderr" = '' ]
}

@test "TERM, INT and HUP end it by that signal: nothing committed, no process, no folder" {
  local name number work
  add_user admin
  add_project one null; add_split null
  before=$(owned_rows)
  hold 'select * from api_splitconfig for update'
  own_private_folders
  for name in TERM:15 INT:2 HUP:1; do
    number=${name#*:} name=${name%:*}
    start recotem-assign-owners --user admin
    wait_until_blocked
    find_private_folder
    kill -s "$name" "$group"
    wait "$runner"
    [ "$(cat "$BATS_TEST_TMPDIR/ended")" = "signal $number" ]
    until_group_gone
    wait_until_session_gone
    [ ! -e "$work" ]
    [ "$(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")" = '' ]
    [ "$(owned_rows)" = "$before" ]
  done
  tell_holder rollback
  [ "$(owned_rows)" = "$before" ]
}

@test "kill -9 leaves no process and no session, and commits nothing" {
  local work
  add_user admin
  add_project one null; add_split null
  before=$(owned_rows)
  hold 'select * from api_splitconfig for update'
  own_private_folders
  start recotem-assign-owners --user admin
  wait_until_blocked
  find_private_folder
  kill -KILL "$group"
  wait "$runner"
  [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 'signal 9' ]
  until_group_gone
  wait_until_session_gone
  tell_holder rollback
  [ "$(owned_rows)" = "$before" ]
  # its folder stayed, and goes with the next command; that of a process that lives does not
  living=${work%.*.*}.$$.living
  mkdir "$living"
  run -0 recotem-assign-owners --user admin --dry-run
  [ ! -e "$work" ]
  rmdir "$living"
}

@test "TERM and kill -9 at any moment: all or nothing, no process is left" {
  local i signal work
  add_user admin
  sql "insert into api_project (ins_datetime, updated_at, name, user_column, item_column)
    select now(), now(), 'p' || i, 'u', 'i' from generate_series(1, 5000) i"
  add_split null
  random_rounds 4
  for i in "${rounds[@]}"; do
    signal=$((i % 2 ? 9 : 15))
    start recotem-assign-owners --user admin
    random_moment 250
    kill "-$signal" "$group" 2>/dev/null || :
    wait "$runner"
    until_group_gone
    wait_until_session_gone
    owned=$(sql 'select (select count(owner_id) from api_project), (select count(created_by_id) from api_splitconfig)')
    [[ $owned == '0|0' || $owned == '5000|1' ]] || { echo "torn: $owned"; return 1; }
    if grep -q 'record(s) assigned' "$BATS_TEST_TMPDIR/out"; then [ "$owned" = '5000|1' ]; fi
    sql 'update api_project set owner_id = null where owner_id is not null; update api_splitconfig set created_by_id = null'
  done
}

@test "two at once: both end with 0, the second finds nothing" {
  add_user admin
  add_project one null; add_split null
  hold 'select * from api_project for update'
  recotem-assign-owners --user admin >"$BATS_TEST_TMPDIR/one" 2>&1 3>&- &
  first=$!
  recotem-assign-owners --user admin >"$BATS_TEST_TMPDIR/two" 2>&1 3>&- &
  second=$!
  started+=("$first" "$second")
  wait_until_blocked 2
  tell_holder rollback
  wait "$first"
  wait "$second"
  [ "$(sort "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" | grep -c "record(s) assigned to 'admin'.")" = 2 ]
  grep -qx '  Project: no unowned records.' "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
  [ "$(cat "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" | grep -cx 'Owner assignment complete.')" = 2 ]
}

@test "events: start and done of the command and its filters, one run id, the command as the parent" {
  add_user admin
  add_project one null
  RC_EVENTS=$BATS_TEST_TMPDIR/events RC_RUN_ID='' run -0 recotem-assign-owners --user admin
  [ "$(jq -r .run_id "$BATS_TEST_TMPDIR/events" | sort -u | wc -l)" = 1 ]
  [ "$(jq -c 'select(.tool == "recotem-assign-owners") | [.event, .exit, .counts, .parent]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null,null]
["done",0,{"scanned":1,"changed":1},null]' ]
  command=$(jq 'select(.tool == "recotem-assign-owners").pid' "$BATS_TEST_TMPDIR/events" | sort -u)
  [ "$(jq -c 'select(.tool == "rc-owner-assign") | [.event, .parent]' "$BATS_TEST_TMPDIR/events")" = '["start",'"$command"']
["done",'"$command"']' ]
  [ "$(jq -c 'select(.event != "start") | .event' "$BATS_TEST_TMPDIR/events" | sort -u)" = '"done"' ]
}

@test "events: a refusal is an error with its message, and a caller's run id is kept" {
  RC_EVENTS=$BATS_TEST_TMPDIR/events RC_RUN_ID=01890a5d-ac96-774b-bcce-b302099a8057 run -1 recotem-assign-owners --user nobody
  [ "$(jq -r .run_id "$BATS_TEST_TMPDIR/events" | sort -u)" = 01890a5d-ac96-774b-bcce-b302099a8057 ]
  [ "$(jq -c 'select(.tool == "recotem-assign-owners") | [.event, .exit, .message]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["error",1,"User '\''nobody'\'' does not exist."]' ]
}

@test "the session is named after tool and run" {
  add_user admin
  add_project one null
  hold 'select * from api_project for update'
  RC_RUN_ID=01890a5d-ac96-774b-bcce-b302099a8057 start recotem-assign-owners --user admin
  wait_until_blocked
  [ "$(sql "select application_name from pg_stat_activity where application_name like 'rc-%' and datname = current_database()")" = 'rc-owner-assign 01890a5d-ac96-774b-bcce-b302099a8057' ]
  tell_holder rollback
  wait "$runner"
}

@test "TERM ends it while it looks for the project, at a server that never answers" {
  # shellcheck disable=SC2016 # perl's own
  perl -MIO::Socket::INET -e '
    $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
    open my $out, ">", "$ARGV[0].new" or die; print $out $s->sockport, "\n"; close $out; rename "$ARGV[0].new", $ARGV[0];
    sleep' "$BATS_TEST_TMPDIR/port" 3>&- &
  listener=$!
  until [ -s "$BATS_TEST_TMPDIR/port" ]; do sleep 0.02; done
  export RC_EVENTS=$BATS_TEST_TMPDIR/events PGCONNECT_TIMEOUT=600
  DATABASE_URL="postgresql://bob@127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")/db" \
    recotem-assign-owners --user bob --project-id 1 >"$BATS_TEST_TMPDIR/out" 3>&- &
  command=$!
  until grep -q '"tool":"rc-db-rows"' "$RC_EVENTS" 2>/dev/null; do sleep 0.02; done
  kill -TERM "$command"
  code=0
  wait "$command" || code=$?
  [ "$code" = 143 ]
  kill "$listener"
}
