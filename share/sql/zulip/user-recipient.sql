-- {"user_id"} -> whom messages to the user go to
insert into zerver_recipient (type_id, type)
select r.user_id, 1 from pg_catalog.jsonb_to_record($1) as r (user_id int) where r.user_id is not null
returning id as recipient_id
