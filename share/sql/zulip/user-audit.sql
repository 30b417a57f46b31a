-- {"realm_id","user_id","joined"} -> the record that the user was made, with how many there are of each role, and how many bots
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id, acting_user_id, modified_user_id)
select r.joined, false, pg_catalog.jsonb_build_object('10', pg_catalog.jsonb_build_object(
    '11', pg_catalog.jsonb_build_object('100', n.owners, '200', n.administrators, '300', n.moderators, '400', n.members, '600', n.guests),
    '12', n.bots)), 101, r.realm_id, r.user_id, r.user_id
from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int, joined timestamptz)
cross join lateral (
  select pg_catalog.count(*) filter (where not u.is_bot and u.role = 100::int2) as owners,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 200::int2) as administrators,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 300::int2) as moderators,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 400::int2) as members,
    pg_catalog.count(*) filter (where not u.is_bot and u.role = 600::int2) as guests,
    pg_catalog.count(*) filter (where u.is_bot) as bots
  from zerver_userprofile as u where u.realm_id = r.realm_id and u.is_active) as n
where r.user_id is not null
