-- {"name","new_id"} -> a refusal where another session took the name meanwhile
select 'error' as status, json_build_object('code', 'name_taken',
  'message', format('API key with name ''%s'' already exists for this project.', $1->>'name')) as error
where $1->>'new_id' is null
