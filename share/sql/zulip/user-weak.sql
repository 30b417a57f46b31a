-- {"email","status","error"} of rc-password-hash -> a refusal where the password is weak
select 'error' as status, r.error, r.email
from pg_catalog.jsonb_to_record($1) as r (email text, status text, error jsonb)
where r.status = 'error' and r.error->>'code' = 'weak_password'
