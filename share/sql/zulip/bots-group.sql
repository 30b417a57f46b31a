-- {"kind","realm_id"} -> the system bots are members, and full ones
insert into zerver_usergroupmembership (user_group_id, user_profile_id)
select g.usergroup_ptr_id, u.id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_userprofile as u, zerver_namedusergroup as g
where r.kind = 'internal' and u.realm_id = r.realm_id and g.realm_id = r.realm_id and g.name::text in ('role:members', 'role:fullmembers')
order by u.id, g.usergroup_ptr_id desc
