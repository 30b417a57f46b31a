# shellcheck disable=SC2034,SC2154 # http.bash uses started; source and http come from it
load helper
load http

setup() {
  started=()
  command -v rc-http-batch >/dev/null || skip 'it was not built: libcurl is not here'
  cd "$BATS_TEST_TMPDIR" || return
  start_http
  batch=(rc-http-batch --url "$source/x" --pause 10ms --patience 2s)
  printf '{"n":%s}\n' 1 2.0 3 >three
}

teardown() { end_started; }

@test "records go out as an array, and each answer comes back in their order" {
  answer '@drip 20 10' /x '200 OK' <<<$'{"a":\n 1}'
  answer /x '200 OK' <<<'{"a":2}'
  run -0 --separate-stderr "${batch[@]}" --batch 2 three
  [ "$output" = '{"count":2,"answer":{"a":  1}}
{"count":1,"answer":{"a":2}}' ]
  [ "$stderr" = '' ]
  [ "$(requests | sort)" = 'POST /x body: [{"n":1},{"n":2.0}]
POST /x body: [{"n":3}]' ]
}

@test "the array has its place in a body, or has one field's values; records may stand beside the answer; the end is passed on" {
  answer /x '200 OK' <<<'[true]'
  run -0 bash -c 'rc-end "$1" | "${@:2}"' _ three "${batch[@]}" --field n --with-records --require-end-record --body '{"a":"b","c":["@records"]}'
  [ "${lines[0]}" = '{"count":3,"records":[{"n":1},{"n":2.0},{"n":3}],"answer":[true]}' ]
  [[ ${lines[1]} == '{"rc_end":'* ]]
  [ "$(requests)" = 'POST /x body: {"a":"b","c":[[1,2.0,3]]}' ]
  run -0 "${batch[@]}" </dev/null
  [ "$output" = '' ]
}

@test "a body without the place, with two, or that is no JSON, is a wrong option" {
  for body in '{}' '["@records","@records"]' '{"@records"'; do
    run -100 --separate-stderr "${batch[@]}" --body "$body" three
    [[ $stderr == *--body* ]]
  done
  run -100 "${batch[@]}" --passing x three
  run -100 "${batch[@]}" --errors x three
}

@test "errors that stand in an answer: those that pass are tried again, the others end it" {
  answer /x '200 OK' <<<'{"errors":[{"code":"Neo.TransientError.Deadlock","message":"later"}]}'
  answer /x '200 OK' <<<'{"errors":[],"results":[]}'
  run -0 "${batch[@]}" --errors /errors --passing Neo.TransientError three
  [ "$(requests | wc -l)" = 2 ]
  answer /x '200 OK' <<<'{"errors":[{"code":"Neo.TransientError.Deadlock","message":"later"},{"code":"Neo.ClientError","message":"x"},{"code":"Neo.ClientError","message":"no such property"}]}'
  run -100 --separate-stderr "${batch[@]}" --errors /errors --passing Neo.TransientError three
  [ "$stderr" = 'rc-http-batch: the server answers an error: no such property (Neo.ClientError)' ]
  answer /x '200 OK' <<<'{"results":[]}'
  run -100 --separate-stderr "${batch[@]}" --errors /errors three
  [[ $stderr == 'rc-http-batch: the answer has no array of errors'* ]]
}

@test "what passes by itself is tried again; an answer that is no JSON, or of 4xx, is the end" {
  answer /x '500 Broken' <<<oops
  answer /x '429 Busy' 'retry-after: 0' <<<busy
  answer /x '200 OK' <<<'{}'
  run -0 "${batch[@]}" three
  for body in 'what?' '' '{} {}'; do
    answer /x '200 OK' <<<"$body"
    run -100 --separate-stderr "${batch[@]}" three
    [[ $stderr == 'rc-http-batch: the answer is no JSON: '* ]]
  done
  answer /x '401 No' <<<'who are you?'
  run -100 --separate-stderr "${batch[@]}" three
  [[ $stderr == *"status 401, begins with 'who are you?"* ]]
}

@test "a server that never answers is given up" {
  answer @stall /x '200 OK' <<<'{}'
  run -111 --separate-stderr "${batch[@]}" --timeout 50ms --patience 100ms three
  [[ $stderr == "rc-http-batch: $source/x: "*'--patience is over' ]]
}

@test "a token goes along and is in no message" {
  answer /x '403 No' <<<'no'
  TOKEN=hidden run -100 --separate-stderr "${batch[@]}" --token TOKEN three
  [[ $(requests) == *'authorization: Bearer hidden'* ]]
  [[ $stderr != *hidden* ]]
}
