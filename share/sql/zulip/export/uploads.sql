-- -> the files of the attachments, below the folder of files
select t.path_id as path from zerver_attachment as t
where t.realm_id = (select id from realm)
  and (exists (select from zerver_attachment_messages as l where l.attachment_id = t.id and l.message_id in (select id from messages))
    or exists (select from zerver_attachment_scheduled_messages as l where l.attachment_id = t.id
      and l.scheduledmessage_id in (select id from scheduled)))
