#!/usr/bin/env bash
# rc-export-rows against psql: the server's JSON by COPY and by SELECT, and the server's COPY binary thrown away; and, once,
# against programs of psycopg and orjson, node's pg and Go's pgx, as far as they can be installed.
# ROWS=N for another number of rows than 1,000,000.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"
rows=${ROWS:-1000000}

psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<END
set client_min_messages = warning;
drop table if exists rc_bench_rows;
create table rc_bench_rows as select i::int8 as id, 'user ' || i || ' of "many"' as name, i % 3 = 0 as active, (hashint4(i) / 100.0)::numeric(14,2) as amount,
  hashint4(i) / 1e5::float8 as score, '2026-01-01'::timestamptz + i * interval '61.5 s' as created, '2020-01-01'::date + i % 1000 as day,
  jsonb_build_object('k', i, 'tags', array['a', 'b'], 'n', null, 'text', 'hello "world"') as doc, array[i, i + 1, i + 2] as ints,
  array['x' || i, 'é"'] as texts, 'ünïcode 😀 ' || i || E'\n' as comment, md5(i::text)::uuid as u
from generate_series(1, $rows) i;
vacuum analyze rc_bench_rows;
END

run_psql() { psql -X -q "$@" -v ON_ERROR_STOP=1 "$DATABASE_URL"; }
for _ in 1 2 3 4 5; do
  run_timed rc-export-rows rc-export-rows --table rc_bench_rows
  run_timed copy-json run_psql -c 'copy (select row_to_json(r) from rc_bench_rows r) to stdout'
  run_timed select-json run_psql -At -c 'select row_to_json(r) from rc_bench_rows r'
  run_timed copy-binary run_psql -c 'copy rc_bench_rows to stdout (format binary)'
done
for peer in psycopg node pgx; do install_peer "$peer"; done
! has_peer psycopg || run_timed psycopg+orjson psycopg_rows export rc_bench_rows
! has_peer node || run_timed node-pg node_rows rc_bench_rows
! has_peer pgx || run_timed go-pgx pgx_rows rc_bench_rows

# memory: the highest resident size that was seen
rc-export-rows --table rc_bench_rows >/dev/null &
pid=$! peak=0
while kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null) && [[ $kb ]]; do peak=$kb; done
wait "$pid"
printf '%-34s rc-export-rows %d kB resident at most\n' "memory, $rows rows" "$peak"

code=0
report "export $rows rows, COPY of JSON" rc-export-rows copy-json 0.4 || code=1
report "export $rows rows, SELECT of JSON" rc-export-rows select-json 0.3333 || code=1
report "export $rows rows, COPY binary" rc-export-rows copy-binary 1.176 || code=1
! has_peer psycopg || report "the same, psycopg and orjson" rc-export-rows psycopg+orjson 1 || code=1
! has_peer node || report "the same, node pg" rc-export-rows node-pg 1 || code=1
! has_peer pgx || report "the same, Go pgx" rc-export-rows go-pgx 1 || code=1
((peak <= 12000)) || code=1
psql -Xq "$DATABASE_URL" -c 'drop table rc_bench_rows'
exit $code
