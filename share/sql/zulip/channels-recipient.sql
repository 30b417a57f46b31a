-- {"kind","realm_id"} -> whom messages to the channels go to
insert into zerver_recipient (type_id, type)
select s.id, 2 from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_stream as s
where r.kind = 'organization' and s.realm_id = r.realm_id
order by s.id
