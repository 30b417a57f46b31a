-- {"realm_id","ids"} -> the records of that, with how many there are of each role after it, and how many bots
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id, modified_user_id)
select pg_catalog.statement_timestamp(), false, pg_catalog.jsonb_build_object('10', pg_catalog.jsonb_build_object(
    '11', pg_catalog.jsonb_build_object('100', n.owners + own.owners, '200', n.administrators + own.administrators,
      '300', n.moderators + own.moderators, '400', n.members + own.members, '600', n.guests + own.guests),
    '12', n.bots + own.bots)), 103, r.realm_id, one.id::int
from pg_catalog.jsonb_to_record($1) as r (realm_id int, ids jsonb)
cross join lateral pg_catalog.jsonb_array_elements_text(r.ids) with ordinality as one (id, n)
cross join lateral (
  select pg_catalog.count(*) filter (where not u.is_bot and u.role = 100::int2) as owners,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 200::int2) as administrators,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 300::int2) as moderators,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 400::int2) as members,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 600::int2) as guests,
    pg_catalog.count(*) filter (where u.is_bot) as bots
  from zerver_userprofile as u where u.realm_id = r.realm_id and u.is_active) as n
cross join lateral ( -- those that come after it were still active at its time
  select pg_catalog.count(*) filter (where not u.is_bot and u.role = 100::int2) as owners,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 200::int2) as administrators,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 300::int2) as moderators,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 400::int2) as members,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 600::int2) as guests,
    pg_catalog.count(*) filter (where u.is_bot) as bots
  from pg_catalog.jsonb_array_elements_text(r.ids) with ordinality as later (id, n) join zerver_userprofile as u on u.id = later.id::int
  where later.n > one.n) as own
order by one.n
