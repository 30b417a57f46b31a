-- refuses where another sync is at it; the lock ends with the transaction
select 'error' as status, pg_catalog.json_build_object('code', 'busy', 'message', 'Another sync is running.') as error
where not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('timetracker sync-tasks'))
