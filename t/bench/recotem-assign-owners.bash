#!/usr/bin/env bash
# recotem-assign-owners against psql: 1,000,000 rows a table, and nothing to do.
# ROWS=N makes the tables smaller.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

rows=${ROWS:-1000000} server=$DATABASE_URL
share=$(dirname -- "$(command -v rc-say)")/../share/rc
psql=$(pg_config --bindir)/psql
export RC_EVENTS=$folder/events

url() { printf '%s' "${server/'/postgres?'//$1?}"; }
on_server() { PGOPTIONS='-c client_min_messages=warning' "$psql" -Xq "$server" -v ON_ERROR_STOP=1 -c "$1"; }

on_server 'create database bench'
"$psql" -Xq "$(url bench)" -v ON_ERROR_STOP=1 -v bench=1 -v scale="$rows" \
  -f "$share/sql/recotem/schema.sql" -f "$share/demo/recotem-data.sql" >/dev/null

updates() {
  "$psql" -Xq "$(url copy)" -v ON_ERROR_STOP=1 <<'END'
begin;
update api_project set owner_id = (select id from auth_user where username = 'alice') where owner_id is null;
update api_splitconfig set created_by_id = (select id from auth_user where username = 'alice') where created_by_id is null;
update api_evaluationconfig set created_by_id = (select id from auth_user where username = 'alice') where created_by_id is null;
set constraints all immediate;
commit;
END
}
assign() { DATABASE_URL=$(url copy) recotem-assign-owners --user alice; }
select_1() { "$psql" -X "$(url copy)" -c 'select 1'; }

on_fresh_copy() {
  on_server 'drop database if exists copy'
  on_server 'create database copy template bench'
  on_server 'checkpoint'
  run_timed "$@"
}

output=$folder/out
for _ in 1 2 3; do
  on_fresh_copy psql updates
  on_fresh_copy recotem-assign-owners assign
done
grep -q "Project: $rows record(s) assigned to 'alice'" "$folder/out" || { echo 'not all rows were assigned' >&2; exit 1; }
"$psql" -Xq "$(url copy)" -c 'vacuum analyze' # or the server's way through a million dead rows would be measured
for _ in {1..21}; do
  run_timed select-1 select_1
  run_timed nothing-to-do assign
done
on_server 'drop database copy'
on_server 'drop database bench'

code=0
report "owners of 3 x $rows rows" recotem-assign-owners psql 1.15 || code=1
report 'owners, nothing to do' nothing-to-do select-1 2.6 || code=1
exit $code
