-- {"kind","realm_id","realm_created"} -> the record that the organization was made; by whom is added when the owner is there
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id)
select r.realm_created, false, case when r.kind = 'organization'
  then pg_catalog.jsonb_build_object('how_realm_creator_found_zulip', null, 'how_realm_creator_found_zulip_extra_context', null)
  else '{}' end, 215, r.realm_id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int, realm_created timestamptz)
where r.realm_id is not null
