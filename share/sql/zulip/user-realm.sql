-- {"realm"}, a number or a subdomain, as text -> "realm_id"; the organization stays as it is until the end
select z.id as realm_id, case when error is not null then 'error' end as status, error
from pg_catalog.jsonb_to_record($1) as r (realm text)
left join lateral (
  select z.id, z.string_id, z.deactivated from zerver_realm as z
  where case when r.realm ~ '^[[:space:]]*[+]?[0-9]+[[:space:]]*$' then z.id::numeric = r.realm::numeric else z.string_id::text = r.realm end
  for share of z) as z on true
cross join lateral (select case
  when z.id is null then pg_catalog.json_build_object('code', 'no_realm', 'message',
    pg_catalog.concat('There is no realm with id ''', r.realm, '''. Aborting.'))
  when z.deactivated then pg_catalog.json_build_object('code', 'deactivated', 'message',
    pg_catalog.concat('The organization ''', z.string_id, ''' is deactivated.'))
end as error) as checked
