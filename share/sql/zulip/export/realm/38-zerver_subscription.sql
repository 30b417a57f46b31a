-- -> the subscriptions; of who has not agreed, no more than that they are there
select
  t.id, t.user_profile_id as user_profile, t.recipient_id as recipient, t.active, t.is_user_active,
  not o.outside and t.is_muted as is_muted, case when o.outside then o.color else t.color end as color,
  not o.outside and t.pin_to_top as pin_to_top,
  case when not o.outside then t.desktop_notifications end as desktop_notifications,
  case when not o.outside then t.audible_notifications end as audible_notifications,
  case when not o.outside then t.push_notifications end as push_notifications,
  case when not o.outside then t.email_notifications end as email_notifications,
  case when not o.outside then t.wildcard_mentions_notify end as wildcard_mentions_notify
from zerver_subscription as t
cross join lateral (select (select type from realm) <> 3 and t.user_profile_id not in (select id from consenting) as outside,
  (array['#76ce90', '#fae589', '#a6c7e5', '#e79ab5', '#bfd56f', '#f4ae55', '#b0a5fd', '#addfe5', '#f5ce6e', '#c2726a', '#94c849',
    '#bd86e5', '#ee7e4a', '#a6dcbf', '#95a5fd', '#53a063', '#9987e1', '#e4523d', '#c2c2c2', '#4f8de4', '#c6a8ad', '#e7cc4d',
    '#c8bebf', '#a47462'])[1 + pg_catalog.floor(24::float8 * pg_catalog.random())::int] as color) as o
where (t.recipient_id in (select id from recipients where type = 2)
    or t.recipient_id in (select id from recipients where type <> 2) and t.user_profile_id in (select id from users))
order by t.id
