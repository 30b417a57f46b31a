#!/usr/bin/env bash
# The record stream against its peers: rc-progress with yajl's json_verify and simdjson on 1 GB, a pass-through and jq on 100 MB.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

"$(dirname -- "$0")/records" 1000000000 >"$folder/records"
head -c 100000000 "$folder/records" | head -n -1 >"$folder/tenth"
cat "$folder/records" "$folder/tenth" >/dev/null # both are in the page cache from here on

g++ -O2 -march=native -o "$folder/simdjson" "$(dirname -- "$0")/simdjson.cpp" -lsimdjson

verify() { json_verify -q -s <"$folder/records"; }
for _ in 1 2 3 4 5; do
  run_timed rc-tally rc-tally "$folder/records"
  run_timed rc-progress-1GB rc-progress "$folder/records"
  run_timed json_verify verify
  run_timed simdjson "$folder/simdjson" "$folder/records"
  run_timed rc-progress rc-progress "$folder/tenth"
  run_timed jq jq -c . "$folder/tenth"
done

# memory: the highest resident size that was seen of a pass over all
rc-tally "$folder/records" >/dev/null &
pid=$! peak=0
while kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null) && [[ $kb ]]; do peak=$kb; done
wait "$pid"
printf '%-34s rc-tally %d kB resident at most, whatever the size\n' 'memory, 1 GB of records' "$peak"

code=0
report 'count 1 GB of records' rc-tally json_verify 1 || code=1
report 'pass on 1 GB of records' rc-progress-1GB json_verify 0.4 || code=1
report 'the same and simdjson' rc-progress-1GB simdjson 1.11 || code=1
report 'pass on 100 MB of records' rc-progress jq 0.0667 || code=1
exit $code
