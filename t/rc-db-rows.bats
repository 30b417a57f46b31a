# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load recotem/helper

setup() { started=(); query=$BATS_TEST_TMPDIR/query.sql; }

teardown() { end_started; }

# Runs the query given as text once, with options.
rows() { printf '%s\n' "$1" >"$query"; rc-db-rows --null-input "${@:2}" "$query"; }

# Starts rc-db-rows with the query that waits for an advisory lock, held here until release; $reader is its pid.
start_and_block() {
  mkfifo "$BATS_TEST_TMPDIR/holder"
  PGAPPNAME=holder psql -XAtq "$DATABASE_URL" <"$BATS_TEST_TMPDIR/holder" >/dev/null 2>&1 3>&- &
  started+=($!)
  exec {hold}>"$BATS_TEST_TMPDIR/holder"
  echo 'select pg_advisory_lock(42);' >&"$hold"
  wait_until "select exists (select from pg_locks where locktype = 'advisory' and objid = 42 and granted)"
  "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- {hold}>&- &
  reader=$!
  started+=("$reader")
  wait_until "select exists (select from pg_locks where locktype = 'advisory' and objid = 42 and not granted)"
}

ended() { # waits for the reader; its code in $code
  code=0
  wait "$reader" || code=$?
}

@test "each record gives the rows of the query, in order" {
  echo "select (\$1->>'id')::int as id, i as n from generate_series(1, (\$1->>'n')::int) i" >"$query"
  run -0 --separate-stderr rc-db-rows "$query" <<<'{"id":1,"n":2}
{"id":2,"n":0}
{"id":3,"n":1}'
  [ "$output" = '{"id":1,"n":1}
{"id":1,"n":2}
{"id":3,"n":1}' ]
  [ "$stderr" = '' ]
}

@test "empty input gives no rows" {
  echo 'select 1 as id' >"$query"
  run -0 --separate-stderr rc-db-rows "$query" </dev/null
  [ "$output$stderr" = '' ]
}

@test "records come from several files" {
  echo "select \$1->'x' as x" >"$query"
  echo '{"x":1}' >"$BATS_TEST_TMPDIR/one"
  echo '{"x":[2]}' >"$BATS_TEST_TMPDIR/two"
  run -0 --separate-stderr rc-db-rows "$query" "$BATS_TEST_TMPDIR/one" - "$BATS_TEST_TMPDIR/two" <<<'{"x":null}'
  [ "$output" = '{"x":1}
{"x":null}
{"x":[2]}' ]
}

@test "--null-input runs the query once, with {} as the parameter, and reads nothing" {
  run -0 --separate-stderr rows 'select $1 as given, $1 = '"'{}' as empty" <<<'not JSON'
  [ "$output" = '{"given":{},"empty":true}' ]
  [ "$stderr" = '' ]
}

@test "numbers keep every digit, and NaN and infinity are strings" {
  run -0 --separate-stderr rows "select 9223372036854775807 as big, '-9223372036854775808'::bigint as least, 1.0 as one, 1.10::numeric(9,4) as four,
    123456789012345678901234567890.123456789 as long, 'NaN'::float8 as f, 'NaN'::numeric as n, 'infinity'::float8 as i,
    '-infinity'::numeric as j, 0.1::float8 as tenth, 1e300::float8 as e, '-0'::float8 as z"
  [ "$output" = '{"big":9223372036854775807,"least":-9223372036854775808,"one":1.0,"four":1.1000,"long":123456789012345678901234567890.123456789,"f":"NaN","n":"NaN","i":"Infinity","j":"-Infinity","tenth":0.1,"e":1e+300,"z":-0}' ]
}

@test "times are UTC whatever the session or role has" {
  new_database
  sql "alter database $(sql 'select current_database()') set timezone = 'Asia/Tokyo'"
  PGTZ=America/New_York run -0 --separate-stderr rows "select '2026-01-02 03:04:05.678901+00'::timestamptz as t, '2026-01-02'::date as d,
    '2026-01-02 03:04:05'::timestamp as l, 'infinity'::timestamptz as never, '1 day 02:00'::interval as i"
  [ "$output" = '{"t":"2026-01-02T03:04:05.678901+00:00","d":"2026-01-02","l":"2026-01-02T03:04:05","never":"infinity","i":"1 day 02:00:00"}' ]
}

@test "text, bytes, null, booleans, arrays and composites are as to_json has them" {
  run -0 --separate-stderr rows "select E'a\\n\"\\\\\\té😀' as t, '\\x00ff'::bytea as b, null as n, true as y, array[1,null,3] as a,
    row(1,'x') as r, '{}'::text[] as e, 'f47ac10b-58cc-4372-a567-0e02b2c3d479'::uuid as u, '' as empty"
  [ "$output" = '{"t":"a\n\"\\\té😀","b":"\\x00ff","n":null,"y":true,"a":[1,null,3],"r":{"f1":1,"f2":"x"},"e":[],"u":"f47ac10b-58cc-4372-a567-0e02b2c3d479","empty":""}' ]
}

@test "JSON with newlines in it stays on one line, its text else untouched" {
  run -0 --separate-stderr rows "select E'{\"a\" :\\n 1.0,\\r\\n\"a\":\"x\\\\ny\"}'::json as j, E'{\"b\":\\n 1.0}'::jsonb as b"
  [ "${#lines[@]}" = 1 ]
  [ "$(tr -d '\r ' <<<"$output")" = '{"j":{"a":1.0,"a":"x\ny"},"b":{"b":1.0}}' ]
}

@test "a long value passes" {
  run -0 --separate-stderr rows "select repeat('é', 5000000) as t"
  [ "${#output}" = 5000008 ]
}

@test "several records see one moment" {
  new_database
  sql 'create table seen (id int); insert into seen values (1)'
  echo 'select count(*) as n, $1->>'"'x' as x from seen" >"$query"
  mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/answers"
  rc-db-rows "$query" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/answers" 3>&- &
  started+=($!)
  exec {in}>"$BATS_TEST_TMPDIR/in" {answers}<"$BATS_TEST_TMPDIR/answers"
  echo '{"x":"a"}' >&"$in"
  read -r first <&"$answers"
  sql 'insert into seen values (2), (3)'
  echo '{"x":"b"}' >&"$in"
  read -r second <&"$answers"
  exec {in}>&-
  wait "${started[0]}"
  [ "$first" = '{"n":1,"x":"a"}' ]
  [ "$second" = '{"n":1,"x":"b"}' ]
}

@test "the server's limit for idle transactions does not hold while a slow source is at work" {
  new_database
  sql "do \$\$ begin execute format('alter database %I set idle_in_transaction_session_timeout = 50', current_database()); end \$\$"
  echo "select current_setting('idle_in_transaction_session_timeout') as idle" >"$query"
  run -0 --separate-stderr bash -c '{ echo "{}"; sleep 0.3; echo "{}"; } | rc-db-rows "$0"' "$query"
  [ "$output" = '{"idle":"0"}
{"idle":"0"}' ]
  [ "$stderr" = '' ]
}

@test "a column rc_end is refused, for it would pass as an end record" {
  run -100 --separate-stderr rows 'select 1 as rc_end'
  [ "$output" = '' ]
  [ "$stderr" = "rc-db-rows: $query: a column 'rc_end', which an end record is known by" ]
}

@test "--end-record ends with the count and the SHA-256 of the lines" {
  run -0 --separate-stderr rows 'select i as id from generate_series(1, 1000) i' --end-record
  sum=$(head -n -1 <<<"$output" | sha256sum | cut -d ' ' -f 1)
  [ "${lines[-1]}" = '{"rc_end":{"v":1,"records":1000,"sha256":"'"$sum"'"}}' ]
  [ "${#lines[@]}" = 1001 ]
  run -0 --separate-stderr rows 'select 1 as id where false' --end-record
  [ "$output" = '{"rc_end":{"v":1,"records":0,"sha256":"'"$(sha256sum </dev/null | cut -d ' ' -f 1)"'"}}' ]
}

@test "an end record at the input gives one at the output" {
  echo "select 1 as id from generate_series(1, 2)" >"$query"
  run -0 --separate-stderr rc-db-rows "$query" <<<'{"x":1}
{"rc_end":{"v":1,"records":1}}'
  [ "$output" = '{"id":1}
{"id":1}
{"rc_end":{"v":1,"records":2}}' ]
  run -100 --separate-stderr rc-db-rows "$query" <<<'{"x":1}
{"rc_end":{"v":1,"records":2}}'
  [ "$stderr" = 'rc-db-rows: <stdin>:2: the end record tells of 2 records, but 1 came' ]
}

@test "--output replaces the file as a whole" {
  echo old >"$BATS_TEST_TMPDIR/out"
  chmod 640 "$BATS_TEST_TMPDIR/out"
  run -0 --separate-stderr rows 'select 1 as id' --output "$BATS_TEST_TMPDIR/out"
  [ "$output$stderr" = '' ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = '{"id":1}' ]
  [ "$(stat -c %a "$BATS_TEST_TMPDIR/out")" = 640 ]
}

@test "--output leaves the old file where the query fails, and nothing beside it" {
  mkdir "$BATS_TEST_TMPDIR/folder"
  echo old >"$BATS_TEST_TMPDIR/folder/out"
  run -100 --separate-stderr rows 'select 1/(5-i) as id from generate_series(1, 10) i' -o "$BATS_TEST_TMPDIR/folder/out"
  [ "$stderr" = "rc-db-rows: $query: division by zero (22012)" ]
  [ "$(cat "$BATS_TEST_TMPDIR/folder/out")" = old ]
  [ "$(ls -A "$BATS_TEST_TMPDIR/folder")" = out ]
}

@test "--output with TERM leaves the old file and nothing beside it, and ends the statement" {
  new_database
  mkdir "$BATS_TEST_TMPDIR/folder"
  echo old >"$BATS_TEST_TMPDIR/folder/out"
  echo 'select i as id, case when i = 100000 then pg_advisory_xact_lock(42) end as l from generate_series(1, 100000) i' >"$query"
  start_and_block rc-db-rows -n -o "$BATS_TEST_TMPDIR/folder/out" "$query"
  [ "$(find "$BATS_TEST_TMPDIR/folder" -type f | wc -l)" = 2 ]
  kill -TERM "$reader"
  ended
  [ "$code" = 143 ]
  [ "$(cat "$BATS_TEST_TMPDIR/folder/out")" = old ]
  [ "$(ls -A "$BATS_TEST_TMPDIR/folder")" = out ]
  wait_until "select not exists (select from pg_stat_activity where application_name like 'rc-db-rows %' and datname = current_database())"
}

@test "--output in a folder that is not there is refused before anything runs" {
  run -100 --separate-stderr rows 'select 1 as id' -o "$BATS_TEST_TMPDIR/none/out"
  [ "$stderr" = "rc-db-rows: $BATS_TEST_TMPDIR/none/out: cannot open the folder: No such file or directory" ]
}

@test "what would change something is refused and changes nothing" {
  new_database
  sql 'create table t (id int)'
  run -100 --separate-stderr rows 'insert into t values (1) returning id'
  [ "$output" = '' ]
  [[ $stderr == "rc-db-rows: $query: "* ]]
  run -100 --separate-stderr rows 'with x as (insert into t values (1) returning id) select * from x'
  [ "$output" = '' ]
  [[ $stderr == "rc-db-rows: $query: "* ]]
  sql 'create function sneak() returns int language sql as $$ insert into t values (2) returning id $$'
  run -100 --separate-stderr rows 'select sneak() as id'
  [ "$stderr" = "rc-db-rows: $query: cannot execute INSERT in a read-only transaction (25006)" ]
  [ "$(sql 'select count(*) from t')" = 0 ]
}

@test "two statements in one file are refused, and a closing bracket does not help" {
  new_database
  sql 'create table t (id int)'
  run -100 --separate-stderr rows 'select 1 as id; insert into t values (1)'
  [[ $stderr == "rc-db-rows: $query: syntax error"*'(42601)' ]]
  run -100 --separate-stderr rows 'select 1 as id) as x; drop table t; select (1'
  [[ $stderr == "rc-db-rows: $query: "*'(42601)' ]]
  [ "$(sql 'select count(*) from t')" = 0 ]
}

@test "columns of one name are refused before a row is printed" {
  run -100 --separate-stderr rows 'select 1 as id, 2 as id'
  [ "$output" = '' ]
  [[ $stderr == "rc-db-rows: $query: the rows can't be records: "*"('id')" ]]
}

@test "a fault in the syntax is 100 and names the file" {
  run -100 --separate-stderr rows 'selekt 1'
  [ "$output" = '' ]
  [ "$stderr" = "rc-db-rows: $query: syntax error at or near \"1\" (42601)" ]
}

@test "a missing table is 100 and named" {
  run -100 --separate-stderr rows 'select * from api_nothing'
  [ "$output" = '' ]
  [ "$stderr" = "rc-db-rows: $query: relation \"api_nothing\" does not exist (42P01)" ]
}

@test "a value that does not fit is 100 and names the file" {
  echo "select (\$1->>'id')::int as id" >"$query"
  run -100 --separate-stderr rc-db-rows "$query" <<<'{"id":"1"}
{"id":"x"}'
  [ "$output" = '{"id":1}' ]
  [ "$stderr" = "rc-db-rows: $query: invalid input syntax for type integer: \"x\" (22P02)" ]
}

@test "a bare name is a file of RC_SQL, one with a slash is a path" {
  mkdir "$BATS_TEST_TMPDIR/sql"
  echo 'select 1 as installed' >"$BATS_TEST_TMPDIR/sql/q.sql"
  echo 'select 2 as here' >"$BATS_TEST_TMPDIR/q.sql"
  cd "$BATS_TEST_TMPDIR"
  RC_SQL=$BATS_TEST_TMPDIR/sql run -0 --separate-stderr rc-db-rows -n q.sql
  [ "$output" = '{"installed":1}' ]
  RC_SQL=$BATS_TEST_TMPDIR/sql run -0 --separate-stderr rc-db-rows -n ./q.sql
  [ "$output" = '{"here":2}' ]
  run -100 --separate-stderr rc-db-rows -n q.sql
  [ "$stderr" = 'rc-db-rows: q.sql: a bare name means the installed SQL, but RC_SQL is not set; write ./q.sql for a file here' ]
  run -100 --separate-stderr rc-db-rows -n ./none.sql
  [ "$stderr" = 'rc-db-rows: cannot open ./none.sql: No such file or directory' ]
}

@test "a comment at the end, a semicolon, and blanks do no harm" {
  run -0 --separate-stderr rows 'select 1 as id -- the end'
  [ "$output" = '{"id":1}' ]
  run -0 --separate-stderr rows $'-- head\nselect 2 as id ;  \n\n;'
  [ "$output" = '{"id":2}' ]
}

@test "a file without a statement is refused" {
  local text
  for text in '' ';' $' \n\t'; do
    run -100 --separate-stderr rows "$text"
    [ "$stderr" = "rc-db-rows: $query: no statement in it" ]
  done
  printf 'select 1 as id\0' >"$query"
  run -100 --separate-stderr rc-db-rows -n "$query"
  [ "$stderr" = "rc-db-rows: $query: a NUL in it" ]
}

@test "the query comes from a pipe too" {
  run -0 --separate-stderr rc-db-rows -n /dev/stdin <<<'select 1 as id'
  [ "$output" = '{"id":1}' ]
}

@test "a session that is ended in mid-query is 111" {
  new_database
  echo 'select pg_advisory_xact_lock(42) as l' >"$query"
  start_and_block rc-db-rows -n "$query"
  sql "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted"
  ended
  [ "$code" = 111 ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = '' ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = "rc-db-rows: $query: terminating connection due to administrator command (57P01)" ]
}

@test "kill -9 leaves no session behind" {
  new_database
  echo 'select pg_advisory_xact_lock(42) as l' >"$query"
  start_and_block rc-db-rows -n "$query"
  kill -KILL "$reader"
  ended
  [ "$code" = 137 ]
  wait_until "select not exists (select from pg_stat_activity where application_name like 'rc-db-rows %' and datname = current_database())"
}

@test "no server is 111, a wrong password 100" {
  DATABASE_URL=postgresql://ann@127.0.0.1:1/shop run -111 --separate-stderr rows 'select 1 as id'
  [[ $stderr == 'rc-db-rows: 127.0.0.1:1/shop as ann: connection to server at "127.0.0.1", port 1 failed: Connection refused'* ]]
  run -100 --separate-stderr env -u DATABASE_URL PGHOST="$RC_TEST_SOCKET" PGUSER=rc_password PGDATABASE=postgres PGPASSWORD=wr0ng rc-db-rows -n "$query"
  [[ $stderr == *'password authentication failed for user "rc_password" (DATABASE_URL is not set, so the database is that of PGHOST, PGDATABASE, PGUSER)' ]]
}

@test "where row level security hides rows it is 100, unless told" {
  sql "create table hidden as select i as id from generate_series(1, 3) i; alter table hidden enable row level security;
    create policy odd on hidden using (id % 2 = 1); grant all on hidden to public"
  echo 'select id from hidden' >"$BATS_TEST_TMPDIR/hidden.sql"
  echo 'update hidden set id = id + 2 returning id' >"$BATS_TEST_TMPDIR/change.sql"
  export PGOPTIONS='-c role=pg_monitor'
  run -100 --separate-stderr rc-db-rows -n "$BATS_TEST_TMPDIR/hidden.sql"
  [ "$output" = '' ]
  [[ $stderr == *': query would be affected by row-level security policy for table "hidden" (42501)' ]]
  run -0 --separate-stderr rc-db-rows -n --rows-visible-to-me "$BATS_TEST_TMPDIR/hidden.sql"
  [ "$output" = $'{"id":1}\n{"id":3}' ]
  run -100 --separate-stderr rc-db-apply "$BATS_TEST_TMPDIR/change.sql" <<<'{}'
  [[ $stderr == *': query would be affected by row-level security policy for table "hidden" (42501)' ]]
  run -0 --separate-stderr rc-db-apply --rows-visible-to-me "$BATS_TEST_TMPDIR/change.sql" <<<'{}'
  [ "$output" = $'{"id":3}\n{"id":5}' ]
}

@test "RC_SCHEMA is where unqualified names are looked for" {
  new_database
  sql 'create schema "Odd Schema"; create table "Odd Schema".t as select 1 as id; create table public.t as select 2 as id; create table public.u as select 3 as id'
  RC_SCHEMA='Odd Schema' run -0 --separate-stderr rows 'select t.id, u.id as u from t, u'
  [ "$output" = '{"id":1,"u":3}' ]
}

@test "a result of 200 MB is read in constant memory" {
  echo "select i as id, repeat('x', 10000) as t from generate_series(1, 20000) i; " >"$query"
  mkfifo "$BATS_TEST_TMPDIR/rows"
  # A build with the address sanitizer keeps freed memory for a while; here only little of it.
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1 rc-db-rows -n "$query" >"$BATS_TEST_TMPDIR/rows" 3>&- &
  started+=($!)
  exec {rows}<"$BATS_TEST_TMPDIR/rows"
  head -c 195000000 <&"$rows" | tail -c 1 >/dev/null
  peak=$(awk '/^VmHWM/ { print $2 }' "/proc/${started[0]}/status") # kB; it still waits to write the rest
  [ "$(wc -l <&"$rows")" -gt 0 ]
  wait "${started[0]}"
  [ "$peak" -lt 50000 ] || { echo "$peak kB"; return 1; }
}

@test "a closed standard output and a full disk are 111" {
  echo 'select 1 as id' >"$query"
  run -111 --separate-stderr bash -c "rc-db-rows -n '$query' >&-"
  [[ $stderr == 'rc-db-rows: cannot write <stdout>: '* ]]
  run -111 --separate-stderr bash -c "rc-db-rows -n '$query' >/dev/full"
  [ "$stderr" = 'rc-db-rows: cannot write <stdout>: No space left on device' ]
}

@test "bad input is 100, names its line, and what came before is printed" {
  echo "select \$1->'id' as id" >"$query"
  run -100 --separate-stderr rc-db-rows "$query" <<<'{"id":1}
{"id":2
{"id":3}'
  [ "$output" = '{"id":1}' ]
  [[ $stderr == 'rc-db-rows: <stdin>:2: '* ]]
  printf '{"id":1}\n{"id":2}' >"$BATS_TEST_TMPDIR/cut"
  run -100 --separate-stderr rc-db-rows "$query" "$BATS_TEST_TMPDIR/cut"
  [ "$stderr" = "rc-db-rows: $BATS_TEST_TMPDIR/cut:2: cut short: the last record has no newline" ]
}

@test "wrong usage is 100 with the usage" {
  run -100 --separate-stderr rc-db-rows
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = 'rc-db-rows: a file with a query is needed' ]
  run -100 --separate-stderr rc-db-rows -n "$query" records
  [ "${stderr_lines[1]}" = "rc-db-rows: --null-input reads no records, but 'records' is given" ]
}

@test "--output works where modes can't be changed, if the file has the right one" {
  make_fail_calls
  cd "$BATS_TEST_TMPDIR"
  echo 'select 1 as id' >"$query"
  for mode in 600 640; do
    echo old >out
    chmod "$mode" out
    if [ "$mode" = 600 ]; then
      run -0 --separate-stderr failing no-chmod rc-db-rows -n --output out "$query"
      [ "$stderr" = '' ]
      [ "$(head -n 1 out)" = '{"id":1}' ]
      [ ! -e "$RC_FAILED" ] # the call was not made
    else
      run -100 --separate-stderr failing no-chmod rc-db-rows -n --output out "$query"
      [ "$stderr" = 'rc-db-rows: out: cannot keep the mode: Operation not permitted' ]
      [ "$(cat out)" = old ]
    fi
    [ "$(stat -c %a out)" = "$mode" ]
  done
  [ "$(find . -name '.rc-*')" = '' ]
  run -0 --separate-stderr failing no-chmod rc-db-rows -n --output new "$query"
  [ "$(stat -c %a new)" = "$(printf %o $((0666 & ~$(umask))))" ]
}

@test "--output: a folder that can't be synced is no failure where there is no such thing, else it is told that the file is new" {
  make_fail_calls
  cd "$BATS_TEST_TMPDIR"
  echo 'select 1 as id' >"$query"
  for error in EINVAL EBADF ENOTSUP; do
    echo old >out
    run -0 --separate-stderr failing "folder-$error" rc-db-rows -n --output out "$query"
    [ "$stderr" = '' ]
    [ "$(head -n 1 out)" = '{"id":1}' ]
  done
  echo old >out
  run -111 --separate-stderr failing folder-EIO rc-db-rows -n --output out "$query"
  [ "$stderr" = 'rc-db-rows: out: the new file is in place, but cannot sync the folder: Input/output error' ]
  [ "$(head -n 1 out)" = '{"id":1}' ]
  [ "$(find . -name '.rc-*')" = '' ]
}

@test "--require-rows: a record without a row is reported, the others are answered, and the end is 1" {
  echo "select 1 as one where \$1->>'is' = 'there'" >"$query"
  run -1 --separate-stderr rc-db-rows --require-rows "$query" <<<$'{"is":"there"}\n{"is":"mistyped"}\n{"is":"there"}'
  [ "$output" = $'{"one":1}\n{"one":1}' ]
  [ "$stderr" = "rc-db-rows: <stdin>:2: $query: no row for this record" ]
  run -0 --separate-stderr rc-db-rows --require-rows "$query" <<<'{"is":"there"}'
  run -1 --separate-stderr rc-db-rows -n --require-rows "$query"
  [ "$stderr" = "rc-db-rows: $query: no row" ]
}
