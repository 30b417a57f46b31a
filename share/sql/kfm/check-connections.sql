-- {} -> how many connections are left
select case when free * 20 < most then 'fail' when free * 10 < most then 'warn' else 'ok' end as status,
  pg_catalog.format('%s of %s left', free, most) as observed
from (select most, most - (select pg_catalog.sum(numbackends)::int from pg_catalog.pg_stat_database) as free -- not every role sees what others' are
  from (select pg_catalog.current_setting('max_connections')::int - pg_catalog.current_setting('superuser_reserved_connections')::int as most) as m) as c
