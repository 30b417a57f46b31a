load helper

@test "it prints the end record" {
  run -0 --separate-stderr rc-end
  [ "$output" = '{"rc_end":{"v":1}}' ]
  [ "$stderr" = '' ]
}

@test "it reads nothing" {
  run -0 --separate-stderr bash -c '{ rc-end >&2; cat; } <<<rest'
  [ "$output" = 'rest' ]
  [ "$stderr" = '{"rc_end":{"v":1}}' ]
}

@test "an argument and an option are bad usage" {
  run -100 --separate-stderr rc-end file
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-end: unexpected argument 'file'" ]
  run -100 --separate-stderr rc-end --records=1
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-end: unknown option '--records=1'" ]
}

@test "closed standard output is 111" {
  run -111 --separate-stderr bash -c 'rc-end >&-'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-end: cannot write <stdout>: Bad file descriptor' ]
}
