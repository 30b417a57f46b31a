# rc-s3-get, rc-s3-put and recotem-resign-models against a real gateway of S3, whose buckets are folders: what it keeps is looked at there.
# shellcheck disable=SC2030,SC2031,SC2119,SC2120,SC2154 # each test has an environment of its own; servers.bash sets variables
load ../recotem/helper
load servers

setup_file() {
  started=()
  export AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY='se/cr+et' no_proxy='*' RECOTEM_STORAGE_TYPE=''
  unset AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION AWS_CA_BUNDLE CREDENTIALS_DIRECTORY AWS_LOCATION
  if [ "${RC_TEST_S3-s3proxy}" = s3proxy ]; then
    need_java && fetch s3proxy fetch_s3proxy || { skip_all; return 0; }
  fi
  start_s3 "$BATS_FILE_TMPDIR/s3"
  export AWS_S3_ENDPOINT_URL=$store
  printf '%s\n' "${started[@]}" >"$BATS_FILE_TMPDIR/started"
}

teardown_file() {
  [ ! -e "$BATS_FILE_TMPDIR/started" ] || mapfile -t started <"$BATS_FILE_TMPDIR/started"
  end_started
}

setup() {
  skip_where_absent
  started=()
  cd "$BATS_TEST_TMPDIR" || return
  bucket=bucket$BATS_TEST_NUMBER kept=$BATS_FILE_TMPDIR/s3/data/$bucket
  mkdir root
  mkdir -m 777 "$kept"
}

teardown() { end_started; }

get() { rc-s3-get --bucket "$bucket" --root root "$@"; }
put() { rc-s3-put --bucket "$bucket" --root root "$@"; }
field() { jq -r "$1"; }

# Asks as curl signs it: METHOD KEY [OPTION...]
by_curl() {
  curl -sS --noproxy '*' --aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -X "$1" \
    -H "x-amz-content-sha256: ${sha256-$(sha256sum </dev/null | cut -d ' ' -f 1)}" "$AWS_S3_ENDPOINT_URL/$bucket/$2" "${@:3}"
}
# KEY BYTES, by curl
change() {
  printf %s "$2" >changed
  sha256=$(sha256sum changed | cut -d ' ' -f 1) by_curl PUT "$1" --data-binary @changed -H 'content-type: application/x-other' -f >/dev/null
}

# A proxy before the store that cuts connections; $cut is its address.
start_cutting() { # BYTES [TIMES]
  mkfifo "cut.$1"
  perl "$RC_TEST_FOLDER/services/cut-proxy.pl" "${AWS_S3_ENDPOINT_URL##*:}" "$@" >"cut.$1" 3>&- &
  started+=("$!")
  read -r cut <"cut.$1"
  cut=http://127.0.0.1:$cut
}

# ---- the filters ----

@test "a file goes there and comes back, with its type and metadata, whatever its key" {
  local name='a b+c%41 é~(1).bin'
  head -c 100000 /dev/urandom >"root/$name"
  run -0 --separate-stderr put --prefix 'pre fix' <<<"{\"path\":\"$name\",\"headers\":{\"content-type\":\"a/b\",\"cache-control\":\"no-cache\",\"x-amz-meta-a\":\"1\",\"x-amz-meta-a-b\":\"two  blanks\"}}"
  [ "$(field .status <<<"$output")" = put ]
  cmp "root/$name" "$kept/pre fix/$name"
  run -0 by_curl GET 'pre%20fix/a%20b%2Bc%2541%20%C3%A9~%281%29.bin' -D headers -o got
  cmp "root/$name" got
  grep -i '^content-type: a/b' headers
  mkdir back
  run -0 rc-s3-get --bucket "$bucket" --prefix 'pre fix' --root back <<<"{\"path\":\"$name\"}"
  cmp "root/$name" "back/$name"
  [ "$(field '.headers | [."content-type", ."cache-control", ."x-amz-meta-a", ."x-amz-meta-a-b"] | join("|")' <<<"$output")" = 'a/b|no-cache|1|two  blanks' ]
}

@test "an object of no bytes" {
  : >root/none
  put <<<'{"path":"none"}'
  rm root/none
  run -0 get <<<'{"path":"none"}'
  [ "$(field '"\(.status) \(.size)"' <<<"$output")" = 'got 0' ]
  [ -f root/none ]
}

@test "an object of 200 MB goes there and comes back in memory that does not grow with it" {
  need_plain_memory
  head -c 200000000 /dev/zero >root/big
  run -0 bash -c "ulimit -v 180000; MALLOC_ARENA_MAX=1 rc-s3-put --bucket $bucket --root root --jobs 1 <<<'{\"path\":\"big\"}'"
  mkdir back
  run -0 bash -c "ulimit -v 180000; MALLOC_ARENA_MAX=1 rc-s3-get --bucket $bucket --root back --jobs 1 <<<'{\"path\":\"big\"}'"
  cmp root/big back/big
}

@test "a wrong secret, a wrong key, no such bucket and no such object are told in the store's words" {
  : >root/x
  AWS_SECRET_ACCESS_KEY=wrong run -1 get <<<'{"path":"x"}'
  [ "$(field .error.code <<<"$output")" = SignatureDoesNotMatch ]
  AWS_SECRET_ACCESS_KEY=wrong run -1 put <<<'{"path":"x"}'
  [ "$(field .error.code <<<"$output")" = SignatureDoesNotMatch ]
  AWS_ACCESS_KEY_ID=wrong run -1 get <<<'{"path":"x"}'
  [ "$(field .status <<<"$output")" = error ]
  run -1 rc-s3-get --bucket nosuchbucket --root root <<<'{"path":"x"}'
  [ "$(field .error.code <<<"$output")" = NoSuchBucket ]
  run -1 rc-s3-put --bucket nosuchbucket --root root <<<'{"path":"x"}'
  [ "$(field .error.code <<<"$output")" = NoSuchBucket ]
  run -1 get <<<'{"path":"x"}'
  [ "$(field '"\(.status) \(.error.code)"' <<<"$output")" = 'missing NoSuchKey' ]
  [ "$(ls -A "$kept")" = '' ]
}

@test "a clock that is an hour off is told" {
  printf '#include <time.h>\ntime_t time(time_t *to) { struct timespec now; clock_gettime(CLOCK_REALTIME, &now); if (to) *to = now.tv_sec - 3600; return now.tv_sec - 3600; }\n' >late.c
  cc -shared -fPIC -o late.so late.c
  LD_PRELOAD=$PWD/late.so run -1 get <<<'{"path":"x"}'
  [ "$(field .error.code <<<"$output")" = RequestTimeTooSkewed ]
}

@test "an object that was changed between get and put is left to the other writer" {
  printf first >root/x
  put <<<'{"path":"x"}' >/dev/null
  get <<<'{"path":"x"}' >got
  change x second
  printf third >root/x
  run -1 put <got
  [ "$(field '"\(.status) \(.error.code)"' <<<"$output")" = 'error changed' ]
  [ "$(cat "$kept/x")" = second ]
  get <<<'{"path":"x"}' >got
  printf third >root/x
  run -0 put <got
  [ "$(cat "$kept/x")" = third ]
}

@test "the store itself refuses what is not whole" {
  printf 'all of it' >root/x
  put <<<'{"path":"x"}' >/dev/null
  sha256=$(sha256sum root/x | cut -d ' ' -f 1) run -0 by_curl PUT x --data-binary 'all of'
  [[ $output == *'<Error>'* ]]
  [ "$(cat "$kept/x")" = 'all of it' ]
}

@test "a put whose connection is cut in its middle is sent again; where it is always cut the object stays as it was" {
  printf old >root/x
  put <<<'{"path":"x"}' >/dev/null
  get <<<'{"path":"x"}' >got
  head -c 5000000 /dev/urandom >root/x
  start_cutting 2000000
  run -1 put --endpoint "$cut" --patience 1s <got
  [ "$(field .error.code <<<"$output")" = unavailable ]
  [ "$(cat "$kept/x")" = old ]
  start_cutting 2000001 2
  run -0 put --endpoint "$cut" --pause 10ms <got
  cmp root/x "$kept/x"
}

@test "a put that is killed in its middle leaves the object as it was" {
  printf old >root/x
  put <<<'{"path":"x"}' >/dev/null
  head -c 50000000 /dev/urandom >root/x
  local moment
  for moment in 0.05 0.15 0.3; do
    put <<<'{"path":"x"}' >/dev/null 3>&- &
    sleep "$moment"
    kill -KILL "$!" 2>/dev/null || :
    wait "$!" || :
    by_curl GET x -o now -f
    [ "$(cat now | head -c 100)" = old ] || cmp now root/x
    if cmp -s now root/x; then break; fi
  done
}

# ---- the models ----

# Models with these contents, in the bucket below media/, and their rows; the first is 1.
add_models() { # CONTENT...
  local number=0 content
  export SECRET_KEY='VeryBadSecret@ChangeThis' RECOTEM_STORAGE_TYPE=S3 AWS_STORAGE_BUCKET_NAME=$bucket AWS_LOCATION=/media/
  unset SECRET_KEY_FALLBACKS MEDIA_ROOT
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
  mkdir "$TMPDIR"
  new_database
  add_project one null
  sql "insert into api_trainingdata (ins_datetime, project_id, updated_at) values (now(), 1, now());
    insert into api_modelconfiguration (ins_datetime, recommender_class_name, parameters_json, project_id, updated_at)
    values (now(), 'TopPopRecommender', '{}', 1, now())"
  mkdir models
  for content in "$@"; do
    number=$((number + 1))
    printf '\x80\x04%s' "$content" >"models/m $number.pickle"
    sql "insert into api_trainedmodel (file, filesize, ins_datetime, configuration_id, data_loc_id, updated_at)
      values ('trained_model/m $number.pickle', 1, now(), 1, 1, now())"
    printf '{"path":"m %s.pickle","headers":{"content-type":"application/x-model","x-amz-meta-by":"ann"}}\n' "$number"
  done | rc-s3-put --bucket "$bucket" --prefix media/trained_model --root models >/dev/null
}
object() { printf '%s/media/trained_model/m %s.pickle' "$kept" "$1"; }

# Each object of these numbers is the model with one signature by openssl in front.
is_signed() { # NUMBER...
  local number
  for number in "$@"; do
    { openssl dgst -sha256 -hmac "$SECRET_KEY" -binary "models/m $number.pickle" && cat "models/m $number.pickle"; } | cmp - "$(object "$number")" || return
  done
}

@test "models in S3 are signed as files are, with the same lines, and their rows follow" {
  add_models one two three
  run -0 --separate-stderr recotem-resign-models --dry-run
  [ "$output" = 'Checking 3 trained model(s)...
  Model 3: would be signed (7 bytes)
  Model 2: would be signed (5 bytes)
  Model 1: would be signed (5 bytes)

  Already signed: 0
  Newly signed:   3

Dry run complete. No changes made.' ]
  cmp "$(object 1)" 'models/m 1.pickle'
  [ "$(sql 'select sum(filesize) from api_trainedmodel')" = 3 ]
  run -0 --separate-stderr recotem-resign-models
  [ "$output" = 'Checking 3 trained model(s)...
  Model 3: signed (7 bytes)
  Model 2: signed (5 bytes)
  Model 1: signed (5 bytes)

  Already signed: 0
  Newly signed:   3

Done. You can now set PICKLE_ALLOW_LEGACY_UNSIGNED=false.' ]
  [ "$stderr" = '' ]
  is_signed 1 2 3
  [ "$(sql 'select array_agg(filesize order by id) from api_trainedmodel')" = '{37,37,39}' ]
  by_curl GET media/trained_model/m%202.pickle -D headers -o /dev/null
  grep -i '^content-type: application/x-model' headers
  grep -i '^x-amz-meta-by: ann' headers
  run -0 recotem-resign-models
  [ "${lines[1]}" = '  Already signed: 3' ]
  [ "$(ls -A "$TMPDIR")" = '' ]
}

@test "--media-root s3://BUCKET/PREFIX names the place, too; a new key replaces the old one's signature" {
  add_models one two
  unset RECOTEM_STORAGE_TYPE AWS_STORAGE_BUCKET_NAME AWS_LOCATION
  SECRET_KEY=old run -0 recotem-resign-models --media-root "s3://$bucket/media"
  SECRET_KEY_FALLBACKS=old run -0 recotem-resign-models --media-root "s3://$bucket/media/" --jobs 1
  [[ $output == *'Model 2: resigned (37 bytes)'*'Resigned:       2'* ]]
  is_signed 1 2
  MEDIA_ROOT=s3://$bucket/media run -0 recotem-resign-models
  [ "${lines[1]}" = '  Already signed: 2' ]
}

@test "a model that is missing, one that is empty and one out of the prefix are errors of their own; the rest is signed" {
  add_models one two three four
  by_curl DELETE media/trained_model/m%202.pickle
  change media/trained_model/m%203.pickle ''
  sql "update api_trainedmodel set file = '../m 4.pickle' where id = 4"
  run -1 --separate-stderr recotem-resign-models
  [ "$stderr" = "Model 4: the path is absolute or leads out of the root: '../m 4.pickle'
  Model 3: the file is empty: 'trained_model/m 3.pickle'
  Model 2: cannot read file — NoSuchKey: $(rc-s3-get --bucket "$bucket" <<<'{"path":"x"}' | field .error.message): 's3://$bucket/media/trained_model/m 2.pickle'
recotem-resign-models: 3 of 4 model(s) could not be signed; leave PICKLE_ALLOW_LEGACY_UNSIGNED as it is." ]
  [[ $output == *'Model 1: signed (5 bytes)'*'Newly signed:   1'*'Errors:         3'* ]]
  is_signed 1
  [ "$(sql 'select array_agg(filesize order by id) from api_trainedmodel')" = '{37,1,0,1}' ]
}

@test "a store that refuses the keys is told for each model, and nothing changes" {
  add_models one
  AWS_SECRET_ACCESS_KEY=wr0ng run -1 --separate-stderr recotem-resign-models
  [[ $stderr == 'Model 1: cannot read file — SignatureDoesNotMatch: '*": 's3://$bucket/media/trained_model/m 1.pickle'"* ]]
  [[ $stderr$output != *wr0ng* ]]
  cmp "$(object 1)" 'models/m 1.pickle'
  run -1 --separate-stderr env -u AWS_SECRET_ACCESS_KEY recotem-resign-models
  [ "$stderr" = 'recotem-resign-models: AWS_SECRET_ACCESS_KEY is not set.' ]
}

@test "two runs at once sign each model once" {
  local contents=({1..24}) first
  add_models "${contents[@]}"
  recotem-resign-models >first 2>&1 3>&- &
  first=$!
  recotem-resign-models >second 2>&1 3>&- || :
  wait "$first" || :
  is_signed {1..24}
  run -0 recotem-resign-models
  [ "${lines[1]}" = '  Already signed: 24' ]
}

# Each object is the model as it was, or signed.
all_whole() { # NUMBER...
  local number
  for number in "$@"; do
    cmp -s "$(object "$number")" "models/m $number.pickle" || is_signed "$number" || return
  done
}

@test "a run that is killed, with all its filters, leaves each object whole, and the next does the rest" {
  local contents=({1..40}) moment
  add_models "${contents[@]}"
  for moment in 0.3 0.5 0.8; do
    setsid recotem-resign-models >/dev/null 2>&1 3>&- &
    sleep "$moment"
    pkill -KILL -s "$!" || :
    wait "$!" || :
    all_whole {1..40}
  done
  run -0 recotem-resign-models
  is_signed {1..40}
  [ "$(sql 'select count(*) from api_trainedmodel where filesize < 34')" = 0 ]
}

@test "a run that is ended by TERM leaves each object whole, and no copies" {
  local contents=({1..40}) code=0 tries=0
  add_models "${contents[@]}"
  recotem-resign-models --jobs 1 >/dev/null 2>&1 3>&- &
  until is_signed 40 >/dev/null 2>&1; do
    [ $((tries += 1)) -lt 1200 ]
    sleep 0.01
  done
  kill -TERM "$!"
  wait "$!" || code=$?
  [ "$code" = 143 ]
  all_whole {1..40}
  run ! is_signed 1
  [ "$(ls -A "$TMPDIR")" = '' ]
  run -0 recotem-resign-models
  is_signed {1..40}
}
