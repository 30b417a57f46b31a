load recotem/helper

@test "it prints the end record" {
  run -0 --separate-stderr rc-end
  [ "$output" = '{"rc_end":{"v":1}}' ]
  [ "$stderr" = '' ]
}

@test "without a file it reads nothing" {
  run -0 --separate-stderr bash -c '{ rc-end >&2; cat; } <<<rest'
  [ "$output" = 'rest' ]
  [ "$stderr" = '{"rc_end":{"v":1}}' ]
}

@test "an unknown option is bad usage" {
  run -100 --separate-stderr rc-end --records=1
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-end: unknown option '--records=1'" ]
}

@test "the records of files come first, as they are, in the order of the files" {
  cd "$BATS_TEST_TMPDIR"
  printf '%s\n' '{"a":1.0, "b":"\u00e9"}' '{"a":9223372036854775807}' >one
  echo '{"a":3}' >two
  run -0 --separate-stderr rc-end two - one <<<'{"from":"stdin"}'
  [ "$output" = '{"a":3}
{"from":"stdin"}
{"a":1.0, "b":"\u00e9"}
{"a":9223372036854775807}
{"rc_end":{"v":1}}' ]
  [ "$stderr" = '' ]
}

@test "an end record of a file is checked and taken out, so that there is one" {
  cd "$BATS_TEST_TMPDIR"
  printf '%s\n' '{"a":1}' '{"rc_end":{"v":1,"records":1}}' >one
  run -0 --separate-stderr rc-end one one
  [ "$output" = '{"a":1}
{"a":1}
{"rc_end":{"v":1}}' ]
  printf '%s\n' '{"a":1}' '{"rc_end":{"v":1,"records":2}}' >wrong
  run -100 --separate-stderr rc-end wrong
  [ "$output" = '{"a":1}' ]
  [ "$stderr" = 'rc-end: wrong:2: the end record tells of 2 records, but 1 came' ]
}

@test "empty files give the end record alone" {
  run -0 --separate-stderr rc-end /dev/null - </dev/null
  [ "$output" = '{"rc_end":{"v":1}}' ]
  [ "$stderr" = '' ]
}

@test "a file that is not there, is no file, or has a bad record: 100, and no end record" {
  cd "$BATS_TEST_TMPDIR"
  echo '{"a":1}' >good
  run -100 --separate-stderr rc-end good none
  [ "$output" = '{"a":1}' ]
  [ "$stderr" = 'rc-end: cannot open none: No such file or directory' ]
  mkdir folder
  run -100 --separate-stderr rc-end folder
  [ "$output" = '' ]
  [ "$stderr" = 'rc-end: cannot read folder: Is a directory' ]
  printf '{"a":1}\n{"a":2' >short
  run -100 --separate-stderr rc-end good short good
  [ "$output" = '{"a":1}
{"a":1}' ]
  [ "$stderr" = 'rc-end: short:2: cut short: the last record has no newline' ]
  run -100 --separate-stderr rc-end - <<<'no JSON'
  [ "$output" = '' ]
  [[ $stderr == 'rc-end: <stdin>:1: '* ]]
}

@test "a full disk is 111 with files too" {
  run -111 --separate-stderr bash -c 'rc-end - >/dev/full <<<"{\"a\":1}"'
  [ "$stderr" = 'rc-end: cannot write <stdout>: No space left on device' ]
}

@test "closed standard output is 111" {
  run -111 --separate-stderr bash -c 'rc-end >&-'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-end: cannot write <stdout>: Bad file descriptor' ]
}
