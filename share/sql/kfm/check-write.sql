-- {} -> a row of the audit log, which the caller rolls back
insert into kfm.audit_log (actor, action, subject) values (current_user, 'check', 'smoke-test')
returning 'ok' as status, 'written, and rolled back' as observed
