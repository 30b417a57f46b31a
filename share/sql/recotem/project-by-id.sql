-- {"id":TEXT} -> the project of that id; a number beyond bigint finds none
select id, name from api_project
where id = case when ($1->>'id')::numeric between 1::numeric and 9223372036854775807::numeric then ($1->>'id')::bigint end
