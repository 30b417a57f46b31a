-- {"kind","realm_id"} -> each new user gets the channels
insert into zerver_defaultstream (realm_id, stream_id)
select r.realm_id, s.id from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_stream as s
where r.kind = 'organization' and s.realm_id = r.realm_id
order by s.id
