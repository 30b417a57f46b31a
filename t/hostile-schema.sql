-- hostile-schema.sql - what a role that may create in public can put in other roles' way, for t/hostile-schema.bats
--
-- Operators and functions of PostgreSQL's own names for every pair of types that PostgreSQL has none for: where a call is not
-- qualified and its types do not fit exactly, the better match is here.  No one may execute them, so whoever would run one is
-- refused as soon as its statement begins, also where it comes to no row.  psql's variable words names the functions.
set client_min_messages = warning;
set check_function_bodies = off;
begin;
create temp table types as
  select t.oid, pg_catalog.format_type(t.oid, null) as name, t.typname in ('text', 'varchar', 'int4', 'int8', 'jsonb', 'json', 'timestamptz', 'bool', 'name', '_text', 'numeric', 'interval') as main,
    t.typname in ('text', 'varchar', 'int4', 'jsonb', 'name') as few
  from pg_catalog.pg_type t where typnamespace = 'pg_catalog'::regnamespace and typname = any ('{text,varchar,name,bpchar,char,int2,int4,int8,numeric,float8,bool,oid,regclass,json,jsonb,timestamptz,timestamp,date,interval,uuid,bytea,_text,_varchar,_name,_int2,_int4,_int8,int2vector,oidvector,xid,tid,record,pg_lsn}');
create temp table operators (name) as values ('='), ('<>'), ('<'), ('>'), ('<='), ('>='), ('||'), ('->'), ('->>'), ('#>'), ('#>>'), ('@>'), ('<@'), ('?'), ('&&'), ('+'), ('-'), ('*'), ('/'), ('%'), ('~'), ('~~'), ('!~'), ('!~~');
create temp table evil (sql) as
  -- the functions behind the operators: each has a name of its own, for one among a thousand of a name is slow to find
  select pg_catalog.format('create function evil_%s_%s_%s(%s, %s) returns %s language plpgsql immutable as $$begin raise exception %L; end$$', r.name, a.oid, b.oid, a.name, b.name, r.type,
    pg_catalog.format('EVIL operator of %s and %s', a.name, b.name))
  from types a, types b, (values ('bool', 'bool'), ('text', 'text'), ('jsonb', 'jsonb')) as r (name, type)
  union all
  select pg_catalog.format('create operator public.%s (leftarg = %s, rightarg = %s, function = evil_%s_%s_%s)', o.name, a.name, b.name,
    case when o.name in ('->', '#>') then 'jsonb' when o.name in ('||', '->>', '#>>', '+', '-', '*', '/', '%') then 'text' else 'bool' end, a.oid, b.oid)
  from operators o, types a, types b
  where not exists (select from pg_catalog.pg_operator p where p.oprnamespace = 'pg_catalog'::regnamespace and p.oprname = o.name and p.oprleft = a.oid and p.oprright = b.oid)
    ;
-- rows of tables are types, too
create temp table rows as select pg_catalog.format('%s', t.oid::regtype) as name, t.oid from pg_catalog.pg_class c join pg_catalog.pg_type t on t.oid = c.reltype
  where c.relkind = 'r' and c.relnamespace not in ('information_schema'::regnamespace, 'pg_toast'::regnamespace) and pg_catalog.has_schema_privilege(c.relnamespace, 'usage')
    and (c.relnamespace <> 'pg_catalog'::regnamespace or c.relname in ('pg_index', 'pg_class', 'pg_attribute'));
create temp table functions as
  select distinct p.proname as name from pg_catalog.pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind in ('f', 'a', 'w')
    and p.proname = any (pg_catalog.string_to_array(:'words', ' ')) and p.proname not in ('int4', 'int8', 'text', 'name', 'bool', 'numeric', 'date', 'interval', 'json', 'jsonb', 'time', 'varchar', 'xid', 'oid', 'overlaps', 'extract', 'position', 'substring', 'overlay', 'left', 'right', 'row', 'timezone');
create temp table calls as
  select f.name, array[t.name] as types, array[t.oid] as oids from functions f, (select name, oid from types union select name, oid from rows) t
  union all select f.name, array[a.name, b.name], array[a.oid, b.oid] from functions f, types a, types b where a.main and b.main
  union all select f.name, array[a.name, b.name, c.name], array[a.oid, b.oid, c.oid] from functions f, types a, types b, types c where a.few and b.few and c.few;
insert into evil select pg_catalog.format('create function public.%I(%s) returns text language plpgsql immutable as $$begin raise exception %L; end$$', name, pg_catalog.array_to_string(types, ', '),
    pg_catalog.format('EVIL function %s of %s', name, pg_catalog.array_to_string(types, ', ')))
  from calls c where not exists (select from pg_catalog.pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = c.name and p.proargtypes::oid[] = c.oids);
do $$
declare
  statement text;
begin
  for statement in select sql from evil loop
    begin
      execute statement;
    exception when others then
      -- a combination that PostgreSQL does not allow, or that an extension has made
      if sqlstate not in ('42P13', '42883', '42601', '42704', '42710', '42723') then raise; end if;
    end;
  end loop;
end
$$;
revoke execute on all functions in schema public from public, rc_mallory;
select pg_catalog.count(*) as evil from pg_catalog.pg_operator where oprnamespace = 'public'::regnamespace;
commit;
