# shellcheck disable=SC2034,SC2154 # http.bash uses started, and sets source and http
load recotem/helper
load http

setup() {
  started=()
  command -v rc-s3-get >/dev/null || skip 'it was not built: libcurl is not here'
  cd "$BATS_TEST_TMPDIR" || return
  start_http
  unset AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION AWS_CA_BUNDLE CREDENTIALS_DIRECTORY
  export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=s3cret+key AWS_S3_ENDPOINT_URL=$source no_proxy='*'
  mkdir root
}

teardown() { end_started; }

get() { rc-s3-get --bucket models --root root --pause 10ms "$@"; }
refusal() { printf '<?xml version="1.0"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>' "$1" "$2"; }

@test "an object becomes a file, with its tag, its size and what it is to keep" {
  printf hello | answer /models/trained/one.bin '200 OK' 'content-type: application/x-model' 'ETag: "tag-1"' 'X-Amz-Meta-Who: ann  lee' \
    'cache-control: no-cache' 'x-amz-request-id: 1' 'x-amz-tagging-count: 0'
  run -0 --separate-stderr get <<<'{"id":9223372036854775807,"path":"trained/one.bin","status":"old","error":1}'
  [ "$output" = '{"id":9223372036854775807,"path":"trained/one.bin","key":"trained/one.bin","size":5,"etag":"\"tag-1\"","headers":{"content-type":"application/x-model","x-amz-meta-who":"ann  lee","cache-control":"no-cache"},"status":"got"}' ]
  [ "$stderr" = '' ]
  [ "$(cat root/trained/one.bin)" = hello ]
  [ "$(find root -type f)" = root/trained/one.bin ]
}

@test "the request is signed, and the secret stands nowhere" {
  printf x | answer /models/x '200 OK'
  AWS_SESSION_TOKEN=t0ken RC_EVENTS=$PWD/events run -0 get --region eu-central-1 <<<'{"path":"x"}'
  [[ $(requests) =~ ^'GET /models/x authorization: AWS4-HMAC-SHA256 Credential=AKID/'[0-9]{8}'/eu-central-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature='[0-9a-f]{64}$ ]]
  run ! grep -E 's3cret|t0ken' events http/requests
  [[ $output != *s3cret* ]]
}

@test "a key may have blanks, a plus, a percent sign and letters beyond ASCII; a key of its own goes before the path" {
  printf x | answer '/models/pre%20fix/a%20b%2Bc%25/%C3%A9~.bin' '200 OK'
  run -0 get --prefix 'pre fix/' <<<'{"path":"dir/x","key":"a b+c%/é~.bin"}
{"path":"./a b+c%//é~.bin"}'
  [ "$(cut -d ' ' -f 1-2 http/requests | sort -u)" = 'GET /models/pre%20fix/a%20b%2Bc%25/%C3%A9~.bin' ]
  [ -e root/dir/x ]
  [ -e 'root/a b+c%/é~.bin' ]
}

@test "an empty object is an empty file" {
  answer /models/none '200 OK' </dev/null
  run -0 get <<<'{"path":"none"}'
  [[ $output == *'"size":0,'*'"status":"got"}' ]]
  [ -f root/none ]
  [ ! -s root/none ]
}

@test "what the store refuses is an error of that record, in the store's words, and the others are got" {
  refusal NoSuchKey 'There&apos;s no such key &lt;x&gt;' | answer /models/a '404 Not Found'
  refusal AccessDenied 'Access Denied' | answer /models/b '403 Forbidden'
  refusal RequestTimeTooSkewed 'The difference is too large.' | answer /models/c '403 Forbidden'
  printf '' | answer /models/d '403 Forbidden'
  refusal PermanentRedirect 'Use another endpoint.' | answer /models/e '301 Moved' 'location: http://127.0.0.1:1/x' 'x-amz-bucket-region: eu-west-3'
  printf x | answer /models/f '200 OK'
  run -1 --separate-stderr get < <(printf '{"path":"%s"}\n' a b c d e f)
  [ "$(jq -r '"\(.path) \(.status) \(.error.code) \(.error.message)"' <<<"$output")" = "a missing NoSuchKey There's no such key <x>
b error AccessDenied Access Denied
c error RequestTimeTooSkewed The difference is too large.
d error Forbidden status 403
e error PermanentRedirect Use another endpoint.; the bucket is in the region eu-west-3
f got null null" ]
  [ "$stderr" = '' ]
  [ "$(find root -type f)" = root/f ]
}

@test "a store that is busy is asked again, until the patience is over" {
  refusal SlowDown 'Please reduce your request rate.' | answer /models/x '503 Slow Down'
  refusal InternalError 'We had one.' | answer /models/x '500 Internal Server Error'
  printf whole | answer /models/x '200 OK'
  run -0 get <<<'{"path":"x"}'
  [ "$(cat root/x)" = whole ]
  [ "$(grep -c . http/requests)" = 3 ]
  refusal SlowDown 'Please reduce your request rate.' | answer /models/y '503 Slow Down'
  run -1 get --patience 50ms <<<'{"path":"y"}'
  [[ $output == *'"error":{"code":"SlowDown","message":"Please reduce your request rate. (given up after '*' tries)","request":"GET"}}' ]]
  [ ! -e root/y ]
}

@test "a store that asks for a longer wait than the patience is not waited for" {
  refusal SlowDown 'Later.' | answer /models/x '503 Slow Down' 'retry-after: 3600'
  run -1 get <<<'{"path":"x"}'
  [[ $output == *'"code":"SlowDown","message":"Later. (given up after 1 tries)"'* ]]
}

@test "a body that is cut, and a connection that breaks in its middle, are got again from the beginning" {
  printf 'only a part' | answer /models/x '200 OK' 'content-length: 100'
  head -c 200000 /dev/zero | tr '\0' a | answer '@reset-after 100000' /models/x '200 OK'
  printf 'all of it' | answer /models/x '200 OK'
  run -0 get <<<'{"path":"x"}'
  [ "$(cat root/x)" = 'all of it' ]
  [[ $output == *'"size":9,'* ]]
}

@test "a body that is always cut never becomes a file, and the old one stays" {
  printf 'only a part' | answer /models/x '200 OK' 'content-length: 100'
  echo old >root/x
  run -1 get --patience 50ms <<<'{"path":"x"}'
  [[ $output == *'"status":"error","error":{"code":"unavailable","message":"transfer closed with 89 bytes remaining to read (given up'* ]]
  [ "$(cat root/x)" = old ]
  [ "$(ls -A root)" = x ]
}

@test "a body whose length no one tells is not taken for whole" {
  printf 'some of it' | answer /models/x '200 OK' -
  run -1 get <<<'{"path":"x"}'
  [[ $output == *'"code":"no_length"'* ]]
  [ ! -e root/x ]
}

@test "a store that is away is an error of each record, and is waited for once" {
  run -1 --separate-stderr get --endpoint http://127.0.0.1:1 --patience 1s --jobs 1 < <(printf '{"path":"%s"}\n' {1..40})
  [ "$(jq -r '"\(.status) \(.error.code)"' <<<"$output" | sort | uniq -c | xargs)" = '40 error unavailable' ]
  [[ ${lines[0]} == *'refused'* || ${lines[0]} == *"Couldn't connect"* || ${lines[0]} == *'connect to'* ]]
  [[ ${lines[39]} == *'(given up after 1 tries)'* ]]
}

@test "no path leads out of the root, or through a symbolic link; null is no path" {
  printf x | answer /models/x '200 OK'
  mkdir elsewhere
  ln -s ../elsewhere root/link
  run -1 --separate-stderr get <<<'{"path":"../elsewhere/x","key":"x"}
{"path":"/etc/x"}
{"path":"link/x","key":"x"}
{"path":null}'
  [ "$(jq -r '"\(.status) \(.error.code)"' <<<"$output")" = 'outside_root outside_root
outside_root outside_root
error symbolic_link
error no_path' ]
  [ "$(ls elsewhere)" = '' ]
}

@test "tags and metadata that could not be put back are an error, and no file is made" {
  printf x | answer /models/a '200 OK' 'x-amz-tagging-count: 2'
  printf x | answer /models/b '200 OK' 'x-amz-missing-meta: 1'
  printf x | answer /models/c '200 OK' $'x-amz-meta-x: \xff'
  run -1 get < <(printf '{"path":"%s"}\n' a b c)
  [ "$(jq -r .error.code <<<"$output" | xargs)" = 'metadata metadata metadata' ]
  [ "$(ls -A root)" = '' ]
}

@test "a disk that is full is said, and no half file stays" {
  head -c 300000 /dev/zero | tr '\0' a | answer /models/x '200 OK'
  run -1 bash -c 'ulimit -f 100; rc-s3-get --bucket models --root root <<<"{\"path\":\"x\"}"'
  [[ $output == *'"status":"error","error":{"code":"cannot_write","message":"cannot write: File too large","errno":27'* ]]
  [ "$(ls -A root)" = '' ]
}

@test "keys, bucket and endpoint are looked at before the first record" {
  run -100 --separate-stderr env -u AWS_SECRET_ACCESS_KEY rc-s3-get --bucket b </dev/null
  [ "$stderr" = 'rc-s3-get: AWS_SECRET_ACCESS_KEY is not set' ]
  run -100 --separate-stderr rc-s3-get </dev/null
  [ "${stderr_lines[-1]}" = 'rc-s3-get: --bucket must be given' ]
  run -100 --separate-stderr rc-s3-get --bucket 'a/b' </dev/null
  run -100 --separate-stderr rc-s3-get --bucket b --region 'a b' </dev/null
  run -100 --separate-stderr rc-s3-get --bucket b --addressing both </dev/null
  run -100 --separate-stderr rc-s3-get --bucket b --endpoint ftp://127.0.0.1/ </dev/null
  [ "$stderr" = 'rc-s3-get: the endpoint is no URL of HTTP' ]
  run -100 --separate-stderr rc-s3-get --bucket b --endpoint http://me:s3cret@127.0.0.1/ </dev/null
  [ "$stderr" = 'rc-s3-get: the endpoint has a user or a query, which S3 has no use for' ]
  run -100 --separate-stderr rc-s3-get --bucket b --root nowhere </dev/null
  [ "$stderr" = 'rc-s3-get: cannot open the folder nowhere: No such file or directory' ]
}

@test "the secret may be in a file" {
  printf x | answer /models/x '200 OK'
  printf 's3cret\n' >key
  env -u AWS_SECRET_ACCESS_KEY AWS_SECRET_ACCESS_KEY_FILE=key rc-s3-get --bucket models --root root <<<'{"path":"x"}'
  [ -e root/x ]
}

@test "a record that names nothing ends it, with its line" {
  printf x | answer /models/x '200 OK'
  run -100 --separate-stderr get <<<$'{"path":"x"}\n{"id":1}'
  [[ $stderr == 'rc-s3-get: <stdin>:2: '*path* ]]
  [ "${#lines[@]}" = 1 ]
  run -100 --separate-stderr get <<<'{"path":"x","key":""}'
  [ "$stderr" = 'rc-s3-get: <stdin>:1: the key is empty' ]
}
