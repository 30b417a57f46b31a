-- -> a refusal that names a message which was not made into HTML: that is Zulip's own work
select 'error' as status, pg_catalog.json_build_object('code', 'export', 'message', pg_catalog.concat(
  'the row ', r.element->>'id', ' of zerver_message has no rendered_content, which this command can not make')) as error
from pg_temp.import_rows as r
where r.name = 'zerver_message' and r.element is not null and r.element->>'rendered_content' is null
limit 1
