load recotem/helper

setup() {
  new_database
  name=$(sql 'select current_database()')
  plan=$BATS_TEST_TMPDIR/plan
  printf '%s\n' '{"id":1,"rows":3,"realm":"north"}' '{"id":2,"rows":4,"realm":"north"}' >"$plan"
  asked='refused: it is not clear that this is meant; to be given:'
}

# passes ARGUMENT...: the plan comes out as it went in.
passes() {
  run -0 --separate-stderr rc-gate "$@" "$plan"
  [ "$output" = "$(cat "$plan")" ]
}

# refuses WHAT-IS-MISSING ARGUMENT...
refuses() {
  run -100 --separate-stderr rc-gate "${@:2}" "$plan"
  [ -z "$output" ]
  [ "${stderr_lines[-1]}" = "rc-gate: $asked $1" ] || { echo "$stderr"; false; }
}

@test "the plan that is shown: what, how much, where, the environment, how to roll back" {
  passes --what 'close accounts' --rollback 'open them again'
  [ "${stderr_lines[0]}" = plan: ]
  [ "${stderr_lines[1]}" = '  what:         close accounts' ]
  [ "${stderr_lines[2]}" = '  how much:     2 records' ]
  [[ ${stderr_lines[3]} == "  where:        "*"/$name as "* ]]
  [[ ${stderr_lines[4]} == '  environment:  not known: the database says nothing '* ]]
  [ "${stderr_lines[5]}" = '  to roll back: open them again' ]
  passes --count rows
  [ "${stderr_lines[2]}" = '  how much:     7' ]
  run -0 --separate-stderr rc-gate --null-input
  [ "${stderr_lines[2]}" = '  how much:     not known before; --dry-run tells' ]
}

@test "--quiet shows it only where intent is asked for" {
  passes --quiet
  [ -z "$stderr" ]
  passes --quiet --changes destroys --confirm "$name"
  [ "${stderr_lines[0]}" = plan: ]
  RC_ENVIRONMENT=production passes --quiet --yes
  [ "${stderr_lines[0]}" = plan: ]
}

@test "production by the database: it must be named, and meant" {
  rc-environment set production
  refuses '--environment production, --confirm PRODUCTION'
  refuses '--confirm PRODUCTION' --environment production
  refuses '--environment production' --confirm PRODUCTION
  refuses '--environment production, --confirm PRODUCTION' --confirm production
  passes --environment production --confirm PRODUCTION
  passes --environment production --yes
  RC_ENVIRONMENT=production RC_CONFIRM=PRODUCTION passes
  RC_ENVIRONMENT=prod passes --confirm PRODUCTION
}

@test "RC_ENVIRONMENT only declares: the stricter of it and the database holds" {
  RC_ENVIRONMENT=production refuses '--confirm PRODUCTION'
  rc-environment set staging
  RC_ENVIRONMENT=production refuses '--confirm PRODUCTION'
  RC_ENVIRONMENT=staging passes
  rc-environment set production --replace staging
  RC_ENVIRONMENT=staging refuses '--environment production, --confirm PRODUCTION'
  RC_ENVIRONMENT='' refuses '--environment production, --confirm PRODUCTION'
}

@test "production is production with what a badly written file of settings puts around it" {
  local said
  for said in ' production' $'production\r' '"production"' "'PROD'" $'\tProd '; do
    RC_ENVIRONMENT=$said run -100 --separate-stderr rc-gate --null-input --changes changes
    [ "${stderr_lines[-1]}" = 'rc-gate: refused: it is not clear that this is meant; to be given: --confirm PRODUCTION' ]
  done
  for said in preproduction production-copy nonprod; do
    RC_ENVIRONMENT=$said run -0 rc-gate --null-input --changes changes
  done
}

@test "who names another environment than the database's is refused" {
  rc-environment set production
  run -100 --separate-stderr rc-gate --environment staging --confirm PRODUCTION "$plan"
  [ "${stderr_lines[-1]}" = 'rc-gate: refused: --environment is staging, but the database says production' ]
  rc-environment set staging --replace production
  run -100 --separate-stderr rc-gate --environment test "$plan"
  [ "${stderr_lines[-1]}" = 'rc-gate: refused: --environment is test, but the database says staging' ]
  passes --environment staging
  run -100 --separate-stderr rc-gate --environment production --confirm PRODUCTION "$plan"
  [ "${stderr_lines[-1]}" = 'rc-gate: refused: --environment is production, but the database says staging' ]
  RC_ENVIRONMENT=production run -100 --separate-stderr rc-gate --environment staging "$plan"
  [ "${stderr_lines[-1]}" = 'rc-gate: refused: --environment is staging, but RC_ENVIRONMENT says production' ]
}

@test "the row of another server or database is no row" {
  rc-environment set production
  sql "update rc.meta set database = 'original'"
  passes
  [[ ${stderr_lines[4]} == *'the row in rc.meta (production) is of another server or database, original; it is not taken for production' ]]
  # where the plan is not shown it is said all the same, or who has upgraded the server would not see that production is open
  local words='the row in rc.meta (production) is of another server or database, original, so this one is not taken for production; rc-environment set says what it is'
  passes --quiet
  [ "$stderr" = "rc-gate: $words" ]
  run -0 --separate-stderr rc-gate --needed --null-input
  [ "$stderr" = "rc-gate: $words" ]
  run -0 --separate-stderr recotem-create-superuser <<<''
  [ "$(grep -cF "$words" <<<"$stderr")" = 0 ] # it only adds
  sql "insert into auth_user (username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined) values ('ann', '', false, '', '', '', false, true, now())"
  run -0 --separate-stderr recotem-assign-owners --user ann
  [ "$(grep -cF "$words" <<<"$stderr")" = 1 ] || { echo "$stderr"; false; }
  sql "update rc.meta set database = '$name', system_identifier = '7'"
  passes
}

@test "what destroys is named by its database, in any environment, and --yes is not enough" {
  refuses "--confirm $name" --changes destroys
  refuses "--confirm $name" --changes destroys --yes --confirm PRODUCTION
  passes --changes destroys --confirm "$name"
  RC_CONFIRM=$name passes --changes destroys
  rc-environment set production
  refuses "--confirm PRODUCTION, --confirm $name" --changes destroys --environment production --yes
  refuses "--confirm $name" --changes destroys --environment production --confirm PRODUCTION
  passes --changes destroys --environment production --confirm PRODUCTION --confirm "$name"
  RC_CONFIRM=PRODUCTION,$name passes --changes destroys --environment production
}

@test "with --target the name that the plan has will do, and each must be named" {
  refuses '--confirm north' --changes destroys --target realm
  passes --changes destroys --target realm --confirm north
  echo '{"id":3,"rows":1,"realm":"south"}' >>"$plan"
  refuses "--confirm $name" --changes destroys --target realm --confirm north
  passes --changes destroys --target realm --confirm north --confirm south
  run -100 --separate-stderr rc-gate --target absent "$plan"
}

@test "a word serves once" {
  sql 'create database "PRODUCTION"'
  DATABASE_URL=${DATABASE_URL/"/$name?"/"/PRODUCTION?"}
  RC_ENVIRONMENT=production refuses '--confirm PRODUCTION' --changes destroys --confirm PRODUCTION
  RC_ENVIRONMENT=production passes --changes destroys --confirm PRODUCTION --confirm PRODUCTION
  DATABASE_URL=${DATABASE_URL/"/PRODUCTION?"/"/$name?"} sql 'drop database "PRODUCTION"'
}

@test "the end record is passed on, and a refusal has none" {
  run -0 --separate-stderr rc-gate --quiet <<<$'{"id":1}\n{"rc_end":{"v":1}}'
  [ "$output" = $'{"id":1}\n{"rc_end":{"v":1,"records":1}}' ]
  RC_ENVIRONMENT=production run -100 --separate-stderr rc-gate <<<$'{"id":1}\n{"rc_end":{"v":1}}'
  [ -z "$output" ]
}

@test "it never asks: at a terminal too a refusal is the end" {
  run -100 script -qec "RC_ENVIRONMENT=production rc-gate --null-input" /dev/null
  [[ $output == *"$asked --confirm PRODUCTION"* ]]
}

@test "a name from the database can not break a line of the plan" {
  rc-environment set staging
  sql $'update rc.meta set environment = E\'a\\nb\\x1b[31m\''
  passes
  [[ ${stderr_lines[4]} == *'a\u000ab\u001b[31m, as the database says'* ]]
}

@test "a server that is away is 111, and what can't be read is 100" {
  DATABASE_URL='postgres:///x?host=/nowhere' run -111 --separate-stderr rc-gate "$plan"
  [ -z "$output" ]
  rc-environment set production
  sql "create role ${name}_blind login; revoke select on rc.meta from public"
  DATABASE_URL=${DATABASE_URL//'://postgres@'/"://${name}_blind@"} run -100 --separate-stderr rc-gate "$plan"
  sql "drop role ${name}_blind"
  [[ $stderr == *'this role may not read rc.meta'* ]]
  [ -z "$output" ]
}

@test "a command asks through a pipe's URL, too, and its filters have it still" {
  add_user ann
  run -0 --separate-stderr bash -c 'unset DATABASE_URL; DATABASE_URL_FILE=<(printf "%s\n" "$1") recotem-assign-owners --user ann' _ "$DATABASE_URL"
  [ "${lines[-1]}" = 'Owner assignment complete.' ]
  [ -z "$stderr" ]
}

@test "what a command of a command does is not asked again, and no variable of a caller's is an answer" {
  add_user ann
  RC_ENVIRONMENT=production RC_GATED=yes run -1 --separate-stderr recotem-assign-owners --user ann
  [ "${stderr_lines[-1]}" = "recotem-assign-owners: $asked --confirm PRODUCTION" ]
  [ "$(grep -c '^plan:' <<<"$stderr")" = 1 ]
  # what only adds is exempt, and so is what it calls
  add_user admin
  RC_ENVIRONMENT=production run -0 --separate-stderr recotem-bootstrap --tries 1
  [[ $output == *'Owner assignment complete.' ]]
  [ -z "$stderr" ]
}

@test "a refusal of a command: 1, the message in the event and the summary, which --json does not change" {
  add_user ann
  export RC_ENVIRONMENT=production RC_EVENTS=$BATS_TEST_TMPDIR/events
  run -1 --separate-stderr recotem-assign-owners --user ann --json
  [[ $output == '{"ok":false,'*'"changed":0,'*'"errors":1,'* ]]
  grep -q '"tool":"recotem-assign-owners",.*"event":"error","message":"the change was not begun: the gate did not let it pass","exit":1' "$RC_EVENTS"
  run -1 --separate-stderr recotem-assign-owners --user ann
  [ -z "$output" ]
}

@test "--needed says whether a plan has to be looked at, and judges nothing" {
  run -0 --separate-stderr rc-gate --null-input --needed
  [ -z "$output$stderr" ]
  run -1 --separate-stderr rc-gate --null-input --needed --changes destroys --confirm "$name"
  [ -z "$output$stderr" ]
  RC_ENVIRONMENT=production run -1 --separate-stderr rc-gate --null-input --needed --yes
  rc-environment set staging
  run -1 --separate-stderr rc-gate --null-input --needed --environment test
  run -100 rc-gate --needed "$plan"
}

@test "on production a command counts before it asks, and what it refuses itself it refuses before" {
  export RC_ENVIRONMENT=production
  add_user ann
  for project in one two three; do add_project "$project" null; done
  run -1 --separate-stderr recotem-assign-owners --user ann
  [ "${stderr_lines[2]}" = '  how much:     3' ]
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 3 ]
  run -1 --separate-stderr recotem-assign-owners --user nobody
  [ "$stderr" = "recotem-assign-owners: User 'nobody' does not exist." ]
  run -0 --separate-stderr recotem-assign-owners --user ann --confirm PRODUCTION
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 0 ]
  # what comes by standard input is read twice
  run -1 --separate-stderr recotem-create-test-users --users-file - <<<$'{"name":"bob","password":"correct horse"}\n{"name":"eve","password":"correct horse"}'
  [ "${stderr_lines[2]}" = '  how much:     2 records' ]
  [ "$(sql "select count(*) from auth_user where username = 'bob'")" = 0 ]
  run -0 --separate-stderr recotem-create-test-users --yes --users-file - <<<'{"name":"bob","password":"correct horse"}'
  [ "$(sql "select count(*) from auth_user where username = 'bob'")" = 1 ]
}

@test "each command that asks says in its plan what one would run, or do by hand, to roll back" {
  local page rollback count=0
  for page in "$(rc_share)"/pages/*; do
    grep -qE '^# .*changes: (nothing|adds  .*gate: exempt)|^# .*gate: exempt' "$page" && continue
    grep -qE '^# .*changes: ' "$page" || continue
    rollback=$(sed -n 's/^# rollback: //p' "$page")
    [[ $rollback =~ (^|[ ,])(rc|recotem|timetracker|zulip|kfm)-[a-z-]+|^by\ hand:\ (update|delete)|^from\ a\ backup,.*pg_restore|^none:|^not\ needed: ]] ||
      { echo "${page##*/}: $rollback"; false; }
    count=$((count + 1))
  done
  [ "$count" -ge 18 ]
}

@test "wrong calls" {
  run -100 rc-gate --changes much "$plan"
  run -100 rc-gate --environment 'a b' "$plan"
  run -100 rc-gate --null-input "$plan"
  run -100 rc-gate --count realm "$plan"
  run -100 rc-gate --count absent "$plan"
}

@test "--gate of a filter: on production nothing is read, nothing is changed, and the exit is 3" {
  cd "$BATS_TEST_TMPDIR"
  add_user ann
  add_project one null
  echo "select \$1 ->> 'x' as x" >x.sql
  printf '{"x":"1"}\n{"x":"2"}\n' >records
  assign=(rc-owner-assign --user ann --owner-sql "$(rc_share)/sql/recotem/user-by-name.sql" --gate "$(rc_share)/sql/recotem/owned.ndjson")
  run -0 --separate-stderr rc-db-apply --gate ./x.sql records
  [ "$output" = $'{"x":"1"}\n{"x":"2"}' ]
  rc-environment set production
  run -3 --separate-stderr bash -c '{ rc-db-apply --gate --output out ./x.sql || code=$?; cat; exit "$code"; } <records'
  [ "$output$stderr" = $'{"x":"1"}\n{"x":"2"}' ]
  [ ! -e out ]
  run -3 --separate-stderr "${assign[@]}"
  [ -z "$output$stderr" ]
  rc-environment set staging --replace production
  RC_ENVIRONMENT=prod run -3 --separate-stderr "${assign[@]}"
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 1 ]
  run -0 --separate-stderr "${assign[@]}"
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 0 ]
}
