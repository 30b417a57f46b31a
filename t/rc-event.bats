load recotem/helper

setup() {
  export RC_EVENTS=$BATS_TEST_TMPDIR/events
  unset RC_RUN_ID RC_PARENT LOG_LEVEL XDG_STATE_HOME
  uuid=018f2a3b-4c5d-7e6f-8a9b-0c1d2e3f4a5b
}

# The events file with what differs from run to run replaced by its form.
events() {
  sed -E 's/"time":"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{6}Z"/TIME/
    s/"run_id":"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/RUN_ID/' "$RC_EVENTS"
}

# event_field NAME: that field of each event.
event_field() {
  local file=$RC_EVENTS
  RC_EVENTS='' rc-say "{$1}" "$file"
}

# silent TOOL ARGUMENT...: ends with 0 and prints nothing at all.
silent() {
  run -0 --separate-stderr "$@"
  [ "$output" = '' ]
  [ "$stderr" = '' ]
}

@test "at 10 MB the file of our own place becomes the old one, once, and no event of many at once is lost" {
  unset RC_EVENTS
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR
  mkdir "$BATS_TEST_TMPDIR/rc"
  echo older >"$BATS_TEST_TMPDIR/rc/events.ndjson.old"
  head -c 9999999 /dev/zero | tr '\0' '\n' >"$BATS_TEST_TMPDIR/rc/events.ndjson"
  rc-event start # the file is not full yet
  [ "$(cat "$BATS_TEST_TMPDIR/rc/events.ndjson.old")" = older ]
  seq 40 | xargs -P 8 -I @ rc-event --pid @ start
  [ "$(stat -c %s "$BATS_TEST_TMPDIR/rc/events.ndjson.old")" -ge 10000000 ]
  [ "$(cat "$BATS_TEST_TMPDIR"/rc/events.ndjson* | grep -c '"pid":[0-9]*,"event":"start"')" = 41 ]
  [ "$(grep -c . "$BATS_TEST_TMPDIR/rc/events.ndjson")" -gt 1 ]
}

@test "a file that RC_EVENTS names is the user's to rotate" {
  export RC_EVENTS=$BATS_TEST_TMPDIR/own
  head -c 10000000 /dev/zero >"$RC_EVENTS"
  rc-event start
  rc-event start
  [ ! -e "$RC_EVENTS.old" ]
  [ "$(tail -c +10000001 "$RC_EVENTS" | wc -l)" = 2 ]
}

@test "an event is one line with all fields in a fixed order" {
  silent rc-event --pid 42 start
  silent rc-event --tool some-tool --pid 43 --exit 1 error 'a "message" of é'
  silent rc-event --pid 44 --exit 0 --counts '{"read":2,"written":9223372036854775807}' 'done'
  silent rc-event --pid 45 warning ''
  [ "$(events)" = '{"v":1,TIME,RUN_ID,"parent":null,"tool":"rc-event","pid":42,"event":"start","message":null,"exit":null,"counts":null}
{"v":1,TIME,RUN_ID,"parent":null,"tool":"some-tool","pid":43,"event":"error","message":"a \"message\" of é","exit":1,"counts":null}
{"v":1,TIME,RUN_ID,"parent":null,"tool":"rc-event","pid":44,"event":"done","message":null,"exit":0,"counts":{"read":2,"written":9223372036854775807}}
{"v":1,TIME,RUN_ID,"parent":null,"tool":"rc-event","pid":45,"event":"warning","message":"","exit":null,"counts":null}' ]
}

@test "the time is now, in UTC" {
  before=$(date -u +%Y-%m-%dT%H:%M:%S)
  TZ=Pacific/Auckland rc-event start
  time=$(event_field time)
  [[ ! $time < $before ]]
  [[ ! ${time%.*} > $(date -u +%Y-%m-%dT%H:%M:%S) ]]
}

@test "the process is the caller's where none is named" {
  run -0 --separate-stderr bash -c 'rc-event start; echo $$'
  [ "$output" = "$(event_field pid)" ]
  [ "$stderr" = '' ]
}

@test "a message with control characters or bad UTF-8 is one line of valid JSON still" {
  silent rc-event start $'a\nb\e[2J\xff\xc3(é'
  [ "$(wc -l <"$RC_EVENTS")" = 1 ]
  [ "$(event_field message)" = 'a\u000ab\u001b[2J'$'\ufffd\ufffd''(é' ]
}

@test "the events file is the user's alone, and its lines are added" {
  umask 022
  silent rc-event start
  silent rc-event 'done'
  [ "$(event_field event)" = $'start\ndone' ]
  [ "$(stat -c %a "$RC_EVENTS")" = 600 ]
}

@test "events of many processes at once are whole lines" {
  local message
  printf -v message '%*s' 3000 ''
  seq 200 | xargs -P 8 -I @ rc-event --pid @ start "${message// /x}"
  [ "$(event_field pid | sort -n)" = "$(seq 200)" ]
}

@test "missing folders of the file are made, for the user alone" {
  umask 022
  RC_EVENTS=$BATS_TEST_TMPDIR/a/b/events silent rc-event start
  [ -s "$BATS_TEST_TMPDIR/a/b/events" ]
  [ "$(stat -c %a "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/a/b")" = $'700\n700' ]
}

# ---- where ----

@test "an empty RC_EVENTS switches events off" {
  export HOME=$BATS_TEST_TMPDIR/home
  RC_EVENTS='' silent rc-event start
  RC_EVENTS='' silent rc-end >"$BATS_TEST_TMPDIR/out" || [ "$output" = '{"rc_end":{"v":1}}' ]
  [ ! -e "$HOME" ]
}

@test "a file that can't be written is passed over in silence, and the work is done" {
  mkfifo "$BATS_TEST_TMPDIR/fifo" # that nobody reads
  for file in /dev/full /dev/null/x "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/fifo" /proc/absent; do
    RC_EVENTS=$file silent rc-event start
    RC_EVENTS=$file run -0 --separate-stderr rc-tally <<<'{"status":"a"}'
    [ "$output" = '{"records":1,"by":{"a":1}}' ]
    [ "$stderr" = '' ]
  done
}

@test "without RC_EVENTS the file is in XDG_STATE_HOME" {
  unset RC_EVENTS
  HOME=$BATS_TEST_TMPDIR/home XDG_STATE_HOME=$BATS_TEST_TMPDIR/state silent rc-event start
  [ -s "$BATS_TEST_TMPDIR/state/rc/events.ndjson" ]
  [ ! -e "$BATS_TEST_TMPDIR/home" ]
}

@test "without XDG_STATE_HOME, or with a relative one, it is in HOME" {
  unset RC_EVENTS
  cd "$BATS_TEST_TMPDIR"
  HOME=$BATS_TEST_TMPDIR/home silent rc-event start
  HOME=$BATS_TEST_TMPDIR/home XDG_STATE_HOME=state silent rc-event start
  HOME=$BATS_TEST_TMPDIR/home XDG_STATE_HOME='' silent rc-event start
  [ "$(wc -l <home/.local/state/rc/events.ndjson)" = 3 ]
  [ ! -e state ]
}

@test "without HOME, or with an empty one, it is in the home that the passwd entry names" {
  unset RC_EVENTS
  unshare --map-root-user --mount true || skip 'this machine lets no one make a namespace'
  echo "someone:x:0:0::$BATS_TEST_TMPDIR/home:/bin/sh" >"$BATS_TEST_TMPDIR/passwd"
  # shellcheck disable=SC2016 # the inner shell expands it
  silent unshare --map-root-user --mount bash -c 'mount --bind "$1" /etc/passwd && env -u HOME rc-event start && HOME="" rc-event done' \
    _ "$BATS_TEST_TMPDIR/passwd"
  [ "$(RC_EVENTS='' rc-say '{event}' "$BATS_TEST_TMPDIR/home/.local/state/rc/events.ndjson")" = $'start\ndone' ]
}

# ---- which ----

@test "LOG_LEVEL keeps what is at least as grave" {
  while read -r level kept; do
    rm -f "$RC_EVENTS"
    for event in start warning error 'done'; do
      LOG_LEVEL=$level silent rc-event "$event"
    done
    touch "$RC_EVENTS"
    [ "$(event_field event | paste -sd ' ')" = "$kept" ]
  done <<'END_OF_LEVELS'
debug start warning error done
info start warning error done
warning warning error
WARNING warning error
error error
no-such-level start warning error done
END_OF_LEVELS
}

@test "LOG_LEVEL has no say in what stands on standard error" {
  LOG_LEVEL=error run -100 --separate-stderr rc-tally <<<'x'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-tally: <stdin>:1: expected a JSON object (byte 1)' ]
  [ "$(event_field event)" = error ]
}

# ---- the run ----

@test "--print-run-id prints the new run id, a UUIDv7 of now" {
  before=$(date +%s%3N)
  run -0 --separate-stderr rc-event --print-run-id start
  after=$(date +%s%3N)
  [[ $output =~ ^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
  made=$((16#${BASH_REMATCH[1]}${BASH_REMATCH[2]}))
  [ "$before" -le "$made" ]
  [ "$made" -le "$after" ]
  [ "$stderr" = '' ]
  [ "$(event_field run_id)" = "$output" ]
}

@test "two runs have two run ids" {
  [ "$(rc-event --print-run-id start)" != "$(rc-event --print-run-id start)" ]
}

@test "a run id is inherited" {
  RC_RUN_ID=$uuid run -0 --separate-stderr rc-event --print-run-id start
  [ "$output" = "$uuid" ]
  [ "$stderr" = '' ]
  RC_RUN_ID=$uuid run -0 rc-tally </dev/null
  [ "$(event_field run_id | uniq -c | tr -s ' ')" = " 3 $uuid" ]
}

@test "the run id is printed although the event is filtered or switched off" {
  RC_RUN_ID=$uuid LOG_LEVEL=error run -0 --separate-stderr rc-event --print-run-id start
  [ "$output" = "$uuid" ]
  [ "$stderr" = '' ]
  RC_RUN_ID=$uuid RC_EVENTS='' run -0 --separate-stderr rc-event --print-run-id start
  [ "$output" = "$uuid" ]
  [ "$stderr" = '' ]
}

@test "a run id that is no UUID is replaced" {
  for bad in '' x "${uuid}0" "${uuid%b}" "${uuid^^}" "${uuid%b}g" "${uuid//-/}" $'\n'"$uuid" '"},{"'; do
    RC_RUN_ID=$bad run -0 --separate-stderr rc-event --print-run-id start
    [[ $output =~ ^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
    [ "$output" != "$uuid" ]
    [ "$stderr" = '' ]
  done
}

@test "the parent is the process that RC_PARENT names, nothing else goes into the line" {
  RC_PARENT=$$ silent rc-event start
  for bad in '' 0 -1 x '1,"x":1' 99999999999999999999; do
    RC_PARENT=$bad silent rc-event start
  done
  [ "$(event_field parent | paste -sd ' ')" = "$$ null null null null null null" ]
}

@test "a filter whose parent has gone ends by SIGTERM" {
  gone=$(bash -c 'echo $$')
  RC_PARENT=$gone run -143 --separate-stderr rc-event start
  [ "$output" = '' ]
  [ "$stderr" = '' ]
  [ ! -e "$RC_EVENTS" ]
}

# ---- what filters tell by themselves ----

@test "a filter tells of its start and end with its counts" {
  run -0 --separate-stderr rc-tally <<<'{"status":"a"}'
  [ "$stderr" = '' ]
  [ "$(events | sed -E 's/"pid":[0-9]+/PID/')" = '{"v":1,TIME,RUN_ID,"parent":null,"tool":"rc-tally",PID,"event":"start","message":null,"exit":null,"counts":null}
{"v":1,TIME,RUN_ID,"parent":null,"tool":"rc-tally",PID,"event":"done","message":null,"exit":0,"counts":{"read":1,"written":1}}' ]
  [ "$(event_field pid | uniq | wc -l)" = 1 ]
  [ "$(event_field run_id | uniq | wc -l)" = 1 ]
}

@test "a filter that fails tells of the error with its code and no end" {
  run -100 --separate-stderr rc-tally <<<'x'
  [ "$(events | tail -n +2 | sed -E 's/"pid":[0-9]+/PID/')" = '{"v":1,TIME,RUN_ID,"parent":null,"tool":"rc-tally",PID,"event":"error","message":"<stdin>:1: expected a JSON object (byte 1)","exit":100,"counts":null}' ]
  rm "$RC_EVENTS"
  run -111 bash -c 'rc-tally </dev/null >/dev/full'
  [ "$(event_field event | paste -sd ' ')" = 'start error' ]
  [ "$(tail -n 1 "$RC_EVENTS" | RC_EVENTS='' rc-say '{exit}')" = 111 ]
}

@test "--help and bad usage leave no trace" {
  run -0 rc-tally --help
  run -0 rc-event --describe
  run -100 rc-tally --no-such-option
  run -100 rc-event
  [ ! -e "$RC_EVENTS" ]
}

# ---- bad usage ----

@test "bad usage is refused and leaves no event" {
  while IFS= read -r line; do
    arguments=${line%%$'\t'*} reason=${line#*$'\t'}
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr rc-event $arguments
    [ "$output" = '' ]
    [ "${stderr_lines[0]%%]*}" = 'usage: rc-event [--tool NAME' ]
    [ "${stderr_lines[1]}" = "rc-event: $reason" ]
    [ "${#stderr_lines[@]}" = 2 ]
  done <<'END_OF_CASES'
	which event? start, warning, error or done
stop	no event is called 'stop'
Start	no event is called 'Start'
start one two	unexpected argument 'two'
--pid 0 start	--pid takes a whole number from 1 to 1073741824, not '0'
--pid 1x start	--pid takes a whole number from 1 to 1073741824, not '1x'
--exit -1 start	--exit takes a whole number from 0 to 255, not '-1'
--exit 256 start	--exit takes a whole number from 0 to 255, not '256'
--exit +1 start	--exit takes a whole number from 0 to 255, not '+1'
--counts {"a":} start	--counts takes JSON: not a JSON value
--counts 5 start	--counts takes JSON: expected a JSON object
--counts [1] start	--counts takes JSON: expected a JSON object
--counts {"a":1,"a":2} start	--counts takes JSON: a name that stands twice
--counts {}{} start	--counts takes JSON: more text after the object
--colour start	unknown option '--colour'
start --tool	option '--tool' needs an argument
END_OF_CASES
  [ ! -e "$RC_EVENTS" ]
}

@test "an events file beyond the limit of a file's size is passed over" {
  head -c 4096 /dev/zero >"$BATS_TEST_TMPDIR/large"
  export RC_EVENTS=$BATS_TEST_TMPDIR/large
  run -0 --separate-stderr bash -c "ulimit -f 1; rc-say '{a}' <<<'{\"a\":1}'"
  [ "$output" = 1 ]
  [ "$stderr" = '' ]
}
