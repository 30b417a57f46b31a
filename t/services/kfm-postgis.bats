# KFM's tables where PostGIS is installed: a place is a point, too.
load ../helper

setup() {
  psql -XAtq "$RC_TEST_SERVER" -c "create database kfm_gis_$BATS_SUITE_TEST_NUMBER"
  export DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//kfm_gis_$BATS_SUITE_TEST_NUMBER?}
  sql 'create schema gis; create extension postgis schema gis' 2>/dev/null
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { psql -XAtq "$RC_TEST_SERVER" -c "drop database kfm_gis_$BATS_SUITE_TEST_NUMBER with (force)"; }

@test "a place has its point, which follows its degrees, and an index finds it" {
  run -0 --separate-stderr kfm-migrate
  run -0 --separate-stderr kfm-init-sample-data
  [ "$stderr" = '' ]
  [ "$(sql "select count(*) from kfm.places where gis.st_x(point) = longitude and gis.st_y(point) = latitude and gis.st_srid(point) = 4326")" = 6 ]
  sql "update kfm.places set longitude = 18.5, latitude = 54.25 where id = 'sample-maps:place:1'"
  [ "$(sql "select gis.st_astext(point) from kfm.places where id = 'sample-maps:place:1'")" = 'POINT(18.5 54.25)' ]
  [ "$(sql "set enable_seqscan = off; select id from kfm.places where point operator(gis.&&) gis.st_makeenvelope(18, 54, 19, 55, 4326)")" = sample-maps:place:1 ]
}

@test "the commands are the same with it: a second migration and sample, the indexes, the policies, the rows out, the removal" {
  kfm-migrate >/dev/null
  kfm-init-sample-data >/dev/null
  run -0 kfm-migrate
  [[ $output == *'nothing to do.' ]]
  run -0 kfm-init-sample-data
  [ "$output" = 'The sample is there already; nothing to do.' ]
  run -0 --separate-stderr kfm-reindex --targets search,graph,catalog
  [ "$output" = $'search: 24 row(s).\ngraph: 45 row(s).\ncatalog: 3 row(s).' ]
  run -0 kfm-policy-check
  run -0 --separate-stderr rc-export-rows --table kfm.places --output places
  [ "$(jq -r '.point | type' places | sort -u)" = object ]
  RC_CONFIRM=$(sql 'select current_database()') run -0 kfm-init-sample-data --remove
  [ "$(sql 'select count(*) from kfm.places')" = 0 ]
}
