-- -> rows of zerver_realmauditlog, for realm.json
select
  t.id, pg_catalog.regexp_replace(extract(epoch from t.event_time)::float8::text, '^-?[0-9]+$', '\&.0')::json as event_time,
  t.backfilled, t.extra_data, t.event_type, t.realm_id as realm,
  case when exists (select from zerver_userprofile as a where a.id = t.acting_user_id and a.realm_id = t.realm_id) then t.acting_user_id end as acting_user,
  t.modified_user_id as modified_user, t.modified_stream_id as modified_stream,
  t.modified_user_group_id as modified_user_group, t.event_last_message_id
from zerver_realmauditlog as t
where t.realm_id = (select id from realm)
  and ((select type from realm) = 3 or t.event_type in (301, 302, 303) or t.modified_user_id is null
    or t.modified_user_id in (select id from consenting))
order by t.id
