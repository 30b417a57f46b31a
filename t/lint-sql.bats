# shellcheck disable=SC2016 # $1 is SQL's
# tools/lint-sql finds what must not stand in the tree, and nothing else.
load helper

setup() {
  lint=$RC_TEST_FOLDER/../tools/lint-sql
  cd "$BATS_TEST_TMPDIR" || return
  mkdir -p share/sql/x bin lib/db src
}

# finds TEXT FILE CONTENT: where only that is there, it is found in its first line.
finds() {
  rm -f share/sql/x/* bin/* lib/db/*
  printf '%s\n' "$3" >"$2"
  run -1 "$lint"
  [ "$output" = "$2:1: $1" ]
}

passes() {
  rm -f share/sql/x/* bin/* lib/db/*
  printf '%s\n' "$2" >"$1"
  run -0 "$lint"
  [ "$output" = '' ]
}

@test "a function that is not qualified is found, in SQL files and in C" {
  finds 'now() is not qualified: pg_catalog.now()' share/sql/x/a.sql 'select now() as now'
  finds 'to_json() is not qualified: pg_catalog.to_json()' share/sql/x/a.sql 'select pg_catalog.format(to_json(x)) from x'
  finds 'count() is not qualified: pg_catalog.count()' lib/db/a.c 'x = "select count(*) from t";'
  passes share/sql/x/a.sql 'with a (x) as (select 1) select pg_catalog.now(), coalesce(a.x, 2) from a -- now() is '\''now()'\'
  passes lib/db/a.c 'x = "usage: now (or later)"; select("select pg_catalog.count(*)");'
}

@test "U&, bytes outside ASCII and eval are found" {
  finds "U&'' needs a database in UTF8; chr() and a list of numbers do not" share/sql/x/a.sql "select U&'\\00e9' as e"
  finds 'a byte outside ASCII' share/sql/x/a.sql "select 'é' as e"
  finds 'eval runs words as code' bin/a '[[ $x ]] && eval "$x"'
  passes bin/a 'echo evaluate # eval "$x"'
}
