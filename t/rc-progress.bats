load helper

setup() { in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out; }

@test "where standard error is no terminal the records pass and nothing is said" {
  seq -f '{"id":%.0f}' 1000 >"$in"
  rc-progress "$in" >"$out" 2>"$BATS_TEST_TMPDIR/err"
  cmp "$in" "$out"
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "--interval tells the count at the end at least, on lines of their own" {
  seq -f '{"id":%.0f}' 1000 >"$in"
  run -0 --separate-stderr rc-progress --interval 1h "$in"
  [ "$output" = "$(cat "$in")" ]
  [[ $stderr =~ ^'1000 records, '[0-9]+'/s'$ ]]
}

@test "--interval tells the count while records pass" {
  mkfifo "$BATS_TEST_TMPDIR/err"
  yes '{}' 2>/dev/null | rc-progress --interval 1ms --label rows >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  { read -r -t 60 first && read -r -t 60 second; } <"$BATS_TEST_TMPDIR/err" # a bound for the case that it fails
  [[ $first =~ ^([0-9]+)' rows, '[0-9]+'/s'$ ]]
  first=${BASH_REMATCH[1]}
  [[ $second =~ ^([0-9]+)' rows, '[0-9]+'/s'$ ]]
  [ "$first" -lt "${BASH_REMATCH[1]}" ]
  run ! wait %% # nobody reads what it says any more
}

@test "--label and -l name the records" {
  run -0 --separate-stderr rc-progress --interval=1h --label 'rows of é' <<<'{}'
  [ "$output" = '{}' ]
  [[ $stderr =~ ^'1 rows of é, '[0-9]+'/s'$ ]]
  run -0 --separate-stderr rc-progress --interval=1h -l rows </dev/null
  [ "$output" = '' ]
  [ "$stderr" = '0 rows, 0/s' ]
}

@test "on a terminal the count stands in one line that is ended at the end" {
  printf '{"id":1}\n' >"$in"
  run -0 --separate-stderr script -qec "rc-progress '$in' >'$out'" /dev/null </dev/null
  [[ $output =~ ^$'\r''1 records, '[0-9]+'/s'$'\e[K\r'$ ]]
  cmp "$in" "$out"
}

@test "a bad record among good ones: the good ones before it pass, no count is told" {
  printf '%s\n' '{"id":1}' '{"id":}' '{"id":3}' >"$in"
  run -100 --separate-stderr rc-progress --interval 1h <"$in"
  [ "$output" = '{"id":1}' ]
  [ "$stderr" = "rc-progress: <stdin>:2: field 'id': not a JSON value (byte 7)" ]
}

@test "a bad interval and an unknown option are bad usage" {
  for interval in '' x -1s 1d 1.s 1e3 99999h; do
    run -100 --separate-stderr rc-progress --interval "$interval" <<<'{}'
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = 'usage: rc-progress [--label TEXT] [--interval DURATION] [FILE ...]' ]
    [ "${stderr_lines[1]}" = "rc-progress: --interval takes a duration such as 500ms, 2s or 5m, not '$interval'" ]
  done
  run -100 --separate-stderr rc-progress --rate <<<'{}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-progress: unknown option '--rate'" ]
}
