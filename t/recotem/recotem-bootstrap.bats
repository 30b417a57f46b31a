# shellcheck disable=SC2016,SC2030,SC2031 # inner shells expand; each test has an environment of its own
load helper

setup() {
  new_database
  unset DEFAULT_ADMIN_PASSWORD DEFAULT_ADMIN_PASSWORD_FILE CREDENTIALS_DIRECTORY MEDIA_ROOT SECRET_KEY SECRET_KEY_FALLBACKS
  started=()
}

teardown() { end_started; }

waited='Waiting for database...
Database available.'
nothing='  Project: no unowned records.
  SplitConfig: no unowned records.
  EvaluationConfig: no unowned records.

Owner assignment complete.'
away=postgresql://ann@127.0.0.1:1/shop

# Two models, of which the second's file is missing, in $MEDIA_ROOT.
add_models() {
  export MEDIA_ROOT=$BATS_TEST_TMPDIR/media SECRET_KEY=key
  mkdir "$MEDIA_ROOT"
  printf '\x80\x04a' >"$MEDIA_ROOT/one"
  add_project models "$(sql 'select min(id) from auth_user')"
  sql "insert into api_trainingdata (ins_datetime, project_id, updated_at) select now(), id, now() from api_project where name = 'models';
    insert into api_modelconfiguration (ins_datetime, recommender_class_name, parameters_json, project_id, updated_at)
    select now(), 'TopPopRecommender', '{}', id, now() from api_project where name = 'models';
    insert into api_trainedmodel (file, ins_datetime, configuration_id, data_loc_id, updated_at)
    select model, now(), c.id, d.id, now() from api_modelconfiguration c, api_trainingdata d, unnest('{one,two}'::text[]) model"
}

# private COMMAND...: runs it with a /dev/shm that is empty and its own. The server's socket may be in the one that all have,
# which can be seen elsewhere then.
private() {
  mkdir -p "$BATS_TEST_TMPDIR/shm"
  DATABASE_URL=${DATABASE_URL/=\/dev\/shm\//=$BATS_TEST_TMPDIR/shm/} unshare -m \
    bash -c 'mount --bind /dev/shm "$0" && mount -t tmpfs rc /dev/shm && exec "$@"' "$BATS_TEST_TMPDIR/shm" "$@"
}
need_private() { private true 2>/dev/null || skip 'no mount of its own can be had'; }

# ---- what it does ----

@test "a fresh database: it waits, makes the administrator, and gives away what no one owns" {
  add_project one null
  add_split null
  recotem-bootstrap >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  [ "$(sed 's/"[A-Za-z0-9]\{12\}"/"..."/' "$BATS_TEST_TMPDIR/out")" = "$waited
No user found. Create an administrative user with username \"admin\" and password \"...\".
  Project: 1 record(s) assigned to 'admin'.
  SplitConfig: 1 record(s) assigned to 'admin'.
  EvaluationConfig: no unowned records.

Owner assignment complete." ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
  [ "$(sql "select count(*) from auth_user where username = 'admin' and is_superuser")" = 1 ]
  [ "$(sql "select username from api_project join auth_user u on u.id = owner_id")" = admin ]
}

@test "a second time nothing is left to do, and nothing changes" {
  add_project one null
  recotem-bootstrap >/dev/null
  before=$(owned_rows; sql 'select * from auth_user, authtoken_token')
  run -0 --separate-stderr recotem-bootstrap
  [ "$output" = "$waited
$nothing" ]
  [ "$stderr" = '' ]
  [ "$(owned_rows; sql 'select * from auth_user, authtoken_token')" = "$before" ]
}

@test "the password that is given is the administrator's, and is not shown" {
  DEFAULT_ADMIN_PASSWORD='c0rrect horse' run -0 --separate-stderr recotem-bootstrap -- echo serving
  [ "$output" = "$waited
No user found. Create an administrative user with username \"admin\".
$nothing
serving" ]
  [ "$stderr" = '' ]
  [ "$(rc-record-make plain='c0rrect horse' "hash=$(sql 'select password from auth_user')" |
    rc-password-hash --check --from plain --to hash | rc-say '{status}')" = ok ]
}

@test "--owner names who gets the rows, also where the name looks like an option or needs quotes" {
  local name
  for name in ann "o'neil" '--json' '-x y'; do
    id=$(sql "insert into auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
       select '!', false, \$name\$$name\$name\$, '', '', '', false, true, now() returning id")
    add_project "of $id" null
    run -0 --separate-stderr recotem-bootstrap "--owner=$name"
    [ "${lines[2]}" = "  Project: 1 record(s) assigned to '$name'." ]
    [ "$(sql "select owner_id = $id from api_project where name = 'of $id'")" = t ]
  done
}

@test "where the owner is no user it warns, goes on with 0, and leaves the rows alone" {
  add_user ann
  add_project one null
  before=$(owned_rows)
  run -0 --separate-stderr recotem-bootstrap
  [ "$output" = "$waited" ]
  [ "$stderr" = "recotem-bootstrap: warning: there is no user 'admin': rows without an owner stay as they are" ]
  run -0 --separate-stderr recotem-bootstrap --owner bob -- echo serving
  [ "$output" = "$waited
serving" ]
  [ "$stderr" = "recotem-bootstrap: warning: there is no user 'bob': rows without an owner stay as they are" ]
  [ "$(owned_rows)" = "$before" ]
  [ "$(sql "select count(*) from auth_user where username <> 'ann'")" = 0 ]
}

@test "models are signed on request only" {
  export MEDIA_ROOT=$BATS_TEST_TMPDIR/media SECRET_KEY=k
  mkdir "$MEDIA_ROOT"
  recotem-bootstrap >/dev/null
  run -0 --separate-stderr recotem-bootstrap
  [[ $output != *model* ]]
  run -0 --separate-stderr recotem-bootstrap --resign-models -- echo serving
  [[ $output == "$waited
$nothing
Checking 0 trained model(s)..."*'
serving' ]]
  unset MEDIA_ROOT
  run -0 --separate-stderr recotem-bootstrap
  run -1 --separate-stderr recotem-bootstrap --resign-models -- echo serving
  [[ $output != *serving* ]]
  [[ $stderr == 'recotem-resign-models: MEDIA_ROOT is not set'* ]]
}

# ---- failures ----

@test "no server: 1, the words of the wait, and the command is not begun" {
  DATABASE_URL=$away run -1 --separate-stderr recotem-bootstrap --tries 1 -- echo serving
  [ "$output" = 'Waiting for database...
Database unavailable (attempt 1/1).' ]
  [ "${#stderr_lines[@]}" = 2 ]
  [ "${stderr_lines[1]}" = 'recotem-wait-db: Database unavailable after max retries.' ]
}

@test "--tries, --interval and --timeout are those of the wait" {
  export DATABASE_URL=$away
  run -1 --separate-stderr recotem-bootstrap --tries 3 --interval 1ms
  [ "${lines[2]}" = 'Database unavailable (attempt 2/3), waiting 0.001 seconds...' ]
  run -1 --separate-stderr recotem-bootstrap --timeout 10ms --interval 10m
  [ "${lines[1]}" = 'Database unavailable (attempt 1/30).' ]
}

@test "names that clash when they get one owner: 1, nothing is assigned, and the command is not begun" {
  admin=$(add_user admin)
  add_project one "$admin"
  add_project one null
  before=$(owned_rows)
  run -1 --separate-stderr recotem-bootstrap -- echo serving
  [[ $output != *serving* && $output != *complete* ]]
  [[ $stderr == *'recotem-assign-owners: '*one* ]]
  [ "$(owned_rows)" = "$before" ]
}

@test "an administrator that can't be made: 1, and no step after it" {
  add_project one null
  DEFAULT_ADMIN_PASSWORD='' run -1 --separate-stderr recotem-bootstrap -- echo serving
  [ "$output" = "$waited" ]
  [[ $stderr == *DEFAULT_ADMIN_PASSWORD* ]]
  [ "$(sql 'select count(*) from auth_user')|$(sql 'select owner_id is null from api_project')" = '0|t' ]
}

@test "no tables: 1, and the message names what is missing" {
  sql 'drop table auth_user cascade'
  run -1 --separate-stderr recotem-bootstrap -- echo serving
  [ "$output" = "$waited" ]
  [[ $stderr == *auth_user* ]]
}

@test "a command that does not exist is refused before anything is done" {
  run -1 --separate-stderr recotem-bootstrap -- no-such-command
  [ "$output" = '' ]
  [ "$stderr" = 'recotem-bootstrap: there is no command no-such-command, or it can not be executed' ]
  [ "$(sql 'select count(*) from auth_user')" = 0 ]
}

@test "a full disk: 1, and no administrator whose password no one has seen" {
  run -1 --separate-stderr bash -c 'recotem-bootstrap -- echo serving >/dev/full'
  [ "$(sql 'select count(*) from auth_user')" = 0 ]
}

@test "a role that is not there ends the wait at once, unless --keep-trying or RC_WAIT_KEEP_TRYING says that it may come" {
  DATABASE_URL=${DATABASE_URL/postgres@/rc_absent@}
  run -1 --separate-stderr recotem-bootstrap --tries 2 --interval 1ms -- echo serving
  [[ $output == *'(attempt 1/2)'* && $output != *'(attempt 2/2)'* ]]
  run -1 --separate-stderr recotem-bootstrap --tries 2 --interval 1ms --keep-trying -- echo serving
  [[ $output == *'(attempt 2/2)'* && $output != *serving* ]]
  RC_WAIT_KEEP_TRYING=yes run -1 --separate-stderr recotem-bootstrap --tries 2 --interval 1ms -- echo serving
  [[ $output == *'(attempt 2/2)'* && $output != *serving* ]]
}

@test "wrong options are 2" {
  run -2 --separate-stderr recotem-bootstrap --nonsense
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = 'recotem-bootstrap: error: unrecognized arguments: --nonsense' ]
  run -2 --separate-stderr recotem-bootstrap --tries x -- echo serving
  run -2 --separate-stderr recotem-bootstrap --owner
  [ "$output" = '' ]
}

# ---- -- COMMAND ----

@test "the command is the same process, and its status the answer" {
  start recotem-bootstrap -- bash -c 'echo "pid $$"; exit 7'
  finish
  [ "$ended" = 'exit 7' ]
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = "pid $group" ]
}

@test "a signal reaches the command" {
  start recotem-bootstrap -- bash -c 'trap "echo caught; exit 5" TERM; echo ready; while :; do sleep 0.01; done'
  wait_for ready
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 5' ]
  start recotem-bootstrap -- bash -c 'echo ready again; exec sleep 1000'
  wait_for 'ready again'
  kill -INT "$group"
  finish
  [ "$ended" = 'signal 2' ]
}

@test "the command has the caller's environment, whole, and nothing of ours" {
  add_user admin
  env -i PATH=/nowhere:/usr/bin:/bin LC_ALL=C LANG=x ENV=production BASH_ENV=/dev/null CDPATH=/none POSIXLY_CORRECT=1 IFS=, \
    DATABASE_URL="$DATABASE_URL" HOME="$HOME" RC_EVENTS= RC_RUN_ID=01890a5d-ac96-774b-bcce-b302099a8057 RC_PARENT=$$ SQL='two
lines' DEFAULT_ADMIN_PASSWORD=s3cret dotted.name=1 "$(command -v recotem-bootstrap)" -- env -0 >"$BATS_TEST_TMPDIR/out"
  [ "$(sed -z '1s/.*complete\.\n//' "$BATS_TEST_TMPDIR/out" | sort -z | grep -zvE '^(_|PWD|OLDPWD|SHLVL)=' | tr '\0' '|')" = \
    "$(printf '%s|' 'BASH_ENV=/dev/null' 'CDPATH=/none' "DATABASE_URL=$DATABASE_URL" 'DEFAULT_ADMIN_PASSWORD=s3cret' 'ENV=production' \
      "HOME=$HOME" 'IFS=,' 'LANG=x' 'LC_ALL=C' 'PATH=/nowhere:/usr/bin:/bin' 'POSIXLY_CORRECT=1' 'RC_EVENTS=' $'SQL=two\nlines' 'dotted.name=1')" ]
}

@test "without LC_ALL the command has none, and the locale is the caller's" {
  add_user admin
  run -0 --separate-stderr env -u LC_ALL LANG=C recotem-bootstrap -- bash -c 'echo "${LC_ALL-none} $LANG"'
  [ "${lines[-1]}" = 'none C' ]
}

@test "the command has the caller's umask, folder, input and arguments" {
  add_user admin
  cd "$BATS_TEST_TMPDIR"
  umask 027
  run -0 --separate-stderr recotem-bootstrap -- bash -c 'umask; pwd; cat; printf "<%s>" "$@"' _ 'a  b' '' '*' --owner -- <<<$'one\ntwo'
  [ "$(tail -n 5 <<<"$output")" = "0027
$BATS_TEST_TMPDIR
one
two
<a  b><><*><--owner><-->" ]
}

@test "a variable that has our name for the second call changes nothing" {
  RC_BOOTSTRAP=$BATS_TEST_TMPDIR/x run -0 --separate-stderr recotem-bootstrap -- echo serving
  [ "${lines[-1]}" = serving ]
  RC_BOOTSTRAP="1 $BATS_TEST_TMPDIR/x" RC_PARENT=$$ run -0 --separate-stderr recotem-bootstrap -- echo serving
  [ "${lines[-1]}" = serving ]
  RC_BOOTSTRAP=1 RC_PARENT=1 run -0 --separate-stderr recotem-bootstrap -- echo serving
  [ "${lines[-1]}" = serving ]
  [ ! -e "$BATS_TEST_TMPDIR/x" ]
}

@test "it works where /proc is that of other processes" {
  unshare --pid --fork true 2>/dev/null || skip 'no process numbers of its own can be had'
  # what looks for leaks in a sanitizer's build needs /proc
  ASAN_OPTIONS=detect_leaks=0 run -0 --separate-stderr unshare --pid --fork recotem-bootstrap -- echo serving
  [ "${lines[-1]}" = serving ]
  [ "$stderr" = '' ]
}

@test "a locale that the system lacks is handed on without a word" {
  LC_ALL=xx_XX.UTF-8 run -0 --separate-stderr recotem-bootstrap -- /usr/bin/env
  [[ $'\n'$output$'\n' == *$'\nLC_ALL=xx_XX.UTF-8\n'* ]]
  [[ $stderr != *setlocale* ]]
}

@test "a command is found in the caller's PATH, not in ours" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\necho mine\n' >"$BATS_TEST_TMPDIR/bin/rc-say"
  chmod +x "$BATS_TEST_TMPDIR/bin/rc-say"
  bootstrap=$(command -v recotem-bootstrap)
  PATH=$BATS_TEST_TMPDIR/bin:/usr/bin:/bin run -0 --separate-stderr "$bootstrap" -- rc-say
  [ "${lines[-1]}" = mine ]
  PATH=/usr/bin:/bin run -1 --separate-stderr "$bootstrap" -- rc-say
  [ "$stderr" = 'recotem-bootstrap: there is no command rc-say, or it can not be executed' ]
}

@test "the -- may be left out, as in an ENTRYPOINT with a CMD" {
  add_user admin
  run -0 --separate-stderr recotem-bootstrap --owner admin echo --tries serving
  [ "${lines[-1]}" = '--tries serving' ]
}

@test "no descriptor and no child of ours is left to the command" {
  add_user admin
  RC_EVENTS=$BATS_TEST_TMPDIR/events run -0 --separate-stderr recotem-bootstrap -- \
    perl -e 'opendir my $d, "/proc/$$/fd"; print "$_ -> ", readlink("/proc/$$/fd/$_"), "\n" for grep { /[0-9]/ && $_ > 2 } readdir $d;
      print "children: ", wait, "\n"'
  [ "${lines[-1]}" = 'children: -1' ]
  [[ $output != *socket:* && $output != *events* && $output != */rc.* ]]
}

@test "nothing is left in /dev/shm when the command begins, nor after a failure" {
  need_private
  unset TMPDIR
  add_user admin
  run -0 --separate-stderr private recotem-bootstrap -- ls -A /dev/shm
  [ "${lines[-1]}" = 'Owner assignment complete.' ]
  DATABASE_URL=$away run -0 --separate-stderr private bash -c '! recotem-bootstrap --tries 1 && ls -A /dev/shm'
  [ "${lines[-1]}" = 'Database unavailable (attempt 1/1).' ]
}

# ---- several at once, and signals ----

@test "ten at once make one administrator, print one password, and all end with 0" {
  local i
  add_project one null
  for i in {1..10}; do
    recotem-bootstrap -- echo "serving $i" >"$BATS_TEST_TMPDIR/out.$i" 2>"$BATS_TEST_TMPDIR/err.$i" 3>&- &
    started+=($!)
  done
  for i in "${started[@]}"; do wait "$i"; done
  [ "$(sql 'select count(*) from auth_user')|$(sql 'select count(*) from authtoken_token')" = '1|1' ]
  [ "$(cat "$BATS_TEST_TMPDIR"/out.* | grep -c 'and password "[A-Za-z0-9]\{12\}"')" = 1 ]
  [ "$(cat "$BATS_TEST_TMPDIR"/out.* | grep -c "1 record(s) assigned to 'admin'")" = 1 ]
  [ "$(cat "$BATS_TEST_TMPDIR"/out.* | grep -c '^serving ')" = 10 ]
  [ "$(cat "$BATS_TEST_TMPDIR"/err.* | grep -v 'waiting for a lock that' || true)" = '' ]
  password=$(sed -n 's/.* and password "\(.*\)"\.$/\1/p' "$BATS_TEST_TMPDIR"/out.*)
  [ "$(rc-record-make "plain=$password" "hash=$(sql 'select password from auth_user')" |
    rc-password-hash --check --from plain --to hash | rc-say '{status}')" = ok ]
}

@test "one at a time: who comes later waits for the lock, and says for whom" {
  start rc-db-lock recotem-bootstrap -- bash -c 'echo ready; exec sleep 1000'
  wait_for ready
  holder=$group
  recotem-bootstrap -- echo serving >"$BATS_TEST_TMPDIR/second" 2>"$BATS_TEST_TMPDIR/told" 3>&- &
  second=$!
  started+=("$second")
  wait_for '^recotem-bootstrap: waiting for a lock that pid ' told
  [ "$(cat "$BATS_TEST_TMPDIR/second")" = "$waited" ]
  [ "$(sql 'select count(*) from auth_user')" = 0 ]
  kill -TERM "$holder"
  wait "$second"
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/second")" = serving ]
}

@test "TERM, INT and HUP end it while it waits for the database, and leave nothing" {
  need_private
  unset TMPDIR
  local signal
  private bash -c 'echo $$ >"$1"; exec sleep 1000' _ "$BATS_TEST_TMPDIR/holder" 3>&- &
  started+=("$!")
  wait_for . holder
  holder=$(cat "$BATS_TEST_TMPDIR/holder")
  started+=("$holder")
  export DATABASE_URL=$away
  for signal in TERM INT HUP; do
    rm -f "$BATS_TEST_TMPDIR/out"
    start nsenter -m -r -w -t "$holder" recotem-bootstrap --interval 10m -- echo serving
    wait_for 'attempt 1/30'
    [ "$(ls -A "/proc/$holder/root/dev/shm")" != '' ]
    kill -s "$signal" "$group"
    finish
    [ "$ended" = "signal $(kill -l "$signal")" ]
    until_group_gone
    [ "$(ls -A "/proc/$holder/root/dev/shm")" = '' ]
    [[ $(cat "$BATS_TEST_TMPDIR/out") != *serving* ]]
  done
}

@test "TERM ends it as the first process of a container, too" {
  unshare --pid --fork --mount-proc true 2>/dev/null || skip 'no process numbers of its own can be had'
  export DATABASE_URL=$away
  start unshare --pid --fork --mount-proc --kill-child recotem-bootstrap --interval 10m -- echo serving
  wait_for 'attempt 1/30'
  kill -TERM "$(pgrep -P "$group")"
  finish
  [ "$ended" = 'exit 143' ]
  [[ $(cat "$BATS_TEST_TMPDIR/out") != *serving* ]]
}

@test "TERM ends it while it waits for the lock" {
  start rc-db-lock recotem-bootstrap -- bash -c 'echo ready; exec sleep 1000'
  wait_for ready
  start recotem-bootstrap -- echo serving
  wait_until_blocked
  kill -TERM "$group"
  finish
  [ "$ended" = 'signal 15' ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = "$waited" ]
  until_group_gone
}

@test "TERM ends it while a step waits for a table, and the lock is free" {
  hold 'lock table auth_user'
  start recotem-bootstrap -- echo serving
  wait_until_blocked
  kill -TERM "$group"
  finish
  [ "$ended" = 'signal 15' ]
  until_group_gone
  tell_holder rollback
  [ "$(sql 'select count(*) from auth_user')" = 0 ]
  run -0 rc-db-lock --timeout 5s recotem-bootstrap -- true
}

@test "kill -9 frees the lock, and the next one does the work" {
  hold 'lock table auth_user'
  start recotem-bootstrap -- echo serving
  wait_until_blocked
  kill -KILL "$group"
  finish
  until_group_gone
  tell_holder rollback
  run -0 --separate-stderr recotem-bootstrap -- echo serving
  [ "${lines[-1]}" = serving ]
  [ "$(sql 'select count(*) from auth_user')" = 1 ]
}

# ---- --dry-run ----

@test "--dry-run says what would be done on the first start, and does nothing" {
  add_project one null
  before=$(owned_rows)
  run -0 --separate-stderr recotem-bootstrap --dry-run -- echo serving
  [ "$output" = "$waited
Rows without an owner would be assigned to 'admin'.
No user found. An administrative user with username \"admin\" would be created.

Dry run complete. No changes made." ]
  [ "$stderr" = '' ]
  [ "$(owned_rows)" = "$before" ]
  [ "$(sql 'select count(*) from auth_user')" = 0 ]
}

@test "--dry-run says which rows and models would change, and takes no lock" {
  add_user ann
  add_project one null
  add_models
  before=$(owned_rows)
  files=$(sha256sum "$MEDIA_ROOT"/*)
  start rc-db-lock recotem-bootstrap -- sleep 1000
  wait_until "select count(*) > 0 from pg_locks where locktype = 'advisory'"
  run -1 --separate-stderr recotem-bootstrap --dry-run --owner ann --resign-models -- echo serving
  [[ $output == *"  Project: 1 record(s) would be assigned to 'ann'."* ]]
  [[ $output == *'  Model 1: would be signed (3 bytes)'* ]]
  [[ $output != *serving* ]]
  [ "$(owned_rows)" = "$before" ]
  [ "$(sha256sum "$MEDIA_ROOT"/*)" = "$files" ]
}

@test "--dry-run warns of an owner that there is not" {
  run -0 --separate-stderr recotem-bootstrap --dry-run --owner ann
  [ "$stderr" = "recotem-bootstrap: warning: there is no user 'ann': rows without an owner stay as they are" ]
}

# ---- --json, events ----

@test "--json prints the records of each command, and one summary of them all at the end" {
  add_project one null
  run -0 --separate-stderr recotem-bootstrap --json
  [ "$stderr" = '' ]
  [ "$(jq -c 'if has("ok") then "summary" elif has("try") then "try" else .label // (.status // "password") end' <<<"$output" | tr '\n' ' ')" = \
    '"try" "password" "created" "Project" "SplitConfig" "EvaluationConfig" "summary" ' ]
  [ "$(tail -n 1 <<<"$output" | jq -c 'del(.run_id, .duration_s)')" = '{"ok":true,"scanned":2,"changed":2,"warnings":0,"errors":0}' ]
}

@test "--json counts the warning, and is over before the command begins" {
  add_user ann
  run -0 --separate-stderr recotem-bootstrap --json -- echo serving
  [ "${lines[-1]}" = serving ]
  [ "$(jq -c 'del(.run_id, .duration_s)' <<<"${lines[-2]}")" = '{"ok":true,"scanned":0,"changed":0,"warnings":1,"errors":0}' ]
}

@test "--json adds up the counts of all commands, models too" {
  add_user admin
  add_project one null; add_project two null; add_split null
  add_models
  run -1 --separate-stderr recotem-bootstrap --json --resign-models
  [ "$(jq -c 'select(has("ok"))' <<<"$output" | wc -l)" = 1 ]
  [ "$(tail -n 1 <<<"$output" | jq -c 'del(.run_id, .duration_s)')" = '{"ok":false,"scanned":5,"changed":4,"warnings":0,"errors":1}' ]
}

@test "--json tells of a failure, and the command is not begun" {
  DATABASE_URL=$away run -1 --separate-stderr recotem-bootstrap --json --tries 1 -- echo serving
  [ "$(tail -n 1 <<<"$output" | jq -c '[.ok, .errors]')" = '[false,1]' ]
  DEFAULT_ADMIN_PASSWORD='' run -1 --separate-stderr recotem-bootstrap --json -- echo serving
  [ "$(tail -n 1 <<<"$output" | jq -c '[.ok, .errors]')" = '[false,1]' ]
  [[ $output != *serving* ]]
}

@test "its start and end are events, before the command begins" {
  add_user admin
  export RC_EVENTS=$BATS_TEST_TMPDIR/events
  run -0 --separate-stderr recotem-bootstrap -- bash -c 'rc-say "{tool} {event} {exit}" "$RC_EVENTS" | grep ^recotem-bootstrap'
  [ "$(tail -n 1 <<<"$output")" = 'recotem-bootstrap done 0' ]
  [ "$(RC_EVENTS='' rc-say '{run_id}' "$BATS_TEST_TMPDIR/events" | sort -u | wc -l)" -le 2 ] # the second is the command's own
}
