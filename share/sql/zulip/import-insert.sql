-- -> {"rows"}: all tables get their rows
select pg_catalog.sum(pg_temp.import_insert(t.name)) as rows
from (select c.name from pg_temp.import_columns as c group by c.place, c.name order by c.place offset 0) as t
