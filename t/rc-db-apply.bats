# shellcheck disable=SC2016,SC2030,SC2031 # $1 is SQL's; each test has an environment of its own
load recotem/helper

setup() {
  new_database
  started=()
  folder=$BATS_TEST_TMPDIR/work
  mkdir "$folder"
  cd "$folder" || return
}

teardown() { end_started; }

# file NAME SQL: a file with a statement.
file() { printf '%s\n' "$2" >"$folder/$1.sql"; }

# The tables that most tests write to: notes (id, body), and lines (id, note, body) that belong to them.
make_tables() {
  sql 'create table notes (id bigint generated always as identity primary key, body text not null unique);
    create table lines (id bigint generated always as identity primary key,
      note bigint not null constraint lines_note_fk references notes deferrable initially deferred, body text)'
  file note "insert into notes (body) values (\$1->>'body') returning id as note_id"
}
bodies() { sql "select coalesce(string_agg(body, ',' order by id), 'none') from notes"; }

# Starts it with options and files in the background; $apply is its pid, out and err are its output.
start() {
  rc-db-apply "$@" <&0 >out 2>err 3>&- &
  apply=$!
  started+=("$apply")
}

# Starts it with its input from this shell: send RECORD ... writes there, end_input ends it.
start_with_pipe() {
  mkfifo in
  rc-db-apply "$@" <in >out 2>err 3>&- &
  apply=$!
  started+=("$apply")
  exec {in}>in
}
send() { printf '%s\n' "$@" >&"$in"; }
end_input() { exec {in}>&-; }

ended() { # waits for it; its code in $code
  code=0
  wait "$apply" || code=$?
}

our_sessions="from pg_stat_activity where application_name like 'rc-db-apply %' and datname = current_database()"

# Waits until its transaction has changed something and it waits for more input.
wait_until_changed() { wait_until "select exists (select $our_sessions and state = 'idle in transaction' and backend_xid is not null)"; }
wait_until_blocked() { wait_until "select exists (select $our_sessions and wait_event_type = 'Lock')"; }
wait_until_session_gone() { wait_until "select not exists (select $our_sessions)"; }

# proxy MODE: DATABASE_URL leads through t/proxy.pl from here on; $direct is what it was.
proxy() {
  mkdir proxy
  mkfifo ready
  perl "$RC_TEST_FOLDER/proxy.pl" "$PWD/proxy/.s.PGSQL.5432" "$RC_TEST_SOCKET/.s.PGSQL.5432" "$1" >ready 3>&- &
  started+=($!)
  read -r line <ready
  [ "$line" = ready ]
  direct=$DATABASE_URL
  export DATABASE_URL=${DATABASE_URL%%host=*}host=$PWD/proxy
}

# ---- records, steps, rows ----

@test "a record gives the rows of its file, and the change stays" {
  make_tables
  run -0 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"one"}
{"body":"two"}'
  [ "$output" = '{"note_id":1}
{"note_id":2}' ]
  [ "$stderr" = '' ]
  [ "$(bodies)" = one,two ]
}

@test "empty input changes nothing and prints nothing" {
  make_tables
  run -0 --separate-stderr rc-db-apply ./note.sql </dev/null
  [ "$output$stderr" = '' ]
  [ "$(bodies)" = none ]
}

@test "the id that one step makes reaches the next" {
  make_tables
  file line "insert into lines (note, body) values ((\$1->>'note_id')::bigint, \$1->>'line') returning note, body"
  file show "select \$1 as got"
  run -0 --separate-stderr rc-db-apply ./note.sql ./line.sql ./show.sql <<<'{"body":"a","line":"x"}
{"body":"b","line":"y"}'
  [ "$output" = '{"got":{"body": "x", "line": "x", "note": 1, "note_id": 1}}
{"got":{"body": "y", "line": "y", "note": 2, "note_id": 2}}' ]
  [ "$(sql 'select note, body from lines order by id')" = '1|x
2|y' ]
}

@test "a step without a row leaves the record, and so does one without columns" {
  make_tables
  file none 'select 1 as a where false'
  file change "update notes set body = body || '!'"
  file show 'select $1 as got'
  run -0 --separate-stderr rc-db-apply ./none.sql ./change.sql ./show.sql <<<'{"a":7}'
  [ "$output" = '{"got":{"a": 7}}' ]
}

@test "a last statement without columns gives no rows, and is run" {
  make_tables
  file quiet "insert into notes (body) values (\$1->>'body')"
  run -0 --separate-stderr rc-db-apply ./quiet.sql <<<'{"body":"one"}'
  [ "$output$stderr" = '' ]
  [ "$(bodies)" = one ]
}

@test "all rows of the last file are printed, in order" {
  file many "select i, \$1->'x' as x from generate_series(1, (\$1->>'n')::int) i"
  run -0 --separate-stderr rc-db-apply ./many.sql <<<'{"n":2,"x":"a"}
{"n":0}
{"n":1,"x":null}'
  [ "$output" = '{"i":1,"x":"a"}
{"i":2,"x":"a"}
{"i":1,"x":null}' ]
}

@test "two rows of a file that is not the last are an error, which names line and file, and nothing is changed" {
  make_tables
  file two "select i from generate_series(1, (\$1->>'n')::int) i"
  run -100 --separate-stderr rc-db-apply ./note.sql ./two.sql ./note.sql <<<'{"body":"a","n":0}
{"body":"b","n":2}'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: <stdin>:1: ./note.sql: duplicate key value violates unique constraint "notes_body_key": Key (body)=(a) already exists. (23505)' ]
  run -100 --separate-stderr rc-db-apply ./two.sql ./note.sql <<<'{"body":"a","n":1}
{"body":"b","n":2}'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: <stdin>:2: ./two.sql: 2 rows for one record, but only a last file may return more than one' ]
  [ "$(bodies)" = none ]
}

@test "an error names line and file, and takes back what came before" {
  make_tables
  file line "insert into lines (note, body) values (1 / (\$1->>'n')::int, 'x') returning id"
  printf '%s\n' '{"body":"one","n":1}' '{"body":"two","n":0}' '{"body":"three","n":1}' >records
  run -100 --separate-stderr rc-db-apply ./note.sql ./line.sql records
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: records:2: ./line.sql: division by zero (22012)' ]
  [ "$(bodies)" = none ]
}

@test "numbers keep their digits, from record to record and in the results" {
  file one "select 9223372036854775807 as big, 1.0 as one, '-0'::float8 as zero"
  file two "select \$1->'big' as big, \$1->'one' as one, \$1->'given' as given, jsonb_typeof(\$1->'zero') as zero"
  run -0 --separate-stderr rc-db-apply ./one.sql ./two.sql <<<'{"given":123456789012345678901234567890.10}'
  [ "$output" = '{"big":9223372036854775807,"one":1.0,"given":123456789012345678901234567890.10,"zero":"number"}' ]
}

@test "json with newlines in it stays on one line, in a step and in the results" {
  file one "select E'{\"a\" :\\n 1.0,\\r\\n\"b\":\"x\\\\ny\"}'::json as j"
  file two "select \$1->'j' as j, E'[1,\\n2]'::json as k"
  run -0 --separate-stderr rc-db-apply ./one.sql ./two.sql <<<'{}'
  [ "$output" = '{"j":{"a": 1.0, "b": "x\ny"},"k":[1, 2]}' ]
}

@test "columns of one name are refused, in a step and in the results" {
  file twice 'select 1 as id, 2 as id'
  file show 'select $1 as got'
  run -100 --separate-stderr rc-db-apply ./twice.sql <<<'{}'
  [ "$output" = '' ]
  [[ $stderr == "rc-db-apply: ./twice.sql: the rows can't be records: "*"('id')" ]]
  run -100 --separate-stderr rc-db-apply ./twice.sql ./show.sql <<<'{}'
  [ "$output" = '' ]
  [[ $stderr == "rc-db-apply: ./twice.sql: the rows can't be records: "*"('id')" ]]
}

@test "records come from several files and standard input" {
  file show 'select $1 as got'
  echo '{"x":1}' >one
  echo '{"x":2}' >two
  run -0 --separate-stderr rc-db-apply ./show.sql one - two <<<'{"x":3}'
  [ "$output" = '{"got":{"x": 1}}
{"got":{"x": 3}}
{"got":{"x": 2}}' ]
}

@test "a semicolon, blanks and a comment at the end of a file do no harm" {
  make_tables
  file a $'-- head\nselect 1 as a ;\n\n'
  file b 'select $1 as got -- the end'
  file c "insert into notes (body) values ('c') -- the end"
  run -0 --separate-stderr rc-db-apply ./a.sql ./c.sql ./b.sql <<<'{}'
  [ "$output" = '{"got":{"a": 1}}' ]
}

@test "a data-modifying WITH and a second statement in a file are refused" {
  make_tables
  file with "with n as (insert into notes (body) values ('x') returning id) select id from n"
  run -100 --separate-stderr rc-db-apply ./with.sql <<<'{}'
  [[ $stderr == 'rc-db-apply: ./with.sql: WITH clause containing a data-modifying statement must be at the top level (0A000)' ]]
  file both "insert into notes (body) values ('x'); insert into notes (body) values ('y')"
  run -100 --separate-stderr rc-db-apply ./both.sql <<<'{}'
  [[ $stderr == 'rc-db-apply: ./both.sql: cannot insert multiple commands into a prepared statement (42601)' ]]
  [ "$(bodies)" = none ]
}

@test "a statement that ends the transaction is refused before anything is changed, on a dry run too" {
  make_tables
  local text
  for text in commit 'COMMIT and chain' $'-- done\n/* /* now */ */ end' rollback abort "prepare transaction 'x'" 'savepoint a' begin 'start transaction'; do
    file end "$text"
    for dry in '' --dry-run; do
      # shellcheck disable=SC2086
      run -100 --separate-stderr rc-db-apply $dry ./note.sql ./end.sql ./note.sql <<<'{"body":"one"}'
      [ "$output" = '' ]
      [ "$stderr" = 'rc-db-apply: ./end.sql: a statement that begins or ends a transaction' ]
    done
  done
  [ "$(bodies)" = none ]
}

@test "COPY and a second parameter are refused" {
  make_tables
  for text in 'copy notes to stdout' 'COPY notes from stdin'; do
    file copy "$text"
    run -100 --separate-stderr rc-db-apply ./copy.sql <<<'{}'
    [ "$output" = '' ]
    [ "$stderr" = "rc-db-apply: ./copy.sql: COPY can't be used here" ]
  done
  file two 'select $1 as a, $2::int as b'
  run -100 --separate-stderr rc-db-apply ./two.sql <<<'{}'
  [ "$stderr" = 'rc-db-apply: ./two.sql: there is no parameter but $1' ]
}

@test "times are UTC, and RC_SCHEMA is where unqualified names are looked for" {
  sql 'create schema odd; create table odd.t as select 1 as id; create table public.t as select 2 as id'
  file t "select id, '2026-01-02 03:04:05+00'::timestamptz as at from t"
  RC_SCHEMA=odd PGTZ=Asia/Tokyo run -0 --separate-stderr rc-db-apply ./t.sql <<<'{}'
  [ "$output" = '{"id":1,"at":"2026-01-02T03:04:05+00:00"}' ]
}

# ---- refusals ----

@test "a row that refuses its record: the others are looked at, nothing is changed, exit 1" {
  make_tables
  file check "select 'error' as status, json_build_object('code', 'taken', 'message', \$1->>'body') as error where \$1->>'body' ~ 'bad'"
  run -1 --separate-stderr rc-db-apply ./check.sql ./note.sql <<<'{"body":"good"}
{"body":"bad1"}
{"body":"fine"}
{"body":"bad2"}'
  [ "$output" = '{"status":"error","error":{"code" : "taken", "message" : "bad1"},"line":2}
{"status":"error","error":{"code" : "taken", "message" : "bad2"},"line":4}' ]
  [ "$stderr" = '' ]
  [ "$(bodies)" = none ]
}

@test "what follows a refusal is not run for its record" {
  sql 'create sequence calls'
  file check "select 'error' as status, '{}'::json as error where \$1 ? 'bad'"
  file call "select nextval('calls') as n"
  run -1 rc-db-apply ./check.sql ./call.sql <<<'{"bad":1}
{"good":1}
{"bad":1}'
  [ "$(sql 'select last_value from calls')" = 1 ]
}

@test "a refusal may come from the last file, among rows, and has its line once" {
  make_tables
  file last "select 1 as id, null as status, null::json as error union all
    select 2, 'error', '{\"code\":\"x\"}' union all select 3, 'error', '{\"code\":\"y\"}'"
  run -1 --separate-stderr rc-db-apply ./note.sql ./last.sql <<<'{"body":"one"}'
  [ "$output" = '{"id":2,"status":"error","error":{"code":"x"},"line":1}
{"id":3,"status":"error","error":{"code":"y"},"line":1}' ]
  [ "$(bodies)" = none ]
  file last "select 'error' as status, '{}'::json as error, 77 as line"
  run -1 rc-db-apply ./last.sql <<<'{}'
  [ "$output" = '{"status":"error","error":{},"line":77}' ]
}

@test "a column status of a table is no refusal, unless there is an object error beside it" {
  file status "select 'error' as status, 'text' as error"
  run -0 rc-db-apply ./status.sql <<<'{}'
  [ "$output" = '{"status":"error","error":"text"}' ]
  file status "select 'error' as status"
  run -0 rc-db-apply ./status.sql <<<'{}'
  [ "$output" = '{"status":"error"}' ]
  file status "select 'done' as status, '{}'::json as error"
  run -0 rc-db-apply ./status.sql <<<'{}'
  [ "$output" = '{"status":"done","error":{}}' ]
}

@test "refusals go where results would have gone" {
  make_tables
  file no "select 'error' as status, '{}'::json as error"
  echo old >out.ndjson
  run -1 --separate-stderr rc-db-apply --output out.ndjson ./note.sql ./no.sql <<<'{"body":"one"}'
  [ "$output$stderr" = '' ]
  [ "$(cat out.ndjson)" = '{"status":"error","error":{},"line":1}' ]
  [ "$(bodies)" = none ]
}

# ---- deferred constraints, dry runs ----

@test "a deferred foreign key is checked before COMMIT, on a dry run too, and named" {
  make_tables
  file orphan "insert into lines (note, body) values ((\$1->>'note')::bigint, 'x') returning id"
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -100 --separate-stderr rc-db-apply $dry ./orphan.sql <<<'{"note":99}'
    [ "$output" = '' ]
    [ "$stderr" = 'rc-db-apply: deferred constraints, nothing was changed: insert or update on table "lines" violates foreign key constraint "lines_note_fk": Key (note)=(99) is not present in table "notes". (23503)' ]
  done
  [ "$(sql 'select count(*) from lines')" = 0 ]
}

@test "a deferred foreign key may be broken for a time" {
  make_tables
  file orphan "insert into lines (note, body) values (99, 'x')"
  file heal "insert into notes (id, body) overriding system value values (99, 'late') returning id"
  run -0 --separate-stderr rc-db-apply ./orphan.sql ./heal.sql <<<'{}'
  [ "$output" = '{"id":99}' ]
  [ "$(bodies)" = late ]
}

@test "--dry-run prints what would be and changes nothing" {
  make_tables
  run -0 --separate-stderr rc-db-apply --dry-run ./note.sql <<<'{"body":"one"}
{"body":"two"}'
  [ "$output" = '{"note_id":1}
{"note_id":2}' ]
  [ "$stderr" = '' ]
  [ "$(bodies)" = none ]
}

@test "a column that is newer than the SQL is named, and the row's values are not shown" {
  make_tables
  sql 'alter table notes add column newer text not null'
  run -100 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"S3cr3t"}'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: <stdin>:1: ./note.sql: null value in column "newer" of relation "notes" violates not-null constraint (23502)' ]
}

# ---- local fields, text before COMMIT ----

@test "--local keeps a field from the server: it is neither in \$1 nor in the server's log" {
  sql "alter database $(sql 'select current_database()') set log_statement = 'all'"
  file show 'select $1 as got'
  run -0 --separate-stderr rc-db-apply --local secret --local other ./show.sql <<<'{"a":"Visible-4711","secret":"Hidden-0815","other":["Hidden-0815"]}
{"s\u0065cret":"Hidden-0815","a":2}
{"b":{"secret":1}}'
  [ "$output" = '{"got":{"a": "Visible-4711"}}
{"got":{"a": 2}}
{"got":{"b": {"secret": 1}}}' ]
  log=$RC_TEST_SOCKET/server.log
  grep -q Visible-4711 "$log" # so that what is not there was not sent
  run -1 grep -n Hidden-0815 "$log"
}

@test "--local holds for --batch, --print-before-commit's field is local too" {
  sql "alter database $(sql 'select current_database()') set log_statement = 'all'"
  file show 'select $1 as got'
  run -0 rc-db-apply --batch 5 --local secret ./show.sql <<<'{"a":1,"secret":"Hidden-0816"}
{"secret":"Hidden-0816"}'
  [ "$output" = '{"got":[{"a": 1}, {}]}' ]
  run -0 rc-db-apply --print-before-commit secret --output out.ndjson ./show.sql <<<'{"a":"Visible-4712","secret":"Hidden-0816"}'
  [ "$output" = Hidden-0816 ]
  [ "$(cat out.ndjson)" = '{"got":{"a": "Visible-4712"}}' ]
  grep -q Visible-4712 "$RC_TEST_SOCKET/server.log"
  run -1 grep -n Hidden-0816 "$RC_TEST_SOCKET/server.log"
}

@test "--print-before-commit prints the bare text, for records whose last file gave a row only, and no results" {
  make_tables
  file some "insert into notes (body) select \$1->>'body' where \$1->>'body' <> 'b' returning id"
  run -0 --separate-stderr rc-db-apply --print-before-commit key ./some.sql <<<'{"body":"a","key":"k\u00e9\"y 1"}
{"body":"b","key":"key 2"}
{"body":"c","key":"key 3"}
{"rc_end":{"v":1}}'
  [ "$output" = 'ké"y 1
key 3' ]
  [ "$stderr" = '' ]
  [ "$(bodies)" = a,c ]
}

@test "--print-before-commit takes a template, whose line is printed for records whose last file gave a row" {
  make_tables
  sql "alter database $(sql 'select current_database()') set log_statement = 'all'"
  file some "insert into notes (body) select \$1->>'body' where \$1->>'body' <> 'b' returning id, body, \$1->'key' as sent"
  run -0 --separate-stderr rc-db-apply --local key --print-before-commit 'no {{note}} "{body}": {key} {absent|}' \
    --output out.ndjson ./some.sql <<<'{"body":"Visible-4713","key":"Hidden-0817\u00e9\n\""}
{"body":"b","key":"Hidden-0818"}
{"body":"c","key":1.0}'
  [ "$output" = 'no {note} "Visible-4713": Hidden-0817é\u000a" 
no {note} "c": 1.0 ' ]
  [ "$stderr" = '' ]
  [ "$(cat out.ndjson)" = '{"id":1,"body":"Visible-4713","sent":null}
{"id":2,"body":"c","sent":null}' ]
  grep -q Visible-4713 "$RC_TEST_SOCKET/server.log"
  run -1 grep -n 'Hidden-081[78]' "$RC_TEST_SOCKET/server.log"
}

@test "a template that can't be filled is 100, and nothing is changed; one that names no local field is bad usage" {
  make_tables
  run -100 --separate-stderr rc-db-apply --local key --print-before-commit '{key} {x}' ./note.sql <<<'{"body":"a","key":"k","x":1}
{"body":"b","key":"k"}'
  [ "$output" = '' ]
  [ "$stderr" = "rc-db-apply: <stdin>:2: no field 'x', which the template names" ]
  [ "$(bodies)" = none ]
  while IFS='|' read -r template local message; do
    run -100 --separate-stderr rc-db-apply --local "$local" --print-before-commit "$template" ./note.sql </dev/null
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = "rc-db-apply: $message" ] || { echo "$stderr"; false; }
  done <<'END'
{key}|body|the template of --print-before-commit names no field of --local
{{key}}|key|the template of --print-before-commit names no field of --local
{keys}|key|the template of --print-before-commit names no field of --local
{key|key|'{' without a field's name and '}' in the template '{key'
key}|key|'}' without '{' in the template 'key}'; '}}' prints one
END
  run -0 rc-db-apply --print-before-commit '{key.a}' --local key ./note.sql <<<'{"body":"a","key":{"a":"inner"}}'
  [ "$output" = inner ]
}

@test "--print-before-commit prints nothing on a dry run, and nothing where a record is refused" {
  make_tables
  run -0 --separate-stderr rc-db-apply --dry-run --print-before-commit key ./note.sql <<<'{"body":"a","key":"k"}'
  [ "$output$stderr" = '' ]
  file no "select 'error' as status, '{}'::json as error where \$1->>'body' = 'b'"
  run -1 --separate-stderr rc-db-apply --print-before-commit key ./no.sql ./note.sql <<<'{"body":"a","key":"k1"}
{"body":"b","key":"k2"}'
  [ "$output" = '{"status":"error","error":{},"line":2}' ]
  [ "$(bodies)" = none ]
}

@test "the text is there before the row is" {
  make_tables
  mkfifo text
  # More than a pipe takes, so that it still writes when the first line has been read.
  key=$(head -c 100000 /dev/zero | tr '\0' k)
  printf '{"body":"%s","key":"%s"}\n' one "$key" two "$key" >records
  rc-db-apply --print-before-commit key ./note.sql records >text 2>err 3>&- &
  apply=$!
  started+=("$apply")
  exec {text}<text
  read -r first <&"$text"
  [ "$(bodies)" = none ]
  read -r second <&"$text"
  ended
  [ "$code" = 0 ]
  [ "$first$second" = "$key$key" ]
  [ "$(bodies)" = one,two ]
}

@test "a reader of the text that is gone and a full disk are 111, and nothing is changed" {
  make_tables
  mkfifo gone
  exec {reader}<>gone {writer}>gone
  exec {reader}<&-
  code=0
  rc-db-apply --print-before-commit key ./note.sql 1>&"$writer" 2>err <<<'{"body":"a","key":"k"}' || code=$?
  [ "$code" = 111 ]
  [ "$(cat err)" = 'rc-db-apply: cannot write <stdout>: Broken pipe' ]
  run -111 --separate-stderr bash -c 'rc-db-apply --print-before-commit key ./note.sql >/dev/full <<<'\''{"body":"a","key":"k"}'\'
  [ "$stderr" = 'rc-db-apply: cannot write <stdout>: No space left on device' ]
  run -111 --separate-stderr bash -c 'rc-db-apply --print-before-commit key ./note.sql >&- <<<'\''{"body":"a","key":"k"}'\'
  [ "$stderr" = 'rc-db-apply: cannot write <stdout>: Bad file descriptor' ]
  [ "$(bodies)" = none ]
}

@test "a record without the text to print, or with one that is no string, is 100, and nothing is changed" {
  make_tables
  for record in '{"body":"b"}' '{"body":"b","key":1}' '{"body":"b","key":null}'; do
    run -100 --separate-stderr rc-db-apply --print-before-commit key ./note.sql <<<'{"body":"a","key":"k"}'$'\n'"$record"
    [ "$output" = '' ]
    [ "$stderr" = "rc-db-apply: <stdin>:2: expected a string in the field 'key'" ]
  done
  [ "$(bodies)" = none ]
}

# ---- batches ----

# The table numbers (n) and a count of the statements that were run on it.
make_numbers() {
  sql "create table numbers (n int);
    create sequence calls;
    create function count_call() returns trigger language plpgsql as \$\$ begin perform nextval('calls'); return null; end \$\$;
    create trigger t after insert on numbers execute function count_call()"
  file number "insert into numbers select (r->>'n')::int from jsonb_array_elements(\$1) r returning n"
  file single "insert into numbers values ((\$1->>'n')::int) returning n"
}
calls() { sql 'select case when is_called then last_value else 0 end from calls'; }
numbered() { seq "$1" | sed 's/.*/{"n":&}/'; }

@test "--batch 3 runs three statements for seven records, with the same results as one by one" {
  make_numbers
  one_by_one=$(numbered 7 | rc-db-apply ./single.sql)
  sql "truncate numbers; select setval('calls', 1, false)" >/dev/null
  run -0 --separate-stderr rc-db-apply --batch 3 ./number.sql < <(numbered 7)
  [ "$output" = "$one_by_one" ]
  [ "$(calls)" = 3 ]
  [ "$(sql 'select count(*) from numbers')" = 7 ]
}

@test "--batch without records runs nothing" {
  make_numbers
  run -0 --separate-stderr rc-db-apply --batch 3 ./number.sql </dev/null
  [ "$output$stderr" = '' ]
  [ "$(calls)" = 0 ]
}

@test "an error in a batch names the file and the batch's last line, and nothing is changed" {
  make_numbers
  { numbered 5; echo '{"n":"x"}'; numbered 3; } >records
  run -100 --separate-stderr rc-db-apply --batch 3 ./number.sql records
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: records:6: ./number.sql: invalid input syntax for type integer: "x" (22P02)' ]
  [ "$(sql 'select count(*) from numbers')" = 0 ]
}

@test "a row of a batch may refuse; it has no line" {
  make_numbers
  file check "select 'error' as status, json_build_object('n', r->'n') as error from jsonb_array_elements(\$1) r where (r->>'n')::int % 2 = 0"
  run -1 --separate-stderr rc-db-apply --batch 3 ./check.sql < <(numbered 5)
  [ "$output" = '{"status":"error","error":{"n" : 2}}
{"status":"error","error":{"n" : 4}}' ]
}

@test "100,000 records go through in ten batches" {
  make_numbers
  numbered 100000 >records
  rc-end records >ended
  run -0 --separate-stderr bash -c 'rc-db-apply --batch 10000 --require-end-record ./number.sql ended >results'
  [ "$stderr" = '' ]
  [ "$(calls)" = 10 ]
  cmp <(head -n -1 results) records
  [ "$(tail -n 1 results)" = '{"rc_end":{"v":1,"records":100000}}' ]
  [ "$(sql 'select count(*), sum(n) from numbers')" = '100000|5000050000' ]
}

@test "options that exclude one another, and numbers out of range, are 100 with the usage" {
  file a 'select 1 as a'
  while IFS='|' read -r arguments message; do
    # shellcheck disable=SC2086
    run -100 --separate-stderr rc-db-apply $arguments </dev/null
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = "rc-db-apply: $message" ] || { echo "$arguments: $stderr"; false; }
  done <<'END'
--batch 10001 ./a.sql|--batch takes a whole number from 1 to 10000, not '10001'
--batch 0 ./a.sql|--batch takes a whole number from 1 to 10000, not '0'
--batch 5 ./a.sql ./a.sql|--batch takes exactly one file
--batch 5 --print-before-commit k ./a.sql|--batch and --print-before-commit exclude one another
--lock-timeout soon ./a.sql|--lock-timeout takes a duration such as 500ms, 2s or 5m, not 'soon'
END
}

# ---- the end record ----

@test "--require-end-record without one changes nothing, nor with a wrong count or digest" {
  make_tables
  run -100 --separate-stderr rc-db-apply --require-end-record ./note.sql <<<'{"body":"one"}'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: <stdin>: cut short: no end record after 1 records, so nothing was changed' ]
  run -100 --separate-stderr rc-db-apply --require-end-record ./note.sql <<<'{"body":"one"}
{"rc_end":{"v":1,"records":2}}'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: <stdin>:2: the end record tells of 2 records, but 1 came' ]
  run -100 --separate-stderr rc-db-apply --require-end-record ./note.sql <<<'{"body":"one"}
{"rc_end":{"v":1,"records":1,"sha256":"'"$(sha256sum </dev/null | cut -d ' ' -f 1)"'"}}'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: <stdin>:2: the records differ from the SHA-256 in the end record' ]
  run -100 --separate-stderr rc-db-apply --batch 1 --require-end-record ./note.sql </dev/null
  [ "$stderr" = 'rc-db-apply: <stdin>: cut short: no end record after 0 records, so nothing was changed' ]
  [ "$(bodies)" = none ]
}

@test "a source that dies changes nothing, a whole one does" {
  make_tables
  run -100 --separate-stderr bash -c '{ set -o pipefail; { echo "{\"body\":\"one\"}"; exit 3; } | cat && rc-end; } | rc-db-apply --require-end-record ./note.sql'
  [ "$(bodies)" = none ]
  run -0 --separate-stderr bash -c '{ set -o pipefail; echo "{\"body\":\"one\"}" | cat && rc-end; } | rc-db-apply --require-end-record ./note.sql'
  [ "$output" = '{"note_id":2}
{"rc_end":{"v":1,"records":1}}' ]
  [ "$(bodies)" = one ]
}

@test "the end record is passed on with the count of results, but not into a file, and not after refusals" {
  file many 'select i from generate_series(1, 2) i'
  run -0 rc-db-apply --dry-run ./many.sql <<<'{}
{"rc_end":{"v":1,"records":1}}'
  [ "${lines[-1]}" = '{"rc_end":{"v":1,"records":2}}' ]
  run -0 rc-db-apply --output out.ndjson ./many.sql <<<'{}
{"rc_end":{"v":1}}'
  [ "$output" = '' ]
  [ "$(cat out.ndjson)" = '{"i":1}
{"i":2}' ]
  file no "select 'error' as status, '{}'::json as error"
  run -1 rc-db-apply ./no.sql <<<'{}
{"rc_end":{"v":1}}'
  [ "$output" = '{"status":"error","error":{},"line":1}' ]
}

# ---- results ----

@test "results of several megabytes come whole, and leave no file" {
  file big "select i, repeat('x', 1000) as t from generate_series(1, (\$1->>'n')::int) i"
  mkdir tmp
  TMPDIR=$PWD/tmp rc-db-apply ./big.sql <<<'{"n":3000}
{"n":1}
{"n":2000}' >results
  [ "$(wc -l <results)" = 5001 ]
  [ "$(sha256sum <results)" = "$(for n in 3000 1 2000; do seq "$n" | sed "s/.*/{\"i\":&,\"t\":\"$(printf 'x%.0s' {1..1000})\"}/"; done | sha256sum)" ]
  [ "$(ls -A tmp)" = '' ]
}

@test "one row of several megabytes among small ones comes whole and in its place" {
  file big "select \$1->'n' as n, repeat('x', (\$1->>'n')::int) as t"
  run -0 rc-db-apply ./big.sql <<<'{"n":1}
{"n":3000000}
{"n":2}'
  [ "${lines[0]}" = '{"n":1,"t":"x"}' ]
  [ "${#lines[1]}" = 3000020 ]
  [ "${lines[2]}" = '{"n":2,"t":"xx"}' ]
}

@test "results that find no room on disk are an error before COMMIT" {
  make_tables
  file big "select repeat('x', 2000000) as t"
  TMPDIR=$PWD/none run -111 --separate-stderr rc-db-apply ./note.sql ./big.sql <<<'{"body":"one"}'
  [ "$output" = '' ]
  [ "$stderr" = "rc-db-apply: cannot make a temporary file in $PWD/none: No such file or directory" ]
  [ "$(bodies)" = none ]
}

@test "--output is replaced as a whole, and left where it fails" {
  make_tables
  mkdir target
  echo old >target/out
  run -100 --separate-stderr rc-db-apply --output target/out ./note.sql <<<'{"body":"one"}
{"body":"one"}'
  [ "$(cat target/out)" = old ]
  [ "$(ls -A target)" = out ]
  run -0 --separate-stderr rc-db-apply --output target/out ./note.sql <<<'{"body":"one"}'
  [ "$output$stderr" = '' ]
  [ "$(cat target/out)" = '{"note_id":3}' ]
  [ "$(ls -A target)" = out ]
  run -100 --separate-stderr rc-db-apply --output none/out ./note.sql <<<'{"body":"two"}'
  [ "$stderr" = 'rc-db-apply: none/out: cannot open the folder: No such file or directory' ]
  [ "$(bodies)" = one ]
}

@test "results that can't be written after COMMIT are 111, and it is said that the change stays" {
  make_tables
  run -111 --separate-stderr bash -c 'rc-db-apply ./note.sql >/dev/full <<<'\''{"body":"a"}'\'
  [ "$stderr" = 'rc-db-apply: cannot write <stdout>: No space left on device
rc-db-apply: the changes were committed before that' ]
  [ "$(bodies)" = a ]
  run -111 --separate-stderr bash -c 'rc-db-apply --dry-run ./note.sql >/dev/full <<<'\''{"body":"b"}'\'
  [ "$stderr" = 'rc-db-apply: cannot write <stdout>: No space left on device' ]
  [ "$(bodies)" = a ]
}

# ---- locks, other sessions ----

@test "a lock that another session holds: it says who, and ends with 111 after --lock-timeout" {
  make_tables
  sql "insert into notes (body) values ('held')"
  file change "update notes set body = 'changed' returning id"
  hold 'update notes set body = body'
  run -111 --separate-stderr rc-db-apply --lock-timeout 500ms ./note.sql ./change.sql <<<'{"body":"one"}'
  tell_holder rollback
  [ "$output" = '' ]
  [ "${#stderr_lines[@]}" = 2 ]
  [[ ${stderr_lines[0]} == 'rc-db-apply: waiting for a lock that pid '*' (holder, user postgres, idle in transaction for '*' s) holds' ]]
  [[ ${stderr_lines[1]} == 'rc-db-apply: <stdin>:1: ./change.sql: no lock after 1 try of 500 ms: it is held by pid '*' (holder, user postgres, '*') (55P03)' ]]
  [ "$(bodies)" = held ]
}

@test "--lock-timeout 0 does not wait" {
  make_tables
  sql "insert into notes (body) values ('held')"
  file change "update notes set body = 'changed' returning id"
  hold 'update notes set body = body'
  run -111 --separate-stderr rc-db-apply --lock-timeout 0 ./change.sql <<<'{}'
  tell_holder rollback
  [ "$stderr" = 'rc-db-apply: <stdin>:1: ./change.sql: canceling statement due to lock timeout (55P03)' ]
}

@test "a lock that is let go in time is waited for" {
  make_tables
  sql "insert into notes (body) values ('held')"
  file change "update notes set body = body || ' on' returning body"
  hold "update notes set body = 'changed'"
  start ./change.sql <<<'{}'
  wait_until_blocked
  tell_holder commit
  ended
  [ "$code" = 0 ]
  [ "$(cat out)" = '{"body":"changed on"}' ]
  [ "$(bodies)" = 'changed on' ]
}

@test "two at once on the same row: one after the other, no change is lost" {
  sql "create table counter (n int); insert into counter values (0)"
  file count 'update counter set n = n + 1 returning n'
  numbered 50 >records
  rc-db-apply ./count.sql records >one 2>err1 3>&- &
  started+=($!)
  rc-db-apply ./count.sql records >two 2>err2 3>&- &
  started+=($!)
  wait "${started[0]}"
  wait "${started[1]}"
  [ "$(sql 'select n from counter')" = 100 ]
  [ "$(cat one two | sort)" = "$(numbered 100 | sort)" ]
  [ "$(wc -l <one)" = 50 ]
  case $(head -n 1 one) in
  '{"n":1}') cat one two ;;
  *) cat two one ;;
  esac | cmp - <(numbered 100)
}

@test "kill -9 before COMMIT leaves no rows, no session and no file" {
  make_tables
  mkdir target
  start_with_pipe --output target/out ./note.sql
  send '{"body":"one"}'
  wait_until_changed
  kill -KILL "$apply"
  end_input
  ended
  [ "$code" = 137 ]
  wait_until_session_gone
  [ "$(bodies)" = none ]
  [ ! -e target/out ]
}

@test "TERM before COMMIT ends it by the signal, without rows and without a file" {
  make_tables
  mkdir target
  start_with_pipe --output target/out ./note.sql
  send '{"body":"one"}'
  wait_until_changed
  kill -TERM "$apply"
  ended
  end_input
  [ "$code" = 143 ]
  wait_until_session_gone
  [ "$(bodies)" = none ]
  [ "$(ls -A target)" = '' ]
}

@test "TERM ends a statement that waits" {
  make_tables
  sql "insert into notes (body) values ('held')"
  file change "update notes set body = 'changed' returning id"
  hold 'update notes set body = body'
  start ./change.sql <<<'{}'
  wait_until_blocked
  kill -TERM "$apply"
  ended
  [ "$code" = 143 ]
  wait_until_session_gone
  tell_holder rollback
  [ "$(bodies)" = held ]
}

@test "a session that is ended before COMMIT is 111, without rows" {
  make_tables
  start_with_pipe ./note.sql
  send '{"body":"one"}'
  wait_until_changed
  sql "select pg_terminate_backend(pid) $our_sessions" >/dev/null
  wait_until_session_gone
  send '{"body":"two"}'
  end_input
  ended
  [ "$code" = 111 ]
  [ "$(cat out)" = '' ]
  [[ $(cat err) == 'rc-db-apply: '*'terminat'* ]]
  [ "$(bodies)" = none ]
}

@test "a session that is ended between the text and COMMIT is 111, nothing was changed" {
  make_tables
  mkfifo text
  key=$(head -c 200000 /dev/zero | tr '\0' k) # more than a pipe takes: it can't be at COMMIT before all is read
  printf '{"body":"one","key":"%s"}\n' "$key" >records
  rc-db-apply --print-before-commit key --output results ./note.sql records >text 2>err 3>&- &
  apply=$!
  started+=("$apply")
  exec {text}<text
  head -c 1 <&"$text" >/dev/null
  sql "select pg_terminate_backend(pid) $our_sessions" >/dev/null
  wait_until_session_gone
  cat <&"$text" >/dev/null
  ended
  [ "$code" = 111 ]
  [ "$(cat err)" = 'rc-db-apply: the connection broke during COMMIT; the server says that nothing was changed' ]
  [ ! -e results ]
  [ "$(bodies)" = none ]
}

@test "kill -9 and TERM at any moment: all rows or none, and results only of what is committed" {
  sql 'create table numbers (n int)'
  file single "insert into numbers values ((\$1->>'n')::int) returning n"
  numbered 200 >records
  local i rows printed signal took
  took=$(milliseconds_of rc-db-apply ./single.sql records)
  random_rounds 8
  for i in "${rounds[@]}"; do
    signal=$((i % 2 ? 9 : 15))
    sql 'truncate numbers'
    start ./single.sql records
    random_moment "$took"
    kill "-$signal" "$apply" 2>/dev/null || :
    ended
    wait_until_session_gone
    rows=$(sql 'select count(*) from numbers') printed=$(wc -l <out)
    [ "$rows" = 0 ] || [ "$rows" = 200 ]
    [ "$printed" = 0 ] || [ "$rows" = 200 ]
    [ "$code" != 0 ] || [ "$printed" = 200 ]
  done
}

@test "the server's limit for idle transactions does not hold while a slow source is at work" {
  make_tables
  sql "do \$\$ begin execute format('alter database %I set idle_in_transaction_session_timeout = 50', current_database()); end \$\$"
  run -0 --separate-stderr bash -c '{ echo "{\"body\":\"one\"}"; sleep 0.3; echo "{\"body\":\"two\"}"; } | rc-db-apply ./note.sql'
  [ "$output" = '{"note_id":1}
{"note_id":2}' ]
  [ "$stderr" = '' ]
  [ "$(bodies)" = one,two ]
}

@test "no statement is prepared, run or ended in SQL, be it one file or several" {
  make_tables
  sql "alter database $(sql 'select current_database()') set log_statement = 'all'"
  file show 'select $1 as got'
  begin=$(($(wc -l <"$RC_TEST_SOCKET/server.log") + 1))
  run -0 rc-db-apply ./note.sql <<<'{"body":"Seen-1"}'
  run -0 rc-db-apply ./note.sql ./show.sql <<<'{"body":"Seen-2"}
{"body":"Seen-3"}'
  tail -n "+$begin" "$RC_TEST_SOCKET/server.log" >log
  [ "$(grep -c Seen- log)" -ge 3 ] # what is not there was not sent
  run ! grep -iE 'statement: *(prepare|execute|deallocate|discard)' log
}

@test "a reader that leaves after COMMIT is told of it" {
  make_tables
  file big "insert into notes (body) select \$1->>'body' || i from generate_series(1, 20000) i returning body, id"
  code=0
  rc-db-apply ./big.sql <<<'{"body":"one"}' 2>err | head -n 1 >/dev/null || :
  [ "$(cat err)" = 'rc-db-apply: cannot write <stdout>: Broken pipe
rc-db-apply: the changes were committed before that' ]
  [ "$(sql 'select count(*) from notes')" = 20000 ]
}

# ---- a connection that breaks ----

@test "through a proxy that does nothing all is as without it" {
  make_tables
  proxy pass
  run -0 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"one"}'
  [ "$output" = '{"note_id":1}' ]
  [ "$stderr" = '' ]
  [ "$(bodies)" = one ]
}

@test "a connection that breaks at the begin is 111" {
  make_tables
  proxy begin
  run -111 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"one"}'
  [ "$output" = '' ]
  [[ $stderr == 'rc-db-apply: cannot begin a transaction: '* ]]
  [ "$(bodies)" = none ]
}

@test "a connection that breaks before COMMIT is 111, nothing was changed" {
  make_tables
  proxy before
  run -111 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"one"}'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: the connection broke during COMMIT; the server says that nothing was changed' ]
  [ "$(bodies)" = none ]
}

@test "a connection that breaks during COMMIT: the server says that it took place, and the results come" {
  make_tables
  proxy during
  run -0 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"one"}
{"rc_end":{"v":1}}'
  [ "$output" = '{"note_id":1}
{"rc_end":{"v":1,"records":1}}' ]
  [ "$stderr" = 'rc-db-apply: the connection broke during COMMIT; the server says that it took place' ]
  [ "$(bodies)" = one ]
}

@test "a connection that breaks after COMMIT is no one's concern" {
  make_tables
  proxy after
  run -0 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"one"}'
  [ "$output" = '{"note_id":1}' ]
  [ "$stderr" = '' ]
  [ "$(bodies)" = one ]
}

@test "a connection that breaks during COMMIT and a server that is gone: unknown, 111 and a record" {
  make_tables
  proxy during-gone
  run -111 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"one"}
{"rc_end":{"v":1}}'
  unknown='the connection broke during COMMIT, and whether it took place is not known: look before you run it again'
  [ "$output" = '{"status":"error","error":{"code":"commit_unknown","message":"'"$unknown"'"}}' ]
  [ "$stderr" = "rc-db-apply: $unknown" ]
  DATABASE_URL=$direct
  [ "$(bodies)" = one ]
}

@test "a connection that breaks after nothing was changed needs no answer" {
  file show 'select $1 as got'
  proxy during-gone
  run -0 --separate-stderr rc-db-apply ./show.sql <<<'{"a":1}'
  [ "$output" = '{"got":{"a": 1}}' ]
  [ "$stderr" = '' ]
}

@test "the text is printed before a COMMIT that breaks, and results go to the file where it took place" {
  make_tables
  proxy during
  run -0 --separate-stderr rc-db-apply --print-before-commit key --output out.ndjson ./note.sql <<<'{"body":"one","key":"k"}'
  [ "$output" = k ]
  [ "$stderr" = 'rc-db-apply: the connection broke during COMMIT; the server says that it took place' ]
  [ "$(cat out.ndjson)" = '{"note_id":1}' ]
}

@test "no server is 111, a wrong password 100" {
  file a 'select 1 as a'
  DATABASE_URL=postgresql://ann@127.0.0.1:1/shop run -111 --separate-stderr rc-db-apply ./a.sql </dev/null
  [[ $stderr == 'rc-db-apply: 127.0.0.1:1/shop as ann: '*'Connection refused'* ]]
  run -100 --separate-stderr env -u DATABASE_URL PGHOST="$RC_TEST_SOCKET" PGUSER=rc_password PGDATABASE=postgres PGPASSWORD=wr0ng rc-db-apply ./a.sql </dev/null
  [[ $stderr == *'password authentication failed for user "rc_password"'* ]]
}

# ---- bad input ----

@test "a file that is not there, a folder, an empty file and no file are 100" {
  run -100 --separate-stderr rc-db-apply ./none.sql </dev/null
  [ "$stderr" = 'rc-db-apply: cannot open ./none.sql: No such file or directory' ]
  mkdir folder.sql
  run -100 --separate-stderr rc-db-apply ./folder.sql </dev/null
  [ "$stderr" = 'rc-db-apply: cannot read ./folder.sql: Is a directory' ]
  file empty ' ; '
  run -100 --separate-stderr rc-db-apply ./empty.sql </dev/null
  [ "$stderr" = 'rc-db-apply: ./empty.sql: no statement in it' ]
  for arguments in '' 'records ./empty.sql' .sql; do
    # shellcheck disable=SC2086
    run -100 --separate-stderr rc-db-apply $arguments </dev/null
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = 'rc-db-apply: a file with a statement is needed, whose name ends in .sql' ]
  done
  file a 'select 1 as a'
  run -100 --separate-stderr rc-db-apply ./a.sql no-records
  [ "$stderr" = 'rc-db-apply: cannot open no-records: No such file or directory' ]
}

@test "a fault in any of the files is found before a record is read" {
  make_tables
  file fault 'selekt 1'
  run -100 --separate-stderr rc-db-apply ./note.sql ./fault.sql <<<'no JSON'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-db-apply: ./fault.sql: syntax error at or near "selekt" (42601)' ]
  file fault 'insert into nothing values (1)'
  run -100 --separate-stderr rc-db-apply ./note.sql ./fault.sql <<<'no JSON'
  [ "$stderr" = 'rc-db-apply: ./fault.sql: relation "nothing" does not exist (42P01)' ]
}

@test "a bare name is a file of RC_SQL" {
  mkdir installed
  echo 'select 1 as installed' >installed/a.sql
  file a 'select 2 as here'
  RC_SQL=$PWD/installed run -0 --separate-stderr rc-db-apply a.sql <<<'{}'
  [ "$output" = '{"installed":1}' ]
  run -100 --separate-stderr rc-db-apply a.sql <<<'{}'
  [ "$stderr" = 'rc-db-apply: a.sql: a bare name means the installed SQL, but RC_SQL is not set; write ./a.sql for a file here' ]
}

@test "a bad record is 100, names its line, and nothing is changed" {
  make_tables
  run -100 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"one"}
{"body":2
{"body":"three"}'
  [ "$output" = '' ]
  [[ $stderr == 'rc-db-apply: <stdin>:2: '* ]]
  run -100 --separate-stderr rc-db-apply ./note.sql < <(printf '{"body":"one"}\n{"body":"two"}')
  [ "$stderr" = 'rc-db-apply: <stdin>:2: cut short: the last record has no newline' ]
  run -100 --separate-stderr rc-db-apply ./note.sql <<<'{"body":"a\u0000b"}'
  [[ $stderr == 'rc-db-apply: <stdin>:1: ./note.sql: unsupported Unicode escape sequence: '*' (22P05)' ]]
  [ "$(bodies)" = none ]
}

@test "a field's name that is not UTF-8 is refused, and more than sixteen of them" {
  file a 'select 1 as a'
  for option in --local --print-before-commit; do
    run -100 --separate-stderr rc-db-apply "$option" $'\xff' ./a.sql </dev/null
    [ "${stderr_lines[1]}" = "rc-db-apply: a field's name is not UTF-8" ]
  done
  # shellcheck disable=SC2046
  run -100 --separate-stderr rc-db-apply $(seq -f '--local f%g' 17) ./a.sql </dev/null
  [ "${stderr_lines[1]}" = 'rc-db-apply: more than 16 local fields' ]
  # shellcheck disable=SC2046
  run -100 --separate-stderr rc-db-apply $(printf './a.sql %.0s' {1..65}) </dev/null
  [ "${stderr_lines[1]}" = 'rc-db-apply: more than 64 files' ]
}

@test "--commit-mark: the file is made where COMMIT was sent, and only then" {
  echo 'select 1 as one' >one.sql
  echo "select 'error' as status, json_build_object('code', 'no') as error" >no.sql
  rc-db-apply --commit-mark mark ./no.sql <<<'{}' || [ $? = 1 ]
  [ ! -e mark ]
  run -0 rc-db-apply --commit-mark mark --dry-run ./one.sql <<<'{}'
  [ ! -e mark ]
  run -100 rc-db-apply --commit-mark mark --require-end-record ./one.sql <<<'{}'
  [ ! -e mark ]
  run -111 --separate-stderr rc-db-apply --commit-mark nowhere/mark ./one.sql <<<'{}'
  [ "$stderr" = 'rc-db-apply: cannot make nowhere/mark: No such file or directory' ]
  run -0 rc-db-apply --commit-mark mark ./one.sql <<<'{}'
  [ -e mark ] && [ ! -s mark ]
}

@test "--append-before-commit: the results are in the file where COMMIT took place, and are not where it failed" {
  echo 'select 1 as one' >one.sql
  run -0 rc-db-apply --append-before-commit log --dry-run ./one.sql <<<'{}'
  [ ! -e log ]
  run -100 rc-db-apply --append-before-commit log --require-end-record ./one.sql <<<'{}'
  [ ! -s log ]
  rc-db-apply --append-before-commit log ./one.sql <<<'{}'
  run -0 rc-db-apply --append-before-commit log ./one.sql <<<'{}'
  [ "$output" = '{"one":1}' ]
  [ "$(cat log)" = "$(printf '{"one":1}\n{"one":1}')" ]
  run -100 --separate-stderr rc-db-apply --append-before-commit nowhere/log ./one.sql <<<'{}'
  [ "$stderr" = 'rc-db-apply: cannot open nowhere/log: No such file or directory' ]
}

@test "--nul-field: U+0000 is told by the field" {
  echo "select \$1->>'a' as a, \$1->>'nul' as nul" >nul.sql
  run -0 rc-db-apply --nul-field nul ./nul.sql <<<'{"a":"x\u0000"}
{"a":"\\u0000"}'
  [ "$output" = '{"a":"x\ufffd","nul":"true"}
{"a":"\\u0000","nul":null}' ] || [ "$output" = '{"a":"x�","nul":"true"}
{"a":"\\u0000","nul":null}' ]
}

@test "a text to print that is not one line is refused, and so is a column rc_end" {
  echo 'select 1 as one' >one.sql
  run -100 --separate-stderr rc-db-apply --print-before-commit key ./one.sql <<<'{"key":"a\nb"}'
  [ "$output" = '' ]
  [ "$stderr" = "rc-db-apply: <stdin>:1: the field 'key' is not one line" ]
  echo 'select 1 as rc_end' >end.sql
  run -100 --separate-stderr rc-db-apply ./end.sql <<<'{}'
  [ "$output" = '' ]
}

# ---- around all records ----

@test "a file before makes the table that records are put into, and one after tells what became of them" {
  make_tables
  file make 'create temporary table staged (body text) on commit drop'
  file stage "insert into pg_temp.staged select r->>'body' from jsonb_array_elements(\$1) r"
  file total "select (\$1->>'records')::int as records, count(*) as staged from pg_temp.staged"
  file tell "select \$1 as got, body from pg_temp.staged order by body"
  rc-record-make mode=full >with
  run -0 --separate-stderr rc-db-apply --batch 2 --with with --before ./make.sql --after ./total.sql --after ./tell.sql ./stage.sql \
    <<<$'{"body":"b"}\n{"body":"a"}\n{"body":"c"}\n{"rc_end":{"v":1}}'
  [ "$output" = '{"got":{"mode": "full", "staged": 3, "records": 3},"body":"a"}
{"got":{"mode": "full", "staged": 3, "records": 3},"body":"b"}
{"got":{"mode": "full", "staged": 3, "records": 3},"body":"c"}
{"rc_end":{"v":1,"records":3}}' ]
  [ "$stderr" = '' ]
}

@test "a refusal before all records reads none, one after them takes all back" {
  make_tables
  file no "select 'error' as status, json_build_object('code', 'no', 'message', 'No.') as error"
  file yes 'select 1 as x'
  run -1 --separate-stderr rc-db-apply --before ./no.sql ./note.sql <<<'this is no record'
  [ "$output" = '{"status":"error","error":{"code" : "no", "message" : "No."}}' ]
  [ "$stderr" = '' ]
  run -1 --separate-stderr rc-db-apply --before ./yes.sql --after ./no.sql ./note.sql <<<'{"body":"one"}'
  [ "$output" = '{"status":"error","error":{"code" : "no", "message" : "No."}}' ]
  [ "$(bodies)" = none ]
}

@test "without an end record nothing after runs, and nothing stays" {
  make_tables
  file after "insert into notes (body) values ('after')"
  run -100 --separate-stderr rc-db-apply --require-end-record --after ./after.sql ./note.sql <<<'{"body":"one"}'
  [ "$(bodies)" = none ]
  run -0 rc-db-apply --require-end-record --after ./after.sql ./note.sql <<<$'{"body":"one"}\n{"rc_end":{"v":1}}'
  [ "$(bodies)" = one,after ]
}

@test "a statement around that fails is named without a record; --with has exactly one record" {
  make_tables
  file bad 'select 1/0 as x'
  run -100 --separate-stderr rc-db-apply --after ./bad.sql ./note.sql <<<'{"body":"one"}'
  [ "$stderr" = 'rc-db-apply: ./bad.sql: division by zero (22012)' ]
  printf '{}\n{}\n' >two
  run -100 --separate-stderr rc-db-apply --with two --after ./bad.sql ./note.sql </dev/null
  [ "$stderr" = 'rc-db-apply: two:2: expected one record, not more' ]
  run -100 --separate-stderr rc-db-apply --with /dev/null --after ./bad.sql ./note.sql </dev/null
  [ "$stderr" = 'rc-db-apply: /dev/null: expected a record' ]
  [ "$(bodies)" = none ]
}

@test "--require-rows: a record without a row refuses all" {
  new_database
  add_user alice >/dev/null
  echo "update auth_user set is_active = false where username = \$1->>'user' returning username" >"$BATS_TEST_TMPDIR/off.sql"
  run -1 --separate-stderr rc-db-apply --require-rows "$BATS_TEST_TMPDIR/off.sql" <<<$'{"user":"alice"}\n{"user":"alise"}'
  [ "$output" = '{"status":"error","error":{"code":"no_row","message":"There is no row for this record."},"line":2}' ]
  [ "$stderr" = "rc-db-apply: <stdin>:2: $BATS_TEST_TMPDIR/off.sql: no row for this record" ]
  [ "$(sql 'select is_active from auth_user')" = t ]
  run -0 --separate-stderr rc-db-apply --require-rows "$BATS_TEST_TMPDIR/off.sql" <<<'{"user":"alice"}'
  [ "$(sql 'select is_active from auth_user')" = f ]
}

@test "--copy-to: records go into a table, of which the files after see all" {
  echo 'create temporary table stage (id text, name varchar(5), n integer, j jsonb) on commit drop' >make.sql
  echo 'select to_jsonb(s.*) as row from pg_temp.stage s order by id' >show.sql
  into=(rc-db-apply --before ./make.sql --copy-to '"pg_temp".stage' --after ./show.sql)
  run -0 --separate-stderr "${into[@]}" <<<'{"id":12345678901234567890,"name":"\u00e9\"","other":[],"n":null}
{"n":7,"j":{"a":[1.0]},"id":"b"}
{"n":8,"j":[],"id":"c"}'
  [ "$output" = '{"row":{"j": null, "n": null, "id": "12345678901234567890", "name": "é\""}}
{"row":{"j": {"a": [1.0]}, "n": 7, "id": "b", "name": null}}
{"row":{"j": [], "n": 8, "id": "c", "name": null}}' ]
  run -0 "${into[@]}" </dev/null
  [ "$output" = '' ]
  run -100 --separate-stderr "${into[@]}" <<<$'{"id":"a"}\n{"id":"b","n":"x"}'
  [[ $stderr == "rc-db-apply: <stdin>:2: 'n': expected a whole number, not "* ]]
  run -100 --separate-stderr "${into[@]}" --require-end-record <<<'{"id":"a"}'
  [[ $stderr == *'no end record'* && $output = '' ]]
  for wrong in --batch\ 2 --nul-field\ x --require-rows ./show.sql; do
    # shellcheck disable=SC2086 # they are words
    run -100 --separate-stderr "${into[@]}" $wrong </dev/null
    [[ ${stderr_lines[0]} == 'usage: rc-db-apply'* ]]
  done
}

@test "--problem-column: what a column can't hold is null and told there, and all else of the record is taken" {
  echo 'create temporary table stage (id text, name varchar(5), yes boolean, j jsonb, problem text) on commit drop' >make.sql
  echo "select id, name, yes, j, problem from pg_temp.stage order by id" >show.sql
  run -0 --separate-stderr rc-db-apply --before ./make.sql --copy-to '"pg_temp".stage' --problem-column problem --after ./show.sql <<<'{"id":"1","name":7,"yes":"x"}
{"id":"2","name":"longer","yes":true}
{"id":"3","name":"\u0000","problem":"mine"}
{"id":"4","j":{"a":"\ud800"},"name":"\ud800"}
{"id":{},"name":"five"}
{"id":"6","name":"six"}'
  [ "$output" = '{"id":"1","name":null,"yes":null,"j":null,"problem":"name: expected a string, not 7"}
{"id":"2","name":null,"yes":true,"j":null,"problem":"name: 6 characters are too long for varchar(5)"}
{"id":"3","name":null,"yes":null,"j":null,"problem":"name: \\u0000, which text can'"'"'t hold"}
{"id":"4","name":null,"yes":null,"j":null,"problem":"name: a lone surrogate, which is no character"}
{"id":"6","name":"six","yes":null,"j":null,"problem":null}
{"id":null,"name":"five","yes":null,"j":null,"problem":"id: expected a string, not {}"}' ]
  run -100 --separate-stderr rc-db-apply --before ./make.sql --copy-to '"pg_temp".stage' --problem-column none --after ./show.sql </dev/null
  [[ $stderr == *"has no column 'none'" ]]
  run -100 --separate-stderr rc-db-apply --copy-to none </dev/null
  [[ $stderr == *'none: no such table' ]]
}
