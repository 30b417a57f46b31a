# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load recotem/helper

setup() { new_database; started=(); }

teardown() { end_started; }

assign() { rc-owner-assign --owner-sql "$(rc_share)/sql/recotem/user-by-name.sql" "$@"; }

project='{"table":"api_project","column":"owner_id","label":"Project"}'
split='{"table":"api_splitconfig","column":"created_by_id","label":"SplitConfig"}'
evaluation='{"table":"api_evaluationconfig","column":"created_by_id","label":"EvaluationConfig"}'
all="$project
$split
$evaluation"

# The table things (id, name, owner, kind) with more of SQL behind its columns, and the targets for it.
things='{"table":"things","column":"owner","label":"Thing"}'
make_things() { sql "create table things (id int primary key, name text, owner int, kind text$1)"; }
thing() { sql "insert into things (id, name, owner, kind) values ($1)"; }
things_now() { sql 'select id, name, owner, kind from things order by id'; }

# An SQL file that gives the owner: $owner_sql.
owner_is() {
  owner_sql=$BATS_TEST_TMPDIR/owner.sql
  printf '%s\n' "$1" >"$owner_sql"
}

# [status, count] of each record of $output.
counts() { jq -c '[.label, .status, .count]' <<<"$output"; }

# Starts assign with the targets on stdin; $assigner is its pid, out and err in the test's folder.
start() {
  rc-owner-assign --owner-sql "$(rc_share)/sql/recotem/user-by-name.sql" "$@" <&0 >"$BATS_TEST_TMPDIR/out" \
    2>"$BATS_TEST_TMPDIR/err" 3>&- &
  assigner=$!
  started+=("$assigner")
}

ended() { # waits for it; its code in $code
  code=0
  wait "$assigner" || code=$?
}

@test "rows without an owner get one, others keep theirs" {
  bob=$(add_user bob) alice=$(add_user alice)
  add_project one null; add_project two "$alice"; add_project three null
  run -0 --separate-stderr assign --user bob <<<"$project"
  [ "$output" = '{"table":"api_project","column":"owner_id","label":"Project","owner":"bob","owner_id":'"$bob"',"count":2,"status":"assigned"}' ]
  [ "$stderr" = '' ]
  [ "$(sql 'select name, owner_id from api_project order by id')" = "$(printf 'one|%s\ntwo|%s\nthree|%s' "$bob" "$alice" "$bob")" ]
}

@test "all targets are done in their order, only the owner's column changes" {
  bob=$(add_user bob)
  add_project one null; add_split null; add_split null; add_evaluation "$bob"
  before=$(owned_rows)
  run -0 --separate-stderr assign --user bob <<<"$all"
  [ "$(counts)" = '["Project","assigned",1]
["SplitConfig","assigned",2]
["EvaluationConfig","unchanged",0]' ]
  [ "$(jq -c '[.owner, .owner_id]' <<<"$output" | sort -u)" = '["bob",'"$bob"']' ]
  [ "$(owned_rows)" = "$(sed -E 's/"(owner_id|created_by_id)": null/"\1": '"$bob"'/' <<<"$before")" ]
}

@test "a second run changes nothing and says unchanged" {
  add_user bob
  add_project one null
  run -0 assign --user bob <<<"$all"
  before=$(owned_rows)
  run -0 --separate-stderr assign --user bob <<<"$all"
  [ "$(jq -r .status <<<"$output" | sort -u)" = unchanged ]
  [ "$stderr" = '' ]
  [ "$(owned_rows)" = "$before" ]
}

@test "--dry-run counts and changes nothing" {
  add_user bob
  add_project one null; add_split null
  before=$(owned_rows)
  run -0 --separate-stderr assign --user bob --dry-run <<<"$all"
  [ "$(counts)" = '["Project","would_assign",1]
["SplitConfig","would_assign",1]
["EvaluationConfig","unchanged",0]' ]
  [ "$stderr" = '' ]
  [ "$(owned_rows)" = "$before" ]
}

@test "no target gives no record" {
  add_user bob
  run -0 --separate-stderr assign --user bob </dev/null
  [ "$output$stderr" = '' ]
}

@test "unknown fields of a target pass through" {
  add_user bob
  run -0 assign --user bob <<<'{"id":9223372036854775807,"table":"api_project","column":"owner_id","label":"a\u00e9","x":1.0}'
  [[ $output == '{"id":9223372036854775807,"table":"api_project","column":"owner_id","label":"a\u00e9","x":1.0,"owner":"bob",'* ]]
}

@test "a user that is not there is an answer with the code no_owner, and 1" {
  add_project one null
  before=$(owned_rows)
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr assign --user nobody $dry <<<"$all"
    [ "$output" = '{"user":"nobody","status":"error","error":{"code":"no_owner","message":"there is no user '\''nobody'\''"}}' ]
    [ "$stderr" = '' ]
  done
  [ "$(owned_rows)" = "$before" ]
}

@test "a user's name is matched exactly, whatever is in it" {
  local name
  for name in "o'brien" 'a "b" \c' ' blank ' 'Ünï😀' '-x' '%' "'; drop table api_project; --"; do
    add_user "${name//\'/\'\'}" >/dev/null
    add_project "of $RANDOM" null
    run -0 --separate-stderr assign --user="$name" <<<"$project"
    [ "$(jq -r .owner <<<"$output")" = "$name" ]
    [ "$(jq -r .count <<<"$output")" = 1 ]
  done
  run -1 --separate-stderr assign --user BLANK <<<"$project"
  run -1 --separate-stderr assign --user 'blank' <<<"$project"
}

@test "the user already has a row of that name: unique_clash, found before anything changes" {
  bob=$(add_user bob)
  add_split null
  add_project same "$bob"; add_project other null; add_project same null
  before=$(owned_rows)
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr assign --user bob $dry <<<"$split
$project
$evaluation"
    [ "$(counts)" = '["SplitConfig","would_assign",1]
["Project","error",0]
["EvaluationConfig","unchanged",0]' ]
    [ "$(jq -c 'select(.error) | [.error.code, .error.constraint, .error.rows]' <<<"$output")" = '["unique_clash","unique_project_name_per_owner",[{"id":1},{"id":3}]]' ]
    [ "$(jq -r 'select(.error).error | keys_unsorted | join(" ")' <<<"$output")" = 'code message constraint rows' ]
    [[ $(jq -r 'select(.error).error.message' <<<"$output") == *unique_project_name_per_owner* ]]
    [ "$stderr" = '' ]
    [ "$(owned_rows)" = "$before" ]
  done
}

@test "two rows without an owner share a name: unique_clash names both" {
  add_user bob
  add_project same null; add_project other null; add_project same null
  before=$(owned_rows)
  run -1 --separate-stderr assign --user bob <<<"$project"
  [ "$(jq -c '[.status, .error.code, .error.rows]' <<<"$output")" = '["error","unique_clash",[{"id":1},{"id":3}]]' ]
  [ "$(owned_rows)" = "$before" ]
}

@test "rows of another owner with the same name are no clash" {
  alice=$(add_user alice)
  add_user bob
  add_project same "$alice"; add_project same null
  run -0 assign --user bob <<<"$project"
  [ "$(counts)" = '["Project","assigned",1]' ]
}

@test "a missing table and a missing column are answers, and nothing changes" {
  add_user bob
  add_project one null
  before=$(owned_rows)
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr assign --user bob $dry <<<"$project
{\"table\":\"api_none\",\"column\":\"owner_id\",\"label\":\"None\"}
{\"table\":\"api_splitconfig\",\"column\":\"owner_id\",\"label\":\"Split\"}"
    [ "$(jq -c '[.status, .count, .error.code, .error.message]' <<<"$output")" = '["would_assign",1,null,null]
["error",0,"no_table","there is no table '\''api_none'\'': is this the right database, and has every migration run?"]
["error",0,"no_column","the table '\''api_splitconfig'\'' has no column '\''owner_id'\'': has every migration run?"]' ]
    [ "$stderr" = '' ]
    [ "$(owned_rows)" = "$before" ]
  done
}

@test "--scope takes a number, a string, a boolean and null" {
  bob=$(add_user bob)
  sql 'create table scoped (id bigint primary key, owner int, name text, live boolean, ratio numeric)'
  local fill="truncate scoped; insert into scoped values (1, null, 'a', true, 1.50), (9223372036854775807, null, 'b''\"', false, null),
    (3, null, null, null, 0)"
  while IFS=$'\t' read -r scope ids; do
    sql "$fill"
    run -0 --separate-stderr assign --user bob --scope "$scope" <<<'{"table":"scoped","column":"owner","label":"S"}'
    [ "$(sql 'select coalesce(string_agg(id::text, $$ $$ order by id), $$none$$) from scoped where owner = '"$bob")" = "$ids" ] ||
      { echo "$scope: $output"; sql 'table scoped'; return 1; }
    [ "$stderr" = '' ]
  done <<'END'
id:=9223372036854775807	9223372036854775807
id:="1"	1
name:="b'\""	9223372036854775807
name:="a' or true --"	none
name:="\u0061"	1
name:=null	3
live:=true	1
live:= false 	9223372036854775807
live:=null	3
ratio:=1.5	1
ratio:=0	3
END
}

@test "--scope may be repeated, and all must hold" {
  add_user bob
  make_things ''
  thing "1, 'a', null, 'x'"; thing "2, 'a', null, 'y'"; thing "3, 'b', null, 'x'"
  run -0 assign --user bob --scope 'name:="a"' --scope 'kind:="x"' <<<"$things"
  [ "$(things_now)" = "$(printf '1|a|1|x\n2|a||y\n3|b||x')" ]
}

@test "a target without the scope's column is out_of_scope, the others are done" {
  bob=$(add_user bob)
  add_project one null; add_project two null; add_split null
  run -0 --separate-stderr assign --user bob --scope 'name:="two"' --scope 'user_column:="user"' <<<"$project
$split"
  [ "$(counts)" = '["Project","assigned",1]
["SplitConfig","out_of_scope",0]' ]
  [ "$(sql 'select owner_id from api_project order by id; select created_by_id from api_splitconfig')" = "$(printf '\n%s\n' "$bob")" ]
}

@test "a scope's value that does not fit its column is 100" {
  add_user bob
  add_project one null
  run -100 --separate-stderr assign --user bob --scope 'id:="x"' <<<"$project"
  [ "$output" = '' ]
  [[ $stderr == 'rc-owner-assign: api_project: invalid input syntax for type bigint: "x"'*'(22P02)' ]]
  run -100 --separate-stderr assign --user bob --scope 'id:=99999999999999999999' <<<"$project"
  [ "$output" = '' ]
}

@test "a clash outside of the scope is none" {
  bob=$(add_user bob)
  add_project same "$bob"; add_project same null; add_project two null
  run -0 assign --user bob --scope 'name:="two"' <<<"$project"
  [ "$(counts)" = '["Project","assigned",1]' ]
  run -1 assign --user bob --scope 'name:="same"' <<<"$project"
  [ "$(jq -r .error.code <<<"$output")" = unique_clash ]
}

@test "a scope that is no JSON, or no plain value, is refused" {
  local scope
  for scope in id 'id=1' ':=1' 'id:=' 'id:=x' 'id:={}' 'id:=[1]' 'id:="\ud800"' 'id:=01' 'id:="a'; do
    run -100 --separate-stderr assign --user bob --scope "$scope" <<<"$project"
    [ "$output" = '' ]
    [[ ${stderr_lines[1]} == 'rc-owner-assign: --scope '* ]] || { echo "$scope: $stderr"; return 1; }
  done
}

@test "names that need quotes work, of tables, columns, indexes and keys" {
  add_user bob
  sql 'create table "Weird Table"" x" ("Row Id" int, "sel""ect" text, "Owner Id" int, "%" text, primary key ("Row Id", "sel""ect"));
    create unique index "Odd Index" on "Weird Table"" x" ("Owner Id", "%");
    insert into "Weird Table"" x" values (1, $$a$$, null, $$p$$), (2, $$b$$, null, $$q$$)'
  local target='{"table":"Weird Table\" x","column":"Owner Id","label":"W"}'
  run -0 --separate-stderr assign --user bob --dry-run --scope '%:="p"' <<<"$target"
  [ "$(counts)" = '["W","would_assign",1]' ]
  run -0 --separate-stderr assign --user bob <<<"$target"
  [ "$(counts)" = '["W","assigned",2]' ]
  sql 'insert into "Weird Table"" x" values (3, $$c$$, null, $$p$$)'
  run -1 --separate-stderr assign --user bob <<<"$target"
  [ "$(jq -c '[.error.constraint, .error.rows]' <<<"$output")" = '["Odd Index",[{"Row Id":1,"sel\"ect":"a"},{"Row Id":3,"sel\"ect":"c"}]]' ]
  [ "$stderr" = '' ]
}

@test "a name is never SQL" {
  add_user bob
  run -1 --separate-stderr assign --user bob <<<'{"table":"api_project; drop table api_project","column":"owner_id","label":"P"}'
  [ "$(jq -r .error.code <<<"$output")" = no_table ]
  run -1 --separate-stderr assign --user bob <<<'{"table":"api_project","column":"owner_id = 1, name","label":"P"}'
  [ "$(jq -r .error.code <<<"$output")" = no_column ]
  run -1 --separate-stderr assign --user bob <<<'{"table":"api_project","column":"ctid","label":"P"}'
  [ "$(jq -r .error.code <<<"$output")" = no_column ]
  [ "$(sql 'select count(*) from api_project')" = 0 ]
}

@test "text and uuid owners" {
  sql "create table people (id uuid primary key, login text); create table notes (id int primary key, owner uuid, by text, unique (owner, by));
    insert into people values ('f47ac10b-58cc-4372-a567-0e02b2c3d479', 'ann'); insert into notes values (1, null, null), (2, null, 'x')"
  owner_is "select id, login as name from people where login = \$1->>'user'"
  run -0 --separate-stderr rc-owner-assign --user ann --owner-sql "$owner_sql" <<<'{"table":"notes","column":"owner","label":"N"}'
  [ "$(jq -c '[.owner_id, .count]' <<<"$output")" = '["f47ac10b-58cc-4372-a567-0e02b2c3d479",2]' ]
  owner_is "select login as id, login as name from people where login = \$1->>'user'"
  run -0 --separate-stderr rc-owner-assign --user ann --owner-sql "$owner_sql" <<<'{"table":"notes","column":"by","label":"N"}'
  [ "$(jq -c '[.owner_id, .count]' <<<"$output")" = '["ann",1]' ]
  [ "$(sql 'select * from notes order by id')" = '1|f47ac10b-58cc-4372-a567-0e02b2c3d479|ann
2|f47ac10b-58cc-4372-a567-0e02b2c3d479|x' ]
}

@test "a bigint owner keeps its digits" {
  sql 'create table big (id int primary key, owner bigint); insert into big values (1, null)'
  owner_is "select 9223372036854775807 as id, 'max' as name"
  run -0 rc-owner-assign --user x --owner-sql "$owner_sql" <<<'{"table":"big","column":"owner","label":"B"}'
  [[ $output == *'"owner_id":9223372036854775807,'* ]]
  [ "$(sql 'select owner from big')" = 9223372036854775807 ]
}

@test "an owner's id that does not fit the column is 100" {
  make_things ''
  thing "1, 'a', null, 'x'"
  owner_is "select 'abc' as id, 'x' as name"
  run -100 --separate-stderr rc-owner-assign --user x --owner-sql "$owner_sql" <<<"$things"
  [ "$output" = '' ]
  [[ $stderr == 'rc-owner-assign: things: invalid input syntax for type integer: "abc"'* ]]
  [ "$(things_now)" = '1|a||x' ]
}

@test "a partial unique index counts only where its condition holds" {
  add_user bob
  make_things ''
  sql "create unique index only_x on things (owner, name) where kind = 'x'"
  thing "1, 'a', null, 'y'"; thing "2, 'a', null, 'y'"; thing "3, 'a', null, 'x'"
  run -0 --separate-stderr assign --user bob --dry-run <<<"$things"
  [ "$(counts)" = '["Thing","would_assign",3]' ]
  thing "4, 'a', null, 'x'"
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -c '[.error.constraint, .error.rows]' <<<"$output")" = '["only_x",[{"id":3},{"id":4}]]' ]
}

@test "a unique index over an expression" {
  add_user bob
  make_things ''
  sql 'create unique index by_lower on things (owner, lower(name))'
  thing "1, 'A', null, 'x'"; thing "2, 'b', null, 'x'"
  run -0 assign --user bob --dry-run <<<"$things"
  thing "3, 'a', null, 'x'"
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -c '[.error.constraint, .error.rows]' <<<"$output")" = '["by_lower",[{"id":1},{"id":3}]]' ]
  [ "$stderr" = '' ]
}

@test "a unique index in which the owner is part of an expression" {
  add_user bob; add_user alice
  make_things ''
  sql 'create unique index by_coalesce on things (coalesce(owner, 0), name)'
  thing "1, 'a', 1, 'x'"; thing "2, 'a', null, 'x'"
  run -0 assign --user alice --dry-run <<<"$things"
  [ "$(counts)" = '["Thing","would_assign",1]' ]
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -c '[.error.constraint, .error.rows]' <<<"$output")" = '["by_coalesce",[{"id":1},{"id":2}]]' ]
}

@test "a unique index on other columns with a condition on the owner" {
  add_user bob
  make_things ''
  sql 'create unique index owned_names on things (name) where owner is not null'
  thing "1, 'a', 2, 'x'"; thing "2, 'b', null, 'x'"
  run -0 assign --user bob --dry-run <<<"$things"
  thing "3, 'a', null, 'x'"
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -c '[.error.constraint, .error.rows]' <<<"$output")" = '["owned_names",[{"id":1},{"id":3}]]' ]
}

@test "nulls in another column of a unique index are distinct" {
  add_user bob
  make_things ', unique (owner, name)'
  thing "1, null, null, 'x'"; thing "2, null, null, 'x'"
  run -0 assign --user bob <<<"$things"
  [ "$(counts)" = '["Thing","assigned",2]' ]
}

@test "nulls in another column clash with NULLS NOT DISTINCT" {
  [ "$(sql "select current_setting('server_version_num')::int >= 150000")" = t ] || skip 'the server is older than 15'
  add_user bob
  make_things ', unique nulls not distinct (name, owner)'
  thing "1, null, 1, 'x'"; thing "2, null, null, 'x'"
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -c '[.error.code, .error.rows]' <<<"$output")" = '["unique_clash",[{"id":1},{"id":2}]]' ]
}

@test "a unique index on the owner alone" {
  add_user bob
  make_things ', unique (owner)'
  thing "1, 'a', null, 'x'"
  run -0 assign --user bob --dry-run <<<"$things"
  thing "2, 'b', null, 'x'"
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -c '[.error.constraint, .error.rows]' <<<"$output")" = '["things_owner_key",[{"id":1},{"id":2}]]' ]
}

@test "a column that is only included in a unique index is no part of its key" {
  add_user bob
  make_things ''
  sql 'create unique index names on things (name) include (owner)'
  thing "1, 'a', null, 'x'"; thing "2, 'b', null, 'x'"; thing "3, 'c', 1, 'x'"
  run -0 --separate-stderr assign --user bob <<<"$things"
  [ "$(counts)" = '["Thing","assigned",2]' ]
}

@test "a deferred unique constraint" {
  add_user bob
  make_things ', unique (owner, name) deferrable initially deferred'
  thing "1, 'a', null, 'x'"; thing "2, 'a', null, 'x'"
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -r .error.code <<<"$output")" = unique_clash ]
}

@test "a collation that ignores case decides on a clash" {
  add_user bob
  sql "create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
  sql 'create table things (id int primary key, name text collate nocase, owner int, kind text, unique (owner, name))'
  thing "1, 'A', null, 'x'"; thing "2, 'a', null, 'x'"
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -c '[.error.code, .error.rows]' <<<"$output")" = '["unique_clash",[{"id":1},{"id":2}]]' ]
  [ "$stderr" = '' ]
}

@test "a table without a primary key names its rows by ctid" {
  add_user bob
  sql "create table things (id int, name text, owner int, kind text, unique (owner, name))"
  thing "1, 'a', null, 'x'"; thing "2, 'a', null, 'x'"
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -c .error.rows <<<"$output")" = '[{"ctid":"(0,1)"},{"ctid":"(0,2)"}]' ]
  sql 'update things set name = id'
  run -0 assign --user bob <<<"$things"
  [ "$(counts)" = '["Thing","assigned",2]' ]
}

@test "a table of one column" {
  sql 'create table lone (owner int); insert into lone values (null), (null)'
  add_user bob
  run -0 --separate-stderr assign --user bob --dry-run <<<'{"table":"lone","column":"owner","label":"L"}'
  sql 'create unique index lone_owner on lone (owner)'
  run -1 --separate-stderr assign --user bob <<<'{"table":"lone","column":"owner","label":"L"}'
  [ "$(jq -r .error.code <<<"$output")" = unique_clash ]
}

@test "a partitioned table, also where the owner is the partition key" {
  add_user bob
  sql "create table things (id int, name text, owner int, kind text, unique (kind, owner, name)) partition by list (kind);
    create table things_x partition of things for values in ('x'); create table things_rest partition of things default"
  thing "1, 'a', null, 'x'"; thing "2, 'a', null, 'y'"
  run -0 --separate-stderr assign --user bob <<<"$things"
  [ "$(counts)" = '["Thing","assigned",2]' ]
  thing "3, 'a', null, 'y'"
  run -1 --separate-stderr assign --user bob <<<"$things"
  [ "$(jq -r .error.code <<<"$output")" = unique_clash ]
  sql "create table moved (id int, owner int) partition by list (owner); create table moved_null partition of moved for values in (null);
    create table moved_rest partition of moved default; insert into moved values (1, null)"
  run -0 --separate-stderr assign --user bob <<<'{"table":"moved","column":"owner","label":"M"}'
  [ "$(sql 'select count(*) from moved_rest')" = 1 ]
}

@test "a unique index of one partition alone counts too" {
  add_user bob
  sql "create table things (id int, name text, owner int, kind text) partition by list (kind);
    create table things_x partition of things for values in ('x'); create unique index x_names on things_x (owner, name)"
  thing "1, 'a', null, 'x'"; thing "2, 'a', null, 'x'"
  run -1 --separate-stderr assign --user bob --dry-run <<<"$things"
  [ "$(jq -c '[.error.code, .error.constraint]' <<<"$output")" = '["unique_clash","x_names"]' ]
}

@test "RC_SCHEMA is where the tables are" {
  bob=$(add_user bob)
  sql 'create schema "Other One"; create table "Other One".things (id int primary key, owner int); insert into "Other One".things values (1, null);
    create table public.things (id int primary key, owner int); insert into public.things values (1, null)'
  RC_SCHEMA='Other One' run -0 --separate-stderr assign --user bob <<<"$things"
  [ "$(counts)" = '["Thing","assigned",1]' ]
  [ "$(sql 'select owner from "Other One".things')" = "$bob" ]
  [ "$(sql 'select owner from public.things')" = '' ]
}

@test "a view is no table" {
  add_user bob
  sql 'create view v as select * from api_project'
  run -1 --separate-stderr assign --user bob <<<'{"table":"v","column":"owner_id","label":"V"}'
  [ "$(jq -r .error.code <<<"$output")" = no_table ]
}

@test "the same target twice: the second finds nothing left" {
  add_user bob
  add_project one null
  run -0 --separate-stderr assign --user bob <<<"$project
$project"
  [ "$(counts)" = '["Project","assigned",1]
["Project","unchanged",0]' ]
}

@test "two targets of one table that clash only together change nothing" {
  add_user bob
  sql "create table pair (id int primary key, a int, b int, unique (a, b)); insert into pair values (1, null, null), (2, null, null)"
  before=$(sql 'table pair')
  run --separate-stderr assign --user bob <<<'{"table":"pair","column":"a","label":"A"}
{"table":"pair","column":"b","label":"B"}'
  [ "$status" -ne 0 ]
  [[ $output != *'"assigned"'* ]]
  [ "$(sql 'table pair')" = "$before" ]
}

@test "a foreign key that is violated is refused with 100, nothing changes" {
  add_project one null; add_split null
  owner_is "select 4711 as id, 'ghost' as name"
  before=$(owned_rows)
  run -100 --separate-stderr rc-owner-assign --user x --owner-sql "$owner_sql" <<<"$all"
  [ "$output" = '' ]
  [[ $stderr == 'rc-owner-assign: '*'violates foreign key constraint'*'(23503)' ]]
  [ "$(owned_rows)" = "$before" ]
}

@test "a trigger that refuses is 100, nothing changes" {
  add_user bob
  add_split null; add_project one null
  sql 'create function refuse() returns trigger language plpgsql as $$ begin raise exception $m$not today$m$; end $$;
    create trigger refuse before update on api_project for each row execute function refuse()'
  before=$(owned_rows)
  run -100 --separate-stderr assign --user bob <<<"$split
$project"
  [ "$output" = '' ]
  [ "$stderr" = 'rc-owner-assign: api_project: not today (P0001)' ]
  [ "$(owned_rows)" = "$before" ]
}

@test "a lock of another session is 111 and says whose, nothing changes" {
  add_user bob
  add_split null; add_project one null
  before=$(owned_rows)
  hold 'select * from api_project for update'
  run -111 --separate-stderr assign --user bob --lock-timeout 200ms <<<"$split
$project"
  [ "$output" = '' ]
  pid=$(sql "select pid from pg_stat_activity where application_name = 'holder' and datname = current_database()")
  [[ $stderr == "rc-owner-assign: nothing was changed: no lock after 3 tries of 200 ms: it is held by pid $pid (holder, user postgres, idle in transaction for "*' s) (55P03)' ]]
  [ "$(owned_rows)" = "$before" ]
  tell_holder rollback
  run -0 assign --user bob <<<"$project"
}

@test "a table that another session has locked is 111 and says whose, in a dry run too" {
  add_user bob
  add_project one null
  hold 'lock table api_project in access exclusive mode'
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -111 --separate-stderr assign --user bob --lock-timeout 200ms $dry <<<"$project"
    [ "$output" = '' ]
    [[ $stderr == 'rc-owner-assign: '*'it is held by pid '*'(holder, user postgres, '* ]] || { echo "$stderr"; return 1; }
  done
  tell_holder rollback
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

@test "a lock that is released in time does no harm" {
  add_user bob
  add_project one null
  hold 'select * from api_project for update'
  start --user bob <<<"$project"
  wait_until_blocked
  tell_holder rollback
  ended
  [ "$code" = 0 ]
  [ "$(jq -c '[.status, .count]' "$BATS_TEST_TMPDIR/out")" = '["assigned",1]' ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
}

@test "a row that gets an owner meanwhile keeps it" {
  bob=$(add_user bob) alice=$(add_user alice)
  add_project one null; add_project two null
  hold "update api_project set owner_id = $alice where name = 'one'"
  start --user bob <<<"$project"
  wait_until_blocked
  tell_holder commit
  ended
  [ "$code" = 0 ]
  [ "$(jq -c '[.status, .count]' "$BATS_TEST_TMPDIR/out")" = '["assigned",1]' ]
  [ "$(sql 'select owner_id from api_project order by id')" = "$(printf '%s\n' "$alice" "$bob")" ]
}

@test "a clash that comes up between the look and the update is reported as one" {
  bob=$(add_user bob)
  add_project same null; add_split null
  before=$(owned_rows)
  hold "insert into api_project (ins_datetime, updated_at, name, owner_id, user_column, item_column)
    values (now(), now(), 'same', $bob, 'u', 'i')"
  start --user bob <<<"$split
$project"
  wait_until_blocked
  tell_holder commit
  ended
  [ "$code" = 1 ]
  [ "$(jq -c '[.label, .status, .error.code]' "$BATS_TEST_TMPDIR/out")" = '["SplitConfig","would_assign",null]
["Project","error","unique_clash"]' ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
  [ "$(sql "delete from api_project where owner_id = $bob; select count(*) from api_splitconfig where created_by_id is not null")" = 0 ]
  [ "$(owned_rows)" = "$before" ]
}

@test "a clash that goes away again is none" {
  bob=$(add_user bob)
  add_project same null
  hold "insert into api_project (ins_datetime, updated_at, name, owner_id, user_column, item_column)
    values (now(), now(), 'same', $bob, 'u', 'i')"
  start --user bob <<<"$project"
  wait_until_blocked
  tell_holder rollback
  ended
  [ "$code" = 0 ]
  [ "$(jq -c '[.status, .count]' "$BATS_TEST_TMPDIR/out")" = '["assigned",1]' ]
}

@test "two at once: both end with 0, the second finds nothing" {
  add_user bob
  sql "insert into api_project (ins_datetime, updated_at, name, user_column, item_column) select now(), now(), 'p' || i, 'u', 'i' from generate_series(1, 2000) i"
  hold 'select * from api_project where id = 1 for update'
  start --user bob <<<"$project"
  first=$assigner
  wait_until_blocked
  rc-owner-assign --owner-sql "$(rc_share)/sql/recotem/user-by-name.sql" --user bob <<<"$project" >"$BATS_TEST_TMPDIR/out2" 2>&1 3>&- &
  second=$!
  started+=("$second")
  wait_until "select count(*) = 2 from pg_stat_activity where application_name like 'rc-owner-assign %' and datname = current_database()
    and wait_event_type = 'Lock'"
  tell_holder rollback
  wait "$first"
  wait "$second"
  [ "$(jq -c '[.status, .count]' "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/out2" | sort)" = '["assigned",2000]
["unchanged",0]' ]
}

@test "one in another database is not waited for" {
  add_user bob
  add_project one null
  hold 'select * from api_project for update'
  start --user bob <<<"$project"
  wait_until_blocked
  (
    new_database
    add_user bob
    add_project one null
    run -0 assign --user bob <<<"$project"
    [ "$(counts)" = '["Project","assigned",1]' ]
  )
  tell_holder rollback
  ended
  [ "$code" = 0 ]
}

@test "TERM while it waits for a lock ends it, nothing changes, no session is left" {
  add_user bob
  add_split null; add_project one null
  before=$(owned_rows)
  hold 'select * from api_project for update'
  start --user bob <<<"$split
$project"
  wait_until_blocked
  kill -TERM "$assigner"
  ended
  [ "$code" = 143 ]
  [ "$(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")" = '' ]
  wait_until_session_gone
  tell_holder rollback
  [ "$(owned_rows)" = "$before" ]
}

@test "kill -9 while it waits for a lock changes nothing and leaves no session" {
  add_user bob
  add_split null; add_project one null
  before=$(owned_rows)
  hold 'select * from api_project for update'
  start --user bob <<<"$split
$project"
  wait_until_blocked
  kill -KILL "$assigner"
  ended
  [ "$code" = 137 ]
  wait_until_session_gone
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = '' ]
  tell_holder rollback
  [ "$(owned_rows)" = "$before" ]
}

@test "kill -9 and TERM at any moment: all rows or none, and assigned is printed only of what is committed" {
  local i signal
  bob=$(add_user bob)
  sql "insert into api_project (ins_datetime, updated_at, name, user_column, item_column)
    select now(), now(), 'p' || i, 'u', 'i' from generate_series(1, 20000) i"
  sql "insert into api_evaluationconfig (ins_datetime, updated_at, cutoff, target_metric) select now(), now(), 20, 'ndcg' from generate_series(1, 100)"
  random_rounds 6
  for i in "${rounds[@]}"; do
    signal=$((i % 2 ? 9 : 15))
    start --user bob <<<"$all"
    while [ "$(cat "/proc/$assigner/comm" 2>/dev/null)" = bash ]; do :; done # until the shell's child has become it
    random_moment 300
    kill "-$signal" "$assigner" 2>/dev/null || :
    ended
    [[ $code == 0 || $code == $((128 + signal)) ]]
    wait_until_session_gone
    owned=$(sql 'select count(owner_id) from api_project')
    evaluations=$(sql 'select count(created_by_id) from api_evaluationconfig')
    [[ "$owned $evaluations" == '0 0' || "$owned $evaluations" == '20000 100' ]] || { echo "torn: $owned $evaluations"; return 1; }
    if [ "$code" = 0 ]; then [ "$owned" = 20000 ]; fi
    if grep -q '"assigned"' "$BATS_TEST_TMPDIR/out"; then [ "$owned" = 20000 ]; fi
    sql 'update api_project set owner_id = null where owner_id is not null; update api_evaluationconfig set created_by_id = null'
  done
}

@test "a session that is ended in mid-way is 111, nothing changes" {
  add_user bob
  add_split null; add_project one null
  before=$(owned_rows)
  hold 'select * from api_project for update'
  start --user bob <<<"$split
$project"
  wait_until_blocked
  sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rc-owner-assign %' and datname = current_database()"
  ended
  [ "$code" = 111 ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = '' ]
  [[ $(cat "$BATS_TEST_TMPDIR/err") == 'rc-owner-assign: api_project: terminating connection due to administrator command (57P01)' ]]
  tell_holder rollback
  [ "$(owned_rows)" = "$before" ]
}

@test "no server is 111, a database without the users' table 100" {
  DATABASE_URL=postgresql://ann@127.0.0.1:1/shop run -111 --separate-stderr assign --user bob <<<"$project"
  [ "$output" = '' ]
  [[ $stderr == 'rc-owner-assign: 127.0.0.1:1/shop as ann: '*'Connection refused'* ]]
  DATABASE_URL=$RC_TEST_SERVER run -100 --separate-stderr assign --user bob <<<"$project"
  [ "$output" = '' ]
  [[ $stderr == 'rc-owner-assign: '*'relation "auth_user" does not exist (42P01)' ]]
}

@test "--require-end-record changes nothing where the targets are cut" {
  add_user bob
  add_project one null; add_split null
  before=$(owned_rows)
  run -100 --separate-stderr assign --user bob --require-end-record <<<"$all"
  [ "$output" = '' ]
  [ "$stderr" = 'rc-owner-assign: <stdin>: cut short: no end record after 3 records, so nothing was changed' ]
  run -100 --separate-stderr assign --user bob --require-end-record </dev/null
  [ "$stderr" = 'rc-owner-assign: <stdin>: cut short: no end record after 0 records, so nothing was changed' ]
  run -100 --separate-stderr assign --user bob --require-end-record <<<"$project
{\"rc_end\":{\"v\":1,\"records\":2}}"
  [ "$stderr" = 'rc-owner-assign: <stdin>:2: the end record tells of 2 records, but 1 came' ]
  run -100 --separate-stderr assign --user bob --require-end-record <<<"$project
{\"rc_end\":{\"v\":1,\"records\":1,\"sha256\":\"$(sha256sum <<<"$split" | cut -d ' ' -f 1)\"}}"
  [ "$stderr" = 'rc-owner-assign: <stdin>:2: the records differ from the SHA-256 in the end record' ]
  [ "$(owned_rows)" = "$before" ]
}

@test "--require-end-record takes what has one, and its own is written" {
  add_user bob
  add_project one null
  run -0 --separate-stderr assign --user bob --require-end-record <<<"$project
{\"rc_end\":{\"v\":1,\"records\":1,\"sha256\":\"$(sha256sum <<<"$project" | cut -d ' ' -f 1)\"}}"
  [ "${lines[1]}" = '{"rc_end":{"v":1,"records":1}}' ]
  [ "$(sql 'select count(owner_id) from api_project')" = 1 ]
}

@test "targets that are cut short or lack a field are 100 and change nothing" {
  add_user bob
  add_project one null
  run -100 --separate-stderr assign --user bob < <(printf '%s\n%s' "$project" "$split")
  [ "$stderr" = 'rc-owner-assign: <stdin>:2: cut short: the last record has no newline' ]
  run -100 --separate-stderr assign --user bob <<<'{"table":"api_project","label":"P"}'
  [ "$stderr" = "rc-owner-assign: <stdin>:1: expected a string in the field 'column'" ]
  run -100 --separate-stderr assign --user bob <<<'{"table":1,"column":"owner_id","label":"P"}'
  [ "$stderr" = "rc-owner-assign: <stdin>:1: expected a string in the field 'table'" ]
  run -100 --separate-stderr assign --user bob <<<'{"table":"a\u0000b","column":"owner_id","label":"P"}'
  [ "$stderr" = "rc-owner-assign: <stdin>:1: U+0000 in the field 'table'" ]
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

@test "an owner's query that gives two rows, no id, no name or a null is 100" {
  add_project one null
  while IFS='|' read -r query message; do
    owner_is "$query"
    run -100 --separate-stderr rc-owner-assign --user x --owner-sql "$owner_sql" <<<"$project"
    [ "$output" = '' ]
    [ "$stderr" = "rc-owner-assign: $owner_sql: $message" ] || { echo "$query: $stderr"; return 1; }
  done <<'END'
select i as id, 'n' as name from generate_series(1, 2) i|more than one owner for 'x'
select 1 as name|must give the columns id and name, neither of them null
select 1 as id|must give the columns id and name, neither of them null
select null::int as id, 'n' as name|must give the columns id and name, neither of them null
select 1 as id, null as name|must give the columns id and name, neither of them null
selekt|syntax error at or near ")" (42601)
END
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

@test "arguments that are not UTF-8 are 100" {
  add_project one null
  run -100 --separate-stderr assign --user $'b\xffb' <<<"$project"
  [ "$output" = '' ]
  [ "$stderr" = "rc-owner-assign: the user's name is not UTF-8" ]
  add_user bob
  run -100 --separate-stderr assign --user bob --scope $'n\xff:=1' <<<"$project"
  [ "$output" = '' ]
  run -100 --separate-stderr assign --user bob --scope $'name:="\xff"' <<<"$project"
  [ "$output" = '' ]
}

@test "wrong usage is 100 with the usage" {
  run -100 --separate-stderr rc-owner-assign --user bob <<<"$project"
  [ "$output" = '' ]
  [[ ${stderr_lines[0]} == 'usage: rc-owner-assign --user NAME '* ]]
  [ "${stderr_lines[1]}" = 'rc-owner-assign: --user and --owner-sql are needed' ]
  run -100 --separate-stderr assign --user bob --lock-timeout x <<<"$project"
  [ "${stderr_lines[1]}" = "rc-owner-assign: --lock-timeout takes a duration such as 500ms, 2s or 5m, not 'x'" ]
}

@test "a closed standard output and a full disk are 111" {
  add_user bob
  run -111 --separate-stderr bash -c 'rc-owner-assign --user bob --owner-sql "$0" <<<"$1" >&-' "$(rc_share)/sql/recotem/user-by-name.sql" "$project"
  [[ $stderr == 'rc-owner-assign: cannot write <stdout>: '* ]]
  run -111 --separate-stderr bash -c 'rc-owner-assign --user bob --owner-sql "$0" <<<"$1" >/dev/full' "$(rc_share)/sql/recotem/user-by-name.sql" "$project"
  [ "$stderr" = 'rc-owner-assign: cannot write <stdout>: No space left on device' ]
}

@test "a lock on the owner's table is 111 and says whose too" {
  add_user bob
  add_project one null
  hold 'lock table auth_user'
  run -111 --separate-stderr assign --user bob --lock-timeout 200ms <<<"$project"
  [[ $stderr == *'it is held by pid '*'(holder, user postgres, '* ]] || { echo "$stderr"; return 1; }
  tell_holder rollback
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

@test "a lock on the owner's row, which the foreign key wants, is 111 and says whose too" {
  add_user bob
  add_project one null
  hold 'select * from auth_user for update'
  run -111 --separate-stderr assign --user bob --lock-timeout 200ms <<<"$project"
  [[ $stderr == *'it is held by pid '*'(holder, user postgres, '* ]] || { echo "$stderr"; return 1; }
  tell_holder rollback
  [ "$(sql 'select count(owner_id) from api_project')" = 0 ]
}

@test "one that waits for another says for whom" {
  add_user bob
  add_project one null
  hold "select pg_advisory_xact_lock(hashtext('rc-owner-assign'))"
  start --user bob --lock-timeout 200ms <<<"$project"
  for ((tries = 0; tries < 400; tries++)); do
    [ ! -s "$BATS_TEST_TMPDIR/err" ] || break
    sleep 0.025
  done
  [[ $(cat "$BATS_TEST_TMPDIR/err") == 'rc-owner-assign: waiting for a lock that pid '*' (holder, user postgres, '*' holds' ]]
  tell_holder rollback
  ended
  [ "$code" = 0 ]
  [ "$(sql 'select count(owner_id) from api_project')" = 1 ]
}

@test "a clash of two targets together is a record too, and changes nothing" {
  bob=$(add_user bob)
  sql "create table pairs (id int primary key, a int, b int, unique (a, b)); insert into pairs values (1, null, $bob), (2, $bob, null)"
  run -1 --separate-stderr assign --user bob <<<'{"table":"pairs","column":"a","label":"A"}
{"table":"pairs","column":"b","label":"B"}'
  [ "$stderr" = '' ]
  [ "$(jq -c '[.label, .status, .count, .error.code, .error.constraint]' <<<"$output")" = '["A","would_assign",1,null,null]
["B","error",0,"unique_clash","pairs_a_b_key"]' ]
  [ "$(sql 'select count(a), count(b) from pairs')" = '1|1' ]
}

@test "an index with a collation of its own is asked by that collation" {
  add_user bob
  sql "create collation caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table things (id int primary key, name text, owner int);
    create unique index things_names on things (owner, name collate caseless);
    insert into things values (1, 'a', null), (2, 'A', null)"
  run -1 --separate-stderr assign --user bob --dry-run <<<"$things"
  [ "$(jq -c '[.error.code, .error.rows]' <<<"$output")" = '["unique_clash",[{"id":1},{"id":2}]]' ]
}

@test "--scope with U+0000 is bad usage" {
  add_user bob
  run -100 --separate-stderr assign --user bob --scope 'name:="a\u0000b"' <<<"$project"
  [[ $stderr == *'U+0000 in it' ]]
}

# ---- plans ----

@test "a plan has the rows that would change and changes nothing; applied, it is held to, and used up" {
  alice=$(add_user alice)
  add_project one null
  add_project two null
  add_project three "$alice"
  cd "$BATS_TEST_TMPDIR"
  run -0 --separate-stderr assign --user alice --plan plan <<<"$all"
  [ "$(counts)" = $'["Project","would_assign",2]\n["SplitConfig","unchanged",0]\n["EvaluationConfig","unchanged",0]' ]
  [ "$output" = "$(assign --user alice --dry-run <<<"$all")" ]
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 2 ]
  [ "$(sed '1d;$d' plan | sed -E 's/"[0-9a-f]{64}"/HEX/g')" = '{"step":1,"table":"public.api_project","key":{"id":1},"before":HEX,"after":HEX}
{"step":1,"table":"public.api_project","key":{"id":2},"before":HEX,"after":HEX}' ]
  run -100 --separate-stderr assign --user alice --scope id:=1 --apply plan <<<"$all"
  [[ $stderr == 'rc-owner-assign: plan: a plan of another change'* ]]
  run -100 --separate-stderr assign --user alice --apply plan <<<"$project"
  [[ $stderr == 'rc-owner-assign: plan: a plan of another change'* ]]
  run -0 --separate-stderr assign --user alice --apply plan --undo-log log <<<"$all"
  [ "$(counts | head -n 1)" = '["Project","assigned",2]' ]
  [ -s plan.applied ]
  run -100 assign --user alice --apply plan <<<"$all"
  rc-undo log >report
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 2 ]
}

@test "rows that changed, or are more or less than planned, are told, and nothing is changed" {
  alice=$(add_user alice)
  add_project one null
  add_project two null
  cd "$BATS_TEST_TMPDIR"
  assign --user alice --plan plan <<<"$all" >shown
  before=$(owned_rows)
  sql "update api_project set name = 'uno' where id = 1"
  run -1 --separate-stderr assign --user alice --apply plan <<<"$all"
  [ "$(rc-say '{error.code} {table} {key}' <<<"$output")" = 'row_changed public.api_project {"id":1}' ]
  sql "update api_project set name = 'one' where id = 1"
  add_project three null
  add_split null
  run -1 --separate-stderr assign --user alice --apply plan <<<"$all"
  [ "$(rc-say '{error.code} {table} {key}' <<<"$output")" = 'not_planned public.api_project {"id":3}
not_planned public.api_splitconfig {"id":1}' ]
  sql "delete from api_splitconfig; delete from api_project where id = 3; delete from api_project where id = 2"
  run -1 --separate-stderr assign --user alice --apply plan <<<"$all"
  [ "$(rc-say '{error.code} {table} {key}' <<<"$output")" = 'row_missing public.api_project {"id":2}' ]
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 1 ]
  [ ! -e plan.applied ]
  for options in '--plan a --apply b' '--plan a --undo-log b' '--rows-alone' '--apply a --dry-run'; do
    # shellcheck disable=SC2086 # words
    run -100 assign --user alice $options <<<"$all"
  done
  [ "$(find . -name '[ab]')" = '' ]
}

@test "a plan where no row would change, and one whose user is not there" {
  add_user alice
  cd "$BATS_TEST_TMPDIR"
  assign --user alice --plan plan <<<"$all" >shown
  [ "$(wc -l <plan)" = 2 ]
  assign --user alice --apply plan <<<"$all" >shown
  [ -s plan.applied ]
  run -1 assign --user nobody --plan plan2 <<<"$all"
  [ ! -e plan2 ]
  assign --user alice --plan plan3 <<<"$all" >shown
  add_project one null
  run -1 --separate-stderr assign --user alice --apply plan3 <<<"$all"
  [ "$(rc-say '{error.code}' <<<"$output")" = not_planned ]
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 1 ]
}
