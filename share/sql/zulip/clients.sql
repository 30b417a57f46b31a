-- {"kind","make"} -> the programs that the server knows by name, with the internal realm; Internal sends the first messages
insert into zerver_client (name)
select client.name
from pg_catalog.jsonb_to_record($1) as r (kind text, make bool),
  (values (1, 'Internal'), (2, 'website'), (3, 'ZulipMobile'), (4, 'ZulipElectron')) as client (n, name)
where (client.n = 1 or r.kind = 'internal' and r.make) and not exists (select from zerver_client as c where c.name::text = client.name)
order by client.n
