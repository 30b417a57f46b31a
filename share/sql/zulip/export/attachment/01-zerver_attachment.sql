-- -> rows of zerver_attachment, for attachment.json
select
  t.id, t.file_name, t.path_id, t.owner_id as owner, t.realm_id as realm,
  pg_catalog.regexp_replace(extract(epoch from t.create_time)::float8::text, '^-?[0-9]+$', '\&.0')::json as create_time, t.size,
  t.content_type, t.is_realm_public, t.is_web_public,
  (select coalesce(pg_catalog.json_agg(l.message_id order by l.message_id), '[]') from zerver_attachment_messages as l
    where l.attachment_id = t.id and l.message_id in (select id from messages)) as messages,
  (select coalesce(pg_catalog.json_agg(l.scheduledmessage_id order by l.scheduledmessage_id), '[]') from zerver_attachment_scheduled_messages as l
    where l.attachment_id = t.id and l.scheduledmessage_id in (select id from scheduled)) as scheduled_messages
from zerver_attachment as t
where t.realm_id = (select id from realm)
  and (exists (select from zerver_attachment_messages as l where l.attachment_id = t.id and l.message_id in (select id from messages))
    or exists (select from zerver_attachment_scheduled_messages as l where l.attachment_id = t.id
      and l.scheduledmessage_id in (select id from scheduled)))
order by t.id
