-- {"status","user_id"} -> the mails to come go to it no more
delete from zerver_scheduledemail_users as s
using pg_catalog.jsonb_to_record($1) as r (status text, user_id int)
where r.status = 'deactivated' and s.userprofile_id = r.user_id
