-- -> a refusal that names a user whose address is none, or two of one address
with addresses as (
  select r.element->>'id' as id, a.key, a.address
  from pg_temp.import_rows as r
  cross join lateral (values ('email', r.element->>'email'), ('delivery_email', r.element->>'delivery_email')) as a (key, address)
  where r.name = 'zerver_userprofile' and r.element is not null
), wrong as (
  (select 1 as place, pg_catalog.concat('the ', key, ' of the user ', id, ' is no address: ', address) as message
  from addresses where coalesce(address, '') !~ '^[^@[:space:]]+@[^@[:space:]]+$' order by id limit 1)
  union all
  (select 2, pg_catalog.concat('the users ', pg_catalog.string_agg(id, ' and ' order by id::bigint), ' have one ', key, ': ', pg_catalog.min(address))
  from addresses group by key, pg_catalog.upper(address) having pg_catalog.count(*) > 1 limit 1)
  union all
  (select 3, pg_catalog.concat('there is no ', c.element->>'email', ' on this server, from which the organization has messages')
  from pg_temp.import_rows as c
  where c.name = 'zerver_userprofile_crossrealm' and c.element is not null
    and not exists (select from pg_temp.import_ids as i where i.relation = 'zerver_userprofile' and i.old = (c.element->>'id')::bigint) limit 1)
)
select 'error' as status, pg_catalog.json_build_object('code', 'export', 'message', message) as error
from wrong order by place limit 1
