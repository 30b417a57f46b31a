# shellcheck disable=SC2034,SC2154 # http.bash uses started, and sets source and http
load recotem/helper
load http

setup() {
  started=()
  command -v rc-s3-put >/dev/null || skip 'it was not built: libcurl is not here'
  cd "$BATS_TEST_TMPDIR" || return
  start_http
  unset AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION AWS_CA_BUNDLE CREDENTIALS_DIRECTORY
  export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=s3cret+key AWS_S3_ENDPOINT_URL=$source no_proxy='*'
  mkdir root
  printf hello >root/x
}

teardown() { end_started; }

put() { rc-s3-put --bucket models --root root --pause 10ms "$@"; }
refusal() { printf '<?xml version="1.0"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>' "$1" "$2"; }
# What the store says of the object when it is looked at, put, and got: has TAG [BYTES]
has() { printf %s "${2-hello}" | answer /models/x '200 OK' "etag: \"$1\""; }
took() { answer /models/x '200 OK' "etag: \"$1\"" </dev/null; }
asked() { sed -E 's/ authorization: AWS4-HMAC-SHA256 [^ ]+ SignedHeaders=([^,]*), Signature=[0-9a-f]{64}/ (\1)/' http/requests; }

@test "a file becomes an object; what it has besides its bytes is signed and sent" {
  took new
  has new
  run -0 --separate-stderr put <<<'{"id":9223372036854775807,"path":"x","headers":{"content-type":"a/b","x-amz-meta-a":"1","x-amz-meta-a-b":""}}'
  [ "$output" = '{"id":9223372036854775807,"path":"x","key":"x","size":5,"etag":"\"new\"","status":"put"}' ]
  [ "$stderr" = '' ]
  [ "$(asked)" = 'PUT /models/x (content-md5;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-meta-a-b) body: hello
HEAD /models/x (host;x-amz-content-sha256;x-amz-date)' ]
}

@test "with the tag of the object that it replaces, it is looked at before, and put only there" {
  has old
  took new
  has new
  run -0 --separate-stderr put --keep-status <<<'{"path":"x","etag":"\"old\"","status":"signed"}'
  [ "$output" = '{"path":"x","key":"x","size":5,"etag":"\"new\"","status":"signed"}' ]
  [ "$(asked)" = 'HEAD /models/x (host;x-amz-content-sha256;x-amz-date)
PUT /models/x (content-md5;host;if-match;x-amz-content-sha256;x-amz-date) if-match: "old" body: hello
HEAD /models/x (host;x-amz-content-sha256;x-amz-date)' ]
}

@test "an object that is another one by now is left as it is, whether the look or the store finds it" {
  has other
  run -1 --separate-stderr put --keep-status <<<'{"path":"x","etag":"\"old\"","status":"signed","size":7}'
  [ "$output" = '{"path":"x","key":"x","status":"error","error":{"code":"changed","message":"the object is another one by now, and was left as it is"}}' ]
  [ "$(cut -d ' ' -f 1 http/requests | xargs)" = HEAD ]
}

@test "the store's 412 and 409 say the same" {
  for status in '412 Precondition Failed' '409 Conflict'; do
    has old
    refusal PreconditionFailed 'No.' | answer /models/x "$status"
  done
  run -1 put --jobs 1 <<<$'{"path":"x","etag":"\\"old\\""}\n{"path":"x","etag":"\\"old\\""}'
  [ "$(jq -r '"\(.status) \(.error.code)"' <<<"$output")" = $'error changed\nerror changed' ]
}

@test "a store that has no If-Match is asked without, between two looks, and that is told" {
  has old
  refusal NotImplemented 'A header you provided implies functionality that is not implemented.' | answer /models/x '501 Not Implemented'
  has old
  took new
  has new
  run -0 --separate-stderr put <<<'{"path":"x","etag":"\"old\""}'
  [[ $output == *'"status":"put"}' ]]
  [ "$stderr" = 'rc-s3-put: the store knows no If-Match: 1 objects were looked at before and after instead, and another writer between would not be seen' ]
  [ "$(cut -d ' ' -f 1 http/requests | xargs)" = 'HEAD PUT HEAD PUT HEAD' ]
}

@test "an answer that was lost when the store had taken the object is found, and nothing is sent again" {
  has old
  answer @reset /models/x '200 OK' </dev/null
  has new
  has new
  has new
  run -0 --separate-stderr put --jobs 1 <<<'{"path":"x","etag":"\"old\""}'
  [ "$output" = '{"path":"x","key":"x","size":5,"etag":"\"new\"","status":"put"}' ]
  [ "$(cut -d ' ' -f 1 http/requests | xargs)" = 'HEAD PUT HEAD GET HEAD' ]
}

@test "an answer that was lost when someone else has written since is not taken for done" {
  has old
  answer @reset /models/x '200 OK' </dev/null
  has other 'other bytes'
  has other 'other bytes'
  run -1 put --jobs 1 <<<'{"path":"x","etag":"\"old\""}'
  [[ $output == *'"error":{"code":"changed"'* ]]
  [ "$(cut -d ' ' -f 1 http/requests | xargs)" = 'HEAD PUT HEAD GET' ]
}

@test "a connection that breaks, and a store that is busy, are tried again" {
  has old
  answer @reset /models/x '200 OK' </dev/null
  has old
  refusal SlowDown 'Please reduce your request rate.' | answer /models/x '503 Slow Down'
  has old
  took new
  has new
  run -0 put <<<'{"path":"x","etag":"\"old\""}'
  [[ $output == *'"etag":"\"new\"","status":"put"}' ]]
  [ "$(cut -d ' ' -f 1 http/requests | xargs)" = 'HEAD PUT HEAD PUT HEAD PUT HEAD' ]
}

@test "a store that keeps less than was sent, or another one's object, is found out" {
  took new
  has new hell
  took new
  has other
  run -1 put --jobs 1 <<<$'{"path":"x"}\n{"path":"x"}'
  [ "$(jq -r '"\(.status) \(.error.code) \(.size)"' <<<"$output")" = $'error overwritten null\nerror overwritten null' ]
}

@test "what the store refuses is an error of that record, and the others are put" {
  printf y >root/y
  refusal AccessDenied 'Access Denied' | answer /models/x '403 Forbidden'
  answer /models/y '200 OK' 'etag: "y"' </dev/null
  printf y | answer /models/y '200 OK' 'etag: "y"'
  run -1 --separate-stderr put <<<$'{"path":"x"}\n{"path":"y"}\n{"path":"none"}\n{"path":"../root/x"}'
  [ "$(jq -r '"\(.path) \(.status) \(.error.code)"' <<<"$output")" = 'x error AccessDenied
y put null
none missing missing
../root/x outside_root outside_root' ]
  [ "$stderr" = '' ]
}

@test "the store is away: each record says so" {
  run -1 put --endpoint http://127.0.0.1:1 --patience 50ms <<<'{"path":"x","etag":"\"old\""}'
  [[ $output == *'"status":"error","error":{"code":"unavailable"'* ]]
}

@test "records that --when does not mean pass as they are" {
  took new
  has new
  run -0 put --when 'status=signed|resigned' --keep-status <<<$'{"id": 1,"status":"already_signed","etag":"\\"old\\""}\n{"path":"x","status":"resigned"}'
  [ "$output" = '{"id": 1,"status":"already_signed","etag":"\"old\""}
{"path":"x","key":"x","size":5,"etag":"\"new\"","status":"resigned"}' ]
}

@test "headers that no object keeps, or that would end the line, are refused with the record's line" {
  for headers in '{"authorization":"x"}' '{"x-amz-acl":"public-read"}' '[]' '{"content-type":1}' '{"content-type":"a\r\nx: y"}' '{"x-amz-meta-a b":"1"}' \
    '{"x-amz-meta-a":"\u0000"}'; do
    run -100 --separate-stderr put <<<"{\"path\":\"x\",\"headers\":$headers}"
    [[ $stderr == 'rc-s3-put: <stdin>:1: headers '* ]]
  done
  for etag in '""' '"a b"' 1; do
    run -100 --separate-stderr put <<<"{\"path\":\"x\",\"etag\":$etag}"
    [[ $stderr == 'rc-s3-put: <stdin>:1: '*etag* ]]
  done
  [ ! -e http/requests ]
}
