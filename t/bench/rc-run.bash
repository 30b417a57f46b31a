#!/usr/bin/env bash
# rc-run with a lock, its history and its events, against util-linux's flock, which has a lock alone.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

export XDG_STATE_HOME=$folder/state RC_EVENTS=$folder/events
hundred() { for _ in {1..100}; do "$@" || return 1; done; }

for _ in {1..15}; do
  run_timed flock hundred flock "$folder/lock" true
  run_timed rc-run hundred rc-run --lock file bench -- true
done
[[ $(wc -l <"$XDG_STATE_HOME/rc/history.ndjson") == 1500 ]] || { echo 'rc-run: a line of the history is missing' >&2; exit 1; }

report 'a hundred runs with a lock' rc-run flock 3

# Eight writers at once, as fast as they can, while the file is that of the runs above.
rooms=()
for room in "$here"/../../lib/*/; do rooms+=(-I "$room"); done
built=$(dirname -- "$(command -v rc-run)")/../lib
"${CC:-gcc}" -O2 -std=c11 -D_DEFAULT_SOURCE "${rooms[@]}" -o "$folder/writers" "$here/../history-writers.c" \
  -Wl,--start-group "$built"/rc_{base,file,record,run}.a -Wl,--end-group
before=$(wc -l <"$XDG_STATE_HOME/rc/history.ndjson")
rate=$("$folder/writers" 8 1000)
lines=$(($(wc -l <"$XDG_STATE_HOME/rc/history.ndjson") - before))
printf '%-34s %s lines a second (limit 1000), %s of 8000 there\n' 'eight writers of the history' "$rate" "$lines"
((rate >= 1000 && lines == 8000))
