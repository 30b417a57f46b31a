-- {"username","hash"} -> the user of that name has a new password, and nothing else changed
update auth_user set password = $1->>'hash' where username::text = $1->>'username'
returning id as user_id, 'updated' as status
