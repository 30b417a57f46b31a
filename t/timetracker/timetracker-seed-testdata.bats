# shellcheck disable=SC2034 # the helper uses started
load ../helper

setup() { new_database timetracker; started=(); }
teardown() { end_started; }

first='Tworzenie danych testowych...
Utworzono User: test@example.com
Utworzono Employee: test@example.com
Utworzono TaskCache: Zadanie 1
Utworzono TaskCache: Zadanie 2
Utworzono TaskCache: Zadanie 3
Utworzono TaskCache: Zadanie 4
Utworzono TaskCache: Zadanie 5

=== Dane testowe utworzone ===
Email: test@example.com
Hasło: testpass123'
second='Tworzenie danych testowych...
User już istnieje: test@example.com
Employee już istnieje: test@example.com

=== Dane testowe utworzone ===
Email: test@example.com
Hasło: testpass123'

# All rows of the four tables, as text.
rows() {
  sql 'select to_jsonb(u) from auth_user u order by id; select to_jsonb(e) from employee e order by id;
    select to_jsonb(t) from task_cache t order by id; select to_jsonb(e) from time_entry e order by id'
}
counts() {
  sql 'select (select count(*) from auth_user), (select count(*) from employee), (select count(*) from task_cache),
    (select count(*) from time_entry)'
}
add_employee() { # NAME EMAIL
  sql "insert into employee (email, is_active, daily_norm_minutes, created_at, updated_at, user_id)
    values ('$2', true, 480, now(), now(), $(add_user "$1")) returning id"
}

@test "the first run makes all, the second says that it is there and changes nothing" {
  run -0 --separate-stderr timetracker-seed-testdata
  [ "$output" = "$first" ]
  [ "$stderr" = '' ]
  [ "$(counts)" = '1|1|5|6' ]
  before=$(rows)
  run -0 --separate-stderr timetracker-seed-testdata
  [ "$output" = "$second" ]
  [ "$(rows)" = "$before" ]
}

@test "every column is as Django writes it" {
  real_tree
  before=$(date +%s)
  timetracker-seed-testdata
  [ "$(sql "select (to_jsonb(u) - 'id' - 'password' - 'date_joined')::text from auth_user u")" = \
    '{"email": "test@example.com", "is_staff": false, "username": "test@example.com", "is_active": true, "last_name": "", "first_name": "", "last_login": null, "is_superuser": false}' ]
  [ "$(sql "select password ~ '^pbkdf2_sha256\\\$1200000\\\$[a-zA-Z0-9]{22}\\\$[A-Za-z0-9+/]{43}=\$' and length(password) = 89 from auth_user")" = t ]
  rc-record-make plain=testpass123 "hash=$(sql 'select password from auth_user')" |
    rc-password-hash --check --from plain --to hash --django 6.0 | grep -q '"ok"'
  [ "$(sql "select (to_jsonb(e) - 'id' - 'user_id' - 'created_at' - 'updated_at')::text, user_id = u.id from employee e, auth_user u")" = \
    '{"email": "test@example.com", "is_active": true, "daily_norm_minutes": 480}|t' ]
  [ "$(sql "select external_id, display_name, search_text, project_phase, department, discipline, is_active,
      num_nulls(account, project, phase, task_type, fields_json) from task_cache order by external_id")" = \
    'TASK-1|Zadanie 1|zadanie 1|Phase 2|Development|Backend|t|5
TASK-2|Zadanie 2|zadanie 2|Phase 1|IT|Backend|t|5
TASK-3|Zadanie 3|zadanie 3|Phase 2|Development|Backend|t|5
TASK-4|Zadanie 4|zadanie 4|Phase 1|IT|Backend|t|5
TASK-5|Zadanie 5|zadanie 5|Phase 2|Development|Backend|t|5' ]
  [ "$(sql "select (now() at time zone 'Europe/Warsaw')::date - work_date, external_id, duration_minutes_raw, hours_decimal
      from time_entry join task_cache t on t.id = task_id order by 1, 2")" = \
    '0|TASK-1|200|3.50
0|TASK-2|260|4.50
1|TASK-1|200|3.50
1|TASK-2|260|4.50
2|TASK-1|200|3.50
2|TASK-2|260|4.50' ]
  [ "$(sql "select bool_and(t between to_timestamp($before) and now()) from (select date_joined from auth_user union all
    select created_at from employee union all select updated_at from employee union all select synced_at from task_cache
    union all select created_at from time_entry union all select updated_at from time_entry) as x (t)")" = t ]
  [ "$(sql 'select count(*) from outbox_job')" = 0 ]
}

@test "a run on the next day adds two entries; what was edited stays" {
  timetracker-seed-testdata
  sql "update time_entry set work_date = work_date - 1000; update time_entry set work_date = work_date + 999"
  sql "update time_entry set duration_minutes_raw = 61 where id = 1;
    update task_cache set display_name = 'mine' where external_id = 'TASK-3'"
  before=$(rows)
  run -0 timetracker-seed-testdata
  [ "$output" = "$second" ]
  [ "$(counts)" = '1|1|5|8' ]
  [ "$(rows | head -n 13)" = "$before" ]
}

@test "one that upstream left without a password is taken as it is" {
  add_user test@example.com
  run -0 timetracker-seed-testdata
  [ "${lines[1]}" = 'User już istnieje: test@example.com' ]
  [ "${lines[2]}" = 'Utworzono Employee: test@example.com' ]
  [ "$(sql 'select password from auth_user')" = '!' ]
}

@test "a dry run tells of all and leaves nothing" {
  run -0 --separate-stderr timetracker-seed-testdata --dry-run
  [ "${lines[0]}" = 'Would create User: test@example.com' ]
  [ "$(grep -c '^Would create TimeEntry' <<<"$output")" = 6 ]
  [ "${lines[-1]}" = 'Dry run complete. No changes made.' ]
  [ "$(counts)" = '0|0|0|0' ]
  [ "$(sql "select to_regnamespace('rc') is null")" = t ]
}

@test "--remove takes away what was made and nothing else" {
  other=$(add_employee other other@example.com)
  sql "insert into task_cache (external_id, is_active, display_name, search_text, synced_at) values ('TASK-5', true, 'old', 'old', now())"
  before=$(rows)
  timetracker-seed-testdata
  sql "update time_entry set duration_minutes_raw = 61 where task_id = 2"
  run -0 --separate-stderr timetracker-seed-testdata --remove --dry-run
  [ "$(grep -c '^Would remove' <<<"$output")" = 12 ]
  [ "$(counts)" = '2|2|5|6' ]
  run -1 timetracker-seed-testdata --remove --yes
  [[ $output == *'what:         take the test data away again'* ]]
  [ "$(counts)" = '2|2|5|6' ]
  confirm_destruction
  run -0 --separate-stderr timetracker-seed-testdata --remove
  [ "$(grep -c '^Removed' <<<"$output")" = 12 ]
  [ "$(rows)" = "$before" ]
  [ "$(sql 'select count(*) from rc.seeded')" = 0 ]
  run -0 --separate-stderr timetracker-seed-testdata --remove
  [ "$output" = 'Nothing to remove.' ]
  [ "$other" ]
}

@test "--remove is refused where others have added to it, and leaves all" {
  timetracker-seed-testdata
  other=$(add_employee other other@example.com)
  sql "insert into time_entry (work_date, duration_minutes_raw, hours_decimal, created_at, updated_at, employee_id, task_id)
    select '2026-01-01', 60, 1, now(), now(), $other, id from task_cache where external_id = 'TASK-1'"
  before=$(rows)
  run -1 --separate-stderr timetracker-seed-testdata --remove
  [ "$stderr" = "timetracker-seed-testdata: 'TASK-1' is in use: 1 row(s) of time_entry that were not made here refer to it. Nothing was removed." ]
  [ "$(rows)" = "$before" ]
  sql "delete from time_entry where employee_id = $other; insert into auth_token (token_hash, purpose, expires_at, created_at, employee_id)
    select 'x', 'RESET', now(), now(), id from employee where email = 'test@example.com'"
  run -1 --separate-stderr timetracker-seed-testdata --remove
  [[ $stderr == *"'test@example.com' is in use: 1 row(s) of auth_token"* ]]
  [ "$(counts)" = '2|2|5|6' ]
}

@test "a row of the same number that came later is not removed" {
  timetracker-seed-testdata
  sql "delete from time_entry; delete from task_cache; insert into task_cache (id, external_id, is_active, display_name, search_text, synced_at)
    values (1, 'OTHER', true, 'x', 'x', now())"
  confirm_destruction
  run -0 timetracker-seed-testdata --remove
  [ "$(counts)" = '0|0|1|0' ]
}

@test "the email of another user's employee is a refusal, and nothing is made" {
  add_employee other test@example.com
  run -1 --separate-stderr timetracker-seed-testdata
  [ "$stderr" = "timetracker-seed-testdata: The email 'test@example.com' is that of another user's employee." ]
  [ "$output" = '' ]
  [ "$(counts)" = '1|1|0|0' ]
}

@test "a row that a trigger keeps out is a refusal, and one that it keeps is" {
  sql "create function nothing() returns trigger language plpgsql as 'begin return null; end'"
  for table in auth_user employee task_cache time_entry; do
    sql "create trigger keep before insert on $table for each row execute function nothing()"
    run -1 --separate-stderr timetracker-seed-testdata
    [[ $stderr == *' was not written: the database kept the row out.' ]] || { echo "$table: $stderr"; false; }
    [ "$(counts)" = '0|0|0|0' ]
    sql "drop trigger keep on $table"
  done
  timetracker-seed-testdata
  sql 'create trigger keep before delete on time_entry for each row execute function nothing()'
  run -1 --separate-stderr timetracker-seed-testdata --remove
  [[ $stderr == *" was not removed: the database kept the row." ]]
  [ "$(counts)" = '1|1|5|6' ]
}

@test "a database that is not in UTF8 takes it" {
  sql "create database latin encoding latin2 locale 'C' template template0"
  DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//latin?}
  psql -Xq "$DATABASE_URL" -v ON_ERROR_STOP=1 -f "$(rc_share)/sql/timetracker/schema.sql"
  run -0 timetracker-seed-testdata
  [ "$output" = "$first" ]
  sql_files=$(LC_ALL=C grep -lP '[^\x00-\x7f]' "$(rc_share)"/sql/timetracker/*.sql || :)
  [ "$sql_files" = '' ]
}

@test "two at once: the second waits, and finds all there" {
  hold "select pg_advisory_xact_lock(hashtext('timetracker testdata'))"
  start timetracker-seed-testdata
  wait_until_blocked
  tell_holder commit
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(counts)" = '1|1|5|6' ]
}

@test "upstream's spelling works, and --json has a record for each" {
  run -0 rc-manage timetracker seed_testdata --json
  [ "$(rc-tally --by kind <<<"$output")" = '{"records":14,"by":{"User":1,"Employee":1,"TaskCache":5,"TimeEntry":6},"missing":1}' ]
  [[ ${lines[-1]} == *'"scanned":13,"changed":13,'* ]]
}
