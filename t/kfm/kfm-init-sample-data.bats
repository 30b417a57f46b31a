load ../helper
load helper

setup() {
  new_kfm
  cd "$BATS_TEST_TMPDIR" || return
}

counts() {
  sql 'select (select count(*) from kfm.datasets), (select count(*) from kfm.documents), (select count(*) from kfm.places),
    (select count(*) from kfm.relations), (select count(*) from kfm.provenance)'
}
rows() { sql 'select * from kfm.datasets order by id; select * from kfm.documents order by id; select * from kfm.places order by id; select * from kfm.relations order by 1, 2, 3'; }

@test "the sample is made, marked, with its provenance; a second run changes nothing" {
  run -0 --separate-stderr kfm-init-sample-data
  [ "${lines[0]}" = 'Wrote 3 dataset(s).' ]
  [ "${lines[1]}" = 'Wrote 24 document(s).' ]
  [ "$stderr" = '' ]
  [ "$(counts)" = '3|24|6|45|78' ]
  [ "$(sql "select bool_and(is_sample and id like 'sample-%' and title like 'Sample: %') from kfm.datasets")" = t ]
  [ "$(sql "select count(*) from kfm.provenance where source <> 'kfm-init-sample-data' or digest !~ '^[0-9a-f]{64}$'")" = 0 ]
  before=$(rows)
  run -0 kfm-init-sample-data
  [ "$output" = 'The sample is there already; nothing to do.' ]
  [ "$(rows)" = "$before" ]
}

@test "two databases get the same rows" {
  kfm-init-sample-data
  first=$(sql 'select id, title, body, attributes, updated_at from kfm.documents order by id')
  new_kfm
  kfm-init-sample-data
  [ "$(sql 'select id, title, body, attributes, updated_at from kfm.documents order by id')" = "$first" ]
}

@test "a row that was changed is set back, as the next version" {
  kfm-init-sample-data
  sql "update kfm.documents set title = 'x' where id = 'sample-maps:document:1'"
  run -0 kfm-init-sample-data
  [ "$output" = 'Wrote 1 document(s).' ]
  [ "$(sql "select version, title <> 'x' from kfm.documents where id = 'sample-maps:document:1'")" = '2|t' ]
}

@test "--output writes the records for others, with manifest and provenance, and only where the rows are there, too" {
  mkdir out
  cd out
  run -0 --separate-stderr kfm-init-sample-data --output sample.ndjson --dry-run
  [ ! -e sample.ndjson ]
  RC_ENVIRONMENT=production RC_RUN_CONFIRM='' run ! --separate-stderr kfm-init-sample-data --output sample.ndjson
    [ "$(ls -A)" = '' ]
  [ "$(counts)" = '0|0|0|0|0' ]
  run -0 --separate-stderr kfm-init-sample-data --output sample.ndjson
  [ "$stderr" = '' ]
  [ "$(ls -A)" = $'sample.ndjson\nsample.ndjson.manifest\nsample.ndjson.provenance' ]
  [ "$(wc -l <sample.ndjson) $(tail -n 1 sample.ndjson)" = '79 {"rc_end":{"v":1}}' ]
  rc-provenance --check sample.ndjson
  grep -q kfm-init-sample-data sample.ndjson.provenance
  run -0 --separate-stderr kfm-init-sample-data --output sample.ndjson # the rows are there, and the file, too
  rc-provenance --check sample.ndjson
  printf x >>sample.ndjson
  run -1 rc-provenance --check sample.ndjson
}

@test "--output that cannot be written is refused before a row is" {
  run -1 --separate-stderr kfm-init-sample-data --output none/sample.ndjson
  [ "${stderr_lines[0]}" = 'kfm-init-sample-data: none/sample.ndjson cannot be written' ]
  run -2 --separate-stderr kfm-init-sample-data --output sample.ndjson --remove
  [ "$(counts)" = '0|0|0|0|0' ]
}

@test "--remove takes exactly the sample away" {
  sql "insert into kfm.datasets (id, title) values ('mine', 'Mine'); insert into kfm.documents (id, dataset_id, title) values ('mine:1', 'mine', 'One')"
  before=$(rows)
  kfm-init-sample-data
  confirm_destruction
  run -0 --separate-stderr kfm-init-sample-data --remove
  [ "${lines[1]}" = 'Removed 24 document(s).' ]
  [ "$(rows)" = "$before" ]
  [ "$(sql 'select count(*) from kfm.provenance')" = 0 ]
  run -0 --separate-stderr kfm-init-sample-data --remove
  [ "$output" = 'Nothing to remove.' ]
}

@test "where others have added to the sample, nothing is removed, and the message names it" {
  kfm-init-sample-data
  sql "insert into kfm.documents (id, dataset_id, title) values ('theirs', 'sample-maps', 'Theirs')"
  before=$(rows)
  run -1 --separate-stderr kfm-init-sample-data --remove
  [ "$stderr" = 'kfm-init-sample-data: Nothing is removed: 1 row(s) of others belong to the sample: theirs' ]
  [ "$(rows)" = "$before" ]
}

@test "a row that the database keeps out is a refusal, and nothing is written" {
  sql "create function keep_out() returns trigger language plpgsql as 'begin return null; end';
    create trigger keep_out before insert on kfm.places for each row execute function keep_out()"
  run -1 --separate-stderr kfm-init-sample-data
  [ "$stderr" = 'kfm-init-sample-data: The sample was not written: the database kept out 6 row(s).' ]
  [ "$(counts)" = '0|0|0|0|0' ]
}

@test "production is refused, unless that is meant" {
  KFM_ENV=production run -1 --separate-stderr kfm-init-sample-data --yes --environment staging
  [ "${stderr_lines[-1]}" = 'kfm-init-sample-data: refused: --environment is staging, but RC_ENVIRONMENT says production' ]
  KFM_ENV=production run -1 --separate-stderr kfm-init-sample-data
  [ "${stderr_lines[-1]}" = 'kfm-init-sample-data: refused: it is not clear that this is meant; to be given: --confirm PRODUCTION' ]
  grep -qx '  how much:     78' <<<"$stderr" # rows, not kinds of rows
  [ "$(counts)" = '0|0|0|0|0' ]
  KFM_ENV=production run -0 --separate-stderr kfm-init-sample-data --confirm PRODUCTION
  [ "$(counts)" != '0|0|0|0|0' ]
}

@test "a dry run writes nothing" {
  run -0 kfm-init-sample-data --dry-run
  [ "${lines[1]}" = 'Would write 24 document(s).' ]
  [ "$(counts)" = '0|0|0|0|0' ]
}
