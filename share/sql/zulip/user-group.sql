-- {"realm_id","user_id","role"} -> the user is in its role's group; a member is in that of full members too, where nobody has to wait
insert into zerver_usergroupmembership (user_group_id, user_profile_id)
select g.usergroup_ptr_id, r.user_id
from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int, role int)
join zerver_realm as z on z.id = r.realm_id
join (values (1, 100, 'role:owners'), (2, 200, 'role:administrators'), (3, 300, 'role:moderators'), (4, 400, 'role:members'),
  (5, 400, 'role:fullmembers'), (6, 600, 'role:everyone')) as place (n, role, name) on place.role = r.role
join zerver_namedusergroup as g on g.realm_id = r.realm_id and g.is_system_group and g.name::text = place.name
where r.user_id is not null and (place.name <> 'role:fullmembers' or z.waiting_period_threshold = 0)
order by place.n
