# kfm-reindex --targets graph and the smoke test against a real Neo4j, with a password.
# shellcheck disable=SC2034,SC2154 # the helper uses started; graph and graph_pid come from servers.bash
load ../helper
load ../kfm/helper
load servers

setup_file() {
  if ! need_java || ! fetch neo4j fetch_neo4j; then skip_all; return; fi
  started=()
  start_neo4j "$BATS_FILE_TMPDIR/graph"
  echo "$graph_pid" >"$BATS_FILE_TMPDIR/graph.pid"
}
teardown_file() { kill -KILL "$(cat "$BATS_FILE_TMPDIR/graph.pid")" 2>/dev/null || :; }

setup() {
  skip_where_absent
  started=()
  graph=http://neo4j:p%40ss%20w%C3%B6rd@127.0.0.1:$(cat "$BATS_FILE_TMPDIR/graph/port")
  new_kfm
  kfm-init-sample-data >/dev/null
  cd "$BATS_TEST_TMPDIR" || return
  export KFM_GRAPH_URL=$graph
  cypher 'MATCH (n) DETACH DELETE n' >/dev/null
}
teardown() { end_started; }

# The rows of a statement, one a line, columns parted by '|'.
cypher() {
  jq -nc --arg s "$1" '{statements: [{statement: $s}]}' |
    curl -sS --noproxy '*' -H 'Content-Type: application/json' -d @- "$graph/db/neo4j/tx/commit" | jq -r '.results[0].data[].row | map(tostring) | join("|")'
}
counts() { cypher 'MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN count(DISTINCT n), count(r)'; }

@test "documents and places are nodes, relations lead from one to the other; a second run changes nothing" {
  run -0 --separate-stderr kfm-reindex --targets graph
  [ "$output" = 'graph: 45 row(s).' ]
  [ "$stderr" = '' ]
  [ "$(counts)" = '30|45' ]
  [ "$(cypher "MATCH (n {id: 'sample-maps:document:1'}) RETURN n.kind, n.dataset_id, n.label")" = \
    "document|sample-maps|$(sql "select title from kfm.documents where id = 'sample-maps:document:1'")" ]
  [ "$(cypher "MATCH (a)-[r]->(b) RETURN a.id, r.kind, b.id ORDER BY a.id, r.kind, b.id" | sort)" = \
    "$(sql 'select from_id, kind, to_id from kfm.relations' | sort)" ]
  run -0 kfm-reindex --targets graph
  [ "$(counts)" = '30|45' ]
  run -0 kfm-smoke-test --targets graph
  [ "$(grep -c '^ok' <<<"$output")" = 2 ]
}

@test "what is gone from the database is gone at the end, and what a relation still leads to is a bare node" {
  kfm-reindex --targets graph >/dev/null
  sql "delete from kfm.relations where from_id = 'sample-maps:document:3';
    update kfm.documents set deleted_at = now() where id = 'sample-maps:document:2'"
  cypher "CREATE (:KfmNode {id: 'of nobody'})<-[:RELATES {kind: 'x'}]-(:KfmNode {id: 'of nobody else', kind: 'document'})" >/dev/null
  run -0 kfm-reindex --targets graph
  [ "$output" = "graph: $(sql 'select count(*) from kfm.relations') row(s)." ]
  [ "$(cypher "MATCH (n) WHERE n.id STARTS WITH 'of nobody' RETURN count(n)")" = 0 ]
  [ "$(cypher "MATCH (n {id: 'sample-maps:document:2'}) RETURN n.kind IS NULL")" = true ]
  run -0 kfm-smoke-test --targets graph
}

@test "--since brings changes and deletions, --dataset-id all of a dataset" {
  run -1 --separate-stderr kfm-reindex --targets graph --since 2026-01-01
  [[ $stderr == *'kfm-reindex: graph: there is no index yet: '* ]]
  kfm-reindex --targets graph >/dev/null
  sql "update kfm.documents set title = 'Zeppelin', updated_at = now() where id = 'sample-maps:document:1';
    update kfm.documents set title = 'Airship' where id = 'sample-maps:document:4'"
  run -0 --separate-stderr kfm-reindex --targets graph --since 2026-06-01
  [ "$stderr" = '' ]
  [ "$(cypher "MATCH (n) WHERE n.label IN ['Zeppelin', 'Airship'] RETURN n.label")" = Zeppelin ]
  sql "delete from kfm.relations where from_id = 'sample-maps:document:3'"
  kfm-reindex --targets graph --since 2026-06-01 >/dev/null
  [ "$(cypher "MATCH ({id: 'sample-maps:document:3'})-[r]->() RETURN count(r)")" = 0 ]
  run -0 kfm-reindex --targets graph --dataset-id sample-maps
  [ "$(cypher "MATCH (n {label: 'Airship'}) RETURN n.id")" = sample-maps:document:4 ]
  run -0 kfm-smoke-test --targets graph
}

@test "a server that restarts in the middle: the run goes on, and all is there" {
  start_neo4j "$BATS_TEST_TMPDIR/own"
  export KFM_GRAPH_URL=$graph
  sql "insert into kfm.datasets (id, title) values ('many', 'Many');
    insert into kfm.documents (id, dataset_id, title) select 'many:' || n, 'many', 'Number ' || n from generate_series(1, 60000) as n;
    insert into kfm.relations (from_id, kind, to_id, dataset_id) select 'many:' || n, 'follows', 'many:' || n + 1, 'many' from generate_series(1, 59999) as n"
  kfm-reindex --targets graph --patience 3m >out 2>told 3>&- & # a run that lasts tells its progress
  reindex=$!
  until [ "$(cypher 'MATCH (n:KfmNode) RETURN count(n)')" -gt 2000 ]; do sleep 0.05; done
  kill -KILL "$graph_pid"
  start_neo4j "$BATS_TEST_TMPDIR/own"
  wait "$reindex" || { cat out told; false; }
  [ "$(cat out)" = 'graph: 60044 row(s).' ]
  [ "$(cypher 'MATCH (n:KfmNode) WHERE n.kind IS NOT NULL RETURN count(n)')" = 60030 ]
}

@test "a wrong password, and a server that is not there, are told without the password" {
  KFM_GRAPH_URL=${graph/p%40ss/hidden} run -1 --separate-stderr kfm-reindex --targets graph
  [[ $stderr == *'HTTP 401'*'kfm-reindex: the index of graph is not up to date: see above'* && $stderr != *hidden* ]]
  KFM_GRAPH_URL=http://me:hidden@127.0.0.1:1 run -1 --separate-stderr kfm-reindex --targets graph
  [[ $stderr == *'kfm-reindex: graph: the server does not answer: '* && $stderr != *hidden* ]]
}
