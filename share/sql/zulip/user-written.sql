-- what was made -> a refusal where a row of it is not there, which a trigger, a rule or a policy can bring about
select 'error' as status, pg_catalog.json_build_object('code', 'not_written', 'message', pg_catalog.concat(
  'User ''', r.email, ''' was not written: the database kept the row out (', pg_catalog.min(wanted.place), ').')) as error
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int, email text, user_id int, recipient_id int, hash text, joined timestamptz,
  message_id int, topics_mail_id bigint, team_mail_id bigint, gets_mails text, role int, announcement_id int, confirmation_key text)
cross join lateral (values
  ('zerver_userprofile', exists (select from zerver_userprofile as u where u.id = r.user_id and u.recipient_id = r.recipient_id
    and u.realm_id = r.realm_id and u.delivery_email::text = r.email and u.role = r.role and u.is_active
    and (r.hash is null or u.password::text = r.hash))),
  ('zerver_recipient', exists (select from zerver_recipient as t where t.id = r.recipient_id and t.type_id = r.user_id and t.type = 1::int2)),
  ('zerver_subscription', (select pg_catalog.count(*) from zerver_subscription as s where s.user_profile_id = r.user_id and s.active)
    = 1::bigint + (select pg_catalog.count(*) from zerver_defaultstream as d join zerver_stream as s on s.id = d.stream_id
      where d.realm_id = r.realm_id and not s.deactivated)),
  ('zerver_usergroupmembership', (select pg_catalog.count(*) from zerver_usergroupmembership as m where m.user_profile_id = r.user_id)
    = case when r.role = 400 and (select z.waiting_period_threshold from zerver_realm as z where z.id = r.realm_id) = 0 then 2::bigint else 1::bigint end),
  ('zerver_realmauditlog', (select pg_catalog.count(*) from zerver_realmauditlog as a where a.modified_user_id = r.user_id and a.realm_id = r.realm_id)
    = 1::bigint + (select pg_catalog.count(*) from zerver_usergroupmembership as m where m.user_profile_id = r.user_id)
      + (select pg_catalog.count(*) from zerver_subscription as s where s.user_profile_id = r.user_id) - 1::bigint),
  ('confirmation_confirmation', exists (select from confirmation_confirmation as c where c.object_id = r.user_id
    and c.confirmation_key::text = r.confirmation_key)),
  ('zerver_scheduledemail', r.gets_mails is null or exists (select from zerver_scheduledemail as e where e.id = r.topics_mail_id)
    and (r.role not in (100, 200) or exists (select from zerver_scheduledemail as e where e.id = r.team_mail_id))),
  ('zerver_scheduledemail_users', (select pg_catalog.count(*) from zerver_scheduledemail_users as s where s.userprofile_id = r.user_id)
    = pg_catalog.num_nonnulls(r.topics_mail_id, r.team_mail_id)),
  ('zerver_message', exists (select from zerver_message as m where m.id = r.message_id and m.recipient_id = r.recipient_id)),
  ('zerver_usermessage', exists (select from zerver_usermessage as m where m.message_id = r.message_id and m.user_profile_id = r.user_id)
    and not exists (select from zerver_onboardingusermessage as o where o.realm_id = r.realm_id
      and not exists (select from zerver_usermessage as m where m.message_id = o.message_id and m.user_profile_id = r.user_id))),
  ('zerver_onboardingstep', exists (select from zerver_onboardingstep as s where s.user_id = r.user_id))
) as wanted (place, there)
where r.user_id is not null and not coalesce(wanted.there, false)
group by r.email
