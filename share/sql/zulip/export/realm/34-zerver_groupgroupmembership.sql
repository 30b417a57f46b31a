-- -> rows of zerver_groupgroupmembership, for realm.json
select
  t.id, t.supergroup_id as supergroup, t.subgroup_id as subgroup
from zerver_groupgroupmembership as t
where t.supergroup_id in (select g.id from zerver_usergroup as g where g.realm_id = (select id from realm))
order by t.id
