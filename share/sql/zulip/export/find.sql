-- {"realm"}, a number or a subdomain, as text -> "realm_id", "string_id"
select z.id as realm_id, z.string_id, case when z.id is null then 'error' end as status, case when z.id is null then
  pg_catalog.json_build_object('code', 'no_realm', 'message', pg_catalog.concat('There is no realm with id ''', r.realm, '''. Aborting.')) end as error
from pg_catalog.jsonb_to_record($1) as r (realm text)
left join zerver_realm as z
  on case when r.realm ~ '^[[:space:]]*[+]?[0-9]+[[:space:]]*$' then z.id::numeric = r.realm::numeric else z.string_id::text = r.realm end
