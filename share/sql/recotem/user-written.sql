-- {"username","status"} -> a refusal where neither the update nor the insert changed a row, which a trigger can bring about
select 'error' as status, json_build_object('code', 'not_written',
  'message', format('User ''%s'' was not written: the database kept the row out.', $1->>'username')) as error
where $1->>'status' is null
