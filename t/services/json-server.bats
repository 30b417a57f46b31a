# timetracker-sync-tasks and rc-http-pages against json-server from npm, which has pages by Link header and a total.
# shellcheck disable=SC2034 # the helper uses started
load ../helper

setup_file() {
  command -v npm >/dev/null || skip 'npm is not here'
  export JSON_SERVER=${RC_TEST_NODE_MODULES:-$BATS_FILE_TMPDIR}
  [ -e "$JSON_SERVER/node_modules/.bin/json-server" ] ||
    timeout 300 "$RC_TEST_FOLDER/../tools/npm-install" "$JSON_SERVER" json-server@0.17.4 3>&-
}

setup() {
  started=()
  new_database timetracker
  cd "$BATS_TEST_TMPDIR" || return
  jq -nc '{tasks: [range(1; 251) | {id: ., external_id: "T-\(.)", display_name: "Task \(.)"}]}' >db.json
  port=$((20000 + RANDOM % 10000))
  node "$JSON_SERVER/node_modules/json-server/lib/cli/bin.js" --port "$port" --quiet db.json >server.log 2>&1 3>&- &
  started+=("$!")
  local tries=0
  until (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    [ $((tries += 1)) -lt 1200 ] || { cat server.log; return 1; }
    sleep 0.1
  done
  source=http://127.0.0.1:$port/tasks
}

teardown() { end_started; }

@test "all pages of a listing come, by its links" {
  run -0 --separate-stderr rc-http-pages --url "$source?_page=1&_limit=100" --size 100
  [ "${#lines[@]}" = 251 ]
  [ "$(rc-tally <<<"$output")" = '{"records":250,"by":{},"missing":250}' ]
}

@test "and by page numbers" {
  run -0 --separate-stderr rc-http-pages --paging page --paging-param _page --size 100 --size-param _limit --url "$source"
  [ "${#lines[@]}" = 251 ]
}

@test "what has not changed is a 304" {
  run -0 rc-http-pages --state state --url "$source"
  run -1 --separate-stderr rc-http-pages --state state --url "$source"
  [ "$output$stderr" = '' ]
}

@test "a sync, a change there, and a task that is deleted there" {
  run -0 timetracker-sync-tasks --source "$source?_page=1&_limit=100"
  [ "$output" = 'Tasks: 250 added, 0 updated, 0 unchanged, 0 deactivated, 0 reactivated, 0 rejected' ]
  curl -sf -X PATCH -H 'content-type: application/json' -d '{"display_name":"Other"}' "$source/7" >/dev/null
  curl -sf -X DELETE "$source/9" >/dev/null
  run -0 timetracker-sync-tasks --source "$source?_page=1&_limit=100"
  [ "$output" = 'Tasks: 0 added, 1 updated, 248 unchanged, 1 deactivated, 0 reactivated, 0 rejected' ]
}
