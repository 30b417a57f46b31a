-- {"status","realm_id","user_id","old_role","new_role"} -> the record of that, with how many there are of each role after it
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id, modified_user_id)
select pg_catalog.statement_timestamp(), false, pg_catalog.jsonb_build_object('1', r.old_role, '2', r.new_role, '10', pg_catalog.jsonb_build_object(
    '11', pg_catalog.jsonb_build_object('100', n.owners, '200', n.administrators, '300', n.moderators, '400', n.members, '600', n.guests),
    '12', n.bots)), 105, r.realm_id, r.user_id
from pg_catalog.jsonb_to_record($1) as r (status text, realm_id int, user_id int, old_role int, new_role int)
cross join lateral (
  select pg_catalog.count(*) filter (where not u.is_bot and u.role = 100::int2) as owners,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 200::int2) as administrators,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 300::int2) as moderators,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 400::int2) as members,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 600::int2) as guests,
    pg_catalog.count(*) filter (where u.is_bot) as bots
  from zerver_userprofile as u where u.realm_id = r.realm_id and u.is_active) as n
where r.status = 'changed'
