#!/usr/bin/env bash
# timetracker-sync-tasks against psql: 100,000 tasks of which 1 % has changed, and none; beside it Django's bulk_create(update_conflicts=True).
# ROWS=N makes the listing shorter.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

rows=${ROWS:-100000} server=$DATABASE_URL
share=$(dirname -- "$(command -v rc-say)")/../share/rc
psql=$(pg_config --bindir)/psql
export RC_EVENTS=''
install_peer django_tasks

"$psql" -Xq "$server" -v ON_ERROR_STOP=1 -c 'create database bench'
DATABASE_URL=${server/'/postgres?'//bench?}
"$psql" -Xq "$DATABASE_URL" -v ON_ERROR_STOP=1 -f "$share/sql/timetracker/schema.sql"

# Two listings that differ in every hundredth task, as records and as what \copy reads.
for state in one two; do
  perl -e 'my ($rows, $state) = @ARGV; for (1 .. $rows) {
      my $name = $_ % 100 ? "Task number $_ of the project" : "Task number $_ in state $state";
      print qq({"external_id":"T-$_","display_name":"$name","is_active":true,"account":"Account @{[$_ % 50]}","project":"Project @{[$_ % 500]}","phase":"Phase @{[$_ % 5]}","department":"IT","task_type":"Story","updated_at":"2026-11-25T10:00:00Z"}\n) }' \
    "$rows" "$state" >"$folder/$state"
  jq -r '[.external_id, .display_name, .is_active, .account, .project, .phase, .department, .task_type] | @csv' "$folder/$state" >"$folder/$state.csv"
done

sync() { timetracker-sync-tasks --source "file://$folder/$1" --map lines.jq; }
statements() {
  "$psql" -Xq "$DATABASE_URL" -v ON_ERROR_STOP=1 <<END
begin;
create temporary table t (external_id text, display_name text, is_active boolean, account text, project text, phase text, department text, task_type text) on commit drop;
\\copy t from '$folder/$1.csv' (format csv)
update task_cache c set display_name = t.display_name, search_text = lower(t.display_name), is_active = t.is_active, account = t.account,
  project = t.project, phase = t.phase, department = t.department, task_type = t.task_type, synced_at = now()
from t where c.external_id = t.external_id
  and (c.display_name, c.is_active, c.account, c.project, c.phase, c.department, c.task_type)
    is distinct from (t.display_name, t.is_active, t.account, t.project, t.phase, t.department, t.task_type);
insert into task_cache (external_id, display_name, search_text, is_active, account, project, phase, department, task_type, synced_at)
select external_id, display_name, lower(display_name), is_active, account, project, phase, department, task_type, now() from t
where not exists (select from task_cache c where c.external_id = t.external_id);
update task_cache c set is_active = false, synced_at = now() where is_active and not exists (select from t where t.external_id = c.external_id);
commit;
END
}
written() { "$psql" -XAtq "$DATABASE_URL" -c 'select pg_stat_force_next_flush()' -c "select n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables where relname = 'task_cache'" | tail -n 1; }

sync one >/dev/null
"$psql" -Xq "$DATABASE_URL" -c 'vacuum analyze task_cache'
output=$folder/out
for _ in 1 2 3 4 5; do
  run_timed sync-tasks sync two
  run_timed psql statements one
done
sync two >"$folder/out"
grep -q "$((rows / 100)) updated, $((rows - rows / 100)) unchanged" "$folder/out" || { echo 'not the hundredth part was changed' >&2; exit 1; }
before=$(written)
for _ in 1 2 3 4 5; do
  run_timed nothing-changed sync two
  run_timed psql-nothing statements two
done
[[ $(written) == "$before" ]] || { echo 'rows were written where nothing had changed' >&2; exit 1; }
for state in one two; do
  ! has_peer django_tasks || run_timed django django_tasks "$folder/$state"
done
"$psql" -Xq "$server" -c 'drop database bench'

code=0
report "sync of $rows tasks, 1 % changed" sync-tasks psql 1.5 || code=1
report "sync of $rows tasks, nothing changed" nothing-changed psql-nothing 1.5 || code=1
! has_peer django_tasks ||
  awk -v django="$(median django)" -v rc="$(median sync-tasks)" 'BEGIN { printf "Django, bulk_create(update_conflicts=True): %.3f s, sync-tasks %.3f of it\n", django / 1e6, rc / django }'
exit $code
