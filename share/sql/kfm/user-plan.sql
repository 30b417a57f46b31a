-- {"username","role","email","expires","service_principal"} -> what there is: "status" (create, change, unchanged or error),
-- "role_before", "seen", when the password was last changed, and "needs_password"
with asked as (
  select r.*, u.id, u.role as role_before, u.password_changed_at, u.password is null as no_password, p.user_id is not null as is_principal,
    r.role <> u.role or r.email is not null and r.email is distinct from u.email or not u.is_active
      or r.expires is not null and nullif(r.expires, 'never')::timestamptz is distinct from u.expires_at as differs
  from pg_catalog.jsonb_to_record($1) as r (username text, role text, email text, expires text, service_principal text, rotate text, has_password text)
  left join kfm.users u on pg_catalog.lower(u.username) = pg_catalog.lower(r.username)
  left join kfm.service_principals p on p.user_id = u.id
), wrong as (
  select case
    when username !~ '^[A-Za-z0-9][A-Za-z0-9._@+-]{0,149}$' then pg_catalog.json_build_object('code', 'username', 'message',
      'A username has up to 150 letters, digits and . _ @ + -, and begins with a letter or digit.')
    when email is not null and email !~ '^[^[:space:]@]+@[^[:space:]@]+$' then pg_catalog.json_build_object('code', 'email', 'message',
      pg_catalog.format('''%s'' is no email address.', email))
    when expires <> 'never' and expires::timestamptz <= pg_catalog.now() then pg_catalog.json_build_object('code', 'expires',
      'message', pg_catalog.format('%s is past: the user could never log in.', expires))
    when id is not null and is_principal <> (service_principal = 'yes') then pg_catalog.json_build_object('code', 'kind', 'message',
      pg_catalog.format('''%s'' exists and is %s.', username,
        case when is_principal then 'a service principal: say --service-principal' else 'a person, not a service principal' end))
    when id is null and has_password <> 'yes' then pg_catalog.json_build_object('code', 'no_password', 'message',
      'A new user needs a password: --password-file FILE has one, --generate-to FILE makes one.')
    when rotate = 'yes' and has_password <> 'yes' then pg_catalog.json_build_object('code', 'no_password', 'message',
      '--rotate-password needs --password-file FILE or --generate-to FILE.')
  end as error from asked
)
select case when error is not null then 'error' when id is null then 'create' when differs or rotate = 'yes' then 'change'
    else 'unchanged' end as status, error, role_before,
  coalesce(password_changed_at::text, '') as seen,
  error is null and (id is null or rotate = 'yes') as needs_password
from asked cross join wrong
