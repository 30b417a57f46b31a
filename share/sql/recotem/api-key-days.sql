-- {"overlap","days"}, text or absent -> a refusal where they are no number of days that a key can have
select 'error' as status, pg_catalog.json_build_object('code', 'days', 'message', case
  when ($1->>'overlap')::numeric < 0::numeric then 'The overlap can''t be negative.'
  when ($1->>'days')::numeric < 1::numeric then 'A key expires after one day at the earliest.'
  else 'A key can''t expire after the year 9999.' end) as error
from (select extract(epoch from timestamptz '9999-12-31 23:59:59.999999+00' - pg_catalog.clock_timestamp())::numeric / 86400::numeric as days_left) as now
where ($1->>'overlap')::numeric not between 0::numeric and days_left or ($1->>'days')::numeric not between 1::numeric and days_left
