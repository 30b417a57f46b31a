-- {"username","status"} -> what would become of the user
select $1->>'username' as username, case $1->>'status' when 'created' then 'would_create' else 'would_update' end as status
where $1->>'status' is not null
