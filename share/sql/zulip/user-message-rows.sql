-- {"user_id","message_id","welcome_bot_id"} -> both have that message; it is private (2048), and starred (2) for the user
insert into zerver_usermessage (user_profile_id, message_id, flags)
select who.id, r.message_id, who.flags
from pg_catalog.jsonb_to_record($1) as r (user_id int, message_id int, welcome_bot_id int),
  lateral (values (1, r.user_id, 2050), (2, r.welcome_bot_id, 2048)) as who (n, id, flags)
where r.message_id is not null
order by who.n
