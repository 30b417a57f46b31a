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

# ---- peers that are no Debian packages ----

# install_peer NAME: by install_NAME in the bench's folder; where that fails, says so and goes on without the peer.
peers=()
here=$(cd "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
install_peer() {
  if (cd "$folder" && "install_$1") >"$folder/$1.log" 2>&1; then
    peers+=("$1")
  else
    printf '%s: cannot be installed, left out: %s\n' "$1" "$(grep -v '^[[:space:]]*$' "$folder/$1.log" | tail -n 1 | cut -c 1-200)"
  fi
}
has_peer() { [[ " ${peers[*]-} " == *" $1 "* ]]; }

install_psycopg() { python3 -m venv python && timeout 300 python/bin/pip install --quiet 'psycopg[binary]' orjson; }
psycopg_rows() { "$folder/python/bin/python" "$here/peers/psycopg-rows.py" "$@"; }

install_django_tasks() { python3 -m venv django && timeout 300 django/bin/pip install --quiet 'Django~=5.2.0' 'psycopg[binary]'; }
django_tasks() { by_parts "$folder/django/bin/python" "$here/peers/django-tasks.py" "$@"; }

install_node() { timeout 300 "$here/../../tools/npm-install" . pg pg-query-stream && cp "$here/peers/node-rows.js" .; }
node_rows() { by_parts node "$folder/node-rows.js" "$@"; }

# by_parts COMMAND...: with the address in PGHOST and its like, for peers that do not read the URL of a socket.
by_parts() {
  local parts
  IFS='|' read -ra parts < <(psql -XAtq "$DATABASE_URL" -c "select current_setting('unix_socket_directories'), current_setting('port'), current_user, current_database()")
  PGHOST=${parts[0]} PGPORT=${parts[1]} PGUSER=${parts[2]} PGDATABASE=${parts[3]} "$@"
}

go_here() { GOPATH=$folder/go GOFLAGS=-modcacherw timeout 300 go "$@"; } # so that the folder can be removed
install_pgx() {
  mkdir pgx && cd pgx && cp "$here/peers/pgx-rows.go" . && go_here mod init pgx-rows && go_here mod tidy && go_here build -o pgx-rows .
}
pgx_rows() { "$folder/pgx/pgx-rows" "$@"; }
