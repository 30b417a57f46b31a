# shellcheck disable=SC2016,SC2030,SC2031,SC2034 # $1 is SQL's; each test has an environment of its own
load recotem/helper

setup() {
  new_database
  started=()
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() { end_started; }

# notes of all sorts of values, and lines that go with them.
make_tables() {
  sql "create table notes (id bigint generated always as identity primary key, body text not null unique, n numeric, j json, jb jsonb,
      a int[], at timestamptz not null default '2026-01-01 10:00+02', f float8, b bytea, g int generated always as (1) stored);
    create table lines (note bigint not null references notes on delete cascade, no int, body text, primary key (note, no));
    insert into notes (body, n, j, jb, a, f, b) select 'b' || i, i / 3.0, E'{\"a\":\n 1}', '\"text\"', array[i, null], 'nan', '\\x00ff' from generate_series(1, 4) i;
    insert into notes (body, jb, at) values (E'nulls and \\'quotes\\' \"\\\\', 'null', '-infinity');
    insert into lines select i, k, 'x' from generate_series(1, 5) i, generate_series(1, 2) k"
  before=$(digest)
}
digest() { sql "select md5(string_agg(t, ',' order by t)) from (select (notes.*)::text from notes union all select (lines.*)::text from lines) x (t)"; }

file() { printf '%s\n' "$2" >"$1.sql"; }
# change SQL...: all of them in one transaction, with a log.
change() {
  local files=() statement
  for statement; do
    file "step${#files[@]}" "$statement"
    files+=("./step${#files[@]}.sql")
  done
  rc-db-apply --undo-log log --watch notes --watch lines "${files[@]}" <<<'{}'
}
statuses() { rc-say '{key} {status}'; }

@test "insertions, updates, deletions and what a foreign key does are taken back, to the last byte" {
  make_tables
  change "update notes set body = body || '!', a = '{}', jb = '{\"k\":[1]}', j = '1', f = 1, n = null, at = now() where id in (1, 2, 5)" \
    'delete from notes where id = 3' "insert into notes (body) values ('new')" "update notes set body = upper(body) where id = 1"
  [ "$(digest)" != "$before" ]
  run -0 --separate-stderr rc-undo --dry-run log
  [ "$(rc-tally <<<"$output")" = '{"records":7,"by":{"would_restore":7}}' ]
  [ "$(digest)" != "$before" ]
  run -0 --separate-stderr rc-undo log
  [ "$output" = '{"table":"public.notes","key":{"id":1},"status":"restored"}
{"table":"public.notes","key":{"id":2},"status":"restored"}
{"table":"public.notes","key":{"id":5},"status":"restored"}
{"table":"public.notes","key":{"id":3},"status":"restored"}
{"table":"public.notes","key":{"id":6},"status":"restored"}
{"table":"public.lines","key":{"note":3,"no":1},"status":"restored"}
{"table":"public.lines","key":{"note":3,"no":2},"status":"restored"}' ]
  [ "$stderr" = '' ]
  [ "$(digest)" = "$before" ]
}

@test "the log is a file for its owner alone, tells where it is from, and ends as a whole" {
  make_tables
  change "update notes set body = 'changed' where id = 1"
  [ "$(stat -c %a log)" = 600 ]
  [ "$(head -n 1 log | rc-say '{v} {kind} {tool} {database} {tables}')" = "1 undo-log rc-db-apply $(sql 'select current_database()') [\"public.notes\",\"public.lines\"]" ]
  [ "$(sed -n 2p log | rc-say '{step} {table} {key} {before.body} {after.body} {before.j}')" = '1 public.notes {"id":1} b1 changed {"a":\u000a 1}' ]
  [ "$(tail -n 1 log)" = "{\"rc_end\":{\"v\":1,\"records\":2,\"sha256\":\"$(head -n -1 log | sha256sum | cut -d ' ' -f 1)\"}}" ]
  [ "$(sql "select count(*) from pg_trigger where tgname like 'rc%'")$(sql "select count(*) from pg_proc where proname like 'rc%'")" = 00 ]
}

@test "undo twice: the second finds all as it was" {
  make_tables
  change 'delete from notes where id = 1' "insert into notes (body) values ('new')" "update notes set n = 0 where id = 2"
  rc-undo log >first
  run -0 --separate-stderr rc-undo log
  [ "$(rc-tally <<<"$output")" = '{"records":5,"by":{"unchanged":5}}' ]
  [ "$(digest)" = "$before" ]
}

@test "rows that others changed, deleted or put in their place are told and left alone, the rest is restored" {
  make_tables
  change "update notes set n = 0 where id < 4" 'delete from notes where id = 4' "insert into notes (body) values ('new'), ('newer')"
  sql "update notes set body = 'other' where id = 1; delete from notes where id = 2; insert into notes (id, body) overriding system value values (4, 'reused');
    update notes set body = 'mine now' where id = 6"
  run -1 --separate-stderr rc-undo log
  [ "$(statuses <<<"$output")" = '{"id":1} changed
{"id":2} missing
{"id":3} restored
{"id":4} changed
{"id":6} changed
{"id":7} restored
{"note":4,"no":1} restored
{"note":4,"no":2} restored' ]
  [ "$(sql 'select id, body, n from notes order by id')" = "1|other|0
3|b3|1.00000000000000000000
4|reused|
5|nulls and 'quotes' \"\\|
6|mine now|" ]
  run -1 --separate-stderr rc-undo --quiet log
  [ "$(statuses <<<"$output" | grep -c ' changed')" = 3 ]
}

@test "a row that was changed several times goes back to what it was at first, or nowhere" {
  make_tables
  change "update notes set n = n + 1" "update notes set n = n + 1" 'delete from notes where id = 1' "update notes set n = n - 2 where id = 2" \
    "insert into notes (body) values ('short-lived')" "delete from notes where body = 'short-lived'"
  sql "update notes set n = 7 where id = 3"
  run -1 --separate-stderr rc-undo log
  [ "$(statuses <<<"$output" | grep -v note)" = '{"id":1} restored
{"id":3} changed
{"id":4} restored' ]
}

@test "a key that was changed is taken back, with the rows that refer to it" {
  make_tables
  sql 'alter table lines drop constraint lines_note_fkey, add foreign key (note) references notes on update cascade; alter table notes alter id set generated by default'
  change 'update notes set id = id + 100 where id < 3'
  rc-undo log >report
  [ "$(digest)" = "$before" ]
}

@test "what undo changes can be taken back in turn" {
  make_tables
  change "update notes set n = 0" 'delete from lines where note = 1'
  after=$(digest)
  rc-undo --undo-log again log >report
  [ "$(digest)" = "$before" ]
  rc-undo again >report
  [ "$(digest)" = "$after" ]
}

@test "a log that was cut or edited is refused, and nothing is changed" {
  make_tables
  change "update notes set n = 0"
  after=$(digest)
  cp log whole
  for lines in 0 1 3; do
    head -n "$lines" whole >log
    run -100 --separate-stderr rc-undo log
    [[ $stderr == 'rc-undo: log: '@(empty|cut)* ]]
  done
  head -c 300 whole >log
  run -100 rc-undo log
  sed 's/"n":0,/"n":1,/' whole >log
  run -100 --separate-stderr rc-undo log
  [[ $stderr == *'log:7: the records differ from the SHA-256 in the end record' ]]
  run -100 --separate-stderr rc-undo <<<'{"v":1,"kind":"plan"}'
  [[ $stderr == *'<stdin>:1: no undo-log that this version reads'* ]]
  [ "$(digest)" = "$after" ]
}

@test "a log of another database, of a copy of the same name, and of a table of other columns are refused" {
  make_tables
  change "update notes set n = 0"
  name=$(sql 'select current_database()')
  psql -XAtq "$RC_TEST_SERVER" -c "create database copy_of template $name" -c "alter database $name rename to ${name}_old" -c "alter database copy_of rename to $name"
  run -100 --separate-stderr rc-undo log
  [ "$stderr" = 'rc-undo: log: not of this database: it is another database of the same name, such as a restored copy; --other-database goes on' ]
  DATABASE_URL=${DATABASE_URL//"$name"/"${name}_old"} run -100 --separate-stderr rc-undo log
  [[ $stderr == *'not of this database: the database has another name'* ]]
  rc-undo --other-database log >report
  [ "$(digest)" = "$before" ]
  psql -XAtq "$RC_TEST_SERVER" -c "drop database ${name}_old"
  sql 'alter table notes add column extra text'
  run -100 --separate-stderr rc-undo --other-database log
  [ "$stderr" = 'rc-undo: public.notes: the column extra came or went since the log was written' ]
}

@test "a row that a trigger makes something else is told" {
  make_tables
  change "update notes set n = 0 where id < 3"
  sql "create function stamp() returns trigger language plpgsql as 'begin new.at = now(); return new; end';
    create trigger stamp before update on notes for each row when (old.id = 1) execute function stamp()"
  run -1 --separate-stderr rc-undo log
  [ "$(statuses <<<"$output")" = '{"id":1} differs
{"id":2} restored' ]
}

@test "a constraint that objects undoes nothing at all" {
  make_tables
  change "update notes set body = 'freed' where id = 1" 'update notes set n = 0 where id = 2'
  sql "insert into notes (body) values ('b1')"
  after=$(digest)
  run -100 --separate-stderr rc-undo log
  [[ $stderr == 'rc-undo: public.notes: duplicate key value violates unique constraint'* ]]
  [ "$(digest)" = "$after" ]
}

@test "a table that is not watched, has no key, is another's or is truncated ends the change" {
  make_tables
  file delete 'delete from notes where id = 1'
  run -100 --separate-stderr rc-db-apply --undo-log log --watch notes ./delete.sql <<<'{}'
  [ "$stderr" = 'rc-db-apply: public.lines was changed, too, and is not watched, so nothing was changed; --watch public.lines' ]
  [ ! -e log ]
  file truncate 'truncate lines'
  run -100 --separate-stderr rc-db-apply --undo-log log --watch lines ./truncate.sql <<<'{}'
  [[ $stderr == *"TRUNCATE can't be taken back"* ]]
  sql 'create table bare (n int)'
  run -100 --separate-stderr rc-db-apply --undo-log log --watch bare ./delete.sql <<<'{}'
  [ "$stderr" = 'rc-db-apply: bare: it has no primary key, by which a row could be known' ]
  run -100 --separate-stderr rc-db-apply --undo-log log ./delete.sql <<<'{}'
  touch log
  run -100 --separate-stderr rc-db-apply --undo-log log --watch notes ./delete.sql <<<'{}'
  [ "$stderr" = 'rc-db-apply: log: exists already' ]
  [ "$(digest)" = "$before" ]
}

@test "a partitioned table is watched with its partitions, whichever the statement names" {
  sql "create table parts (id int primary key, v text) partition by range (id); create table low partition of parts for values from (0) to (10);
    create table high partition of parts for values from (10) to (20); insert into parts select i, 'v' from generate_series(1, 12) i"
  before=$(sql 'select string_agg(p::text, $$ $$ order by id) from parts p')
  file both "update parts set v = 'w' where id in (1, 11)"
  file low "update low set v = 'x' where id in (1, 2)"
  file move "update parts set id = 15 where id = 3"
  rc-db-apply --undo-log log --watch parts ./both.sql ./low.sql ./move.sql <<<'{}'
  run -0 rc-undo log
  [ "$(sql 'select string_agg(p::text, $$ $$ order by id) from parts p')" = "$before" ]
}

@test "where a part is watched, a statement that names the whole is refused, and one that names the part is logged" {
  sql "create table parts (id int primary key, v text) partition by range (id); create table low partition of parts for values from (0) to (10);
    insert into parts select i, 'v' from generate_series(1, 3) i; create table kin (id int primary key, v text); create table child (primary key (id), more text) inherits (kin);
    insert into child values (1, 'v', 'more')"
  local whole part
  for whole in parts kin; do
    [ $whole = parts ] && part=low || part=child
    file whole "update $whole set v = 'w' where id = 1"
    file part "update $part set v = 'w' where id = 1"
    run -100 --separate-stderr rc-db-apply --undo-log log --watch $part ./whole.sql <<<'{}'
    [[ $stderr == *"public.$whole was changed, of which only a part is watched, so nothing was changed; --watch public.$whole"* ]]
    [ ! -e log ]
    [ "$(sql "select v from $whole where id = 1")" = v ]
    rc-db-apply --undo-log log --watch $part ./part.sql <<<'{}'
    run -0 rc-undo log
    [ "$(statuses <<<"$output")" = '{"id":1} restored' ]
    rm log
  done
  # the rows of a child have columns that would be lost
  file delete 'delete from kin'
  run -100 --separate-stderr rc-db-apply --undo-log log --watch kin ./delete.sql <<<'{}'
  [ "$stderr" = "rc-db-apply: kin: other tables inherit from it, and their rows can't be told from its own" ]
}

@test "who has no --watch is not told to give it" {
  sql "create table seen (n int); create table items (id int primary key, v text);
    create function see() returns trigger language plpgsql as 'begin insert into seen values (1); return new; end';
    create trigger see after insert on items for each row execute function see()"
  run -100 --separate-stderr rc-import-rows --table items --undo-log log <<<'{"id":1,"v":"a"}'
  [ "$stderr" = 'rc-import-rows: public.seen was changed, too, and is not watched, so nothing was changed' ]
  [ "$(sql 'select count(*) from items')" = 0 ]
}

@test "a table and its partition may be named together, and a table twice" {
  sql "create table parts (id int primary key, v text) partition by range (id); create table low partition of parts for values from (0) to (10);
    insert into parts select i, 'v' from generate_series(1, 3) i"
  before=$(sql 'select string_agg(p::text, $$ $$ order by id) from parts p')
  file whole "update parts set v = 'w' where id = 1"
  file part "update low set v = 'w' where id = 2"
  for tables in '--watch low --watch parts --watch low' '--watch parts --watch low --watch parts'; do
    # shellcheck disable=SC2086 # words
    rc-db-apply --undo-log log $tables ./whole.sql ./part.sql <<<'{}'
    [ "$(wc -l <log)" = 4 ]
    run -0 rc-undo log
    [ "$(sql 'select string_agg(p::text, $$ $$ order by id) from parts p')" = "$before" ]
    rm log
  done
}

@test "a role for which triggers do not fire is logged all the same" {
  make_tables
  sql "do \$\$ begin execute format('alter database %I set session_replication_role = replica', current_database()); end \$\$"
  change 'update notes set n = 7'
  [ "$(wc -l <log)" = 7 ]
  file update 'update notes set n = 8'
  rc-db-apply --plan plan --watch notes ./update.sql <<<'{}'
  [ "$(wc -l <plan)" = 7 ]
  run -0 rc-undo log
  [ "$(digest)" = "$before" ]
}

@test "a change that switches triggers off, and one that truncates or rewrites a table besides, are refused" {
  make_tables
  sql "create table other (id int primary key); insert into other values (1)"
  run -100 --separate-stderr change 'alter table notes disable trigger all' 'update notes set n = 7' 'alter table notes enable trigger all'
  [ "$stderr" = 'rc-db-apply: the change has switched off the triggers of a table that is watched, so what it did is not known, and nothing was changed' ]
  local statement
  for statement in 'truncate other' 'alter table other alter id type bigint'; do
    run -100 --separate-stderr change "$statement" 'update notes set n = 7'
    [ "$stderr" = "rc-db-apply: public.other was truncated or written anew, which can't be taken back, so nothing was changed" ]
  done
  change 'alter table other add column v int' 'update notes set n = 7' # what leaves its rows as they are
  run -0 rc-undo log
  [ "$(digest)" = "$before" ]
}

@test "the file of a log is none that has another meaning" {
  make_tables
  file update 'update notes set n = 8'
  run -100 --separate-stderr rc-db-apply --undo-log - --watch notes ./update.sql <<<'{}'
  [ "$stderr" = "rc-db-apply: -: the name of a new file is needed, and this is standard output's" ]
  run -100 rc-db-apply --plan - --watch notes ./update.sql <<<'{}'
  [ ! -e - ]
  [ "$(digest)" = "$before" ]
}

@test "names in quotes, keys of several columns and of types that are not the server's own" {
  sql "create type mood as enum ('sad', 'glad'); create schema \"Odd\";
    create table \"Odd\".\"My Table\" (\"The Key\" mood, day date, \"a\"\"b\" point, primary key (\"The Key\", day));
    insert into \"Odd\".\"My Table\" values ('sad', '2026-01-31', '(1,2)'), ('glad', '2026-01-31', null)"
  before=$(sql 'select string_agg(t::text, $$ $$ order by t::text) from "Odd"."My Table" t')
  sql "do \$\$ begin execute format('alter database %I set datestyle = ''SQL, DMY''', current_database()); end \$\$"
  file update "update \"Odd\".\"My Table\" set \"a\"\"b\" = '(3,4)', day = '2026-02-03'"
  rc-db-apply --undo-log log --watch 'Odd.My Table' ./update.sql <<<'{}'
  run -0 rc-undo log
  [ "$(sql 'set datestyle = iso; select string_agg(t::text, $$ $$ order by t::text) from "Odd"."My Table" t')" = "$before" ]
}

@test "the rows that rc-import-rows and rc-owner-assign change are taken back" {
  make_tables
  for mode in upsert sync; do
    printf '%s\n' '{"id":1,"body":"imported"}' '{"id":77,"body":"new"}' |
      rc-import-rows --table notes --mode "$mode" --undo-log "log-$mode" >counts
    [ "$(digest)" != "$before" ]
    rc-undo "log-$mode" >report
    [ "$(digest)" = "$before" ]
  done
  echo '{"body":"copied"}' | rc-import-rows --table notes --undo-log log-insert >counts
  rc-undo log-insert >report
  [ "$(digest)" = "$before" ]
  alice=$(add_user alice)
  add_project one null
  add_project two "$alice"
  owned=$(sql 'select string_agg(p::text, $$ $$ order by id) from api_project p')
  printf '%s\n' '{"table":"api_project","column":"owner_id","label":"Project"}' |
    RC_SQL=$(rc_share)/sql/recotem rc-owner-assign --user alice --owner-sql user-by-name.sql --undo-log log-owner >report
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 0 ]
  run -0 rc-undo log-owner
  [ "$(sql 'select string_agg(p::text, $$ $$ order by id) from api_project p')" = "$owned" ]
}

@test "kill -9 at any moment: what is left of the log is refused, or takes the change back" {
  make_tables
  sql "insert into notes (body, n) select 'more' || i, i from generate_series(1, 300) i"
  before=$(digest)
  file all 'update notes set n = 0, a = array[1]'
  took=$(milliseconds_of rc-db-apply --undo-log log-0 --watch notes ./all.sql <<<'{}')
  rc-undo log-0 >report
  [ "$(digest)" = "$before" ]
  random_rounds 12
  for i in "${rounds[@]}"; do
    rc-db-apply --undo-log "log-$i" --watch notes ./all.sql <<<'{}' 3>&- &
    pid=$!
    random_moment "$took"
    kill -9 "$pid" 2>/dev/null || :
    wait "$pid" || :
    wait_until_session_gone
    changed=no
    [ "$(digest)" = "$before" ] || changed=yes
    code=0
    rc-undo "log-$i" >report 2>err || code=$?
    case $changed-$code in yes-0 | no-0 | no-100) ;; *) echo "$changed $code $(cat err)"; false ;; esac
    [ "$(digest)" = "$before" ]
    [ "$changed" = yes ] || [ "$code" = 100 ] || [ "$(rc-tally --count status=unchanged report)" = "$(rc-tally --count status report)" ]
  done
}

@test "kill -9 just before COMMIT leaves a whole log of a change that did not take place" {
  make_tables
  start_proxy before
  file all 'update notes set n = 0'
  DATABASE_URL=$proxied run -111 rc-db-apply --undo-log log --watch notes ./all.sql <<<'{}'
  [ ! -e log ] # the server says that nothing was changed
  run -137 killed_at_commit rc-db-apply --undo-log log --watch notes ./all.sql <<<'{}'
  wait_until_session_gone
  [ "$(digest)" = "$before" ]
  run -0 --separate-stderr rc-undo log
  [ "$(rc-tally <<<"$output")" = '{"records":5,"by":{"unchanged":5}}' ]
}
