-- the list of what was made is empty
delete from rc.seeded
