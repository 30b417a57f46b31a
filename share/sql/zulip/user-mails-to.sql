-- {"user_id","topics_mail_id","team_mail_id"} -> whom the mails are for
insert into zerver_scheduledemail_users (scheduledemail_id, userprofile_id)
select mail.id, r.user_id
from pg_catalog.jsonb_to_record($1) as r (user_id int, topics_mail_id bigint, team_mail_id bigint),
  pg_catalog.unnest(array[r.topics_mail_id, r.team_mail_id]) with ordinality as mail (id, n)
where mail.id is not null
order by mail.n
