-- {"username","status"} -> what became of the user
select $1->>'username' as username, $1->>'status' as status
where $1->>'status' is not null
