# What the benchmarks share: interleaved runs, medians, one line for each figure.
set -euo pipefail
export LC_ALL=C.UTF-8
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/rc-bench.XXXXXXXX")
trap 'rm -rf -- "$folder"' EXIT

# run_timed NAME COMMAND...: adds one time in microseconds to NAME's. What it prints goes to $output.
output=/dev/null
run_timed() {
  local name=$1 start
  shift
  start=${EPOCHREALTIME/./}
  "$@" >"$output" || { printf '%s failed\n' "$name" >&2; exit 1; }
  printf '%d\n' $((${EPOCHREALTIME/./} - start)) >>"$folder/$name.times"
}

median() { sort -n "$folder/$1.times" | awk '{ t[NR] = $1 } END { print (t[int((NR + 1) / 2)] + t[int((NR + 2) / 2)]) / 2 }'; }

# report TITLE RC PEER LIMIT: the ratio of the medians RC to PEER, which must be at most LIMIT.
report() {
  awk -v title="$1" -v rc="$(median "$2")" -v peer="$(median "$3")" -v limit="$4" -v a="$2" -v b="$3" \
    -v runs="$(wc -l <"$folder/$2.times")" 'BEGIN {
      ok = rc <= peer * limit
      printf "%-34s %s %.3f s, %s %.3f s, ratio %.3f (limit %s, median of %d): %s\n", \
        title, a, rc / 1e6, b, peer / 1e6, rc / peer, limit, runs, ok ? "holds" : "FAILS"
      exit !ok
    }'
}
