-- Hears of jobs that are added or made due, where the table has the trigger that rc-job-setup makes.
listen {channel}
