-- {"status","realm_id","user_id","old_role","new_role"} -> the records of the groups that it leaves (704) and joins (703)
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id, modified_user_id, modified_user_group_id)
select pg_catalog.statement_timestamp(), false, '{}', place.event, r.realm_id, r.user_id, g.usergroup_ptr_id
from pg_catalog.jsonb_to_record($1) as r (status text, realm_id int, user_id int, old_role int, new_role int)
join zerver_realm as z on z.id = r.realm_id
join zerver_userprofile as u on u.id = r.user_id
cross join lateral (
  select 704, role.n, role.name from (values (1, 100, 'role:owners'), (2, 200, 'role:administrators'), (3, 300, 'role:moderators'),
    (4, 400, 'role:members'), (5, 400, 'role:fullmembers'), (6, 600, 'role:everyone')) as role (n, role, name) where role.role = r.old_role
  union all
  select 703, role.n, role.name from (values (1, 100, 'role:owners'), (2, 200, 'role:administrators'), (3, 300, 'role:moderators'),
    (4, 400, 'role:members'), (5, 400, 'role:fullmembers'), (6, 600, 'role:everyone')) as role (n, role, name) where role.role = r.new_role
) as place (event, n, name)
join zerver_namedusergroup as g on g.realm_id = r.realm_id and g.is_system_group and g.name::text = place.name
where r.status = 'changed'
  and (place.event = 703 and (place.name <> 'role:fullmembers' or u.date_joined + interval '1 day' * z.waiting_period_threshold::float8 <= pg_catalog.statement_timestamp()) or place.event = 704 and exists (
    select from zerver_usergroupmembership as m where m.user_profile_id = r.user_id and m.user_group_id = g.usergroup_ptr_id))
order by place.event desc, place.n
