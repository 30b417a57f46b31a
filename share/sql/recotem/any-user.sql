-- -> a row where there is any user
select 1 as found where exists (select from auth_user)
