drop trigger if exists rc_job_notify on {table}
