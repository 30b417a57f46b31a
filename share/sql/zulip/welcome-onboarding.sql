-- {"kind","realm_id"} -> which messages each new user of the organization finds; the first of a topic is starred (2 historical, 4 starred)
insert into zerver_onboardingusermessage (flags, message_id, realm_id)
select case when pg_catalog.row_number() over (partition by m.recipient_id, m.subject order by m.id) = 1::bigint then 6 else 2 end, m.id, r.realm_id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_message as m
where r.kind = 'organization' and m.realm_id = r.realm_id and m.is_channel_message
order by m.id
