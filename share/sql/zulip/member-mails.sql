-- {"status","realm_id"} -> a mail that is for nobody is none
delete from zerver_scheduledemail as e
using pg_catalog.jsonb_to_record($1) as r (status text, realm_id int)
where r.status = 'deactivated' and e.realm_id = r.realm_id and e.address is null
  and not exists (select from zerver_scheduledemail_users as s where s.scheduledemail_id = e.id)
