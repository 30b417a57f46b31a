-- {"realm_id"} -> the records that the groups were made, and which is in which
with made as (
  select g.usergroup_ptr_id as id from pg_catalog.jsonb_to_record($1) as r (realm_id int)
  join zerver_namedusergroup as g on g.realm_id = r.realm_id
), pairs as (
  select m.id, m.supergroup_id as super, m.subgroup_id as sub from zerver_groupgroupmembership as m join made on made.id = m.supergroup_id
), events as (
  select 0 as place, made.id as after, 701 as event, made.id as on_group, '{}'::jsonb as extra from made
  union all
  select 1, id, 705, super, pg_catalog.jsonb_build_object('subgroup_ids', pg_catalog.jsonb_build_array(sub)) from pairs
  union all
  select 1, id, 707, sub, pg_catalog.jsonb_build_object('supergroup_ids', pg_catalog.jsonb_build_array(super)) from pairs
)
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id, modified_user_group_id)
select pg_catalog.statement_timestamp(), false, e.extra, e.event, r.realm_id, e.on_group
from events as e, pg_catalog.jsonb_to_record($1) as r (realm_id int)
order by e.place, e.after, e.event
