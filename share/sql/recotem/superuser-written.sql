-- {"username","hash","token","status"} -> a refusal where the administrator was not made, or not as asked, and there is no user
-- that stood in the way
select 'error' as status, pg_catalog.json_build_object('code', 'not_written',
  'message', pg_catalog.format('User ''%s'' was not written: the database kept the row out.', $1->>'username')) as error
where case $1->>'status' when 'created' then not exists (
    select from auth_user u join authtoken_token t on t.user_id = u.id
    where u.id = ($1->>'user_id')::int and u.password::text = $1->>'hash' and u.is_superuser and u.is_active)
  else not exists (select from auth_user) end
