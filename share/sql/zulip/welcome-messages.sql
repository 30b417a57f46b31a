-- {"kind","realm_id"} -> the first messages of the channels, by welcome-bot
-- In a text, {Zulip}, {sandbox} and {general} are the channels' ids. A link is <a href=...>; one to a channel has a class first.
insert into zerver_message (type, subject, content, rendered_content, rendered_content_version, date_sent, has_attachment, has_image,
  has_link, sender_id, sending_client_id, realm_id, recipient_id, is_channel_message)
select 1, message.topic, filled.markdown, filled.html, 1, pg_catalog.clock_timestamp(), false, false,
  pg_catalog.strpos(filled.html, '<a href=') > 0, bot.id, client.id, r.realm_id, s.recipient_id, true
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int)
join (values
  (1, 'Zulip', 'moving messages', 'moving-messages-1'), (2, 'Zulip', 'moving messages', 'moving-messages-2'),
  (3, 'sandbox', 'experiments', 'experiments-1'), (4, 'sandbox', 'experiments', 'experiments-2'),
  (5, 'sandbox', 'start a conversation', 'start-a-conversation-1'), (6, 'sandbox', 'start a conversation', 'start-a-conversation-2'),
  (7, 'sandbox', 'start a conversation', 'start-a-conversation-3'),
  (8, 'general', 'greetings', 'greetings-1'), (9, 'general', 'greetings', 'greetings-2'),
  (10, 'Zulip', 'welcome to Zulip!', 'welcome-to-zulip-1'), (11, 'Zulip', 'welcome to Zulip!', 'welcome-to-zulip-2'),
  (12, 'Zulip', 'welcome to Zulip!', 'welcome-to-zulip-3')) as message (n, channel, topic, text) on r.kind = 'organization'
join zerver_stream as s on s.realm_id = r.realm_id and s.name::text = message.channel
join zerver_realm as internal on internal.string_id::text = 'zulipinternal'
join zerver_userprofile as bot on bot.realm_id = internal.id and pg_catalog.lower(bot.delivery_email::text) = 'welcome-bot@zulip.com'
join zerver_client as client on client.name::text = 'Internal'
left join pg_catalog.jsonb_to_recordset(pg_catalog.current_setting('rc.texts')::jsonb) as t (name text, markdown text, html text) on t.name = message.text
cross join lateral (
  select pg_catalog.max(c.id) filter (where c.name::text = 'Zulip') as zulip, pg_catalog.max(c.id) filter (where c.name::text = 'sandbox') as sandbox,
    pg_catalog.max(c.id) filter (where c.name::text = 'general') as general
  from zerver_stream as c where c.realm_id = r.realm_id) as id
cross join lateral (
  select pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(coalesce(t.markdown, ''), '{Zulip}', id.zulip::text), '{sandbox}', id.sandbox::text),
      '{general}', id.general::text) as markdown,
    pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(coalesce(t.html, ''), '{Zulip}', id.zulip::text), '{sandbox}', id.sandbox::text),
      '{general}', id.general::text) as html) as filled
order by message.n
