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
