-- a function that gives a text the new names of uploads
create function pg_temp.import_paths(content text, paths jsonb) returns text language plpgsql stable strict
set search_path = pg_catalog, pg_temp as $function$
declare
  path record;
begin
  for path in select p.value->>'old' as old, p.value->>'new' as new from pg_catalog.jsonb_array_elements(paths) as p (value) loop
    content := pg_catalog.replace(content, '/user_uploads/' || path.old, '/user_uploads/' || path.new);
    content := pg_catalog.replace(content, '/user_uploads/thumbnail/' || path.old, '/user_uploads/thumbnail/' || path.new);
  end loop;
  return content;
end $function$
