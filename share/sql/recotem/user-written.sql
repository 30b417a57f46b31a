-- {"username","hash","user_id","token"} -> a refusal where the user's row has another password than it was given, or a new user
-- has no token: a trigger, a rule or a policy kept the change out
select 'error' as status, pg_catalog.json_build_object('code', 'not_written',
  'message', pg_catalog.format('User ''%s'' was not written: the database kept the row out.', $1->>'username')) as error
where not exists (select from auth_user where id = ($1->>'user_id')::int and username::text = $1->>'username'
    and password::text = $1->>'hash')
  or $1->>'status' = 'created' and not exists (select from authtoken_token where user_id = ($1->>'user_id')::int)
