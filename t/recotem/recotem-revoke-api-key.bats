# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load helper

setup() {
  new_database
  started=()
  alice=$(add_user alice) admin=$(add_user admin)
  add_project 'of alice' "$alice"
  add_project 'of admin' "$admin"
  add_api_key k1 1 "$alice" AAAAaaaa
  add_api_key k1 2 "$admin" BBBBbbbb
}

teardown() { end_started; }

# shellcheck disable=SC2034 # helper.bash uses both
command=recotem-revoke-api-key
usage='usage: recotem-revoke-api-key [--prefix TEXT] [--project-id N --name NAME] [--dry-run] [--json]'
revoked="API key 'k1' of project 'of alice' (prefix: AAAAaaaa...) revoked."

@test "by prefix: a line, 0, and of that key is_active and updated_at change, nothing else" {
  before=$(key_rows)
  run -0 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa
  [ "$output" = "$revoked" ]
  [ "$stderr" = '' ]
  [ "$(key_rows | jq -c 'del(.updated_at)')" = "$(jq -c 'if .id == 1 then .is_active = false else . end | del(.updated_at)' <<<"$before")" ]
  [ "$(sql "select now() - updated_at between '0' and interval '1 minute' from api_apikey order by id" | xargs)" = 't f' ]
}

@test "by project and name" {
  run -0 recotem-revoke-api-key --project-id 2 --name k1
  [ "$output" = "API key 'k1' of project 'of admin' (prefix: BBBBbbbb...) revoked." ]
  [ "$(sql 'select is_active from api_apikey order by id' | xargs)" = 't f' ]
}

@test "by all three, where all fit" {
  run -0 recotem-revoke-api-key --prefix AAAAaaaa --project-id 1 --name k1
  [ "$output" = "$revoked" ]
}

@test "nothing but api_apikey changes" {
  before=$(other_rows)
  run -0 recotem-revoke-api-key --prefix AAAAaaaa
  [ "$(other_rows)" = "$before" ]
}

@test "a second time: it says so, 0, and changes nothing at all" {
  run -0 recotem-revoke-api-key --prefix AAAAaaaa
  before=$(key_rows)
  run -0 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa
  [ "$output" = "API key 'k1' of project 'of alice' (prefix: AAAAaaaa...) was revoked before." ]
  [ "$stderr" = '' ]
  [ "$(key_rows)" = "$before" ]
}

@test "a key that has expired is revoked too, and keeps its end" {
  sql "update api_apikey set expires_at = '2026-01-03 00:00+00' where id = 1"
  run -0 recotem-revoke-api-key --prefix AAAAaaaa
  [ "$output" = "$revoked" ]
  [ "$(sql "select is_active, expires_at = '2026-01-03 00:00+00' from api_apikey where id = 1")" = 'f|t' ]
}

@test "--dry-run says which key it would be and changes nothing" {
  before=$(key_rows)
  run -0 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa --dry-run
  [ "$output" = "API key 'k1' of project 'of alice' (prefix: AAAAaaaa...) would be revoked.

Dry run complete. No changes made." ]
  [ "$stderr" = '' ]
  [ "$(key_rows)" = "$before" ]
  sql 'update api_apikey set is_active = false where id = 1'
  run -0 recotem-revoke-api-key --prefix AAAAaaaa --dry-run
  [ "${lines[0]}" = "API key 'k1' of project 'of alice' (prefix: AAAAaaaa...) was revoked before." ]
}

@test "--json: the key and a summary" {
  run -0 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa --dry-run --json
  [ "${lines[0]}" = '{"id":1,"name":"k1","key_prefix":"AAAAaaaa","project_id":1,"project_name":"of alice","owner":"alice","scopes":["predict"],"expires_at":null,"status":"would_revoke"}' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[1]}")" = '[true,1,0,0,0]' ]
  run -0 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa --json
  [ "${lines[0]}" = '{"id":1,"name":"k1","key_prefix":"AAAAaaaa","project_id":1,"project_name":"of alice","owner":"alice","scopes":["predict"],"expires_at":null,"status":"revoked"}' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[1]}")" = '[true,1,1,0,0]' ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa --json
  [ "$(jq -r .status <<<"${lines[0]}")" = unchanged ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[1]}")" = '[true,1,0,0,0]' ]
}

# ---- what it refuses ----

@test "no such key" {
  for prefix in CCCCcccc aaaaAAAA AAAA AAAAaaa% AAAAaaa_ '' ' AAAAaaaa'; do
    refused 'API key not found.' --prefix "$prefix"
  done
  refused 'API key not found.' --project-id 1 --name K1
  refused 'API key not found.' --project-id 1 --name ''
  for id in 99 0 -1 9223372036854775808 340282366920938463463374607431768211457; do
    refused 'API key not found.' --project-id "$id" --name k1
  done
  refused 'API key not found.' --prefix AAAAaaaa --project-id 2
  refused 'API key not found.' --prefix AAAAaaaa --name k2
}

@test "several keys of one prefix: refused, and their names are shown; with project or name it is one" {
  sql "update api_apikey set key_prefix = 'AAAAaaaa'; update api_apikey set name = E'k\\x1b[31m2' where id = 2"
  run -1 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa
  [ "$output" = '' ]
  [ "$stderr" = "recotem-revoke-api-key: More than one API key fits: 'k1' of project 1, 'k\\u001b[31m2' of project 2. Give --project-id and --name." ]
  [ "$(sql 'select count(*) from api_apikey where is_active')" = 2 ]
  sql "update api_apikey set name = 'k2' where id = 2"
  refused "More than one API key fits: 'k1' of project 1, 'k2' of project 2. Give --project-id and --name." --prefix AAAAaaaa
  run -0 recotem-revoke-api-key --prefix AAAAaaaa --name k1
  [ "$output" = "$revoked" ]
  run -0 recotem-revoke-api-key --prefix AAAAaaaa --project-id 2
  [ "$(sql 'select count(*) from api_apikey where is_active')" = 0 ]
}

@test "missing options: the usage, 2" {
  wrong 'the following arguments are required: --project-id, --name'
  wrong 'the following arguments are required: --name' --project-id 1
  wrong 'the following arguments are required: --project-id' --name k1
  wrong 'argument --prefix: expected one argument' --prefix
}

@test "a project id that is no number: the usage, 2" {
  run -2 --separate-stderr recotem-revoke-api-key --project-id x --name k1
  [ "$output" = '' ]
  [ "${stderr_lines[0]}" = "$usage" ]
  [[ ${stderr_lines[1]} == 'recotem-revoke-api-key: error: argument --project-id: invalid int value: '* ]]
}

@test "a whole key in the arguments is refused with 2, and no message or event shows it" {
  key=rctm_AAAAaaaaSecretSecretSecretSecretSecretSecretSecretSecretSecretSecret
  export RC_EVENTS=$BATS_TEST_TMPDIR/events
  before=$(key_rows)
  for arguments in "--prefix $key" "--prefix=$key" "--prefix ${key#rctm_}" "$key" "--project-id $key --name k1" "--prefix AAAAaaaa $key" "-$key"; do
    # shellcheck disable=SC2086
    run -2 --separate-stderr recotem-revoke-api-key $arguments
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = "$usage" ]
    [[ $stderr != *Secret* ]]
  done
  run -1 grep Secret "$RC_EVENTS"
  [ "$(key_rows)" = "$before" ]
  wrong 'argument --prefix: takes the 8 characters after rctm_, not the key' --prefix "$key"
  wrong 'argument --prefix: takes the 8 characters after rctm_, not the key' --prefix rctm_AAAAaaaa
}

@test "a whole key as the name shows nowhere either" {
  key=rctm_AAAAaaaaSecretSecretSecretSecretSecretSecretSecretSecretSecretSecret
  RC_EVENTS=$BATS_TEST_TMPDIR/events run -1 --separate-stderr recotem-revoke-api-key --project-id 1 --name "$key"
  [ "$stderr" = 'recotem-revoke-api-key: API key not found.' ]
  run -1 grep Secret "$BATS_TEST_TMPDIR/events"
}

@test "a prefix that begins with a dash is given after =" {
  sql "update api_apikey set key_prefix = '--AAaaaa' where id = 1; update api_apikey set key_prefix = '-1BBbbbb' where id = 2"
  wrong 'argument --prefix: expected one argument' --prefix --AAaaaa
  run -0 recotem-revoke-api-key --prefix=--AAaaaa
  [ "$output" = "API key 'k1' of project 'of alice' (prefix: --AAaaaa...) revoked." ]
  run -0 recotem-revoke-api-key --prefix=-1BBbbbb
  [ "$(sql 'select count(*) from api_apikey where is_active')" = 0 ]
}

@test "names with quotes, braces, non-ASCII and control characters" {
  local name
  for name in "o'brien" 'a "b" \c' '{key_prefix}' 'revoked' '-x' 'Ünï😀' '%s'; do
    sql "update api_apikey set name = '${name//\'/\'\'}', is_active = true where id = 1"
    run -0 recotem-revoke-api-key --project-id 1 --name="$name" --dry-run
    [ "${lines[0]}" = "API key '$name' of project 'of alice' (prefix: AAAAaaaa...) would be revoked." ] || { echo "$output"; return 1; }
    run -0 recotem-revoke-api-key --project-id 1 --name="$name"
    [ "$output" = "API key '$name' of project 'of alice' (prefix: AAAAaaaa...) revoked." ] || { echo "$output"; return 1; }
  done
  sql "update api_apikey set name = E'a\\x1b[31m' where id = 1"
  run -0 recotem-revoke-api-key --project-id 1 --name $'a\e[31m'
  [ "$output" = "API key 'a\\u001b[31m' of project 'of alice' (prefix: AAAAaaaa...) was revoked before." ]
}

@test "text that is not UTF-8 is refused with 1" {
  run -1 --separate-stderr recotem-revoke-api-key --prefix $'AAAAaaa\xff'
  [ "$output" = '' ]
  [[ $stderr == *'not UTF-8' ]]
}

# ---- all or nothing ----

@test "a full disk on standard output: the key is revoked, 1, and a message says so" {
  run -1 --separate-stderr bash -c 'recotem-revoke-api-key --prefix AAAAaaaa >/dev/full'
  [[ ${stderr_lines[0]} == *'No space left on device' ]]
  [ "${stderr_lines[1]}" = 'recotem-revoke-api-key: the change is committed, but its report could not be written' ]
  [ "$(sql 'select is_active from api_apikey where id = 1')" = f ]
}

@test "a closed standard output: 1, and nothing changes" {
  run -1 --separate-stderr bash -c 'recotem-revoke-api-key --prefix AAAAaaaa >&-'
  [ "$stderr" = 'recotem-revoke-api-key: standard output is closed' ]
  [ "$(sql 'select is_active from api_apikey where id = 1')" = t ]
}

@test "closed standard input and standard error do no harm" {
  run -0 bash -c 'recotem-revoke-api-key --prefix AAAAaaaa <&- 2>&-'
  [ "$output" = "$revoked" ]
}

@test "the connection is lost before COMMIT: 1, nothing changes; in COMMIT: the server is asked, 0" {
  before=$(key_rows)
  start_proxy before
  DATABASE_URL=$proxied run -1 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa
  [ "$output" = '' ]
  [ "$stderr" = 'recotem-revoke-api-key: the connection broke during COMMIT; the server says that nothing was changed' ]
  [ "$(key_rows)" = "$before" ]
  start_proxy during
  DATABASE_URL=$proxied run -0 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa
  [ "$output" = "$revoked" ]
  [ "$stderr" = 'recotem-revoke-api-key: the connection broke during COMMIT; the server says that it took place' ]
  [ "$(sql 'select is_active from api_apikey where id = 1')" = f ]
}

@test "TERM and kill -9 while it waits: nothing changes, no process, no session" {
  local name work
  before=$(key_rows)
  hold 'select * from api_apikey for update'
  for name in TERM KILL; do
    start recotem-revoke-api-key --prefix AAAAaaaa
    wait_until_blocked
    work=$(tr '\0' '\n' <"/proc/$(pgrep -s "$group" -x rc-db-apply)/cmdline" | grep '/records$')
    kill -s "$name" "$group"
    wait "$runner"
    [ "$(cat "$BATS_TEST_TMPDIR/ended")" = "signal $(kill -l "$name")" ]
    until_group_gone
    wait_until_session_gone
    rm -rf -- "${work%/records}"
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = '' ]
  done
  tell_holder rollback
  [ "$(key_rows)" = "$before" ]
}

@test "two at once: both end with 0, the second finds it revoked" {
  hold 'select * from api_apikey for update'
  for n in 1 2; do
    recotem-revoke-api-key --prefix AAAAaaaa >"$BATS_TEST_TMPDIR/out$n" 2>"$BATS_TEST_TMPDIR/err$n" 3>&- &
    started+=("$!")
  done
  wait_until_blocked 2
  tell_holder rollback
  for pid in "${started[@]:1}"; do wait "$pid"; done
  [ "$(sort "$BATS_TEST_TMPDIR"/out[12])" = "$revoked
API key 'k1' of project 'of alice' (prefix: AAAAaaaa...) was revoked before." ]
}

@test "a missing table and a server that is away are 1" {
  run -1 --separate-stderr env DATABASE_URL=postgresql://ann:s3cret@127.0.0.1:1/shop recotem-revoke-api-key --prefix AAAAaaaa
  [ "$output" = '' ]
  [[ $stderr == *'127.0.0.1:1/shop as ann: '*'Connection refused'* && $stderr != *s3cret* ]]
  sql 'drop table api_apikey'
  run -1 --separate-stderr recotem-revoke-api-key --prefix AAAAaaaa
  [ "$output" = '' ]
  [[ $stderr == *'relation "api_apikey" does not exist'* ]]
}

@test "by rc-manage, and by absolute path with nothing in the environment" {
  run -0 rc-manage recotem revoke_api_key --prefix=AAAAaaaa
  [ "$output" = "$revoked" ]
  command=$(command -v recotem-revoke-api-key)
  run -0 env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= "$command" --proj 2 --na k1
  [ "$output" = "API key 'k1' of project 'of admin' (prefix: BBBBbbbb...) revoked." ]
}

@test "events: start and done with the counts, an error with its message" {
  RC_EVENTS=$BATS_TEST_TMPDIR/events run -0 recotem-revoke-api-key --prefix AAAAaaaa
  [ "$(jq -c 'select(.tool == "recotem-revoke-api-key") | [.event, .exit, .counts]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["done",0,{"scanned":1,"changed":1}]' ]
  RC_EVENTS=$BATS_TEST_TMPDIR/events2 run -1 recotem-revoke-api-key --prefix CCCCcccc
  [ "$(jq -c 'select(.tool == "recotem-revoke-api-key") | [.event, .exit, .message]' "$BATS_TEST_TMPDIR/events2")" = '["start",null,null]
["error",1,"API key not found."]' ]
}
