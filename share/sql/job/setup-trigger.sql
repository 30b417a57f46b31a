-- Once for a statement, however many jobs it adds; of one transaction the server sends one notice.
create trigger rc_job_notify after insert on {table} for each statement execute function rc.job_notify({channel_name})
