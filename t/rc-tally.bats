# shellcheck disable=SC1003 # backslashes are meant
load helper

setup() { in=$BATS_TEST_TMPDIR/in; }

@test "records are counted by status" {
  printf '{"status":"%s"}\n' signed missing signed signed >"$in"
  run -0 --separate-stderr rc-tally <"$in"
  [ "$output" = '{"records":4,"by":{"signed":3,"missing":1}}' ]
  [ "$stderr" = '' ]
}

@test "one record" {
  run -0 --separate-stderr rc-tally <<<'{"status":"x"}'
  [ "$output" = '{"records":1,"by":{"x":1}}' ]
  [ "$stderr" = '' ]
}

@test "--by and -b count by another field, values in the order of their first record" {
  printf '{"kind":"%s","status":"x"}\n' b a b c a >"$in"
  for by in --by=kind --by -b; do
    [ "$by" = --by=kind ] && set -- --by=kind || set -- "$by" kind
    run -0 --separate-stderr rc-tally "$@" <"$in"
    [ "$output" = '{"records":5,"by":{"b":2,"a":2,"c":1}}' ]
    [ "$stderr" = '' ]
  done
}

@test "records without the field are counted as missing" {
  printf '%s\n' '{"status":"a"}' '{}' '{"Status":"a"}' >"$in"
  run -0 --separate-stderr rc-tally <"$in"
  [ "$output" = '{"records":3,"by":{"a":1},"missing":2}' ]
  [ "$stderr" = '' ]
}

@test "values that are no strings count by their JSON text" {
  printf '{"v":%s}\n' 1 1.0 true null null '[1]' 9223372036854775807 >"$in"
  run -0 --separate-stderr rc-tally --by v <"$in"
  [ "$output" = '{"records":7,"by":{"1":1,"1.0":1,"true":1,"null":2,"[1]":1,"9223372036854775807":1}}' ]
  [ "$stderr" = '' ]
}

@test "strings count by their characters, however they are written" {
  printf '{"v":"%s"}\n' é '\u00e9' '\u00E9' 'a\/b' a/b 'x\n\"\\' '' '\u0000' >"$in"
  run -0 --separate-stderr rc-tally --by v <"$in"
  [ "$output" = '{"records":8,"by":{"é":3,"a/b":2,"x\n\"\\":1,"":1,"\u0000":1}}' ]
  [ "$stderr" = '' ]
}

@test "the result is a record that a filter can read: a string and another value of one text" {
  printf '{"v":%s}\n' 1 '"1"' null '"null"' >"$in"
  run -0 --separate-stderr rc-tally --by v <"$in"
  rc-say '{records}' <<<"$output"
  [ "$(rc-say '{by}' <<<"$output")" = '{"1":2,"null":2}' ]
  [ "$stderr" = '' ]
}

@test "100,000 different values are counted" {
  seq -f '{"v":%.0f}' 100000 >"$in"
  rc-tally --by v "$in" "$in" >"$BATS_TEST_TMPDIR/out"
  { printf '{"records":200000,"by":{' && seq -f '"%.0f":2' 100000 | paste -sd , | tr -d '\n' && echo '}}'; } |
    cmp - "$BATS_TEST_TMPDIR/out"
}

@test "a bad record among good ones: no count at all" {
  printf '%s\n' '{"status":"a"}' '{"status":a}' '{"status":"a"}' >"$in"
  run -100 --separate-stderr rc-tally <"$in"
  [ "$output" = '' ]
  [ "$stderr" = "rc-tally: <stdin>:2: field 'status': not a JSON value (byte 11)" ]
}

@test "a name for --by that no record has is no error" {
  run -0 --separate-stderr rc-tally --by $'\xff' <<<'{"a":1}'
  [ "$output" = '{"records":1,"by":{},"missing":1}' ]
  [ "$stderr" = '' ]
}

@test "--by without a name and an unknown option are bad usage" {
  run -100 --separate-stderr rc-tally --by
  [ "$output" = '' ]
  [ "$stderr" = $'usage: rc-tally [--by FIELD | --count FIELD[=VALUE[|VALUE]] ...] [FILE ...]\nrc-tally: option \'--by\' needs an argument' ]
  run -100 --separate-stderr rc-tally -x
  [ "$output" = '' ]
  [ "$stderr" = $'usage: rc-tally [--by FIELD | --count FIELD[=VALUE[|VALUE]] ...] [FILE ...]\nrc-tally: unknown option \'-x\'' ]
}

@test "--count prints the number of records with one of the values, a line of all" {
  printf '{"status":"%s"}\n' signed resigned already_signed signed would_sign >"$in"
  run -0 --separate-stderr rc-tally --count 'status=signed|resigned' --count status=already_signed --count status=missing "$in"
  [ "$output" = '3 1 0' ]
  [ "$stderr" = '' ]
  read -r signed already missing < <(rc-tally --count 'status=signed|resigned' --count status=already_signed --count status=missing "$in")
  [ "$signed:$already:$missing" = 3:1:0 ]
}

@test "--count with a field alone counts where it is there and not null, and leads into objects" {
  printf '%s\n' '{"error":null}' '{"error":{"code":"a"}}' '{}' '{"error":{"code":null}}' '{"error":""}' '{"error.code":"b"}' >"$in"
  run -0 --separate-stderr rc-tally --count error --count error.code --count 'error.code=a|b' --count error= "$in"
  [ "$output" = '3 2 2 1' ]
}

@test "--count of no records is 0, and an end record is not counted" {
  run -0 --separate-stderr rc-tally --count n --count n=1 </dev/null
  [ "$output" = '0 0' ]
  run -0 --separate-stderr rc-tally --count n <<<$'{"n":1}\n{"rc_end":{"v":1,"records":1}}'
  [ "$output" = 1 ]
}

@test "--count compares values as they are, bars doubled" {
  printf '{"v":%s}\n' '"a|b"' '"\u0061|b"' 1.0 '"1.0"' true '[1]' >"$in"
  run -0 --separate-stderr rc-tally --count 'v=a||b' --count v=1.0 --count 'v=true|[1]' "$in"
  [ "$output" = '2 2 2' ]
}

@test "a bad --count is bad usage, as is one with --by, or more than 32" {
  run -100 --separate-stderr rc-tally --count =x </dev/null
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-tally: --count takes FIELD or FIELD=VALUE, not '=x'" ]
  run -100 --separate-stderr rc-tally --count '' </dev/null
  [ "${stderr_lines[1]}" = "rc-tally: --count takes FIELD or FIELD=VALUE, not ''" ]
  run -100 --separate-stderr rc-tally --count a --by b </dev/null
  [ "${stderr_lines[1]}" = 'rc-tally: --by and --count exclude one another' ]
  # shellcheck disable=SC2046 # words
  run -100 --separate-stderr rc-tally $(seq -f '--count a%g' 33) </dev/null
  [ "${stderr_lines[1]}" = 'rc-tally: more than 32 --count' ]
}

@test "a value of 64 MB needs no more than three times its memory, with escapes or without" {
  need_plain_memory
  for letters in x '\u00e9\n'; do
    { printf '{"v":"' && yes "$letters" | tr -d '\n' | head -c 66000000 && printf '"}\n'; } >"$in"
    bash -c 'ulimit -v 220000; exec rc-tally --by v "$1"' _ "$in" >"$in.out"
    [ "$(head -c 27 "$in.out" | cut -c 1-20)" = '{"records":1,"by":{"' ]
    [ "$(tail -c 6 "$in.out")" = '":1}}' ]
    bash -c 'ulimit -v 220000; exec rc-tally --count v=x "$1"' _ "$in" >"$in.out"
    [ "$(cat "$in.out")" = 0 ]
  done
}
