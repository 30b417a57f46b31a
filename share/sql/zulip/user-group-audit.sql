-- {"realm_id","user_id","joined"} -> the records of that
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id, acting_user_id, modified_user_id, modified_user_group_id)
select r.joined, false, '{}', 703, r.realm_id, r.user_id, r.user_id, m.user_group_id
from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int, joined timestamptz), zerver_usergroupmembership as m
where m.user_profile_id = r.user_id
order by m.id
