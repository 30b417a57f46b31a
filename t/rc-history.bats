load helper

setup() {
  export RC_HISTORY=$BATS_TEST_TMPDIR/history
  rc-run --slot s ok -- true
  rc-run bad -- sh -c 'exit 3' || [ $? = 3 ]
  rc-run slow -- sleep 0.3
}

names() { jq -r .name | paste -sd ' '; }

@test "all runs, those before the file became the old one first" {
  mv "$RC_HISTORY" "$RC_HISTORY.old"
  rc-run late -- true
  [ "$(rc-history | names)" = 'ok bad slow late' ]
  [ "$(rc-history --last 2 | names)" = 'slow late' ]
}

@test "runs are chosen by status, name, duration and time" {
  [ "$(rc-history --failed | names)" = bad ]
  [ "$(rc-history --name ok | names)" = ok ]
  [ "$(rc-history --slow 300ms | names)" = slow ]
  [ "$(rc-history --since 1h | names)" = 'ok bad slow' ]
  jq -c '.name = "old" | .start = (now - 8 * 86400 | todate)' <<<"$(rc-history --name ok)" >"$RC_HISTORY.old"
  [ "$(rc-history --since 7d | names)" = 'ok bad slow' ]
  [ "$(rc-history --since 2w | names)" = 'old ok bad slow' ]
  # a part of a time is the beginning of it, and Z behind it is nothing more
  local time
  time=$(rc-history --name ok | rc-say '{start}')
  for time in "${time:0:10}" "${time:0:10}Z" "${time:0:16}" "${time:0:16}Z" "${time:0:19}Z" "$time"; do
    [ "$(rc-history --since "$time" --name ok | names)" = ok ]
  done
  rm "$RC_HISTORY.old"
  [ "$(rc-history --since 2200-01-01 | names)" = '' ]
  [ "$(rc-history --since "$(date -u +%F -d yesterday)" --failed --name bad --last 1 | names)" = bad ]
}

@test "on a terminal it is a table" {
  run -0 script -qec 'rc-history --failed' /dev/null
  [[ $output =~ ^20[0-9T:-]+\ \ bad\ +failed\ +3\ +0\.[0-9]+\ \ [^\ ]+ ]]
}

@test "a line that was cut is passed over and told" {
  echo '{"v":1,"na' >>"$RC_HISTORY"
  rc-run after -- true
  run -0 --separate-stderr rc-history --last 1
  [ "$(names <<<"$output")" = after ]
  [ "$stderr" = "rc-history: 1 line(s) of the history can't be read" ]
}

@test "the line after one that a killed writer left half is whole" {
  printf '{"v":1,"na' >>"$RC_HISTORY"
  rc-run after -- true
  rc-run last -- true
  run -0 --separate-stderr rc-history --last 2
  [ "$(names <<<"$output")" = 'after last' ]
  [ "$stderr" = "rc-history: 1 line(s) of the history can't be read" ]
  run -0 tail -n 3 "$RC_HISTORY"
  [ "${lines[0]}" = '{"v":1,"na' ]
}

@test "no history is no run, and wrong options are refused" {
  RC_HISTORY=$BATS_TEST_TMPDIR/none run -0 --separate-stderr rc-history
  [ -z "$output$stderr" ]
  RC_HISTORY=$BATS_TEST_TMPDIR run -100 rc-history
  local time
  for time in yesterday 2026-13-45 2026-00-01 2026-11-32 2026-11-26T24:00 2026-11-26T08:60 2026-11-26T08:0 ---------- 2026-11-26T08:00:00+05:00 2026-11-2; do
    run -100 --separate-stderr rc-history --since "$time"
    [[ $stderr == *"not '$time'" ]]
  done
  run -100 rc-history --last 0
  run -100 rc-history more
}

@test "eight writers at once, as fast as they can: no line is lost, none is cut, though the file becomes the old one meanwhile" {
  compile_with_lib history-writers.c
  head -c 9800000 /dev/zero | tr '\0' '\n' >"$RC_HISTORY"
  run -0 --separate-stderr "$program" 8 250
  [ "$(cat "$RC_HISTORY" "$RC_HISTORY.old" | grep -c '^{"v":1,"name":"w[0-7]",.*"}$')" = 2000 ]
  [ "$(cat "$RC_HISTORY" "$RC_HISTORY.old" | grep . | sort -u | wc -l)" = 2000 ]
  [ "$(head -c 10 "$RC_HISTORY")" = '{"v":1,"na' ] # the new one has some of them
}

@test "the runs of many hosts in one table, each once" {
  new_database
  export RC_SQL
  RC_SQL=$(rc_share)/sql/run
  rc-record-make | rc-db-apply schema.sql table.sql
  rc-record-make | rc-db-apply schema.sql table.sql # there already
  rc-history | rc-db-apply add.sql >/dev/null
  rc-run late -- true
  rc-history --since 1h | rc-db-apply add.sql >/dev/null
  RC_HISTORY=$BATS_TEST_TMPDIR/other rc-run far -- true
  RC_HISTORY=$BATS_TEST_TMPDIR/other rc-history | sed 's/"host":"[^"]*"/"host":"elsewhere"/' | rc-db-apply add.sql >/dev/null
  [ "$(sql "select name, status, exit, host = 'elsewhere' from rc.run order by ended")" = 'ok|ok|0|f
bad|failed|3|f
slow|ok|0|f
late|ok|0|f
far|ok|0|t' ]
}
