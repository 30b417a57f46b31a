-- {"kind","realm_id","user_id","full_name"} -> where the organization has a channel for it, notification-bot tells who has joined
insert into zerver_message (type, subject, content, rendered_content, rendered_content_version, date_sent, has_attachment, has_image,
  has_link, sender_id, sending_client_id, realm_id, recipient_id, is_channel_message)
select 1, 'signups', pg_catalog.concat('@_**', r.full_name, '|', r.user_id, '** joined this organization.'),
  pg_catalog.concat('<p><span class="user-mention silent" data-user-id="', r.user_id, '">',
    pg_catalog.replace(pg_catalog.replace(r.full_name, '&', '&amp;'), '<', '&lt;'), '</span> joined this organization.</p>'),
  1, pg_catalog.clock_timestamp(), false, false, false, bot.id, client.id, z.id, s.recipient_id, true
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int, user_id int, full_name text)
join zerver_realm as z on z.id = r.realm_id
join zerver_stream as s on s.id = z.signup_announcements_stream_id
join zerver_realm as internal on internal.string_id::text = 'zulipinternal'
join zerver_userprofile as bot on bot.realm_id = internal.id and pg_catalog.lower(bot.delivery_email::text) = 'notification-bot@zulip.com'
join zerver_client as client on client.name::text = 'Internal'
where r.user_id is not null and not s.deactivated
  and exists (select from zerver_userprofile as other where other.realm_id = r.realm_id and other.id <> r.user_id and not other.is_bot)
returning id as announcement_id, recipient_id as announcement_recipient_id
