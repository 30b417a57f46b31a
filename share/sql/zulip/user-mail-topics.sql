-- {"realm_id","user_id","gets_mails",...} -> the mail about topics, an hour before two days are over, or four from Thursday and Friday on
insert into zerver_scheduledemail (scheduled_timestamp, data, type, realm_id)
select now.at + interval '1 day' * (array[2, 2, 2, 4, 4, 2, 2])[extract(isodow from now.at)::int]::float8 - interval '1 hour',
  pg_catalog.row_to_json(mail)::text, 1, r.realm_id
from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int, gets_mails text, realm_url text, realm_name text, root_domain_url text,
    external_url_scheme text, external_host text, user_name text, corporate_enabled bool, unsubscribe_link text),
  (select pg_catalog.clock_timestamp() as at) as now,
  lateral (select r.realm_url, r.realm_name, r.root_domain_url, r.external_url_scheme, r.external_host, r.user_name, r.corporate_enabled,
    r.unsubscribe_link, pg_catalog.concat(r.realm_url, '/help/move-content-to-another-topic') as move_messages_link,
    pg_catalog.concat(r.realm_url, '/help/rename-a-topic') as rename_topics_link,
    pg_catalog.concat(r.realm_url, '/help/move-content-to-another-channel') as move_channels_link) as context,
  lateral (select 'zerver/emails/onboarding_zulip_topics' as template_prefix, null as from_name, 'SUPPORT' as from_address, null as language,
    pg_catalog.row_to_json(context) as context) as mail
where r.gets_mails = 'yes'
returning id as topics_mail_id
