-- {"status","ids"} -> a refusal where a row is not as it should be, which a trigger, a rule or a policy can bring about
select 'error' as status, pg_catalog.json_build_object('code', 'not_written', 'message',
  pg_catalog.concat('User ''', r.email, ''' was not deactivated: the database kept the change out.')) as error
from pg_catalog.jsonb_to_record($1) as r (status text, email text, user_id int, ids jsonb)
where r.status = 'deactivated' and (
  exists (select from pg_catalog.jsonb_array_elements_text(r.ids) as one (id) join zerver_userprofile as u on u.id = one.id::int where u.is_active)
  or exists (select from pg_catalog.jsonb_array_elements_text(r.ids) as one (id) join zerver_subscription as s on s.user_profile_id = one.id::int
    where s.is_user_active)
  or exists (select from pg_catalog.jsonb_array_elements_text(r.ids) as one (id) where not exists (select from zerver_realmauditlog as a
    where a.modified_user_id = one.id::int and a.event_type = 103::int2))
  or exists (select from zerver_scheduledemail_users as s where s.userprofile_id = r.user_id))
