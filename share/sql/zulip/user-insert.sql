-- {"realm_id","email","full_name","role","hash","unusable","api_key","status"} -> the user, with the settings of the organization
-- Without a hash no password fits. Nothing is made where a step before has said that the user exists.
insert into zerver_userprofile (
  realm_id, email, delivery_email, full_name, password, role, api_key, uuid, date_joined, last_login,
  default_language, enable_marketing_emails, is_superuser, tos_version, is_staff, is_active, is_bot, long_term_idle,
  is_mirror_dummy, can_forge_sender, can_create_users, rate_limits, default_all_public_streams, timezone,
  avatar_source, avatar_version, can_change_user_emails, is_register,
  allow_private_data_export, automatically_follow_topics_policy, automatically_follow_topics_where_mentioned,
  automatically_unmute_topics_in_muted_streams_policy, color_scheme, demote_inactive_streams,
  desktop_icon_count_display, display_emoji_reaction_users, email_address_visibility,
  email_notifications_batching_period_seconds, emojiset, enable_desktop_notifications, enable_digest_emails,
  enable_drafts_synchronization, enable_followed_topic_audible_notifications,
  enable_followed_topic_desktop_notifications, enable_followed_topic_email_notifications,
  enable_followed_topic_push_notifications, enable_followed_topic_wildcard_mentions_notify, enable_login_emails,
  enable_offline_email_notifications, enable_offline_push_notifications, enable_online_push_notifications,
  enable_sounds, enable_stream_audible_notifications, enable_stream_desktop_notifications,
  enable_stream_email_notifications, enable_stream_push_notifications, enter_sends, fluid_layout_width,
  hide_ai_features, high_contrast_mode, left_side_userlist, message_content_in_email_notifications,
  notification_sound, pm_content_in_desktop_notifications, presence_enabled,
  realm_name_in_email_notifications_policy, receives_typing_notifications, send_private_typing_notifications,
  send_read_receipts, send_stream_typing_notifications, starred_message_counts, translate_emoticons,
  twenty_four_hour_time, user_list_style, web_animate_image_previews, web_channel_default_view,
  web_escape_navigates_to_home_view, web_font_size_px, web_home_view, web_line_height_percent,
  web_mark_read_on_scroll_policy, web_navigate_to_sent_message, web_stream_unreads_count_display_policy,
  web_suggest_update_timezone, wildcard_mentions_notify
) select
  z.id, r.email, r.email, r.full_name, coalesce(r.hash, pg_catalog.concat('!', r.unusable)), r.role, r.api_key,
  pg_catalog.gen_random_uuid(), now.at, now.at, z.default_language, true, false, '-1', false, true, false, false,
  false, false, false, '', false, '', 'G', 1, false, false,
  d.allow_private_data_export, d.automatically_follow_topics_policy, d.automatically_follow_topics_where_mentioned,
  d.automatically_unmute_topics_in_muted_streams_policy, d.color_scheme, d.demote_inactive_streams,
  d.desktop_icon_count_display, d.display_emoji_reaction_users, d.email_address_visibility,
  d.email_notifications_batching_period_seconds, d.emojiset, d.enable_desktop_notifications, d.enable_digest_emails,
  d.enable_drafts_synchronization, d.enable_followed_topic_audible_notifications,
  d.enable_followed_topic_desktop_notifications, d.enable_followed_topic_email_notifications,
  d.enable_followed_topic_push_notifications, d.enable_followed_topic_wildcard_mentions_notify,
  d.enable_login_emails, d.enable_offline_email_notifications, d.enable_offline_push_notifications,
  d.enable_online_push_notifications, d.enable_sounds, d.enable_stream_audible_notifications,
  d.enable_stream_desktop_notifications, d.enable_stream_email_notifications, d.enable_stream_push_notifications,
  d.enter_sends, d.fluid_layout_width, d.hide_ai_features, d.high_contrast_mode, d.left_side_userlist,
  d.message_content_in_email_notifications, d.notification_sound, d.pm_content_in_desktop_notifications,
  d.presence_enabled, d.realm_name_in_email_notifications_policy, d.receives_typing_notifications,
  d.send_private_typing_notifications, d.send_read_receipts, d.send_stream_typing_notifications,
  d.starred_message_counts, d.translate_emoticons, d.twenty_four_hour_time, d.user_list_style,
  d.web_animate_image_previews, d.web_channel_default_view, d.web_escape_navigates_to_home_view, d.web_font_size_px,
  d.web_home_view, d.web_line_height_percent, d.web_mark_read_on_scroll_policy, d.web_navigate_to_sent_message,
  d.web_stream_unreads_count_display_policy, d.web_suggest_update_timezone, d.wildcard_mentions_notify
from pg_catalog.jsonb_to_record($1) as r (realm_id int, email text, full_name text, role int, hash text, unusable text, api_key text,
    status text),
  zerver_realm as z, zerver_realmuserdefault as d, (select pg_catalog.clock_timestamp() as at) as now
where z.id = r.realm_id and d.realm_id = r.realm_id and r.status is null and r.email is not null
on conflict do nothing
returning id as user_id, date_joined as joined
