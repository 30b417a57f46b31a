-- -> the pictures of the organization's emoji and what those were made from, below the folder of avatars
select pg_catalog.concat(t.realm_id, '/emoji/images/', t.file_name, e.ending) as path
from zerver_realmemoji as t cross join (values (''), ('.original')) as e (ending)
where t.realm_id = (select id from realm) and t.file_name is not null
