-- {"user_id","service_principal"} -> the service principal's row, where it is one and has none
insert into kfm.service_principals (user_id)
select ($1->>'user_id')::bigint
where $1->>'service_principal' = 'yes' and $1 ? 'user_id'
on conflict (user_id) do nothing
