-- {"user_id","token","status"} -> the API token that Django gives each new user
insert into authtoken_token (key, created, user_id)
select $1->>'token', pg_catalog.clock_timestamp(), ($1->>'user_id')::int
where $1->>'status' = 'created'
