-- {"status"} -> the statuses of the map where that is none of them
select pg_catalog.string_agg(known.status, ', ' order by known.place) as statuses
from (values (1, {pending}), (2, {running}), (3, {done}), (4, {failed})) as known (place, status)
having not pg_catalog.bool_or(pg_catalog.lower(known.status) = pg_catalog.lower($1->>'status'))
