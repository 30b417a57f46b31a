-- -> a refusal that names a reaction or status with an emoji that the organization does not have under this name
select 'error' as status, pg_catalog.json_build_object('code', 'export', 'message', pg_catalog.concat(
  'the row ', r.element->>'id', ' of ', r.name, ' leads to an emoji that is not in the export: ', r.element->>'emoji_code', ' ', r.element->>'emoji_name')) as error
from pg_temp.import_rows as r
where r.name in ('zerver_reaction', 'zerver_userstatus') and r.element->>'reaction_type' = 'realm_emoji'
  and not exists (select from pg_temp.import_rows as e
    where e.name = 'zerver_realmemoji' and e.element->>'id' = r.element->>'emoji_code' and e.element->>'name' = r.element->>'emoji_name')
limit 1
