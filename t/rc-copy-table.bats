# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load recotem/helper

# Two databases: $source, and that of DATABASE_URL.
setup() {
  new_database
  source=$DATABASE_URL
  new_database
  target=$DATABASE_URL
}

in_source() { DATABASE_URL=$source sql "$1"; }

@test "rows go from one database to another, of all types, and a second time they are the same" {
  local table='create table t (id int primary key, "Name" text, n numeric, at timestamptz, j jsonb, a text[])'
  sql "$table"
  in_source "$table; insert into t select i, 'n' || i, i / 7.0, '2024-01-01'::timestamptz + i * interval '1 h', jsonb_build_object('i', i), array['x', null] from generate_series(1, 1000) i"
  run -0 --separate-stderr rc-copy-table "$source" t "$target"
  [ "$output" = '1000 inserted, 0 updated, 0 unchanged, 0 missing' ]
  [ -z "$stderr" ]
  [ "$(sql 'select row_to_json(t) from t order by id')" = "$(in_source 'select row_to_json(t) from t order by id')" ]
  run -0 --separate-stderr rc-copy-table "$source" t "$target" --mode upsert
  [ "$output" = '0 inserted, 0 updated, 1000 unchanged, 0 missing' ]
}

@test "another name, some rows, some columns" {
  in_source "create schema s; create table s.t (id int, v text, w text); insert into s.t values (1, 'a', 'x'), (2, 'b', 'y')"
  sql 'create table u (id int, v text)'
  run -0 --separate-stderr rc-copy-table "$source" s.t "$target" --to u --columns id,v --where 'id > 1'
  [ "$(sql 'select * from u')" = '2|b' ]
}

@test "sync deletes what the source lacks, and a dry run only tells" {
  in_source "create table t (id int primary key, v text); insert into t values (1, 'a'), (2, 'b')"
  sql "create table t (id int primary key, v text); insert into t values (2, 'old'), (3, 'c')"
  run -0 --separate-stderr rc-copy-table "$source" t "$target" --mode sync --missing delete --dry-run
  [ "$output" = $'1 inserted, 1 updated, 0 unchanged, 1 missing\n\nDry run complete. No changes made.' ]
  [ "$(sql 'select * from t order by id')" = $'2|old\n3|c' ]
  run -1 rc-copy-table "$source" t "$target" --mode sync --missing delete --confirm PRODUCTION
  [ "$(sql 'select * from t order by id')" = $'2|old\n3|c' ]
  run -0 --separate-stderr rc-copy-table "$source" t "$target" --mode sync --missing delete --json --confirm "$(sql 'select current_database()')"
  [ "${lines[0]}" = '{"inserted":1,"updated":1,"unchanged":0,"missing":1,"rejected":0}' ]
  [ "$(sql 'select * from t order by id')" = $'1|a\n2|b' ]
}

@test "a source that fails leaves the target as it was" {
  in_source 'create table t (id int); insert into t select 1 / (5000 - i) from generate_series(1, 4000) i; create view v as select 1 / (3000 - i) as id from generate_series(1, 4000) i'
  sql 'create table t (id int); insert into t values (7); create table v (id int)'
  run -1 --separate-stderr rc-copy-table "$source" v "$target"
  [ -z "$output" ]
  [[ $stderr == *'division by zero'* ]]
  [ "$(sql 'select count(*) from v')" = 0 ]
  run -1 --separate-stderr rc-copy-table "$source" no_such "$target"
  [ -z "$output" ]
  run -1 --separate-stderr rc-copy-table "$source" t "$target" --to no_such
  [[ $stderr == *'no_such: no such table'* ]]
  [ "$(sql 'select * from t')" = 7 ]
}

@test "a URL may stand in a file or be that of the environment" {
  in_source 'create table t (id int); insert into t values (1)'
  sql 'create table t (id int)'
  printf '%s\n' "$source" >"$BATS_TEST_TMPDIR/url"
  run -0 --separate-stderr rc-copy-table "@$BATS_TEST_TMPDIR/url" t -
  [ "$output" = '1 inserted, 0 updated, 0 unchanged, 0 missing' ]
  DATABASE_URL=$source run -0 --separate-stderr rc-copy-table - t "$target"
  [ "$(sql 'select count(*) from t')" = 2 ]
  run -1 --separate-stderr rc-copy-table "@$BATS_TEST_TMPDIR/none" t -
  [[ ${stderr_lines[0]} == *"$BATS_TEST_TMPDIR/none"* ]]
}

@test "what is missing or unknown is said before anything is read" {
  run -2 --separate-stderr rc-copy-table "$source" t
  [[ $stderr == *TARGET_URL* ]]
  run -2 --separate-stderr rc-copy-table "$source" t "$target" --mode nothing
  [ -z "$output" ]
}
