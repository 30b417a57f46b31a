-- -> a refusal that names a row without an id, with a field that no column has, or without one that a column needs, or whose id another has
with known as (
  select c.name, pg_catalog.array_agg(c.key) filter (where not c.own) as needed, case c.name
      when 'zerver_userprofile' then array['groups', 'user_permissions']
      when 'zerver_attachment' then array['messages', 'scheduled_messages']
      when 'zerver_usergroup' then array['direct_members', 'direct_subgroups']
      when 'zerver_namedusergroup' then array['id']
      when 'zerver_usermessage' then array['id']
      else '{}' end as taken
  from pg_temp.import_columns as c group by c.name
), rows as (
  select r.name, case when pg_catalog.jsonb_typeof(r.element) = 'object' then r.element else '{}' end as element, r.element as shown
  from pg_temp.import_rows as r
  where r.element is not null and r.name in (select k.name from known as k)
), wrong as (
  (select 1 as place, pg_catalog.concat('a row of ', name, ' has no id that is a number: ', pg_catalog.left(shown::text, 200)) as message
  from rows where coalesce(element->>'id', '') !~ '^[0-9]{1,18}$' limit 1)
  union all
  (select 2, pg_catalog.concat(name, ' has two rows with the id ', element->>'id')
  from rows group by name, element->>'id' having pg_catalog.count(*) > 1 limit 1)
  union all
  (select 3, pg_catalog.concat('the row ', r.element->>'id', ' of ', r.name, ' has a field ',
    (select pg_catalog.min(f) from pg_catalog.jsonb_object_keys(r.element - k.needed - k.taken) as f), ', which is no column here')
  from rows as r join known as k on k.name = r.name where r.element - k.needed - k.taken <> '{}' limit 1)
  union all
  (select 4, pg_catalog.concat('the row ', r.element->>'id', ' of ', r.name, ' has no field ',
    (select pg_catalog.min(f) from pg_catalog.unnest(k.needed) as f where not r.element ? f))
  from rows as r join known as k on k.name = r.name where not r.element ?& k.needed limit 1)
)
select 'error' as status, pg_catalog.json_build_object('code', 'export', 'message', message) as error
from wrong order by place limit 1
