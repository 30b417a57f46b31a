-- the records of the import: that the organization was made, where the export has none, that it is hosted by itself, and that it was
-- imported, with how many there are of each role, and how many bots
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id)
select e.at, e.event = 215, e.extra, e.event, z.id
from pg_temp.import_rows as r
join pg_temp.import_ids as i on i.relation = 'zerver_realm' and i.old = (r.element->>'id')::bigint
join zerver_realm as z on z.id = i.new
cross join lateral (
  select pg_catalog.jsonb_build_object('10', pg_catalog.jsonb_build_object('11', pg_catalog.jsonb_build_object(
    '100', pg_catalog.count(*) filter (where not u.is_bot and u.role = 100::int2), '200', pg_catalog.count(*) filter (where not u.is_bot and u.role = 200::int2),
    '300', pg_catalog.count(*) filter (where not u.is_bot and u.role = 300::int2), '400', pg_catalog.count(*) filter (where not u.is_bot and u.role = 400::int2),
    '600', pg_catalog.count(*) filter (where not u.is_bot and u.role = 600::int2)), '12', pg_catalog.count(*) filter (where u.is_bot))) as counts
  from zerver_userprofile as u where u.realm_id = z.id and u.is_active) as n
cross join lateral (values
  (1, 215, z.date_created, '{}'::jsonb),
  (2, 204, pg_catalog.statement_timestamp(), pg_catalog.jsonb_build_object('old_value', (r.value->>'plan_type')::int, 'new_value', 1)),
  (3, 229, pg_catalog.statement_timestamp(), n.counts)) as e (place, event, at, extra)
where r.name = 'zerver_realm' and r.element is not null
  and (e.event <> 215 or not exists (select from zerver_realmauditlog as a where a.realm_id = z.id and a.event_type = 215::int2))
order by e.place
