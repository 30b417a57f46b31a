-- {"is_active","is_bot","old_role","new_role"} -> "unchanged" where the user has that role, or why it can't have it
select case when refused.error is not null then 'error' when r.old_role = r.new_role then 'unchanged' else 'changed' end as status, refused.error
from pg_catalog.jsonb_to_record($1) as r (email text, is_active bool, is_bot bool, old_role int, new_role int)
cross join lateral (select case
  when not r.is_active then pg_catalog.json_build_object('code', 'deactivated', 'message', pg_catalog.concat('''', r.email, ''' is deactivated.'))
  when r.is_bot and r.new_role <> r.old_role then pg_catalog.json_build_object('code', 'bot', 'message', pg_catalog.concat('''', r.email, ''' is a bot.'))
end as error) as refused
