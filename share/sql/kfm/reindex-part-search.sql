-- {"dataset_id","since"} -> documents of the dataset, or changed since then, are in the search table
-- Time alone would miss what came with an older one, from an import or a long transaction: such a document is not there, or of
-- another time.
insert into kfm.search as s (id, dataset_id, title, body, updated_at, words)
select id, dataset_id, title, body, updated_at,
  pg_catalog.setweight(pg_catalog.to_tsvector('english', pg_catalog.left(title, 10000)), 'A')
    || pg_catalog.to_tsvector('english', case when pg_catalog.octet_length(body) > 500000 then pg_catalog.left(body, 125000) else body end)
from kfm.documents -- of a long body as much as reindex-search.sql takes
where deleted_at is null and (not $1 ? 'dataset_id' or dataset_id = $1->>'dataset_id')
  and (not $1 ? 'since' or updated_at >= ($1->>'since')::timestamptz
    or not exists (select from kfm.search as there where there.id = documents.id and there.updated_at = documents.updated_at))
on conflict (id) do update set dataset_id = excluded.dataset_id, title = excluded.title, body = excluded.body,
  updated_at = excluded.updated_at, words = excluded.words
where (s.dataset_id, s.title, s.body, s.updated_at) is distinct from (excluded.dataset_id, excluded.title, excluded.body, excluded.updated_at)
