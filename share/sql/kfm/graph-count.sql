-- how many nodes and edges the graph should have; rc.dataset_id may be empty
select (select pg_catalog.count(*) from kfm.documents where deleted_at is null and (d.id = '' or dataset_id = d.id))
    + (select pg_catalog.count(*) from kfm.places where deleted_at is null and (d.id = '' or dataset_id = d.id)) as nodes,
  (select pg_catalog.count(*) from kfm.relations where d.id = '' or dataset_id = d.id) as edges
from (select pg_catalog.current_setting('rc.dataset_id') as id) as d
