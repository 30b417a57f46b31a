-- A record of stats.sql -> its lines for Prometheus
select pg_catalog.format('rc_job_%s{job_type=%s,status=%s} %s', metric.name, label.job_type, label.status, metric.value) as line
from pg_catalog.jsonb_to_record($1) as one (job_type text, status text, jobs bigint, due bigint, oldest_seconds numeric)
cross join lateral (select pg_catalog.to_json(one.job_type)::text, pg_catalog.to_json(one.status)::text) as label (job_type, status)
cross join lateral (values ('jobs', one.jobs::numeric), ('due', one.due::numeric), ('oldest_seconds', one.oldest_seconds)) as metric (name, value)
