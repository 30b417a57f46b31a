-- {"target","noted"} -> an error where that an index was made anew is not noted
select 'error' as status, pg_catalog.json_build_object('code', 'not_written', 'message',
  pg_catalog.format('That the index of %s was made is not noted: the database kept the row in kfm.indexes out.', $1->>'target')) as error
where not $1 ? 'noted' and not $1 ? 'dataset_id' and not $1 ? 'since'
