-- the columns of the tables that an export can have, as the database has them: what a column is called in the export, and which
-- table's id it holds ("leads_to"; its own for an id). Where it is not in the export ("own"), this command makes it.
-- A number of a user group is that of its named group, too. Rows of zerver_usermessage get a number that nothing leads to.
create temporary table import_columns on commit drop as
with tables as (
  select t.place, t.name, pg_catalog.to_regclass(t.name) as relation
  from pg_catalog.unnest(array['zerver_realm', 'zerver_presencesequence', 'zerver_usergroup', 'zerver_namedusergroup', 'zerver_stream',
    'zerver_userprofile', 'zerver_realmauthenticationmethod', 'zerver_defaultstream', 'zerver_realmemoji', 'zerver_realmdomain',
    'zerver_realmfilter', 'zerver_realmplayground', 'zerver_recipient', 'zerver_subscription', 'zerver_realmauditlog', 'zerver_huddle',
    'zerver_alertword', 'zerver_savedsnippet', 'zerver_onboardingstep', 'zerver_usertopic', 'zerver_muteduser', 'zerver_service',
    'zerver_usergroupmembership', 'zerver_groupgroupmembership', 'zerver_botstoragedata', 'zerver_botconfigdata',
    'zerver_realmuserdefault', 'zerver_userpresence', 'zerver_useractivity', 'zerver_useractivityinterval', 'zerver_customprofilefield',
    'zerver_customprofilefieldvalue', 'zerver_message', 'zerver_usermessage', 'zerver_onboardingusermessage', 'zerver_scheduledmessage',
    'zerver_reaction', 'zerver_userstatus', 'zerver_attachment', 'analytics_realmcount', 'analytics_usercount',
    'analytics_streamcount']) with ordinality as t (name, place)
)
select t.place, t.name, t.relation, a.attnum as number, a.attname::text as "column",
  case
    when t.name = 'zerver_realm' and a.attname::text = 'max_invites' then '_max_invites'
    when t.name in ('zerver_usermessage', 'zerver_onboardingusermessage') and a.attname::text = 'flags' then 'flags_mask'
    when t.name = 'zerver_namedusergroup' and a.attname::text = 'realm_id' then 'realm_for_sharding'
    when k.confrelid is not null then pg_catalog.regexp_replace(a.attname::text, '_id$', '')
    else a.attname::text
  end as key,
  pg_catalog.format_type(a.atttypid, null) as type,
  case when a.attname::text = 'id' then t.name
    when l.relname::text = 'zerver_namedusergroup' then 'zerver_usergroup'
    else l.relname::text end as leads_to,
  t.name = 'zerver_userprofile' and a.attname::text in ('password', 'api_key', 'uuid') as own
from tables as t
join pg_catalog.pg_attribute as a on a.attrelid = t.relation::oid and a.attnum > 0::int2 and not a.attisdropped
left join pg_catalog.pg_constraint as k on k.conrelid = t.relation::oid and k.contype = 'f'::"char" and pg_catalog.cardinality(k.conkey) = 1 and k.conkey[1] = a.attnum
left join pg_catalog.pg_class as l on l.oid = k.confrelid
where not (t.name = 'zerver_usermessage' and a.attname::text = 'id')
