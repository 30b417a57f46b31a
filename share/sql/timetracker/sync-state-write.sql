-- {"source","mode","mark","started","listed","last"} -> the high-water mark, in the transaction of the rows: the latest change that
-- the source has told of, but no later than it was asked, for what changed after that may have been passed by already; where its tasks tell none the time before it was asked; where there were no tasks the mark that was
insert into rc.task_sync (source, mark, synced_at, full_at)
select $1->>'source', case when $1->>'last' is not null then greatest($1->>'mark' collate "C",
      case when $1->>'last' like '____-__-__T__:__:__%Z' then least($1->>'last' collate "C", $1->>'started' collate "C") else $1->>'last' end)
    when ($1->>'listed')::bigint > 0 then $1->>'started' else nullif($1->>'mark', '') end,
  pg_catalog.now(), case when $1->>'mode' = 'full' then pg_catalog.now() end
on conflict (source) do update set mark = excluded.mark, synced_at = excluded.synced_at,
  full_at = coalesce(excluded.full_at, task_sync.full_at)
