-- {"realm_id"} -> each role's group, from owners on, is in the next wider one
insert into zerver_groupgroupmembership (supergroup_id, subgroup_id)
select wider.usergroup_ptr_id, narrower.usergroup_ptr_id
from pg_catalog.jsonb_to_record($1) as r (realm_id int)
join (values (1, 'role:owners', 'role:administrators'), (2, 'role:administrators', 'role:moderators'),
  (3, 'role:moderators', 'role:fullmembers'), (4, 'role:fullmembers', 'role:members'), (5, 'role:members', 'role:everyone'),
  (6, 'role:everyone', 'role:internet')) as pair (n, narrower, wider) on true
join zerver_namedusergroup as narrower on narrower.realm_id = r.realm_id and narrower.name::text = pair.narrower
join zerver_namedusergroup as wider on wider.realm_id = r.realm_id and wider.name::text = pair.wider
order by pair.n
