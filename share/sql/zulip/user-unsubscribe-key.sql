-- {"realm_id","user_id","confirmation_key"} -> the key with which the user can do without mails (4)
insert into confirmation_confirmation (object_id, date_sent, confirmation_key, content_type_id, type, realm_id, expiry_date)
select r.user_id, now.at, r.confirmation_key, c.id, 4, r.realm_id, now.at + interval '1000000 days'
from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int, confirmation_key text), django_content_type as c,
  (select pg_catalog.clock_timestamp() as at) as now
where r.user_id is not null and c.app_label::text = 'zerver' and c.model::text = 'userprofile'
