-- an array of {"user_profile_id","client_id","query","time"} -> how often each user has done what by which program, and when last
insert into zerver_useractivity (user_profile_id, client_id, query, count, last_visit)
select e.user_profile_id, e.client_id, e.query, pg_catalog.count(*), pg_catalog.to_timestamp(pg_catalog.max(e."time"))
from pg_catalog.jsonb_to_recordset($1) as e (user_profile_id int, client_id int, query text, "time" float8)
group by e.user_profile_id, e.client_id, e.query
order by e.user_profile_id, e.client_id, e.query
on conflict (user_profile_id, client_id, query) do update set count = zerver_useractivity.count + excluded.count,
  last_visit = greatest(zerver_useractivity.last_visit, excluded.last_visit)
