-- {"kind","realm_id"} -> welcome-bot waves at the first greeting
insert into zerver_reaction (emoji_name, reaction_type, emoji_code, message_id, user_profile_id)
select 'wave', 'unicode_emoji', '1f44b', m.id, m.sender_id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_message as m
where r.kind = 'organization' and m.realm_id = r.realm_id and m.subject::text = 'greetings'
order by m.id
limit 1
