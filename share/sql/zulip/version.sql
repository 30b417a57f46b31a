-- {"versions":[{"version","last":{APP:MIGRATION}}]} -> a refusal where the database is of none of these versions of Zulip
-- What counts is the last migration of each application by name: their names begin with their numbers.
with known as (
  select v.version, l.key as app, l.value as migration
  from pg_catalog.jsonb_to_record($1) as r (versions jsonb),
    pg_catalog.jsonb_to_recordset(r.versions) as v (version text, last jsonb), pg_catalog.jsonb_each_text(v.last) as l
), found as (
  select app::text as app, pg_catalog.max(name::text collate "C") as migration from django_migrations group by app::text
), differing as (
  select k.version, k.app, k.migration, f.migration as here
  from known as k left join found as f on f.app = k.app
  where f.migration is null or f.migration <> k.migration
)
select 'error' as status, pg_catalog.json_build_object('code', 'version', 'message', pg_catalog.concat(
  'The database is of another Zulip: there the last migration is ',
  pg_catalog.string_agg(pg_catalog.concat(app, ' ', coalesce(here, 'none')), ', ' order by app collate "C"), ', but in ', version,
  ', which this command knows, it is ', pg_catalog.string_agg(pg_catalog.concat(app, ' ', migration), ', ' order by app collate "C"),
  '. With --force it is written all the same.')) as error
from differing
where not exists (select from known as k where not exists (select from differing as d where d.version = k.version))
group by version
order by version desc
limit 1
