-- an array of {"id","path","size"} -> the rows whose filesize was another one; locked in order, so that two runs at once wait
update api_trainedmodel m set filesize = found.size
from (select t.id, f.size from pg_catalog.jsonb_to_recordset($1) as f (id bigint, path text, size bigint) join api_trainedmodel t using (id)
      where t.file::text = f.path and f.size is not null and t.filesize is distinct from f.size
      order by t.id for no key update of t) as found
where m.id = found.id
returning m.id, m.filesize
