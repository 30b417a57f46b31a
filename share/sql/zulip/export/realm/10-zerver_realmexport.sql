-- -> rows of zerver_realmexport, for realm.json
select
  t.id, t.realm_id as realm, t.type, t.status,
  pg_catalog.regexp_replace(extract(epoch from t.date_requested)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_requested,
  pg_catalog.regexp_replace(extract(epoch from t.date_started)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_started,
  pg_catalog.regexp_replace(extract(epoch from t.date_succeeded)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_succeeded,
  pg_catalog.regexp_replace(extract(epoch from t.date_failed)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_failed,
  pg_catalog.regexp_replace(extract(epoch from t.date_deleted)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_deleted,
  t.acting_user_id as acting_user, t.export_path, t.sha256sum_hex, t.tarball_size_bytes, t.stats
from zerver_realmexport as t
where t.realm_id = (select id from realm)
order by t.id
