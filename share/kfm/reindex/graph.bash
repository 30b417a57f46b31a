#!/usr/bin/env bash
# graph.bash ASKED DONE - the part of kfm-reindex whose index is in Neo4j at $KFM_GRAPH_URL, over its HTTP transactions
#
# Documents and places are nodes KfmNode, relations are RELATES. What is brought over gets the mark of this run's generation; at
# the end what has another mark is taken out. What a relation leads to and is neither document nor place is a node with an id and
# no more. A part (--since, --dataset-id): what has changed; where the counts then differ, all of the part.

# shellcheck source=share/kfm/reindex/server.bash
. "$(dirname -- "$(readlink -f -- "$0")")/server.bash"
server=$KFM_GRAPH_URL
path=/db/${KFM_GRAPH_DATABASE:-neo4j}/tx/commit
generation=$(date -u +%Y%m%d%H%M%S%6N)

# cypher STATEMENT: runs it; the first value of the first row is in $value. What passes by itself is tried again.
cypher() {
  local tries
  for tries in 1 2 3 4 5; do
    ask POST "$path" "$(jq -nc --arg statement "$1" --arg generation "$generation" --arg dataset "$dataset" \
      '{statements: [{statement: $statement, parameters: {generation: $generation, dataset: $dataset}}]}')"
    answer '.errors | type == "array"' >/dev/null
    [[ $(jq -r '.errors[0].code // ""' "$work/answer") == Neo.TransientError.* && $tries != 5 ]] || break
    sleep "0.$tries"
  done
  [[ $(jq '.errors == []' "$work/answer") == true ]] || die "the server answers: $(jq -r '.errors[0] | "\(.message) (\(.code))"' "$work/answer")"
  value=$(jq -r '.results[0].data[0].row[0] // ""' "$work/answer")
}

# send FILE.sql STATEMENT: the rows of the query as $rows, a batch a transaction.
send() {
  rows "$1" | rc-progress --label "${1%.sql}" | rc-http-batch --url-of KFM_GRAPH_URL --path "$path" --jobs "$KFM_REINDEX_JOBS" --patience "$KFM_REINDEX_PATIENCE" \
    --errors /errors --passing Neo.TransientError --require-end-record --batch 2000 \
    --body "$(jq -nc --arg statement "UNWIND \$rows AS row $2" --arg generation "$generation" \
      '{statements: [{statement: $statement, parameters: {generation: $generation, rows: "@records"}}]}')" >"$work/sent"
}

# shellcheck disable=SC2016 # Neo4j expands it, here and in the next
nodes='MERGE (n:KfmNode {id: row.id}) SET n.kind = row.kind, n.label = row.label, n.dataset_id = row.dataset_id, n.generation = $generation'
# shellcheck disable=SC2016
edges='MERGE (a:KfmNode {id: row.from_id}) MERGE (b:KfmNode {id: row.to_id}) MERGE (a)-[r:RELATES {kind: row.kind}]->(b)
  SET r.dataset_id = row.dataset_id, r.generation = $generation'
within="(\$dataset = '' OR x.dataset_id = \$dataset)"

# Runs a statement that takes out ten thousand at most and tells how many, until there are none.
until_none() {
  value=1
  while ((value > 0)); do cypher "$1"; done
}

clean() {
  until_none "MATCH ()-[x:RELATES]->() WHERE $within AND coalesce(x.generation, '') <> \$generation WITH x LIMIT 10000 DELETE x RETURN count(*)"
  until_none "MATCH (x:KfmNode) WHERE $within AND x.kind IS NOT NULL AND coalesce(x.generation, '') <> \$generation WITH x LIMIT 10000
    REMOVE x.kind, x.label, x.dataset_id RETURN count(*)"
}
clean_bare() { until_none 'MATCH (x:KfmNode) WHERE x.kind IS NULL AND NOT (x)--() WITH x LIMIT 10000 DELETE x RETURN count(*)'; }

# Whether both have as many nodes and relations; the server's count of these is in $there.
counts_fit() {
  local known
  cypher "MATCH (x:KfmNode) WHERE $within AND x.kind IS NOT NULL RETURN count(*)"
  known=$value
  cypher "MATCH ()-[x:RELATES]->() WHERE $within RETURN count(*)"
  there=$value
  rc-export-rows --file graph-count.sql --param "dataset_id=$dataset" >"$work/count"
  [[ "$known $there" == "$(rc-say '{nodes} {edges}' "$work/count")" ]]
}

cypher 'CREATE CONSTRAINT kfm_node_id IF NOT EXISTS FOR (n:KfmNode) REQUIRE n.id IS UNIQUE'
if [[ $part ]]; then
  cypher 'MATCH (n:KfmNode) RETURN count(*)'
  ((value > 0)) || die 'there is no index yet: run it without --since and --dataset-id first'
  send graph-nodes-changed.sql "$nodes"
  send graph-nodes-deleted.sql 'MATCH (n:KfmNode {id: row.id}) REMOVE n.kind, n.label, n.dataset_id'
  send graph-edges-changed.sql "$edges"
  clean_bare
fi
if [[ ! $part ]] || ! counts_fit; then
  send graph-nodes.sql "$nodes"
  send graph-edges.sql "$edges"
  clean
  clean_bare
  counts_fit || die "the server has $value relation(s), and nodes and relations of the database are other ones: run it again"
fi
finish "$there"
