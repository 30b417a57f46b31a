-- what was made -> a refusal where a row of it is not there, which a trigger, a rule or a policy can bring about
select 'error' as status, pg_catalog.json_build_object('code', 'not_written', 'message', pg_catalog.concat(
  'Organization ''', r.string_id, ''' was not written: the database kept the row out (', pg_catalog.min(wanted.place), ').')) as error
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int, string_id text)
cross join lateral (values
  ('zerver_realm', exists (select from zerver_realm as z where z.id = r.realm_id and z.string_id::text = r.string_id
    and z.can_create_groups_id > 0::bigint and (r.kind = 'internal' or z.zulip_update_announcements_level = 15))),
  ('zerver_realmuserdefault', exists (select from zerver_realmuserdefault as d where d.realm_id = r.realm_id)),
  ('zerver_namedusergroup', (select pg_catalog.count(*) from zerver_namedusergroup as g where g.realm_id = r.realm_id) = 8::bigint),
  ('zerver_groupgroupmembership', (select pg_catalog.count(*) from zerver_groupgroupmembership as m
    join zerver_namedusergroup as g on g.usergroup_ptr_id = m.supergroup_id where g.realm_id = r.realm_id) = 6::bigint),
  ('zerver_realmauthenticationmethod', (select pg_catalog.count(*) from zerver_realmauthenticationmethod as a where a.realm_id = r.realm_id) = 11::bigint),
  ('zerver_presencesequence', exists (select from zerver_presencesequence as p where p.realm_id = r.realm_id)),
  ('zerver_realmauditlog', (select pg_catalog.count(*) from zerver_realmauditlog as a where a.realm_id = r.realm_id
    and a.event_type in (215::int2, 701::int2, 705::int2, 707::int2, 601::int2)) = case when r.kind = 'internal' then 21::bigint else 24::bigint end),
  ('zerver_client', exists (select from zerver_client as c where c.name::text = 'Internal')),
  ('zerver_userprofile', r.kind <> 'internal' or (select pg_catalog.count(*) from zerver_userprofile as u
    where u.realm_id = r.realm_id and u.bot_owner_id = u.id and u.recipient_id is not null) = 7::bigint),
  ('zerver_subscription', r.kind <> 'internal' or (select pg_catalog.count(*) from zerver_userprofile as u
    join zerver_subscription as s on s.user_profile_id = u.id where u.realm_id = r.realm_id) = 7::bigint),
  ('zerver_usergroupmembership', r.kind <> 'internal' or (select pg_catalog.count(*) from zerver_userprofile as u
    join zerver_usergroupmembership as m on m.user_profile_id = u.id where u.realm_id = r.realm_id) = 14::bigint),
  ('zerver_stream', r.kind = 'internal' or (select pg_catalog.count(*) from zerver_stream as s
    where s.realm_id = r.realm_id and s.recipient_id is not null and s.first_message_id is not null) = 3::bigint),
  ('zerver_defaultstream', r.kind = 'internal' or (select pg_catalog.count(*) from zerver_defaultstream as d where d.realm_id = r.realm_id) = 3::bigint),
  ('zerver_message', r.kind = 'internal' or (select pg_catalog.count(*) from zerver_message as m where m.realm_id = r.realm_id) = 13::bigint),
  ('zerver_onboardingusermessage', r.kind = 'internal' or (select pg_catalog.count(*) from zerver_onboardingusermessage as o
    where o.realm_id = r.realm_id) = 12::bigint),
  ('zerver_reaction', r.kind = 'internal' or exists (select from zerver_reaction as e join zerver_message as m on m.id = e.message_id
    where m.realm_id = r.realm_id))
) as wanted (place, there)
where r.realm_id is not null and not coalesce(wanted.there, false)
group by r.string_id
