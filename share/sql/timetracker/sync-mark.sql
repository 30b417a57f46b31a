-- {"source"} -> the high-water mark of the last success
select mark from rc.task_sync where source = $1->>'source' and mark is not null
