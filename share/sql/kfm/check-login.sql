-- {} -> a login and its server's version
select 'ok' as status, pg_catalog.format('PostgreSQL %s', pg_catalog.current_setting('server_version')) as observed
