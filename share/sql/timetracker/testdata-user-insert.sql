-- {"user","hash"} -> the user, where there is none of that name
insert into auth_user (password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
select $1->>'hash', null, false, $1->>'user', '', '', $1->>'user', false, true, pg_catalog.clock_timestamp()
on conflict (username) do nothing
