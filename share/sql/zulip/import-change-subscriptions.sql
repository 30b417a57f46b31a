-- a subscription knows whether its user is active; the system's bots are
update pg_temp.import_rows as r set element = r.element || pg_catalog.jsonb_build_object('is_user_active', coalesce((
  select (u.element->>'is_active')::bool from pg_temp.import_rows as u
  where u.name = 'zerver_userprofile' and u.element->>'id' = r.element->>'user_profile'), true))
where r.name = 'zerver_subscription' and r.element is not null
