-- -> rows of zerver_scheduledmessage, for realm.json
select
  t.id, t.sender_id as sender, t.recipient_id as recipient, t.subject, t.content, t.rendered_content,
  t.sending_client_id as sending_client, t.stream_id as stream, t.realm_id as realm,
  pg_catalog.regexp_replace(extract(epoch from t.scheduled_timestamp)::float8::text, '^-?[0-9]+$', '\&.0')::json as scheduled_timestamp,
  t.read_by_sender, t.delivered, t.delivered_message_id as delivered_message, t.has_attachment, t.failed, t.failure_message,
  t.delivery_type
from zerver_scheduledmessage as t
where t.id in (select id from scheduled)
order by t.id
