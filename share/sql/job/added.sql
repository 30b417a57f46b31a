-- {"dedup_key","added":TEXT or absent} -> the job as it stands in the table
select job.{id} as id, job.{dedup_key} as dedup_key, coalesce($1->>'added', 'duplicate') as status
from {table} as job
where job.{dedup_key}::text = $1->>'dedup_key'
