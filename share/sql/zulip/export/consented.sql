-- -> the ids of those who agreed, as one array
select coalesce(pg_catalog.json_agg(id order by id), '[]') as ids from consenting
