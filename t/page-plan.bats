# shellcheck disable=SC2030,SC2031,SC2034 # helper.bash uses started; each test has an environment of its own
# --plan, --apply and --undo-log of the commands of bin/; that all of them can do it is in conformance.bats.
load recotem/helper

setup() {
  new_database
  cd "$BATS_TEST_TMPDIR" || return
  alice=$(add_user alice)
  add_user bob >/dev/null
  add_project one "$alice"
  add_project two null
  users=(recotem-create-test-users --users-file users)
  printf '%s\n' '{"name":"bob","password":"correct horse"}' '{"name":"eve","password":"battery staple"}' >users
  started=()
  before=$(rows)
}

teardown() { end_started; }

rows() { sql "select to_jsonb(u) from auth_user u union all select to_jsonb(t) from authtoken_token t order by 1"; }

# A tree whose page of $1 has a line more before the stage that changes things, when it is run in earnest.
with_line() { # COMMAND LINE
  cp -a "$RC_TEST_TREE" tree
  PATH=$PWD/tree/bin:$PATH
  sed -i "s|^rc_apply |[[ \$rc_planning ]] \|\| { $2; }\nrc_apply |" "tree/share/rc/pages/$1"
}

@test "--plan prints what --dry-run prints, writes it, and changes nothing" {
  "${users[@]}" --dry-run >dry
  run -0 --separate-stderr "${users[@]}" --plan plan
  [ "$output" = "$(cat dry)" ]
  [ "$stderr" = '' ]
  [ "$(rows)" = "$before" ]
  [ "$(stat -c %a plan)" = 600 ]
  [ "$(head -n 1 plan | rc-say '{v} {kind} {command} {database}')" = "1 command-plan recotem-create-test-users $(sql 'select current_database()')" ]
  [ "$(sed '1d;$d' plan | sed -E 's/"[0-9a-f]{64}"/HEX/')" = '{"username":"bob","status":"would_update"}
{"username":"eve","status":"would_create"}
{"row":{"table":"public.auth_user","key":{"id":2},"before":HEX}}
{"row":{"table":"public.auth_user","new":1}}
{"row":{"table":"public.authtoken_token","new":1}}' ]
  run -1 grep -E 'correct|battery|pbkdf2' plan
  run -0 --separate-stderr "${users[@]}" --json --plan plan2
  [ "$(head -n -1 <<<"$output")" = "$("${users[@]}" --dry-run --json | head -n -1)" ]
  [ "$(tail -n 1 <<<"$output" | rc-say '{ok} {scanned} {changed}')" = 'true 2 0' ]
}

@test "--apply does it, once" {
  "${users[@]}" --plan plan >/dev/null
  run -0 --separate-stderr "${users[@]}" --apply plan
  [ "$output" = $'Updated test user \'bob\'.\nCreated test user \'eve\'.' ]
  [ "$stderr" = '' ]
  [ "$(sql 'select count(*) from auth_user')" = 3 ]
  [ -s plan.applied ]
  run -1 --separate-stderr "${users[@]}" --apply plan
  [ "$output" = '' ]
  [ "$stderr" = 'recotem-create-test-users: plan: it was applied already, or a run of it was killed on the way: plan.applied is there' ]
  # after the undo log, which is of another run, nothing has to be planned anew by hand
  rm plan.applied
  run -1 --separate-stderr "${users[@]}" --apply plan
  [[ $stderr == *'this was changed since the plan was made: {"row":{"table":"public.auth_user","key":{"id":2}'* ]]
}

@test "after a row was changed the plan is refused, what differs is listed, nothing is changed, and it is not used up" {
  "${users[@]}" --plan plan >/dev/null
  sql "update auth_user set email = 'b@example.org' where username = 'bob'"
  before=$(rows)
  run -1 --separate-stderr "${users[@]}" --apply plan
  [ "$output" = '' ]
  [ "${stderr_lines[0]}" = 'recotem-create-test-users: plan does not hold any more, so nothing was changed' ]
  [[ ${stderr_lines[1]} == 'recotem-create-test-users: this was changed since the plan was made: {"row":{"table":"public.auth_user","key":{"id":2},"before":"'* ]]
  [ "${#stderr_lines[@]}" = 2 ]
  run -1 --separate-stderr "${users[@]}" --apply plan --json
  [ "$(head -n 1 <<<"$output" | rc-say '{status} {error.code} {record.row.key}')" = 'error row_changed {"id":2}' ]
  [ "$(tail -n 1 <<<"$output" | rc-say '{ok} {changed} {errors}')" = 'false 0 1' ]
  add_user eve
  run -1 --separate-stderr "${users[@]}" --apply plan
  [[ $stderr == *'this is planned, but it is not so any more: {"username":"eve","status":"would_create"}'*'this is not in the plan: {"username":"eve","status":"would_update"}'* ]]
  sql "delete from auth_user where username = 'eve'; update auth_user set email = '' where username = 'bob'"
  [ ! -e plan.applied ]
  "${users[@]}" --apply plan
}

@test "a row that is changed between the look and the change is refused by the change itself" {
  "${users[@]}" --plan plan >/dev/null
  with_line recotem-create-test-users "psql -XAtq \"\$DATABASE_URL\" -c \"update auth_user set email = 'late' where id = 2\""
  run -1 --separate-stderr "${users[@]}" --apply plan
  [ "$stderr" = 'recotem-create-test-users: the row was changed since the plan was made: public.auth_user{"id":2}' ]
  [ "$(sql 'select email, password from auth_user where id = 2')" = 'late|!' ]
  [ "$(sql 'select count(*) from auth_user')" = 2 ]
  [ ! -e plan.applied ]
}

@test "so is a row that has come since" {
  recotem-assign-owners --user alice --plan plan >/dev/null
  grep -q '^{"row":{"table":"public.api_project","key":{"id":2},"before":' plan
  with_line recotem-assign-owners "psql -XAtq \"\$DATABASE_URL\" -c \"insert into api_project (id, ins_datetime, updated_at, name, user_column, item_column) values (9, now(), now(), 'late', 'u', 'i')\""
  run -1 --separate-stderr recotem-assign-owners --user alice --apply plan
  [ "$stderr" = 'recotem-assign-owners: the change is not in the plan: public.api_project{"id":9}' ]
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 2 ]
}

@test "a plan of another command, call or database, one that is edited or cut, and none, are refused" {
  assign=(recotem-assign-owners --user alice)
  "${assign[@]}" --plan plan >/dev/null
  run -1 --separate-stderr "${users[@]}" --apply plan
  [ "$stderr" = 'recotem-create-test-users: plan: a plan of another command, recotem-assign-owners' ]
  run -1 --separate-stderr recotem-assign-owners --user bob --apply plan
  [ "$stderr" = 'recotem-assign-owners: plan: a plan of another call: the options or operands are not those that it was made with' ]
  sed 's/"count":1/"count":2/' plan >edited
  add_project three null
  run -1 --separate-stderr "${assign[@]}" --apply edited
  [[ $stderr == 'recotem-assign-owners: edited:'*': the records differ from the SHA-256 in the end record' ]]
  head -n 2 plan >short
  run -1 --separate-stderr "${assign[@]}" --apply short
  [[ $stderr == 'recotem-assign-owners: short: cut short'* ]]
  run -1 --separate-stderr "${assign[@]}" --apply none
  [[ $stderr == 'recotem-assign-owners: '*none*'No such file or directory' ]]
  run -1 --separate-stderr "${assign[@]}" --apply plan
  [[ $stderr == *'"count":1'*'"count":2'* ]]
  sql "delete from api_project where name = 'three'"
  name=$(sql 'select current_database()')
  psql -XAtq "$RC_TEST_SERVER" -c "alter database $name rename to ${name}_old" -c "create database $name template ${name}_old"
  run -1 --separate-stderr "${assign[@]}" --apply plan
  [ "$stderr" = 'recotem-assign-owners: plan: not of this database: it is another database of the same name, such as a restored copy' ]
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 1 ]
  psql -XAtq "$RC_TEST_SERVER" -c "drop database $name" -c "alter database ${name}_old rename to $name"
  run -0 --separate-stderr "${assign[@]}" --apply plan --undo-log log
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 0 ]
  rc-undo log >/dev/null
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 1 ]
}

@test "a dry run that is refused makes no plan, and files that are there are left alone" {
  run -1 --separate-stderr recotem-assign-owners --user nobody --plan plan
  [ "$stderr" = "recotem-assign-owners: User 'nobody' does not exist." ]
  [ ! -e plan ]
  run -1 --separate-stderr recotem-assign-owners --user nobody --json --plan plan
  [ "$(head -n 1 <<<"$output" | rc-say '{error.code}')" = no_owner ]
  echo mine >plan
  run -1 --separate-stderr "${users[@]}" --plan plan
  [ "$stderr" = 'recotem-create-test-users: plan exists already: a plan is a new file' ]
  run -1 --separate-stderr "${users[@]}" --undo-log plan
  [ "$stderr" = 'recotem-create-test-users: plan exists already: an undo log is a new file' ]
  [ "$(cat plan)" = mine ]
  run -1 "${users[@]}" --plan no/folder
  [ "$(rows)" = "$before" ]
}

@test "what the look refuses is told in the command's words, and the plan stays" {
  assign=(recotem-assign-owners --user alice)
  "${assign[@]}" --plan plan >/dev/null
  sql "update auth_user set username = 'alicia' where username = 'alice'"
  run -1 --separate-stderr "${assign[@]}" --apply plan
  [ "$output" = '' ]
  [ "$stderr" = "recotem-assign-owners: User 'alice' does not exist." ]
  [ ! -e plan.applied ]
}

@test "options that do not go together" {
  for words in '--plan a --apply b' '--apply a --dry-run' '--undo-log a --dry-run' '--undo-log a --plan b'; do
    # shellcheck disable=SC2086 # words
    run -2 --separate-stderr "${users[@]}" $words
    [[ ${stderr_lines[-1]} == 'recotem-create-test-users: error: argument --'* ]]
  done
  [ "$(find . -name '[ab]')" = '' ]
}

@test "an abbreviation of an option that the command had before is that one still" {
  run -0 recotem-assign-owners --u alice --dry-run
  run -0 recotem-assign-owners --u=alice --d
  run -2 --separate-stderr recotem-assign-owners --u
  [ "${stderr_lines[-1]}" = 'recotem-assign-owners: error: argument --user: expected one argument' ]
  run -0 recotem-assign-owners --user alice --pl plan
  [ -s plan ]
  run -2 --separate-stderr recotem-assign-owners --user alice --n
  [[ ${stderr_lines[-1]} == 'recotem-assign-owners: error: ambiguous option: --n could match '* ]]
}

@test "standard input is read twice, also where it is a pipe" {
  recotem-create-test-users --users-file - --plan plan <users >/dev/null
  cat users | recotem-create-test-users --users-file - --apply plan
  [ "$(sql 'select count(*) from auth_user')" = 3 ]
  recotem-create-test-users --users-file - --plan plan2 <users >/dev/null
  recotem-create-test-users --users-file - --apply plan2 <users
}

@test "the gate sees the plan, and one that it refuses is not used up" {
  "${users[@]}" --plan plan >/dev/null
  rc-environment set production >/dev/null
  run -1 --separate-stderr "${users[@]}" --apply plan --undo-log log
  [[ $stderr == *'to roll back: rc-undo log'*'refused: it is not clear that this is meant'* ]]
  [ "$(rows)" = "$before" ]
  [ ! -e plan.applied ]
  [ ! -e log ]
  run -0 "${users[@]}" --apply plan --environment production --confirm PRODUCTION
}

@test "what the server refuses leaves no mark and no log; kill -9 leaves the mark" {
  "${users[@]}" --plan plan >/dev/null
  sql "create function no() returns trigger language plpgsql as 'begin if current_setting(''application_name'') like ''rc-db-apply%'' then raise exception ''no''; end if; return new; end'"
  sql 'create trigger no before insert on authtoken_token for each row execute function no()'
  run -1 "${users[@]}" --apply plan --undo-log log
  [ "$(find . -name 'plan?*' -o -name log)" = '' ]
  ln -s plan link
  run -1 "${users[@]}" --apply link
  [ "$(find . -name '*.applied')" = '' ]
  sql 'drop trigger no on authtoken_token'
  # shellcheck disable=SC2016 # the page's shell expands it
  with_line recotem-create-test-users 'kill -9 "$PPID"'
  run -137 "${users[@]}" --apply plan
  [ "$(rows)" = "$before" ]
  PATH=${PATH#*:}
  run -1 --separate-stderr "${users[@]}" --apply plan
  [[ $stderr == *'plan.applied is there' ]]
  rm plan.applied
  "${users[@]}" --apply plan
}

@test "a signal before the change leaves no mark and no log" {
  "${users[@]}" --plan plan >/dev/null
  with_line recotem-create-test-users 'echo here >here; sleep 60'
  start "${users[@]}" --apply plan --undo-log log
  wait_for here here
  [ -e plan.applied ]
  kill -TERM "$group"
  finish
  [ "$ended" = 'signal 15' ]
  [ ! -e plan.applied ] && [ ! -e log ]
  [ "$(rows)" = "$before" ]
}

@test "two calls at once: one has the plan" {
  recotem-assign-owners --user alice --plan plan >/dev/null
  with_line recotem-assign-owners 'until [ -e go ]; do sleep 0.02; done'
  start recotem-assign-owners --user alice --apply plan
  until [ -e plan.applied ]; do sleep 0.02; done
  run -1 --separate-stderr recotem-assign-owners --user alice --apply plan
  [[ $stderr == *'plan.applied is there' ]]
  touch go
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 0 ]
  [ -e plan.applied ]
}

@test "a warning is told once, and counted once" {
  words=(recotem-create-test-users --user 'bob:correct horse')
  run -0 --separate-stderr "${words[@]}" --plan plan
  [ "${#stderr_lines[@]}" = 1 ]
  run -0 --separate-stderr "${words[@]}" --apply plan --json
  [ "${#stderr_lines[@]}" = 1 ]
  [ "$(tail -n 1 <<<"$output" | rc-say '{ok} {changed} {warnings}')" = 'true 1 1' ]
  run -1 grep -i horse plan
}

@test "an undo log of a command without a plan takes its change back, and only that" {
  run -0 --separate-stderr "${users[@]}" --undo-log log
  [ "$(stat -c %a log)" = 600 ]
  sql "update auth_user set email = 'theirs' where username = 'bob'"
  run -1 --separate-stderr rc-undo log
  [ "$(rc-say '{table} {status}' <<<"$output" | sort | uniq -c | sed 's/^ *//')" = '1 public.auth_user changed
1 public.auth_user restored
1 public.authtoken_token restored' ]
  [ "$(sql "select email from auth_user where username = 'bob'")" = theirs ]
  [ "$(sql "select count(*) from auth_user where username = 'eve'")" = 0 ]
}

@test "a secret that is printed before COMMIT has its undo log, too" {
  key=$(recotem-create-api-key --project-id 1 --name k --owner alice --undo-log log 2>err)
  [[ $key == rctm_* ]]
  run -1 grep -F "$key" log
  rc-undo log >/dev/null
  [ "$(sql 'select count(*) from api_apikey')" = 0 ]
  sql 'truncate api_project, api_apikey, authtoken_token, auth_user cascade'
  recotem-create-superuser --plan plan >/dev/null
  recotem-create-superuser --apply plan --undo-log log2 >password
  [ "$(sql 'select count(*) from auth_user')" = 1 ]
  grep -q 'with username "admin" and password' password
  rc-undo log2 >/dev/null
  [ "$(sql 'select count(*) from auth_user')$(sql 'select count(*) from authtoken_token')" = 00 ]
}

@test "--describe says of what changes something whether it can be undone, and why not" {
  [ "$(recotem-assign-owners --describe | rc-say '{undo}')" = true ]
  [ "$(kfm-migrate --describe | rc-say '{undo}')" = 'it changes the tables themselves' ]
  [ "$(recotem-list-api-keys --describe | rc-say '{undo|nothing}')" = nothing ]
  run -2 kfm-migrate --undo-log log
}

# removes_and_undoes COMMAND: what it has made is removed by plan, and that is taken back.
removes_and_undoes() {
  "$1" >/dev/null
  confirm_destruction
  before=$(pg_dump --data-only --inserts "$DATABASE_URL" 2>dump | grep '^INSERT' | sort)
  "$1" --remove --plan plan >shown
  run -0 --separate-stderr "$1" --remove --apply plan --undo-log log
  [ "$(pg_dump --data-only --inserts "$DATABASE_URL" 2>dump | grep '^INSERT' | sort)" != "$before" ]
  [ "$(grep -c '^{"row":' plan)" -ge 5 ]
  rc-undo log >/dev/null
  [ "$(pg_dump --data-only --inserts "$DATABASE_URL" 2>dump | grep '^INSERT' | sort)" = "$before" ]
}

@test "what test and sample data is removed can be planned and taken back, with foreign keys" {
  new_database timetracker
  removes_and_undoes timetracker-seed-testdata
  rm plan plan.applied log
  new_database kfm
  kfm-migrate >/dev/null
  removes_and_undoes kfm-init-sample-data
}
