-- the tables that have been swapped in get the owner and the rights of those before them (reindex-keep.sql), and no other
do $$
declare
  kept jsonb := pg_catalog.current_setting('rc.kept');
  one record;
begin
  for one in select o.key as name, o.value as owner from pg_catalog.jsonb_each_text(coalesce(nullif(kept->'owners'::text, 'null'), '{}')) as o loop
    if one.owner <> current_user::text then
      execute pg_catalog.format('alter table kfm.%I owner to %I', one.name, one.owner);
    end if;
  end loop;
  for one in
    select distinct c.relname, case a.grantee when 0::oid then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end as role
    from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace, pg_catalog.aclexplode(c.relacl) as a
    where n.nspname::text = 'kfm' and kept->'owners'::text ? c.relname::text and a.grantee <> c.relowner -- which default privileges gave
  loop
    execute pg_catalog.format('revoke all on kfm.%I from %s', one.relname, one.role);
  end loop;
  for one in select r.* from pg_catalog.jsonb_to_recordset(coalesce(nullif(kept->'rights'::text, 'null'), '[]'))
      as r ("on" text, "column" text, "to" text, "right" text, more bool) loop
    execute pg_catalog.format('grant %s%s on kfm.%I to %s%s', one."right", ' (' || pg_catalog.quote_ident(one."column") || ')', one."on", one."to",
      case when one.more then ' with grant option' end);
  end loop;
end
$$;
