-- {"user_profile_id","time"} -> the user was there for a quarter of an hour from that time on: its newest interval becomes
-- longer where it reaches to that time, else there is another one
with asked as (
  select r.user_profile_id, pg_catalog.to_timestamp(r."time") as at, pg_catalog.to_timestamp(r."time") + interval '15 minutes' as until
  from pg_catalog.jsonb_to_record($1) as r (user_profile_id int, "time" float8)
), newest as (
  select i.id, i."end" from asked as a join zerver_useractivityinterval as i on i.user_profile_id = a.user_profile_id
  order by i."end" desc, i.id desc
  limit 1
), longer as (
  update zerver_useractivityinterval as i set start = least(i.start, a.at), "end" = greatest(i."end", a.until)
  from asked as a, newest as n
  where i.id = n.id and a.at <= n."end"
  returning i.id
)
insert into zerver_useractivityinterval (start, "end", user_profile_id)
select a.at, a.until, a.user_profile_id from asked as a where not exists (select from longer)
