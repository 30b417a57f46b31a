-- {"realm_id","user_id","role","gets_mails",...} -> the mail about moving a team, for those who run the organization
insert into zerver_scheduledemail (scheduled_timestamp, data, type, realm_id)
select now.at + interval '1 day' * (array[8, 8, 8, 8, 10, 6, 8])[extract(isodow from now.at)::int]::float8 - interval '1 hour',
  pg_catalog.row_to_json(mail)::text, 1, r.realm_id
from pg_catalog.jsonb_to_record($1) as r (realm_id int, role int, gets_mails text, realm_url text, realm_name text, root_domain_url text,
    external_url_scheme text, external_host text, user_name text, corporate_enabled bool, unsubscribe_link text),
  (select pg_catalog.clock_timestamp() as at) as now,
  lateral (select r.realm_url, r.realm_name, r.root_domain_url, r.external_url_scheme, r.external_host, r.user_name, r.corporate_enabled,
    r.unsubscribe_link, pg_catalog.concat(r.realm_url, '/help/moving-to-zulip') as get_organization_started,
    pg_catalog.concat(r.realm_url, '/help/invite-users-to-join') as invite_users,
    pg_catalog.concat(r.realm_url, '/help/trying-out-zulip') as trying_out_zulip, 'https://zulip.com/why-zulip/' as why_zulip) as context,
  lateral (select 'zerver/emails/onboarding_team_to_zulip' as template_prefix, null as from_name, 'SUPPORT' as from_address, null as language,
    pg_catalog.row_to_json(context) as context) as mail
where r.gets_mails = 'yes' and r.role in (100, 200)
returning id as team_mail_id
