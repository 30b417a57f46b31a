-- {"realm_id"} -> the ways to log in, all of them: which the server offers is its own setting
insert into zerver_realmauthenticationmethod (name, realm_id)
select method.name, r.realm_id
from pg_catalog.jsonb_to_record($1) as r (realm_id int), (values (1, 'Dev'), (2, 'Email'), (3, 'LDAP'), (4, 'RemoteUser'),
  (5, 'GitHub'), (6, 'AzureAD'), (7, 'GitLab'), (8, 'Google'), (9, 'Apple'), (10, 'SAML'), (11, 'OpenID Connect')) as method (n, name)
where r.realm_id is not null
order by method.n
