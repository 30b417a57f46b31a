-- a function that inserts the rows of one table: numbers that lead elsewhere become the new ones, times are seconds since 1970
-- It has no search_path of its own, for the tables' triggers need the session's; so its operators are qualified.
create function pg_temp.import_insert(wanted text) returns bigint language plpgsql as $function$
declare
  columns text;
  expressions text;
  target regclass;
  inserted bigint;
  expected bigint;
begin
  select pg_catalog.string_agg(pg_catalog.quote_ident(c."column"), ', ' order by c.number), pg_catalog.min(c.relation::oid)::regclass,
    pg_catalog.string_agg(case
      when c.leads_to operator(pg_catalog.<>) ''
        then pg_catalog.format('(select i.new from pg_temp.import_ids as i where i.relation operator(pg_catalog.=) %L
          and i.old operator(pg_catalog.=) (r.element operator(pg_catalog.->>) %L)::bigint)', c.leads_to, c.key)
      when c.type operator(pg_catalog.=) 'timestamp with time zone'
        then pg_catalog.format('pg_catalog.to_timestamp((r.element operator(pg_catalog.->>) %L)::float8)', c.key)
      when c.type operator(pg_catalog.=) 'jsonb'
        then pg_catalog.format('case when r.element operator(pg_catalog.->>) %L is not null then r.element operator(pg_catalog.->) %L end', c.key, c.key)
      else pg_catalog.format('(r.element operator(pg_catalog.->>) %L)::%s', c.key, c.type)
    end, ', ' order by c.number)
  into columns, target, expressions
  from pg_temp.import_columns as c where c.name operator(pg_catalog.=) wanted;
  execute pg_catalog.format('insert into %s (%s) select %s from pg_temp.import_rows as r
    where r.name operator(pg_catalog.=) %L and r.element is not null order by (r.element operator(pg_catalog.->>) ''id'')::bigint',
    target, columns, expressions, wanted);
  get diagnostics inserted = row_count;
  select pg_catalog.count(*) into expected from pg_temp.import_rows as r where r.name operator(pg_catalog.=) wanted and r.element is not null;
  if inserted operator(pg_catalog.<>) expected then
    raise exception 'the database kept rows of % out', wanted using errcode = 'integrity_constraint_violation';
  end if;
  return inserted;
end $function$
