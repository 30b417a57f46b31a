-- {"realm_id","type","force"} -> a refusal where nobody could own the organization that is made of the export
select 'error' as status, pg_catalog.json_build_object('code', 'not_usable', 'message',
  'The generated export will not be a usable organization! You can pass --force to skip this check.') as error
from pg_catalog.jsonb_to_record($1) as r (realm_id int, type int, force bool)
where not r.force and r.type <> 3 and not exists (select from zerver_userprofile as u where u.realm_id = r.realm_id and u.role = 100
  and case r.type when 1 then u.email_address_visibility <> 4 else u.allow_private_data_export or u.is_mirror_dummy
    or u.is_bot and exists (select from zerver_userprofile as o where o.id = u.bot_owner_id and not o.is_bot and o.realm_id = u.realm_id
      and o.allow_private_data_export) end)
