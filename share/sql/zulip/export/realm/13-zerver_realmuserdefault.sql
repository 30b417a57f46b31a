-- -> rows of zerver_realmuserdefault, for realm.json
select
  t.id, t.enter_sends, t.left_side_userlist, t.default_language, t.web_home_view, t.web_escape_navigates_to_home_view,
  t.fluid_layout_width, t.high_contrast_mode, t.translate_emoticons, t.display_emoji_reaction_users,
  t.twenty_four_hour_time, t.starred_message_counts, t.web_suggest_update_timezone, t.color_scheme, t.web_font_size_px,
  t.web_line_height_percent, t.web_animate_image_previews, t.demote_inactive_streams, t.web_mark_read_on_scroll_policy,
  t.web_channel_default_view, t.emojiset, t.user_list_style, t.web_stream_unreads_count_display_policy,
  t.web_navigate_to_sent_message, t.email_notifications_batching_period_seconds, t.enable_stream_desktop_notifications,
  t.enable_stream_email_notifications, t.enable_stream_push_notifications, t.enable_stream_audible_notifications,
  t.notification_sound, t.wildcard_mentions_notify, t.enable_followed_topic_desktop_notifications,
  t.enable_followed_topic_email_notifications, t.enable_followed_topic_push_notifications,
  t.enable_followed_topic_audible_notifications, t.enable_followed_topic_wildcard_mentions_notify,
  t.enable_desktop_notifications, t.pm_content_in_desktop_notifications, t.enable_sounds,
  t.enable_offline_email_notifications, t.message_content_in_email_notifications, t.enable_offline_push_notifications,
  t.enable_online_push_notifications, t.desktop_icon_count_display, t.enable_digest_emails, t.enable_login_emails,
  t.enable_marketing_emails, t.presence_enabled, t.realm_name_in_email_notifications_policy,
  t.automatically_follow_topics_policy, t.automatically_unmute_topics_in_muted_streams_policy,
  t.automatically_follow_topics_where_mentioned, t.enable_drafts_synchronization, t.send_stream_typing_notifications,
  t.send_private_typing_notifications, t.send_read_receipts, t.allow_private_data_export, t.receives_typing_notifications,
  t.email_address_visibility, t.hide_ai_features, t.realm_id as realm
from zerver_realmuserdefault as t
where t.realm_id = (select id from realm)
order by t.id
