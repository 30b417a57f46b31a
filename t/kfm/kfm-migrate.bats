load ../helper

setup() {
  local name=kfm_empty_$BATS_SUITE_TEST_NUMBER
  psql -XAtq "$RC_TEST_SERVER" -c "create database $name"
  export DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//$name?}
}
teardown() { PGOPTIONS='-c client_min_messages=warning' psql -XAtq "$RC_TEST_SERVER" -c "drop database kfm_empty_$BATS_SUITE_TEST_NUMBER with (force)"; }

@test "an empty database gets all versions, and a second run has nothing to do" {
  run -0 --separate-stderr kfm-migrate
  [ "${lines[0]}" = 'Version 1 applied.' ]
  [ "${lines[1]}" = 'Version 2 applied.' ]
  [ "$stderr" = '' ]
  [ "$(sql 'select string_agg(name, $$ $$ order by rank) from kfm.roles')" = 'viewer contributor maintainer admin' ]
  run -0 kfm-migrate
  [ "$output" = "KFM's tables have version $(sql 'select max(version) from kfm.versions'): nothing to do." ]
  [ "$(sql 'select min(version), count(*) = max(version) from kfm.versions')" = '1|t' ]
}

@test "where an extension can't be made for want of the schema public, the tables are made all the same" {
  sql 'drop schema public'
  kfm-migrate >/dev/null
  [ "$(sql 'select max(version) from kfm.versions')" = 4 ]
  kfm-init-sample-data >/dev/null
  kfm-reindex --targets search >/dev/null
}

@test "a dry run says the versions and makes none" {
  run -0 kfm-migrate --dry-run
  [ "${lines[0]}" = 'Version 1 would be applied.' ]
  [ "${lines[-1]}" = 'Dry run complete. No changes made.' ]
  [ "$(sql "select to_regnamespace('kfm') is null")" = t ]
}

@test "tables of version 1 keep their rows on the way to the next" {
  psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" -f "$(rc_share)/sql/kfm/schema.sql"
  sql "insert into kfm.datasets (id, title) values ('d', 'Mine')"
  run -0 kfm-migrate
  [ "${lines[0]}" = 'Version 2 applied.' ]
  [ "$(sql 'select title from kfm.datasets')" = Mine ]
}

@test "tables that are newer than the command are refused" {
  kfm-migrate
  sql 'insert into kfm.versions (version, applied_at) values (99, now() - interval $$1 day$$)'
  run -1 --separate-stderr kfm-migrate
  [ "$output" = '' ]
  [[ $stderr == "kfm-migrate: KFM's tables have version 99, and this command knows up to "* ]]
}

@test "two at once: one makes the tables, the other finds them" {
  kfm-migrate --json >"$BATS_TEST_TMPDIR/one" 3>&- &
  kfm-migrate --json >"$BATS_TEST_TMPDIR/two"
  wait "$!"
  [ "$(cat "$BATS_TEST_TMPDIR"/{one,two} | grep -c '"version":1,')" = 1 ]
}

@test "where PostGIS is not, a place has its degrees alone" {
  kfm-migrate
  [ "$(sql "select string_agg(column_name, ' ' order by ordinal_position) from information_schema.columns
    where table_schema = 'kfm' and table_name = 'places'")" = 'id dataset_id name longitude latitude updated_at deleted_at' ]
}
