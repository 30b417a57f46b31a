# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load recotem/helper

setup() { started=(); }

teardown() { end_started; }

# What the server itself says of the rows of a table or a query in parentheses.
expected() { psql -XAtq "$DATABASE_URL" -c "set timezone = 'UTC'" -c "select row_to_json(rc) from $1 rc"; }

# exports_as_server QUERY: the rows of the query are those of row_to_json, byte for byte.
exports_as_server() {
  rc-export-rows --query "$1" >"$BATS_TEST_TMPDIR/rows"
  expected "($1)" >"$BATS_TEST_TMPDIR/expected"
  cmp "$BATS_TEST_TMPDIR/rows" "$BATS_TEST_TMPDIR/expected"
}

# A table of N rows in a database of its own.
big_table() {
  new_database
  sql "create table big as select i::int8 as id, repeat(md5(i::text), 4) as text from generate_series(1, $1) i; alter table big add primary key (id)"
}

# Starts the export of big into a pipe that is read to its middle; $exporter is its pid.
start_export() {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  rc-export-rows --table big --end-record >"$BATS_TEST_TMPDIR/pipe" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  exporter=$!
  started+=("$exporter")
  exec {pipe}<"$BATS_TEST_TMPDIR/pipe"
  head -c 1000000 <&"$pipe" >"$BATS_TEST_TMPDIR/rows"
}

# Reads the rest and waits for the export; its code in $code.
finish_export() {
  cat <&"$pipe" >>"$BATS_TEST_TMPDIR/rows"
  exec {pipe}<&-
  code=0
  wait "$exporter" || code=$?
}

@test "the rows of a table are those of row_to_json" {
  new_database
  sql "create table t (id int, name text, \"Odd Name\" numeric(9,4)); insert into t values (1, 'Ann', 1.1), (2, null, null), (null, '', 'NaN')"
  run -0 --separate-stderr rc-export-rows --table t
  [ "$output" = '{"id":1,"name":"Ann","Odd Name":1.1000}
{"id":2,"name":null,"Odd Name":null}
{"id":null,"name":"","Odd Name":"NaN"}' ]
  [ "$stderr" = '' ]
  [ "$output" = "$(expected t)" ]
}

@test "whole numbers and numerics are as the server has them" {
  exports_as_server "select 9223372036854775807 as a, '-9223372036854775808'::int8 as b, 32767::int2 as c, (-32768)::int2 as d, 2147483647 as e,
    4294967295::oid as f, 1.0 as g, -0.0 as h, 1e131071::numeric as i, 1e-16383::numeric as j, 'NaN'::numeric as k, 12345.678900 as l,
    0.00001 as o, 10000 * 1.0 as p, 100000000.00000001 as q, 1e400 as r"
  ! version 14 || exports_as_server "select '-infinity'::numeric as m, 'infinity'::numeric as n"
}

@test "floats have the server's shortest form" {
  exports_as_server "select '-0'::float8 as a, 0.1::float8 as b, 1e15::float8 as c, 123456789012345678::float8 as d, 'NaN'::float8 as e, '-Infinity'::float4 as f,
    5e-324::float8 as g, 1.7976931348623157e308::float8 as h, 1e-45::float4 as i, 3.4028235e38::float4 as j, 123456::float4 as k, 1234567::float4 as l, 0.0001::float8 as m, 0.00001::float8 as n"
}

@test "100,000 random floats have the server's shortest form" {
  exports_as_server "select i, f, f::float4 as g, h from (select i, (hashint4(i) / 1e9::float8) * 10 ^ (i % 37 - 18) as f, (i * 7919 % 1000003) / 100.0::float8 as h from generate_series(1, 50000) i) r"
  # every power of two, and its neighbours
  exports_as_server "select i, 2::float8 ^ i as f, 2::float8 ^ i * (1 + 2.220446049250313e-16) as above, 2::float8 ^ i * (1 - 1.1102230246251565e-16) as below from generate_series(-1021, 1023) i"
}

@test "dates and times are as the server has them, far and long ago too" {
  exports_as_server "select d::date as d, d::timestamp as t, d::timestamptz as z from unnest('{infinity,-infinity,4713-11-24 BC,0044-03-15 BC,0001-12-31 BC,0001-01-01,
    1899-12-31 23:59:59.999999,2000-02-29,1999-12-31 00:00:00.000001,12026-01-02 03:04:05.6789,294276-12-31 23:59:59.5}'::text[]) d"
  exports_as_server "select '5874897-12-31'::date as last"
  exports_as_server "select '0001-01-01'::date + i * 97 as d, '2000-01-01'::timestamp + i * interval '17:03:01.010101' as t from generate_series(-3000, 30000) i"
}

@test "text is escaped as the server does it, wherever in it" {
  exports_as_server "select repeat('x', i) || chr(c) || repeat('y', j) as t from unnest('{1,8,9,10,12,13,27,31,32,34,47,92,127,128,233,8232,128512}'::int[]) c, generate_series(0, 17) i, generate_series(0, 9) j"
  exports_as_server "select repeat(E'\"\\\\\\x01', i) as t from unnest('{1,1000,1365,1366,4095,4096,4097,30000,300000}'::int[]) i"
}

@test "other scalars are as the server has them" {
  exports_as_server "select true as a, false as b, 'x'::char(5) as c, 'n'::name as d, 'f47ac10b-58cc-4372-a567-0e02b2c3d479'::uuid as e, '\\x00ff'::bytea as f, ''::bytea as g,
    '{\"b\" : 1.0, \"b\":2}'::json as h, '{\"b\":1.0}'::jsonb as i, interval '1 day 02:00' as j, '10.0.0.1'::inet as k, row(1, 'x\"') as l, '[1,5)'::int4range as m, 1.5::money as n,
    '24:00'::time as o, null as p, 'a'::\"char\" as q, '1 2'::int2vector as r, array[interval '1 s'] as s, '' as u, sha256('x') as v"
}

@test "arrays are as the server has them: nested, empty, with nulls and bounds of their own" {
  exports_as_server "select '{}'::int[] as a, '{1,NULL,3}'::int8[] as b, '[0:1]={a,b}'::text[] as c, '{{1,2},{3,4}}'::float8[] as d, '{{{1}},{{NULL}}}'::numeric[] as e,
    '{NULL}'::text[] as f, array['{\"a\":1}'::jsonb] as g, '[-3:-2][2:3]={{t,f},{f,t}}'::bool[] as h, array['\\x00'::bytea] as i, '{NaN,Infinity,1.5}'::float4[] as j, '{infinity}'::timestamptz[] as k"
}

@test "random tables are exported as row_to_json has them" {
  local seed number=0 name
  new_database
  seed=${RC_TEST_SEED:-$RANDOM}
  echo "RC_TEST_SEED=$seed"
  "$RC_TEST_FOLDER/random-tables" "$BATS_TEST_TMPDIR" "$seed" "$((200 * ${RC_TEST_ROUNDS:-1}))"
  psql -Xq1 -v ON_ERROR_STOP=1 "$DATABASE_URL" -f "$BATS_TEST_TMPDIR/tables.sql"
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -f "$BATS_TEST_TMPDIR/rows.sql"
  while IFS= read -r name; do
    rc-export-rows --table "$name" >"$BATS_TEST_TMPDIR/rows"
    cmp "$BATS_TEST_TMPDIR/rows" "$BATS_TEST_TMPDIR/$((number += 1)).expected" || { echo "$name"; return 1; }
  done <"$BATS_TEST_TMPDIR/names"
  [ "$number" -ge 200 ]
}

@test "newlines in a json value become blanks" {
  run -0 --separate-stderr rc-export-rows --query "select E'{\"a\" :\\n 1.0,\\r\\n\"a\":\"x\\\\ny\"}'::json as j"
  [ "$(tr '\r' ' ' <<<"$output")" = '{"j":{"a" :  1.0,  "a":"x\ny"}}' ]
}

@test "the settings of the database change nothing" {
  new_database
  sql "alter database $(sql 'select current_database()') set timezone = 'Asia/Tokyo'"
  sql "alter database $(sql 'select current_database()') set bytea_output = 'escape'"
  sql "alter database $(sql 'select current_database()') set extra_float_digits = 0"
  sql "alter database $(sql 'select current_database()') set intervalstyle = 'iso_8601'"
  PGTZ=America/New_York run -0 --separate-stderr rc-export-rows --query "select '2026-01-02 03:04:05+00'::timestamptz as t, '\\x00'::bytea as b, 0.1::float8 + 0.2 as f, interval '1 day' as i"
  [ "$output" = '{"t":"2026-01-02T03:04:05+00:00","b":"\\x00","f":0.30000000000000004,"i":"1 day"}' ]
}

@test "an empty table gives no rows, one without columns empty records" {
  new_database
  sql 'create table none (id int); create table bare (); insert into bare default values; insert into bare default values'
  run -0 --separate-stderr rc-export-rows -t none
  [ "$output$stderr" = '' ]
  run -0 --separate-stderr rc-export-rows -t none --end-record
  [ "$output" = "{\"rc_end\":{\"v\":1,\"records\":0,\"sha256\":\"$(sha256sum </dev/null | cut -d ' ' -f 1)\"}}" ]
  run -0 --separate-stderr rc-export-rows -t bare
  [ "$output" = '{}
{}' ]
}

@test "a table of 1,600 columns" {
  new_database
  sql "select format('create table wide (%s)', string_agg(format('c%s int', i), ', ')) from generate_series(1, 1600) i" | psql -Xq "$DATABASE_URL"
  sql "insert into wide (c1, c1600) values (1, 2)"
  rc-export-rows -t wide >"$BATS_TEST_TMPDIR/rows"
  expected wide | cmp - "$BATS_TEST_TMPDIR/rows"
}

@test "a table is named as in the catalogue, with a schema or without" {
  new_database
  sql 'create schema "Odd Schema"; create table "Odd Schema"."T.x" as select 1 as id; create table "T ""q""" as select 2 as id; create table "a.b" as select 3 as id;
    create schema a; create table a.b as select 4 as id; create table a.c as select 5 as id'
  run -0 --separate-stderr rc-export-rows -t 'Odd Schema.T.x'
  [ "$output" = '{"id":1}' ]
  RC_SCHEMA='Odd Schema' run -0 --separate-stderr rc-export-rows -t 'T.x'
  [ "$output" = '{"id":1}' ]
  run -0 --separate-stderr rc-export-rows -t 'T "q"'
  [ "$output" = '{"id":2}' ]
  run -0 --separate-stderr rc-export-rows -t a.b
  [ "$output" = '{"id":3}' ]
  run -0 --separate-stderr rc-export-rows -t a.c
  [ "$output" = '{"id":5}' ]
}

@test "a table that is not there is 100, and a name like it is told" {
  run -100 --separate-stderr rc-export-rows -t no_such
  [ "$stderr" = 'rc-export-rows: no_such: no such table' ]
  new_database
  run -100 --separate-stderr rc-export-rows -t Auth_User
  [ "$stderr" = 'rc-export-rows: Auth_User: no such table; there is auth_user' ]
}

@test "views, partitions and children are exported" {
  new_database
  sql 'create table p (id int) partition by list (id); create table p1 partition of p for values in (1); create table p2 partition of p for values in (2);
    insert into p values (2), (1); create view v as select id, id * 2 as twice from p order by id; create materialized view m as select 7 as id'
  run -0 --separate-stderr rc-export-rows -t v
  [ "$output" = '{"id":1,"twice":2}
{"id":2,"twice":4}' ]
  run -0 --separate-stderr rc-export-rows -t p --order-by 'id desc'
  [ "$output" = '{"id":2}
{"id":1}' ]
  run -0 --separate-stderr rc-export-rows -t m
  [ "$output" = '{"id":7}' ]
}

@test "--columns, --where and --order-by choose, of a query too" {
  new_database
  sql "create table t (id int, \"A b\" text, c text); insert into t values (1, 'x', 'y'), (2, 'z', 'y'), (3, 'w', 'n')"
  run -0 --separate-stderr rc-export-rows -t t --columns 'A b,id' --where "c = 'y' -- why" --order-by 'id desc -- last first'
  [ "$output" = '{"A b":"z","id":2}
{"A b":"x","id":1}' ]
  run -0 --separate-stderr rc-export-rows -q 'select 1 as "a,b", 2 as c, 3 as d' --columns '"a,b",c'
  [ "$output" = '{"a,b":1,"c":2}' ]
  for list in '' ',' 'id,' ',id' '"id'; do
    run -100 --separate-stderr rc-export-rows -t t --columns "$list"
    [[ ${stderr_lines[-1]} == *"' is no list of columns" ]]
  done
  run -0 --separate-stderr rc-export-rows -q 'select * from t' --columns c --where 'id = 3'
  [ "$output" = '{"c":"n"}' ]
  run -100 --separate-stderr rc-export-rows -t t --columns id,no
  [ "$stderr" = 'rc-export-rows: t: column "no" does not exist (42703)' ]
}

@test "--file and --param" {
  echo "select current_setting('rc.name') as name, current_setting('rc.n')::int + 1 as n; -- end" >"$BATS_TEST_TMPDIR/q.sql"
  sed -i 's/; -- end/;/' "$BATS_TEST_TMPDIR/q.sql"
  run -0 --separate-stderr rc-export-rows --file "$BATS_TEST_TMPDIR/q.sql" --param "name=o'x=y" --param n=41
  [ "$output" = '{"name":"o'"'"'x=y","n":42}' ]
  run -100 --separate-stderr rc-export-rows -q 'select 1' --param 1x=y
  [ "${stderr_lines[1]}" = "rc-export-rows: --param takes NAME=VALUE, the name of letters, digits and _, not '1x=y'" ]
}

@test "a query can change nothing, and is one" {
  new_database
  sql 'create table t (id int); create function sneak() returns int language sql as $$ insert into t values (2) returning id $$'
  run -100 --separate-stderr rc-export-rows -q 'insert into t values (1) returning id'
  run -100 --separate-stderr rc-export-rows -q 'select sneak() as id'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-export-rows: the query: cannot execute INSERT in a read-only transaction (25006)' ]
  run -100 --separate-stderr rc-export-rows -q 'select 1) as x) to stdout; drop table t; select (1'
  run -100 --separate-stderr rc-export-rows -t t --where 'true); drop table t; select (true'
  [ "$(sql 'select count(*) from t')" = 0 ]
}

@test "a query may end in a semicolon, as in a file" {
  run -0 --separate-stderr rc-export-rows -q $'select 1 as id;\n'
  [ "$output" = '{"id":1}' ]
  run -100 --separate-stderr rc-export-rows -q 'select 1 as id; select 2'
}

@test "columns of one name, and rc_end alone, are refused before a row is printed" {
  run -100 --separate-stderr rc-export-rows -q 'select 1 as id, 2 as id'
  [ "$output" = '' ]
  [ "$stderr" = "rc-export-rows: the query: the rows can't be records: two columns are named 'id'" ]
  run -100 --separate-stderr rc-export-rows -q 'select 1 as rc_end'
  [ "$output" = '' ]
}

@test "an error in the middle is 100, and what came before is printed without an end record" {
  run -100 --separate-stderr rc-export-rows -q 'select 10 / (3 - i) as id from generate_series(1, 5) i' --end-record
  [ "$output" = '{"id":5}
{"id":10}' ]
  [ "$stderr" = 'rc-export-rows: the query, after 2 rows: division by zero (22012)' ]
}

@test "--end-record ends with the count and the SHA-256 of the lines" {
  run -0 --separate-stderr rc-export-rows -q 'select i as id, repeat(md5(i::text), i % 50) as t from generate_series(1, 3000) i' --end-record
  sum=$(head -n -1 <<<"$output" | sha256sum | cut -d ' ' -f 1)
  [ "${lines[-1]}" = '{"rc_end":{"v":1,"records":3000,"sha256":"'"$sum"'"}}' ]
  run -0 --separate-stderr rc-export-rows -q "select repeat('é', 500000) as t" --end-record # in several pieces
  sum=$(head -n -1 <<<"$output" | sha256sum | cut -d ' ' -f 1)
  [ "${lines[-1]}" = '{"rc_end":{"v":1,"records":1,"sha256":"'"$sum"'"}}' ]
}

@test "a document has all rows in one object" {
  run -0 --separate-stderr rc-export-rows -q 'select i as id from generate_series(1, 3) i' --format document
  [ "$(jq -c . <<<"$output")" = '{"rows":[{"id":1},{"id":2},{"id":3}]}' ]
  new_database
  run -0 --separate-stderr rc-export-rows -t auth_user --format document
  [ "$(jq -c . <<<"$output")" = '{"auth_user":[]}' ]
}

@test "the parts of a table with one snapshot have each row once" {
  new_database
  sql "create table big as select i as id, repeat('x', 1500) as t from generate_series(1, 20000) i" # 4,000 blocks
  export parts
  for parts in 2 3; do
    rc-snapshot --table big -- bash -euc 'for ((i = 1; i <= parts; i++)); do rc-export-rows -t big --columns id --partition "$i/$parts" | tee "'"$BATS_TEST_TMPDIR"'/part$i"; done' >"$BATS_TEST_TMPDIR/rows"
    [ "$(jq .id "$BATS_TEST_TMPDIR/rows" | sort -n | md5sum)" = "$(seq 20000 | md5sum)" ]
    version 14 || continue # before, the first process reads all
    for ((i = 1; i <= parts; i++)); do [ "$(wc -l <"$BATS_TEST_TMPDIR/part$i")" -gt 1000 ]; done
  done
  run -100 --separate-stderr rc-export-rows -t big --partition 1/2
  [ "${stderr_lines[1]}" = 'rc-export-rows: --partition needs a snapshot, or the parts would be of different moments (see rc-snapshot)' ]
}

@test "parts need a snapshot whose session holds the table, for a rewrite between two of them would lose rows" {
  new_database
  sql "create table big as select i as id from generate_series(1, 100) i; create table other (id int); create table whole (id int) partition by range (id);
    create table one partition of whole default; insert into whole values (1)"
  run -100 --separate-stderr rc-snapshot -- rc-export-rows -t big --partition 1/2
  [ "$stderr" = 'rc-export-rows: big: --partition needs a snapshot whose session holds the table (rc-snapshot --table big), or rows could move between two parts' ]
  run -100 --separate-stderr rc-snapshot --table other -- rc-export-rows -t big --partition 2/2
  [[ $stderr == 'rc-export-rows: big: --partition needs a snapshot whose session holds '* ]]
  # another session that holds it meanwhile is no help
  run -100 --separate-stderr rc-snapshot --table big -- rc-snapshot --table other -- rc-export-rows -t big --partition 2/2
  # of a partitioned table the partitions are held with it
  run -0 --separate-stderr rc-snapshot --table whole -- bash -c 'for t in whole one; do rc-export-rows -t $t --partition 1/2; done'
  [ "$output" = $'{"id":1}\n{"id":1}' ]
  sql 'create materialized view seen as table big'
  run -0 --separate-stderr rc-snapshot --table seen -- bash -c 'for part in 1/2 2/2; do rc-export-rows -t seen --partition $part; done'
  [ "${#lines[@]}" = 100 ]
  sql 'create access method mine type table handler heap_tableam_handler; create table strange (id int) using mine; insert into strange values (1)'
  run -100 --separate-stderr rc-snapshot --table strange -- rc-export-rows -t strange --partition 1/2
  [ "$stderr" = 'rc-export-rows: strange: --partition needs tables of the access method heap, not mine' ]
  run -0 --separate-stderr rc-snapshot -- rc-export-rows -t one --partition 1/1
  [ "$output" = '{"id":1}' ]
}

@test "a snapshot that is not there is 100" {
  run -100 --separate-stderr rc-export-rows -q 'select 1 as id' --snapshot 00000003-0000001B-9
  [[ $stderr == 'rc-export-rows: '*'snapshot'* ]]
}

@test "--resume-key goes on behind the last key" {
  new_database
  sql "create table t (id int primary key, name text unique, code text not null unique); insert into t values (3, 'c', 'C'), (1, 'a', 'A''x'), (2, null, 'B')"
  run -0 --separate-stderr rc-export-rows -t t --columns id --resume-key id
  [ "$output" = '{"id":1}
{"id":2}
{"id":3}' ]
  run -0 --separate-stderr rc-export-rows -t t --columns id --resume-key code --resume-after "A'x" --where 'id < 3'
  [ "$output" = '{"id":2}' ]
  run -100 --separate-stderr rc-export-rows -t t --resume-key name --resume-after a
  [ "$stderr" = "rc-export-rows: t: --resume-key needs a column that is unique and not null, and 'name' is not" ]
  run -100 --separate-stderr rc-export-rows -t t --resume-key nome
  [ "$stderr" = "rc-export-rows: t: no column 'nome' for --resume-key" ]
  sql 'create table child () inherits (t); insert into child select * from t where id = 2'
  run -100 --separate-stderr rc-export-rows -t t --resume-key id --resume-after 2
  [ "$stderr" = "rc-export-rows: t: --resume-key: rows of its child tables may have the same 'id'; name each table for itself" ]
  run -0 --separate-stderr rc-export-rows -t child --columns id
  [ "$output" = '{"id":2}' ]
  sql 'create table whole (id int primary key) partition by range (id); create table one partition of whole for values from (0) to (9); insert into whole values (1), (2)'
  run -0 --separate-stderr rc-export-rows -t whole --resume-key id --resume-after 1
  [ "$output" = '{"id":2}' ]
}

@test "a role that row level security hides rows from is refused, unless told" {
  new_database
  sql "create table t as select i as id from generate_series(1, 3) i; alter table t enable row level security; create policy odd on t using (id % 2 = 1); grant select on t to public"
  export PGOPTIONS='-c role=pg_monitor'
  run -100 --separate-stderr rc-export-rows -t t
  [ "$output" = '' ]
  [ "$stderr" = 'rc-export-rows: t: query would be affected by row-level security policy for table "t" (42501)' ]
  run -0 --separate-stderr rc-export-rows -t t --rows-visible-to-me
  [ "$output" = '{"id":1}
{"id":3}' ]
}

@test "permission denied on one column is 100, and the others can be had" {
  new_database
  sql "create table t as select 1 as id, 'x' as secret; grant select (id) on t to public"
  export PGOPTIONS='-c role=pg_monitor'
  run -100 --separate-stderr rc-export-rows -t t
  [ "$output" = '' ]
  [ "$stderr" = 'rc-export-rows: t: permission denied for table t (42501)' ]
  run -0 --separate-stderr rc-export-rows -t t --columns id
  [ "$output" = '{"id":1}' ]
}

@test "a reader that closes early ends the export quietly" {
  big_table 50000
  run -0 --separate-stderr bash -c 'rc-export-rows -t big | head -n 2 | wc -l; echo "${PIPESTATUS[0]}"'
  [ "$output" = '2
141' ]
  [ "$stderr" = '' ]
  wait_until "select not exists (select from pg_stat_activity where application_name like 'rc-export%' and datname = current_database())"
}

@test "a full disk is 111, and with --output the old file stays" {
  run -111 --separate-stderr bash -c 'rc-export-rows -q "select generate_series(1, 100000) as id" >/dev/full'
  [ "$stderr" = 'rc-export-rows: cannot write <stdout>: No space left on device' ]
  mkdir "$BATS_TEST_TMPDIR/folder"
  echo old >"$BATS_TEST_TMPDIR/folder/file"
  run -100 --separate-stderr rc-export-rows -q 'select 1 / (5 - i) as id from generate_series(1, 9) i' -o "$BATS_TEST_TMPDIR/folder/file"
  [ "$(cat "$BATS_TEST_TMPDIR/folder/file")" = old ]
  [ "$(ls -A "$BATS_TEST_TMPDIR/folder")" = file ]
  run -0 --separate-stderr rc-export-rows -q 'select 1 as id' -o "$BATS_TEST_TMPDIR/folder/file"
  [ "$(cat "$BATS_TEST_TMPDIR/folder/file")" = '{"id":1}' ]
}

@test "a disk that becomes full under --output is 111, and the old file stays alone" {
  mkdir "$BATS_TEST_TMPDIR/tmp"
  need_small
  TMPDIR=$BATS_TEST_TMPDIR/tmp run -111 --separate-stderr small size=96k bash -c 'cd "$TMPDIR" && echo old >file && code=0
    rc-export-rows -q "select generate_series(1, 100000) as id" -o file || code=$?
    cat file; ls -A; exit "$code"'
  [ "$output" = $'old\nfile' ]
  [[ $stderr == 'rc-export-rows: '*': No space left on device' ]]
}

@test "a killed export leaves no session and the old file" {
  big_table 50000
  mkdir "$BATS_TEST_TMPDIR/folder"
  echo old >"$BATS_TEST_TMPDIR/folder/file"
  rc-export-rows -q 'select id, pg_sleep(0.001) is null as slow from big' -o "$BATS_TEST_TMPDIR/folder/file" 3>&- &
  started+=("$!")
  wait_until "select exists (select from pg_stat_activity where application_name like 'rc-export%' and datname = current_database() and query like 'copy%')"
  kill -TERM "${started[-1]}"
  wait "${started[-1]}" || [ "$?" = 143 ]
  [ "$(ls -A "$BATS_TEST_TMPDIR/folder")" = file ]
  [ "$(cat "$BATS_TEST_TMPDIR/folder/file")" = old ]
  wait_until "select not exists (select from pg_stat_activity where application_name like 'rc-export%' and datname = current_database())"
}

@test "a session that is ended in mid-export is 111 without an end record" {
  big_table 100000
  start_export
  sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rc-export%' and datname = current_database()"
  finish_export
  [ "$code" = 111 ]
  [[ $(cat "$BATS_TEST_TMPDIR/err") == 'rc-export-rows: big, after '* ]]
  [ "$(grep -c rc_end "$BATS_TEST_TMPDIR/rows")" = 0 ]
  [ "$(tail -c 1 "$BATS_TEST_TMPDIR/rows" | od -An -c | tr -d ' ')" = '\n' ] # what was printed is whole
}

@test "a server that crashes in mid-export is 111 without an end record" {
  run -0 --separate-stderr rc-postgres -- bash -uc '
    psql -Xqc "create table big as select i as id, repeat(md5(i::text), 4) as text from generate_series(1, 100000) i" "$DATABASE_URL"
    mkfifo "$1/crash"
    rc-export-rows --table big --end-record >"$1/crash" 2>"$1/err" &
    exec {pipe}<"$1/crash"
    head -c 1000000 <&"$pipe" >"$1/rows"
    kill -KILL "$(psql -XAtc "select pid from pg_stat_activity where application_name like \$\$rc-export%\$\$" "$DATABASE_URL")"
    cat <&"$pipe" >>"$1/rows"
    wait "$!"
    echo "$?"' _ "$BATS_TEST_TMPDIR"
  [ "${lines[-1]}" = 111 ]
  [[ $(cat "$BATS_TEST_TMPDIR/err") == 'rc-export-rows: big, after '* ]]
  [ "$(grep -c rc_end "$BATS_TEST_TMPDIR/rows")" = 0 ]
  [ "$(tail -c 1 "$BATS_TEST_TMPDIR/rows" | od -An -c | tr -d ' ')" = '\n' ]
}

@test "statement_timeout is 100 and named, without an end record" {
  big_table 100
  PGOPTIONS='-c statement_timeout=300' run -100 --separate-stderr rc-export-rows -q 'select id, pg_sleep(0.02) is null as slow from big' --end-record
  [[ $stderr == 'rc-export-rows: the query, after '*' rows: canceling statement due to statement timeout (57014)' ]]
  [[ $output != *rc_end* ]]
  [[ $output == '{"id":1,'* ]]
}

@test "TRUNCATE and ALTER TABLE wait for the end of an export" {
  big_table 100000
  start_export
  PGAPPNAME=other sql 'truncate big' 3>&- &
  started+=("$!")
  PGAPPNAME=other sql 'alter table big add column more int' 3>&- &
  started+=("$!")
  wait_until "select count(*) = 2 from pg_stat_activity where application_name = 'other' and datname = current_database() and wait_event_type = 'Lock'"
  finish_export
  [ "$code" = 0 ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/rows")" = 100001 ]
}

@test "an export that waits for a TRUNCATE sees what was put in after it" {
  new_database
  sql "create table t as select 1 as id"
  hold 'truncate t; insert into t values (2)'
  rc-export-rows -t t >"$BATS_TEST_TMPDIR/rows" 3>&- &
  started+=("$!")
  wait_until_blocked
  tell_holder commit
  wait "${started[-1]}"
  [ "$(cat "$BATS_TEST_TMPDIR/rows")" = '{"id":2}' ]
}

@test "a slow query's rows are seen before the next ones come" {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  # the server sends when it has 8 kB
  rc-export-rows -q "select i as id, repeat('x', 20000) as t, pg_sleep(case i when 3 then 60 else 0 end) is null as n from generate_series(1, 3) i" >"$BATS_TEST_TMPDIR/pipe" 3>&- &
  started+=("$!")
  exec {pipe}<"$BATS_TEST_TMPDIR/pipe"
  [ "$(timeout 20 head -c 8 <&"$pipe")" = '{"id":1,' ]
  exec {pipe}<&-
}

@test "200 MB take 12 MB of memory" {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1 rc-export-rows -q "select i as id, repeat('x', 1000) as t from generate_series(1, 200000) i" >"$BATS_TEST_TMPDIR/pipe" 3>&- &
  started+=("$!")
  exec {pipe}<"$BATS_TEST_TMPDIR/pipe"
  head -c 195000000 <&"$pipe" | tail -c 1 >/dev/null
  peak=$(awk '/^VmHWM/ { print $2 }' "/proc/${started[-1]}/status")
  cat <&"$pipe" >/dev/null
  wait "${started[-1]}"
  limit=12000
  ! ldd "$(command -v rc-export-rows)" | grep -q asan || limit=80000
  [ "$peak" -lt "$limit" ] || { echo "$peak kB"; return 1; }
}

@test "a value of 100 MB passes" {
  [ "$(rc-export-rows -q "select 1 as id, repeat('é', 50000000) as t" | wc -c)" = $((8 + 6 + 100000000 + 2)) ]
}

@test "a record longer than 1 GiB is refused with its key, and nothing of it is printed" {
  run -100 --separate-stderr rc-export-rows -q "select i as id, case i when 1 then 'x' else repeat(chr(1), 190000000) end as t from generate_series(1, 2) i"
  [ "$output" = '{"id":1,"t":"x"}' ]
  [ "$stderr" = 'rc-export-rows: row 2 (id=2) makes a record of more than 1073741824 bytes' ]
}

@test "wrong usage is 100 with the usage" {
  run -100 --separate-stderr rc-export-rows
  [ "${stderr_lines[1]}" = 'rc-export-rows: one of --table, --query and --file is needed' ]
  run -100 --separate-stderr rc-export-rows -t x -q y
  run -100 --separate-stderr rc-export-rows -t x y
  [ "${stderr_lines[1]}" = "rc-export-rows: unexpected argument 'y'" ]
  for part in 0/2 3/2 2 a/b 1/ /2; do
    run -100 --separate-stderr rc-export-rows -t x --partition "$part" --snapshot s
    [ "${stderr_lines[1]}" = "rc-export-rows: --partition takes I/N with I from 1 to N, not '$part'" ]
  done
  run -100 --separate-stderr rc-export-rows -t x --resume-after 1
  [ "${stderr_lines[1]}" = 'rc-export-rows: --resume-after needs --resume-key' ]
  run -100 --separate-stderr rc-export-rows -t x --format csv
  [ "${stderr_lines[1]}" = "rc-export-rows: --format takes ndjson or document, not 'csv'" ]
}

@test "on a terminal the count is shown while a file is written, and nowhere beside the rows themselves" {
  export slow="select i as id, repeat('x', 9000) as text, pg_sleep(0.3) is null as slept from generate_series(1, 4) i"
  terminal_is_sent 'rc-export-rows --query "$slow" --output "$BATS_TEST_TMPDIR/rows"'
  [[ $(cat "$BATS_TEST_TMPDIR/sent") =~ ^($'\r'[1-4]' rows, '[0-9]+'/s, '[0-9.]+' '[kM]?B$'\e[K')+$'\r\e[K'$ ]]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/rows")" = 4 ]
  terminal_is_sent 'rc-export-rows --query "$slow" | wc -l; rc-export-rows --query "select 1 as id" 2>/dev/null'
  [ "$(cat "$BATS_TEST_TMPDIR/sent")" = $'4\n{"id":1}' ]
}
