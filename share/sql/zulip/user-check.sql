-- {"kind","email","full_name"} -> the address with its domain in lower case and the name, which is the address up to its @
-- where there is none, without blanks around it; or why they can't be a user's. What an address is, Django says; what a name is,
-- and the words, are Zulip's. No class of the locale is asked, since the database's may know no more than ASCII.
with asked as (
  select r.kind, r.email, pg_catalog.regexp_replace(r.email, '@[^@]*$', '') as local,
    pg_catalog.lower(pg_catalog.regexp_replace(r.email, '^.*@', '')) as domain, r.email ~ '@localhost$' as is_localhost,
    pg_catalog.regexp_replace(coalesce(r.full_name, pg_catalog.regexp_replace(r.email, '@[^@]*$', '')),
      '^[ \t-\r\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[ \t-\r\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$',
      '', 'g') as full_name
  from pg_catalog.jsonb_to_record($1) as r (kind text, email text, full_name text)
), numbered as ( -- an address of the network whose end has the older form has two words there
  select asked.*, pg_catalog.regexp_replace(domain, ':((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])([.](?!\])|(?=\]))){4}\]$', ':0:0]') as number
  from asked
), checked as (
  select numbered.*, case
    when email is null or email !~ '@' or pg_catalog.char_length(email) > 254
      -- words with dots between, or anything printable in quotation marks
      or local !~ '^[-!#$%&''*+/=?^_`{}|~0-9A-Za-z]+([.][-!#$%&''*+/=?^_`{}|~0-9A-Za-z]+)*$'
        and local !~ '^"([\u0001-\u0008\u000b\u000c\u000e-\u001f!#-\[\]-\u007f]|\\[\u0001-\u0009\u000b\u000c\u000e-\u007f])*"$'
      -- labels of letters (of any script), digits and hyphens, none at an end; the last is no number
      or not is_localhost
        and domain !~ '^([a-z0-9\u00a1-\uffff]([a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?[.])+([a-z\u00a1-\uffff]([a-z\u00a1-\uffff-]{0,61}[a-z\u00a1-\uffff])|xn--[a-z0-9]{1,59})$'
        -- an address of the network
        and domain !~ '^\[((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])([.](?!\])|(?=\]))){4}\]$'
        and not (number ~ '^\[[0-9a-f:]+\]$' and number !~ '[0-9a-f]{5}|:::|::.*::|^\[:[^:]|[^:]:\]$' and pg_catalog.char_length(domain) <= 41
          and (number ~ '^\[([0-9a-f]+:){7}[0-9a-f]+\]$' or number ~ '::' and number !~ '([0-9a-f]+:+){7}[0-9a-f]'))
      then array['email', 'Invalid email address.']
    when full_name = '' then array['full_name', 'Name too short!']
    when pg_catalog.char_length(full_name) > 100 then array['full_name', 'Name too long!']
    -- ours, and what Unicode calls control, format and private characters: what is not seen, or turns the text around
    when full_name ~ '[*`\\>"@\u0001-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ue000-\uf8ff\ufeff\ufff0-\ufffb]'
      or full_name ~ '[\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000f0000-\U0010ffff]'
      then array['full_name', 'Invalid characters in name!']
    when full_name ~ '[|][0-9]+$' then array['full_name', 'Invalid format!'] -- with a number behind it a mention means that user
  end as error
  from numbered
)
select case when error is null then pg_catalog.concat(local, '@', domain) else email end as email, full_name,
  case when error is not null then 'error' end as status,
  case when error is not null then pg_catalog.json_build_object('code', error[1], 'message', error[2]) end as error
from checked
where kind is distinct from 'internal'
