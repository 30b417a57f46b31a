-- {"name","white_space"} -> "username", the name without white space around it, as Python's strip() knows it; or why it can't be one
-- A field user_id of the record is not one that was found.
select username, null as user_id, case when error is not null then 'error' end as status, error
from (
  select username, case
    when pg_catalog.jsonb_typeof($1->'name') is distinct from 'string'
      then pg_catalog.json_build_object('code', 'no_name', 'message', 'A user needs a name, which is a string.')
    when username = '' then pg_catalog.json_build_object('code', 'no_name', 'message', 'Username and password are required.')
    when pg_catalog.char_length(username) > 150 then pg_catalog.json_build_object('code', 'name_too_long', 'message',
      pg_catalog.format('The username ''%s...'' has %s characters, but 150 are the most.', pg_catalog.left(username, 20), pg_catalog.char_length(username)))
  end as error
  from (select pg_catalog.btrim($1->>'name', $1->>'white_space') as username) as stripped
) as checked
