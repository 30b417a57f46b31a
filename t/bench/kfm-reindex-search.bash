#!/usr/bin/env bash
# kfm-reindex --targets search against _bulk itself, which is prepared files sent by curl, and opensearch-py's parallel_bulk:
# 200,000 documents into OpenSearch. ROWS=N has fewer.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"
# shellcheck source=t/bench/peers/kfm-servers.bash
. "$here/peers/kfm-servers.bash"

rows=${ROWS:-200000} jobs=4
need_java
fetch opensearch fetch_opensearch
start_search opensearch "$folder/search"
new_database
psql -Xq "$DATABASE_URL" -v ON_ERROR_STOP=1 <<END
insert into kfm.datasets (id, title) values ('d', 'All');
insert into kfm.documents (id, dataset_id, title, body, attributes)
select 'd:' || n, 'd', 'Report number ' || n || ' of the survey',
  (select string_agg((array['river', 'fort', 'crossing', 'trail', 'winter', 'wagon', 'letter', 'map', 'prairie', 'market'])[1 + (n::bigint * k * 7919) % 10], ' ') from generate_series(1, 60) as k),
  jsonb_build_object('license', 'CC0', 'year', 1800 + n % 100)
from generate_series(1, $rows) as n;
analyze kfm.documents;
END

share=$(dirname -- "$(command -v rc-say)")/../share/rc
rc-export-rows --file "$share/sql/kfm/search-documents.sql" >"$folder/rows"
jq -c '{index: {_id: .id}}, .' "$folder/rows" | split -l 2000 -a 4 - "$folder/bulk."
for chunk in "$folder"/bulk.*; do
  printf 'next\nurl = "%s/INDEX/_bulk?filter_path=errors"\nheader = "Content-Type: application/x-ndjson"\ndata-binary = "@%s"\noutput = "/dev/null"\nfail\n' "$search" "$chunk"
done | tail -n +2 >"$folder/requests"
install_opensearchpy() { python3 -m venv python && timeout 300 python/bin/pip install --quiet opensearch-py; }
install_peer opensearchpy

new_index() { curl -sSf --noproxy '*' -X PUT -H 'Content-Type: application/json' -d @"$share/kfm/reindex/search-index.json" "$search/$1" >/dev/null; }
bulk() {
  new_index "bulk-$n"
  sed "s/INDEX/bulk-$n/" "$folder/requests" | curl -sS --noproxy '*' --parallel --parallel-max "$jobs" -K -
}
searchable() {
  bulk
  curl -sSf --noproxy '*' -X POST "$search/bulk-$n/_refresh" >/dev/null
}
parallel_bulk() {
  new_index "python-$n"
  "$folder/python/bin/python" "$here/peers/opensearch-bulk.py" "$search" "python-$n" "$jobs" "$folder/rows"
}
reindex() { KFM_SEARCH_URL=$search kfm-reindex --targets search --jobs "$jobs" --keep 0; }
# Each begins with no index but its own, on a server at rest.
clean() {
  curl -sSf --noproxy '*' -X DELETE "$search/bulk-*,python-*" >/dev/null
  curl -sSf --noproxy '*' "$search/_cluster/health?wait_for_no_initializing_shards=true&wait_for_events=languid" >/dev/null
  sleep 1
}
for n in a b c; do # the server's code is warm then
  bulk >/dev/null
  reindex >"$folder/out"
  grep -qx "search: $rows row(s)." "$folder/out" || { cat "$folder/out"; exit 1; }
done
clean
for n in 1 2 3 4 5; do
  run_timed bulk bulk
  [[ $(curl -sS --noproxy '*' -X POST "$search/bulk-$n/_refresh" >/dev/null && curl -sS --noproxy '*' "$search/bulk-$n/_count" | jq .count) == "$rows" ]] || exit 1
  clean
  run_timed searchable searchable
  clean
  run_timed kfm-reindex reindex
  clean
  if has_peer opensearchpy; then run_timed parallel_bulk parallel_bulk; clean; fi
done

code=0
report "$rows documents, all of kfm-reindex" kfm-reindex bulk 1.15 || code=1
report "the same, until it can be searched" kfm-reindex searchable 1.15 || code=1
! has_peer opensearchpy || report "the same, opensearch-py" kfm-reindex parallel_bulk 1 || code=1
exit $code
