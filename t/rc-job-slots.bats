load helper

setup() { export RC_EVENTS=''; }

# due SCHEDULE AFTER UNTIL [ZONE]: the slots, one behind the other.
due() {
  rc-record-make name=n job_type=A "schedule=$1" ${4:+"zone=$4"} | rc-job-slots --after "$2" --until "$3" | rc-say '{slot}' | paste -sd ' '
}

@test "the fields: numbers, lists, ranges, steps and names, and the words" {
  local schedule slots
  while IFS='|' read -r schedule slots; do
    [ "$(due "$schedule" 2026-02-06T23:59:00Z 2026-02-09T00:00:00Z)" = "$slots" ] || { echo "$schedule: $(due "$schedule" 2026-02-06T23:59:00Z 2026-02-09T00:00:00Z)"; return 1; }
  done <<'END'
0 3 * * *|2026-02-07T03:00Z 2026-02-08T03:00Z
 5,7  4 7 2	*|2026-02-07T04:05Z 2026-02-07T04:07Z
*/20 23 8 feb *|2026-02-08T23:00Z 2026-02-08T23:20Z 2026-02-08T23:40Z
10-30/10 0 * * sat|2026-02-07T00:10Z 2026-02-07T00:20Z 2026-02-07T00:30Z
0 12 * 1-3/2,Feb 0|2026-02-08T12:00Z
0 12 * * 7|2026-02-08T12:00Z
0 12 * * Fri-sat|2026-02-07T12:00Z
@daily|2026-02-07T00:00Z 2026-02-08T00:00Z 2026-02-09T00:00Z
@weekly|2026-02-08T00:00Z
@monthly|
END
  [ "$(due @hourly 2026-02-06T23:59:59Z 2026-02-07T01:00:00Z)" = '2026-02-07T00:00Z 2026-02-07T01:00Z' ]
  [ "$(due @yearly 2025-12-31T23:59:59Z 2026-12-31T00:00:00Z)" = 2026-01-01T00:00Z ]
  [ "$(due '0 0 29 2 *' 2027-12-31T00:00:00Z 2028-12-31T00:00:00Z)" = 2028-02-29T00:00Z ]
}

@test "where both days are restricted one is enough, and where one begins with * both must fit" {
  [ "$(due '0 0 13 2 5' 2026-02-01T00:00:00Z 2026-02-28T00:00:00Z)" = '2026-02-06T00:00Z 2026-02-13T00:00Z 2026-02-20T00:00Z 2026-02-27T00:00Z' ]
  [ "$(due '0 0 14 2 5' 2026-02-01T00:00:00Z 2026-02-15T00:00:00Z)" = '2026-02-06T00:00Z 2026-02-13T00:00Z 2026-02-14T00:00Z' ]
  [ "$(due '0 0 */2 2 5' 2026-02-01T00:00:00Z 2026-02-28T00:00:00Z)" = '2026-02-13T00:00Z 2026-02-27T00:00Z' ]
}

@test "a zone's clock: what it skips does not come, what it has twice comes twice" {
  [ -e /usr/share/zoneinfo/Europe/Warsaw ] || skip 'there are no time zones here'
  [ "$(due '30 2 * * *' 2026-03-28T00:00:00Z 2026-03-30T12:00:00Z Europe/Warsaw)" = '2026-03-28T01:30Z 2026-03-30T00:30Z' ]
  [ "$(due '30 2 * * *' 2026-10-24T12:00:00Z 2026-10-26T12:00:00Z Europe/Warsaw)" = '2026-10-25T00:30Z 2026-10-25T01:30Z 2026-10-26T01:30Z' ]
  TZ=America/New_York
  export TZ
  [ "$(due '0 3 * * *' 2026-02-07T00:00:00Z 2026-02-08T00:00:00Z)" = 2026-02-07T03:00Z ]
}

@test "what is written: the entry with its slot and key, once for each time, and what is absent" {
  run -0 rc-job-slots --after 2026-02-07T02:59:00Z --until 2026-02-07T03:00:00Z <<'END'
{"name":"a","schedule":"* 3 * * *","job_type":"A","payload":{"x":1},"after":30,"note":"é"}
{"name":"never","schedule":"0 4 * * *","job_type":"B"}
{"name":"b","schedule":"0 3 * * *","job_type":"B"}
END
  [ "${lines[0]}" = '{"name":"a","schedule":"* 3 * * *","job_type":"A","payload":{"x":1},"after":30,"note":"é","slot":"2026-02-07T03:00Z","dedup_key":"a:2026-02-07T03:00Z"}' ]
  [ "${lines[1]}" = '{"name":"b","schedule":"0 3 * * *","job_type":"B","payload":{},"after":0,"slot":"2026-02-07T03:00Z","dedup_key":"b:2026-02-07T03:00Z"}' ]
  [ "${#lines[@]}" = 2 ]
  # by default the last minute
  [ "$(rc-record-make name=n job_type=A 'schedule=* * * * *' | rc-job-slots | wc -l)" = 1 ]
}

@test "a bad entry is refused with its line before one is written" {
  local entry words
  while IFS='|' read -r entry words; do
    run -100 --separate-stderr rc-job-slots <<<"{\"name\":\"good\",\"schedule\":\"* * * * *\",\"job_type\":\"A\"}"$'\n'"$entry"
    [ "$output" = '' ]
    [ "$stderr" = "rc-job-slots: <stdin>:2: $words" ] || { echo "$entry: $stderr"; return 1; }
  done <<'END'
{"name":"x","schedule":"60 * * * *","job_type":"A"}|'schedule': the minute is not understood
{"name":"x","schedule":"* 24 * * *","job_type":"A"}|'schedule': the hour is not understood
{"name":"x","schedule":"5/2 * * * *","job_type":"A"}|'schedule': the minute is not understood
{"name":"x","schedule":"1, * * * *","job_type":"A"}|'schedule': the minute is not understood
{"name":"x","schedule":"*/0 * * * *","job_type":"A"}|'schedule': the minute is not understood
{"name":"x","schedule":"* 5-3 * * *","job_type":"A"}|'schedule': the hour is not understood
{"name":"x","schedule":"* * 0 * *","job_type":"A"}|'schedule': the day of the month is not understood
{"name":"x","schedule":"* * * 13 *","job_type":"A"}|'schedule': the month is not understood
{"name":"x","schedule":"* * * * montag","job_type":"A"}|'schedule': the day of the week is not understood
{"name":"x","schedule":"* * * *","job_type":"A"}|'schedule': the day of the week is not understood
{"name":"x","schedule":"* * * * * root","job_type":"A"}|'schedule': there is more than five fields
{"name":"x","schedule":"99999999999999999999 * * * *","job_type":"A"}|'schedule': the minute is not understood
{"name":"x","schedule":"0 0 31 2,4 *","job_type":"A"}|'schedule': there is no such day in any year
{"name":"x","schedule":"@reboot","job_type":"A"}|'schedule': no word that is known: @hourly, @daily, @weekly, @monthly, @yearly
{"name":"x","schedule":"@daily","zone":"../../etc/passwd","job_type":"A"}|'zone': this system knows no time zone '../../etc/passwd'
{"name":"x","schedule":"@daily","zone":"No/Where","job_type":"A"}|'zone': this system knows no time zone 'No/Where'
{"name":"good","schedule":"@daily","job_type":"A"}|'good' is there already, and the slots of both would be one
{"name":"","schedule":"@daily","job_type":"A"}|'name' is empty
{"name":"x","schedule":"@daily"}|expected a string in the field 'job_type'
END
}

@test "times that are none, or are too far apart, are wrong usage" {
  local arguments
  for arguments in '--after x' '--after 2026-02-30T00:00:00Z' '--until 2026-02-01T00:00:00' '--after 2026-02-01T00:00:00Z --until 2026-01-01T00:00:00Z' \
    '--after 2024-02-01T00:00:00Z --until 2026-01-01T00:00:00Z'; do
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr rc-job-slots $arguments <<<''
    [ "$output" = '' ]
    [[ ${stderr_lines[-1]} == 'rc-job-slots: --'* ]]
  done
}

@test "the entry that docs/worker.md shows is one" {
  run -0 rc-job-slots --after 2026-11-27T00:00:00Z --until 2026-11-27T12:00:00Z <<<"$(sed -n '/^```ndjson/,/^```/{//d;p}' "$RC_TEST_FOLDER/../docs/worker.md")"
  [ "$(rc-say '{dedup_key}' <<<"$output")" = report:2026-11-27T06:00Z ]
}
