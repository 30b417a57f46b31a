-- {"kind","make","name","string_id","owner_secret"} -> the organization, where no other of that subdomain is there
-- Columns without a value of their own are null; those that lead to a group get it when there are groups (realm-groups.sql).
insert into zerver_realm (
  name, string_id, uuid, uuid_owner_secret, date_created, enable_read_receipts, description,
  push_notifications_enabled, deactivated, emails_restricted_to_domains, invite_required,
  disallow_disposable_email_addresses, enable_spectator_access, want_advertise_in_communities_directory,
  inline_image_preview, inline_url_embed_preview, digest_emails_enabled, digest_weekday, send_welcome_emails,
  message_content_allowed_in_email_notifications, mandatory_topics, require_unique_names, name_changes_disabled,
  email_changes_disabled, avatar_changes_disabled, move_messages_within_stream_limit_seconds,
  move_messages_between_streams_limit_seconds, waiting_period_threshold, message_content_delete_limit_seconds,
  allow_message_editing, message_content_edit_limit_seconds, default_language, message_retention_days,
  first_visible_message_id, org_type, plan_type, video_chat_provider, giphy_rating, default_code_block_language,
  enable_guest_user_indicator, icon_source, icon_version, logo_source, logo_version, night_logo_source,
  night_logo_version, enable_guest_user_dm_warning, message_edit_history_visibility_policy,
  can_access_all_users_group_id, can_create_private_channel_group_id, can_create_public_channel_group_id,
  can_create_web_public_channel_group_id, can_delete_any_message_group_id, create_multiuse_invite_group_id,
  direct_message_initiator_group_id, direct_message_permission_group_id, can_delete_own_message_group_id,
  can_create_groups_id, can_manage_all_groups_id, can_add_custom_emoji_group_id,
  can_move_messages_between_channels_group_id, can_move_messages_between_topics_group_id, can_invite_users_group_id,
  can_add_subscribers_group_id, can_create_bots_group_id, can_create_write_only_bots_group_id,
  can_summarize_topics_group_id, can_mention_many_users_group_id, can_manage_billing_group_id,
  can_resolve_topics_group_id
) select
  r.name, r.string_id, pg_catalog.gen_random_uuid(), pg_catalog.concat('zuliprealm_', r.owner_secret),
  pg_catalog.clock_timestamp(), r.kind = 'organization', '', false, false, false, true, true, false, false, true,
  false, false, 1, true, true, false, false, false, false, false, 604800, 604800, 0, 600, true, 600, 'en', -1, 0, 0,
  1, 1, 2, '', true, 'G', 1, 'D', 1, 'D', 1, true, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  -1, -1, -1, -1, -1, -1, -1
from pg_catalog.jsonb_to_record($1) as r (kind text, make bool, name text, string_id text, owner_secret text)
where r.make
on conflict (string_id) do nothing
returning id as realm_id, date_created as realm_created
