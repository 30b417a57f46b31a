-- what is wrong with tasks of the listing; lengths in bytes first, which cost nothing to find
update pg_temp.rc_task set problem = case
    when problem is not null then 'has a bad ' || problem
    when external_id is null or external_id = '' then 'has no external_id'
    when pg_catalog.char_length(external_id) > 255 then pg_catalog.format('has an external_id of %s characters, but 255 are the most',
      pg_catalog.char_length(external_id))
    when display_name is null or display_name::text = '' then 'has no display_name'
    when pg_catalog.char_length(display_name) > 255 then pg_catalog.format('has a display_name of %s characters, but 255 are the most',
      pg_catalog.char_length(display_name))
    when greatest(pg_catalog.char_length(account), pg_catalog.char_length(project), pg_catalog.char_length(phase),
      pg_catalog.char_length(project_phase), pg_catalog.char_length(department), pg_catalog.char_length(discipline),
      pg_catalog.char_length(task_type)) > 255 then 'has a field of more than 255 characters'
  end
where problem is not null or external_id is null or external_id = '' or display_name is null or display_name::text = ''
  or pg_catalog.octet_length(external_id) > 255 or pg_catalog.octet_length(display_name) > 255
  or pg_catalog.octet_length(account) > 255 or pg_catalog.octet_length(project) > 255 or pg_catalog.octet_length(phase) > 255
  or pg_catalog.octet_length(project_phase) > 255 or pg_catalog.octet_length(department) > 255
  or pg_catalog.octet_length(discipline) > 255 or pg_catalog.octet_length(task_type) > 255
