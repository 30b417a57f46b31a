-- {"realm_id","user_id","email","full_name","role","status",...} -> what became of the user
-- "queue_event" is what Zulip's worker of that queue sends the mail by that confirms the account.
select coalesce(r.status, 'created') as status, z.string_id as realm, z.id as realm_id, coalesce(r.user_id, known.id) as user_id, r.email, r.full_name,
  z.name as realm_name,
  case when r.user_id is not null then pg_catalog.json_build_object('queue', 'deferred_email_senders', 'event', pg_catalog.row_to_json(event)) end
    as queue_event
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int, user_id int, email text, full_name text, role int, status text, realm_url text,
    root_domain_url text, external_url_scheme text, external_host text, user_name text, corporate_enabled bool)
join zerver_realm as z on z.id = r.realm_id
left join zerver_userprofile as known on known.realm_id = z.id and pg_catalog.upper(known.delivery_email::text) = pg_catalog.upper(r.email)
cross join lateral (select r.realm_url, z.name as realm_name, r.root_domain_url, r.external_url_scheme, r.external_host, r.user_name,
  r.corporate_enabled, r.kind is not distinct from 'organization' as realm_creation, r.email, r.role in (100, 200) as is_realm_admin,
  z.demo_organization_scheduled_deletion_date is not null as is_demo_organization,
  pg_catalog.concat(r.realm_url, '/help/moving-to-zulip') as getting_organization_started_link,
  pg_catalog.concat(r.realm_url, '/help/getting-started-with-zulip') as getting_user_started_link) as context
cross join lateral (select 'zerver/emails/account_registered' as template_prefix, array[r.user_id] as to_user_ids, null as from_name,
  'SUPPORT' as from_address, null as language, pg_catalog.row_to_json(context) as context) as event
where r.email is not null
