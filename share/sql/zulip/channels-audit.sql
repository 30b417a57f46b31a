-- {"kind","realm_id"} -> the records that the channels were made
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id, modified_stream_id)
select pg_catalog.clock_timestamp(), false, '{}', 601, r.realm_id, s.id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_stream as s
where r.kind = 'organization' and s.realm_id = r.realm_id
order by s.id
