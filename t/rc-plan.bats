load recotem/helper

setup() {
  new_database
  cd "$BATS_TEST_TMPDIR" || return
  printf '%s\n' '{"user":"ann","id":7,"status":"would_close"}' '{"user":"bob","id":8,"status":"would_close"}' >shown
  plan=(rc-plan --command close --without id)
}

differences() { rc-say '{error.code} {record}'; }

@test "a plan has what was shown, without what is another one each time, the command and the database" {
  run -0 --separate-stderr "${plan[@]}" shown
  [ "$(head -n 1 <<<"$output" | rc-say '{v} {kind} {command} {database} {tables}')" = "1 command-plan close $(sql 'select current_database()') []" ]
  [ "$(head -n 1 <<<"$output" | rc-say '{system_identifier} {database_oid}')" = \
    "$(sql "select system_identifier || ' ' || oid from pg_control_system(), pg_database where datname = current_database()")" ]
  [ "${lines[1]}" = '{"user":"ann","status":"would_close"}' ]
  [ "${lines[3]}" = "{\"rc_end\":{\"v\":1,\"records\":3,\"sha256\":\"$(head -n 3 <<<"$output" | sha256sum | cut -d ' ' -f 1)\"}}" ]
  [ "$stderr" = '' ]
}

@test "a file is new, for its owner, and the same plan" {
  "${plan[@]}" --write file shown
  [ "$(stat -c %a file)" = 600 ]
  [ "$(sed 1d file | head -n -1)" = "$("${plan[@]}" shown | sed 1d | head -n -1)" ]
  run -100 --separate-stderr "${plan[@]}" --write file shown
  [ "$stderr" = 'rc-plan: file: exists already' ]
  run -100 "${plan[@]}" --write other <<<'{"cut'
  [ ! -e other ]
}

@test "the same records in any order are as planned, once" {
  "${plan[@]}" --write file shown
  tac shown | sed 's/"id":7/"id":9/' >again
  run -0 --separate-stderr "${plan[@]}" --apply file again
  [ "$output$stderr" = '' ]
  [ "$(rc-say '{v} {kind}' file.applied)" = '1 applied-plan' ]
  run -100 --separate-stderr "${plan[@]}" --apply file again
  [ "$stderr" = 'rc-plan: file: it was applied already, or a run of it was killed on the way: file.applied is there' ]
}

@test "no records are a plan, too" {
  "${plan[@]}" --write file </dev/null
  run -1 --separate-stderr "${plan[@]}" --apply file shown
  [ "${#lines[@]}" = 2 ]
  [ ! -e file.applied ]
  "${plan[@]}" --apply file </dev/null
}

@test "what is more, less or another one is told, each as often as it is" {
  cat shown shown >twice
  "${plan[@]}" --write file twice
  { sed 's/bob/rob/' shown && head -n 1 shown; } >now
  run -1 --separate-stderr "${plan[@]}" --apply file now
  [ "$(differences <<<"$output")" = 'not_shown {"user":"bob","status":"would_close"}
not_shown {"user":"bob","status":"would_close"}
not_planned {"user":"rob","status":"would_close"}' ]
  [ "$stderr" = '' ]
  [ ! -e file.applied ]
}

@test "rows of a plan of rc-db-apply are told by table and key; new ones are counted" {
  # shellcheck disable=SC2016 # $1 is SQL's
  sql "create table notes (id bigint generated always as identity primary key, body text); insert into notes (body) values ('a'), ('b')"
  echo "update notes set body = body || '!'" >change.sql
  echo "insert into notes (body) select 'new' from generate_series(1, (select count(*) from notes where body = 'more!') + 1)" >insert.sql
  rows() { rm -f rows && rc-db-apply --plan rows --rows-alone --watch notes ./change.sql ./insert.sql <<<'{}'; }
  rows
  "${plan[@]}" --rows rows --write file shown
  [ "$(grep -c '^{"row":{"table":"public.notes","key":{"id":[12]},"before":"[0-9a-f]*"}}$' file)" = 2 ]
  grep -qx '{"row":{"table":"public.notes","new":1}}' file
  rows
  "${plan[@]}" --rows rows --apply file shown
  rm file.applied
  sql "update notes set body = 'more' where id = 2"
  rows
  run -1 --separate-stderr "${plan[@]}" --rows rows --apply file shown
  [ "$(rc-say '{error.code} {record.row.key|} {record.row.new|}' <<<"$output")" = 'row_changed {"id":2} 
row_changed  1' ]
  sql "delete from notes where id = 2; insert into notes (body) values ('c')"
  rows
  run -1 --separate-stderr "${plan[@]}" --rows rows --apply file shown
  [[ $(rc-say '{error.code} {record.row.key|}' <<<"$output") == $'not_shown {"id":2}\nnot_planned {"id":'* ]]
}

@test "a plan of another command, call, database, kind, one that is edited or cut, and none are refused" {
  printf 'user\0ann\0' >call
  "${plan[@]}" --call call --write file shown
  run -100 --separate-stderr rc-plan --command open --call call --without id --apply file shown
  [ "$stderr" = 'rc-plan: file: a plan of another command, close' ]
  run -100 --separate-stderr "${plan[@]}" --apply file shown
  [ "$stderr" = 'rc-plan: file: a plan of another call: the options or operands are not those that it was made with' ]
  sed 's/"bob"/"rob"/' file >edited
  sed 's/"bob"/"rob"/' shown >rob
  run -100 --separate-stderr "${plan[@]}" --call call --apply edited rob
  [ "$stderr" = 'rc-plan: edited:4: the records differ from the SHA-256 in the end record' ]
  head -n 2 file >short
  run -100 --separate-stderr "${plan[@]}" --call call --apply short shown
  [[ $stderr == 'rc-plan: short: cut short'* ]]
  run -100 --separate-stderr "${plan[@]}" --call call --apply shown shown
  [ "$stderr" = 'rc-plan: shown:1: no command-plan that this version reads: expected "v":1,"kind":"command-plan"' ]
  run -100 --separate-stderr "${plan[@]}" --call call --apply none shown
  [[ $stderr == 'rc-plan: '*none*'No such file or directory' ]]
  new_database
  run -100 --separate-stderr "${plan[@]}" --call call --apply file shown
  [[ $stderr == 'rc-plan: file: not of this database: '* ]]
  [ "$(find . -name '*.applied')" = '' ]
}

@test "options that do not go together" {
  run -100 --separate-stderr rc-plan shown
  [ "${stderr_lines[-1]}" = 'rc-plan: --command is needed' ]
  run -100 --separate-stderr "${plan[@]}" --write a --apply b shown
  [ "${stderr_lines[-1]}" = 'rc-plan: --write and --apply exclude one another' ]
  run -100 --separate-stderr "${plan[@]}" --call none shown
  [ "$stderr" = 'rc-plan: cannot open none: No such file or directory' ]
}
