-- {"status","user_id","new_role"} -> a refusal where a row is not as it should be, which a trigger, a rule or a policy can bring about
select 'error' as status, pg_catalog.json_build_object('code', 'not_written', 'message',
  pg_catalog.concat('The role of ''', r.email, ''' was not written: the database kept the change out.')) as error
from pg_catalog.jsonb_to_record($1) as r (status text, email text, realm_id int, user_id int, new_role int)
where r.status = 'changed' and (
  not exists (select from zerver_userprofile as u where u.id = r.user_id and u.role = r.new_role)
  or not exists (select from zerver_realmauditlog as a where a.modified_user_id = r.user_id and a.event_type = 105::int2)
  or (select pg_catalog.string_agg(g.name::text, ' ' order by g.name::text) from zerver_usergroupmembership as m
    join zerver_namedusergroup as g on g.usergroup_ptr_id = m.user_group_id
    where m.user_profile_id = r.user_id and g.realm_id = r.realm_id and g.is_system_group and g.name::text <> 'role:fullmembers')
    is distinct from case r.new_role when 100 then 'role:owners' when 200 then 'role:administrators' when 300 then 'role:moderators'
      when 400 then 'role:members' else 'role:everyone' end)
