-- {"realm_id","email","user_id","status"} -> a refusal where the insert made no row
select 'error' as status, case
  when exists (select from zerver_userprofile as u where u.realm_id = r.realm_id
      and (pg_catalog.upper(u.delivery_email::text) = pg_catalog.upper(r.email) or pg_catalog.upper(u.email::text) = pg_catalog.upper(r.email)))
    then pg_catalog.json_build_object('code', 'exists', 'message', 'User already exists.')
  else pg_catalog.json_build_object('code', 'not_written', 'message',
    pg_catalog.concat('User ''', r.email, ''' was not written: the database kept the row out.'))
  end as error
from pg_catalog.jsonb_to_record($1) as r (realm_id int, email text, user_id int, status text)
where r.email is not null and r.user_id is null and r.status is null
