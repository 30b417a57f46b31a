# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load recotem/helper

setup() {
  new_database
  started=()
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() { end_started; }

counts() { printf '{"inserted":%d,"updated":%d,"unchanged":%d,"missing":%d,"rejected":%d}' "$1" "$2" "$3" "${4:-0}" "${5:-0}"; }
# import COUNTS ARGUMENT...: with the records of standard input.
import() {
  run -0 --separate-stderr rc-import-rows "${@:2}"
  # shellcheck disable=SC2086 # the counts are words
  [ "$output" = "$(counts $1)" ] || { printf '%s\n' "$output" "$stderr"; false; }
  [ "$stderr" = '' ]
}
rows() { sql "select row_to_json(t)::text from (select * from ${1-t} order by 1) t"; }

# same_rows TYPE VALUE...: each value, a literal of SQL, goes out by row_to_json and comes back the same, byte for byte.
same_rows() {
  local type=$1 n=0 values='' value
  shift
  for value; do values+="${values:+, }($((n += 1)), $value::$type)"; done
  sql "set client_min_messages = warning; drop table if exists a, b; create table a (id int primary key, v $type); insert into a values $values, (0, null); create table b (like a)"
  sql "select row_to_json(a) from a" | import "$((n + 1)) 0 0" --table b
  run -0 sql "select a.v::text, b.v::text from a join b using (id) where record_image_ne(row(a.v), row(b.v))"
  [ "$output" = '' ] || { printf '%s\n' "$output"; false; }
  [ "$(sql 'select count(*) from b')" = $((n + 1)) ]
}

# refused TYPE VALUE MESSAGE CODE: the JSON value is not taken.
refused() {
  sql "set client_min_messages = warning; drop table if exists r; create table r (v $1)"
  run -100 --separate-stderr rc-import-rows --table r <<<"{\"v\":$2}"
  [ "$stderr" = "rc-import-rows: <stdin>:1: 'v': $3 ($4)" ] || { printf '%s\n' "$stderr"; false; }
  [ "$(sql 'select count(*) from r')" = 0 ]
}

# ---- values ----

@test "integers, oids, booleans" {
  same_rows bool true false
  same_rows int2 "'-32768'" 32767 0
  same_rows int4 "'-2147483648'" 2147483647
  same_rows int8 "'-9223372036854775808'" 9223372036854775807 9007199254740993
  same_rows oid 0 "'4294967295'"
}

@test "floats: extremes, subnormals, the last bit, what is no number" {
  same_rows float8 "'1.7976931348623157e308'" "'5e-324'" "'2.2250738585072014e-308'" "'-0'" "'NaN'" "'Infinity'" "'-Infinity'" 0.1 1e22 1e23 \
    9007199254740993 123456789012345678 "'8.41e21'" "'9.5e-20'" 4.35
  same_rows float4 "'3.4028235e38'" "'1e-45'" "'1.1754944e-38'" "'-0'" "'NaN'" "'Infinity'" 0.1 16777217 "'8.589973e9'"
}

@test "ten thousand random doubles and floats come back to the bit" {
  sql "create table a (id int primary key, d float8, f float4); create table b (like a);
    select setseed(0.5); insert into a select i, (random() - 0.5) * 10 ^ (random() * 600 - 300), (random() - 0.5) * 10 ^ (random() * 70 - 35) from generate_series(1, 10000) i"
  sql 'select row_to_json(a) from a' | import '10000 0 0' --table b
  [ "$(sql 'select count(*) from a join b using (id) where record_image_ne(row(a.*), row(b.*))')" = 0 ]
}

@test "numerics keep every digit and the scale" {
  same_rows numeric 0 0.0 0.00000 1.0 -1.50 1e400 1e-400 "'NaN'" "'123456789012345678901234567890.12345678901234567890'" 10000 9999 0.0001 0.00001 \
    12345.6789 100000000 99999999.9999 -0.5 1000000.0000001
  same_rows 'numeric(10,2)' 12345678.90 -0.01 0 "'NaN'"
  ! version 14 || same_rows numeric "'Infinity'" "'-Infinity'"
  sql 'create table n (v numeric)'
  import '3 0 0' --table n <<<$'{"v":1e3}\n{"v":12.5E-3}\n{"v":"-0.10"}'
  [ "$(sql 'select v from n order by v desc')" = $'1000\n0.0125\n-0.10' ]
}

@test "ten thousand random numerics" {
  sql "create table a (id int primary key, v numeric); create table b (like a); select setseed(0.25);
    insert into a select i, round((random()::numeric - 0.5) * 10::numeric ^ (random() * 40 - 20)::int, (random() * 30)::int) from generate_series(1, 10000) i"
  sql 'select row_to_json(a) from a' | import '10000 0 0' --table b
  [ "$(sql 'select count(*) from a join b using (id) where record_image_ne(row(a.v), row(b.v)) or a.v::text <> b.v::text')" = 0 ]
}

@test "text, varchar, char and name" {
  same_rows text "''" "'a\"\\b'" "E'\\x01\\n\\t\\x7f'" "'żółć 😀'" "repeat('x', 100000)" "E'\\u2028'"
  same_rows 'varchar(5)' "'żółte'" "''"
  same_rows 'char(4)' "'a'" "''" "'abcd'"
  same_rows name "'x'" "repeat('y', 63)"
  sql 'create table n (v text)'
  import '1 0 0' --table n <<<'{"v":"\ud83d\ude00\u00e9\/\b"}'
  [ "$(sql "select v = '😀é/' || chr(8) from n")" = t ]
}

@test "dates and times: infinity, BC, years beyond 9999, leap days" {
  same_rows date "'0044-03-15 BC'" "'0001-01-01 BC'" "'12026-01-01'" "'infinity'" "'-infinity'" "'4713-11-24 BC'" "'5874897-12-31'" "'2000-02-29'" "'1900-02-28'"
  same_rows timestamp "'0044-03-15 12:00 BC'" "'294276-12-31 23:59:59.999999'" "'infinity'" "'-infinity'" "'4713-11-24 BC'" "'1969-12-31 23:59:59.999999'" "'2000-01-01'"
  same_rows timestamptz "'0044-03-15 12:00+00 BC'" "'294276-12-31 23:59:59.999999+00'" "'infinity'" "'-infinity'" "'2024-02-29 23:59:59.5+05:30'"
  same_rows 'timestamp(3)' "'2024-01-01 00:00:00.123'"
  sql 'create table z (v timestamptz)'
  import '5 0 0' --table z <<<'{"v":"2024-01-01T00:00:00Z"}
{"v":"2024-01-01 01:30:00+0130"}
{"v":"2023-12-31T18:30:00-05:30"}
{"v":"2024-01-01T00:00:30+00:00:30"}
{"v":"2024-01-01T02:00:00.000000000+02"}'
  [ "$(sql "set timezone = 'UTC'; select distinct v from z")" = '2024-01-01 00:00:00+00' ]
}

@test "uuid, bytea, json, jsonb" {
  same_rows uuid "'00112233-4455-6677-8899-aabbccddeeff'"
  same_rows bytea "''" "'\\x00ff10'" "decode(repeat('ab', 10000), 'hex')"
  same_rows json "'{\"a\" : 1, \"a\":2}'" "'\"\\ud800\"'" "'[\"\\u0000\", 1.0]'" "'1e400'" "'\"x\"'"
  same_rows jsonb "'{\"a\":[1,1.50,null]}'" "'\"x\"'" "'123456789012345678901234567890.10'" "'[]'" "'\"\\ud83d\\ude00 \\\\u0000\"'"
}

@test "arrays: nested, empty, with nulls, of texts that look like JSON" {
  same_rows 'int[]' "'{}'" "'{1,null,3}'" "'{{1,2},{3,null}}'" "'{{{1},{2}},{{3},{4}}}'" "'{null}'"
  same_rows 'text[]' "'{}'" "array['a,b', '[1]', '\"', '\\', 'null', '', null]" "array[array['x'], array['y']]"
  same_rows 'numeric(6,2)[]' "'{1.50,NaN}'"
  same_rows 'float8[]' "'{NaN,Infinity,1.5}'"
  same_rows 'timestamptz[]' "'{infinity,2024-01-01 00:00:00+00}'"
  same_rows 'jsonb[]' "array['[1,[2]]'::jsonb, '[]', '{\"a\":[1]}', null]"
  same_rows 'bytea[]' "array['\\x00'::bytea, '\\xff']"
}

@test "types that the server reads: interval, inet, money, range, time, enum, composite, domains, arrays of them" {
  sql "create type colour as enum ('red', 'green'); create type pair as (a int, b text); create domain small as int check (value < 10); create domain tiny as small;
    create domain code as varchar(3)"
  same_rows interval "'1 mon 2 days 03:04:05.6'" "'-1 year'"
  same_rows inet "'10.0.0.1/8'"
  same_rows money "'1.50'"
  same_rows int4range "'[1,5)'" "'empty'"
  same_rows time "'24:00:00'"
  same_rows 'bit(3)' "'101'"
  same_rows 'colour' "'red'"
  same_rows 'colour[]' "'{red,green}'"
  same_rows 'interval[]' "array['1 day'::interval, null]"
  same_rows pair "(1, 'x\"')"
  same_rows tiny 9
  same_rows code "'abc'"
  same_rows '"char"' "'x'"
}

@test "a value that the column would change or can't hold is refused, and says why" {
  refused int2 32768 '32768 is out of range for int2' 22003
  refused int8 9223372036854775808 '9223372036854775808 is out of range for int8' 22003
  refused int4 1.0 'expected a whole number, not 1.0' 22P02
  refused int4 '"x"' 'expected a whole number, not "x"' 22P02
  refused bool 1 'expected true or false, not 1' 22P02
  refused float8 1e400 '1e400 is out of range for float8' 22003
  refused float8 1e-400 '1e-400 is out of range for float8' 22003
  refused float4 1e39 '1e39 is out of range for float4' 22003
  refused 'numeric(4,2)' 1.005 '1.005 has more decimals than the column keeps' 22003
  refused 'numeric(4,2)' 100 "100 is out of range for the column's numeric" 22003
  refused numeric 1e200000 '1e200000 is out of range for numeric' 22003
  refused numeric '"abc"' 'expected a number, not "abc"' 22P02
  refused text 5 'expected a string, not 5' 22P02
  refused text '"\u0000"' "\\u0000, which text can't hold" 22P05
  refused text '"\ud800"' 'a lone surrogate, which is no character' 22P05
  refused 'text[]' '["\udc00"]' 'a lone surrogate, which is no character' 22P05
  refused 'varchar(2)' '"żół"' '3 characters are too long for varchar(2)' 22001
  refused 'char(2)' '"abc"' '3 characters are too long for char(2)' 22001
  refused name "\"$(printf '%064d' 0)\"" '64 bytes are too long for name' 22001
  refused jsonb '{"a":"\u0000"}' "\\u0000, which jsonb can't hold" 22P05
  refused jsonb '["\ud800"]' "a lone surrogate, which jsonb can't hold" 22P02
  refused jsonb '[1e200000]' '1e200000 is out of range for a number in jsonb' 22003
  refused uuid '"x"' 'expected a UUID, not "x"' 22P02
  refused bytea '"\\x0"' 'expected "\\x and pairs of hex digits, not "\\x0"' 22P02
  refused date '"2023-02-29"' 'no calendar or clock has "2023-02-29"' 22008
  refused date '"2023-01-01T00:00:00"' 'expected a date, not "2023-01-01T00:00:00"' 22007
  refused timestamp '"2023-01-01T00:00:00Z"' '"2023-01-01T00:00:00Z" has a time zone, which the column would drop' 22007
  refused timestamptz '"2023-01-01T00:00:00"' '"2023-01-01T00:00:00" has no time zone' 22007
  refused timestamptz '"294277-01-01T00:00:00Z"' '"294277-01-01T00:00:00Z" is out of range for timestamptz' 22008
  refused timestamp '"2023-01-01T00:00:00.1234567"' '"2023-01-01T00:00:00.1234567" has more decimals than the column keeps' 22008
  refused 'int[]' '[[1],[2,3]]' 'arrays of different lengths or depths in one' 22P02
  refused 'int[]' '[1,[2]]' 'expected a whole number, not [2]' 22P02
  refused 'int[]' '[[]]' 'arrays of different lengths or depths in one' 22P02
  refused 'int[]' 5 'expected an array, not 5' 22P02
  refused 'int not null' null 'null, which the column does not take' 23502
}

@test "every byte of a record of 2 kB changed: refused, or the row that the server's own reader makes of it; cut anywhere: refused" {
  sql "create table t (id int8, b bool, n numeric, f float8, d date, ts timestamptz, u uuid, j json, jb jsonb, by bytea, ia int[], ta text[], tx text, iv interval);
    create table raw (r json); create table want (like t)"
  sql "select row_to_json(r) from (select 4711 id, true b, 12345.678 n, 1.5e-7::float8 f, date '2024-02-29' d, timestamptz '2024-01-01 02:03:04.5+00' ts,
    '00112233-4455-6677-8899-aabbccddeeff'::uuid u, '{\"a\":[1,\"x\\u00e9\"]}'::json j, '{\"k\":[1.5,null,\"v\"]}'::jsonb jb, '\\x0011aaff'::bytea as by,
    array[[1,2],[3,4]] ia, array['a\"b', null, 'ż'] ta, repeat('text żółć ', 130) tx, interval '1 day 02:03' iv) r" >record
  [ "$(wc -c <record)" -gt 2000 ]
  perl -e '
    my $record = do { local $/; open my $f, "<", "record"; <$f> }; chomp $record; srand 3;
    open my $good, ">", "good"; open my $raw, ">", "rawgood"; my $n = length $record;
    for my $at (0 .. $n - 1) {
      next if $at > 560 && $at < $n - 60 && $at % 7;    # the long text is the same all over
      my $one = $record; my $bit = 1 << int rand 8; substr($one, $at, 1) = chr(ord(substr $one, $at, 1) ^ $bit);
      next if $one =~ /\n/;
      open my $f, ">", "one"; print $f "$one\n"; close $f;
      system("rc-progress one >/dev/null 2>&1") == 0 or next;
      print $good "$one\n"; print $raw "{\"r\":$one}\n";
    }
    for my $at (0 .. $n - 1) {
      next if $at % 5;
      open my $f, ">", "one"; print $f substr($record, 0, $at), "\n"; close $f;
      system("rc-progress one >/dev/null 2>&1") == 100 << 8 or die "cut at $at";
    }'
  [ "$(wc -l <good)" -gt 300 ]
  rc-import-rows --table raw rawgood >/dev/null
  code=0
  rc-import-rows --table t --columns id,b,n,f,d,ts,u,j,jb,by,ia,ta,tx,iv --on-error reject --rejects bad good >counts 2>err || code=$?
  [ "$code" = 1 ]
  [ "$(rc-say '{inserted} {rejected}' counts | awk '{ print $1 + $2 }')" = "$(wc -l <good)" ]
  [ "$(rc-say '{inserted}' counts)" -gt 100 ]
  sql "set timezone = 'UTC'; do \$\$ declare r json; begin for r in select raw.r from raw loop
    begin insert into want select (json_populate_record(null::t, r)).*; exception when others then null; end; end loop; end \$\$"
  run -0 sql 'select t::text from t except all select w::text from want w'
  [ "$output" = '' ]
}

# ---- records ----

@test "no records, no rows" {
  sql 'create table t (id int)'
  import '0 0 0' --table t </dev/null
  import '0 0 0' --table t <<<'{"rc_end":{"v":1}}'
}

@test "CRLF is a line's end like any other, blanks and another order of the fields are the same record" {
  sql 'create table t (id int, a text)'
  printf '{"id":1,"a":"x"}\r\n{ "a" : "y" , "id" : 2 }\r\n' | import '2 0 0' --table t
  [ "$(rows)" = $'{"id":1,"a":"x"}\n{"id":2,"a":"y"}' ]
}

@test "input that is cut, or no record, changes nothing" {
  sql 'create table t (id int)'
  for input in $'{"id":1}\n{"id":2}' $'{"id":1}\n{"id":' $'{"id":1}\n\n' $'{"id":1}\nx\n'; do
    run -100 --separate-stderr rc-import-rows --table t --rejects bad < <(printf '%s' "$input")
    [[ $stderr == 'rc-import-rows: <stdin>:2: '* ]]
    [ ! -e bad ]
  done
  [ "$(rows)" = '' ]
}

@test "without the end record that was asked for nothing is changed" {
  sql 'create table t (id int)'
  run -100 rc-import-rows --table t --require-end-record <<<'{"id":1}'
  [ "$(rows)" = '' ]
  import '1 0 0' --table t --require-end-record <<<$'{"id":1}\n{"rc_end":{"v":1,"records":1}}'
}

@test "names: unknown, other case, missing, added, generated" {
  sql 'create table t (id int not null, "userName" text, twice int generated always as (id * 2) stored)'
  for case in '{"id":1,"username":"a"}|username|the table has no such column; is '\''userName'\'' meant? (42703)' \
    '{"di":1,"userName":"a"}|di|the table has no such column (42703)' \
    '{"id":1,"usreName":"a"}|usreName|the table has no such column; is '\''userName'\'' meant? (42703)' \
    '{"id":1,"tiwce":"a"}|tiwce|the table has no such column; is '\''twice'\'' meant? (42703)' \
    '{"id":1,"zzzzzz":"a"}|zzzzzz|the table has no such column (42703)' \
    '{"userName":"a"}|id|the field is missing, and the column is NOT NULL and has no default (23502)' \
    '{"id":1,"twice":2}|twice|the server makes up the column: leave it out (428C9)'; do
    IFS='|' read -r record column message <<<"$case"
    run -100 --separate-stderr rc-import-rows --table t <<<"$record"
    [ "$stderr" = "rc-import-rows: <stdin>:1: '$column': $message" ]
  done
  run -100 --separate-stderr rc-import-rows --table t <<<$'{"id":1,"userName":"a"}\n{"id":2}'
  [ "$stderr" = "rc-import-rows: <stdin>:2: 'userName': the field is missing (42703)" ]
  run -100 --separate-stderr rc-import-rows --table t <<<$'{"id":1}\n{"id":2,"userName":"a"}'
  [ "$stderr" = "rc-import-rows: <stdin>:2: 'userName': the first record has no such field (42703)" ]
  [ "$(rows)" = '' ]
  import '1 0 0' --table t --columns id <<<'{"id":1,"userName":"a","twice":7,"other":null}'
  [ "$(rows)" = '{"id":1,"userName":null,"twice":2}' ]
}

@test "bad records among good ones go to a file, in order, with what was wrong" {
  sql 'create table t (id int, v varchar(2))'
  printf '%s\n' '{"id":1,"v":"a"}' '{"id":"x","v":"a"}' '{"id":3,"v":"abc"}' '{"id":4}' '{"id":5,"v":"b"}' >in
  run -1 --separate-stderr rc-import-rows --table t --rejects bad in
  [ "$output" = "$(counts 2 0 0 0 3)" ]
  [ "$stderr" = "rc-import-rows: in:2: 'id': expected a whole number, not \"x\" (22P02)
rc-import-rows: in:3: 'v': 3 characters are too long for varchar(2) (22001)
rc-import-rows: in:4: 'v': the field is missing (42703)" ]
  [ "$(cat bad)" = '{"line":2,"column":"id","code":"22P02","message":"expected a whole number, not \"x\"","record":{"id":"x","v":"a"}}
{"line":3,"column":"v","code":"22001","message":"3 characters are too long for varchar(2)","record":{"id":3,"v":"abc"}}
{"line":4,"column":"v","code":"42703","message":"the field is missing","record":{"id":4}}' ]
  [ "$(rows)" = $'{"id":1,"v":"a"}\n{"id":5,"v":"b"}' ]
}

@test "one refused record too many, and nothing is changed; the file tells of all" {
  sql 'create table t (id int)'
  run -100 --separate-stderr rc-import-rows --table t --max-rejects 1 --rejects bad <<<$'{"id":1}\n{"id":"a"}\n{"id":"b"}\n{"id":"c"}'
  [ "${stderr_lines[1]}" = "rc-import-rows: <stdin>:3: 'id': expected a whole number, not \"b\" (22P02); that is one refused record too many" ]
  [ "$(wc -l <bad)" = 2 ]
  [ "$(rows)" = '' ]
}

# ---- modes ----

@test "upsert: new, changed and same rows, and a second run that changes nothing, not even a row's version" {
  sql "create table t (id int primary key, v text, j json); insert into t values (1, 'a', '{}'), (2, 'b', '{}'), (9, 'z', null)"
  printf '%s\n' '{"id":1,"v":"a","j":{}}' '{"id":2,"v":"B","j":{}}' '{"id":3,"v":"c","j":[1]}' >in
  import '1 1 1' --table t --mode upsert in
  [ "$(rows)" = '{"id":1,"v":"a","j":{}}
{"id":2,"v":"B","j":{}}
{"id":3,"v":"c","j":[1]}
{"id":9,"v":"z","j":null}' ]
  before=$(sql 'select xmin, ctid from t order by id')
  import '0 0 3' --table t --mode upsert in
  [ "$(sql 'select xmin, ctid from t order by id')" = "$before" ]
}

@test "upsert of 5,000 rows, most of them the same, leaves those untouched" {
  sql "create table t (id int primary key, v text); insert into t select i, 'v' || i from generate_series(1, 4900) i"
  seq 5000 | sed 's/.*/{"id":&,"v":"v&"}/; 7s/v7/new/' >in
  import '100 1 4899' --table t --mode upsert in
  [ "$(sql "select count(*) from t where xmax <> 0 and v <> 'new'")" = 0 ]
  for _ in {1..10}; do # the sample that decides whether to look first must not depend on chance
    import '0 0 5000' --table t --mode upsert in
    [ "$(sql "select count(*) from t where xmax <> 0 and v <> 'new'")" = 0 ]
  done
}

@test "two records of one key: an error that names both, or the last" {
  sql 'create table t (id text primary key, v int)'
  printf '%s\n' '{"id":"a","v":1}' '{"id":"b","v":2}' '{"id":"a","v":3}' >in
  run -100 --separate-stderr rc-import-rows --table t --mode upsert in
  [ "$stderr" = 'rc-import-rows: in:3: the key of line 1 again; --duplicates last takes the last one' ]
  [ "$(rows)" = '' ]
  import '2 0 1' --table t --mode upsert --duplicates last in
  [ "$(rows)" = $'{"id":"a","v":3}\n{"id":"b","v":2}' ]
}

@test "update takes only rows that are there" {
  sql "create table t (id int primary key, v text not null, w int default 5); insert into t values (1, 'a'), (2, 'b')"
  import '0 1 1 1' --table t --mode update <<<$'{"id":1,"v":"A"}\n{"id":2,"v":"b"}\n{"id":3,"v":"c"}'
  [ "$(rows)" = $'{"id":1,"v":"A","w":5}\n{"id":2,"v":"b","w":5}' ]
}

@test "sync: rows that no record has are kept, told, deleted or marked" {
  sql "create table t (a int, b text, v text, gone bool not null default false, primary key (a, b)); insert into t values (1, 'x', 'v'), (1, 'y', 'v'), (2, 'x', 'v')"
  echo '{"a":1,"b":"x","v":"w"}' >in
  import '0 1 0 2' --table t --mode sync in
  run -0 rc-import-rows --table t --mode sync --missing report in
  [ "$output" = '{"status":"missing","key":{"a":1,"b":"y"}}
{"status":"missing","key":{"a":2,"b":"x"}}
'"$(counts 0 0 1 2)" ]
  import '0 0 1 2' --table t --mode sync --missing 'set gone=true' in
  import '0 0 1 0' --table t --mode sync --missing 'set gone=true' in
  [ "$(sql 'select count(*) from t where gone')" = 2 ]
  import '0 0 1 2' --table t --mode sync --missing delete in
  [ "$(sql 'select count(*) from t')" = 1 ]
  run -100 rc-import-rows --table t --mode sync --missing delete </dev/null
  [ "$(sql 'select count(*) from t')" = 1 ]
  import '0 0 0 1' --table t --mode sync --missing delete --require-end-record <<<'{"rc_end":{"v":1}}'
}

@test "insert skips what a unique index has, where that is asked for" {
  sql "create table t (id int primary key, v text unique); insert into t values (1, 'a')"
  import '1 0 2' --table t --on-conflict skip <<<$'{"id":1,"v":"x"}\n{"id":2,"v":"a"}\n{"id":3,"v":"c"}'
}

@test "the key must be a unique index's; without one there is no upsert" {
  sql 'create table t (id int, v text); create unique index on t (id) where v is null; create table u (a int, b int, unique (a, b))'
  run -100 --separate-stderr rc-import-rows --table t --mode upsert <<<'{"id":1}'
  [ "$stderr" = 'rc-import-rows: t has no primary key: --key must name the columns of a unique index' ]
  run -100 --separate-stderr rc-import-rows --table t --mode upsert --key id <<<'{"id":1}'
  [ "$stderr" = 'rc-import-rows: t has no unique index on just id that ON CONFLICT can use' ]
  import '1 0 0' --table u --mode upsert --key b,a <<<'{"a":1,"b":2}'
  run -100 --separate-stderr rc-import-rows --table u --mode upsert --key a,b <<<'{"a":1,"b":null}'
  [ "$stderr" = "rc-import-rows: <stdin>:1: 'b': null, which the column does not take (23502)" ]
}

@test "a dry run counts and changes nothing" {
  sql "create table t (id int primary key, v text); insert into t values (1, 'a')"
  import '1 1 0' --table t --mode upsert --dry-run <<<$'{"id":1,"v":"b"}\n{"id":2,"v":"c"}'
  [ "$(rows)" = '{"id":1,"v":"a"}' ]
  run -1 --separate-stderr rc-import-rows --table t --mode upsert --dry-run --rejects bad <<<$'{"id":1,"v":5}\n{"id":2,"v":"c"}'
  [ "$(rc-say '{line} {column}' bad)" = '1 v' ]
  [ "$(rows)" = '{"id":1,"v":"a"}' ]
}

# ---- what the server objects to ----

@test "a constraint that is violated names the record, and nothing is changed" {
  sql "create table t (id int primary key, v int check (v < 10))"
  seq 2000 | sed 's/.*/{"id":&,"v":1}/; 1500s/1}/10}/' >in
  run -100 --separate-stderr rc-import-rows --table t in
  [[ $stderr == 'rc-import-rows: in:1500: t: new row for relation "t" violates check constraint "t_v_check" (23514)' ]]
  run -100 --separate-stderr rc-import-rows --table t --mode upsert in
  [[ $stderr == 'rc-import-rows: in:1500: t: new row for relation "t" violates check constraint "t_v_check" (23514)' ]]
  [ "$(rows)" = '' ]
}

@test "on-error reject takes all rows but those that constraints, domains and triggers object to" {
  sql "create domain even as int check (value % 2 = 0);
    create table t (id int primary key, v int check (v < 10), e even, parent int references t, iv interval);
    create function no() returns trigger language plpgsql as \$\$ begin if new.v = 7 then raise 'not seven'; end if; return new; end \$\$;
    create trigger no before insert on t for each row execute function no()"
  printf '%s\n' '{"id":1,"v":1,"e":2,"parent":5,"iv":null}' '{"id":1,"v":1,"e":2,"parent":null,"iv":null}' '{"id":2,"v":10,"e":2,"parent":null,"iv":null}' \
    '{"id":3,"v":7,"e":2,"parent":null,"iv":null}' '{"id":4,"v":1,"e":3,"parent":null,"iv":null}' '{"id":5,"v":1,"e":4,"parent":null,"iv":"1 day"}' \
    '{"id":6,"v":1,"e":4,"parent":99,"iv":null}' '{"id":7,"v":1,"e":4,"parent":null,"iv":"x"}' >in
  run -1 --separate-stderr rc-import-rows --table t --on-error reject --rejects bad in
  [ "$output" = "$(counts 2 0 0 0 6)" ]
  [ "$(rc-say '{code}' bad | sort | paste -sd ,)" = 22007,23503,23505,23514,23514,P0001 ]
  [ "$(sql "select string_agg(id::text, ',' order by id) from t")" = 1,5 ]
}

@test "on-error reject: whatever code a trigger raises, and what is too long for an index; what is not of a row ends it" {
  sql "create table t (id int primary key, v text); create index on t (v);
    create function no() returns trigger language plpgsql as \$\$ begin
      if new.id = 2 then raise exception 'mine' using errcode = 'UR001'; end if;
      if new.id = 3 then raise insufficient_privilege; end if;
      if new.id = 4 then execute 'select no_such_column'; end if;
      if new.id = 9 then raise query_canceled; end if;
      return new; end \$\$;
    create trigger no before insert on t for each row execute function no()"
  seq 7 | sed 's/.*/{"id":&,"v":"v"}/' >in
  perl -e 'srand 1; print "{\"id\":8,\"v\":\"", join("", map { chr(33 + rand 2) . chr(65 + rand 26) . chr(97 + rand 26) } 1 .. 20000) =~ s/"//gr, "\"}\n"' >>in
  run -1 --separate-stderr rc-import-rows --table t --on-error reject --rejects bad in
  [ "$output" = "$(counts 4 0 0 0 4)" ]
  [ "$(rc-say '{line} {code}' bad)" = $'2 UR001\n3 42501\n4 42703\n8 54000' ]
  run -100 --separate-stderr rc-import-rows --table t --on-error reject <<<'{"id":9,"v":"v"}'
  [[ $stderr == *' (57014)' ]]
  sql 'create function never() returns trigger language plpgsql as $$ begin raise insufficient_privilege; end $$;
    create trigger never before insert on t for each statement execute function never()'
  run -100 --separate-stderr rc-import-rows --table t --on-error reject <<<'{"id":10,"v":"v"}'
  [[ $stderr == *' (42501)' ]]
  # an upsert names the record
  sql 'drop trigger never on t'
  run -100 --separate-stderr rc-import-rows --table t --mode upsert in
  [[ $stderr == 'rc-import-rows: in:2: t: mine (UR001)' ]]
}

@test "update where two rows have one key, in child tables or a view: refused, and nothing is changed" {
  sql 'create table t (id int primary key, v int); create table child () inherits (t); create view w as select id / 10 as tens, id, v from t;
    insert into t values (1, 1), (20, 1); insert into child values (1, 1), (3, 1)'
  run -100 --separate-stderr rc-import-rows --table t --mode update <<<$'{"id":1,"v":2}\n{"id":3,"v":2}'
  [ "$stderr" = 'rc-import-rows: public.t: the keys of 2 records are those of 3 rows; nothing was changed' ]
  run -100 --separate-stderr rc-import-rows --table w --mode update --key v <<<'{"v":1,"id":7}'
  [ "$stderr" = 'rc-import-rows: public.w: the keys of 1 records are those of 4 rows; nothing was changed' ]
  [ "$(sql 'select count(*) from t where v = 1')" = 4 ]
  import '0 1 0 1' --table t --mode update <<<$'{"id":3,"v":2}\n{"id":4,"v":2}'
  import '0 1 0' --table w --mode update --key id <<<'{"id":20,"v":2}'
}

@test "what a trigger or a rule keeps out is not in the counts: all is refused, unless it is to be counted as unchanged" {
  sql "create table t (id int primary key, v text); insert into t values (1, 'a'), (2, 'b');
    create function nothing() returns trigger language plpgsql as 'begin return null; end';
    create trigger nothing before insert or update or delete on t for each row execute function nothing();
    create table part (id int primary key) partition by range (id); create table part1 partition of part for values from (0) to (10);
    create trigger nothing before insert on part1 for each row execute function nothing();
    create table ruled (id int primary key, v text); insert into ruled values (1, 'a'); create rule nothing as on update to ruled do instead nothing"
  printf '%s\n' '{"id":1,"v":"x"}' '{"id":3,"v":"c"}' >in
  kept() { # ROWS COUNTS ARGUMENT...
    run -100 --separate-stderr rc-import-rows "${@:3}"
    [ "$output" = '' ]
    [ "$stderr" = "rc-import-rows: $4: the database kept $1 row(s) out (a trigger or a rule); --kept-out count goes on without them" ] || { echo "$stderr"; return 1; }
    import "$2" "${@:3}" --kept-out count
  }
  kept 2 '0 0 2' --table t in
  kept 2 '0 0 2' --table t --on-error reject in
  kept 2 '0 0 2' --table t --mode upsert in
  kept 1 '0 0 1 1' --table t --mode update in
  kept 3 '0 0 2 0' --table t --mode sync --missing delete in
  kept 3 '0 0 2 0' --table t --mode sync --missing 'set v=z' in
  echo '{"id":1,"v":"x"}' >one
  kept 1 '0 0 1' --table part --columns id --mode upsert one
  kept 1 '0 0 1' --table ruled --mode update one
  [ "$(rows)" = $'{"id":1,"v":"a"}\n{"id":2,"v":"b"}' ]
  # a trigger that changes what it is given keeps nothing out, nor does a row that is the same
  sql "create or replace function nothing() returns trigger language plpgsql as \$\$ begin new.v = upper(new.v); return new; end \$\$; drop trigger nothing on t;
    create trigger upper before insert or update on t for each row execute function nothing()"
  import '1 1 0' --table t --mode upsert in
  import '0 0 1' --table t --mode upsert <<<'{"id":2,"v":"b"}'
}

@test "on-error reject: what a deferred constraint took back is counted once" {
  sql 'create table p (id int primary key); insert into p values (1); create table t (id int primary key, p int references p deferrable initially deferred)'
  run -1 --separate-stderr rc-import-rows --table t --on-error reject <<<$'{"id":1,"p":1}\n{"id":2,"p":9}\n{"id":3,"p":1}'
  [ "$output" = "$(counts 2 0 0 0 1)" ]
  [ "$(sql 'select count(*) from t')" = 2 ]
}

@test "a foreign key that points to nothing ends it, deferred or not" {
  sql "create table p (id int primary key); create table t (id int, p int references p deferrable initially deferred)"
  run -100 --separate-stderr rc-import-rows --table t <<<'{"id":1,"p":5}'
  [[ $stderr == *'Key (p)=(5) is not present in table "p". (23503)' ]]
  [ "$(rows)" = '' ]
}

@test "a role that may not write, or write one column, is refused with 100" {
  sql "create table t (id int, v int); create role r_$$ login; grant insert (id) on t to r_$$; grant select on t to r_$$"
  export PGOPTIONS="-c role=r_$$"
  run -100 --separate-stderr rc-import-rows --table t <<<'{"id":1,"v":2}'
  [ "$stderr" = 'rc-import-rows: t: permission denied for table t (42501)' ]
  import '1 0 0' --table t <<<'{"id":1}'
  unset PGOPTIONS
  sql "drop owned by r_$$; drop role r_$$"
}

@test "row level security that may hide rows is refused, unless it is wanted" {
  sql "create table t (id int primary key, v text); alter table t enable row level security; create policy p on t using (id < 10);
    create role s_$$ login; grant all on t to s_$$; insert into t values (50, 'hidden')"
  export PGOPTIONS="-c role=s_$$"
  run -100 --separate-stderr rc-import-rows --table t <<<'{"id":1,"v":"a"}'
  [[ $stderr == 'rc-import-rows: t: row level security may hide rows'* ]]
  import '1 0 0' --table t --rows-visible-to-me <<<'{"id":1,"v":"a"}'
  import '0 0 1' --table t --rows-visible-to-me --mode sync --missing delete <<<'{"id":1,"v":"a"}'
  run -100 rc-import-rows --table t --rows-visible-to-me <<<'{"id":11,"v":"a"}'
  unset PGOPTIONS
  [ "$(sql 'select count(*) from t')" = 2 ]
  sql "drop owned by s_$$; drop role s_$$"
}

# ---- tables ----

@test "defaults, identities, partitions, views, schemas, quoted names, 1,600 columns, none" {
  sql "create schema \"my s\"; create table \"my s\".\"T.\"\"x\" (id int generated always as identity primary key, \"a,b\" text default 'd', c text);
    create table part (id int primary key, v text) partition by range (id); create table part1 partition of part for values from (0) to (10);
    create table part2 partition of part for values from (10) to (20);
    create table base (id int primary key, v text); create view simple as select * from base;
    create view odd as select id, upper(v) as v from base;
    create function odd() returns trigger language plpgsql as \$\$ begin insert into base values (new.id, lower(new.v)); return new; end \$\$;
    create trigger odd instead of insert on odd for each row execute function odd();
    create table none ()"
  import '2 0 0' --table '"my s"."T.""x"' <<<$'{"c":"x"}\n{"c":"y"}'
  import '1 1 0' --table '"my s"."T.""x"' --mode upsert --columns 'id,"a,b"' <<<$'{"id":2,"a,b":"new"}\n{"id":7,"a,b":"seven"}'
  [ "$(rows '"my s"."T.""x"')" = $'{"id":1,"a,b":"d","c":"x"}\n{"id":2,"a,b":"new","c":"y"}\n{"id":7,"a,b":"seven","c":null}' ]
  import '1 0 0' --table 'my s.T."x' --dry-run <<<'{"c":"z"}'
  import '2 0 0' --table part <<<$'{"id":1,"v":"a"}\n{"id":11,"v":"b"}'
  import '1 1 1' --table part --mode upsert <<<$'{"id":1,"v":"a"}\n{"id":11,"v":"B"}\n{"id":12,"v":"c"}'
  import '1 0 0' --table simple <<<'{"id":1,"v":"a"}'
  import '1 1 0' --table simple --mode upsert --key id <<<$'{"id":1,"v":"A"}\n{"id":2,"v":"b"}'
  import '1 0 0' --table odd <<<'{"id":3,"v":"C"}'
  [ "$(rows base)" = $'{"id":1,"v":"A"}\n{"id":2,"v":"b"}\n{"id":3,"v":"c"}' ]
  sql "do \$\$ begin execute (select 'create table wide (' || string_agg('c' || i || ' int', ', ') || ')' from generate_series(1, 1600) i); end \$\$"
  seq 1600 | sed 's/.*/"c&":&/' | paste -sd , | sed 's/.*/{&}/' >wide
  cat wide wide | import '2 0 0' --table wide
  [ "$(sql 'select row_to_json(wide) from wide limit 1')" = "$(cat wide)" ]
  import '2 0 0' --table none <<<$'{}\n{}'
  [ "$(sql 'select count(*) from none')" = 2 ]
  run -100 --separate-stderr rc-import-rows --table nowhere <<<'{}'
  [ "$stderr" = 'rc-import-rows: nowhere: no such table' ]
}

@test "--advance-sequences: new rows get no number that the records have" {
  sql "create sequence loose; create sequence down increment -1; create sequence odd start 3 increment 10; create sequence part;
    create table t (id serial primary key, always bigint generated always as identity, given smallint generated by default as identity (start 5),
      l bigint default nextval('loose'), d int default nextval('down'), o int default nextval('odd'), p bigint default 1000 * nextval('part'), n int default 7, iv interval)"
  row='"always":5000,"given":4,"l":12,"d":-5,"o":40004,"p":9000,"n":1,"iv":null'
  import '2 0 0' --table t --advance-sequences --dry-run <<<"{\"id\":3,$row}"$'\n'"{\"id\":20,$row}"
  [ "$(sql 'select last_value, is_called from t_id_seq')" = '1|f' ]
  import '2 0 0' --table t --advance-sequences <<<"{\"id\":20,$row}"$'\n'"{\"id\":3,$row}"
  [ "$(sql 'insert into t default values returning id, always, given, l, d, o, p')" = '21|5001|5|13|-1|40013|1000' ]
  # what is there already stays, and so does what is not asked for
  import '1 1 0' --table t --mode upsert --advance-sequences --columns id,n <<<$'{"id":4,"n":2}\n{"id":3,"n":2}'
  import '1 0 0' --table t --columns id <<<'{"id":22}'
  [ "$(sql 'select last_value from t_id_seq')" = 21 ]
  import '0 0 0 1' --table t --mode update --advance-sequences --columns id,n <<<'{"id":99,"n":2}'
  [ "$(sql 'select last_value from t_id_seq')" = 21 ]
  # by batches, far and near, and to where it can't go
  seq 30 10 50 | sed 's/.*/{"id":&}/; $s/50/5000000/' | import '3 0 0' --table t --batch 1 --advance-sequences --columns id
  [ "$(sql 'insert into t default values returning id')" = 5000001 ]
  sql 'alter sequence loose maxvalue 20'
  run -100 --separate-stderr rc-import-rows --table t --advance-sequences --columns l <<<'{"l":30}'
  [[ $stderr == "rc-import-rows: public.loose: nextval: reached maximum value of sequence \"loose\" (20) "* ]]
  run -100 --separate-stderr rc-import-rows --table t --advance-sequences --columns l <<<'{"l":9223372036854775807}'
  [[ $stderr == 'rc-import-rows: public.loose: setval: value 9223372036854775807 is out of bounds for sequence "loose"'* ]]
  [ "$(sql 'select count(*) from t where l > 20')" = 0 ]
}

@test "--advance-sequences needs the right to; without it nothing is changed" {
  sql "create table t (id serial primary key); create role q_$$; grant all on t to q_$$"
  PGOPTIONS="-c role=q_$$" run -100 --separate-stderr rc-import-rows --table t --advance-sequences <<<'{"id":3}'
  [ "$stderr" = 'rc-import-rows: public.t_id_seq: permission denied for sequence t_id_seq (42501)' ]
  [ "$(rows)" = '' ]
  PGOPTIONS="-c role=q_$$" import '1 0 0' --table t <<<'{"id":3}'
  sql "drop owned by q_$$; drop role q_$$"
}

# ---- breaks ----

@test "batches are committed one by one, and a broken import goes on where it was" {
  sql 'create table t (id int primary key)'
  seq 10 | sed 's/.*/{"id":&}/; 8s/8/"x"/' >in
  run -100 --separate-stderr rc-import-rows --table t --batch 3 --resume job in
  [[ ${stderr_lines[0]} == "rc-import-rows: in:8: 'id': "* ]]
  [ "${stderr_lines[1]}" = 'rc-import-rows: the changes were committed before that' ]
  [ "$(sql 'select count(*) from t')" = 6 ]
  [ "$(sql 'select name, records from rc_import_progress')" = 'job|6' ]
  seq 20 30 | sed 's/.*/{"id":&}/' >other
  run -100 --separate-stderr rc-import-rows --table t --batch 3 --resume job other
  [ "$stderr" = "rc-import-rows: other:6: not the record that an earlier run of 'job' has ended with" ]
  sed -i 's/"x"/8/' in
  import '4 0 0' --table t --batch 3 --resume job in
  [ "$(sql 'select count(*) from t')" = 10 ]
  [ "$(sql 'select count(*) from rc_import_progress')" = 0 ]
}

@test "the columns of all batches are those of the first record, wherever a batch or an earlier run has ended" {
  sql 'create table t (id int primary key, v int default 7)'
  printf '%s\n' '{"id":1,"v":1}' '{"id":2,"v":1}' '{"id":3}' '{"id":4,"v":1}' '{"id":5,"v":1}' '{"id":6,"v":1,"w":1}' '{"id":7,"v":1}' >in
  for options in '--batch 1' '--batch 2' '--batch 3' ''; do
    sql 'truncate t'
    # shellcheck disable=SC2086 # words
    run -1 --separate-stderr rc-import-rows --table t --rejects bad $options in
    [ "$output" = "$(counts 5 0 0 0 2)" ]
    [ "$(rc-say '{line} {column}' bad)" = $'3 v\n6 w' ]
    [ "$(sql "select string_agg(id || ':' || v, ' ' order by id) from t")" = '1:1 2:1 4:1 5:1 7:1' ]
  done
  sql 'truncate t'
  (head -n 2 in && printf '{"id":') >broken
  run -100 --separate-stderr rc-import-rows --table t --batch 2 --resume job broken
  run -100 --separate-stderr rc-import-rows --table t --batch 2 --resume job in
  [ "${stderr_lines[0]}" = "rc-import-rows: in:3: 'v': the field is missing (42703)" ]
  [ "$(sql 'select count(*) from t')" = 2 ]
}

@test "what the batches of a broken run have refused is in the file, and the run that goes on adds to it" {
  sql 'create table t (id int primary key)'
  seq 9 | sed 's/.*/{"id":&}/; 2s/2/"two"/; 5s/5/"five"/; 7s/7/"seven"/' >in
  (head -n 7 in && printf '{"id":') >broken
  echo old >bad
  run -100 --separate-stderr rc-import-rows --table t --batch 3 --resume job --rejects bad broken
  [ "$(rc-say '{line}' bad)" = $'2\n5' ]
  # one that is killed has them, too
  mkfifo source
  sql 'truncate t'
  rc-import-rows --table t --batch 3 --resume other --rejects killed source >out 2>err 3>&- &
  pid=$! started+=("$pid")
  exec {source}>source
  head -n 4 in >&"$source"
  wait_until 'select count(*) = 2 from t'
  kill -9 "$pid"
  exec {source}>&-
  [ "$(rc-say '{line}' killed)" = 2 ]
  sql 'truncate t; insert into t values (1), (3), (4), (6)'
  run -1 --separate-stderr rc-import-rows --table t --batch 3 --resume job --rejects bad in
  [ "$output" = "$(counts 2 0 0 0 1)" ]
  [ "$(rc-say '{line}' bad)" = $'2\n5\n7' ]
  [ "$(sql "select string_agg(id::text, ' ' order by id) from t")" = '1 3 4 6 8 9' ]
  # a new run replaces it
  run -1 --separate-stderr rc-import-rows --table t --batch 3 --mode upsert --rejects bad <<<$'{"id":1}\n{"id":"x"}'
  [ "$(rc-say '{line}' bad)" = 2 ]
}

@test "a table rc_import_progress that another role has put there is not written into" {
  sql "create role rc_trap_$$; create role rc_app_$$; create table t (id int); grant insert, select on t to rc_app_$$; grant create, usage on schema public to rc_trap_$$, rc_app_$$;
    set role rc_trap_$$; create function ran() returns timestamptz language plpgsql as \$\$ begin raise exception 'ran as %', current_user; end \$\$;
    create table rc_import_progress (name text primary key, records bigint, last_record text, at timestamptz default ran());
    grant all on rc_import_progress to public"
  trap=rc_trap_$$ app=rc_app_$$
  for role in postgres "$app"; do
    PGOPTIONS="-c role=$role" run -100 --separate-stderr rc-import-rows --table t --batch 1 --resume job <<<'{"id":1}'
    [ "$stderr" = "rc-import-rows: the table rc_import_progress belongs to $trap, whose triggers would run with your rights; make it your own (alter table rc_import_progress owner to ...) or drop it" ]
  done
  sql "grant $trap to $app; alter table rc_import_progress alter at set default now()"
  PGOPTIONS="-c role=$app" import '1 0 0' --table t --batch 1 --resume job <<<'{"id":1}'
  sql 'alter table rc_import_progress owner to postgres'
  PGOPTIONS="-c role=$app" import '1 0 0' --table t --batch 1 --resume job <<<'{"id":1}'
  import '1 0 0' --table t --batch 1 --resume job <<<'{"id":1}'
  sql "drop owned by $trap, $app; drop role $trap, $app"
}

@test "what was killed when all was committed is not put in again, and of two at once the second ends with 111" {
  sql 'create table t (id int)'
  seq 10 | sed 's/.*/{"id":&}/' >in
  import '10 0 0' --table t --batch 3 --resume job in
  sql "insert into rc_import_progress (name, records, last_record) values ('job', 10, '')"
  import '0 0 0' --table t --batch 3 --resume job in
  [ "$(sql 'select count(*) from t')" = 10 ]
  [ "$(sql 'select count(*) from rc_import_progress')" = 0 ]
  mkfifo first
  rc-import-rows --table t --batch 2 --resume job first >out 2>err 3>&- &
  pid=$!
  exec {first}>first
  head -n 2 in >&"$first"
  wait_until 'select count(*) = 12 from t'
  import '8 0 0' --table t --batch 2 --resume job in
  tail -n 8 in >&"$first"
  exec {first}>&-
  code=0
  wait "$pid" || code=$?
  [ "$code" = 111 ]
  grep -q "another run of 'job' is at work, or was meanwhile" err
  [ "$(sql 'select count(*) from t')" = 20 ]
}

@test "a value of 100 MB goes in, a record longer than 1 GiB is refused with its line" {
  sql 'create table t (id int, v text)'
  perl -e 'print "{\"id\":1,\"v\":\"", "x" x 100000000, "\"}\n"' | import '1 0 0' --table t
  [ "$(sql 'select length(v) from t')" = 100000000 ]
  run -100 --separate-stderr rc-import-rows --table t < <(perl -e 'print "{\"id\":1,\"v\":\"x\"}\n{\"id\":2,\"v\":\""; print "x" x (1 << 20) for 0 .. 1024; print "\"}\n"' 2>/dev/null)
  [ "$stderr" = 'rc-import-rows: <stdin>:2: a record of more than 1073741824 bytes' ]
  [ "$(sql 'select count(*) from t')" = 1 ]
}

@test "statement_timeout is 100 and named, and nothing is changed" {
  sql "create table t (id int); create function slow() returns trigger language plpgsql as \$\$ begin perform pg_sleep(0.02); return new; end \$\$;
    create trigger slow before insert on t for each row execute function slow()"
  PGOPTIONS='-c statement_timeout=300' run -100 --separate-stderr rc-import-rows --table t < <(seq 100 | sed 's/.*/{"id":&}/')
  [[ $stderr == 'rc-import-rows: '*'t: canceling statement due to statement timeout (57014)' ]]
  [ "$(rows)" = '' ]
}

@test "the server's limit for idle transactions does not hold while a slow source is at work" {
  sql 'create table t (id int primary key)'
  export PGOPTIONS='-c idle_in_transaction_session_timeout=50'
  { echo '{"id":1}'; sleep 0.3; echo '{"id":2}'; } | import '2 0 0' --table t
  { echo '{"id":1}'; sleep 0.3; echo '{"id":3}'; } | import '1 0 1' --table t --mode upsert
}

@test "a table that another session alters or truncates is waited for as long as --lock-timeout says, and then it is 111" {
  local work
  started=()
  sql 'create table t (id int primary key)'
  for work in 'truncate t' 'alter table t add v int' 'lock table t in share mode'; do
    hold "$work"
    run -111 --separate-stderr rc-import-rows --table t --lock-timeout 200ms <<<'{"id":1}'
    [[ $stderr == *'lock timeout'* ]] || { echo "$stderr"; false; }
    tell_holder rollback
    rm "$BATS_TEST_TMPDIR/holder"
    [ "$(rows)" = '' ]
  done
  hold 'truncate t'
  rc-import-rows --table t <<<'{"id":1}' >out 2>err 3>&- &
  started+=("$!")
  wait_until_blocked
  tell_holder commit
  wait "${started[-1]}"
  [ "$(cat out err)" = "$(counts 1 0 0)" ]
}

@test "a session that is ended in the middle: 111, and nothing is there" {
  sql 'create table t (id int)'
  mkfifo fifo
  rc-import-rows --table t <fifo >out 2>err 3>&- &
  pid=$!
  started+=("$pid")
  exec {in}>fifo
  seq 50000 | sed 's/.*/{"id":&}/' >&"$in"
  wait_until "select exists (select from pg_stat_activity where application_name like 'rc-import-rows %' and query like 'copy %' and datname = current_database())"
  sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rc-import-rows %' and datname = current_database()" >/dev/null
  (seq 200000 | sed 's/.*/{"id":&}/' >&"$in") 2>/dev/null || true
  exec {in}>&-
  code=0
  wait "$pid" || code=$?
  [ "$code" = 111 ] || { cat err; false; }
  [ "$(sql 'select count(*) from t')" = 0 ]
}

@test "a server that crashes in the middle: 111, and nothing is there" {
  run -0 --separate-stderr rc-postgres -- bash -uc '
    psql -Xqc "create table t (id int)" "$DATABASE_URL"
    mkfifo crash
    rc-import-rows --table t <crash >out 2>err &
    import=$!
    exec {in}>crash
    seq 50000 | sed "s/.*/{\"id\":&}/" >&"$in"
    copying="select pid from pg_stat_activity where application_name like \$\$rc-import-rows %\$\$ and query like \$\$copy %\$\$"
    until pid=$(psql -XAtc "$copying" "$DATABASE_URL") && [ "$pid" ]; do sleep 0.05; done
    kill -KILL "$pid"
    (trap "" PIPE; seq 200000 | sed "s/.*/{\"id\":&}/" >&"$in") 2>/dev/null
    exec {in}>&-
    wait "$import"
    echo "$?"
    until psql -XAtc "select count(*) from t" "$DATABASE_URL" 2>/dev/null; do sleep 0.05; done'
  [ "${lines[-2]}" = 111 ]
  [ "${lines[-1]}" = 0 ]
  [[ $(cat err) == 'rc-import-rows: '* ]]
}

@test "killed at any moment it has put in all or nothing" {
  sql 'create table t (id int primary key, v text)'
  seq 20000 | sed 's/.*/{"id":&,"v":"v&"}/' >in
  time=$(milliseconds_of rc-import-rows --table t --mode upsert --dry-run in)
  random_rounds 4
  for _ in "${rounds[@]}"; do
    rc-import-rows --table t --mode upsert in >/dev/null 2>&1 3>&- &
    pid=$!
    random_moment "$time"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" || true
    wait_until_session_gone
    count=$(sql 'select count(*) from t')
    [ "$count" = 0 ] || [ "$count" = 20000 ]
    sql 'truncate t'
  done
}

@test "killed at any moment, an import in batches goes on from there and has each row once" {
  sql 'create table t (id int primary key)'
  seq 3000 | sed 's/.*/{"id":&}/' >in
  time=$(milliseconds_of rc-import-rows --table t --batch 100 in)
  random_rounds 4
  for _ in "${rounds[@]}"; do
    sql 'truncate t'
    rc-import-rows --table t --batch 100 --resume job in >/dev/null 2>&1 3>&- &
    pid=$!
    random_moment "$time"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" || true
    wait_until_session_gone
    [ $(($(sql 'select count(*) from t') % 100)) = 0 ]
    run -0 --separate-stderr rc-import-rows --table t --batch 100 --resume job in || [ "$(sql 'select count(*) from t')" = 3000 ] # it had come to its end
    [ "$(sql 'select count(*) from t')" = 3000 ]
  done
}

@test "options that do not go together" {
  for arguments in '' '--table t --key id' '--table t --mode nothing' '--table t --mode update --on-conflict skip' '--table t --missing delete' \
    '--table t --mode sync --missing delete --rejects bad' '--table t --resume x' '--table t --mode sync --batch 5' '--table t --mode sync --missing set'; do
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr rc-import-rows $arguments </dev/null
    [[ ${stderr_lines[0]} == usage:* ]]
  done
}

# ---- there and back ----

@test "what rc-export-rows writes comes back equal: a table of all types, by insert and by upsert, with its end record" {
  sql "create table a (id int8 primary key, b bool, i2 int2, f4 float4, f8 float8, n numeric, n2 numeric(12,3), t text, c char(5), u uuid, d date, ts timestamp,
      tz timestamptz, j json, jb jsonb, by bytea, ia int[], ta text[], na numeric[], tza timestamptz[], jba jsonb[], iv interval, r int4range);
    create table b (like a including all)"
  sql "select setseed(0.75); insert into a select i, random() < 0.5, (random() * 60000 - 30000)::int2, random(), exp(random() * 1000 - 500), round((random() * 1e9)::numeric, (random() * 20)::int),
      round((random() * 1e6)::numeric, 3), repeat(chr((random() * 50000)::int + 1), (random() * 20)::int) || E'\\\\\"\\n', 'x' || i % 9, md5(i::text)::uuid,
      date '2000-01-01' + ((random() - 0.3) * 2000000)::int, timestamp '2000-01-01' + (random() - 0.5) * interval '3000 years', clock_timestamp(), json_build_object('k', i, 'n', null),
      jsonb_build_array(i, 'x', random()), decode(md5(i::text), 'hex'), array[i, null], array['a' || i, null, '{}'], array[1.50, 'NaN'], array[now()], array['[1]'::jsonb],
      make_interval(secs => random() * 1e6) from generate_series(1, 3000) i; insert into a (id) values (0)"
  { set -o pipefail; rc-export-rows --table a --end-record; } | import '3001 0 0' --table b --require-end-record
  [ "$(sql 'select count(*) from a join b using (id) where record_image_ne(row(a.*), row(b.*))')" = 0 ]
  rc-export-rows --table a | import '0 0 3001' --table b --mode sync
  sql "update b set t = 'x' where id % 3 = 0; delete from b where id % 3 = 1"
  rc-export-rows --table a | import '1000 1001 1000' --table b --mode upsert
  [ "$(sql 'select count(*) from a full join b using (id) where record_image_ne(row(a.*), row(b.*))')" = 0 ]
}

# there_and_back SEED COUNT: so many random tables go out, in, and out again.
there_and_back() {
  local number=0 name
  "$RC_TEST_FOLDER/random-tables" "$PWD" "$1" "$2"
  psql -Xq1 -v ON_ERROR_STOP=1 "$DATABASE_URL" -f tables.sql
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -f rows.sql
  sql "create schema copy; do \$\$ declare r record; begin
    for r in select schemaname s, tablename t, substring(tablename from '^t\d+') n from pg_tables where tablename ~ '^t\d+' loop
      execute format('create table copy.%I (like %I.%I)', r.n, r.s, r.t); end loop; end \$\$"
  while IFS= read -r name; do
    number=$((number + 1))
    rc-export-rows --table "$name" >rows
    cmp rows "$number.expected" || { echo "$name"; return 1; }
    rc-import-rows --table "copy.t$number" rows >/dev/null || { echo "$name"; cat rows; return 1; }
    rc-export-rows --table "copy.t$number" >again
    # The dimensions of a jsonb[] are those it was declared with: what lies deeper is in its elements, which jsonb writes with blanks.
    cmp -s again "$number.expected" || cmp <(tr -d ' ' <again) <(tr -d ' ' <"$number.expected") || { echo "$name"; return 1; }
  done <names
  [ "$number" -ge "$2" ]
}

@test "random tables go out, in, and out again, and are byte for byte what they were" {
  local seed=${RC_TEST_SEED:-$RANDOM} each=100 done=0 name
  while [ "$done" -lt "${RC_TEST_TABLES:-$((each * ${RC_TEST_ROUNDS:-1}))}" ]; do
    echo "RC_TEST_SEED=$seed"
    there_and_back "$seed" "$each"
    done=$((done + each)) seed=$((seed + 1)) name=$(sql 'select current_database()')
    new_database
    psql -Xqc "drop database $name with (force)" "$RC_TEST_SERVER"
  done
}

@test "on a terminal the count is shown while records are read" {
  sql 'create table t (id int)'
  terminal_is_sent '{ echo "{\"id\":1}"; sleep 0.7; echo "{\"id\":2}"; } | rc-import-rows --table t'
  [[ $(cat "$BATS_TEST_TMPDIR/sent") =~ ^$'\r''2 records, '[0-9]+'/s, 18 B'$'\e[K\r\e[K'"$(counts 2 0 0)"$ ]]
}
