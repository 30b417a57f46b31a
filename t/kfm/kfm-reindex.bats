# Real servers are in t/services/kfm-search.bats, kfm-graph.bats and kfm-embeddings.bats.
# shellcheck disable=SC2034 # the helper uses started
load ../helper
load ../http
load helper

setup() {
  new_kfm
  kfm-init-sample-data >/dev/null
  started=()
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { end_started; }

found() { sql "select string_agg(id, ' ' order by id) from kfm.search where words @@ to_tsquery('english', '$1')"; }
leftovers() { sql "select count(*) from pg_class where relnamespace = 'kfm'::regnamespace and relkind = 'r' and relname ~ '_(new|old)$'"; }

@test "all three indexes are made from the tables" {
  run -0 --separate-stderr kfm-reindex --targets search,graph,catalog
  [ "$output" = $'search: 24 row(s).\ngraph: 45 row(s).\ncatalog: 3 row(s).' ]
  [ "$stderr" = '' ]
  [ "$(sql 'select count(*) from kfm.search')" = 24 ]
  [ "$(sql 'select (select count(*) from kfm.graph_nodes), (select count(*) from kfm.graph_edges)')" = '30|45' ]
  [ "$(sql "select documents, places, relations from kfm.catalog_datasets where dataset_id = 'sample-maps'")" = '8|6|15' ]
  [ "$(sql "select sum(documents) from kfm.catalog_facets where name = 'license'")" = 24 ]
  [ "$(found 'diaries & river')" != '' ] || [ "$(found 'diary & rain')" != '' ]
  [ "$(leftovers)" = 0 ]
  run -0 kfm-smoke-test --targets search graph
}

@test "a second run has the same rows, and targets may stand apart" {
  kfm-reindex --targets search
  before=$(sql 'select * from kfm.search order by id')
  run -0 kfm-reindex --targets search,search catalog search
  [ "$(sql 'select * from kfm.search order by id')" = "$before" ]
  [ "${#lines[@]}" = 2 ]
}

@test "--since brings changes and deletions, and touches no other row" {
  kfm-reindex --targets search,graph
  sql "update kfm.documents set title = 'Zeppelin', updated_at = now() where id = 'sample-maps:document:1';
    update kfm.documents set deleted_at = now() where id = 'sample-maps:document:2';
    delete from kfm.relations where from_id = 'sample-maps:document:3';
    update kfm.documents set title = 'Airship' where id = 'sample-maps:document:4'"
  before=$(sql "select xmin from kfm.search where id = 'sample-maps:document:5'")
  run -0 kfm-reindex --targets search,graph --since 2026-06-01
  [ "$output" = $'search: 23 row(s).\ngraph: 43 row(s).' ]
  [ "$(found zeppelin)" = sample-maps:document:1 ]
  [ "$(found airship)" = '' ]
  [ "$(sql "select xmin from kfm.search where id = 'sample-maps:document:5'")" = "$before" ]
  [ "$(sql "select count(*) from kfm.graph_nodes where id = 'sample-maps:document:2'")" = 0 ]
  kfm-reindex --targets search --dataset-id sample-maps
  [ "$(found airship)" = sample-maps:document:4 ]
}

@test "--since: what came with an older time, from an import or a long transaction, is not missed" {
  kfm-reindex --targets search,graph
  sql "insert into kfm.documents (id, dataset_id, title, updated_at) values ('late', 'sample-maps', 'Zeppelin', '2020-01-01');
    insert into kfm.places (id, dataset_id, name, longitude, latitude, updated_at) values ('late-place', 'sample-maps', 'Here', 1, 1, '2020-01-01');
    insert into kfm.relations (from_id, kind, to_id, dataset_id, updated_at) values ('late', 'shows', 'late-place', 'sample-maps', '2020-01-01');
    update kfm.documents set title = 'Airship', updated_at = updated_at + interval '1 minute' where id = 'sample-maps:document:4'"
  run -0 kfm-reindex --targets search,graph --since 2999-01-01
  [ "$output" = $'search: 25 row(s).\ngraph: 46 row(s).' ]
  [ "$(found zeppelin) $(found airship)" = 'late sample-maps:document:4' ]
  [ "$(sql "select count(*) from kfm.graph_nodes where id like 'late%'")" = 2 ]
}

@test "the tables keep their owner and rights, and get no other; row level security would be lost, and is refused" {
  kfm-reindex --targets search,graph,catalog
  local role=reads_${BATS_SUITE_TEST_NUMBER} rights="select relname, relowner::regrole, (select array_agg(a::text order by a::text) from unnest(coalesce(relacl, acldefault('r', relowner))) a),
    (select array_agg(concat(attname, attacl) order by attname) from pg_attribute where attrelid = c.oid and attacl is not null)
    from pg_class c where relnamespace = 'kfm'::regnamespace and relname ~ '^(search|graph|catalog)' and relkind = 'r' order by 1"
  sql "create role $role; create role ${role}_owner; grant usage, create on schema kfm to ${role}_owner; grant usage on schema kfm to $role;
    grant select on kfm.search, kfm.graph_nodes to $role with grant option; grant select on kfm.catalog_facets to public;
    grant update (title, body) on kfm.search to $role; alter table kfm.graph_edges owner to ${role}_owner;
    alter default privileges in schema kfm grant delete on tables to $role"
  before=$(sql "$rights")
  kfm-reindex --targets search,graph,catalog
  [ "$(sql "$rights")" = "$before" ] || { diff <(echo "$before") <(sql "$rights"); false; }
  [ "$(sql "set role $role; select count(*) from kfm.search")" = 24 ]
  sql 'alter table kfm.graph_edges enable row level security'
  run -1 --separate-stderr kfm-reindex --targets graph
  [ "${stderr_lines[0]}" = 'kfm-reindex: kfm.graph_edges has row level security, which the table that takes its place would not have.' ]
  [ "$(sql "$rights")" = "$before" ]
  sql "drop owned by $role, ${role}_owner; drop role $role, ${role}_owner"
}

@test "a document with more words than an index takes, and an attribute whose name is as long, stop nothing" {
  sql "insert into kfm.documents (id, dataset_id, title, body, attributes) select 'long', 'sample-maps', string_agg(md5(n::text), ' '),
    'zeppelin ' || string_agg(md5(n::text), ' '), jsonb_build_object(string_agg(md5(n::text), ''), 1) from generate_series(1, 60000) n"
  run -0 --separate-stderr kfm-reindex --targets search,catalog
  [ "$(found zeppelin)" = long ]
  sql "update kfm.documents set body = 'airship ' || body, updated_at = now() where id = 'long'"
  run -0 --separate-stderr kfm-reindex --targets search --since 2026-01-01
  [ "$(found airship)" = long ]
  run -0 --separate-stderr kfm-reindex --targets search
  [ "$(found airship)" = long ]
}

@test "that an index was made is noted, or it is not made" {
  sql "create function kept() returns trigger language plpgsql as 'begin return null; end';
    create trigger kept before insert or update on kfm.indexes for each row execute function kept()"
  run -1 --separate-stderr kfm-reindex --targets search
  grep -qx 'kfm-reindex: That the index of search was made is not noted: the database kept the row in kfm.indexes out.' <<<"$stderr"
  [ "$(sql "select coalesce(to_regclass('kfm.search')::text, 'none')")" = none ]
}

@test "an empty dataset is well, an unknown one is refused" {
  kfm-reindex --targets search
  sql "insert into kfm.datasets (id, title) values ('empty', 'Empty')"
  run -0 kfm-reindex --targets search --dataset-id empty
  run -1 --separate-stderr kfm-reindex --targets search --dataset-id none
  [ "$stderr" = "kfm-reindex: There is no dataset 'none'." ]
}

@test "a part of an index that is not there is refused" {
  run -1 --separate-stderr kfm-reindex --targets search --since 2026-01-01
  [ "$stderr" = 'kfm-reindex: There is no index of search yet: run it without --since and --dataset-id first.' ]
}

@test "none, an unknown target, and a wrong time are refused" {
  run -2 kfm-reindex
  run -2 kfm-reindex --targets ,
  run -2 --separate-stderr kfm-reindex --targets search,mail
  [ "${stderr_lines[1]}" = "kfm-reindex: error: argument --targets: no such target: 'mail'" ]
  run -2 kfm-reindex --targets search --since yesterday
  run -2 kfm-reindex --targets search --max-rejects many
  for jobs in 0 100; do
    run -2 --separate-stderr kfm-reindex --targets search --jobs "$jobs"
    [ "${stderr_lines[1]}" = "kfm-reindex: error: argument --jobs: expected a number from 1 to 99: '$jobs'" ]
  done
  run -2 --separate-stderr kfm-reindex --targets $'search\nmail'
  [ "${stderr_lines[1]}" = "kfm-reindex: error: argument --targets: no such target: 'mail'" ]
  for target in search graph catalog; do
    run -1 --separate-stderr kfm-reindex --targets "$target" --since 2030-13-45
    [[ $stderr == *'date/time field value out of range: "2030-13-45"'* ]]
  done
  run -1 --separate-stderr kfm-reindex --targets embeddings
  [ "$stderr" = 'kfm-reindex: embeddings are made by a server: KFM_EMBEDDINGS_URL is not set' ]
  [ "$(sql "select to_regclass('kfm.search') is null")" = t ]
}

@test "a server that is not there: its target fails, the others are made, and no password is shown" {
  export KFM_SEARCH_URL=http://me:hidden@127.0.0.1:1
  run -1 --separate-stderr kfm-reindex --targets search,catalog
  [ "$output" = 'catalog: 3 row(s).' ]
  [[ $stderr == *'kfm-reindex: search: the server does not answer: '*'kfm-reindex: the index of search is as it was before: see above' ]]
  [[ $stderr != *hidden* ]]
}

# An answer with N embeddings, as OpenAI's HTTP has it, in any order.
embeddings() { jq -nc --argjson n "$1" '{data: [range($n) | {index: ., embedding: [0.5, . + 0.25]}] | reverse}'; }

@test "a server whose answer never ends is given up (a stand-in)" {
  start_http
  export KFM_SEARCH_URL=$source KFM_GRAPH_URL=$source
  answer @flood /_alias/kfm '200 OK' - <<<'{}'
  answer @flood /db/neo4j/tx/commit '200 OK' - <<<'{}'
  run -1 --separate-stderr kfm-reindex --targets search,graph
  grep -qx 'kfm-reindex: search: the server does not answer: its answer has more than 100 MB' <<<"$stderr"
  grep -qx 'kfm-reindex: graph: the server does not answer: its answer has more than 100 MB' <<<"$stderr"
}

@test "embeddings: only texts that are new or have changed are sent (a stand-in for the model's server)" {
  start_http
  export KFM_EMBEDDINGS_URL=$source KFM_EMBEDDINGS_MODEL=small KFM_EMBEDDINGS_TOKEN=hidden
  embeddings 24 | answer /v1/embeddings '200 OK'
  embeddings 1 | answer /v1/embeddings '200 OK'
  run -0 --separate-stderr kfm-reindex --targets embeddings
  [ "$output$stderr" = 'embeddings: 24 row(s).' ]
  [ "$(sql "select embedding from kfm.embeddings order by document_id limit 2" | paste -sd ' ')" = '{0.5,0.25} {0.5,1.25}' ]
  [[ $(requests) == *'authorization: Bearer hidden body: {"model":"small",'* ]]
  sql "update kfm.documents set body = 'Changed' where id = 'sample-maps:document:1'; delete from kfm.documents where id = 'sample-maps:document:2'"
  run -0 kfm-reindex --targets embeddings
  [ "$output" = 'embeddings: 1 row(s).' ]
  [ "$(sql 'select count(*) from kfm.embeddings')" = 23 ]
  run -0 kfm-reindex --targets embeddings
  [ "$output" = 'embeddings: 0 row(s).' ]
  [ "$(requests | wc -l)" = 2 ]
}

@test "a model's server that hangs, has too few embeddings, or answers nonsense: nothing is written (a stand-in)" {
  start_http
  export KFM_EMBEDDINGS_URL=$source KFM_EMBEDDINGS_MODEL=small
  for body in '{"data":[]}' "$(embeddings 23)" "$(embeddings 24 | sed 's/0.25/null/')" '[]' 'what?'; do
    rm -f "$http"/*embeddings*
    answer /v1/embeddings '200 OK' <<<"$body"
    run -1 --separate-stderr kfm-reindex --targets embeddings
    [[ $stderr == *'answer is '* && $stderr == *'kfm-reindex: the index of embeddings is not up to date: see above' ]] || { echo "$stderr"; false; }
  done
  rm -f "$http"/*embeddings*
  answer @stall /v1/embeddings '200 OK' <<<''
  run -1 --separate-stderr kfm-reindex --targets embeddings --patience 100ms
  [[ $stderr == *'--patience is over'* ]]
  [ "$(sql 'select count(*) from kfm.embeddings')" = 0 ]
}

@test "a dry run counts, and changes nothing" {
  run -0 kfm-reindex --targets search,graph --dry-run
  [[ $output == *'search: 24 row(s) would be looked at.'* ]]
  [ "$(sql "select to_regclass('kfm.search') is null")" = t ]
}

@test "readers see the whole old or the whole new index, and no error, during ten reindexes" {
  kfm-reindex --targets search,graph >/dev/null
  for n in 1 2; do
    while :; do echo "select count(*) from kfm.search; select count(*) from kfm.graph_edges;"; done |
      psql -XAtq "$DATABASE_URL" >"seen$n" 2>"errors$n" 3>&- &
    started+=("$!")
  done
  for _ in {1..10}; do kfm-reindex --targets search,graph >/dev/null; done
  end_started
  started=()
  cat errors1 errors2
  [ ! -s errors1 ] && [ ! -s errors2 ]
  [ "$(head -n -1 -q seen1 seen2 | sort -u | paste -sd' ')" = '24 45' ]
}

@test "a run that fails, or is killed, leaves the old index, and the same command then goes through" {
  kfm-reindex --targets search,catalog >/dev/null
  sql "update kfm.documents set title = 'Zeppelin' where id = 'sample-maps:document:1'; create table kfm.search_new (i int)"
  run -1 --separate-stderr kfm-reindex --targets search,catalog --state state
  [ "$output" = 'catalog: 3 row(s).' ]
  [[ $stderr == *'"search_new" already exists'*'kfm-reindex: the index of search is as it was before: see above' ]]
  [ "$(sql 'select count(*) from kfm.search')$(found zeppelin)" = 24 ]
  sql 'drop table kfm.search_new; alter table kfm.catalog_datasets add column same_table int'
  run -0 kfm-reindex --targets search,catalog --state state
  [ "$(found zeppelin)" = sample-maps:document:1 ]
  [ "$(sql "select count(*) from information_schema.columns where column_name = 'same_table'")" = 1 ] # that part was done before
  run -0 kfm-reindex --targets search,catalog --state state
  [ "$(sql "select count(*) from information_schema.columns where column_name = 'same_table'")" = 0 ]

  sql "update kfm.documents set title = 'Airship' where id = 'sample-maps:document:1'"
  hold 'select count(*) from kfm.search'
  start kfm-reindex --targets search
  wait_until "select count(*) = 1 from pg_locks where relation = 'kfm.search'::regclass and not granted"
  kill -KILL "$group"
  wait_until "select count(*) = 0 from pg_locks where relation = 'kfm.search'::regclass and not granted"
  [ "$(sql 'select count(*) from kfm.search')$(found airship)" = 24 ]
  tell_holder commit
  finish || :
  [ "$(leftovers)" = 0 ]
  kfm-reindex --targets search
  [ "$(found airship)" = sample-maps:document:1 ]
}
