# server.bash - what the parts of kfm-reindex share that have their index on a server; they source it
#
# A part is called as PART ASKED DONE: it reads the record in the file ASKED, and writes its result to the file DONE when all of
# it is there. Its settings come from the page: KFM_REINDEX_JOBS, KFM_REINDEX_PATIENCE, KFM_REINDEX_KEEP, KFM_REINDEX_REJECTS,
# KFM_REINDEX_MAX_REJECTS.

set -euo pipefail
shopt -s lastpipe # what the end of a pipe counts is counted here
LC_ALL=C.UTF-8
asked=$(readlink -f -- "$1") done=$PWD/$2
# shellcheck disable=SC2034 # the parts use it, and the next one
data=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
trap 'exit 129' HUP

target=$(rc-say '{target}' "$asked")
dataset=$(jq -r '.dataset_id // ""' "$asked") since=$(jq -r '.since // ""' "$asked")
# shellcheck disable=SC2034
part=$dataset$since # empty: all of it is made anew

die() {
  printf 'kfm-reindex: %s: %s\n' "$target" "$1" >&2
  exit "${2:-1}"
}

# http METHOD PATH [BODY]: asks the server at $server, which may have a password in it: no argument has it. The answer is in
# $work/answer, of no more than 100 MB however it comes, its status in $status, 000 where there is none.
http() {
  local url=${server%/}$2
  url=${url//\\/\\\\} url=${url//\"/\\\"}
  printf '%s' "${3-}" >"$work/body"
  status=$(ulimit -f 100000; curl -sS -K <(printf 'url = "%s"\n' "$url") --noproxy '*' -X "$1" --retry 3 --retry-connrefused --max-time 120 \
    ${3+-H} ${3+'Content-Type: application/json'} ${3+--data-binary} ${3+"@$work/body"} \
    -o "$work/answer" -w '%{http_code}' 2>"$work/why") || {
    status=000
    [[ ! -s $work/answer || $(stat -c %s -- "$work/answer") -lt 102400000 ]] || echo 'its answer has more than 100 MB' >"$work/why"
  }
}

# The same where only an answer of 2xx will do.
ask() {
  http "$@"
  [[ $status != 000 ]] || die "the server does not answer: $(tail -n 1 "$work/why")"
  [[ $status == 2?? ]] || die "$1 ${2%%\?*}: HTTP $status: $(head -c 300 "$work/answer" | tr -d '\n')"
}

# What the answer has by a filter of jq.
answer() { jq -er "$1" "$work/answer" 2>/dev/null || die "the server's answer is not what such a server gives"; }

# rows FILE.sql: the rows of a query, which has the record's dataset_id and since as settings; with an end record.
rows() { rc-export-rows --file "$1" --param "dataset_id=$dataset" --param "since=$since" --end-record; }

# The number of rows of a query.
count() { rc-export-rows --file "$1" --param "dataset_id=$dataset" | rc-say '{count}'; }

# finish ROWS: the part is done.
finish() {
  rc-db-apply reindex-note.sql reindex-noted.sql "$asked" >"$work/noted" || die "$(rc-say '{error.message}' "$work/noted")" "$?"
  rc-record-make "target=$target" "rows:=$1" status=indexed >"$work/result"
  cp -- "$work/result" "$done"
}
