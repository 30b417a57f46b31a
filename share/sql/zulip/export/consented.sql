-- -> the ids of those who agreed, as one array
select coalesce(json_agg(id order by id), '[]') as ids from consenting
