# shellcheck disable=SC2034,SC2120,SC2154 # source and http come from http.bash, started is for helper.bash
load ../helper
load ../http

setup() {
  started=()
  command -v rc-http-pages >/dev/null || skip 'rc-http-pages was not built: libcurl is not here'
  new_database timetracker
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() { end_started; }

# tasks FIRST LAST: their plain form, one a line.
tasks() { jq -nc --argjson a "$1" --argjson b "$2" 'range($a; $b + 1) | {external_id: "T-\(.)", display_name: "Task \(.)", project: "P"}'; }
# sync [OPTION ...]: with a listing from standard input, one a line
sync() { cat >listing; timetracker-sync-tasks --source "file://$PWD/listing" --map lines.jq "$@"; }
rows() { sql "select to_jsonb(t) - 'id' from task_cache t order by external_id"; }
active() { sql "select string_agg(external_id, ' ' order by external_id) from task_cache where is_active"; }
written() { sql "select pg_stat_force_next_flush(); select n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables where relname = 'task_cache'" | tail -n 1; }

@test "new tasks are added with all their columns; a second run writes no row" {
  local task='{"external_id":9223372036854775807,"display_name":"Zażółć ŻÓŁW","account":"A","project":"P","phase":"F","project_phase":"PP","department":"D","discipline":"X","task_type":"T","fields_json":{"a":1},"is_active":false}'
  sync <<<"$task"
  [ "$(sql "select (to_jsonb(t) - 'id' - 'synced_at')::text from task_cache t")" = '{"phase": "F", "account": "A", "project": "P", "is_active": false, "task_type": "T", "department": "D", "discipline": "X", "external_id": "9223372036854775807", "fields_json": {"a": 1}, "search_text": "zażółć żółw", "display_name": "Zażółć ŻÓŁW", "project_phase": "PP"}' ]
  before=$(rows) count=$(written)
  run -0 --separate-stderr sync <<<"$task"
  [ "$output" = 'Tasks: 0 added, 0 updated, 1 unchanged, 0 deactivated, 0 reactivated, 0 rejected' ]
  [ "$stderr" = '' ]
  [ "$(rows)" = "$before" ]
  [ "$(written)" = "$count" ]
}

@test "only the tasks that differ are written" {
  tasks 1 100 | sync
  before=$(rows)
  tasks 1 100 | sed 's/Task 7"/Task seven"/' >changed
  run -0 sync --json <changed
  [ "$(jq -c 'select(.external_id) | [.external_id, .status, .before.display_name, .after.display_name, .after.search_text]' <<<"$output")" = \
    '["T-7","updated","Task 7","Task seven","task seven"]' ]
  [[ ${lines[-1]} == *'"scanned":100,"changed":1,'* ]]
  [ "$(diff <(echo "$before") <(rows) | grep -c '^>')" = 1 ]
}

@test "a full listing deactivates what it no longer has, and reactivates what comes again; nothing is deleted" {
  tasks 1 10 | sync
  run -0 sync --audit audit < <(tasks 2 10)
  [ "$output" = 'Tasks: 0 added, 0 updated, 9 unchanged, 1 deactivated, 0 reactivated, 0 rejected' ]
  [ "$(sql "select is_active from task_cache where external_id = 'T-1'")" = f ]
  run -0 sync --audit audit < <(tasks 1 10)
  [ "$output" = 'Tasks: 0 added, 0 updated, 9 unchanged, 0 deactivated, 1 reactivated, 0 rejected' ]
  [ "$(jq -c 'select(.status != "total") | [.external_id, .status, .before.is_active, .after.is_active, (.run_id | length)]' audit)" = '["T-1","deactivated",true,false,36]
["T-1","reactivated",false,true,36]' ]
  [ "$(jq -c 'select(.status == "total") | .counts | [.deactivated, .reactivated]' audit)" = '[1,0]
[0,1]' ]
  [ "$(sql 'select count(*) from task_cache')" = 10 ]
}

@test "a source that shrinks is refused, to a tenth or to nothing, and the plan is shown" {
  tasks 1 100 | sync
  before=$(rows)
  for last in 10 0; do
    run -1 --separate-stderr sync < <(tasks 1 "$last")
    [ "$output" = '' ]
    [[ $stderr == "timetracker-sync-tasks: $((100 - last)) of 100 active tasks would be deactivated, more than --max-delete 20% allows. The plan was: 0 added, 0 updated, $last unchanged, "* ]]
    [ "$(rows)" = "$before" ]
  done
  run -0 sync < <(tasks 1 80)
  run -1 sync --max-delete 0 < <(tasks 1 79)
  run -0 sync --max-delete 100% </dev/null
  [ "$(active)" = '' ]
}

@test "tasks that say that they are inactive count for --max-delete, too" {
  tasks 1 10 | sync
  run -1 sync < <(tasks 1 10 | jq -c '.is_active = false')
  run -0 sync < <(tasks 1 10 | jq -c 'if .external_id == "T-3" then .is_active = false else . end')
  [ "$output" = 'Tasks: 0 added, 0 updated, 9 unchanged, 1 deactivated, 0 reactivated, 0 rejected' ]
}

@test "a listing that breaks off changes nothing" {
  tasks 1 10 | sync
  before=$(rows)
  start_http
  answer /t "200 OK" 'Link: </t?p=2>; rel=next' <<<"[$(tasks 1 5 | paste -sd ,)]"
  answer /t?p=2 '404 Gone' <<<'x'
  for option in --full --incremental; do
    run -1 --separate-stderr timetracker-sync-tasks --source "$source/t" --max-delete 100 $option
    [[ $stderr == *'status 404'* ]]
    [ "$(rows)" = "$before" ]
  done
  (tasks 1 9; echo '{"external_id":"T-10",') >'cut'
  run -1 sync --max-delete 100 <'cut'
  [ "$(rows)" = "$before" ]
}

@test "incremental asks from the last mark, deactivates nothing, and keeps the mark with the rows" {
  start_http
  answer /t '200 OK' <<<'[{"external_id":"a","display_name":"A","updated_at":"2026-11-01T00:00:00Z"},{"external_id":"b","display_name":"B","updated_at":"2026-11-02T00:00:00Z"}]'
  answer '/t?since=2026-11-02T00%3a00%3a00Z' '200 OK' <<<'[{"external_id":"b","display_name":"B2","updated_at":"2026-11-05T00:00:00Z"}]'
  answer '/t?since=2026-11-05T00%3a00%3a00Z' '200 OK' <<<'[]'
  run -0 --separate-stderr timetracker-sync-tasks --source "$source/t" --incremental
  [ "${lines[0]}" = 'No sync before this one: all is read.' ]
  run -0 --separate-stderr timetracker-sync-tasks --source "$source/t" --incremental
  [ "$output" = 'Tasks: 0 added, 1 updated, 0 unchanged, 0 deactivated, 0 reactivated, 0 rejected' ]
  run -0 timetracker-sync-tasks --source "$source/t" --incremental --dry-run
  run -0 timetracker-sync-tasks --source "$source/t" --incremental
  [ "$(active)" = 'a b' ]
  # an empty delta leaves the mark where it was, and so does a failure
  [ "$(sql 'select mark from rc.task_sync')" = 2026-11-05T00:00:00Z ]
  mark=$(sql 'select mark from rc.task_sync')
  sql 'alter table task_cache add constraint no check (display_name <> $$C$$)'
  answer /u '200 OK' <<<'[{"external_id":"c","display_name":"C","updated_at":"2027-01-01"}]'
  run -1 timetracker-sync-tasks --source "$source/u"
  [ "$(sql 'select count(*), min(mark) from rc.task_sync')" = "1|$mark" ]
  # where the table was emptied, a mark would leave it so
  sql 'delete from task_cache'
  run -0 timetracker-sync-tasks --source "$source/t" --incremental
  [ "${lines[0]}" = 'No sync before this one: all is read.' ]
  [ "$(active)" = 'a b' ]
}

@test "a mark is no later than the source was asked: what changed since may have been passed by" {
  start_http
  answer /t '200 OK' <<<'[{"external_id":"a","display_name":"A","updated_at":"2999-01-01T00:00:00.5Z"},{"external_id":"b","display_name":"B","updated_at":"2026-11-02T00:00:00Z"}]'
  before=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  run -0 timetracker-sync-tasks --source "$source/t" --incremental
  mark=$(sql 'select mark from rc.task_sync')
  [[ ! $mark < $before && ! $mark > $(date -u +%Y-%m-%dT%H:%M:%SZ) ]]
  # a form that can't be compared stays
  answer /u '200 OK' <<<'[{"external_id":"a","display_name":"A","updated_at":"2999-01-01 00:00"}]'
  run -0 timetracker-sync-tasks --source "$source/u" --incremental --max-delete 100
  [ "$(sql "select mark from rc.task_sync where source like '%/u'")" = '2999-01-01 00:00' ]
}

@test "another query is another source, and no user or query is kept" {
  start_http
  answer '/t?project=a&token=zzsecret' '200 OK' <<<'[{"external_id":"a","display_name":"A","updated_at":"2026-11-02T00:00:00Z"}]'
  answer '/t?project=b' '200 OK' <<<'[{"external_id":"a","display_name":"A","updated_at":"2026-11-01T00:00:00Z"}]'
  run -0 timetracker-sync-tasks --source "http://zzuser:zzpassword@127.0.0.1:$port/t?project=a&token=zzsecret" --incremental
  run -0 timetracker-sync-tasks --source "$source/t?project=b" --incremental
  [ "${lines[0]}" = 'No sync before this one: all is read.' ]
  [ "$(sql 'select mark from rc.task_sync order by mark')" = $'2026-11-01T00:00:00Z\n2026-11-02T00:00:00Z' ]
  [ "$(sql "select count(*) from rc.task_sync where source like '$source/t?%'")" = 2 ]
  [[ $(sql 'table rc.task_sync') != *zz* ]]
}

@test "what can't be taken stops it, or is told where --max-rejects allows it" {
  tasks 1 10 | sync
  local name long
  printf -v name '%501s' x
  long=$(jq -nc --arg n "$name" '{external_id: "T-1", display_name: $n}')
  for bad in "$long" '{"external_id":"T-1"}' '{"external_id":"T-1","display_name":""}' '{"external_id":"T-1","display_name":7}' \
    '{"external_id":"T-1","display_name":"x","is_active":"yes"}'; do
    run -1 --separate-stderr sync < <(tasks 2 10; echo "$bad")
    [[ $stderr == "timetracker-sync-tasks: 1 of 10 tasks can't be taken, but --max-rejects is 0: 'T-1' has "* ]] || { echo "$stderr"; false; }
    run -0 sync --max-rejects 1 < <(tasks 2 10; echo "$bad")
    # it is in the listing, so it is not gone
    [[ ${lines[-1]} == 'Tasks: 0 added, 0 updated, 9 unchanged, 0 deactivated, 0 reactivated, 1 rejected' ]]
  done
  [ "$(sql "select display_name from task_cache where external_id = 'T-1'")" = 'Task 1' ]
}

@test "with a task without an id nothing is taken for gone" {
  tasks 1 10 | sync
  for bad in '{"display_name":"x"}' '{"external_id":null,"display_name":"x"}' '{"external_id":"","display_name":"x"}' '{"external_id":{},"display_name":"x"}'; do
    run -0 sync --max-rejects 1 < <(tasks 2 10; echo "$bad")
    [ "$(active | wc -w)" = 10 ] || { echo "$bad"; false; }
  done
}

@test "the same id twice: the same task counts once, different ones are rejected and the task stays" {
  tasks 1 3 | sync
  run -0 sync < <(tasks 1 3; tasks 2 2)
  [ "$output" = 'Tasks: 0 added, 0 updated, 3 unchanged, 0 deactivated, 0 reactivated, 0 rejected' ]
  run -1 --separate-stderr sync < <(tasks 1 3; echo '{"external_id":"T-2","display_name":"other"}')
  [[ $stderr == *"'T-2' comes twice, with different values. Nothing was changed." ]]
  run -0 sync --max-rejects 2 < <(tasks 1 3; echo '{"external_id":"T-2","display_name":"other"}')
  [ "$(sql "select is_active, display_name from task_cache where external_id = 'T-2'")" = 't|Task 2' ]
}

@test "ids above 2^53, as numbers and as text, keep their digits, through jq too" {
  echo '[{"id":9007199254740993,"title":"one","number":1,"state":"open"},{"id":"9007199254740995","title":"two","number":2,"state":"open"}]' >issues
  cat >map.jq <<'END'
# fetch: --paging none
{external_id: (.id | tostring), display_name: .title}
END
  run -0 timetracker-sync-tasks --source "file://$PWD/issues" --map ./map.jq
  [ "$(active)" = '9007199254740993 9007199254740995' ]
}

@test "what is not UTF-8 changes nothing" {
  run -1 sync < <(printf '{"external_id":"a","display_name":"\xff"}\n')
  [ "$(sql 'select count(*) from task_cache')" = 0 ]
}

@test "an item with U+0000 is one rejected task; one in its id counts as none, so that nothing is taken for gone" {
  tasks 1 3 | sync
  { tasks 2 3; printf '%s\n' '{"external_id":"a","display_name":"\u0000"}' '{"external_id":"b","display_name":"\\u0000"}'; } >items
  run -1 --separate-stderr sync <items
  [[ $stderr = *"'a' has a bad display_name: \u0000, which text can't hold"* ]]
  run -0 sync --max-rejects 1 --max-delete 50 <items
  [ "${lines[1]}" = 'Tasks: 1 added, 0 updated, 2 unchanged, 1 deactivated, 0 reactivated, 1 rejected' ]
  [ "$(sql "select display_name from task_cache where external_id = 'b'")" = '\u0000' ]
  run -0 sync --max-rejects 1 <<<'{"external_id":"T\u00002","display_name":"x"}'
  [ "${lines[1]}" = 'Tasks: 0 added, 0 updated, 0 unchanged, 0 deactivated, 0 reactivated, 1 rejected' ]
}

@test "the audit is written before COMMIT, and taken back where COMMIT fails" {
  sql "create function stop() returns trigger language plpgsql as 'begin raise exception ''no''; end';
    create constraint trigger stop after insert on task_cache deferrable initially deferred for each row execute function stop()"
  printf '{"cut":' >audit
  run -1 sync --audit audit < <(tasks 1 3)
  [ "$(cat audit)" = '{"cut":' ]
  run -1 --separate-stderr sync --audit /dev/full < <(tasks 1 3)
  sql 'drop trigger stop on task_cache'
  run -1 --separate-stderr sync --audit /dev/full < <(tasks 1 3)
  [[ $stderr = *'/dev/full'* ]]
  [ "$(sql 'select count(*) from task_cache')" = 0 ]
  run -0 sync --audit audit < <(tasks 1 3)
  [ "$(tail -n +2 audit | jq -r .status | paste -sd' ')" = 'added added added total' ]
}

@test "a map that fails in the midst changes nothing" {
  printf '# fetch: --lines --paging none\nif .n == 2 then error("no") else . end\n' >bad.jq
  printf '{"n":1,"external_id":"a","display_name":"A"}\n{"n":2}\n' >listing
  run -1 timetracker-sync-tasks --source "file://$PWD/listing" --map ./bad.jq
  [ "$(sql 'select count(*) from task_cache')" = 0 ]
}

@test "two at once: the second is skipped" {
  hold "select pg_advisory_xact_lock(hashtext('timetracker sync-tasks'))"
  run -0 --separate-stderr sync < <(tasks 1 3)
  [ "$output" = 'Skipped: another sync is running.' ]
  tell_holder rollback
  [ "$(active)" = '' ]
}

@test "a row that a trigger keeps is a refusal" {
  tasks 1 3 | sync
  sql "create function nothing() returns trigger language plpgsql as 'begin return null; end';
    create trigger keep before update or insert on task_cache for each row execute function nothing()"
  for change in 's/Task 2/x/' 's/T-2/T-9/'; do
    run -1 --separate-stderr sync --max-delete 100 < <(tasks 1 3 | sed "$change")
    [[ $stderr == *"was not written: the database kept it as it was. Nothing was changed." ]]
  done
}

@test "the database gone before COMMIT changes nothing, and the next run mends all" {
  tasks 1 3 | sync
  start_proxy before
  tasks 1 4 >listing
  DATABASE_URL=$proxied run -1 timetracker-sync-tasks --source "file://$PWD/listing" --map lines.jq
  [ "$(active)" = 'T-1 T-2 T-3' ]
  run -0 sync < <(tasks 1 4)
  [ "$(active)" = 'T-1 T-2 T-3 T-4' ]
}

@test "kill -9 at any moment leaves all or nothing, and the next run mends all" {
  local took round seen
  tasks 1 2000 >old
  tasks 1 2000 | sed 's/Task/Job/' >new
  took=$(milliseconds_of sync <old)
  random_rounds 4
  for round in "${rounds[@]}"; do
    cp new listing
    start timetracker-sync-tasks --source "file://$PWD/listing" --map lines.jq
    random_moment "$took"
    kill -KILL -- "-$group" 2>/dev/null || :
    finish
    wait_until_session_gone
    seen=$(sql "select count(*) filter (where display_name like 'Job%') from task_cache")
    [ "$seen" = 0 ] || [ "$seen" = 2000 ] || { echo "$round: $seen"; false; }
    sync <new
    [ "$(sql "select count(*) filter (where display_name like 'Job%') from task_cache")" = 2000 ]
    sync <old
  done
}

@test "kill -9 while it fetches, writes and checks at the end: nothing is changed, and the next run mends all" {
  tasks 1 3 | sync
  before=$(rows)
  tasks 1 4 | sed 's/Task 2/Job 2/' >listing
  cp listing new
  sql "create function wait() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(42); return null; end';
    create constraint trigger late after insert on task_cache deferrable initially deferred for each row execute function wait()"
  start_http
  answer @stall /t '200 OK' </dev/null
  for phase in fetch write check; do
    url=file://$PWD/listing
    case $phase in
    fetch) url=$source/t ;;
    write) hold 'lock table task_cache in share mode' ;;
    check) rm holder && hold 'select pg_advisory_xact_lock(42)' ;;
    esac
    start timetracker-sync-tasks --source "$url" --map lines.jq
    if [ $phase = fetch ]; then until [ -s "$http/requests" ]; do sleep 0.01; done; else wait_until_blocked; fi
    kill -KILL -- "-$group"
    finish
    [ $phase = fetch ] || tell_holder rollback
    wait_until_session_gone
    [ "$(rows)" = "$before" ] || { echo "$phase"; false; }
  done
  run -0 sync <new
  [ "$output" = 'Tasks: 1 added, 1 updated, 2 unchanged, 0 deactivated, 0 reactivated, 0 rejected' ]
}

@test "a dry run shows each change and makes none" {
  tasks 1 10 | sync
  before=$(rows)
  run -0 sync --dry-run --audit audit < <(tasks 2 11)
  [ "$output" = 'deactivated: T-1
added: T-11
Tasks: 1 added, 0 updated, 9 unchanged, 1 deactivated, 0 reactivated, 0 rejected

Dry run complete. No changes made.' ]
  [ "$(rows)" = "$before" ]
  [ ! -e audit ]
}

@test "options that do not fit are told" {
  run -2 timetracker-sync-tasks
  run -2 timetracker-sync-tasks --source x --full --incremental
  for percentage in 101 -1 x '' 1000; do
    run -2 timetracker-sync-tasks --source x "--max-delete=$percentage"
  done
  for number in -1 x ''; do
    run -2 --separate-stderr timetracker-sync-tasks --source x "--max-rejects=$number"
    [ "${stderr_lines[-1]}" = "timetracker-sync-tasks: error: argument --max-rejects: invalid int value: '$number'" ]
  done
  run -1 --separate-stderr timetracker-sync-tasks --source x --map none.jq
  [[ $stderr == *'cannot read the map '*none.jq ]]
}

# ---- the maps, each with its source's own paging ----

@test "jira.jq: offsets to a total, and what has changed by JQL" {
  start_http
  issue() { # KEY SUMMARY CATEGORY UPDATED
    jq -nc --arg k "$1" --arg s "$2" --arg c "$3" --arg u "$4" '{id: "10000", key: $k, fields: {summary: $s, updated: $u,
      status: {name: "x", statusCategory: {key: $c}}, project: {key: "TT", name: "Time"}, issuetype: {name: "Story"}, components: []}}'
  }
  answer '/rest/api/2/search?maxResults=100&startAt=0' '200 OK' <<<"{\"startAt\":0,\"total\":3,\"issues\":[$(issue TT-1 One new 2026-11-01T10:00:00.000+0000),$(issue TT-2 Two 'done' 2026-11-02T10:11:12.000+0000)]}"
  answer '/rest/api/2/search?maxResults=100&startAt=2' '200 OK' <<<"{\"startAt\":2,\"total\":3,\"issues\":[$(issue TT-3 Three indeterminate 2026-11-01T10:00:00.000+0000)]}"
  answer '/rest/api/2/search?jql=updated+%3e%3d+%222026-11-02+10%3a11%22+order+by+key&maxResults=100&startAt=0' '200 OK' <<<'{"startAt":0,"total":0,"issues":[]}'
  JIRA_TOKEN=s3cret run -0 --separate-stderr timetracker-sync-tasks --source "$source/rest/api/2/search" --map jira.jq
  [ "$(sql 'select external_id, display_name, is_active, project, task_type from task_cache order by 1')" = 'TT-1|TT-1 One|t|Time|Story
TT-2|TT-2 Two|f|Time|Story
TT-3|TT-3 Three|t|Time|Story' ]
  [ "$(grep -c 'authorization: Bearer s3cret' "$http/requests")" = 2 ]
  run -0 --separate-stderr timetracker-sync-tasks --source "$source/rest/api/2/search" --map jira.jq --incremental
  [ "$(active)" = 'TT-1 TT-3' ]
}

@test "github-issues.jq: links, pull requests left out, and what has changed by since" {
  start_http
  issue() { # NUMBER TITLE STATE [MORE]
    jq -nc --argjson n "$1" --arg t "$2" --arg s "$3" "{id: (3000000000 + \$n), node_id: \"I_\(\$n)\", number: \$n, title: \$t, state: \$s,
      updated_at: \"2026-11-0\(\$n)T00:00:00Z\", repository_url: \"https://api.github.com/repos/o/r\", labels: [{name: \"bug\"}], milestone: null} + ${4-{\}}"
  }
  answer '/issues?state=all&per_page=100' '200 OK' 'Link: <http://127.0.0.1:{port}/issues?page=2>; rel="next"' <<<"[$(issue 1 One open),$(issue 2 PR open '{pull_request: {}}')]"
  answer '/issues?page=2' '200 OK' 'Link: <http://127.0.0.1:{port}/issues>; rel="prev"' <<<"[$(issue 3 Three closed)]"
  run -0 --separate-stderr timetracker-sync-tasks --source "$source/issues?state=all" --map github-issues.jq
  [ "$(sql 'select external_id, display_name, is_active, project, fields_json from task_cache order by 1')" = 'I_1|#1 One|t|o/r|{"labels": ["bug"]}
I_3|#3 Three|f|o/r|{"labels": ["bug"]}' ]
  answer '/issues?state=all&since=2026-11-03T00%3a00%3a00Z&per_page=100' '200 OK' <<<"[$(issue 3 'Three again' open)]"
  run -0 --separate-stderr timetracker-sync-tasks --source "$source/issues?state=all" --map github-issues.jq --incremental
  [ "$output" = 'Tasks: 0 added, 0 updated, 0 unchanged, 0 deactivated, 1 reactivated, 0 rejected' ]
}

@test "docs/sync.md: a new source is the one mapping file that is shown there" {
  start_http
  sed -n '/^```jq/,/^```$/{//!p}' "$RC_TEST_FOLDER/../docs/sync.md" >jobs.jq
  page=$(sed -n 's/^    \({"jobs".*\)/\1/p' "$RC_TEST_FOLDER/../docs/sync.md")
  answer '/v1/jobs?limit=50' '200 OK' <<<"$page"
  answer '/v1/jobs?limit=50&cursor=b2Zmc2V0' '200 OK' <<<'{"jobs":[{"no":18,"name":"Wall","client":null,"done":true,"changed":"2026-11-25T11:00:00Z"}],"next":null}'
  answer '/v1/jobs?changed_after=2026-11-25T11%3a00%3a00Z&limit=50' '200 OK' <<<'{"jobs":[],"next":null}'
  PLANNER_TOKEN=x run -0 --separate-stderr timetracker-sync-tasks --source "$source/v1/jobs" --map ./jobs.jq
  [ "$(sql 'select external_id, display_name, is_active, account from task_cache order by 1')" = $'17|17 Roof|t|Smith\n18|18 Wall|f|' ]
  run -0 --separate-stderr timetracker-sync-tasks --source "$source/v1/jobs" --map ./jobs.jq --incremental
  [ "$output" = 'Tasks: 0 added, 0 updated, 0 unchanged, 0 deactivated, 0 reactivated, 0 rejected' ]
}
