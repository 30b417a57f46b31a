-- {"realm_id"} -> the groups of that realm become the system's, in their order; nobody may change them
-- A text has a name and its Markdown; group-owners, for example, is the description of role:owners.
insert into zerver_namedusergroup (usergroup_ptr_id, name, description, is_system_group, realm_id, deactivated,
  can_mention_group_id, can_manage_group_id, can_join_group_id, can_add_members_group_id, can_leave_group_id,
  can_remove_members_group_id)
select g.id, pg_catalog.concat('role:', role.name), coalesce(t.markdown, ''), true, g.realm_id, false,
  g.first, g.first, g.first, g.first, g.first, g.first
from pg_catalog.jsonb_to_record($1) as r (realm_id int)
cross join lateral (
  select u.id, u.realm_id, pg_catalog.row_number() over (order by u.id) as n, pg_catalog.min(u.id) over () as first
  from zerver_usergroup as u where u.realm_id = r.realm_id) as g
join (values (1::bigint, 'nobody'), (2, 'owners'), (3, 'administrators'), (4, 'moderators'), (5, 'fullmembers'), (6, 'members'),
  (7, 'everyone'), (8, 'internet')) as role (n, name) on role.n = g.n
left join pg_catalog.jsonb_to_recordset(pg_catalog.current_setting('rc.texts')::jsonb) as t (name text, markdown text) on t.name = pg_catalog.concat('group-', role.name)
order by g.id
