# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load helper

setup() {
  new_database
  alice=$(add_user alice) admin=$(add_user admin)
  add_project Books "$alice"
  add_project Films "$admin"
}

usage='usage: recotem-list-api-keys [--project-id N] [--owner NAME] [--expiring PERIOD] [--json]'

# Adds keys that end in so many hours, named after it: 1h, 12h and so on.
add_ends() {
  local hours
  for hours in "$@"; do
    sql "update api_apikey set expires_at = now() + interval '$hours hours' where id = $(add_api_key "${hours}h" 1 "$alice")"
  done
}

names() { recotem-list-api-keys --json "$@" | jq -r '.name // empty' | xargs; }

@test "a line for each key: prefix, state, name, project, owner, scopes, end, last use" {
  add_api_key k1 1 "$alice" AAAAaaaa
  add_api_key k2 2 "$admin" -BBBbbbb
  sql "update api_apikey set scopes = '[\"read\", \"write\"]', expires_at = '9999-01-02 03:04:05.678901+00', last_used_at = '2026-02-03 04:05:06+00' where id = 2"
  run -0 --separate-stderr recotem-list-api-keys
  [ "$output" = "AAAAaaaa  active  'k1'  project 1 'Books'  owner alice  scopes [\"predict\"]  expires never  last used never
-BBBbbbb  active  'k2'  project 2 'Films'  owner admin  scopes [\"read\", \"write\"]  expires 9999-01-02T03:04:05.678901+00:00  last used 2026-02-03T04:05:06+00:00" ]
  [ "$stderr" = '' ]
}

@test "no keys: nothing, 0" {
  run -0 --separate-stderr recotem-list-api-keys
  [ "$output$stderr" = '' ]
  run -0 --separate-stderr recotem-list-api-keys --json
  [ "${#lines[@]}" = 1 ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"$output")" = '[true,0,0,0,0]' ]
}

@test "revoked and expired keys are shown with their state" {
  add_api_key k1 1 "$alice"; add_api_key k2 1 "$alice"; add_api_key k3 1 "$alice"; add_api_key k4 1 "$alice"
  sql "update api_apikey set is_active = false where name in ('k2', 'k4');
    update api_apikey set expires_at = now() - interval '1 second' where name in ('k3', 'k4')"
  run -0 recotem-list-api-keys
  [ "$(cut -d ' ' -f 3,5 <<<"$output")" = "active 'k1'
revoked 'k2'
expired 'k3'
revoked 'k4'" ]
}

@test "the order is that of the projects' names, then of the keys'" {
  add_project Atlas null
  add_api_key b 2 "$admin"; add_api_key a 2 "$admin"; add_api_key z 1 "$alice"; add_api_key y 3 "$alice"
  [ "$(names)" = 'y z a b' ]
}

@test "--json: a record for each key and a summary" {
  add_api_key k1 1 "$alice" AAAAaaaa
  add_api_key k2 2 "$admin" BBBBbbbb
  run -0 --separate-stderr recotem-list-api-keys --json
  [ "${lines[0]}" = '{"id":1,"key_prefix":"AAAAaaaa","name":"k1","project_id":1,"project_name":"Books","owner":"alice","scopes":["predict"],"expires_at":null,"last_used_at":null,"status":"active"}' ]
  [ "$(jq -c keys_unsorted <<<"${lines[2]}")" = '["ok","run_id","scanned","changed","warnings","errors","duration_s"]' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[2]}")" = '[true,2,0,0,0]' ]
  [ "${#lines[@]}" = 3 ]
  [ "$stderr" = '' ]
}

@test "no hash is ever printed" {
  add_api_key k1 1 "$alice"
  # shellcheck disable=SC2016 # a hash
  sql "update api_apikey set hashed_key = 'pbkdf2_sha256\$870000\$0123456789abcdefABCDEF\$oCIcDGJhVR+tzqueBnecRW6It4NG81WPZZSWbWYOzgs='"
  run -0 recotem-list-api-keys
  [[ $output != *pbkdf2* && $output != *oCIcDGJh* ]]
  run -0 recotem-list-api-keys --json
  [[ $output != *pbkdf2* && $output != *oCIcDGJh* && $output != *hashed* ]]
}

@test "--project-id and --owner choose; together both must fit" {
  add_api_key k1 1 "$alice"; add_api_key k2 2 "$admin"; add_api_key k3 2 "$alice"
  [ "$(names --project-id 2)" = 'k2 k3' ]
  [ "$(names --owner alice)" = 'k1 k3' ]
  [ "$(names --owner alice --project-id 2)" = k3 ]
  [ "$(names --owner=alice --project-id=+002)" = k3 ]
}

@test "a project or an owner that is not there: nothing, 0" {
  add_api_key k1 1 "$alice"
  for arguments in '--project-id 99' '--project-id 0' '--project-id -1' '--project-id 9223372036854775808' \
    '--project-id 340282366920938463463374607431768211457' '--owner nobody' '--owner Alice' '--owner='; do
    # shellcheck disable=SC2086
    run -0 --separate-stderr recotem-list-api-keys $arguments
    [ "$output$stderr" = '' ]
  done
}

@test "--expiring: active keys that end within the period, of minutes, hours, days or weeks" {
  add_ends 1 11 13 167 169 335 337
  add_api_key never 1 "$alice"
  [ "$(names --expiring 90m)" = 1h ]
  [ "$(names --expiring 12h)" = '11h 1h' ]
  [ "$(names --expiring 7d)" = '11h 13h 167h 1h' ]
  [ "$(names --expiring 2w)" = '11h 13h 167h 169h 1h 335h' ]
  [ "$(names --expiring 9999999w)" = '11h 13h 167h 169h 1h 335h 337h' ]
  [ "$(names --expiring 0d)" = '' ]
  [ "$(names --expiring 007d)" = '11h 13h 167h 1h' ]
}

@test "--expiring leaves out what is revoked or has ended already, and goes with the other two" {
  add_ends -1 1 2
  sql "update api_apikey set is_active = false where name = '2h'"
  [ "$(names --expiring 7d)" = 1h ]
  [ "$(names --expiring 7)" = 1h ]
  [ "$(names --expiring 1w)" = 1h ]
  [ "$(names --expiring 12h)" = 1h ]
  [ "$(names --expiring 7d --project-id 1 --owner alice)" = 1h ]
  [ "$(names --expiring 7d --project-id 2)" = '' ]
  [ "$(names --expiring 7d --owner admin)" = '' ]
}

@test "a bad period: the usage, 2" {
  for period in d 7y 7D -7d +7d 1.5d '7 d' '' 7dd '1d 2h' soon '7d; drop table api_apikey'; do
    run -2 --separate-stderr recotem-list-api-keys --expiring="$period"
    [ "$output" = '' ]
    [ "$stderr" = "$usage
recotem-list-api-keys: error: argument --expiring: invalid period (7, 7d, 12h or 2w): '$period'" ] || { echo "$stderr"; return 1; }
  done
  for period in 10000000d 99999999w 999999999999999999999999m; do
    run -2 --separate-stderr recotem-list-api-keys --expiring "$period"
    [ "$output" = '' ]
    [ "$stderr" = "$usage
recotem-list-api-keys: error: argument --expiring: too long a period: '$period'" ]
  done
}

@test "other wrong options: the usage, 2" {
  run -2 --separate-stderr recotem-list-api-keys --project-id x
  [ "$stderr" = "$usage
recotem-list-api-keys: error: argument --project-id: invalid int value: 'x'" ]
  run -2 --separate-stderr recotem-list-api-keys 1
  [ "$output" = '' ]
  [ "$stderr" = "$usage
recotem-list-api-keys: error: unrecognized arguments: 1" ]
}

@test "control characters in names are escaped" {
  sql "update api_project set name = E'Books\\x1b[31m\\nof' where id = 1; update auth_user set username = E'al\\x7fice' where id = $alice"
  sql "update api_apikey set name = E'k\\x1b]0;x\\x07\\n1' where id = $(add_api_key k1 1 "$alice" AAAAaaaa)"
  run -0 --separate-stderr recotem-list-api-keys
  [ "$output" = "AAAAaaaa  active  'k\\u001b]0;x\\u0007\\u000a1'  project 1 'Books\\u001b[31m\\u000aof'  owner al\\u007fice  scopes [\"predict\"]  expires never  last used never" ]
}

@test "names with quotes, braces and non-ASCII stand as they are" {
  add_api_key "o''brien {name} Ünï😀 %s" 1 "$alice" AAAAaaaa
  run -0 recotem-list-api-keys
  [ "$output" = "AAAAaaaa  active  'o'brien {name} Ünï😀 %s'  project 1 'Books'  owner alice  scopes [\"predict\"]  expires never  last used never" ]
}

@test "it changes nothing, on a database that takes no writes too" {
  add_api_key k1 1 "$alice" AAAAaaaa
  before=$(sql 'select to_jsonb(k) from api_apikey k')
  PGOPTIONS='-c default_transaction_read_only=on' run -0 recotem-list-api-keys
  [ "${#lines[@]}" = 1 ]
  [ "$(sql 'select to_jsonb(k) from api_apikey k')" = "$before" ]
}

@test "a thousand keys" {
  sql "insert into api_apikey (ins_datetime, updated_at, name, key_prefix, hashed_key, scopes, is_active, project_id, owner_id)
    select now(), now(), 'k' || i, 'abcdefgh', '!', '[]', true, 1, $alice from generate_series(1, 1000) i"
  run -0 recotem-list-api-keys --json
  [ "${#lines[@]}" = 1001 ]
  [ "$(jq -c .scanned <<<"${lines[1000]}")" = 1000 ]
}

@test "a full disk and a closed standard output are 1" {
  add_api_key k1 1 "$alice"
  run -1 --separate-stderr bash -c 'recotem-list-api-keys >/dev/full'
  [[ $stderr == *'No space left on device'* ]]
  run -1 --separate-stderr bash -c 'recotem-list-api-keys >&-'
  [ "$stderr" = 'recotem-list-api-keys: standard output is closed' ]
}

@test "a missing table and a server that is away are 1, and --json tells too" {
  run -1 --separate-stderr env DATABASE_URL=postgresql://ann:s3cret@127.0.0.1:1/shop recotem-list-api-keys
  [ "$output" = '' ]
  [[ $stderr == *'127.0.0.1:1/shop as ann: '*'Connection refused'* && $stderr != *s3cret* ]]
  sql 'drop table api_apikey'
  run -1 --separate-stderr recotem-list-api-keys --json
  [ "$(jq -c '[.ok, .errors]' <<<"$output")" = '[false,1]' ]
  [[ $stderr == *'relation "api_apikey" does not exist'* ]]
}

@test "by rc-manage, by absolute path with nothing in the environment, and with what a user's shell has set" {
  add_api_key k1 1 "$alice" AAAAaaaa
  line="AAAAaaaa  active  'k1'  project 1 'Books'  owner alice  scopes [\"predict\"]  expires never  last used never"
  run -0 rc-manage recotem list_api_keys --project-id 1
  [ "$output" = "$line" ]
  command=$(command -v recotem-list-api-keys)
  run -0 env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= "$command"
  [ "$output" = "$line" ]
  sql "update api_apikey set last_used_at = '2026-02-03 04:05:06+00'"
  run -0 env IFS=a LC_ALL=C POSIXLY_CORRECT=1 TZ=Asia/Tokyo PGTZ=Asia/Tokyo PGDATESTYLE=German recotem-list-api-keys <&-
  [ "$output" = "${line% never} 2026-02-03T04:05:06+00:00" ]
}

@test "events: start and done with the count, no name in them" {
  add_api_key k1secret 1 "$alice"
  RC_EVENTS=$BATS_TEST_TMPDIR/events run -0 recotem-list-api-keys
  [ "$(jq -c 'select(.tool == "recotem-list-api-keys") | [.event, .exit, .counts]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["done",0,{"scanned":1,"changed":0}]' ]
  run -1 grep k1secret "$BATS_TEST_TMPDIR/events"
}
