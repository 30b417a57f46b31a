-- {"username","hash"} -> the administrator, where there is no user yet
insert into auth_user (password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
select $1->>'hash', null, true, $1->>'username', '', '', '', true, true, pg_catalog.clock_timestamp()
where not exists (select from auth_user)
returning id as user_id, 'created' as status
