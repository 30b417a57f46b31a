-- users that are no more than a name are users
update pg_temp.import_rows set name = 'zerver_userprofile' where name = 'zerver_userprofile_mirrordummy' and element is not null
