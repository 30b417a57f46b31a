-- a function that gives HTML of messages the new numbers of users, groups and channels, and the new folder of the organization's emoji
-- It takes the text apart before each tag that can have one. The rest of the text stays as it is.
create function pg_temp.import_html(html text) returns text language sql stable strict
set search_path = pg_catalog, pg_temp as $function$
  select pg_catalog.string_agg(case
    when ids.new is null then piece
    when tag.leads_to = 'zerver_stream' then pg_catalog.regexp_replace(pg_catalog.regexp_replace(piece, tag.before || '[0-9]+', '\1' || ids.new),
      '^(<[^>]* href="/#narrow/(?:channel|stream)/)' || ids.old || '\M', '\1' || ids.new)
    else pg_catalog.regexp_replace(piece, tag.before || '[0-9]+', '\1' || ids.new)
  end, '' order by place)
  from pg_catalog.regexp_split_to_table(html, '(?=<(?:span|a|img) )') with ordinality as pieces (piece, place)
  left join (values
    ('^<span [^>]*\mclass="user-mention[ "]', 'zerver_userprofile', '^(<[^>]* data-user-id=")'),
    ('^<span [^>]*\mclass="user-group-mention[ "]', 'zerver_usergroup', '^(<[^>]* data-user-group-id=")'),
    ('^<a [^>]*\mclass="stream["-]', 'zerver_stream', '^(<[^>]* data-stream-id=")'),
    ('^<img [^>]*\mclass="emoji"', 'zerver_realm', '^(<[^>]* src="/user_avatars/)')
  ) as tag (looks, leads_to, before) on piece ~ tag.looks
  cross join lateral (select (pg_catalog.regexp_match(piece, tag.before || '([0-9]{1,18})\M'))[2]::bigint as id) as old
  cross join lateral (select old.id as old, (select i.new from pg_temp.import_ids as i where i.relation = tag.leads_to and i.old = old.id) as new) as ids
$function$
