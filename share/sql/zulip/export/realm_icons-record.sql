-- {"realm_id","path"} -> what records.json has of a picture of the organization itself
select ($1->>'realm_id')::int as realm_id, $1->>'path' as path, $1->>'path' as s3_path
