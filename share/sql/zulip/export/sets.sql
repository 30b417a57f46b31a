-- What the rows of an export are chosen by, for the query that comes after it.
-- rc.realm_id is the organization, rc.type 1 for what is public, 2 for that and what those who agreed may see, 3 for all;
-- rc.first and rc.last are the first and last message that count.
with realm as (
  select z.id, pg_catalog.current_setting('rc.type')::int as type,
    pg_catalog.concat(z.string_id, case when z.string_id::text <> '' then '.' end, pg_catalog.current_setting('rc.external_host')) as host
  from zerver_realm as z where z.id = pg_catalog.current_setting('rc.realm_id')::int
), bots as (
  select u.email, u.id, u.recipient_id
  from zerver_userprofile as u join zerver_realm as z on z.id = u.realm_id
  where z.string_id::text = 'zulipinternal' and z.id <> (select id from realm)
    and u.email::text in ('emailgateway@zulip.com', 'notification-bot@zulip.com', 'welcome-bot@zulip.com')
  order by u.email
), users as (
  select u.* from zerver_userprofile as u
  where u.realm_id = (select id from realm)
    and u.email::text not in ('emailgateway@zulip.com', 'notification-bot@zulip.com', 'welcome-bot@zulip.com')
), consenting as (
  select u.id
  from zerver_userprofile as u left join zerver_userprofile as o on o.id = u.bot_owner_id
  where (select type from realm) = 2 and u.realm_id = (select id from realm)
    and (u.allow_private_data_export or u.is_mirror_dummy
      or u.is_bot and not o.is_bot and o.realm_id = u.realm_id and o.allow_private_data_export)
), private_users as ( -- those whose own things are in it
  select u.id from users as u
  where (select type from realm) = 3 or (select type from realm) = 2 and u.id in (select id from consenting)
), people as ( -- what becomes of each user
  select u.id, o.outside, o.outside and u.email_address_visibility = 4 as hidden, u.is_mirror_dummy or o.becomes_dummy as is_mirror_dummy,
    u.is_active and not o.becomes_dummy as is_active
  from (select u.*, (select type from realm) <> 3 and u.id not in (select id from consenting) as outside from users as u) as u
  cross join lateral (select u.outside, u.outside and case (select type from realm)
    when 2 then u.is_active else u.email_address_visibility = 4 end as becomes_dummy) as o
), streams as (
  select s.id, s.recipient_id, s.invite_only, s.history_public_to_subscribers from zerver_stream as s where s.realm_id = (select id from realm)
), huddles as (
  select h.id, c.id as recipient_id
  from zerver_huddle as h join zerver_recipient as c on c.type = 3 and c.type_id = h.id
  where (select type from realm) <> 1
    and exists (select from zerver_subscription as s join users as u on u.id = s.user_profile_id where s.recipient_id = c.id)
    and not exists (select from zerver_subscription as s where s.recipient_id = c.id and s.user_profile_id not in (select id from users))
    and ((select type from realm) = 3
      or exists (select from zerver_subscription as s where s.recipient_id = c.id and s.user_profile_id in (select id from consenting)))
), recipients as (
  select c.id, c.type from zerver_recipient as c join zerver_subscription as s on s.recipient_id = c.id
  where c.type = 1 and s.user_profile_id in (select id from users)
  union select c.id, c.type from zerver_recipient as c where c.type = 2 and c.type_id in (select id from streams)
  union select h.recipient_id, 3 from huddles as h
), senders as (
  select id from users union select id from bots
), agreed_recipients as ( -- where one who agreed has been
  select distinct s.recipient_id as id from zerver_subscription as s where s.user_profile_id in (select id from consenting)
), messages as (
  select m.id, m.sending_client_id
  from zerver_message as m
  where m.realm_id = (select id from realm) and m.sender_id in (select id from senders)
    and m.id >= pg_catalog.current_setting('rc.first')::bigint and m.id <= pg_catalog.current_setting('rc.last')::bigint
    and case (select type from realm)
      when 1 then m.recipient_id in (select recipient_id from streams where not invite_only)
      when 3 then m.recipient_id in (select id from recipients)
        or m.sender_id in (select id from people where not is_mirror_dummy)
          and m.recipient_id in (select c.id from zerver_recipient as c where c.type = 1 and c.type_id in (select id from senders))
      else m.recipient_id in (select id from recipients)
          and (m.recipient_id in (select recipient_id from streams where not invite_only)
            or m.recipient_id in (select id from agreed_recipients)
              and m.recipient_id not in (select recipient_id from streams where not history_public_to_subscribers and recipient_id is not null))
        or m.recipient_id in (select recipient_id from streams where not history_public_to_subscribers)
          and m.recipient_id in (select id from agreed_recipients)
          and exists (select from zerver_usermessage as um where um.message_id = m.id and um.user_profile_id in (select id from consenting))
        or m.sender_id in (select id from consenting) and m.recipient_id in (select c.id from zerver_recipient as c
          where c.type = 1 and c.type_id in (select id from senders) and c.type_id not in (select id from consenting))
    end
), scheduled as (
  select s.id, s.sending_client_id from zerver_scheduledmessage as s
  where s.realm_id = (select id from realm)
    and ((select type from realm) = 3 or (select type from realm) = 2 and s.sender_id in (select id from consenting))
)
