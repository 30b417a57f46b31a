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

@test "run gives what that of bats gives" {
  cd "$BATS_TEST_TMPDIR"
  cat >all <<'END'
writes() { printf '%s' "$2"; printf '%s' "$3" >&2; return "$1"; }
shows() { printf '%s|' "$status" "$output" "${#lines[@]}" "${lines[@]}" "${stderr-}" "${#stderr_lines[@]}" "${stderr_lines[@]}" >&3 && echo >&3; }
test "all" {
  run writes 3 $'  one\n\ntwo \n' $'three\n'
  shows
  run -0 --separate-stderr writes 0 '' $' four\n\nfive\n\n'
  shows
  run -7 --separate-stderr --keep-empty-lines -- writes 7 $'one\n\nthree' $'two\n\nthree'
  shows
  run ! --keep-empty-lines writes 1 '' ''
  shows
  run rc-nowhere
}
END
  sed -i 's,^test ,@&,' all
  { echo "load '$RC_TEST_FOLDER/helper'" && cat all; } >ours.bats
  { echo 'bats_require_minimum_version 1.5.0' && cat all; } >theirs.bats
  for file in ours theirs; do bats --tap "$file.bats" 2>&1 | grep -vE "from function|file $file.bats" >"$file"; done
  grep -qx 'ok 1 all' ours
  diff theirs ours
}
