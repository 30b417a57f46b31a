-- {"source"} -> the high-water mark of the last success; none where no task is left, which changes alone would never bring back
select mark from rc.task_sync where source = $1->>'source' and mark is not null and exists (select from task_cache)
