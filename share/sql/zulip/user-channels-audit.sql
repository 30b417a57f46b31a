-- {"realm_id","user_id"} -> the records of that, and which message was the server's last then
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id, modified_user_id, modified_stream_id, event_last_message_id)
select pg_catalog.statement_timestamp(), false, '{}', 301, r.realm_id, r.user_id, s.id, coalesce((select pg_catalog.max(m.id) from zerver_message as m), -1)
from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int)
join zerver_subscription as sub on sub.user_profile_id = r.user_id
join zerver_stream as s on s.recipient_id = sub.recipient_id
order by sub.recipient_id
