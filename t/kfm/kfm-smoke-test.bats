# shellcheck disable=SC2034 # the helper uses started
load ../helper
load ../http
load helper

setup() {
  new_kfm
  started=()
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { end_started; }

# The line of one check.
line_of() { grep -E "^[a-z]+  $1:" <<<"$output"; }

@test "a database with its tables is all well" {
  run -0 --separate-stderr kfm-smoke-test --targets db
  [ "$stderr" = '' ]
  for id in login write versions lag connections wraparound; do [[ $(line_of "db.$id") == ok* ]]; done
  [ "$(sql 'select count(*) from kfm.audit_log')" = 0 ]
}

@test "what a role may not look at does not pass as well: connections of others, replicas" {
  local role=looks_$BATS_SUITE_TEST_NUMBER pids=() as
  sql "create role $role login; grant usage on schema kfm to $role; grant select on all tables in schema kfm to $role"
  as=$(sed "s,//[^@/]*@,//$role@," <<<"$DATABASE_URL")
  for _ in {1..20}; do
    psql -XAtqc 'select pg_sleep(60)' "$DATABASE_URL" 3>&- &
    started+=("$!") pids+=("$!")
  done
  wait_until "select count(*) >= 20 from pg_stat_activity where query = 'select pg_sleep(60)'"
  mkdir wal
  pg_receivewal --dbname="$DATABASE_URL" --directory=wal 3>&- &
  started+=("$!")
  wait_until "select count(*) > 0 from pg_stat_replication where state = 'streaming'"
  DATABASE_URL=$as run kfm-smoke-test --targets db
  [[ $(line_of db.connections) =~ ': '([0-9]+)' of '([0-9]+)' left' ]]
  ((BASH_REMATCH[1] <= BASH_REMATCH[2] - 20))
  [[ $(line_of db.lag) == 'warn  db.lag: '*' replicas, at which this role may not look (pg_monitor may);'* ]]
  run kfm-smoke-test --targets db
  [[ $(line_of db.lag) == 'ok  db.lag: '*' replicas, the slowest '* ]]
  kill "${pids[@]}"
  sql "drop owned by $role; drop role $role"
}

@test "a version that is missing, or a table that is, fails with a hint" {
  sql 'delete from kfm.versions where version = (select max(version) from kfm.versions); alter table kfm.audit_log rename to gone'
  run -1 kfm-smoke-test --targets db
  [[ $(line_of db.versions) == 'fail '*'hint: run kfm-migrate' ]]
  [[ $(line_of db.write) == 'fail '*'"kfm.audit_log" does not exist'* ]]
  [[ $(line_of db.login) == ok* ]]
}

@test "a database that is down fails, and no password is shown" {
  export DATABASE_URL=postgres://me:hidden@127.0.0.1:1/x
  run -1 kfm-smoke-test --targets db
  [ "$(grep -c '^fail' <<<"$output")" = 7 ]
  [[ $output != *hidden* ]]
}

@test "a service that is not configured is skipped, but fails where its target is named" {
  run kfm-smoke-test --all
  [ "$(line_of cache.ping)" = 'skip  cache.ping: KFM_CACHE_URL is not set' ]
  run -1 kfm-smoke-test --targets cache
  [[ $(line_of cache.ping) == 'fail  cache.ping: KFM_CACHE_URL is not set;'* ]]
  [ "${#lines[@]}" = 1 ]
}

@test "a service that is not there fails: each in turn" {
  while read -r variable target; do
    export "$variable"="http://me:hidden@127.0.0.1:1"
    [ "$variable" != KFM_CACHE_URL ] || export KFM_CACHE_URL=redis://me:hidden@127.0.0.1:1
    run -1 kfm-smoke-test --targets "$target"
    [[ $output == *fail*127.0.0.1* ]] || { echo "$target: $output"; false; }
    [[ $output != *hidden* ]]
    unset "$variable"
  done <<'END'
KFM_SEARCH_URL search
KFM_GRAPH_URL graph
KFM_LLM_URL llm
KFM_POLICY_URL policy
KFM_CACHE_URL cache
KFM_QUEUE_URL queue
END
  KFM_STORAGE_FOLDER=/no/such run -1 kfm-smoke-test --targets storage
  [[ $output == 'fail  storage.folder: no file can be made in /no/such;'* ]]
}

@test "targets stand apart, with commas, or both" {
  export KFM_STORAGE_FOLDER=$PWD
  run -0 kfm-smoke-test --targets disk,storage
  [ "${#lines[@]}" = 2 ]
  run -0 kfm-smoke-test --targets disk storage
  [ "${#lines[@]}" = 2 ]
  [ -z "$(ls)" ]
}

@test "a wrong target, or two forms, is a wrong option" {
  run -2 --separate-stderr kfm-smoke-test --targets db,mail
  [[ ${stderr_lines[1]} == "kfm-smoke-test: error: argument --targets: no such target: 'mail'" ]]
  for target in '' ',' $'db\nmail'; do # nothing named does not mean all
    run -2 kfm-smoke-test --targets "$target"
  done
  run -2 kfm-smoke-test --targets db --all
  run -2 kfm-smoke-test --tap --nagios
  run -2 kfm-smoke-test disk
}

@test "a model server: its models, and a completion of one token (a stand-in that speaks the same HTTP)" {
  start_http
  export KFM_LLM_URL=$source KFM_LLM_TOKEN=tok
  answer /v1/models '200 OK' <<<'{"data":[{"id":"small"}]}'
  answer /v1/completions '200 OK' <<<'{"choices":[{"text":"a"}]}'
  run -0 kfm-smoke-test --targets llm
  [[ $(line_of llm.models) == 'ok  llm.models: 1 models'* ]]
  [[ $(line_of llm.completion) == 'ok  llm.completion: 1 choices'* ]]
  [[ $(requests) == *'POST /v1/completions'* ]]
}

@test "a model server that lists none, or answers nonsense, fails" {
  start_http
  export KFM_LLM_URL=$source
  answer /v1/models '200 OK' <<<'{"data":[]}'
  answer /v1/completions '200 OK' <<<'what?'
  run -1 kfm-smoke-test --targets llm
  [[ $(line_of llm.models) == 'fail  llm.models: 0 models;'* ]]
  [[ $(line_of llm.completion) == 'fail  llm.completion: the answer is not what such a server gives;'* ]]
}

@test "a policy that lets all through fails, as does one that is not loaded" {
  start_http
  export KFM_POLICY_URL=$source
  answer /v1/data/kfm/allow '200 OK' <<<'{"result":true}'
  run -1 kfm-smoke-test --targets policy
  [[ $(line_of policy.allows) == ok* ]]
  [[ $(line_of policy.denies) == 'fail  policy.denies: true;'* ]]
}

@test "a queue whose messages grow old is a warning, and then a failure" {
  start_http
  export KFM_QUEUE_URL=$source
  answer /api/queues '200 OK' <<<'[{"messages":3},{"messages":4}]'
  answer /api/queues '200 OK' <<<"[{\"messages\":7,\"head_message_timestamp\":$(($(date +%s) - 1000))}]"
  answer /api/queues '200 OK' <<<'[{"messages":200000}]'
  run -0 kfm-smoke-test --targets queue
  [[ $output == 'ok  queue.depth: 7 messages, the oldest 0 s'* ]]
  run -0 kfm-smoke-test --targets queue
  [[ $output == 'warn  queue.depth: 7 messages'* ]]
  run -1 kfm-smoke-test --targets queue
}

@test "an endpoint that hangs is given up, and the others are told" {
  start_http
  export KFM_POLICY_URL=$source
  answer @stall /v1/data/kfm/allow '200 OK' <<<'{}'
  run -1 kfm-smoke-test --targets policy,disk --limit 1s
  [[ $(line_of policy.allows) == 'fail  policy.allows: the time for all checks was up;'* ]]
  [[ $(line_of disk.data) == ok* ]]
}

@test "an answer that never ends is cut, whatever the check" {
  start_http
  export KFM_POLICY_URL=$source KFM_LLM_URL=$source KFM_QUEUE_URL=$source
  for path in /v1/models /v1/data/kfm/allow /api/queues; do answer @flood "$path" '200 OK' - <<<'{}'; done
  run -1 kfm-smoke-test --targets llm,policy,queue
  for id in llm.models llm.completion policy.allows policy.denies queue.depth; do
    [[ $(line_of $id) == "fail  $id: the answer has more than 1000000 bytes;"* ]]
  done
}

@test "--json, --tap, --junit and --nagios" {
  run -1 kfm-smoke-test --targets cache,disk --json
  [ "$(rc-say '{id} {status}' <<<"${lines[0]}")" = 'cache.ping fail' ]
  [[ ${lines[2]} == '{"ok":false,'*'"errors":1,'* ]]
  run -1 kfm-smoke-test --targets cache,disk --tap --junit results.xml
  [ "${lines[1]}" = 1..2 ]
  grep -q 'tests="2" failures="1"' results.xml
  run -2 --separate-stderr kfm-smoke-test --targets cache,disk --nagios
  [[ $output == 'CRITICAL - 1 ok, 0 warn, 1 fail, 0 skip; cache.ping: '* ]]
  [ "$stderr" = '' ]
  run -0 kfm-smoke-test --targets disk --nagios
  [[ $output == 'OK - 1 ok, '* ]]
}
