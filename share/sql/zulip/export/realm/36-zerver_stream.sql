-- -> rows of zerver_stream, for realm.json
select
  t.id, t.name, t.realm_id as realm,
  pg_catalog.regexp_replace(extract(epoch from t.date_created)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_created,
  t.creator_id as creator, t.deactivated, t.description, t.rendered_description, t.recipient_id as recipient, t.invite_only,
  t.history_public_to_subscribers, t.is_web_public, t.is_in_zephyr_realm, t.message_retention_days,
  t.can_add_subscribers_group_id as can_add_subscribers_group,
  t.can_administer_channel_group_id as can_administer_channel_group,
  t.can_remove_subscribers_group_id as can_remove_subscribers_group, t.can_send_message_group_id as can_send_message_group,
  t.can_subscribe_group_id as can_subscribe_group, t.first_message_id, t.is_recently_active
from zerver_stream as t
where t.realm_id = (select id from realm)
order by t.id
