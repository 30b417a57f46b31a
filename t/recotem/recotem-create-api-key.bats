# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load helper

setup_file() { keep_filled fill; }
teardown_file() { drop_filled; }

fill() {
  alice=$(add_user alice) bob=$(add_user bob) admin=$(add_user admin)
  export alice bob admin
  add_project 'of alice' "$alice"
  add_project 'of nobody' null
  add_project 'of admin' "$admin"
}

setup() {
  new_filled_database
  started=()
}

teardown() { end_started; }

# shellcheck disable=SC2034 # helper.bash uses both
command=recotem-create-api-key
usage='usage: recotem-create-api-key --project-id N --name NAME [--scopes LIST] [--expires-in-days DAYS] [--owner NAME] [--dry-run] [--json]'
key_form='^rctm_[A-Za-z0-9_-]{64}$'

key_count() { sql 'select count(*) from api_apikey'; }

# wrong MESSAGE ARGUMENT...: it ends with 2, the usage and that message.
wrong() {
  run -2 --separate-stderr recotem-create-api-key "${@:2}"
  [ "$output" = '' ]
  [ "$stderr" = "$usage
recotem-create-api-key: error: $1" ] || { printf '%s\n' "$*" "$stderr"; return 1; }
  [ "$(key_count)" = 0 ]
}

# ---- facts/recotem.md, row by row ----

@test "the key alone on stdout, the message on stderr, 0, and one row with every column as Django writes it" {
  real_tree
  before=$(other_rows)
  run -0 --separate-stderr recotem-create-api-key --project-id 1 --name k1 --scopes read,write,predict --owner alice
  [[ $output =~ $key_form ]]
  prefix=${output:5:8}
  [ "$stderr" = "API key 'k1' created for project 'of alice' (prefix: $prefix..., scopes: ['read', 'write', 'predict'])" ]
  [ "$(sql "select to_jsonb(k) - '{hashed_key,ins_datetime,updated_at}'::text[] from api_apikey k" | jq -cS .)" = \
    '{"expires_at":null,"id":1,"is_active":true,"key_prefix":"'"$prefix"'","last_used_at":null,"name":"k1","owner_id":'"$alice"',"project_id":1,"scopes":["read","write","predict"]}' ]
  [ "$(sql "select ins_datetime <> updated_at and updated_at - ins_datetime between '0' and interval '1 minute'
    and now() - ins_datetime between '0' and interval '1 minute' from api_apikey")" = t ]
  [ "$(sql "select hashed_key ~ '^pbkdf2_sha256[\$]870000[\$][a-zA-Z0-9]{22}[\$][A-Za-z0-9+/]{43}=\$' from api_apikey")" = t ]
  [ "$(other_rows)" = "$before" ]
}

@test "the hash is that of the whole key" {
  key=$(recotem-create-api-key --project-id 3 --name k1 2>"$BATS_TEST_TMPDIR/err")
  sql 'select hashed_key from api_apikey' >"$BATS_TEST_TMPDIR/hash"
  run -0 rc-password-hash --check --from key --to hash <(rc-record-make key@3 hash@4 3<<<"$key" 4<"$BATS_TEST_TMPDIR/hash")
  [ "$(jq -r .status <<<"$output")" = ok ]
  run -1 rc-password-hash --check --from key --to hash <(rc-record-make key@3 hash@4 3<<<"${key#rctm_}" 4<"$BATS_TEST_TMPDIR/hash")
  [ "$(jq -r .status <<<"$output")" = bad ]
}

@test "the times have microseconds, and are never equal" {
  local i
  for i in {1..5}; do recotem-create-api-key --project-id 3 --name "k$i" >/dev/null 2>&1; done
  [ "$(sql "select count(*) filter (where updated_at > ins_datetime), count(*) filter (where extract(microseconds from ins_datetime)::int % 1000 <> 0) > 0,
    count(*) filter (where extract(microseconds from updated_at)::int % 1000 <> 0) > 0 from api_apikey")" = '5|t|t' ]
}

@test "stdout is the key and a newline, nothing else" {
  recotem-create-api-key --project-id 3 --name k1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  [ "$(wc -lc <"$BATS_TEST_TMPDIR/out" | xargs)" = '1 70' ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
}

@test "two keys are different, and so are their hashes' salts" {
  one=$(recotem-create-api-key --project-id 3 --name k1 2>"$BATS_TEST_TMPDIR/err")
  two=$(recotem-create-api-key --project-id 3 --name k2 2>"$BATS_TEST_TMPDIR/err")
  [ "$one" != "$two" ]
  [ "$(sql "select count(distinct split_part(hashed_key, '\$', 3)), count(distinct key_prefix) from api_apikey")" = '2|2' ]
}

@test "the scopes are predict and the owner admin unless told, and no key ends by itself" {
  run -0 --separate-stderr recotem-create-api-key --project-id 3 --name k1
  [[ $stderr == *", scopes: ['predict'])" ]]
  [ "$(sql 'select scopes, owner_id, expires_at from api_apikey')" = "[\"predict\"]|$admin|" ]
}

@test "a project without an owner takes any owner's key, and stays without" {
  run -0 recotem-create-api-key --project-id 2 --name k1 --owner bob
  [ "$(sql 'select k.owner_id, p.owner_id from api_apikey k join api_project p on p.id = k.project_id')" = "$bob|" ]
}

@test "--expires-in-days: it ends after N days of 24 hours" {
  for days in 1 30 90 36500; do
    run -0 recotem-create-api-key --project-id 3 --name "k$days" --expires-in-days "$days"
    [ "$(sql "select is_active, last_used_at is null, expires_at - ins_datetime - interval '24 hours' * $days between interval '-1 minute' and '0'
      from api_apikey where name = 'k$days'")" = 't|t|t' ]
  done
}

@test "the name may be in use for another project" {
  add_api_key k1 1 "$alice"
  run -0 recotem-create-api-key --project-id 3 --name k1
  [ "$(sql "select count(*) from api_apikey where name = 'k1'")" = 2 ]
}

@test "no such project" {
  refused 'Project with ID 99 not found.' --project-id 99 --name k1
  refused 'Project with ID 0 not found.' --project-id 0 --name k1
  refused 'Project with ID -1 not found.' --project-id -1 --name k1
  refused 'Project with ID -1 not found.' --project-id=-1 --name k1
}

@test "project ids beyond 64 bits: no such project" {
  for id in 9223372036854775807 9223372036854775808 -9223372036854775809 18446744073709551617 340282366920938463463374607431768211457; do
    refused "Project with ID $id not found." --project-id "$id" --name k1
  done
}

@test "no such user" {
  refused "User 'nobody' not found." --project-id 1 --name k1 --owner nobody
  refused "User 'Alice' not found." --project-id 1 --name k1 --owner Alice
  refused "User '' not found." --project-id 1 --name k1 --owner ''
  sql "update auth_user set username = 'root' where username = 'admin'"
  refused "User 'admin' not found." --project-id 2 --name k1
}

@test "a scope that is none, the first bad one" {
  refused "Invalid scope 'admin'. Valid scopes: ['read', 'write', 'predict']" --project-id 3 --name k1 --scopes read,admin,other
  refused "Invalid scope 'Read'. Valid scopes: ['read', 'write', 'predict']" --project-id 3 --name k1 --scopes Read
  refused "Invalid scope 'read write'. Valid scopes: ['read', 'write', 'predict']" --project-id 3 --name k1 --scopes 'read write'
}

@test "no scope at all" {
  for scopes in '' ' ' ',' ' , ,,' $'\u00a0'; do
    refused 'At least one scope is required.' --project-id 3 --name k1 --scopes "$scopes"
  done
}

@test "scopes are split at commas and stripped, empty ones dropped, the order kept" {
  run -0 --separate-stderr recotem-create-api-key --project-id 3 --name k1 --scopes $' write ,,\u00a0read\u3000,\tpredict\n,'
  [[ $stderr == *", scopes: ['write', 'read', 'predict'])" ]]
  [ "$(sql 'select scopes from api_apikey')" = '["write", "read", "predict"]' ]
}

@test "an owner who is not the project's" {
  refused "Owner 'bob' does not match project owner 'alice'. API key owner must match the project owner for management API access to work correctly." \
    --project-id 1 --name k1 --owner bob
  # the guide's example has no --owner
  refused "Owner 'admin' does not match project owner 'alice'. API key owner must match the project owner for management API access to work correctly." \
    --project-id 1 --name k1
}

@test "a name that the project's keys have already, revoked ones too" {
  add_api_key k1 3 "$admin"
  refused "API key with name 'k1' already exists for this project." --project-id 3 --name k1
  sql 'update api_apikey set is_active = false'
  refused "API key with name 'k1' already exists for this project." --project-id 3 --name k1
  run -0 recotem-create-api-key --project-id 3 --name K1
}

@test "the checks have upstream's order: project, user, scope, no scope, owner, name" {
  add_api_key k1 1 "$alice"
  refused 'Project with ID 99 not found.' --project-id 99 --name k1 --owner nobody --scopes bad
  refused "User 'nobody' not found." --project-id 1 --name k1 --owner nobody --scopes bad
  refused "Invalid scope 'bad'. Valid scopes: ['read', 'write', 'predict']" --project-id 1 --name k1 --owner bob --scopes ,bad
  refused 'At least one scope is required.' --project-id 1 --name k1 --owner bob --scopes ,
  refused "Owner 'bob' does not match project owner 'alice'. API key owner must match the project owner for management API access to work correctly." \
    --project-id 1 --name k1 --owner bob
  refused "API key with name 'k1' already exists for this project." --project-id 1 --name k1 --owner alice
}

@test "missing options: the usage, 2" {
  wrong 'the following arguments are required: --name' --project-id 3
  wrong 'the following arguments are required: --project-id' --name k1
  wrong 'the following arguments are required: --project-id, --name'
}

@test "options of the wrong kind: the usage, 2" {
  wrong "argument --project-id: invalid int value: 'x'" --project-id x --name k1
  wrong "argument --project-id: invalid int value: ''" --project-id '' --name k1
  wrong "argument --project-id: invalid int value: '1.0'" --project-id 1.0 --name k1
  wrong "argument --expires-in-days: invalid period (7, 7d, 12h or 2w): 'soon'" --project-id 3 --name k1 --expires-in-days soon
  wrong 'argument --name: expected one argument' --project-id 3 --name
  wrong 'argument --name: expected one argument' --name --project-id 3
  wrong 'unrecognized arguments: k1' --project-id 3 k1
}

@test "numbers as Python's int() takes them" {
  run -0 recotem-create-api-key --project-id ' +003 ' --name k1 --expires-in-days +07
  [ "$(sql "select project_id, expires_at - ins_datetime > interval '167 hours' from api_apikey")" = '3|t' ]
}

@test "a script's line keeps working: the key alone in the variable" {
  API_KEY=$(rc-manage recotem create_api_key --project-id 3 --name "Automated" 2>/dev/null)
  [[ $API_KEY =~ $key_form ]]
  [ "$(sql 'select name, key_prefix from api_apikey')" = "Automated|${API_KEY:5:8}" ]
  API_KEY=$(RC_PRODUCT=recotem rc-manage create_api_key --project-id=1 --name=ci --owner=alice --scopes=predict,read --expires-in-days=90 2>/dev/null)
  [[ $API_KEY =~ $key_form ]]
  run -1 bash -c 'API_KEY=$(rc-manage recotem create_api_key --project-id 3 --name "Automated" 2>/dev/null)'
}

@test "abbreviations and Django's common options are taken" {
  run -0 --separate-stderr recotem-create-api-key -v 2 --settings x --pythonpath x --traceback --no-color --force-color --skip-checks \
    --noinput --no-input --proj 3 --na k1 --exp=1 --sc=read
  [[ $output =~ $key_form ]]
  [ "$(sql 'select scopes from api_apikey')" = '["read"]' ]
}

# ---- where ours differs ----

@test "DIFFERENCE: an empty name is refused, and one of blanks" {
  for name in '' ' ' $'\t\n' $'\u00a0\u3000'; do
    refused 'A name is required.' --project-id 3 --name "$name"
  done
}

@test "DIFFERENCE: a name of 257 characters is refused in words; 256 are taken, of 4 bytes too" {
  local x
  printf -v x '%256s' ''
  refused 'The name has 257 characters, but 256 are the most.' --project-id 3 --name "${x// /x}x"
  refused 'The name has 257 characters, but 256 are the most.' --project-id 3 --name "${x// /😀}x"
  run -0 recotem-create-api-key --project-id 3 --name "${x// /x}"
  run -0 recotem-create-api-key --project-id 3 --name "${x// /😀}"
  [ "$(sql "select count(*), sum(char_length(name)), sum(octet_length(name)) from api_apikey")" = '2|512|1280' ]
}

@test "DIFFERENCE: an expiry under one day is refused" {
  for days in 0 -5 -0 -99999999999999999999999; do
    refused 'A key expires after one day at the earliest.' --project-id 3 --name k1 --expires-in-days "$days"
  done
}

@test "DIFFERENCE: an expiry past the year 9999 is refused, the last day is taken" {
  last=$(sql "select floor(extract(epoch from timestamptz '9999-12-31 23:59:59.999999+00' - now()) / 86400)")
  for days in 99999999 $((last + 1)) 9223372036854775808 99999999999999999999999999999999999999; do
    refused "A key can't expire after the year 9999." --project-id 3 --name k1 --expires-in-days "$days"
  done
  run -0 recotem-create-api-key --project-id 3 --name k1 --expires-in-days "$last"
  [ "$(sql "select expires_at::date at time zone 'UTC' >= '9999-12-30' and expires_at < '10000-01-01 00:00:00+00' from api_apikey")" = t ]
}

@test "DIFFERENCE: the name and the expiry are looked at before the database's rows" {
  refused 'A name is required.' --project-id 99 --name '' --expires-in-days 0
  refused 'A key expires after one day at the earliest.' --project-id 99 --name k1 --expires-in-days 0
}

@test "DIFFERENCE: repeated scopes are kept once" {
  run -0 --separate-stderr recotem-create-api-key --project-id 3 --name k1 --scopes read,predict,read,predict
  [[ $stderr == *", scopes: ['read', 'predict'])" ]]
  [ "$(sql 'select scopes from api_apikey')" = '["read", "predict"]' ]
}

@test "DIFFERENCE: --dry-run says so and makes no key" {
  run -0 --separate-stderr recotem-create-api-key --project-id 3 --name k1 --dry-run
  [ "$output" = "API key 'k1' would be created for project 'of admin'.

Dry run complete. No changes made." ]
  [ "$stderr" = '' ]
  [ "$(key_count)" = 0 ]
  [ "$(sql "select last_value, is_called from api_apikey_id_seq")" = '1|f' ]
}

@test "DIFFERENCE: control characters in a name are shown as escapes, and kept" {
  run -0 --separate-stderr recotem-create-api-key --project-id 3 --name $'a\e[31m\nb'
  [[ $stderr == "API key 'a\\u001b[31m\\u000ab' created for project "* ]]
  [ "$(sql 'select to_json(name) from api_apikey')" = '"a\u001b[31m\nb"' ]
  run -1 --separate-stderr recotem-create-api-key --project-id 3 --name $'a\e[31m\nb'
  [ "$stderr" = "recotem-create-api-key: API key with name 'a\\u001b[31m\\u000ab' already exists for this project." ]
}

# ---- names and other text ----

@test "names with quotes, braces, a dash in front, blanks, non-ASCII" {
  local name
  for name in "o'brien" 'a "b" \c' ' blank ' 'Ünï😀' '-x' '{key}' '{{' '%s' '$(id)' '*' "'; drop table api_apikey; --" 'ı̇'; do
    run -0 --separate-stderr recotem-create-api-key --project-id 3 --name="$name"
    [[ $output =~ $key_form ]]
    [ "$stderr" = "API key '$name' created for project 'of admin' (prefix: ${output:5:8}..., scopes: ['predict'])" ] || { echo "$name: $stderr"; return 1; }
    [ "$(sql "select name from api_apikey order by id desc limit 1")" = "$name" ]
  done
}

@test "text that is not UTF-8 is refused with 1" {
  run -1 --separate-stderr recotem-create-api-key --project-id 3 --name $'a\xffb'
  [ "$output" = '' ]
  [[ $stderr == *'not UTF-8' ]]
  run -1 --separate-stderr recotem-create-api-key --project-id 3 --name a --owner $'\xed\xa0\x80'
  [ "$output" = '' ]
  [ "$(key_count)" = 0 ]
}

# ---- --json ----

@test "--json: the key's record first, then the key as it stands in the database, last a summary" {
  run -0 --separate-stderr recotem-create-api-key --project-id 1 --owner alice --name k1 --scopes read,write --expires-in-days 2 --json
  [ "$stderr" = '' ]
  [ "${#lines[@]}" = 3 ]
  [ "$(jq -c keys_unsorted <<<"${lines[0]}")" = '["key"]' ]
  key=$(jq -r .key <<<"${lines[0]}")
  [[ $key =~ $key_form ]]
  [ "$(jq -c 'del(.expires_at)' <<<"${lines[1]}")" = \
    '{"id":1,"name":"k1","key_prefix":"'"${key:5:8}"'","project_id":1,"project_name":"of alice","owner":"alice","scopes":["read","write"],"status":"created"}' ]
  [ "$(sql "select expires_at = '$(jq -r .expires_at <<<"${lines[1]}")' from api_apikey")" = t ]
  [ "$(jq -c keys_unsorted <<<"${lines[2]}")" = '["ok","run_id","scanned","changed","warnings","errors","duration_s"]' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[2]}")" = '[true,1,1,0,0]' ]
  [ "$(grep -cFe "${key#rctm_}" <<<"$output")" = 1 ]
}

@test "--json with --dry-run" {
  run -0 --separate-stderr recotem-create-api-key --project-id 3 --name k1 --json --dry-run
  [ "${lines[0]}" = '{"id":null,"name":"k1","key_prefix":null,"project_id":3,"project_name":"of admin","owner":"admin","scopes":["predict"],"expires_at":null,"status":"would_create"}' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .errors]' <<<"${lines[1]}")" = '[true,1,0,0]' ]
  [ "${#lines[@]}" = 2 ]
  [ "$(key_count)" = 0 ]
}

# ---- no key may exist unseen ----

@test "a reader of stdout that is gone: 1, and no key exists" {
  for option in '' --json; do
    run -1 --separate-stderr without_reader recotem-create-api-key --project-id 3 --name k1 $option
    [ "${stderr_lines[0]}" = 'recotem-create-api-key: cannot write <stdout>: Broken pipe' ]
    [ "$(key_count)" = 0 ]
  done
}

@test "a full disk under stdout: 1, and no key exists" {
  for option in '' --json; do
    run -1 --separate-stderr bash -c "recotem-create-api-key --project-id 3 --name k1 $option >/dev/full"
    [ "${stderr_lines[0]}" = 'recotem-create-api-key: cannot write <stdout>: No space left on device' ]
    [ "$(key_count)" = 0 ]
  done
}

@test "a closed stdout: 1, and no key exists" {
  run -1 --separate-stderr bash -c 'recotem-create-api-key --project-id 3 --name k1 >&-'
  [ "$stderr" = 'recotem-create-api-key: standard output is closed' ]
  [ "$(key_count)" = 0 ]
}

@test "a closed standard error and a closed standard input do no harm" {
  run -0 bash -c 'recotem-create-api-key --project-id 3 --name k1 2>&- <&-'
  [[ $output =~ $key_form ]]
  [ "$(sql 'select key_prefix from api_apikey')" = "${output:5:8}" ]
}

@test "a full disk under standard error: the key stands, and 1 says that something is amiss" {
  run -1 --separate-stderr bash -c 'recotem-create-api-key --project-id 3 --name k1 2>/dev/full'
  [[ $output =~ $key_form ]]
  [ "$(sql 'select key_prefix from api_apikey')" = "${output:5:8}" ]
}

@test "the connection is lost before the transaction: 1, no key is printed, none exists" {
  start_proxy begin
  DATABASE_URL=$proxied run -1 --separate-stderr recotem-create-api-key --project-id 3 --name k1
  [ "$output" = '' ]
  [[ $stderr == *'server closed the connection'* ]]
  [ "$(key_count)" = 0 ]
}

@test "the connection is lost before COMMIT: 1, and the message says that no key exists" {
  start_proxy before
  DATABASE_URL=$proxied run -1 --separate-stderr recotem-create-api-key --project-id 3 --name k1
  [[ $output =~ $key_form ]]
  [ "$stderr" = 'recotem-create-api-key: the connection broke during COMMIT; the server says that nothing was changed' ]
  [ "$(key_count)" = 0 ]
}

@test "the connection is lost in COMMIT: the server is asked, 0, and the printed key is the one that exists" {
  start_proxy during
  DATABASE_URL=$proxied run -0 --separate-stderr recotem-create-api-key --project-id 3 --name k1
  [[ $output =~ $key_form ]]
  [ "${stderr_lines[0]}" = 'recotem-create-api-key: the connection broke during COMMIT; the server says that it took place' ]
  [[ ${stderr_lines[1]} == "API key 'k1' created for project 'of admin' (prefix: ${output:5:8}..., "* ]]
  [ "$(sql 'select key_prefix from api_apikey')" = "${output:5:8}" ]
}

@test "the connection is lost in COMMIT and the server is away: 1, the message says that it is not known" {
  start_proxy during-gone
  DATABASE_URL=$proxied run -1 --separate-stderr recotem-create-api-key --project-id 3 --name k1 --json
  key=$(jq -r .key <<<"${lines[0]}")
  [[ $key =~ $key_form ]]
  [ "$(jq -c .ok <<<"${lines[-1]}")" = false ]
  [[ $stderr == *'whether it took place is not known'* ]]
  [[ $output != *'"created"'* ]]
  [ "$(sql 'select key_prefix from api_apikey')" = "${key:5:8}" ]
}

@test "the connection is lost after COMMIT: 0, as if nothing had been" {
  start_proxy after
  DATABASE_URL=$proxied run -0 --separate-stderr recotem-create-api-key --project-id 3 --name k1
  [[ $output =~ $key_form ]]
  [ "$(sql 'select key_prefix from api_apikey')" = "${output:5:8}" ]
}

@test "COMMIT refused by a deferred constraint: 1, no key is printed, none exists" {
  sql "create function refuse() returns trigger language plpgsql as 'begin raise exception ''not today''; end';
    create constraint trigger refuse after insert on api_apikey deferrable initially deferred for each row execute function refuse()"
  run -1 --separate-stderr recotem-create-api-key --project-id 3 --name k1
  [ "$output" = '' ]
  [[ $stderr == *'not today'* ]]
  [ "$(key_count)" = 0 ]
}

@test "TERM, INT and HUP end it by that signal while it waits: no key, no process, no session, no folder" {
  local name number work
  hold 'lock table api_apikey in share mode'
  for name in TERM:15 INT:2 HUP:1; do
    number=${name#*:} name=${name%:*}
    start recotem-create-api-key --project-id 3 --name k1
    wait_until_blocked
    work=$(tr '\0' '\n' <"/proc/$(pgrep -s "$group" -x rc-db-apply)/cmdline" | grep '/records$')
    [ -d "${work%/records}" ]
    kill -s "$name" "$group"
    wait "$runner"
    [ "$(cat "$BATS_TEST_TMPDIR/ended")" = "signal $number" ]
    until_group_gone
    wait_until_session_gone
    [ ! -e "${work%/records}" ]
    [ "$(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")" = '' ]
  done
  tell_holder rollback
  [ "$(key_count)" = 0 ]
}

@test "kill -9 while it waits: no key, no process, no session" {
  local work
  hold 'lock table api_apikey in share mode'
  start recotem-create-api-key --project-id 3 --name k1
  wait_until_blocked
  work=$(tr '\0' '\n' <"/proc/$(pgrep -s "$group" -x rc-db-apply)/cmdline" | grep '/records$')
  kill -KILL "$group"
  wait "$runner"
  [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 'signal 9' ]
  until_group_gone
  wait_until_session_gone
  tell_holder rollback
  [ "$(key_count)" = 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = '' ]
  rm -rf -- "${work%/records}"
}

@test "kill -9 and TERM at any moment: a key that exists was printed" {
  local i signal name work took
  took=$(milliseconds_of recotem-create-api-key --project-id 3 --name first)
  random_rounds 6
  for i in "${rounds[@]}"; do
    signal=$((i % 2 ? 9 : 15)) name=k$i-$RANDOM$RANDOM
    start recotem-create-api-key --project-id 3 --name "$name"
    find_work "$name"
    random_moment "$took"
    if ((i % 3)); then kill "-$signal" "$group" 2>/dev/null || :; else kill "-$signal" -- "-$group" 2>/dev/null || :; fi
    wait "$runner"
    until_group_gone
    wait_until_session_gone
    prefix=$(sql "select key_prefix from api_apikey where name = '$name'")
    [ ! "$work" ] || rm -rf -- "$work"
    [ ! "$prefix" ] || [ "$prefix" = "$(cut -c 6-13 "$BATS_TEST_TMPDIR/out")" ] || { echo "key k$i exists unseen"; return 1; }
    [[ $(cat "$BATS_TEST_TMPDIR/ended") != 'exit 0' || $prefix ]]
  done
}

@test "two of one name at once: one key, the other is refused and prints none" {
  hold 'lock table api_apikey in share mode'
  for n in 1 2; do
    recotem-create-api-key --project-id 3 --name k1 >"$BATS_TEST_TMPDIR/out$n" 2>"$BATS_TEST_TMPDIR/err$n" 3>&- &
    started+=("$!")
  done
  wait_until_blocked 2
  tell_holder rollback
  codes=
  for pid in "${started[@]:1}"; do
    code=0
    wait "$pid" || code=$?
    codes+=$code
  done
  [[ $codes == 01 || $codes == 10 ]] || { echo "codes $codes"; cat "$BATS_TEST_TMPDIR"/err[12]; return 1; }
  [ "$(cat "$BATS_TEST_TMPDIR"/out[12] | wc -l)" = 1 ]
  [ "$(sql 'select key_prefix from api_apikey')" = "$(cat "$BATS_TEST_TMPDIR"/out[12] | cut -c 6-13)" ]
  grep -qx "recotem-create-api-key: API key with name 'k1' already exists for this project." "$BATS_TEST_TMPDIR"/err[12]
}

# ---- what is amiss around it ----

@test "a newer NOT NULL column without default: 1, the message names it, no key is printed, none exists" {
  sql 'alter table api_apikey add colour text not null'
  run -1 --separate-stderr recotem-create-api-key --project-id 3 --name k1
  [ "$output" = '' ]
  [[ $stderr == *'null value in column "colour" of relation "api_apikey"'* ]]
  [[ $stderr != *pbkdf2* ]]
  [ "$(key_count)" = 0 ]
}

@test "a missing table: 1, the message names it" {
  sql 'drop table api_apikey'
  run -1 --separate-stderr recotem-create-api-key --project-id 3 --name k1
  [ "$output" = '' ]
  [[ $stderr == *'relation "api_apikey" does not exist'* ]]
}

@test "no server: 1 and its words, no password" {
  DATABASE_URL=postgresql://ann:s3cret@127.0.0.1:1/shop run -1 --separate-stderr recotem-create-api-key --project-id 3 --name k1
  [ "$output" = '' ]
  [[ $stderr == *'127.0.0.1:1/shop as ann: '*'Connection refused'* ]]
  [[ $stderr != *s3cret* ]]
}

@test "it works by absolute path with nothing in the environment, and with what a user's shell has set" {
  command=$(command -v recotem-create-api-key)
  run -0 env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= "$command" --project-id 3 --name k1
  [[ ${lines[0]} =~ $key_form ]]
  run -0 env CDPATH=/ IFS=a BASH_ENV=/none ENV=/none LC_ALL=C POSIXLY_CORRECT=1 TZ=Asia/Tokyo PGTZ=Asia/Tokyo PGDATESTYLE=German \
    recotem-create-api-key --project-id 3 --name k2 --expires-in-days 1
  [[ ${lines[0]} =~ $key_form ]]
  [ "$(sql "select now() - ins_datetime < interval '1 minute' and expires_at - ins_datetime between interval '23:59' and '24:00' from api_apikey where name = 'k2'")" = t ]
}

@test "no secret in an event, nor in the arguments or the environment of a process" {
  hold 'lock table api_apikey in share mode'
  RC_EVENTS=$BATS_TEST_TMPDIR/events start recotem-create-api-key --project-id 3 --name k1
  wait_until_blocked
  for pid in $(pgrep -s "$group"); do cat "/proc/$pid/cmdline" "/proc/$pid/environ" 2>/dev/null; done >"$BATS_TEST_TMPDIR/seen" || :
  tell_holder rollback
  wait "$runner"
  [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 'exit 0' ]
  key=$(cat "$BATS_TEST_TMPDIR/out")
  [[ $key =~ $key_form ]]
  grep -aq rc-db-apply "$BATS_TEST_TMPDIR/seen"
  run -1 grep -aF -e "${key#rctm_}" -e pbkdf2 "$BATS_TEST_TMPDIR/seen" "$BATS_TEST_TMPDIR/events" "$BATS_TEST_TMPDIR/err"
  [ "$(jq -r .run_id "$BATS_TEST_TMPDIR/events" | sort -u | wc -l)" = 1 ]
  [ "$(jq -c 'select(.tool == "recotem-create-api-key") | [.event, .exit, .counts]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["done",0,{"scanned":1,"changed":1}]' ]
}

@test "events: a refusal is an error with its message" {
  RC_EVENTS=$BATS_TEST_TMPDIR/events run -1 recotem-create-api-key --project-id 99 --name k1
  [ "$(jq -c 'select(.tool == "recotem-create-api-key") | [.event, .exit, .message]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["error",1,"Project with ID 99 not found."]' ]
}

@test "with standard error closed a key is made and the status says so" {
  run -0 bash -c 'recotem-create-api-key --project-id 2 --name k1 2>&-'
  [[ $output =~ $key_form ]]
  [ "$(sql 'select count(*) from api_apikey')" = 1 ]
}
