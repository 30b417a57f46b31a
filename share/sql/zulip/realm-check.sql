-- {"kind","name","string_id","allow_reserved","landing_page"} -> why the organization can't be made, or "make"
-- The order of the checks of the subdomain, and their words, are Zulip's. The reserved words are those of the context. The internal
-- realm is made where there is none at all; else it must be whole, for its bots write the first messages.
with asked as (
  select r.*, pg_catalog.string_to_array(pg_catalog.current_setting('rc.reserved'), E'\n') as words
  from pg_catalog.jsonb_to_record($1) as r (kind text, name text, string_id text, allow_reserved bool, landing_page bool)
), state as (
  select exists (select from zerver_realm) as any_realm,
    (select pg_catalog.string_agg(needed.bot, ', ' order by needed.bot) from (values
      ('emailgateway@zulip.com'), ('nagios-receive-bot@zulip.com'), ('nagios-send-bot@zulip.com'), ('nagios-staging-receive-bot@zulip.com'),
      ('nagios-staging-send-bot@zulip.com'), ('notification-bot@zulip.com'), ('welcome-bot@zulip.com')) as needed (bot)
      where not exists (select from zerver_userprofile as u join zerver_realm as z on z.id = u.realm_id
        where z.string_id::text = 'zulipinternal' and pg_catalog.lower(u.delivery_email::text) = needed.bot
          and u.recipient_id is not null)) as missing
), checked as (
  select a.kind, s.any_realm, case
    when a.kind = 'internal' then null
    when a.string_id = '' and (a.landing_page or taken.yes)
      then array['taken', 'Subdomain is already in use. Please choose a different one.']
    when a.string_id ~ '^-|-$' then array['subdomain', 'Subdomain cannot start or end with a ''-''.']
    when a.string_id ~ '[^a-z0-9-]' then array['subdomain', 'Subdomain can only have lowercase letters, numbers, and ''-''s.']
    when pg_catalog.char_length(a.string_id) in (1, 2) then array['subdomain', 'Subdomain needs to have length 3 or greater.']
    when pg_catalog.char_length(a.string_id) > 40 then array['subdomain', 'Subdomain can have 40 characters at most.']
    when taken.yes then array['taken', 'Subdomain is already in use. Please choose a different one.']
    when not a.allow_reserved and (a.string_id = any (a.words)
        or a.string_id ~ 's$' and pg_catalog.left(a.string_id, -1) = any (a.words))
      then array['reserved', 'Subdomain reserved. Please choose a different one.']
    when a.name !~ '[^ \t-\r\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]' then array['name', 'An organization needs a name.']
    when a.name ~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]' then array['name', 'The name of an organization is one line.']
    when pg_catalog.char_length(a.name) > 40 then array['name', 'The name of an organization can have 40 characters at most.']
    when s.any_realm and s.missing is not null
      then array['internal', pg_catalog.concat('The internal realm is not whole: there is no ', s.missing, '.')]
  end as error
  from asked as a, state as s, (select exists (select from asked join zerver_realm as z on z.string_id::text = asked.string_id) as yes) as taken
)
select case when error is not null then 'error' end as status,
  case when error is not null then pg_catalog.json_build_object('code', error[1], 'message', error[2]) end as error,
  error is null and (kind = 'organization' or not any_realm) as make
from checked
