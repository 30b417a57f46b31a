# What a server of _bulk answers, by one that says what a test tells it; real ones are in t/services/kfm-search.bats.
# shellcheck disable=SC2034,SC2154 # http.bash uses started; source and http come from it
load helper
load http

setup() {
  started=()
  command -v rc-http-bulk >/dev/null || skip 'it was not built: libcurl is not here'
  cd "$BATS_TEST_TMPDIR" || return
  start_http
  bulk=(rc-http-bulk --url "$source" --path /books/_bulk --pause 10ms --patience 2s)
  printf '{"id":"%s","title":"T%s"}\n' a 1 b 2 9 3 >three
}

teardown() { end_started; }

# items STATUS...: an answer with an item for each.
items() {
  local status list=''
  for status in "$@"; do
    case $status in
    2??) list+=",{\"index\":{\"status\":$status}}" ;;
    *) list+=",{\"index\":{\"status\":$status,\"error\":{\"type\":\"bad_$status\",\"reason\":\"no, \\\"$status\\\"\"}}}" ;;
    esac
  done
  printf '{"took":1,"errors":true,"items":[%s]}' "${list:1}"
}

@test "records go out as they came, each behind its action; ids are texts" {
  items 201 200 201 | answer /books/_bulk '200 OK'
  run -0 --separate-stderr "${bulk[@]}" <<<'{"id":"a","n":1.0}
{"n":9223372036854775807,"id":7}
{"id":"\u00e9\"","x":{"id":1}}'
  [ "$output" = '{"indexed":3,"deleted":0,"rejected":0,"put_off":0}' ]
  [ "$stderr" = '' ]
  [ "$(requests)" = 'POST /books/_bulk body: {"index":{"_id":"a"}}
{"id":"a","n":1.0}
{"index":{"_id":"7"}}
{"n":9223372036854775807,"id":7}
{"index":{"_id":"\u00e9\""}}
{"id":"\u00e9\"","x":{"id":1}}' ]
}

@test "none at all is no request; batches end by number and by bytes" {
  run -0 "${bulk[@]}" </dev/null
  [ "$output" = '{"indexed":0,"deleted":0,"rejected":0,"put_off":0}' ]
  [ ! -e "$http/requests" ]
  items 201 201 | answer /books/_bulk '200 OK'
  items 201 | answer /books/_bulk '200 OK'
  run -0 "${bulk[@]}" --batch 2 --jobs 1 three
  items 201 | answer /books/_bulk '200 OK'
  run -0 "${bulk[@]}" --batch-bytes 1 three
  [ "$(requests | grep -c POST)" = 5 ]
}

@test "a record with the field of --delete is a deletion, and one that is not there is well" {
  echo '{"items":[{"delete":{"status":200}},{"delete":{"status":404}},{"index":{"status":200}},{"index":{"status":200}}]}' |
    answer /books/_bulk '200 OK'
  run -0 "${bulk[@]}" --delete gone <<<'{"id":"a","gone":"2026-01-01"}
{"id":"b","gone":true}
{"id":"c","gone":null}
{"id":"d"}'
  [ "$output" = '{"indexed":2,"deleted":2,"rejected":0,"put_off":0}' ]
  [[ $(requests) == *'{"delete":{"_id":"b"}}'*'{"id":"c","gone":null}'* ]]
}

@test "an item that the server has no room for goes again, alone; one that it refuses is a rejected record" {
  items 201 429 400 | answer /books/_bulk '200 OK'
  items 429 | answer /books/_bulk '200 OK'
  items 201 | answer /books/_bulk '200 OK'
  run -1 --separate-stderr "${bulk[@]}" --rejects refused three
  [ "$output" = '{"indexed":2,"deleted":0,"rejected":1,"put_off":2}' ]
  [ "$(cat refused)" = '{"line":3,"column":null,"code":"bad_400","message":"no, \"400\"","record":{"id":"9","title":"T3"}}' ]
  [ "$stderr" = 'rc-http-bulk: three:3: no, "400" (bad_400)' ]
  [ "$(requests | grep -v '^$' | tail -n 2)" = 'POST /books/_bulk body: {"index":{"_id":"b"}}
{"id":"b","title":"T2"}' ]
}

@test "without --rejects the first refused record ends it, and --max-rejects at one too many" {
  items 400 400 201 | answer /books/_bulk '200 OK'
  run -100 --separate-stderr "${bulk[@]}" three
  [ "$output" = '' ]
  [ "$stderr" = 'rc-http-bulk: three:1: no, "400" (bad_400)' ]
  run -100 --separate-stderr "${bulk[@]}" --max-rejects 1 --rejects refused three
  [ "$(wc -l <refused)" = 2 ]
}

@test "a server that is busy, broken or gone is asked again, and then given up with what it said" {
  answer /books/_bulk '429 Too Many' <<<busy
  answer /books/_bulk '503 Away' <<<away
  answer @reset /books/_bulk '200 OK' <<<''
  items 201 201 201 | answer /books/_bulk '200 OK'
  run -0 "${bulk[@]}" three
  [ "$output" = '{"indexed":3,"deleted":0,"rejected":0,"put_off":3}' ]
  items 429 429 429 | answer /books/_bulk '200 OK'
  run -111 --separate-stderr "${bulk[@]}" --patience 100ms three
  [[ $stderr == "rc-http-bulk: $source/books/_bulk: no, \"429\" (bad_429); nothing was taken for "* ]]
  run -111 --separate-stderr rc-http-bulk --url http://me:hidden@127.0.0.1:1 --pause 1ms --patience 20ms three
  [[ $stderr == *'127.0.0.1'* && $stderr != *hidden* ]]
  answer /books/_bulk '429 Too Many' 'retry-after: 100' <<<busy
  run -111 "${bulk[@]}" three
}

@test "an answer of 4xx, and one that is none of _bulk, is the end" {
  answer /books/_bulk '404 Not Found' <<<'{"error":"no such index"}'
  run -100 --separate-stderr "${bulk[@]}" three
  [[ $stderr == *"status 404, begins with '"*'no such index'* ]]
  while read -r body; do
    rm "$http"/*_bulk.*
    answer /books/_bulk '200 OK' <<<"$body"
    run -100 --separate-stderr "${bulk[@]}" three
    [[ $stderr == 'rc-http-bulk: the answer is not one of _bulk: '* ]]
  done <<END
what?
{}
{"items":[]}
$(items 201 201)
$(items 201 201 201 201)
{"items":[{"index":{}},{"index":{"status":"x"}},{}]}
END
}

@test "an address with a password comes by a variable, and no message shows it" {
  items 201 201 201 | answer /books/_bulk '200 OK'
  SEARCH=${source/'//'/'//me:hid%20den@'}/ run -0 rc-http-bulk --url-of SEARCH --path /books/_bulk three
  [[ $(requests) == *"authorization: Basic $(printf 'me:hid den' | base64)"* ]]
  run -100 rc-http-bulk three
  run -100 rc-http-bulk --url-of NOT_SET three
  run -100 rc-http-bulk --url ftp://localhost three
}

@test "a record without an id is named, and so is a stream that was cut" {
  items 201 | answer /books/_bulk '200 OK'
  run -100 --separate-stderr "${bulk[@]}" <<<'{"id":"a"}
{"title":"x"}'
  [ "$stderr" = "rc-http-bulk: <stdin>:2: has no field 'id'" ]
  run -100 "${bulk[@]}" <<<'{"id":[]}'
  run -100 "${bulk[@]}" --require-end-record <<<'{"id":"a"}'
}
