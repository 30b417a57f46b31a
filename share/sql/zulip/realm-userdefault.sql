-- {"realm_id"} -> what settings its new users begin with
insert into zerver_realmuserdefault (
  realm_id,
  enter_sends, left_side_userlist, default_language, web_home_view, web_escape_navigates_to_home_view,
  fluid_layout_width, high_contrast_mode, translate_emoticons, display_emoji_reaction_users, twenty_four_hour_time,
  starred_message_counts, color_scheme, web_font_size_px, web_line_height_percent, web_animate_image_previews,
  demote_inactive_streams, web_mark_read_on_scroll_policy, web_channel_default_view, emojiset, user_list_style,
  web_stream_unreads_count_display_policy, web_navigate_to_sent_message,
  email_notifications_batching_period_seconds, enable_stream_desktop_notifications,
  enable_stream_email_notifications, enable_stream_push_notifications, enable_stream_audible_notifications,
  notification_sound, wildcard_mentions_notify, enable_followed_topic_desktop_notifications,
  enable_followed_topic_email_notifications, enable_followed_topic_push_notifications,
  enable_followed_topic_audible_notifications, enable_followed_topic_wildcard_mentions_notify,
  enable_desktop_notifications, pm_content_in_desktop_notifications, enable_sounds,
  enable_offline_email_notifications, message_content_in_email_notifications, enable_offline_push_notifications,
  enable_online_push_notifications, desktop_icon_count_display, enable_digest_emails, enable_login_emails,
  enable_marketing_emails, presence_enabled, realm_name_in_email_notifications_policy,
  automatically_follow_topics_policy, automatically_unmute_topics_in_muted_streams_policy,
  automatically_follow_topics_where_mentioned, enable_drafts_synchronization, send_stream_typing_notifications,
  send_private_typing_notifications, send_read_receipts, receives_typing_notifications, email_address_visibility,
  allow_private_data_export, web_suggest_update_timezone, hide_ai_features
) select
  r.realm_id,
  false, false, 'en', 'inbox', true, false, false, false, true, false, true, 1, 16, 140, 'on_hover', 1, 1, 1,
  'google', 3, 2, true, 120, false, false, false, false, 'zulip', true, true, true, true, true, true, true, true,
  true, true, true, true, true, 1, true, true, true, true, 1, 3, 2, true, true, true, true, true, true, 1, false,
  true, false
from pg_catalog.jsonb_to_record($1) as r (realm_id int)
where r.realm_id is not null
