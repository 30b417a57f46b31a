#!/usr/bin/env bash
# kfm-reindex --targets catalog against the same SQL in psql, over 200,000 documents; and kfm-smoke-test --all, which must take
# less than two seconds when all is well. ROWS=N has fewer.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

rows=${ROWS:-200000} server=$DATABASE_URL
psql=$(pg_config --bindir)/psql
share=$(dirname -- "$(command -v rc-say)")/../share/rc
"$psql" -Xq "$server" -v ON_ERROR_STOP=1 -c 'create database bench_catalog'
export DATABASE_URL=${server/'/postgres?'//bench_catalog?} RC_EVENTS=''
kfm-migrate >/dev/null
"$psql" -Xq "$DATABASE_URL" -v ON_ERROR_STOP=1 <<END
insert into kfm.datasets (id, title) select 'd' || n, 'Dataset ' || n from generate_series(1, 20) as n;
insert into kfm.documents (id, dataset_id, title, attributes)
select 'd:' || n, 'd' || 1 + n % 20, 'Number ' || n, jsonb_build_object('license', 'CC' || n % 3, 'year', 1800 + n % 100) from generate_series(1, $rows) as n;
analyze kfm.documents;
END
statements() { "$psql" -Xq -v ON_ERROR_STOP=1 -1 "$DATABASE_URL" -f "$share/sql/kfm/reindex-catalog.sql"; }
reindex() { kfm-reindex --targets catalog; }
reindex >/dev/null
for _ in 1 2 3 4 5; do
  run_timed psql statements
  run_timed kfm-reindex reindex
done
kfm-reindex --targets search,graph >/dev/null
smoke() { kfm-smoke-test --all; }
limit() { sleep 2; }
for _ in 1 2 3; do
  run_timed smoke-test smoke
  run_timed two-seconds limit
done
"$psql" -Xq "$server" -c 'drop database bench_catalog with (force)'

code=0
report "catalogue of $rows documents" kfm-reindex psql 1.15 || code=1
report 'kfm-smoke-test --all' smoke-test two-seconds 1 || code=1
exit $code
