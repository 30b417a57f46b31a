# shellcheck disable=SC2016 # inner shells expand
load recotem/helper
load http

setup() {
  started=()
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
  history=$XDG_STATE_HOME/rc/history.ndjson
}

teardown() { end_started; }

# Waits until the condition holds, for what another process does.
until_true() {
  local begin=$SECONDS
  until "$@" 2>/dev/null; do
    [ $((SECONDS - begin)) -lt 30 ] || { echo "waited in vain for: $*" >&2; return 1; }
    sleep 0.02
  done
}
gone() { ! kill -0 "$1" || grep -q '^State:.Z' "/proc/$1/status"; }

# field NAME: of the last line of the history.
field() { tail -n 1 "$history" | jq -r "$1"; }

@test "the command has the input, output and arguments, and its status is the answer" {
  run -3 --separate-stderr rc-run n -- bash -c 'cat; printf "<%s>" "$@"; echo err >&2; exit 3' _ 'a  b' '' -- <<<'from stdin'
  [ "$output" = $'from stdin\n<a  b><><-->' ]
  [ "$stderr" = err ]
  [ "$(field '[.name,.status,.exit,.signal]|tojson')" = '["n","failed",3,null]' ]
  run -0 rc-run n -- true
  [ "$(field '[.v,.status,.exit,(.max_rss_kb>0),.argv]|tojson')" = '[1,"ok",0,true,["true"]]' ]
  run -0 rc-run n -- bash -c 'for ((i = 0; i < 100000; i++)); do :; done; sleep 0.05'
  [ "$(field '[.host, .user, .cpu_s > 0.02, .duration_s >= .cpu_s / 2, (.start | sub("[.].*"; "Z") | fromdate) <= (.end | sub("[.].*"; "Z") | fromdate)] | tojson')" = \
    "[\"$(uname -n)\",\"$(id -un)\",true,true,true]" ]
  run -143 rc-run n -- bash -c 'kill -TERM $$'
  [ "$(field '[.exit,.signal]|tojson')" = '[143,"TERM"]' ]
  run -127 rc-run n -- no-such-command
}

@test "a run has an id and a trace of its own, and knows the run around it" {
  run -0 rc-run outer -- bash -c 'echo $RC_RUN_ID $TRACEPARENT; rc-run inner -- bash -c '\''echo $RC_RUN_ID $TRACEPARENT'\'
  local id trace inner inner_trace
  read -r id trace <<<"${lines[0]}"
  read -r inner inner_trace <<<"${lines[1]}"
  [[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}- ]]
  [ "$id" != "$inner" ]
  [ "${trace:3:32}" = "${id//-/}" ]
  [ "${inner_trace:3:32}" = "${trace:3:32}" ]
  [ "${inner_trace:36:16}" != "${trace:36:16}" ]
  [ "$(head -n 1 "$history" | jq -r '.run_id + " " + .parent')" = "$inner $id" ]
}

@test "a trace that goes on keeps whether it is sampled, and what is no trace or no run id is passed over" {
  run -0 env TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00 TRACESTATE=a=b rc-run n -- bash -c 'echo $TRACEPARENT $TRACESTATE'
  [[ $output == '00-4bf92f3577b34da6a3ce929d0e0e4736-'*'-00 a=b' && $output != *00f067aa0ba902b7* ]]
  local none
  for none in 00-00000000000000000000000000000000-00f067aa0ba902b7-01 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01 nonsense; do
    run -0 env TRACEPARENT="$none" TRACESTATE=a=b rc-run n -- bash -c 'echo $RC_RUN_ID $TRACEPARENT $TRACESTATE'
    [[ $output =~ ^([0-9a-f-]+)\ 00-([0-9a-f]{32})-[0-9a-f]{16}-01$ ]]
    [ "${BASH_REMATCH[1]//-/}" = "${BASH_REMATCH[2]}" ]
  done
  RC_RUN_ID=none-of-mine-of-thirty-six-characters rc-run n -- true
  [ "$(field .parent)" = null ]
}

@test "a second run is skipped and says who holds the lock" {
  mkfifo "$BATS_TEST_TMPDIR/go"
  rc-run --lock file n -- cat "$BATS_TEST_TMPDIR/go" 3>&- &
  until_true grep -q since "$XDG_STATE_HOME/rc/locks/n"
  run -0 --separate-stderr rc-run --lock file n -- echo never
  [ -z "$output" ]
  [[ $stderr == "rc-run: n: skipped: held by pid $! on $(hostname) since 20"* ]]
  [ "$(field .status)" = skipped ]
  run -7 rc-run --lock file --skip-exit 7 n -- echo never
  run -7 rc-run --lock file --overlap wait=50ms --skip-exit 7 n -- echo never
  run -0 rc-run --lock file other -- echo runs
  echo >"$BATS_TEST_TMPDIR/go"
  run -0 rc-run --lock file --overlap wait n -- echo after
  [ "$output" = after ]
  wait
}

@test "a run is replaced by the next" {
  rc-run --lock file n -- sleep 1000 3>&- &
  local first=$!
  until_true grep -q since "$XDG_STATE_HOME/rc/locks/n"
  run -0 rc-run --lock file --overlap replace n -- echo second
  [ "$output" = second ]
  wait "$first" || [ $? = 143 ]
}

@test "of two that replace a run at once one is replaced by the other" {
  rc-run --lock file n -- bash -c 'echo >"$0"; trap "" TERM; sleep 1' "$BATS_TEST_TMPDIR/began" 3>&- &
  until_true test -e "$BATS_TEST_TMPDIR/began"
  local i
  for i in 1 2; do
    rc-run --lock file --overlap replace n -- bash -c 'echo "$$" >>"$0"; exec sleep 1000' "$BATS_TEST_TMPDIR/replaced" 3>&- &
    started+=("$!")
  done
  # the first one has ended, and one of the two, which may have had no time for its line; the other one runs
  until_true eval '[ "$(grep -c . "$history")" = 2 ] && kill -0 "$(tail -n 1 "$BATS_TEST_TMPDIR/replaced")"'
  run -0 rc-run --lock file --overlap replace n -- echo last
  [ "$(jq -s 'map(select(.status == "failed" and .signal == "TERM")) | length' "$history")" -ge 2 ]
}

@test "a run neither waits for the one that it is a part of nor replaces it" {
  local overlap
  for overlap in wait wait=1h replace; do
    run -0 --separate-stderr timeout 60 rc-run --lock file n -- bash -c 'bash -c "rc-run --lock file --overlap $0 n -- echo never; echo exit \$?"; echo on' "$overlap"
    [ "$output" = $'exit 100\non' ]
    [ "$stderr" = 'rc-run: n: the run that holds the lock is the one that this run is a part of' ]
  done
}

# Runs rc-run with --overlap wait behind another run of the same name that takes a second; when that has ended stands in the file ended.
behind_another() { # KIND OPTION... -- COMMAND...
  rm -f "$BATS_TEST_TMPDIR/began"
  rc-run --lock "$1" n -- bash -c 'echo >"$0/began"; sleep 1; date -u +%FT%T.%6NZ >"$0/ended"' "$BATS_TEST_TMPDIR" 3>&- &
  until_true test -e "$BATS_TEST_TMPDIR/began"
  rc-run --lock "$1" --overlap wait "${@:2}"
  wait
}

@test "the time of waiting for a lock is not the run's" {
  new_database
  local kind
  for kind in file database; do
    run -0 behind_another "$kind" --timeout 900ms n -- echo ran
    [ "${lines[-1]}" = ran ]
    [[ $(jq -r 'select(.argv[0] == "echo").start' "$history" | tail -n 1) > $(cat "$BATS_TEST_TMPDIR/ended") ]]
    # who comes third hears of the second since it has the lock
    run -0 behind_another "$kind" n -- rc-run --lock "$kind" n -- echo never
    [[ $(jq -r 'select(.status == "skipped").message | sub(".* since "; "") | sub(" "; "T")' "$history" | tail -n 1) > $(cut -c 1-23 "$BATS_TEST_TMPDIR/ended") ]]
  done
}

@test "a slot that was done by the run that was waited for is not done again" {
  new_database
  local kind
  for kind in file database; do
    rc-run --lock "$kind" --slot "$kind" n -- bash -c 'echo >"$0"; sleep 0.5' "$BATS_TEST_TMPDIR/$kind" 3>&- &
    until_true test -e "$BATS_TEST_TMPDIR/$kind"
    run -0 --separate-stderr rc-run --lock "$kind" --overlap wait --slot "$kind" n -- echo again
    [ -z "$output" ]
    [[ $stderr == *"rc-run: n: already done for $kind" ]]
    wait
  done
}

@test "only a run of this host is replaced" {
  rc-run --lock file n -- sleep 1000 3>&- &
  local lock=$XDG_STATE_HOME/rc/locks/n holder=$!
  started+=("$holder")
  until_true grep -q since "$lock"
  sed 's/"host":"[^"]*"/"host":"elsewhere"/' "$lock" >"$BATS_TEST_TMPDIR/signed"
  cat "$BATS_TEST_TMPDIR/signed" >"$lock"
  run -111 --separate-stderr rc-run --lock file --overlap replace n -- echo never
  [ -z "$output" ]
  [ "$stderr" = 'rc-run: n: cannot replace the run that holds the lock: it is no rc-run of this host' ]
  run -0 --separate-stderr rc-run --lock file n -- echo never
  [[ $stderr == 'rc-run: n: skipped: held by pid '*' on elsewhere since 20'* ]]
  kill -0 "$holder"
  kill "$holder"
  wait "$holder" || [ $? = 143 ]
}

@test "when the holder is killed by KILL, its command ends and the lock is free" {
  rc-run --lock file n -- bash -c 'echo $$ >"$0"; exec sleep 1000' "$BATS_TEST_TMPDIR/pid" 3>&- &
  until_true test -s "$BATS_TEST_TMPDIR/pid"
  kill -KILL $!
  run -0 rc-run --lock file --overlap wait=30s n -- echo free
  [ "$output" = free ]
  until_true gone "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "a command that ignores TERM is killed, and what made itself a daemon, too" {
  run -111 --separate-stderr rc-run --timeout 200ms --grace 100ms n -- bash -c 'trap "" TERM; echo $$; while :; do sleep 0.01; done'
  [ "$stderr" = 'rc-run: n: no end after 200 ms; ending the command' ]
  gone "$output"
  [ "$(field '[.status,.signal]|tojson')" = '["timeout","KILL"]' ]
  run -0 rc-run --grace 100ms n -- bash -c 'setsid bash -c '\''trap "" TERM; echo $$ >"$0"; while :; do sleep 0.01; done'\'' "$0" >/dev/null 2>&1 &
    until [ -s "$0" ]; do sleep 0.01; done' "$BATS_TEST_TMPDIR/pid"
  gone "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "USR1 and USR2 go to the command, and end nothing of rc-run's" {
  start rc-run n -- bash -c 'trap "echo one" USR1; trap "echo two; exit 5" USR2; echo ready; while :; do sleep 0.02; done'
  wait_for ready
  kill -s USR1 "$group"
  wait_for one
  kill -s USR2 "$group"
  finish
  [ "$ended" = 'exit 5' ]
  [ "$(field '[.status,.exit]|tojson')" = '["failed",5]' ]
}

@test "TERM, INT, HUP and QUIT are a TERM for the command and what it has started, and its status is the answer" {
  local signal
  for signal in TERM INT HUP QUIT; do
    start rc-run n -- bash -c 'sleep 1000 & trap "echo told; exit 7" TERM; echo ready; while :; do sleep 0.02; done'
    wait_for ready
    kill -s "$signal" "$group"
    finish
    [ "$ended" = 'exit 7' ] || { echo "$signal: $ended"; cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"; false; }
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = $'ready\ntold' ]
    until_group_gone
  done
  start rc-run n -- bash -c 'echo ready; exec sleep 1000'
  wait_for ready
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 143' ]
  [ "$(field '[.status,.exit,.signal]|tojson')" = '["failed",143,"TERM"]' ]
}

@test "an orphan of the command comes to rc-run, and no zombie stays while the command goes on" {
  run -0 timeout 60 rc-run n -- bash -c 'bash -c "sleep 1 & echo \$!" >"$0"; read -r orphan <"$0"
    grep -q "^PPid:.$PPID\$" "/proc/$orphan/status" && echo adopted
    while [ -e "/proc/$orphan" ]; do sleep 0.02; done; echo reaped' "$BATS_TEST_TMPDIR/pid"
  [ "$output" = $'adopted\nreaped' ]
}

@test "--quiet shows the output of a failure only, the end of a flood" {
  run -0 --separate-stderr rc-run --quiet n -- bash -c 'echo out; echo err >&2'
  [ -z "$output$stderr" ]
  run -3 --separate-stderr rc-run --quiet n -- bash -c 'echo out; echo err >&2; exit 3'
  [ -z "$output" ]
  [ "$stderr" = $'out\nerr' ]
  rc-run --quiet n -- bash -c 'head -c 20000000 /dev/zero | tr "\0" x; echo; echo last; exit 3' 2>"$BATS_TEST_TMPDIR/err" || [ $? = 3 ]
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/err")" = last ]
  [[ $(head -n 1 "$BATS_TEST_TMPDIR/err") == 'rc-run: the first '*' bytes of the output were not kept' ]]
  [ "$(stat -c %s "$BATS_TEST_TMPDIR/err")" -lt 1100000 ]
}

@test "a history that can't be written stops no run" {
  RC_HISTORY=/dev/full run -3 --separate-stderr rc-run n -- bash -c 'echo runs; exit 3'
  [ "$output" = runs ]
  [ "$stderr" = 'rc-run: this run is not in the history: No space left on device' ]
  RC_HISTORY=$BATS_TEST_TMPDIR run -0 --separate-stderr rc-run n -- echo runs
  [ "$stderr" = 'rc-run: this run is not in the history: Is a directory' ]
  RC_HISTORY='' run -0 --separate-stderr rc-run n -- true
  [ -z "$stderr" ]
  [ ! -e "$history" ]
}

@test "of many writers no line is lost, though the file becomes the old one" {
  mkdir -p "${history%/*}"
  head -c 9999000 /dev/zero | tr '\0' ' ' >"$history"
  local i
  for i in 1 2 3 4; do
    (for ((k = 0; k < 25; k++)); do rc-run "w$i" -- true 3>&-; done) &
  done
  wait
  [ "$(cat "$history" "$history.old" | tr -d ' ' | grep -c '^{"v":1,"name":"w[1-4]".*}$')" = 100 ]
}

@test "a history on a disk that is full stops no run, and leaves no half line" {
  need_small
  export TMPDIR=$BATS_TEST_TMPDIR
  run -3 --separate-stderr small size=96k bash -c 'export XDG_STATE_HOME=$TMPDIR/state RC_EVENTS=
    rc-run before -- true
    head -c 200000 /dev/zero >"$TMPDIR/filler" 2>/dev/null
    long=$(head -c 5000 /dev/zero | tr "\0" x)
    code=0
    rc-run --lock file n -- sh -c "echo runs; exit 3" _ "$long" || code=$?
    rm "$TMPDIR/filler"
    rc-run after -- true
    rc-history | rc-say "{name}"
    exit "$code"'
  [ "$output" = $'runs\nbefore\nafter' ]
  [ "$stderr" = $'rc-run: cannot write who holds the lock: No space left on device\nrc-run: this run is not in the history: No space left on device' ]
}

@test "a slot that has succeeded is not done again" {
  run -3 rc-run --slot 2026-11-26 n -- sh -c 'exit 3'
  run -0 rc-run --slot 2026-11-26 n -- echo once
  [ "$output" = once ]
  run -0 --separate-stderr rc-run --slot 2026-11-26 n -- echo twice
  [ -z "$output" ]
  [ "$stderr" = 'rc-run: n: already done for 2026-11-26' ]
  run -0 rc-run --slot 2026-11-27 n -- echo next
  [ "$output" = next ]
  run -100 rc-run --slot x --no-history n -- true
}

@test "--metrics writes one whole file, and a failure keeps when it last succeeded" {
  rc-run --metrics "$BATS_TEST_TMPDIR" n -- grep -q '^rc_run_running{name="n"} 1$' "$BATS_TEST_TMPDIR/rc_n.prom"
  local success name value now
  now=$(date +%s)
  while read -r name value; do
    case $name in
    rc_run_last_start_seconds* | rc_run_last_success_seconds*) [ "$value" -ge "$((now - 60))" ] && [ "$value" -le "$now" ] ;;
    rc_run_last_duration_seconds*) [[ $value =~ ^[0-9]+\.[0-9]+$ && $value != 0.000 ]] ;;
    rc_run_last_exit_code* | rc_run_running*) [ "$value" = 0 ] ;;
    *) [ "${name%%[ {]*}" = '#' ] ;;
    esac || { echo "$name $value"; return 1; }
  done <"$BATS_TEST_TMPDIR/rc_n.prom"
  [ "$(grep -c '^rc_run' "$BATS_TEST_TMPDIR/rc_n.prom")" = 5 ]
  success=$(grep '^rc_run_last_success' "$BATS_TEST_TMPDIR/rc_n.prom")
  run -3 rc-run --metrics "$BATS_TEST_TMPDIR" n -- sh -c 'exit 3'
  [ "$(grep '^rc_run_last_success' "$BATS_TEST_TMPDIR/rc_n.prom")" = "$success" ]
  grep -qxF 'rc_run_last_exit_code{name="n"} 3' "$BATS_TEST_TMPDIR/rc_n.prom"
  grep -qxF 'rc_run_running{name="n"} 0' "$BATS_TEST_TMPDIR/rc_n.prom"
  [ "$(find "$BATS_TEST_TMPDIR" -name '*.new')" = '' ]
  (umask 077 && rc-run --metrics "$BATS_TEST_TMPDIR" other -- true)
  [ "$(stat -c %a "$BATS_TEST_TMPDIR/rc_other.prom")" = 644 ] # who reads it is another user
  run -0 rc-run --metrics /nonexistent n -- echo runs
  [[ $output == *runs* ]]
}

@test "what the commands of the run counted stands in the history and the metrics, by tool and status" {
  unset RC_EVENTS
  printf '%s\n' '{"a":1}' '{"a":2}' >"$BATS_TEST_TMPDIR/in"
  # the inner run's own are its own, what is no number is none, and another run's lines are another's
  run -0 rc-run --metrics "$BATS_TEST_TMPDIR" n -- bash -c 'rc-keygen "$0" >/dev/null; rc-keygen "$0" >/dev/null
    rc-event --tool shop --counts "{\"made\":3,\"took_ms\":9,\"who\":\"x\",\"part\":1.5}" done
    rc-run inner -- rc-keygen "$0" >/dev/null
    RC_RUN_ID= rc-event --tool other --counts "{\"made\":3}" done
    echo nonsense "$RC_RUN_ID" >>"$XDG_STATE_HOME/rc/events.ndjson"' "$BATS_TEST_TMPDIR/in"
  [ "$(field '.counts|tojson')" = '{"rc-keygen":{"read":4,"written":4},"shop":{"made":3}}' ]
  [ "$(head -n 1 "$history" | jq -c .counts)" = '{"rc-keygen":{"read":2,"written":2}}' ]
  grep -qxF 'rc_run_records{name="n",tool="shop",status="made"} 3' "$BATS_TEST_TMPDIR/rc_n.prom"
  [ "$(grep -c '^rc_run_records{' "$BATS_TEST_TMPDIR/rc_n.prom")" = 3 ]
  # while the next one runs they still stand there, then no more
  run -0 rc-run --metrics "$BATS_TEST_TMPDIR" n -- grep -c '^rc_run_records{' "$BATS_TEST_TMPDIR/rc_n.prom"
  [ "$output" = 3 ]
  [ "$(field '.counts|tojson')" = '{}' ]
  run -1 grep rc_run_records "$BATS_TEST_TMPDIR/rc_n.prom"
  RC_EVENTS='' run -0 rc-run n -- rc-keygen "$BATS_TEST_TMPDIR/in"
  [ "$(field '.counts|tojson')" = '{}' ]
}

@test "what was counted before the events file became the old one counts, too" {
  unset RC_EVENTS
  mkdir -p "$XDG_STATE_HOME/rc"
  head -c 9999900 /dev/zero | tr '\0' '\n' >"$XDG_STATE_HOME/rc/events.ndjson"
  run -0 rc-run n -- bash -c 'for i in 1 2 3; do echo "{}" | rc-keygen >/dev/null; done'
  [ -e "$XDG_STATE_HOME/rc/events.ndjson.old" ]
  [ "$(field '.counts|tojson')" = '{"rc-keygen":{"read":3,"written":3}}' ]
}

@test "--on-failure gets the record of a failure, and no other" {
  run -3 rc-run --on-failure 'jq -r .status' n -- sh -c 'exit 3'
  [ "$output" = failed ]
  run -0 rc-run --on-failure 'echo called' n -- true
  [ -z "$output" ]
}

@test "a run that can not begin is told as one that failed" {
  cd "$BATS_TEST_TMPDIR"
  start_http
  XDG_STATE_HOME=/dev/null RC_HISTORY=$history RC_EVENTS='' run -100 --separate-stderr rc-run --lock file --metrics . --ping "$source/ping" --on-failure 'cat >record' n -- echo never
  [ -z "$output" ]
  [[ ${stderr_lines[0]} == 'rc-run: cannot open /dev/null/rc/locks/n: '* ]]
  [ "$(field '[.status, .exit, .message] | tojson')" = '["failed",100,"it could not be begun"]' ]
  [ "$(cat record)" = "$(tail -n 1 "$history")" ]
  [ "$(requests | cut -d ' ' -f 2)" = "/ping/fail?rid=$(field .run_id)" ]
  grep -qxF 'rc_run_last_exit_code{name="n"} 100' rc_n.prom
  grep -qxF 'rc_run_running{name="n"} 0' rc_n.prom
  # the message is not lost in what --quiet keeps
  make_fail_calls
  run -111 --separate-stderr failing no-fork rc-run --quiet --metrics . m -- echo never
  [ "$stderr" = 'rc-run: cannot start a process: Resource temporarily unavailable' ]
  [ "$(field '[.name, .status, .exit] | tojson')" = '["m","failed",111]' ]
  grep -qxF 'rc_run_running{name="m"} 0' rc_m.prom
  # what is called wrongly is no run
  run -100 rc-run --lock nothing --on-failure 'echo >called' n -- echo never
  [ ! -e called ]
}

@test "secrets stand in no file, and not in the output that --quiet shows" {
  export API_TOKEN=canary-one MAIL_PASSWORD_FILE=$BATS_TEST_TMPDIR/secret
  echo canary-two >"$BATS_TEST_TMPDIR/secret"
  run -3 rc-run --quiet --on-failure "cat >$BATS_TEST_TMPDIR/record" n -- \
    sh -c 'echo $API_TOKEN canary-two canary-three canary-four; exit 3' _ --db-password canary-three postgres://u:canary-four@h/d
  [ "$output" = '*** *** *** ***' ]
  rm "$BATS_TEST_TMPDIR/secret"
  run -1 grep -r canary "$BATS_TEST_TMPDIR"
  grep -q 'postgres://\*\*\*@h/d' "$BATS_TEST_TMPDIR/record"
}

@test "each kind of secret is masked in the history" {
  echo canary-file >"$BATS_TEST_TMPDIR/secret"
  local kind
  for kind in A_PASSWORD A_PASSWD A_TOKEN A_SECRET A_KEY api_key; do
    run -0 env "$kind=canary-value" rc-run n -- true "a canary-value b"
    [ "$(field '.argv[1]')" = 'a *** b' ]
    run -0 env "${kind}_FILE=$BATS_TEST_TMPDIR/secret" rc-run n -- true "a canary-file b"
    [ "$(field '.argv[1]')" = 'a *** b' ]
  done
  for kind in --password --db-token --client-secret --api-key --API-KEY; do
    run -0 rc-run n -- true "$kind" canary-value "$kind=canary-other"
    [ "$(field '.argv[1:]|join(" ")')" = "$kind *** $kind=***" ]
  done
  # however short it is, and only there
  run -0 rc-run n -- true --password x --pin=x --api-key=y x
  [ "$(field '.argv[1:]|join(" ")')" = '--password *** --pin=x --api-key=*** x' ]
  run -0 rc-run n -- true 'postgres://ann:canary-value@h/d' 'https://canary-token@h/'
  [ "$(field '.argv[1:]|join(" ")')" = 'postgres://***@h/d https://***@h/' ]
  # in a connection string, a shell's words, the parameters of a URL
  run -0 rc-run n -- true "host=h password=canary-value user=u" "host=h password='canary value' user=u" 'postgres:///d?user=u&password=canary%2Dvalue&x=1' \
    'x=1 API_TOKEN=canary-other psql' 'where key = 1 and key=2' canary-value
  [ "$(field '.argv[1:]|join("|")')" = \
    "host=h password=*** user=u|host=h password='***' user=u|postgres:///d?user=u&password=***&x=1|x=1 API_TOKEN=*** psql|where key = 1 and key=2|***" ]
  # encoded, and as it is
  run -0 env ADDRESS=postgres://u:canary%40value@h/d rc-run n -- true canary@value canary%40value
  [ "$(field '.argv[1:]|join(" ")')" = '*** ***' ]
  # what is no secret stays
  run -0 rc-run n -- true --keyboard de --user ann http://h/a@b
  [ "$(field '.argv[1:]|join(" ")')" = '--keyboard de --user ann http://h/a@b' ]
}

@test "a ping server that hangs does not hold the run for ever, nor fail it" {
  command -v perl >/dev/null
  perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die; open F, ">", "$ARGV[0].new"; print F $s->sockport; close F; rename "$ARGV[0].new", $ARGV[0]; sleep 60' "$BATS_TEST_TMPDIR/port" 3>&- &
  local server=$!
  until_true test -s "$BATS_TEST_TMPDIR/port"
  run -0 --separate-stderr timeout 30 rc-run --ping "http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")/canary" n -- cat "/proc/self/status"
  kill "$server"
  [[ $stderr == *'ping'* ]]
  [[ $stderr != *canary* ]]
  run -1 grep -r canary "$XDG_STATE_HOME"
}

@test "the lock in the database: a second run is skipped, and a lost session ends the command" {
  new_database
  rc-run --lock database n -- bash -c 'echo >"$0"; exec sleep 1000' "$BATS_TEST_TMPDIR/ready" 3>&- 2>"$BATS_TEST_TMPDIR/err" &
  local first=$!
  until_true test -e "$BATS_TEST_TMPDIR/ready"
  run -7 --separate-stderr rc-run --lock database --skip-exit 7 n -- echo never
  [ -z "$output" ]
  [[ $stderr == 'rc-run: n: skipped: held by pid '*' (rc-db-lock '*' since 20'* && $stderr != *$'\n'* ]]
  [ "$(field .status)" = skipped ]
  [ "rc-run: n: skipped: $(field .message)" = "$stderr" ]
  # no one hears of a run that did not take place, but who called it does
  start_http
  run -7 --separate-stderr rc-run --lock database --skip-exit 7 --quiet --metrics "$BATS_TEST_TMPDIR" --ping "$source/ping" n -- echo never
  [[ $stderr == 'rc-run: n: skipped: held by pid '* ]]
  [ ! -e "$BATS_TEST_TMPDIR/rc_n.prom" ]
  [ ! -e "$http/requests" ] || [ -z "$(requests)" ]
  local url=$DATABASE_URL
  RC_LOCK_URL=$url DATABASE_URL=postgres://nowhere.invalid/x run -7 rc-run --lock database --skip-exit 7 n -- echo never
  RC_LOCK_URL=$url DATABASE_URL=kept run -0 rc-run --lock database o -- sh -c 'echo $DATABASE_URL'
  [ "$output" = kept ]
  sql "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())" >/dev/null
  local code=0
  wait "$first" || code=$?
  [ "$code" = 111 ]
  grep -q 'the connection and with it the lock is lost' "$BATS_TEST_TMPDIR/err"
}

@test "wrong names and options are refused" {
  run -100 rc-run ../x -- true
  run -100 rc-run n
  run -100 rc-run --lock nothing n -- true
  run -100 rc-run --overlap never n -- true
  run -100 --separate-stderr rc-run --overlap wait n -- true
  [[ $stderr == *'--overlap needs --lock, or no run would see another' ]]
  run -100 rc-run --lock database --overlap replace n -- true
  run -100 rc-run --ping ftp://x n -- true
}

@test "a clock that goes back changes no limit, no duration, and not which run was the last" {
  make_fail_calls
  rc-run n -- true
  run -111 --separate-stderr failing clock-back timeout 60 rc-run --timeout 300ms n -- sleep 1000
  [[ $stderr == *'no end after 300 ms'* ]]
  [[ $(field .start) > $(field .end) ]] # the clock did go back
  [[ $(field .duration_s) =~ ^0\.[3-9] ]]
  [ "$(rc-history --last 1 | rc-say '{status}')" = timeout ]
  run -0 failing clock-back rc-run --lock file --overlap wait=5 --slot one n -- true
  run -0 --separate-stderr rc-run --slot one n -- echo again
  [[ $stderr == *'already done'* ]]
}

@test "pings tell of start and end under the run's id, and a failure; no secret is in them, in a list of processes or a file" {
  start_http
  local word run_id
  for word in /start '' /fail; do answer "/ping$word" '200 OK' </dev/null; done
  export PGPASSWORD=canary-one API_TOKEN=canary-two DATABASE_URL="${DATABASE_URL/postgres@/postgres:canary-three@}"
  run -0 rc-run --ping "$source/ping" --lock database --quiet --metrics "$BATS_TEST_TMPDIR" n -- true
  run_id=$(field .run_id)
  [ "$(requests | cut -d ' ' -f 2)" = "/ping/start?rid=$run_id"$'\n'"/ping?rid=$run_id" ]
  # The list of processes, from the inside, all rights given.
  run -3 rc-run --ping "$source/ping" --lock database --quiet --on-failure "cat >$BATS_TEST_TMPDIR/record" n -- \
    sh -c 'cat /proc/[0-9]*/cmdline >"$0"; echo "$API_TOKEN"; exit 3' "$BATS_TEST_TMPDIR/processes"
  [[ $output == *'***'* && $output != *canary* ]]
  [ "$(requests | tail -n 1 | cut -d ' ' -f 2)" = "/ping/fail?rid=$(field .run_id)" ]
  tr '\0' ' ' <"$BATS_TEST_TMPDIR/processes" | grep -q 'rc-run --ping'
  run -1 grep -ra canary- "$BATS_TEST_TMPDIR"
}

@test "the service manager is told that the command runs, and that it ends" {
  # shellcheck disable=SC2016 # perl's own
  perl -MIO::Socket::UNIX -MSocket -e '
    my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$ARGV[0]/notify") or die;
    open my $out, ">", "$ARGV[0]/told"; $out->autoflush(1);
    open my $ready, ">", "$ARGV[0]/ready"; close $ready;
    alarm 60;
    my $text;
    while (defined $s->recv($text, 1000)) { print $out "$text\n" }' "$BATS_TEST_TMPDIR" 3>&- &
  started+=("$!")
  until_true test -e "$BATS_TEST_TMPDIR/ready"
  NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify run -0 rc-run n -- true
  until_true grep -q STOPPING "$BATS_TEST_TMPDIR/told"
  [ "$(cat "$BATS_TEST_TMPDIR/told")" = $'READY=1\nSTATUS=the command runs\nSTOPPING=1' ]
}
