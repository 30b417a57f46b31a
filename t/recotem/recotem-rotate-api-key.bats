# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load helper

setup_file() { keep_filled fill; }
teardown_file() { drop_filled; }

fill() {
  alice=$(add_user alice) admin=$(add_user admin)
  add_project 'of alice' "$alice"
  add_project 'of admin' "$admin"
  old=$(add_api_key k1 1 "$alice" AAAAaaaa)
  add_api_key k1 2 "$admin" BBBBbbbb
  sql "update api_apikey set scopes = '[\"write\", \"read\"]', last_used_at = '2026-02-03 04:05:06.789+00' where id = $old"
  export alice admin old
}

setup() {
  new_filled_database
  started=()
}

teardown() { end_started; }

# shellcheck disable=SC2034 # helper.bash uses both
command=recotem-rotate-api-key
usage='usage: recotem-rotate-api-key --overlap DAYS [--prefix TEXT] [--project-id N --name NAME] [--expires-in-days DAYS] [--dry-run] [--json]'
key_form='^rctm_[A-Za-z0-9_-]{64}$'

# Of the row ID among ROWS these columns.
columns() { # ROWS ID COLUMN...
  local rows=$1 id=$2
  shift 2
  jq -cS --argjson id "$id" 'select(.id == $id) | with_entries(select(.key as $k | $ARGS.positional | index([$k])))' --args "$@" <<<"$rows"
}

# ---- what it does ----

@test "the new key alone on stdout, the message on stderr; it takes over name, project, owner and scopes" {
  run -0 --separate-stderr recotem-rotate-api-key --project-id 1 --name k1 --overlap 7
  [[ $output =~ $key_form ]]
  prefix=${output:5:8}
  end=$(sql "select to_json(expires_at)#>>'{}' from api_apikey where id = $old")
  [ "$stderr" = "API key 'k1' of project 'of alice' rotated (prefix: $prefix...); the old one (prefix: AAAAaaaa...) ends at $end." ]
  [ "$(sql "select to_jsonb(k) - '{id,hashed_key,ins_datetime,updated_at}'::text[] from api_apikey k where id > 2" | jq -cS .)" = \
    '{"expires_at":null,"is_active":true,"key_prefix":"'"$prefix"'","last_used_at":null,"name":"k1","owner_id":'"$alice"',"project_id":1,"scopes":["write","read"]}' ]
  [ "$(sql "select ins_datetime <> updated_at and now() - ins_datetime between '0' and interval '1 minute' from api_apikey where id > 2")" = t ]
  sql 'select hashed_key from api_apikey where id > 2' >"$BATS_TEST_TMPDIR/hash"
  run -0 rc-password-hash --check --from key --to hash <(rc-record-make key@3 hash@4 3<<<"$output" 4<"$BATS_TEST_TMPDIR/hash")
}

@test "the old key is renamed and ends after the overlap, nothing else of it changes, and no other key" {
  before=$(key_rows)
  run -0 recotem-rotate-api-key --project-id 1 --name k1 --overlap 7
  [ "$(sql "select name, is_active, expires_at - now() between interval '167:59' and '168:00', now() - updated_at < interval '1 minute'
    from api_apikey where id = $old")" = 'k1 (old, AAAAaaaa)|t|t|t' ]
  after=$(key_rows)
  for column in key_prefix hashed_key scopes ins_datetime last_used_at owner_id project_id; do
    [ "$(columns "$after" "$old" "$column")" = "$(columns "$before" "$old" "$column")" ]
  done
  [ "$(jq -c 'select(.id == 2)' <<<"$after")" = "$(jq -c 'select(.id == 2)' <<<"$before")" ]
  [ "$(wc -l <<<"$after")" = 3 ]
}

@test "nothing but api_apikey changes" {
  before=$(other_rows)
  run -0 recotem-rotate-api-key --prefix AAAAaaaa --overlap 1
  [ "$(other_rows)" = "$before" ]
}

@test "with an overlap of 0 the old key ends at once and is not active" {
  run -0 recotem-rotate-api-key --prefix AAAAaaaa --overlap 0
  [ "$(sql "select is_active, expires_at <= now(), updated_at - expires_at between interval '-1 minute' and interval '1 minute' from api_apikey where id = $old")" = 'f|t|t' ]
}

@test "the old key never ends later than before" {
  end=$(sql "update api_apikey set expires_at = now() + interval '2 days' where id = $old returning expires_at")
  run -0 recotem-rotate-api-key --prefix AAAAaaaa --overlap 7
  [ "$(sql "select is_active, expires_at = '$end' from api_apikey where id = $old")" = 't|t' ]
}

@test "the new key lives as long as the old one was made for" {
  sql "update api_apikey set ins_datetime = now() - interval '20 days', expires_at = now() + interval '10 days' where id = $old"
  run -0 recotem-rotate-api-key --prefix AAAAaaaa --overlap 1
  [ "$(sql "select expires_at - ins_datetime between interval '719:59' and '720:01' from api_apikey where name = 'k1' and project_id = 1")" = t ]
}

@test "the new key never ends after the year 9999, however long the old one was made for" {
  sql "update api_apikey set expires_at = '9999-12-31 12:00+00' where id = $old"
  run -0 recotem-rotate-api-key --prefix AAAAaaaa --overlap 1
  [ "$(sql "select expires_at < '10000-01-01 00:00+00' from api_apikey where name = 'k1' and project_id = 1")" = t ]
}

@test "--expires-in-days gives the new key its end, whatever the old one's was" {
  run -0 recotem-rotate-api-key --prefix AAAAaaaa --overlap 1 --expires-in-days 30
  [ "$(sql "select expires_at - ins_datetime between interval '719:59' and '720:01' from api_apikey where name = 'k1' and project_id = 1")" = t ]
  sql "update api_apikey set expires_at = now() + interval '100 days' where id = 2"
  run -0 recotem-rotate-api-key --prefix BBBBbbbb --overlap 1 --expires-in-days 1
  [ "$(sql "select expires_at - ins_datetime between interval '23:59' and '24:01' from api_apikey where name = 'k1' and project_id = 2")" = t ]
}

@test "rotated again: each key before it keeps its own name and end" {
  for _ in 1 2 3; do run -0 recotem-rotate-api-key --project-id 1 --name k1 --overlap 7; done
  [ "$(sql "select count(*), count(distinct name), count(*) filter (where name like 'k1 (old, ________)'), count(*) filter (where expires_at is null)
    from api_apikey where project_id = 1")" = '4|4|3|1' ]
}

@test "a name of 256 characters, of 4 bytes too, is cut for the old key only" {
  local x
  printf -v x '%256s' ''
  sql "update api_apikey set name = '${x// /😀}' where id = $old"
  run -0 recotem-rotate-api-key --prefix AAAAaaaa --overlap 7
  [ "$(sql "select right(name, 16), char_length(name) from api_apikey where id = $old")" = ' (old, AAAAaaaa)|246' ]
  [ "$(sql "select char_length(name) from api_apikey where id > 2")" = 256 ]
}

@test "a prefix that begins with a dash is given after =" {
  sql "update api_apikey set key_prefix = '--AAaaaa' where id = $old; update api_apikey set key_prefix = '-BBBbbbb' where id = 2"
  wrong 'argument --prefix: expected one argument' --overlap 7 --prefix --AAaaaa
  run -0 --separate-stderr recotem-rotate-api-key --overlap 7 --prefix=--AAaaaa
  [[ $stderr == *'the old one (prefix: --AAaaaa...)'* ]]
  run -0 recotem-rotate-api-key --overlap 7 --prefix=-BBBbbbb
}

@test "--dry-run says which key it would be and changes nothing" {
  before=$(key_rows)
  run -0 --separate-stderr recotem-rotate-api-key --prefix AAAAaaaa --overlap 7 --dry-run
  [ "$output" = "API key 'k1' of project 'of alice' (prefix: AAAAaaaa...) would be rotated.

Dry run complete. No changes made." ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr recotem-rotate-api-key --prefix AAAAaaaa --overlap 7 --dry-run --json
  [ "${lines[0]}" = '{"id":1,"name":"k1","key_prefix":"AAAAaaaa","project_id":1,"project_name":"of alice","owner":"alice","scopes":["write", "read"],"expires_at":null,"status":"would_rotate"}' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .errors]' <<<"${lines[1]}")" = '[true,1,0,0]' ]
  [ "$(key_rows)" = "$before" ]
}

@test "--json: the key's record first, then the new key and the old one, last a summary" {
  run -0 --separate-stderr recotem-rotate-api-key --prefix AAAAaaaa --overlap 7 --json
  [ "$stderr" = '' ]
  [ "${#lines[@]}" = 3 ]
  [ "$(jq -c keys_unsorted <<<"${lines[0]}")" = '["key"]' ]
  key=$(jq -r .key <<<"${lines[0]}")
  [[ $key =~ $key_form ]]
  [ "$(jq -c 'del(.id, .old_expires_at)' <<<"${lines[1]}")" = '{"name":"k1","key_prefix":"'"${key:5:8}"'","project_id":1,"project_name":"of alice","owner":"alice","scopes":["write","read"],"expires_at":null,"status":"rotated","old_id":1,"old_name":"k1 (old, AAAAaaaa)","old_prefix":"AAAAaaaa"}' ]
  [ "$(sql "select expires_at = '$(jq -r .old_expires_at <<<"${lines[1]}")' from api_apikey where id = $old")" = t ]
  [ "$(sql "select key_prefix from api_apikey where id = $(jq -r .id <<<"${lines[1]}")")" = "${key:5:8}" ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[2]}")" = '[true,1,2,0,0]' ]
}

# ---- what it refuses ----

@test "a key that is not active, and one that has expired" {
  sql "update api_apikey set is_active = false where id = 1; update api_apikey set expires_at = now() where id = 2"
  refused "API key 'k1' is not active any more; make a new one." --overlap 7 --project-id 1 --name k1
  refused "API key 'k1' is not active any more; make a new one." --overlap 7 --prefix BBBBbbbb
}

@test "no such key" {
  refused 'API key not found.' --overlap 7 --prefix CCCCcccc
  refused 'API key not found.' --overlap 7 --prefix aaaaAAAA
  refused 'API key not found.' --overlap 7 --prefix ''
  refused 'API key not found.' --overlap 7 --prefix AAAA
  refused 'API key not found.' --overlap 7 --prefix AAAAaaa%
  refused 'API key not found.' --overlap 7 --project-id 1 --name K1
  refused 'API key not found.' --overlap 7 --project-id 99 --name k1
  refused 'API key not found.' --overlap 7 --project-id -1 --name k1
  refused 'API key not found.' --overlap 7 --project-id 18446744073709551617 --name k1
  refused 'API key not found.' --overlap 7 --prefix AAAAaaaa --project-id 2
  refused 'API key not found.' --overlap 7 --prefix AAAAaaaa --name k2
}

@test "several keys of one prefix: refused, and their names are shown; with project or name it is one" {
  sql "update api_apikey set key_prefix = 'AAAAaaaa'"
  refused "More than one API key fits: 'k1' of project 1, 'k1' of project 2. Give --project-id and --name." --overlap 7 --prefix AAAAaaaa
  run -0 --separate-stderr recotem-rotate-api-key --overlap 7 --prefix AAAAaaaa --project-id 2
  [[ $stderr == "API key 'k1' of project 'of admin' rotated "* ]]
}

@test "a negative overlap, and a key that would live less than one day or past the year 9999" {
  refused "The overlap can't be negative." --overlap -1 --prefix AAAAaaaa
  refused "The overlap can't be negative." --overlap=-99999999999999999999 --prefix AAAAaaaa
  refused "A key can't expire after the year 9999." --overlap 99999999 --prefix AAAAaaaa
  refused "A key can't expire after the year 9999." --overlap 99999999999999999999999999999 --prefix AAAAaaaa
  refused 'A key expires after one day at the earliest.' --overlap 7 --prefix AAAAaaaa --expires-in-days 0
  refused 'A key expires after one day at the earliest.' --overlap 7 --prefix AAAAaaaa --expires-in-days -5
  refused "A key can't expire after the year 9999." --overlap 7 --prefix AAAAaaaa --expires-in-days 99999999
}

@test "the old key's new name is taken: 1, the message names it, nothing changes" {
  sql "update api_apikey set name = 'k1 (old, AAAAaaaa)', project_id = 1 where id = 2"
  before=$(key_rows)
  run -1 --separate-stderr recotem-rotate-api-key --overlap 7 --prefix AAAAaaaa
  [ "$output" = '' ]
  [[ $stderr == *unique_api_key_name_per_project* ]]
  [ "$(key_rows)" = "$before" ]
}

@test "missing options: the usage, 2" {
  wrong 'the following arguments are required: --overlap'
  wrong 'the following arguments are required: --overlap' --prefix AAAAaaaa
  wrong 'the following arguments are required: --project-id, --name' --overlap 7
  wrong 'the following arguments are required: --name' --overlap 7 --project-id 1
  wrong 'the following arguments are required: --project-id' --overlap 7 --name k1
}

@test "the overlap may be 7, 7d, 2w or 12h" {
  local form hours name=periods
  add_api_key periods 1 "$(sql "select owner_id from api_project where id = 1")" PeriodsX >/dev/null
  for form in 7:168 7d:168 2w:336 12h:12; do
    hours=${form#*:}
    run -0 --separate-stderr recotem-rotate-api-key --project-id 1 --name periods --overlap "${form%:*}"
    [ "$(sql "select count(*) from api_apikey where name like 'periods (old%' and round(extract(epoch from expires_at - now()) / 3600) = $hours")" -ge 1 ]
  done
}

@test "options of the wrong kind: the usage, 2" {
  for word in x '' 1.5 7y 7dd d; do
    run -2 --separate-stderr recotem-rotate-api-key --prefix AAAAaaaa --overlap "$word"
    [ "${stderr_lines[0]}" = "$usage" ]
    [[ ${stderr_lines[1]} == 'recotem-rotate-api-key: error: argument --overlap: invalid period (7, 7d, 12h or 2w): '* ]]
  done
}

@test "a whole key in the arguments is refused with 2, and no message or event shows it" {
  key=rctm_AAAAaaaaSecretSecretSecretSecretSecretSecretSecretSecretSecretSecret
  export RC_EVENTS=$BATS_TEST_TMPDIR/events
  before=$(key_rows)
  for arguments in "--prefix $key" "--prefix=$key" "--prefix ${key#rctm_}" "$key" "--project-id $key --name k1" "--prefix AAAAaaaa $key" "-$key"; do
    # shellcheck disable=SC2086
    run -2 --separate-stderr recotem-rotate-api-key --overlap 7 $arguments
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = "$usage" ]
    [[ $stderr != *Secret* ]]
  done
  run -1 grep Secret "$RC_EVENTS"
  [ "$(key_rows)" = "$before" ]
  wrong 'argument --prefix: takes the 8 characters after rctm_, not the key' --overlap 7 --prefix "$key"
}

# ---- all or nothing ----

@test "a reader of stdout that is gone, and a full disk: 1, and nothing changes at all" {
  before=$(key_rows)
  for option in '' --json; do
    run -1 --separate-stderr without_reader recotem-rotate-api-key --prefix AAAAaaaa --overlap 0 $option
    [ "${stderr_lines[0]}" = 'recotem-rotate-api-key: cannot write <stdout>: Broken pipe' ]
    [ "$(key_rows)" = "$before" ]
    run -1 --separate-stderr bash -c "recotem-rotate-api-key --prefix AAAAaaaa --overlap 0 $option >/dev/full"
    [ "${stderr_lines[0]}" = 'recotem-rotate-api-key: cannot write <stdout>: No space left on device' ]
    [ "$(key_rows)" = "$before" ]
  done
}

@test "a closed stdout: 1, and nothing changes" {
  before=$(key_rows)
  run -1 --separate-stderr bash -c 'recotem-rotate-api-key --prefix AAAAaaaa --overlap 0 >&-'
  [ "$stderr" = 'recotem-rotate-api-key: standard output is closed' ]
  [ "$(key_rows)" = "$before" ]
}

@test "a closed standard error and a closed standard input do no harm" {
  run -0 bash -c 'recotem-rotate-api-key --prefix AAAAaaaa --overlap 7 2>&- <&-'
  [[ $output =~ $key_form ]]
}

@test "a newer NOT NULL column without default: 1, the message names it, nothing changes" {
  sql "alter table api_apikey add colour text not null default 'red'; alter table api_apikey alter colour drop default"
  before=$(key_rows)
  run -1 --separate-stderr recotem-rotate-api-key --prefix AAAAaaaa --overlap 0
  [ "$output" = '' ]
  [[ $stderr == *'null value in column "colour" of relation "api_apikey"'* ]]
  [[ $stderr != *pbkdf2* ]]
  [ "$(key_rows)" = "$before" ]
}

@test "the connection is lost before COMMIT: 1, and nothing changes" {
  before=$(key_rows)
  start_proxy before
  DATABASE_URL=$proxied run -1 --separate-stderr recotem-rotate-api-key --prefix AAAAaaaa --overlap 0
  [ "$stderr" = 'recotem-rotate-api-key: the connection broke during COMMIT; the server says that nothing was changed' ]
  [ "$(key_rows)" = "$before" ]
}

@test "the connection is lost in COMMIT: the server is asked, 0, and the printed key is the one that exists" {
  start_proxy during
  DATABASE_URL=$proxied run -0 --separate-stderr recotem-rotate-api-key --prefix AAAAaaaa --overlap 0
  [ "${stderr_lines[0]}" = 'recotem-rotate-api-key: the connection broke during COMMIT; the server says that it took place' ]
  [ "$(sql "select key_prefix from api_apikey where name = 'k1' and project_id = 1")" = "${output:5:8}" ]
}

@test "TERM and kill -9 while it waits: nothing changes, no process, no session" {
  local name work
  before=$(key_rows)
  hold 'lock table api_apikey in share mode'
  for name in TERM KILL; do
    start recotem-rotate-api-key --prefix AAAAaaaa --overlap 0
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

@test "kill -9 and TERM at any moment: all or nothing, and a key that exists was printed" {
  local i signal work took name=k1-$RANDOM$RANDOM
  took=$(milliseconds_of recotem-rotate-api-key --project-id 1 --name k1 --overlap 0 --dry-run)
  sql "update api_apikey set name = '$name' where id = 1"
  before=$(key_rows)
  random_rounds 6
  for i in "${rounds[@]}"; do
    signal=$((i % 2 ? 9 : 15))
    start recotem-rotate-api-key --project-id 1 --name "$name" --overlap 0
    find_work "$name"
    random_moment "$((took * 2))" # a dry run makes no key
    if ((i % 3)); then kill "-$signal" "$group" 2>/dev/null || :; else kill "-$signal" -- "-$group" 2>/dev/null || :; fi
    wait "$runner"
    until_group_gone
    wait_until_session_gone
    [ ! "$work" ] || rm -rf -- "$work"
    prefix=$(sql 'select key_prefix from api_apikey where id > 2')
    if [ "$prefix" ]; then
      [ "$prefix" = "$(cut -c 6-13 "$BATS_TEST_TMPDIR/out")" ]
      [ "$(sql 'select is_active from api_apikey where id = 1')" = f ]
      sql "delete from api_apikey where id > 2;
        update api_apikey set name = '$name', is_active = true, expires_at = null, updated_at = '2026-01-02 03:04:05.678901+00' where id = 1"
    fi
    [ "$(key_rows)" = "$before" ]
  done
}

@test "two of one key at once: one new key, the other is refused" {
  two_at_once --project-id 1 --name k1
}

@test "two of one prefix at once: likewise" {
  two_at_once --prefix AAAAaaaa
}

two_at_once() {
  hold 'lock table api_apikey in share mode'
  for n in 1 2; do
    recotem-rotate-api-key "$@" --overlap 7 >"$BATS_TEST_TMPDIR/out$n" 2>"$BATS_TEST_TMPDIR/err$n" 3>&- &
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
  [ "$(cat "$BATS_TEST_TMPDIR"/err[12] | grep -c '^recotem-rotate-api-key: ')" = 1 ]
  [ "$(sql 'select count(*) from api_apikey where project_id = 1')" = 2 ]
  [ "$(sql "select key_prefix from api_apikey where project_id = 1 and name = 'k1'")" = "$(cat "$BATS_TEST_TMPDIR"/out[12] | cut -c 6-13)" ]
}

@test "no secret in an event, nor in the arguments or the environment of a process" {
  hold 'lock table api_apikey in share mode'
  RC_EVENTS=$BATS_TEST_TMPDIR/events start recotem-rotate-api-key --prefix AAAAaaaa --overlap 7
  wait_until_blocked
  for pid in $(pgrep -s "$group"); do cat "/proc/$pid/cmdline" "/proc/$pid/environ" 2>/dev/null; done >"$BATS_TEST_TMPDIR/seen" || :
  tell_holder rollback
  wait "$runner"
  [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 'exit 0' ]
  key=$(cat "$BATS_TEST_TMPDIR/out")
  [[ $key =~ $key_form ]]
  grep -aq rc-db-apply "$BATS_TEST_TMPDIR/seen"
  run -1 grep -aF -e "${key#rctm_}" -e pbkdf2 "$BATS_TEST_TMPDIR/seen" "$BATS_TEST_TMPDIR/events" "$BATS_TEST_TMPDIR/err"
  [ "$(jq -c 'select(.tool == "recotem-rotate-api-key") | [.event, .exit, .counts]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["done",0,{"scanned":1,"changed":2}]' ]
}
