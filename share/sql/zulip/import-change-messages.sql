-- texts, HTML and edits of messages get the new numbers, and new names of the uploads that belong to them; each row for itself
update pg_temp.import_rows as r set element = r.element || (
  select pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'content', pg_temp.import_paths(r.element->>'content', a.paths),
    'rendered_content', pg_temp.import_html(pg_temp.import_paths(r.element->>'rendered_content', a.paths)),
    'edit_history', pg_temp.import_history(r.element->>'edit_history', a.paths)))
  from (select coalesce((select b.paths from pg_temp.import_attached as b where b.name = r.name and b.id = r.element->>'id'), '[]') as paths) as a)
where r.name in ('zerver_message', 'zerver_scheduledmessage') and r.element is not null
  and (r.element->>'edit_history' is not null
    or r.element->>'rendered_content' ~ '<(span|a|img) [^>]*class="(user-mention|user-group-mention|stream|emoji)[ "-]'
    or exists (select from pg_temp.import_attached as b where b.name = r.name and b.id = r.element->>'id'))
