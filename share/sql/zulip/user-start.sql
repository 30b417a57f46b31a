-- a record -> "realm_id" of the context, and the role of a member; what only the steps after this one may set is not there yet
select pg_catalog.current_setting('rc.realm_id')::int as realm_id, 400 as role, null as kind, null as status, null as error, null as user_id,
  null as recipient_id, null as joined, null as message_id, null as welcome_bot_id, null as gets_mails, null as topics_mail_id,
  null as team_mail_id, null as announcement_id, null as announcement_recipient_id
