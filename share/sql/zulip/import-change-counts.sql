-- what the system's bots have done is not counted for the organization
delete from pg_temp.import_rows as r using pg_temp.import_rows as c
where r.name = 'analytics_usercount' and c.name = 'zerver_userprofile_crossrealm' and c.element->'id' = r.element->'user'
