load helper

setup() { cd "$BATS_TEST_TMPDIR" || return; }

@test "a program that ends with 0 is ok, any other end is a failure with its last line" {
  run -1 bash -c 'rc-check | rc-say "{id} {status} {observed}"; exit "${PIPESTATUS[0]}"' <<'END'
{"id":"good","run":["echo","all well"]}
{"id":"bad","run":["sh","-c","echo one; echo two >&2; exit 3"]}
{"id":"mute","run":["false"]}
{"id":"killed","run":["sh","-c","kill -9 $$"]}
{"id":"absent","run":["no-such-program"]}
END
  [ "${lines[0]}" = 'good ok all well' ]
  [ "${lines[1]}" = 'bad fail two' ]
  [ "${lines[2]}" = 'mute fail ended with exit status 1' ]
  [ "${lines[3]}" = 'killed fail ended by signal 9' ]
  [[ ${lines[4]} == 'absent fail '*'no-such-program'* ]]
}

@test "a result has the fields of its check, and the hint only where it is needed" {
  run -0 rc-check <<<'{"id":"a","target":"t","run":["echo","x"],"expected":"y","hint":"z"}'
  [[ $output =~ ^'{"id":"a","target":"t","status":"ok","ms":'[0-9]+',"observed":"x","expected":"y","hint":null}'$ ]]
  run -1 rc-check <<<'{"id":"a","run":["false"],"hint":"z"}'
  [[ $output == *'"expected":null,"hint":"z"}' ]]
}

@test "a program may answer with a record, and one that must is a failure without" {
  run -1 bash -c 'rc-check | rc-say "{id} {status} {observed} {expected}"; exit "${PIPESTATUS[0]}"' <<'END'
{"id":"warn","run":["echo","{\"status\":\"warn\",\"observed\":\"9\",\"expected\":\"< 5\"}"]}
{"id":"lie","run":["sh","-c","echo '{\"status\":\"ok\"}'; exit 1"]}
{"id":"none","run":["true"],"answers_record":true,"expected":"e"}
{"id":"other","run":["echo","{\"status\":\"fine\"}"],"answers_record":true,"expected":"e"}
END
  [ "${lines[0]}" = 'warn warn 9 < 5' ]
  [[ ${lines[1]} == 'lie fail '* ]]
  [[ ${lines[2]} == 'none fail '*'no record with a status) e' ]]
  [[ ${lines[3]} == 'other fail '* ]]
}

@test "a program that hangs is ended with all it has started, and others do not wait for it" {
  run -1 bash -c 'rc-check | rc-say "{id} {status} {observed}"; exit "${PIPESTATUS[0]}"' <<'END'
{"id":"hangs","run":["sh","-c","sleep 1234.5 & wait"],"limit":"200ms"}
{"id":"stuck","run":["sh","-c","trap '' TERM; sleep 1234.5"],"limit":"200ms","tries":2,"pause":"10ms"}
{"id":"good","run":["true"]}
END
  [ "${lines[0]}" = 'hangs fail no answer within 200 ms' ]
  [ "${lines[1]}" = 'stuck fail no answer within 200 ms' ]
  [ "${lines[2]}" = 'good ok ' ]
  run -1 pgrep -f 'sleep 1234.5'
}

@test "the time for all ends what still runs and what has not begun" {
  run -0 bash -c 'rc-check --jobs 1 --limit 300ms | rc-say "{id} {status} {observed}"' <<'END'
{"id":"first","run":["sleep","60"],"limit":"1m"}
{"id":"second","run":["true"]}
END
  [ "${lines[0]}" = 'first fail the time for all checks was up' ]
  [ "${lines[1]}" = 'second fail the time for all checks was up' ]
}

@test "a failure is tried again, unless its code says that it would be in vain" {
  run -1 rc-check <<'END'
{"id":"third","run":["sh","-c","echo >>third; test $(wc -l <third) = 3"],"tries":5,"pause":"1ms"}
{"id":"vain","run":["sh","-c","echo >>vain; exit 100"],"tries":5,"pause":"1ms"}
{"id":"always","run":["sh","-c","echo >>always; exit 1"],"tries":4,"pause":"1ms"}
END
  [[ ${lines[0]} == *'"status":"ok"'* ]]
  [ "$(wc -l <third) $(wc -l <vain) $(wc -l <always)" = '3 1 4' ]
}

@test "what is not configured is skipped, or fails with --no-skip" {
  check='{"id":"a","run":["touch","ran"],"needs":["NOT_SET_HERE"]}'
  run -0 rc-check <<<"$check"
  [[ $output == *'"status":"skip","ms":0,"observed":"NOT_SET_HERE is not set"'* ]]
  run -1 rc-check --no-skip <<<"$check"
  [[ $output == *'"status":"fail"'* ]]
  NOT_SET_HERE=1 run -0 rc-check --no-skip <<<"$check"
  [ -e ran ]
}

@test "no password of a URL and no secret is shown, and a URL with a password in a check is refused" {
  export MY_SECRET='s*cret'
  run -1 rc-check <<'END'
{"id":"a","run":["sh","-c","echo \"no login at $(printf 'redis:'; echo //me:p@ss@host/0) with $MY_SECRET and $MY_SECRET\"; exit 1"],"secrets":["MY_SECRET"]}
END
  [[ $output == *'"observed":"no login at redis://***@host/0 with *** and ***"'* ]]
  run -100 --separate-stderr rc-check <<<'{"id":"a","run":["curl","http://me:hidden@host/"]}'
  [ "$output" = '' ]
  [[ $stderr == "rc-check: <stdin>:1: a URL in 'run' has a password"* && $stderr != *hidden* ]]
}

@test "a program that writes without end is a failure" {
  run -1 rc-check <<<'{"id":"a","run":["yes"],"limit":"1m"}'
  [[ $output == *'"observed":"the program writes without end"'* ]]
}

@test "results stand in the order of the checks" {
  run -0 bash -c 'rc-check | rc-say "{id}"' <<'END'
{"id":"slow","run":["sleep","0.3"]}
{"id":"fast","run":["true"]}
END
  [ "$output" = $'slow\nfast' ]
}

@test "TAP, JUnit and Nagios say the same" {
  cat >checks <<'END'
{"id":"good","run":["true"]}
{"id":"b<a&d","target":"x\"y","run":["sh","-c","printf 'a|b\\033[31m'; exit 1"],"expected":"e"}
{"id":"warn","run":["false"],"only_warns":true}
{"id":"skip","run":["true"],"needs":["NOT_SET_HERE"]}
END
  run -1 rc-check --tap --junit junit.xml checks
  [ "${lines[1]}" = '1..4' ]
  [ "$(grep -cE '^ok [134] - ' <<<"$output")" = 3 ]
  grep -qx 'not ok 2 - b<a&d' <<<"$output"
  grep -qx 'ok 4 - skip # SKIP NOT_SET_HERE is not set' <<<"$output"
  [[ $output != *$'\033'* ]]
  grep -q 'tests="4" failures="1" skipped="1"' junit.xml
  grep -qF 'classname="x&#34;y" name="b&#60;a&#38;d"' junit.xml
  run -2 rc-check --nagios checks
  [[ ${lines[0]} == 'CRITICAL - 1 ok, 1 warn, 1 fail, 1 skip; b<a&d: a/b'*" | 'good'="* ]]
  [ "${#lines[@]}" = 1 ]
  run -1 rc-check --nagios <<<'{"id":"a","run":["false"],"only_warns":true}'
  run -0 rc-check --nagios <<<'{"id":"a","run":["true"]}'
  run -3 rc-check --nagios <<<'{"id":"a","run":["true"],"needs":["NOT_SET_HERE"]}'
}

@test "targets are chosen, and one that no check has is refused" {
  checks=$'{"id":"a","target":"x","run":["true"]}\n{"id":"b","target":"y","run":["false"]}'
  run -0 rc-check --target x <<<"$checks"
  [ "${#lines[@]}" = 1 ]
  run -100 --separate-stderr rc-check --target x --target z <<<"$checks"
  [ "$stderr" = "rc-check: no check has the target 'z'" ]
  run -100 --separate-stderr rc-check </dev/null
  [ "$stderr" = 'rc-check: there are no checks' ]
}

@test "a check that is none is refused before any is run" {
  refused() { # RECORD MESSAGE
    run -100 --separate-stderr rc-check <<<$'{"id":"first","run":["touch","ran"]}\n'"$1"
    [ "$stderr" = "rc-check: <stdin>:2: $2" ]
    [ "$output" = '' ]
    [ ! -e ran ]
  }
  refused '{"id":"a"}' "'run' names no program"
  refused '{"id":"a","run":"true"}' "'run' is no list of texts"
  refused '{"id":"a","run":["true",1]}' "'run' is no list of at most 64 texts"
  refused '{"id":"a","run":["a\u0000b"]}' "'run' has a text that can't be an argument"
  refused '{"id":"a","run":["true"],"limit":5}' "'limit' is no duration as \"2s\" or \"500ms\""
  refused '{"id":"a","run":["true"],"tries":0}' "'tries' is no number from 1 to 100"
  refused '{"id":"a","run":["true"],"only_warns":1}' "'only_warns' is not true or false"
  refused '{"id":"first","run":["true"]}' "a second check 'first'"
}

@test "programs are found in the folder that is named" {
  mkdir programs
  printf '#!/bin/sh\necho mine\n' >programs/probe
  chmod +x programs/probe
  run -0 rc-check --programs ./programs <<<'{"id":"a","run":["probe"]}'
  [[ $output == *'"observed":"mine"'* ]]
}
