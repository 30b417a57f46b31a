-- {"target"} -> "noted": the index is known to have all changes before this moment; no row where only a part of it was looked at
insert into kfm.indexes as i (target, up_to)
select $1->>'target', pg_catalog.now() where not $1 ? 'dataset_id' and not $1 ? 'since'
on conflict (target) do update set up_to = excluded.up_to, made_at = pg_catalog.now()
returning true as noted
