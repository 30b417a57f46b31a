# What the tests themselves rest on: a test that fails is told as one, with its place, as bats does it.

load helper

@test "a failed test names the file, the line and the command, also in a function and in [[" {
  sed "s,^test ,@&," >"$BATS_TEST_TMPDIR/failing.bats" <<END
load '$RC_TEST_FOLDER/helper'
fails() {
  :
  [[ one = two ]]
}
test "a command" {
  :
  false
}
test "a condition" {
  :
  [[ one = two ]]
}
test "a function" {
  :
  fails
}
test "a command that run runs" {
  run -0 false
}
test "none" {
  :
}
END
  cd "$BATS_TEST_TMPDIR"
  run -1 bats --tap failing.bats
  [ "$output" = "1..5
not ok 1 a command
# (in test file failing.bats, line 8)
#   \`false' failed
not ok 2 a condition
# (in test file failing.bats, line 12)
#   \`[[ one = two ]]' failed
not ok 3 a function
# (from function \`fails' in file failing.bats, line 4,
#  in test file failing.bats, line 16)
#   \`fails' failed
not ok 4 a command that run runs
# (in test file failing.bats, line 19)
#   \`run -0 false' failed, expected exit code 0, got 1
ok 5 none" ]
}
