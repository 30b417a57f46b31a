-- {"realm_id","user_id"} -> the user gets the organization's default channels, each with the next colour that it has not yet
with palette as (
  select colour, n from pg_catalog.unnest(array['#76ce90', '#fae589', '#a6c7e5', '#e79ab5', '#bfd56f', '#f4ae55', '#b0a5fd', '#addfe5',
    '#f5ce6e', '#c2726a', '#94c849', '#bd86e5', '#ee7e4a', '#a6dcbf', '#95a5fd', '#53a063', '#9987e1', '#e4523d', '#c2c2c2', '#4f8de4',
    '#c6a8ad', '#e7cc4d', '#c8bebf', '#a47462']) with ordinality as colour (colour, n)
), channels as (
  select r.user_id, s.recipient_id, pg_catalog.row_number() over (order by s.recipient_id) as n
  from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int)
  join zerver_defaultstream as d on d.realm_id = r.realm_id
  join zerver_stream as s on s.id = d.stream_id
  where r.user_id is not null and not s.deactivated
), unused as (
  select colour, pg_catalog.row_number() over (order by n) as n from palette
  where not exists (select from pg_catalog.jsonb_to_record($1) as r (user_id int), zerver_subscription as s
    where s.user_profile_id = r.user_id and s.color::text = palette.colour)
)
insert into zerver_subscription (recipient_id, user_profile_id, active, is_user_active, is_muted, color, pin_to_top)
select c.recipient_id, c.user_id, true, true, false,
  coalesce(u.colour, (select colour from palette where palette.n = pg_catalog.mod(c.recipient_id, 24) + 1)), false
from channels as c left join unused as u on u.n = c.n
order by c.recipient_id
