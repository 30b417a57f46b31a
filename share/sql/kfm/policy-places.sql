-- the places that policies look at; rc.dataset_id and rc.since may be empty
select id, dataset_id, name, longitude, latitude
from kfm.places
where deleted_at is null
  and (pg_catalog.current_setting('rc.dataset_id') = '' or dataset_id = pg_catalog.current_setting('rc.dataset_id'))
  and (pg_catalog.current_setting('rc.since') = '' or updated_at >= nullif(pg_catalog.current_setting('rc.since'), '')::timestamptz)
order by id
