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
  local case
  for case in 'load "$RC_TEST_FOLDER/helper"' 'bats_require_minimum_version 1.5.0'; do
    cat >"$BATS_TEST_TMPDIR/runs.bats" <<END
$case
writes() { printf '%s' "\$2"; printf '%s' "\$3" >&2; return "\$1"; }
shows() { printf '%s|' "\$status" "\$output" "\${#lines[@]}" "\${lines[@]}" "\${stderr-}" "\${#stderr_lines[@]}" "\${stderr_lines[@]}"; echo; } >&3
test "all" {
  run writes 3 \$'  one\\n\\ntwo \\n' \$'three\\n'
  shows
  run -0 --separate-stderr writes 0 '' \$' four\\n\\nfive\\n\\n'
  shows
  run -7 --separate-stderr --keep-empty-lines -- writes 7 \$'one\\n\\n' \$'two\\n\\nthree'
  shows
  run ! --keep-empty-lines writes 1 '' ''
  shows
  run -127 rc-nowhere
}
END
    sed -i 's,^test ,@&,' "$BATS_TEST_TMPDIR/runs.bats"
    (cd "$BATS_TEST_TMPDIR" && bats --tap runs.bats >"$case" 2>&1 || cp "$case" /dev/stderr) 2>&1 | head -n 20
    mv "$BATS_TEST_TMPDIR/$case" "$BATS_TEST_TMPDIR/${case%% *}"
  done
  grep -qx 'ok 1 all' "$BATS_TEST_TMPDIR/load"
  diff "$BATS_TEST_TMPDIR/bats_require_minimum_version" "$BATS_TEST_TMPDIR/load"
}
