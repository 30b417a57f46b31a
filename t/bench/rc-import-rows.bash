#!/usr/bin/env bash
# Rows in against their peers: ready binary data by psql's \copy, json staging and json_populate_recordset, and for
# upsert a temporary table filled by \copy and the same ON CONFLICT; and, once, orjson and psycopg's COPY. ROWS rows (default: 1,000,000) of 12 mixed columns.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"
rows=${ROWS:-1000000} runs=${RUNS:-3}

sql() { psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" "${@/#/-c}"; }
sql 'drop table if exists bench_source, bench_target' "create table bench_source as
  select i::bigint as id, md5(i::text)::uuid as key, (i % 7)::int2 as kind, i * 3 as number, 'name ' || i || ' żółć \"q\"' as name, i % 3 = 0 as active,
    timestamptz '2024-01-01' + i * interval '1.000001 s' as made, date '2020-01-01' + i % 3000 as day,
    jsonb_build_object('id', i, 'tags', array['x', 'y'], 'note', 'text ' || i) as details, array[i, i + 1, i + 2] as list,
    (i * 1.07)::numeric(12,2) as amount, sqrt(i) as ratio
  from generate_series(1, $rows) i" 'alter table bench_source add primary key (id)' 'create table bench_target (like bench_source)' 2>/dev/null
copy() { psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "\\copy $1"; }
copy "(select * from bench_source order by id) to '$folder/rows.bin' (format binary)"
psql -XAtq "$DATABASE_URL" -c 'select row_to_json(s) from bench_source s order by id' -o "$folder/rows.ndjson"

empty() { sql 'truncate bench_target'; }
half() { empty; sql "insert into bench_target select * from bench_source where id % 2 = 0" "update bench_target set name = 'old'" 'vacuum analyze bench_target'; }
old() { sql "update bench_target set name = 'old'" 'vacuum bench_target'; }

import() { rc-import-rows --table bench_target --mode "$1" "$folder/rows.ndjson"; }
binary() { copy "bench_target from '$folder/rows.bin' (format binary)"; }
# A whole line for each record: control characters that no JSON text has stand for COPY's quote and delimiter.
staging() {
  psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<END
begin; create temporary table stage (r json) on commit drop;
\\copy stage from '$folder/rows.ndjson' (format csv, quote e'\\x01', delimiter e'\\x02')
insert into bench_target select p.* from stage, json_populate_record(null::bench_target, r) p; commit;
END
}
columns=$(sql "select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = 'bench_target'::regclass and attnum > 1")
limit() {
  psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<END
begin; create temporary table stage (like bench_target) on commit drop;
\\copy stage from '$folder/rows.bin' (format binary)
insert into bench_target as t select * from stage on conflict (id) do update set ($columns) = row(excluded.${columns//,/,excluded.})
  where (t.${columns//,/,t.}) is distinct from (excluded.${columns//,/,excluded.});
commit;
END
}

for ((i = 0; i < runs; i++)); do
  empty; run_timed import import insert
  empty; run_timed copy-binary binary
  empty; run_timed json-staging staging
done
install_peer psycopg
empty
! has_peer psycopg || run_timed psycopg+orjson psycopg_rows import bench_target "$folder/rows.ndjson"
empty
sql 'alter table bench_target add primary key (id)'
for ((i = 0; i < runs; i++)); do
  half; run_timed upsert import upsert
  sql 'vacuum bench_target'; run_timed unchanged import upsert
  old; run_timed all-changed import upsert
  half; run_timed on-conflict limit
done

code=0
report "insert $rows rows" import copy-binary 1.176 || code=1
report 'the same and json staging' import json-staging 0.333 || code=1
! has_peer psycopg || report 'the same and psycopg, orjson' import psycopg+orjson 1 || code=1
report 'upsert, half of the keys there' upsert on-conflict 1.111 || code=1
report 'nothing changed and all' unchanged all-changed 0.5 || code=1
sql 'drop table bench_source, bench_target'
exit $code
