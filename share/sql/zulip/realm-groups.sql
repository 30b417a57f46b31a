-- {"realm_id"} -> the groups that may do this and that, as a new organization has them
update zerver_realm as z set
  can_access_all_users_group_id = everyone.usergroup_ptr_id,
  can_delete_own_message_group_id = everyone.usergroup_ptr_id,
  can_move_messages_between_topics_group_id = everyone.usergroup_ptr_id,
  can_resolve_topics_group_id = everyone.usergroup_ptr_id,
  can_summarize_topics_group_id = everyone.usergroup_ptr_id,
  direct_message_initiator_group_id = everyone.usergroup_ptr_id,
  direct_message_permission_group_id = everyone.usergroup_ptr_id,
  can_add_custom_emoji_group_id = members.usergroup_ptr_id,
  can_add_subscribers_group_id = members.usergroup_ptr_id,
  can_create_bots_group_id = members.usergroup_ptr_id,
  can_create_groups_id = members.usergroup_ptr_id,
  can_create_private_channel_group_id = members.usergroup_ptr_id,
  can_create_public_channel_group_id = members.usergroup_ptr_id,
  can_create_write_only_bots_group_id = members.usergroup_ptr_id,
  can_invite_users_group_id = members.usergroup_ptr_id,
  can_move_messages_between_channels_group_id = members.usergroup_ptr_id,
  can_create_web_public_channel_group_id = owners.usergroup_ptr_id,
  can_manage_all_groups_id = owners.usergroup_ptr_id,
  can_delete_any_message_group_id = administrators.usergroup_ptr_id,
  can_manage_billing_group_id = administrators.usergroup_ptr_id,
  can_mention_many_users_group_id = administrators.usergroup_ptr_id,
  create_multiuse_invite_group_id = administrators.usergroup_ptr_id
from pg_catalog.jsonb_to_record($1) as r (realm_id int),
  zerver_namedusergroup as owners, zerver_namedusergroup as administrators, zerver_namedusergroup as members, zerver_namedusergroup as everyone
where z.id = r.realm_id
  and owners.realm_id = r.realm_id and owners.name::text = 'role:owners' and owners.is_system_group
  and administrators.realm_id = r.realm_id and administrators.name::text = 'role:administrators' and administrators.is_system_group
  and members.realm_id = r.realm_id and members.name::text = 'role:members' and members.is_system_group
  and everyone.realm_id = r.realm_id and everyone.name::text = 'role:everyone' and everyone.is_system_group
