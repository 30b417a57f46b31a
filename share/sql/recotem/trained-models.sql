-- {"project_id"}, text or absent -> the trained models that have a file or should have one, the newest first
select m.id, m.file as path, m.filesize
from api_trainedmodel m join api_modelconfiguration c on c.id = m.configuration_id
where m.file::text is distinct from ''
  and coalesce(c.project_id::numeric = ($1->>'project_id')::numeric, true)
order by m.id desc
