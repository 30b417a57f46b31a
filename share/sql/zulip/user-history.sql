-- {"kind","realm_id","user_id"} -> the user has the newest thousand messages of its channels, and the first ones of the organization
-- 1 read, 2 starred, 1024 historical (not for who made the organization). Where there are first ones (4 starred), all others
-- are read; else all but the newest twenty.
with newest as (
  select m.id, pg_catalog.row_number() over (order by m.id desc) as n
  from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int)
  join zerver_subscription as sub on sub.user_profile_id = r.user_id
  join zerver_stream as s on s.recipient_id = sub.recipient_id
  join zerver_message as m on m.recipient_id = s.recipient_id and m.realm_id = r.realm_id
  order by m.id desc
  limit 1000
), first_ones as (
  select o.message_id as id, o.flags from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int)
  join zerver_onboardingusermessage as o on o.realm_id = r.realm_id
  where r.user_id is not null
), messages as (
  select coalesce(newest.id, first_ones.id) as id, newest.n, first_ones.flags from newest full join first_ones on first_ones.id = newest.id
)
insert into zerver_usermessage (user_profile_id, message_id, flags)
select r.user_id, m.id, case when r.kind = 'organization' then 0 else 1024 end + case
  when m.flags is not null then case when m.flags & 4::bigint <> 0::bigint then 2 else 0 end
  when exists (select from first_ones) or m.n > 20::bigint then 1 else 0 end
from messages as m, pg_catalog.jsonb_to_record($1) as r (kind text, user_id int)
order by m.id
