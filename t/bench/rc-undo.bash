#!/usr/bin/env bash
# What --undo-log, and a plan that is applied, cost on an update of 1,000,000 rows, or ROWS. The table is made anew for each, so that
# none finds the dead rows of the one before.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

rows=${ROWS:-1000000}
sql() { psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "$1"; }
make_table() {
  sql "drop table if exists bench_undo; create table bench_undo (id bigint primary key, name text not null, owner_id int, email text not null,
      note text, amount numeric(12,2), active boolean not null, at timestamptz not null);
    insert into bench_undo select i, 'name ' || i, i % 100, 'user' || i || '@example.org', repeat('x', i % 60), i / 7.0, i % 2 = 0, now() from generate_series(1, $rows) i;
    create index on bench_undo (owner_id); create index on bench_undo (email); create index on bench_undo (at)"
  sql 'vacuum analyze bench_undo'
  sql checkpoint
}
cat >"$folder/update.sql" <<'END_SQL'
update bench_undo set owner_id = 7, note = note || '.'
END_SQL
echo '{}' >"$folder/record"
change() { rc-db-apply "$@" "$folder/update.sql" "$folder/record"; }

for _ in $(seq "${RUNS:-5}"); do
  make_table
  run_timed plain change
  make_table
  rm -f "$folder/log"
  run_timed undo-log change --undo-log "$folder/log" --watch bench_undo
  run_timed undo rc-undo --quiet "$folder/log"
  rm -f "$folder/plan" "$folder/plan.applied"
  make_table
  run_timed plan change --plan "$folder/plan" --watch bench_undo
  make_table
  rm -f "$folder/plan" "$folder/plan.applied"
  change --plan "$folder/plan" --watch bench_undo
  sql 'vacuum bench_undo'
  sql checkpoint
  run_timed applied change --apply "$folder/plan"
done
code=0
report "update $rows rows with --undo-log" undo-log plain 1.5 || code=1
report 'apply a plan of them' applied plain 1.5 || code=1
report 'make the plan' plan plain 2 || code=1
report 'take it back' undo plain 6 || code=1
exit $code
