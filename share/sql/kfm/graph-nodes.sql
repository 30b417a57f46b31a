-- documents and places, which are the nodes of the graph; rc.dataset_id may be empty
select id, kind, label, dataset_id
from (
  select id, 'document' as kind, title as label, dataset_id from kfm.documents where deleted_at is null
  union all
  select id, 'place', name, dataset_id from kfm.places where deleted_at is null
) as n
where pg_catalog.current_setting('rc.dataset_id') = '' or dataset_id = pg_catalog.current_setting('rc.dataset_id')
