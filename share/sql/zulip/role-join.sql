-- {"status","realm_id","user_id","new_role"} -> and joins those of the new one; a member the full members too, where it has waited as long as they must
insert into zerver_usergroupmembership (user_group_id, user_profile_id)
select g.usergroup_ptr_id, r.user_id
from pg_catalog.jsonb_to_record($1) as r (status text, realm_id int, user_id int, new_role int)
join zerver_realm as z on z.id = r.realm_id
join zerver_userprofile as u on u.id = r.user_id
join (values (1, 100, 'role:owners'), (2, 200, 'role:administrators'), (3, 300, 'role:moderators'), (4, 400, 'role:members'),
  (5, 400, 'role:fullmembers'), (6, 600, 'role:everyone')) as place (n, role, name) on place.role = r.new_role
join zerver_namedusergroup as g on g.realm_id = r.realm_id and g.is_system_group and g.name::text = place.name
where r.status = 'changed' and (place.name <> 'role:fullmembers' or u.date_joined + interval '1 day' * z.waiting_period_threshold::float8 <= pg_catalog.statement_timestamp())
order by place.n
