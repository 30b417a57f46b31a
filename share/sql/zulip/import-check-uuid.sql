-- -> a refusal where the organization is on this server already
select 'error' as status, pg_catalog.json_build_object('code', 'uuid', 'message', pg_catalog.concat(
  'The organization of this export is here already: ''', z.string_id, ''' (id ', z.id, ') has the same uuid.')) as error
from pg_temp.import_rows as r
join zerver_realm as z on z.uuid::text = r.element->>'uuid'
where r.name = 'zerver_realm' and r.element is not null
