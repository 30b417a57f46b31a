-- -> a refusal where the export has a table that is not known, or lacks one that each export has
with there as (
  select distinct name from pg_temp.import_rows where element is not null or elements is not null
), known as (
  select name from pg_temp.import_columns
  union select pg_catalog.unnest(array['zerver_client', 'zerver_userprofile_mirrordummy', 'zerver_userprofile_crossrealm', 'zerver_realmexport',
    'reserved', 'path', 'file'])
), wrong as (
  select 1 as place, pg_catalog.concat('the export has a table ', name, ', which is not known') as message
  from (select name from pg_temp.import_rows group by name) as r where name not in (select name from known)
  union all
  select 2, pg_catalog.concat('the export has no table ', name)
  from pg_catalog.unnest(array['zerver_realm', 'zerver_client', 'zerver_stream', 'zerver_userprofile', 'zerver_userprofile_mirrordummy',
    'zerver_userprofile_crossrealm', 'zerver_huddle', 'zerver_defaultstream', 'zerver_realmemoji', 'zerver_realmdomain',
    'zerver_realmfilter', 'zerver_realmplayground', 'zerver_realmauthenticationmethod', 'zerver_recipient', 'zerver_subscription',
    'zerver_userpresence', 'zerver_useractivity', 'zerver_useractivityinterval', 'zerver_customprofilefield',
    'zerver_customprofilefieldvalue', 'zerver_reaction', 'zerver_usergroup', 'zerver_namedusergroup', 'zerver_usergroupmembership',
    'zerver_groupgroupmembership', 'zerver_attachment']) as needed (name)
  where name not in (select name from there)
)
select 'error' as status, pg_catalog.json_build_object('code', 'export', 'message', message) as error
from wrong order by place, message limit 1
