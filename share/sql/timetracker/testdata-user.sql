-- {"user"} -> "user_id" and "made", the user where this transaction has written it; or a refusal where there is none
select u.id as user_id, case when written then made || pg_catalog.jsonb_build_object(
    'table_name', 'auth_user', 'row_id', u.id, 'row_key', u.username) else made end as made,
  case when u.id is null then 'error' end as status,
  case when u.id is null then pg_catalog.json_build_object('code', 'not_written',
    'message', pg_catalog.format('User ''%s'' was not written: the database kept the row out.', $1->>'user')) end as error
from (select '[]'::jsonb as made) as so_far
left join auth_user u on u.username::text = $1->>'user'
cross join lateral (select u.xmin::text = (pg_catalog.txid_current() % 4294967296)::text as written) as by_us
