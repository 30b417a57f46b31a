-- {"user":NAME} -> the user of exactly that name
select id, username as name from auth_user where username::text = $1->>'user'
