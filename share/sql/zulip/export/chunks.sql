-- -> the first and last message of each file of a thousand messages
select min(m.id) as first, max(m.id) as last
from (select id, (row_number() over (order by id) - 1) / 1000 as chunk from messages) as m
group by m.chunk
order by m.chunk
