load helper

setup() { new_database; name=$(sql 'select current_database()'); }

@test "a database that says nothing, then says what it is, and keeps it" {
  run -0 --separate-stderr rc-environment show
  [[ $output == '{"environment":null,"database":"'"$name"'","system_identifier":"'+([0-9])'","status":"none"}' ]]
  [ "$(sql "select to_regnamespace('rc') is null")" = t ]
  run -0 --separate-stderr rc-environment set production
  [[ $output == '{"environment":"production","database":"'"$name"'",'*'"status":"set"}' ]]
  [ -z "$stderr" ]
  run -0 rc-environment set production
  [[ $output == *'"status":"unchanged"}' ]]
  run -0 rc-environment show
  [[ $output == *'"environment":"production",'*'"status":"set"}' ]]
  [ "$(sql 'select environment, database from rc.meta')" = "production|$name" ]
}

@test "a dry run writes nothing" {
  run -0 rc-environment --dry-run set staging
  [[ $output == *'"environment":"staging",'*'"status":"would_set"}' ]]
  [ "$(sql "select to_regnamespace('rc') is null")" = t ]
}

@test "of many that set a name at once one has set it, and the others find it" {
  local i
  for i in 1 2 3 4 5 6; do
    { rc-environment set "e$i" >"$BATS_TEST_TMPDIR/$i" 2>&1 || true; } &
  done
  wait
  name_set=$(sql 'select environment from rc.meta')
  [ "$(grep -lF '"status":"set"' "$BATS_TEST_TMPDIR"/[1-6])" = "$BATS_TEST_TMPDIR/${name_set#e}" ]
  [ "$(grep -cF "rc-environment: database $name says that it is $name_set;" "$BATS_TEST_TMPDIR"/[1-6] | grep -c ':1$')" = 5 ]
}

@test "another name goes there only by who knows the one before" {
  rc-environment set production
  run -100 --separate-stderr rc-environment set staging
  [ "$stderr" = "rc-environment: database $name says that it is production; --replace production gives it another name" ]
  run -100 --separate-stderr rc-environment set staging --replace test
  [ "$stderr" = "rc-environment: database $name says that it is production, not test" ]
  [ "$(sql 'select environment from rc.meta')" = production ]
  run -0 rc-environment set staging --replace production
  [ "$(sql 'select environment from rc.meta')" = staging ]
}

@test "the row of another database or server does not count, and set writes a new one over it" {
  rc-environment set production
  sql "update rc.meta set database = 'shop'"
  run -0 rc-environment show
  [[ $output == '{"environment":"production","database":"shop",'*'"status":"of_another_database"}' ]]
  sql "update rc.meta set database = '$name', system_identifier = '1'"
  run -0 rc-environment show
  [[ $output == *'"status":"of_another_database"}' ]]
  run -0 rc-environment set staging
  [ "$(sql 'select environment, database from rc.meta')" = "staging|$name" ]
}

@test "a copy of a database is another one" {
  rc-environment set production
  sql "create database ${name}_copy template $name"
  DATABASE_URL=${DATABASE_URL/"/$name?"/"/${name}_copy?"} run -0 rc-environment show
  sql "drop database ${name}_copy"
  [[ $output == *'"status":"of_another_database"}' ]]
}

@test "a role that may not read it is told so, and one with no rights of its own reads it" {
  rc-environment set production
  sql "create role ${name}_reader login"
  PGUSER=${name}_reader DATABASE_URL=${DATABASE_URL/postgres@/} run -0 rc-environment show
  sql 'revoke select on rc.meta from public'
  DATABASE_URL=${DATABASE_URL//'://postgres@'/"://${name}_reader@"} run -100 --separate-stderr rc-environment show
  sql "drop role ${name}_reader"
  [[ $stderr == "rc-environment: this role may not read rc.meta,"* ]]
}

@test "what is no table is not read" {
  sql 'create schema rc; create view rc.meta as select 1'
  run -100 --separate-stderr rc-environment show
  [ "$stderr" = 'rc-environment: rc.meta is no table' ]
}

@test "wrong calls" {
  for arguments in '' set 'set a b' 'show x' 'get' 'set a/b' 'show --replace x'; do
    # shellcheck disable=SC2086 # they are words
    run -100 rc-environment $arguments
  done
}
