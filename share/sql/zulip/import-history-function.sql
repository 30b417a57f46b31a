-- a function that gives the history of a message's edits the new numbers of those who edited, and its HTML new ones, too; the order
-- of its fields stays
create function pg_temp.import_history(history text, paths jsonb) returns text language sql stable strict
set search_path = pg_catalog, pg_temp as $function$
  select pg_catalog.concat('[', pg_catalog.string_agg(edit.fields, ',' order by e.place), ']')
  from pg_catalog.json_array_elements(history::json) with ordinality as e (value, place)
  cross join lateral (
    select pg_catalog.concat('{', pg_catalog.string_agg(pg_catalog.concat(pg_catalog.to_json(f.key), ':', case
      when f.key = 'user_id' and pg_catalog.json_typeof(f.value) = 'number' then coalesce((select i.new from pg_temp.import_ids as i
        where i.relation = 'zerver_userprofile' and i.old = f.value::text::bigint)::text, f.value::text)
      when f.key = 'prev_rendered_content' and pg_catalog.json_typeof(f.value) = 'string'
        then pg_catalog.to_json(pg_temp.import_html(pg_temp.import_paths(f.value #>> '{}', paths)))::text
      else f.value::text end), ',' order by f.place), '}') as fields
    from pg_catalog.json_each(e.value) with ordinality as f (key, value, place)
  ) as edit
$function$
