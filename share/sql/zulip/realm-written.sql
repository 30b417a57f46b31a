-- {"make","realm_id","string_id"} -> a refusal where the insert made no row
select 'error' as status, case
  when exists (select from zerver_realm as z where z.string_id::text = r.string_id)
    then pg_catalog.json_build_object('code', 'taken', 'message', 'Subdomain is already in use. Please choose a different one.')
  else pg_catalog.json_build_object('code', 'not_written', 'message',
    pg_catalog.concat('Organization ''', r.string_id, ''' was not written: the database kept the row out.'))
  end as error
from pg_catalog.jsonb_to_record($1) as r (make bool, realm_id int, string_id text)
where r.make and r.realm_id is null
