#!/usr/bin/env bash
# kfm-reindex --targets graph against the official Python driver with the same statements and batches: 100,000 nodes and 300,000
# relations into an empty Neo4j. NODES=N has fewer.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"
# shellcheck source=t/bench/peers/kfm-servers.bash
. "$here/peers/kfm-servers.bash"

nodes=${NODES:-100000} jobs=4
need_java
fetch neo4j fetch_neo4j
start_neo4j "$folder/graph"
new_database
psql -Xq "$DATABASE_URL" -v ON_ERROR_STOP=1 <<END
insert into kfm.datasets (id, title) values ('d', 'All');
insert into kfm.documents (id, dataset_id, title) select 'd:' || n, 'd', 'Number ' || n from generate_series(1, $nodes) as n;
insert into kfm.relations (from_id, kind, to_id, dataset_id)
select 'd:' || n, 'k' || k, 'd:' || 1 + (n * 7919 + k * 104729) % $nodes, 'd' from generate_series(1, $nodes) as n, generate_series(1, 3) as k;
END
share=$(dirname -- "$(command -v rc-say)")/../share/rc
for kind in nodes edges; do rc-export-rows --file "$share/sql/kfm/graph-$kind.sql" --param dataset_id= >"$folder/$kind"; done
install_neo4jdriver() { python3 -m venv python && timeout 300 python/bin/pip install --quiet neo4j; }
install_peer neo4jdriver
has_peer neo4jdriver || exit 0

cypher() {
  jq -nc --arg s "$1" '{statements: [{statement: $s}]}' | curl -sSf --noproxy '*' -H 'Content-Type: application/json' -d @- "$graph/db/neo4j/tx/commit" >"$folder/answer"
}
empty() {
  cypher 'MATCH (n) RETURN count(n)'
  while [[ $(jq '.results[0].data[0].row[0]' "$folder/answer") != 0 ]]; do
    cypher 'MATCH (n) WITH n LIMIT 10000 DETACH DELETE n'
    cypher 'MATCH (n) RETURN count(n)'
  done
}
reindex() { KFM_GRAPH_URL=$graph kfm-reindex --targets graph --jobs "$jobs"; }
driver() {
  "$folder/python/bin/python" "$here/peers/neo4j-merge.py" "bolt://127.0.0.1:$(($(cat "$folder/graph/port") + 1))" "$(cat "$folder/graph/password")" \
    "$jobs" "$folder/nodes" "$folder/edges"
}
for _ in 1 2; do # the server's code is warm then
  driver
  empty
  reindex >"$folder/out"
  grep -qx "graph: $((3 * nodes)) row(s)." "$folder/out" || { cat "$folder/out"; exit 1; }
  empty
done
for _ in 1 2 3 4 5; do
  empty
  run_timed driver driver
  empty
  run_timed kfm-reindex reindex
done
report "$nodes nodes, $((3 * nodes)) relations" kfm-reindex driver 1
