load recotem/helper

split() { rc-record-split "${@:2}" <<<"$1"; }

@test "each element, and each other member, is a record in order" {
  run -0 --separate-stderr split '{"a":[{"id":1.0},[2],"x",null],"none":[],"v" : 7 ,"o":{"b":[1]},"s":"a]}\"","é\"":[-1]}'
  [ "$output" = '{"name":"a","element":{"id":1.0}}
{"name":"a","element":[2]}
{"name":"a","element":"x"}
{"name":"a","element":null}
{"name":"none","elements":[]}
{"name":"v","value":7}
{"name":"o","value":{"b":[1]}}
{"name":"s","value":"a]}\""}
{"name":"é\"","element":-1}' ]
  [ "$stderr" = '' ]
}

@test "--name gives the elements of one array as they are" {
  run -0 --separate-stderr split '{"x":[{"id":0}],"\u0061":[{"id": 1},
    {"id":
2}],"y":1}' --name a
  [ "$output" = '{"id": 1}
{"id": 2}' ]
  run -0 --separate-stderr split '{"a":[]}' --name a
  [ "$output" = '' ]
  run -100 --separate-stderr split '{"b":[]}' --name a
  [ "$stderr" = "rc-record-split: <stdin>: no 'a' in the document" ]
  run -100 --separate-stderr split '{"a":[1]}' --name a
  [ "$stderr" = "rc-record-split: <stdin>:1: 'a' is not an array of objects" ]
}

@test "an empty document gives no records" {
  run -0 --separate-stderr split ' { } ' --end-record
  [ "$output" = '{"rc_end":{"v":1,"records":0}}' ]
}

@test "what is no such document is refused with its line" {
  local text
  for text in '' ' ' '[]' '7' '{' '{"a"' '{"a":' '{"a":}' '{"a":[' '{"a":[1' '{"a":[1,' '{"a":[1,]}' '{"a":[,1]}' '{"a":1,}' '{,}' '{"a":1 "b":2}' '{"a":1}x' \
    '{"a":1}{}' '{a:1}' '{"a":01}' '{"a":[{"b":}]}' '{"a":[{]}' '{"a":"x' '{"a":[1 2]}' '{"a":tru}' '{"a" 1}' $'{"a":"\xff"}' '{"a":1]'; do
    run -100 --separate-stderr split "$text" --end-record
    [[ $stderr == 'rc-record-split: <stdin>:'[12]': '* ]] || { echo "$text: $stderr"; false; }
    [[ $output != *rc_end* ]]
  done
  run -100 --separate-stderr split $'{"a":[\n1,\n{"b":\n\n[x]}\n]}'
  [[ $stderr == 'rc-record-split: <stdin>:5: '* ]]
}

@test "every cut of a document is refused" {
  local document='{"a":[{"id":1,"t":"x\"y"},[1,{"b":2}]],"v":-1.5e3,"w":true}'
  local cut # not i, which run has for itself
  for ((cut = 0; cut < ${#document}; cut++)); do
    run -100 --separate-stderr rc-record-split <<<"${document:0:cut}"
  done
  run -0 split "$document"
}

@test "a document of 100 MB on one line is split in constant memory" {
  mkfifo "$BATS_TEST_TMPDIR/out"
  perl -e 'print qq({"a":[); print qq({"id":$_,"t":") . "x" x 1000 . qq("},) for 1 .. 100000; print "{}]}"' >"$BATS_TEST_TMPDIR/document"
  rc-record-split -n a "$BATS_TEST_TMPDIR/document" >"$BATS_TEST_TMPDIR/out" 3>&- &
  exec {rows}<"$BATS_TEST_TMPDIR/out"
  head -c 90000000 <&"$rows" | tail -c 1 >/dev/null
  peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$!/status")
  [ "$(wc -l <&"$rows")" -gt 0 ]
  wait "$!"
  limit=12000
  ! ldd "$(command -v rc-record-split)" | grep -q asan || limit=300000
  [ "$peak" -lt "$limit" ] || { echo "$peak kB"; return 1; }
}
