-- {"realm_id","user_id","confirmation_key"} -> what the mails to the user say, where it gets any
-- They are for who is new on the whole server. "mail" is what all mails of the user have.
select case when z.send_welcome_emails and not exists (select from zerver_userprofile as other where other.id <> u.id
    and pg_catalog.upper(other.delivery_email::text) = pg_catalog.upper(u.delivery_email::text)) then 'yes' end as gets_mails,
  r.realm_url, z.name as realm_name, pg_catalog.concat('https://', r.external_host) as root_domain_url, 'https://' as external_url_scheme,
  r.external_host, u.full_name as user_name, false as corporate_enabled,
  pg_catalog.concat(r.realm_url, '/accounts/unsubscribe/welcome/', r.confirmation_key) as unsubscribe_link
from (select asked.*, pg_catalog.concat('https://', place.string_id, case when place.string_id::text <> '' then '.' end, host.name) as realm_url, host.name as external_host
    from pg_catalog.jsonb_to_record($1) as asked (realm_id int, user_id int, confirmation_key text)
    join zerver_realm as place on place.id = asked.realm_id,
      (select pg_catalog.current_setting('rc.external_host') as name) as host) as r
join zerver_realm as z on z.id = r.realm_id
join zerver_userprofile as u on u.id = r.user_id
