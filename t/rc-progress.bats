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
  [[ $stderr =~ ^'1000 records, '[0-9]+'/s, 10.9 kB'$ ]]
}

@test "--interval tells the count while records pass" {
  mkfifo "$BATS_TEST_TMPDIR/err"
  yes '{}' 2>/dev/null | rc-progress --interval 1ms --label rows >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  { read -r -t 60 first && read -r -t 60 second; } <"$BATS_TEST_TMPDIR/err" # a bound for the case that it fails
  [[ $first =~ ^([0-9]+)' rows, '[0-9]+'/s, '[0-9.]+' '[kMG]?B$ ]]
  first=${BASH_REMATCH[1]}
  [[ $second =~ ^([0-9]+)' rows, '[0-9]+'/s, '[0-9.]+' '[kMG]?B$ ]]
  [ "$first" -lt "${BASH_REMATCH[1]}" ]
  run ! wait %% # nobody reads what it says any more
}

@test "--label and -l name the records" {
  run -0 --separate-stderr rc-progress --interval=1h --label 'rows of é' <<<'{}'
  [ "$output" = '{}' ]
  [[ $stderr =~ ^'1 rows of é, '[0-9]+'/s, 3 B'$ ]]
  run -0 --separate-stderr rc-progress --interval=1h -l rows </dev/null
  [ "$output" = '' ]
  [ "$stderr" = '0 rows, 0/s, 0 B' ]
}

@test "on a terminal the count stands in one line that is ended at the end" {
  printf '{"id":1}\n' >"$in"
  run -0 --separate-stderr script -qec "rc-progress '$in' >'$out'" /dev/null </dev/null
  [[ $output =~ ^$'\r''1 records, '[0-9]+'/s, 9 B'$'\e[K\r'$ ]]
  cmp "$in" "$out"
}

@test "on a terminal the count changes in its line while records pass" {
  terminal_is_sent "{ echo '{\"id\":1}'; sleep 0.7; echo '{\"id\":2}'; } | rc-progress >'$out'"
  [[ $(cat "$BATS_TEST_TMPDIR/sent") =~ ^$'\r''2 records, '[0-9]+'/s, 18 B'$'\e[K\r''2 records, '[0-9]+'/s, 18 B'$'\e[K'$ ]]
  [ "$(cat "$out")" = $'{"id":1}\n{"id":2}' ]
}

@test "where the terminal shows the records no line is written over them" {
  terminal_is_sent "rc-progress <<<'{}'"
  [ "$(cat "$BATS_TEST_TMPDIR/sent")" = '{}' ]
}

@test "--total tells the part that is done, and the time that is left" {
  run -0 --separate-stderr bash -c '{ echo "{\"id\":1}"; sleep 0.1; echo "{\"id\":2}"; } | rc-progress --interval 1ms --total 100000'
  [ "$output" = $'{"id":1}\n{"id":2}' ]
  [[ ${stderr_lines[-2]} =~ ^'2 of 100000 records (0 %), '[0-9]+'/s, 18 B, '([0-9]+:)?[0-9]+:[0-9][0-9]' left'$ ]]
  [[ ${stderr_lines[-1]} =~ ^'2 of 100000 records (0 %), '[0-9]+'/s, 18 B'$ ]]
  seq -f '{"id":%.0f}' 1000 >"$in"
  run -0 --separate-stderr rc-progress --interval 1h --total 4000 "$in"
  [[ $stderr =~ ^'1000 of 4000 records (25 %), '[0-9]+'/s, 10.9 kB'$ ]]
  run -0 --separate-stderr rc-progress --interval 1h --total 999 "$in" # more than were expected
  [[ $stderr =~ ^'1000 of 999 records (100 %), '[0-9]+'/s, 10.9 kB'$ ]]
}

@test "--quiet and -q tell nothing, on a terminal and with --interval too" {
  terminal_is_sent "rc-progress --quiet <<<'{}' >'$out'; rc-progress -q --interval 1ms <<<'{}' >>'$out'; cat '$out'"
  [ "$(cat "$BATS_TEST_TMPDIR/sent")" = $'{}\n{}' ]
}

@test "a message takes the count off the terminal first, and a label can't command it" {
  terminal_is_sent "{ echo '{}'; sleep 0.7; echo '{}'; sleep 0.1; echo '{'; } | rc-progress -l \$'\e[2J' >'$out'"
  [[ $(cat "$BATS_TEST_TMPDIR/sent") =~ ^$'\r''2 \u001b[2J, '[0-9]+'/s, 6 B'$'\e[K\r\e[K''rc-progress: <stdin>:3: '[^$'\r\n']+$ ]]
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
    [ "${stderr_lines[0]}" = 'usage: rc-progress [--label TEXT] [--total N] [--interval DURATION | --quiet] [FILE ...]' ]
    [ "${stderr_lines[1]}" = "rc-progress: --interval takes a duration such as 500ms, 2s or 5m, not '$interval'" ]
  done
  run -100 --separate-stderr rc-progress --interval 0ms <<<'{}'
  [ "${stderr_lines[1]}" = 'rc-progress: --interval takes more than 0' ]
  for total in '' x -1 0 99999999999999999999; do
    run -100 --separate-stderr rc-progress --total "$total" <<<'{}'
    [ "$output" = '' ]
    [[ ${stderr_lines[1]} == 'rc-progress: --total takes '* ]]
  done
  run -100 --separate-stderr rc-progress --rate <<<'{}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-progress: unknown option '--rate'" ]
}
