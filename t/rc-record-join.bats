load recotem/helper

@test "what was split is put together again" {
  echo '{"a":[{"id":1.0},[2],"x",null],"none":[],"v":7,"o":{"b":[1]},"é\"":[-1]}' >"$BATS_TEST_TMPDIR/document"
  run -0 --separate-stderr bash -euo pipefail -c 'rc-record-split --end-record "$1" | rc-record-join --require-end-record | tr -d "\n"' _ "$BATS_TEST_TMPDIR/document"
  [ "$output" = "$(cat "$BATS_TEST_TMPDIR/document")" ]
  [ "$stderr" = '' ]
}

@test "--name makes an array of any records" {
  run -0 --separate-stderr rc-record-join --name 'a"b' <<<'{"id":1}
{"name":7}'
  [ "$output" = '{
"a\"b":[
{"id":1},
{"name":7}
]
}' ]
}

@test "empty input gives an empty document, with --name an empty array" {
  run -0 --separate-stderr rc-record-join </dev/null
  [ "$output" = '{}' ]
  run -0 --separate-stderr rc-record-join --name a </dev/null
  [ "$(jq -c . <<<"$output")" = '{"a":[]}' ]
}

@test "records of another form, and arrays in two pieces, are refused with their line" {
  run -100 --separate-stderr rc-record-join <<<'{"name":"a","element":1}
{"name":"b","value":1}
{"name":"a","element":2}'
  [ "$stderr" = "rc-record-join: <stdin>:3: 'a' comes a second time, and its elements must stand together" ]
  for record in '{"id":1}' '{"name":"a"}' '{"name":"a","element":1,"value":2}' '{"name":7,"element":1}'; do
    run -100 --separate-stderr rc-record-join <<<"$record"
    [[ $stderr == 'rc-record-join: <stdin>:1: '* ]]
  done
}

@test "without the end record that is required the old file stays" {
  mkdir "$BATS_TEST_TMPDIR/folder"
  echo old >"$BATS_TEST_TMPDIR/folder/file"
  run -100 --separate-stderr rc-record-join --name a --require-end-record --output "$BATS_TEST_TMPDIR/folder/file" <<<'{"id":1}'
  [ "$(cat "$BATS_TEST_TMPDIR/folder/file")" = old ]
  [ "$(ls -A "$BATS_TEST_TMPDIR/folder")" = file ]
}
