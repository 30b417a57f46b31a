-- {"realm_id","user_id","recipient_id","role"} -> welcome-bot writes to the user; to those who run the organization a little more
insert into zerver_message (type, subject, content, rendered_content, rendered_content_version, date_sent, has_attachment, has_image,
  has_link, sender_id, sending_client_id, realm_id, recipient_id, is_channel_message)
select 1, '', t.markdown, t.html, 1, pg_catalog.clock_timestamp(), false, false, pg_catalog.strpos(t.html, '<a href=') > 0,
  bot.id, client.id, r.realm_id, r.recipient_id, false
from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int, recipient_id int, role int)
join zerver_realm as internal on internal.string_id::text = 'zulipinternal'
join zerver_userprofile as bot on bot.realm_id = internal.id and pg_catalog.lower(bot.delivery_email::text) = 'welcome-bot@zulip.com'
join zerver_client as client on client.name::text = 'Internal'
cross join lateral (
  select pg_catalog.string_agg(one.markdown, E'\n\n' order by one.name collate "C") as markdown,
    pg_catalog.string_agg(one.html, E'\n' order by one.name collate "C") as html
  from pg_catalog.jsonb_to_recordset(pg_catalog.current_setting('rc.texts')::jsonb) as one (name text, markdown text, html text)
  where one.name = 'user' or one.name = 'user-administrator' and r.role in (100, 200)) as t
where r.user_id is not null
returning id as message_id, sender_id as welcome_bot_id
