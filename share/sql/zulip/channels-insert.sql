-- {"kind","realm_id"} -> the first channels, with the description that the texts channel-NAME give them
insert into zerver_stream (name, date_created, deactivated, description, rendered_description, invite_only,
  history_public_to_subscribers, is_web_public, is_in_zephyr_realm, is_recently_active, realm_id,
  can_add_subscribers_group_id, can_administer_channel_group_id, can_subscribe_group_id, can_remove_subscribers_group_id,
  can_send_message_group_id)
select channel.name, pg_catalog.clock_timestamp(), false, coalesce(t.markdown, ''), coalesce(t.html, ''), false, true, false, false, true,
  r.realm_id, nobody.usergroup_ptr_id, nobody.usergroup_ptr_id, nobody.usergroup_ptr_id, administrators.usergroup_ptr_id,
  everyone.usergroup_ptr_id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int)
join (values (1, 'Zulip'), (2, 'sandbox'), (3, 'general')) as channel (n, name) on r.kind = 'organization'
join zerver_namedusergroup as nobody on nobody.realm_id = r.realm_id and nobody.name::text = 'role:nobody'
join zerver_namedusergroup as administrators on administrators.realm_id = r.realm_id and administrators.name::text = 'role:administrators'
join zerver_namedusergroup as everyone on everyone.realm_id = r.realm_id and everyone.name::text = 'role:everyone'
left join pg_catalog.jsonb_to_recordset(pg_catalog.current_setting('rc.texts')::jsonb) as t (name text, markdown text, html text)
  on t.name = pg_catalog.concat('channel-', pg_catalog.lower(channel.name))
order by channel.n
