-- {"subdomain"} -> the organization gets its subdomain, for a name, too, as Zulip's import does it, and is hosted by itself
update pg_temp.import_rows set value = element, element = element || pg_catalog.jsonb_build_object('name', $1->>'subdomain', 'string_id', $1->>'subdomain',
  'push_notifications_enabled', false, 'plan_type', 1, '_max_invites', null, 'message_visibility_limit', null)
where name = 'zerver_realm' and element is not null
