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

@test "a document of 100 MB is put together in constant memory" {
  mkfifo "$BATS_TEST_TMPDIR/out"
  perl -e 'print qq({"name":"a","element":{"id":$_,"t":") . "x" x 1000 . qq("}}\n) for 1 .. 100000' >"$BATS_TEST_TMPDIR/in"
  rc-record-join "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
  exec {document}<"$BATS_TEST_TMPDIR/out"
  head -c 90000000 <&"$document" | tail -c 1 >/dev/null
  peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$!/status")
  [ "$(tail -c 2 <&"$document")" = '}' ]
  wait "$!"
  limit=12000
  ! ldd "$(command -v rc-record-join)" | grep -q asan || limit=300000
  [ "$peak" -lt "$limit" ] || { echo "$peak kB"; return 1; }
}
