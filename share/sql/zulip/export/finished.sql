-- what the steps before returned -> the record of the export, or a refusal where the database kept a row out
select case when f.good then 'exported' else 'error' end as status, r.realm_id, r.string_id as realm, r.path, r.size, r.sha256, r.stats,
  case when not f.good then pg_catalog.json_build_object('code', 'not_written', 'message',
    'The export was not noted: the database kept a row out.') end as error
from pg_catalog.jsonb_to_record($1) as r (realm_id int, string_id text, path text, size bigint, sha256 text, stats json, audit_id bigint, finished_id bigint)
cross join lateral (select r.finished_id is not null and exists (select from zerver_realmauditlog as a where a.id = r.audit_id) as good) as f
