# shellcheck disable=SC2016,SC2030,SC2031,SC2034 # $1 is SQL's; each test has an environment of its own
# rc-db-apply --plan and --apply.
load recotem/helper

setup() {
  new_database
  cd "$BATS_TEST_TMPDIR" || return
  sql "create table notes (id bigint generated always as identity primary key, body text not null, tags text[], at timestamptz default now());
    insert into notes (body, tags) select 'b' || i, array['x', null] from generate_series(1, 4) i"
  file change "update notes set body = body || '!', at = clock_timestamp() where id <= (\$1->>'n')::int"
  file insert "insert into notes (body) values ('new') returning id"
  echo '{"n":2}' >records
  sql "do \$\$ begin execute format('alter database %I set datestyle = ''SQL, DMY''', current_database()); end \$\$"
  before=$(all)
}

file() { printf '%s\n' "$2" >"$1.sql"; }
all() { sql 'select string_agg((notes.*)::text, $$ $$ order by id) from notes'; }
bodies() { sql 'select string_agg(body, $$,$$ order by id) from notes'; }
plan() { rc-db-apply --plan plan --watch notes ./change.sql ./insert.sql records; }
apply() { rc-db-apply --apply plan "$@" ./change.sql ./insert.sql records; }
refusals() { rc-say '{error.code} {key}' "$@" | sort; } # the rows of one statement come in any order

@test "a plan changes nothing and tells which rows would change, with digests and no values; applied, that is what happens" {
  run -0 --separate-stderr plan
  [ "$(all)" = "$before" ]
  [ "$(head -n 1 plan | rc-say '{v} {kind} {tool} {tables}')" = '1 plan rc-db-apply ["public.notes"]' ]
  [ "$(sed '1d;$d' plan | sed -E 's/"[0-9a-f]{64}"/HEX/g' | sort)" = '{"step":1,"table":"public.notes","key":{"id":1},"before":HEX,"after":HEX}
{"step":1,"table":"public.notes","key":{"id":2},"before":HEX,"after":HEX}
{"step":2,"table":"public.notes","key":{"id":5},"before":null,"after":HEX}' ]
  run -0 --separate-stderr apply
  [ "$output$stderr" = '{"id":6}' ]
  [ "$(bodies)" = 'b1!,b2!,b3,b4,new' ]
}

@test "a plan is applied once, even one that only inserts" {
  plan
  apply
  run -100 --separate-stderr apply
  [ "$stderr" = 'rc-db-apply: plan: it was applied already, or a run of it was killed on the way: plan.applied is there' ]
  rm plan.applied
  run -1 --separate-stderr apply
  [ "$(refusals <<<"$output")" = 'row_changed {"id":1}
row_changed {"id":2}' ]
  [ "$(bodies)" = 'b1!,b2!,b3,b4,new' ]
  rc-db-apply --plan plan2 --watch notes ./insert.sql records
  rc-db-apply --apply plan2 ./insert.sql records
  run -100 rc-db-apply --apply plan2 ./insert.sql records
  # not through a link to it either
  mkdir elsewhere
  ln -s ../plan2 elsewhere/link
  run -100 --separate-stderr rc-db-apply --apply elsewhere/link ./insert.sql records
  [[ $stderr == "rc-db-apply: elsewhere/link: it was applied already, or a run of it was killed on the way: $PWD/plan2.applied is there" ]]
  rc-db-apply --plan plan3 --watch notes ./insert.sql records
  ln -s plan3 link
  rc-db-apply --apply link ./insert.sql records
  [ -e plan3.applied ]
  [ ! -e link.applied ]
}

@test "after one row was changed, or all were, or one is gone, they are listed, nothing is changed, and the plan is not used up" {
  plan
  sql "update notes set tags = '{}' where id = 1"
  run -1 --separate-stderr apply
  [ "$output" = '{"status":"error","error":{"code":"row_changed","message":"the row was changed since the plan was made"},"table":"public.notes","key":{"id":1}}' ]
  sql "update notes set body = 'other'; delete from notes where id = 2"
  run -1 --separate-stderr apply
  [ "$(refusals <<<"$output")" = 'row_changed {"id":1}
row_missing {"id":2}' ]
  [ "$(bodies)" = 'other,other,other' ]
  [ ! -e plan.applied ]
}

@test "a row that someone changes while it is applied is waited for, and refused" {
  plan
  started=()
  hold "update notes set body = 'theirs' where id = 2"
  apply >out 2>err 3>&- &
  pid=$!
  wait_until_blocked
  tell_holder commit
  code=0
  wait "$pid" || code=$?
  [ "$code" = 1 ]
  [ "$(refusals out)" = 'row_changed {"id":2}' ]
}

@test "rows that would change besides, or no more, and other numbers of new ones are refused" {
  file match "update notes set body = body || '!' where body like 'b%'"
  file some "insert into notes (body) select 'more' from generate_series(1, (select count(*) from notes where tags is null) + 1)"
  rc-db-apply --plan plan --watch notes ./match.sql ./some.sql records
  sql "insert into notes (body) values ('b5')"
  run -1 --separate-stderr rc-db-apply --apply plan ./match.sql ./some.sql records
  [ "$(rc-say '{error.code} {key} {error.message}' <<<"$output")" = 'not_planned {"id":6} the change is not in the plan
insertions_differ {} 1 new rows are planned, but there would be 2' ]
  sql "delete from notes where id > 4; create rule keep as on update to notes where old.id = 4 do instead nothing"
  run -1 --separate-stderr rc-db-apply --apply plan ./match.sql ./some.sql records
  [ "$(refusals <<<"$output")" = 'not_done {"id":4}' ]
}

@test "other statements, other records, another database of the same name, and an edited plan are refused" {
  plan
  echo '{"n":1}' >other
  run -100 --separate-stderr rc-db-apply --apply plan ./change.sql ./insert.sql other
  [[ $stderr == 'rc-db-apply: plan: a plan of another change'* ]]
  run -100 --separate-stderr rc-db-apply --apply plan ./change.sql records
  [[ $stderr == 'rc-db-apply: plan: a plan of another change'* ]]
  sed 's/"id":1/"id":3/' plan >edited
  run -100 --separate-stderr rc-db-apply --apply edited ./change.sql ./insert.sql records
  [ "$stderr" = 'rc-db-apply: edited:5: the records differ from the SHA-256 in the end record' ]
  head -n 3 plan >short
  run -100 --separate-stderr rc-db-apply --apply short ./change.sql ./insert.sql records
  [[ $stderr == 'rc-db-apply: short: cut short'* ]]
  name=$(sql 'select current_database()')
  psql -XAtq "$RC_TEST_SERVER" -c "alter database $name rename to ${name}_old" -c "create database $name template ${name}_old"
  run -100 --separate-stderr apply
  [ "$stderr" = 'rc-db-apply: plan: not of this database: it is another database of the same name, such as a restored copy' ]
  psql -XAtq "$RC_TEST_SERVER" -c "drop database ${name}_old"
  [ "$(bodies)" = b1,b2,b3,b4 ]
}

@test "plan, apply and undo leave the database as it was" {
  plan
  apply --undo-log log
  [ "$(all)" != "$before" ]
  rc-undo log >report
  [ "$(all)" = "$before" ]
}

@test "kill -9 just before COMMIT: nothing was changed, and the plan is held to be applied until its mark is removed" {
  plan
  run -137 killed_at_commit rc-db-apply --apply plan ./change.sql ./insert.sql records
  wait_until "select not exists (select from pg_stat_activity where application_name like 'rc-%' and datname = current_database())"
  [ "$(all)" = "$before" ]
  run -100 apply
  rm plan.applied
  apply
}

@test "a row that the change makes and goes on to change is a new one, whatever number it gets" {
  file more "update notes set body = body || '?' where body in ('new', 'b1')"
  rc-db-apply --plan plan --watch notes ./insert.sql ./more.sql records
  [ "$(sed '1d;$d' plan | rc-say '{step} {key}' | wc -l)" = 2 ]
  sql "select nextval('notes_id_seq')"
  run -0 --separate-stderr rc-db-apply --apply plan --undo-log log ./insert.sql ./more.sql records
  [ "$(bodies)" = 'b1?,b2,b3,b4,new?' ]
  rc-undo log >/dev/null
  [ "$(all)" = "$before" ]
}

@test "a row that is changed twice, in between to what no plan can foresee, is as planned where it was as planned at first" {
  file twice "update notes set body = clock_timestamp()::text where id < 3"
  rc-db-apply --plan plan --watch notes ./twice.sql ./change.sql records
  cp plan again
  run -0 --separate-stderr rc-db-apply --apply plan ./twice.sql ./change.sql records
  run -1 --separate-stderr rc-db-apply --apply again ./twice.sql ./change.sql records
  [ "$(refusals <<<"$output")" = 'row_changed {"id":1}
row_changed {"id":2}' ]
}

@test "a deleted row, one whose key was changed, and one that someone else deletes" {
  file drop "delete from notes where id = 1"
  sql 'alter table notes alter id set generated by default'
  file rename "update notes set id = id + 10 where id = 2"
  rc-db-apply --plan plan --watch notes ./drop.sql ./rename.sql records
  sql 'create rule keep as on delete to notes where old.id = 1 do instead nothing'
  run -1 --separate-stderr rc-db-apply --apply plan ./drop.sql ./rename.sql records
  [ "$(refusals <<<"$output")" = 'not_done {"id":1}' ]
  sql 'drop rule keep on notes'
  sql 'delete from notes where id = 2'
  run -1 --separate-stderr rc-db-apply --apply plan ./drop.sql ./rename.sql records
  [ "$(refusals <<<"$output")" = 'row_missing {"id":2}' ]
  sql "insert into notes (id, body) values (2, 'b2')"
  run -1 --separate-stderr rc-db-apply --apply plan ./drop.sql ./rename.sql records
  [ "$(refusals <<<"$output")" = 'row_changed {"id":2}' ]
  sql "update notes set tags = array['x', null], at = (select at from notes where id = 1) where id = 2"
  rc-db-apply --apply plan ./drop.sql ./rename.sql records
  [ "$(sql 'select string_agg(id::text, $$,$$ order by id) from notes')" = '3,4,12' ]
}

@test "of the rows alone, a plan holds whatever the statements and records are, and still refuses other rows" {
  rc-db-apply --plan plan --rows-alone --watch notes ./change.sql ./insert.sql records
  [ "$(head -n 1 plan | rc-say '{change}')" = null ]
  echo '{"n":2,"salt":"other"}' >other
  file same "update notes set body = body || (\$1->>'salt') where id < 3"
  cp plan again
  run -0 --separate-stderr rc-db-apply --apply plan ./same.sql ./insert.sql other
  [ "$(bodies)" = 'b1other,b2other,b3,b4,new' ]
  run -1 --separate-stderr rc-db-apply --apply again ./same.sql ./insert.sql other
  [ "$(refusals <<<"$output")" = 'row_changed {"id":1}
row_changed {"id":2}' ]
  run -100 --separate-stderr rc-db-apply --dry-run --rows-alone ./change.sql records
  [ "${stderr_lines[-1]}" = 'rc-db-apply: --rows-alone goes with --plan' ]
}

@test "a table that the change makes is watched by a name that is not there yet: all its rows are new" {
  file make 'do $$ begin create table if not exists made (id int primary key, body text); end $$'
  file fill "insert into made select i, 'm' from generate_series(1, 3) i on conflict do nothing returning id"
  rc-db-apply --plan plan --watch notes --watch public.made --before ./make.sql ./change.sql ./fill.sql records
  [ "$(sql "select to_regclass('made') is null")" = t ]
  [ "$(sed '1d;$d' plan | rc-say '{table} {key}' | tail -n 3)" = 'public.made {"id":1}
public.made {"id":2}
public.made {"id":3}' ]
  run -0 --separate-stderr rc-db-apply --apply plan --undo-log log --before ./make.sql ./change.sql ./fill.sql records
  [ "$(sql 'select count(*) from made')" = 3 ]
  rc-undo log >/dev/null
  [ "$(sql 'select count(*) from made')|$(all)" = "0|$before" ]
  sql 'drop table made'
  run -100 --separate-stderr rc-db-apply --undo-log log2 --watch notes --watch nots ./change.sql records
  [ "$stderr" = 'rc-db-apply: nots: no such table' ]
  rc-db-apply --plan plan2 --rows-alone --watch notes --watch public.made --before ./make.sql ./change.sql ./fill.sql records
  file fill "insert into made select 9, 'x'"
  run -1 --separate-stderr rc-db-apply --apply plan2 --before ./make.sql ./change.sql ./fill.sql records
  [ "$(rc-say '{error.code} {table} {error.message}' <<<"$output")" = 'insertions_differ public.made 3 new rows are planned, but there would be 1' ]
  [ "$(sql "select to_regclass('made') is null")|$(all)" = "t|$before" ]
}
