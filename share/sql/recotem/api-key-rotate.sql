-- {"id","name","key_prefix","overlap","days","lifetime"} -> the key gives its name to the next one, whose end is returned,
-- and ends after so many days, at once with 0
update api_apikey
set name = pg_catalog.left($1->>'name', 230) || ' (old, ' || key_prefix::text || ')',
  is_active = ($1->>'overlap')::numeric > 0::numeric,
  expires_at = least(expires_at, pg_catalog.clock_timestamp() + interval '24 hours' * ($1->>'overlap')::double precision),
  updated_at = pg_catalog.clock_timestamp()
where id = ($1->>'id')::bigint
returning key_prefix as old_prefix, name as old_name, expires_at as old_expires_at, pg_catalog.clock_timestamp() as ins_datetime,
  case when $1->>'days' is not null or $1->>'lifetime' is not null then least(timestamptz '9999-12-31 23:59:59.999999+00',
    pg_catalog.clock_timestamp() + coalesce(interval '24 hours' * ($1->>'days')::double precision, ($1->>'lifetime')::interval))
  end as expires_at
