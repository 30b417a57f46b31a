-- {"name"} -> "username", the name without white space around it, as Python's strip() knows it; or why it can't be one
-- A field user_id of the record is not one that was found.
select username, null as user_id, case when error is not null then 'error' end as status, error
from (
  select username, case
    when jsonb_typeof($1->'name') is distinct from 'string'
      then json_build_object('code', 'no_name', 'message', 'A user needs a name, which is a string.')
    when username = '' then json_build_object('code', 'no_name', 'message', 'Username and password are required.')
    when char_length(username) > 150 then json_build_object('code', 'name_too_long', 'message',
      format('The username ''%s...'' has %s characters, but 150 are the most.', left(username, 20), char_length(username)))
  end as error
  from (select btrim($1->>'name', U&'\0009\000A\000B\000C\000D\001C\001D\001E\001F\0020\0085\00A0\1680'
    '\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000') as username) as stripped
) as checked
