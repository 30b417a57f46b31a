-- {"known","dry_run"} -> a record for each version that this transaction applied; a refusal where the tables are newer than the command
select version, case when $1->>'dry_run' = 'yes' then 'would_apply' else 'applied' end as status, null::json as error
from kfm.versions
where applied_at = pg_catalog.now()
union all
select pg_catalog.max(version), 'error', pg_catalog.json_build_object('code', 'newer', 'message', pg_catalog.format(
  'KFM''s tables have version %s, and this command knows up to %s.', pg_catalog.max(version), $1->>'known'))
from kfm.versions
having pg_catalog.max(version) > ($1->>'known')::int
order by 1
