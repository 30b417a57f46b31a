-- -> rows of zerver_message, for messages-N.json
select
  t.id, t.sender_id as sender, t.recipient_id as recipient, t.realm_id as realm, t.type, t.subject, t.content,
  t.rendered_content, t.rendered_content_version,
  pg_catalog.regexp_replace(extract(epoch from t.date_sent)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_sent,
  t.sending_client_id as sending_client,
  pg_catalog.regexp_replace(extract(epoch from t.last_edit_time)::float8::text, '^-?[0-9]+$', '\&.0')::json as last_edit_time,
  t.edit_history, t.has_attachment, t.has_image, t.has_link, t.is_channel_message, t.search_tsvector
from zerver_message as t
where t.id in (select id from messages)
order by t.id
