-- reactions and statuses have the number of an organization's own emoji as a text
update pg_temp.import_rows as r set element = r.element || pg_catalog.jsonb_build_object('emoji_code', i.new::text)
from pg_temp.import_ids as i
where r.name in ('zerver_reaction', 'zerver_userstatus') and r.element->>'reaction_type' = 'realm_emoji'
  and i.relation = 'zerver_realmemoji' and i.old::text = r.element->>'emoji_code'
