-- {} -> how far the slowest replica is behind
select case when seconds > 300 then 'fail' when seconds > 60 or hidden > 0 then 'warn' else 'ok' end as status,
  case when replicas = 0 then 'no replicas' when hidden > 0 then pg_catalog.format('%s replicas, at which this role may not look (pg_monitor may)', replicas) else pg_catalog.format('%s replicas, the slowest %s s', replicas, seconds) end as observed
from (select pg_catalog.count(*) as replicas, pg_catalog.count(*) filter (where state is null) as hidden,
  coalesce(pg_catalog.max(extract(epoch from replay_lag)), 0)::int as seconds from pg_catalog.pg_stat_replication) as r
