-- {"user_id","plan","username","role","role_before"} -> a line of the audit log
insert into kfm.audit_log (actor, action, subject, detail)
select current_user, case when $1->>'plan' = 'create' then 'user.create' else 'user.change' end, $1->>'username',
  pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('role', $1->'role', 'role_before', $1->'role_before',
    'password_changed', $1 ? 'hash'))
where $1 ? 'user_id'
