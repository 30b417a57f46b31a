# kfm-reindex --targets search and rc-http-bulk against a real OpenSearch, and once against Elasticsearch.
# shellcheck disable=SC2034,SC2154 # the helper uses started; search and search_pid come from servers.bash
load ../helper
load ../kfm/helper
load servers

setup_file() {
  if ! need_java || ! fetch opensearch fetch_opensearch; then skip_all; return; fi
  started=()
  start_search opensearch "$BATS_FILE_TMPDIR/search" 'thread_pool.write.queue_size: 4'
  echo "$search_pid" >"$BATS_FILE_TMPDIR/search.pid"
}
teardown_file() { kill -KILL "$(cat "$BATS_FILE_TMPDIR/search.pid")" 2>/dev/null || :; }

setup() {
  skip_where_absent
  started=()
  search=http://127.0.0.1:$(cat "$BATS_FILE_TMPDIR/search/port")
  new_kfm
  kfm-init-sample-data >/dev/null
  cd "$BATS_TEST_TMPDIR" || return
  alias=test$BATS_TEST_NUMBER
  export KFM_SEARCH_URL=$search/ KFM_SEARCH_ALIAS=$alias
}
teardown() {
  curl -s --noproxy '*' -X DELETE "$search/$alias-*" >/dev/null || :
  end_started
}

es() { curl -sS --noproxy '*' -H 'Content-Type: application/json' "${@:2}" "$search$1"; }
indexes() { es "/_cat/indices/$alias-*?h=index&s=index"; }
leads_to() { es "/_alias/$alias" | jq -r 'keys[]'; }
documents() { es "/$alias/_count" | jq .count; }
found() { es "/$alias/_search" -d "{\"query\":{\"match\":{\"title\":\"$1\"}},\"sort\":[\"id\"]}" | jq -r '[.hits.hits[]._id] | join(" ")'; }
# So many documents more, in a dataset of their own.
add_documents() {
  sql "insert into kfm.datasets (id, title) values ('many', 'Many') on conflict do nothing;
    insert into kfm.documents (id, dataset_id, title, body) select 'many:' || n, 'many', 'Number ' || n, repeat('All the words of it. ', 20)
    from generate_series(1, $1) as n"
}

@test "all documents are there with their words, and the alias leads to them; a second run has the same" {
  run -0 --separate-stderr kfm-reindex --targets search
  [ "$output" = 'search: 24 row(s).' ]
  [ "$stderr" = '' ]
  [ "$(leads_to)" = "$(indexes)" ]
  [ "$(documents)" = 24 ]
  sql "update kfm.documents set title = 'Zeppelins and ferries' where id = 'sample-maps:document:1'"
  before=$(leads_to)
  run -0 kfm-reindex --targets search
  [ "$(documents)" = 24 ]
  [ "$(found ferry)" = sample-maps:document:1 ] # by the language's rules
  [ "$(indexes | wc -l)" = 2 ]
  kfm-reindex --targets search
  [ "$(indexes | wc -l)" = 2 ]
  [[ $(indexes) != *"$before"* ]]
  kfm-reindex --targets search --keep 0
  [ "$(indexes)" = "$(leads_to)" ]
  run -0 kfm-smoke-test --targets search
  [ "$(grep -c '^ok' <<<"$output")" = 3 ]
}

@test "ids and numbers come as they are, whatever they are" {
  sql "insert into kfm.documents (id, dataset_id, title, attributes) values
    (E'9007199254740993 \"é\"\\\\', 'sample-maps', 'Strange', '{\"n\": 9007199254740993}')"
  kfm-reindex --targets search
  [ "$(found strange)" = '9007199254740993 "é"\' ]
  [[ $(es "/$alias/_search?q=title:strange") == *'"n":9007199254740993'* || $(es "/$alias/_search?q=title:strange") == *'"n": 9007199254740993'* ]]
}

@test "readers see neither an error nor a wrong count during ten reindexes" {
  kfm-reindex --targets search >/dev/null
  for n in 1 2; do
    while :; do
      curl -sS --noproxy '*' -w '%{http_code}\n' "$search/$alias/_search?size=0&track_total_hits=true&filter_path=hits.total.value,_shards.failed,error"
    done >"seen$n" 2>"errors$n" 3>&- &
    started+=("$!")
  done
  for _ in {1..10}; do kfm-reindex --targets search --keep 0 >/dev/null; done
  end_started
  started=()
  cat errors1 errors2
  [ ! -s errors1 ] && [ ! -s errors2 ]
  [ "$(head -n -1 -q seen1 seen2 | sort | uniq -c | wc -l)" = 1 ] || { head -n -1 -q seen1 seen2 | sort | uniq -c; false; }
  [ "$(head -n 1 seen1)" = '{"_shards":{"failed":0},"hits":{"total":{"value":24}}}200' ]
  [ "$(wc -l <seen1)" -gt 20 ]
}

@test "what the alias says besides, such as a filter, stays" {
  kfm-reindex --targets search >/dev/null
  says='{"filter":{"term":{"dataset_id":"sample-maps"}},"index_routing":"1","search_routing":"1"}'
  curl -sf --noproxy '*' -H 'Content-Type: application/json' "$search/_aliases" \
    -d "{\"actions\":[{\"add\":$(jq -c --arg alias "$alias" --arg index "$(leads_to)" '. + {index: $index, alias: $alias}' <<<"$says")}]}" >/dev/null
  before=$(leads_to)
  kfm-reindex --targets search >/dev/null
  [ "$(leads_to)" != "$before" ]
  [ "$(curl -sf --noproxy '*' "$search/_alias/$alias" | jq -cS '.[].aliases[]')" = "$(jq -cS . <<<"$says")" ]
}

@test "--since brings changes and deletions into the index that is there, and no other document" {
  run -1 --separate-stderr kfm-reindex --targets search --since 2026-01-01
  [[ $stderr == 'kfm-reindex: search: there is no index yet: '* ]]
  kfm-reindex --targets search >/dev/null
  before=$(leads_to)
  sql "update kfm.documents set title = 'Zeppelin', updated_at = now() where id = 'sample-maps:document:1';
    update kfm.documents set deleted_at = now() where id = 'sample-maps:document:2';
    delete from kfm.documents where id = 'sample-maps:document:3';
    update kfm.documents set title = 'Airship' where id = 'sample-maps:document:4'"
  run -0 --separate-stderr kfm-reindex --targets search --since 2026-06-01
  [ "$output" = 'search: 22 row(s).' ]
  [ "$(found zeppelin)$(found airship)" = sample-maps:document:1 ]
  [ "$(leads_to)" = "$before" ]
  sql "insert into kfm.documents (id, dataset_id, title, updated_at) values ('late', 'sample-maps', 'Balloon', '2020-01-01')" # an older time
  run -0 kfm-reindex --targets search --since 2999-01-01
  [ "$output" = 'search: 23 row(s).' ]
  [ "$(found balloon)" = late ]
  sql "delete from kfm.documents where id = 'late'"
  run -0 kfm-reindex --targets search --dataset-id sample-maps
  [ "$output" = 'search: 6 row(s).' ]
  [ "$(found airship)" = sample-maps:document:4 ]
  [ "$(documents)" = 22 ]
}

@test "an empty dataset is well, an unknown one is refused" {
  kfm-reindex --targets search >/dev/null
  sql "insert into kfm.datasets (id, title) values ('empty', 'Empty')"
  run -0 kfm-reindex --targets search --dataset-id empty
  [ "$output" = 'search: 0 row(s).' ]
  [ "$(documents)" = 24 ]
  run -1 --separate-stderr kfm-reindex --targets search --dataset-id none
  [ "$stderr" = "kfm-reindex: There is no dataset 'none'." ]
}

@test "a document that conflicts with the mapping is a rejected record, and the alias stays unless that is allowed" {
  kfm-reindex --targets search >/dev/null
  before=$(leads_to)
  sql "update kfm.documents set attributes = '{\"license\": {\"name\": \"CC0\"}}' where id = 'sample-maps:document:8'"
  run -1 --separate-stderr kfm-reindex --targets search --rejects refused
  [[ $stderr == *"kfm-reindex: search: 1 document(s) were refused: see $PWD/refused; the alias $alias is as it was before"* ]]
  [ "$(leads_to)" = "$before" ]
  [ "$(jq -r '.record.id' refused)" = sample-maps:document:8 ]
  [[ $(jq -r .code refused) == *_exception ]]
  run -1 --separate-stderr kfm-reindex --targets search
  [[ $stderr == *'sample-maps:document:8'* ]]
  run -0 --separate-stderr kfm-reindex --targets search --rejects refused --max-rejects 1
  [ "$output" = 'search: 23 row(s).' ]
  [ "$(leads_to)" != "$before" ]
  [ "$(wc -l <refused)" = 1 ]
}

@test "a full disk, as its watermark says, is waited for while the patience lasts; the alias stays" {
  kfm-reindex --targets search >/dev/null
  before=$(leads_to)
  es "/$before/_settings" -X PUT -d '{"index.blocks.read_only_allow_delete":true}' >/dev/null # what the server does at the mark
  run -1 --separate-stderr kfm-reindex --targets search --dataset-id sample-maps --patience 1s
  [[ $stderr == *'nothing was taken for '*'and --patience is over'* ]]
  (sleep 2 && es "/$before/_settings" -X PUT -d '{"index.blocks.read_only_allow_delete":null}' >/dev/null) 3>&- &
  run -0 kfm-reindex --targets search --dataset-id sample-maps --patience 1m
  [ "$(documents)" = 24 ]
}

@test "a server with no room for more makes it slower, and nothing is lost" {
  add_documents 6000
  kfm-reindex --targets search >/dev/null
  rc-export-rows --file "$(rc_share)/sql/kfm/search-documents.sql" --end-record >rows
  run -0 --separate-stderr rc-http-bulk --url "$search" --path "/$(leads_to)/_bulk" --jobs 64 --batch 20 --pause 20ms rows
  [[ $output == '{"indexed":6024,"deleted":0,"rejected":0,"put_off":'*[1-9]* ]] || { echo "$output"; false; }
  es "/$alias/_refresh" -X POST >/dev/null
  [ "$(documents)" = 6024 ]
}

@test "a server that is killed in mid-run: the alias stays, and the same command goes on with what is there" {
  start_search opensearch "$BATS_TEST_TMPDIR/own"
  export KFM_SEARCH_URL=$search
  kfm-reindex --targets search >/dev/null
  before=$(leads_to)
  add_documents 30000
  KFM_SEARCH_ALIAS=$alias kfm-reindex --targets search --patience 2s >out 2>&1 3>&- &
  reindex=$!
  until [ "$(es "/_cat/indices/$alias-*?h=docs.count" | wc -l)" = 2 ] && [ "$(es "/_stats/indexing" | jq ._all.total.indexing.index_total)" -gt 1500 ]; do sleep 0.02; done
  kill -KILL "$search_pid"
  code=0
  wait "$reindex" || code=$?
  [ "$code" = 1 ]
  grep -F 'kfm-reindex: the index of search is as it was before' out
  start_search opensearch "$BATS_TEST_TMPDIR/own"
  [ "$(leads_to)" = "$before" ]
  [ "$(documents)" = 24 ]
  broken=$(indexes | tail -n 1)
  [ "$broken" != "$before" ]
  sql "update kfm.documents set title = 'Changed meanwhile', updated_at = now() where id = 'many:1'; delete from kfm.documents where id = 'many:2'"
  run -0 kfm-reindex --targets search
  [ "$output" = 'search: 30023 row(s).' ]
  [ "$(leads_to)" = "$broken" ]
  [ "$(documents)" = 30023 ]
  [ "$(found meanwhile)" = many:1 ]
}

@test "an index that has the alias's name, and a server that is not there, are told" {
  es "/$alias" -X PUT -d '{}' >/dev/null
  run -1 --separate-stderr kfm-reindex --targets search
  [[ $stderr == *"kfm-reindex: search: there is an index named $alias, and an alias must have that name"* ]]
  es "/$alias" -X DELETE >/dev/null
  KFM_SEARCH_URL=http://me:hidden@127.0.0.1:1 run -1 --separate-stderr kfm-reindex --targets search
  [[ $stderr == *'kfm-reindex: search: the server does not answer: '* && $stderr != *hidden* ]]
}

@test "Elasticsearch 7.17 takes the same" {
  fetch elasticsearch fetch_elasticsearch || skip "$absent"
  start_search elasticsearch "$BATS_TEST_TMPDIR/own"
  export KFM_SEARCH_URL=$search
  # its zip has no analysers of languages
  sed 's/"analyzer": "english"/"analyzer": "standard"/' "$(rc_share)/kfm/reindex/search-index.json" >index.json
  KFM_SEARCH_INDEX=$PWD/index.json run -0 --separate-stderr kfm-reindex --targets search
  [ "$output$stderr" = 'search: 24 row(s).' ]
  sql "update kfm.documents set deleted_at = now() where id = 'sample-maps:document:2'; delete from kfm.documents where id = 'sample-maps:document:3'"
  run -0 kfm-reindex --targets search --since 2026-06-01
  [ "$output" = 'search: 22 row(s).' ]
  KFM_SEARCH_INDEX=$PWD/index.json run -0 kfm-reindex --targets search
  run -0 kfm-smoke-test --targets search
}
