-- {"kind","realm_id"} -> the records of the system bots: made, put into their groups, allowed to send for others
with bots as (
  select u.id, u.realm_id, u.date_joined, u.can_forge_sender
  from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_userprofile as u
  where r.kind = 'internal' and u.realm_id = r.realm_id
), events as (
  select 1 as place, id as after, 0::bigint as then_after, 101 as event, id, realm_id, date_joined as at, null::bigint as on_group, '{}'::jsonb as extra
  from bots
  union all
  select 2, b.id, m.id, 703, b.id, b.realm_id, pg_catalog.statement_timestamp(), m.user_group_id, '{}'
  from bots as b join zerver_usergroupmembership as m on m.user_profile_id = b.id
  union all
  select 3, id, 0, 108, id, realm_id, pg_catalog.statement_timestamp(), null,
    pg_catalog.jsonb_build_object('1', false, '2', true, 'property', 'can_forge_sender')
  from bots where can_forge_sender
)
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id, modified_user_id, modified_user_group_id)
select at, false, extra, event, realm_id, id, on_group from events order by place, after, then_after
