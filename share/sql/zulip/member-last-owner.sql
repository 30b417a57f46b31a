-- {"realm_id","user_id","old_role","new_role"} -> a refusal where the organization would be left without an owner
select 'error' as status, pg_catalog.json_build_object('code', 'last_owner', 'message',
  pg_catalog.concat('''', r.email, ''' is the only owner of the organization; make another one first.')) as error
from pg_catalog.jsonb_to_record($1) as r (email text, realm_id int, user_id int, old_role int, new_role int, is_active bool)
where r.is_active and r.old_role = 100 and r.new_role is distinct from 100
  and not exists (select from zerver_userprofile as u where u.realm_id = r.realm_id and u.id <> r.user_id and u.role = 100::int2
    and u.is_active and not u.is_bot)
