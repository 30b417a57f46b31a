-- {"kind","realm_id"} -> whom messages to a system bot go to
insert into zerver_recipient (type_id, type)
select u.id, 1 from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_userprofile as u
where r.kind = 'internal' and u.realm_id = r.realm_id
order by u.id
