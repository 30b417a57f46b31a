-- -> the first and last message of each file of a thousand messages
select pg_catalog.min(m.id) as first, pg_catalog.max(m.id) as last
from (select id, (pg_catalog.row_number() over (order by id) - 1) / 1000 as chunk from messages) as m
group by m.chunk
order by m.chunk
