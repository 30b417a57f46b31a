-- {"user_id","is_active"} -> "unchanged" where the user is deactivated already; else "ids": its bots, and last itself
select case when r.is_active then 'deactivated' else 'unchanged' end as status, case when r.is_active then (
  select pg_catalog.json_agg(u.id order by u.id = r.user_id, u.id) from zerver_userprofile as u
  where u.is_active and (u.id = r.user_id or u.is_bot and u.bot_owner_id = r.user_id)) end as ids
from pg_catalog.jsonb_to_record($1) as r (user_id int, is_active bool)
