-- {"project_id","owner","expiring"}, each text or absent -> the API keys that fit, in the order of projects and names
select k.id, k.key_prefix, k.name, k.project_id, p.name as project_name, u.username as owner, k.scopes, k.expires_at,
  k.last_used_at, case when not k.is_active then 'revoked' when k.expires_at <= pg_catalog.now() then 'expired' else 'active' end as status
from api_apikey k join api_project p on p.id = k.project_id join auth_user u on u.id = k.owner_id
where coalesce(k.project_id::numeric = ($1->>'project_id')::numeric, true)
  and coalesce(u.username::text = $1->>'owner', true)
  and ($1->>'expiring' is null or k.is_active and k.expires_at > pg_catalog.now() and k.expires_at <= pg_catalog.now() + ($1->>'expiring')::interval)
order by p.name, p.id, k.name
