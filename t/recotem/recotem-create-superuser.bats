# shellcheck disable=SC2016,SC2030,SC2031 # $ is a hash's; each test has an environment of its own
load helper

setup() {
  new_database
  unset DEFAULT_ADMIN_PASSWORD DEFAULT_ADMIN_PASSWORD_FILE CREDENTIALS_DIRECTORY
  started=()
}

teardown() { end_started; }

usage='usage: recotem-create-superuser [--dry-run] [--json]'
made='No user found. Create an administrative user with username "admin".'
empty='f|f' # no user, no token

# Whether there are users, and tokens.
any() { sql 'select exists (select from auth_user), exists (select from authtoken_token)'; }

# password_fits NAME PASSWORD: by the hash that the user's row has.
password_fits() {
  rc-record-make "plain=$2" "hash=$(sql "select password from auth_user where username = '$1'")" |
    rc-password-hash --check --from plain --to hash | rc-say '{status}' | grep -qx ok
}

# The password of the line that tells it; fails where the line has another form.
told() {
  [[ $1 =~ ^'No user found. Create an administrative user with username "admin" and password "'([A-Za-z0-9]{12})'".'$ ]] || return
  printf '%s\n' "${BASH_REMATCH[1]}"
}

# $through leads through a proxy.
proxy() {
  start_proxy "$1"
  through=$proxied
}

# ---- facts/recotem.md, row by row ----

@test "no user and no password set: one line with a password of 12 letters and digits, 0, and it is right" {
  recotem-create-superuser >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" = 1 ]
  password=$(told "$(cat "$BATS_TEST_TMPDIR/out")")
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
  [ "$(sql 'select count(*) from auth_user')|$(sql 'select count(*) from authtoken_token')" = '1|1' ]
  password_fits admin "$password"
}

@test "no user and a password set: the line without it, 0, and it is right" {
  DEFAULT_ADMIN_PASSWORD='c0rrect horse' recotem-create-superuser >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  printf '%s\n' "$made" | cmp - "$BATS_TEST_TMPDIR/out"
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
  [ "$(sql 'select count(*) from auth_user')|$(sql 'select count(*) from authtoken_token')" = '1|1' ]
  password_fits admin 'c0rrect horse'
}

@test "every column is as Django writes it" {
  real_tree
  before=$(date +%s)
  DEFAULT_ADMIN_PASSWORD=x run -0 recotem-create-superuser
  [ "$(sql "select (to_jsonb(u) - 'id' - 'password' - 'date_joined')::text from auth_user u")" = \
    '{"email": "", "is_staff": true, "username": "admin", "is_active": true, "last_name": "", "first_name": "", "last_login": null, "is_superuser": true}' ]
  [[ $(sql 'select password from auth_user') =~ ^pbkdf2_sha256\$870000\$[a-zA-Z0-9]{22}\$[A-Za-z0-9+/]{43}=$ ]]
  [[ $(sql 'select key from authtoken_token') =~ ^[0-9a-f]{40}$ ]]
  [ "$(sql 'select user_id = id from auth_user, authtoken_token')" = t ]
  [ "$(sql "select date_joined between to_timestamp($before) and now(), created between date_joined and now() from auth_user, authtoken_token")" = 't|t' ]
  # microseconds: neither is a whole millisecond, but for once in a million runs
  [ "$(sql "select extract(microseconds from date_joined)::int % 1000 <> 0 or extract(microseconds from created)::int % 1000 <> 0
    from auth_user, authtoken_token")" = t ]
}

@test "any user at all, whatever the name: nothing is printed, 0, no rows" {
  add_user bob
  before=$(sql 'select to_jsonb(u) from auth_user u')
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -0 --separate-stderr recotem-create-superuser $dry
    [ "$output$stderr" = '' ]
  done
  DEFAULT_ADMIN_PASSWORD=x run -0 --separate-stderr recotem-create-superuser
  [ "$output$stderr" = '' ]
  [ "$(sql 'select to_jsonb(u) from auth_user u')" = "$before" ]
  [ "$(any)" = 't|f' ]
}

@test "a second run has nothing to do" {
  run -0 recotem-create-superuser
  before=$(sql 'select to_jsonb(u), to_jsonb(t) from auth_user u, authtoken_token t')
  run -0 --separate-stderr recotem-create-superuser
  [ "$output$stderr" = '' ]
  [ "$(sql 'select to_jsonb(u), to_jsonb(t) from auth_user u, authtoken_token t')" = "$before" ]
}

@test "DIFFERENCE: a password that is set but empty is refused, by --dry-run too" {
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    DEFAULT_ADMIN_PASSWORD='' run -1 --separate-stderr recotem-create-superuser $dry
    [ "$output" = '' ]
    [[ ${stderr_lines[0]} == *'DEFAULT_ADMIN_PASSWORD: the secret is empty' ]]
  done
  [ "$(any)" = "$empty" ]
}

@test "DIFFERENCE: user and token are one transaction" {
  sql 'create function refuse() returns trigger language plpgsql as $$ begin raise exception $m$not today$m$; end $$;
    create trigger refuse before insert on authtoken_token for each row execute function refuse()'
  run -1 --separate-stderr recotem-create-superuser
  [ "$output" = '' ]
  [[ $stderr == *'token-insert.sql: not today (P0001)' ]]
  [ "$(any)" = "$empty" ]
}

@test "DIFFERENCE: a password made here is not printed where the insert fails" {
  sql 'alter table auth_user add constraint never check (username = $$nobody$$)'
  run -1 --separate-stderr recotem-create-superuser
  [ "$output" = '' ]
  [[ $stderr == *'superuser-insert.sql: '*'"never" (23514)' ]]
  [ "$(any)" = "$empty" ]
}

@test "a wrong option is 2, with the usage" {
  local option
  for option in --nonsense -x extra --dry-run=yes; do
    run -2 --separate-stderr recotem-create-superuser "$option"
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = "$usage" ]
  done
  [ "$(any)" = "$empty" ]
}

# ---- the password's sources ----

@test "passwords with quotes, colons, newlines, non-ASCII and blanks at the ends are taken as they are" {
  local password
  for password in ' a:b:"c"'\''\d ' $'line\nline' $'newline at the end\n' 'zażółć gęślą 😀' '%s{x}$(id)' '-x'; do
    sql 'truncate auth_user cascade'
    DEFAULT_ADMIN_PASSWORD=$password run -0 --separate-stderr recotem-create-superuser
    [ "$output$stderr" = "$made" ]
    password_fits admin "$password" || { printf 'not right: %q\n' "$password"; return 1; }
  done
}

@test "a password of 100 kB is taken, and never stands in a file on a disk" {
  mkdir "$BATS_TEST_TMPDIR/tmp"
  need_small
  password=$(head -c 100000 /dev/zero | tr '\0' x)
  TMPDIR=$BATS_TEST_TMPDIR/tmp DEFAULT_ADMIN_PASSWORD=$password run -0 --separate-stderr small size=96k recotem-create-superuser
  [ "$output$stderr" = "$made" ]
  password_fits admin "$password"
}

@test "the password may be in a file, which may be a pipe or standard input, or a credential" {
  printf 'from a file\n' >"$BATS_TEST_TMPDIR/password"
  DEFAULT_ADMIN_PASSWORD_FILE=$BATS_TEST_TMPDIR/password run -0 --separate-stderr recotem-create-superuser
  [ "$output$stderr" = "$made" ]
  password_fits admin 'from a file'
  sql 'truncate auth_user cascade'
  run -0 --separate-stderr bash -c 'exec 9< <(echo "from a pipe"); DEFAULT_ADMIN_PASSWORD_FILE=/dev/fd/9 recotem-create-superuser'
  [ "$output$stderr" = "$made" ]
  password_fits admin 'from a pipe'
  sql 'truncate auth_user cascade'
  DEFAULT_ADMIN_PASSWORD_FILE=/dev/stdin run -0 --separate-stderr recotem-create-superuser <<<'from standard input'
  [ "$output$stderr" = "$made" ]
  password_fits admin 'from standard input'
  sql 'truncate auth_user cascade'
  mkdir "$BATS_TEST_TMPDIR/credentials"
  printf 'from systemd\r\n' >"$BATS_TEST_TMPDIR/credentials/DEFAULT_ADMIN_PASSWORD"
  CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR/credentials run -0 --separate-stderr recotem-create-superuser
  [ "$output$stderr" = "$made" ]
  password_fits admin 'from systemd'
}

@test "two sources of the password at once are refused" {
  printf 's3cret-file\n' >"$BATS_TEST_TMPDIR/password"
  DEFAULT_ADMIN_PASSWORD=s3cret-env DEFAULT_ADMIN_PASSWORD_FILE=$BATS_TEST_TMPDIR/password run -1 --separate-stderr recotem-create-superuser
  [ "$output" = '' ]
  [[ ${stderr_lines[0]} == *'DEFAULT_ADMIN_PASSWORD is given twice'* ]]
  mkdir "$BATS_TEST_TMPDIR/credentials"
  cp "$BATS_TEST_TMPDIR/password" "$BATS_TEST_TMPDIR/credentials/DEFAULT_ADMIN_PASSWORD"
  DEFAULT_ADMIN_PASSWORD=s3cret-env CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR/credentials run -1 --separate-stderr recotem-create-superuser
  [ "$output" = '' ]
  [[ ${stderr_lines[0]} == *'DEFAULT_ADMIN_PASSWORD is given twice'* ]]
  [[ $stderr != *s3cret* ]]
  [ "$(any)" = "$empty" ]
}

@test "a password's file that is missing, a folder, empty, has a NUL or is not UTF-8 is refused" {
  local file
  cd "$BATS_TEST_TMPDIR"
  mkdir folder
  touch empty
  printf '\n' >newline
  printf 'a\0s3cret' >nul
  printf 's3cret\xff' >bytes
  for file in missing folder empty newline nul bytes; do
    DEFAULT_ADMIN_PASSWORD_FILE=$file run -1 --separate-stderr recotem-create-superuser
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" != '' ]
    [[ $stderr != *s3cret* ]]
  done
  DEFAULT_ADMIN_PASSWORD=$'s3cret\xff' run -1 --separate-stderr recotem-create-superuser
  [[ $stderr == *'not UTF-8'* && $stderr != *s3cret* ]]
  [ "$(any)" = "$empty" ]
}

# ---- --dry-run and --json ----

@test "--dry-run says what would be, changes nothing, and prints no password" {
  run -0 --separate-stderr recotem-create-superuser --dry-run
  [ "$output" = 'No user found. An administrative user with username "admin" would be created.

Dry run complete. No changes made.' ]
  [ "$stderr" = '' ]
  DEFAULT_ADMIN_PASSWORD=x run -0 --separate-stderr recotem-create-superuser --dry-run --json
  [ "${lines[0]}" = '{"username":"admin","status":"would_create"}' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .errors]' <<<"${lines[1]}")" = '[true,1,0,0]' ]
  [ "$(any)" = "$empty" ]
}

@test "--json prints the password's record where one is made, the user's, and a summary" {
  run -0 --separate-stderr recotem-create-superuser --json
  [ "${#lines[@]}" = 3 ]
  [[ ${lines[0]} =~ ^'{"username":"admin","password":"'([A-Za-z0-9]{12})'"}'$ ]]
  password_fits admin "${BASH_REMATCH[1]}"
  [ "${lines[1]}" = '{"username":"admin","status":"created"}' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .errors]' <<<"${lines[2]}")" = '[true,1,1,0]' ]
  run -0 recotem-create-superuser --json
  [ "$(jq -c '[.ok, .scanned, .changed, .errors]' <<<"$output")" = '[true,0,0,0]' ]
  sql 'truncate auth_user cascade'
  DEFAULT_ADMIN_PASSWORD=x run -0 --separate-stderr recotem-create-superuser --json
  [ "${#lines[@]}" = 2 ]
  [ "${lines[0]}" = '{"username":"admin","status":"created"}' ]
}

# ---- what is amiss around it ----

@test "no server: 1, the server's words, nothing on stdout" {
  for password in '' s3cret; do
    DATABASE_URL=postgresql://ann@127.0.0.1:1/shop DEFAULT_ADMIN_PASSWORD=$password run -1 --separate-stderr recotem-create-superuser
    [ "$output" = '' ]
    [[ $stderr == *'127.0.0.1:1/shop as ann: '*'Connection refused'* && $stderr != *s3cret* ]]
  done
}

@test "a database without tables: 1, and the message names what is missing" {
  DATABASE_URL=$RC_TEST_SERVER run -1 --separate-stderr recotem-create-superuser
  [ "$output" = '' ]
  [[ $stderr == *'relation "auth_user" does not exist'* ]]
}

@test "a newer NOT NULL column without a default is refused, by --dry-run too: the column is named, and no row is shown" {
  sql 'alter table auth_user add column shoe_size integer not null'
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr recotem-create-superuser $dry
    [ "$output" = '' ]
    [[ $stderr == *'null value in column "shoe_size" of relation "auth_user" violates not-null constraint (23502)' ]]
    [[ $stderr != *pbkdf2* && $stderr != *admin* ]]
  done
  [ "$(any)" = "$empty" ]
}

@test "a full disk on standard output: with a password made here nothing is changed" {
  run -1 --separate-stderr bash -c 'recotem-create-superuser >/dev/full'
  [[ $stderr == *'No space left on device'* ]]
  [ "$(any)" = "$empty" ]
  run -1 --separate-stderr bash -c 'DEFAULT_ADMIN_PASSWORD=x recotem-create-superuser >/dev/full'
  [ "${stderr_lines[-1]}" = 'recotem-create-superuser: the change is committed, but its report could not be written' ]
  [ "$(any)" = 't|t' ]
}

@test "a reader of standard output that is gone: with a password made here nothing is changed" {
  run -1 --separate-stderr perl -e 'pipe my $r, my $w; close $r; open STDOUT, ">&", $w; exec @ARGV' recotem-create-superuser
  [[ $stderr == *'Broken pipe'* ]]
  [ "$(any)" = "$empty" ]
}

@test "a closed standard output is 1 and nothing changes" {
  run -1 --separate-stderr bash -c 'recotem-create-superuser >&-'
  [ "$stderr" = 'recotem-create-superuser: standard output is closed' ]
  [ "$(any)" = "$empty" ]
}

@test "two at once: both end with 0, there is one admin, and the one password that is told is right" {
  hold 'lock table auth_user in share row exclusive mode'
  recotem-create-superuser >"$BATS_TEST_TMPDIR/one" 2>&1 3>&- &
  first=$!
  recotem-create-superuser >"$BATS_TEST_TMPDIR/two" 2>&1 3>&- &
  second=$!
  started+=("$first" "$second")
  # one waits for the table, the other for the first
  wait_until "select count(*) = 2 from pg_stat_activity where application_name like 'rc-db-apply %' and datname = current_database() and wait_event_type = 'Lock'"
  tell_holder rollback
  wait "$first"
  wait "$second"
  [ "$(cat "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" | grep -c 'No user found')" = 1 ]
  password=$(told "$(grep -h 'No user found' "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two")")
  password_fits admin "$password"
  [ "$(sql 'select count(*) from auth_user')|$(sql 'select count(*) from authtoken_token')" = '1|1' ]
}

@test "the connection breaks before anything is done: 1, nothing printed, nothing changed" {
  proxy begin
  DATABASE_URL=$through run -1 --separate-stderr recotem-create-superuser
  [ "$output" = '' ]
  [ "$stderr" != '' ]
  [ "$(any)" = "$empty" ]
}

@test "the connection breaks before COMMIT: 1, it says that nothing was changed" {
  proxy before
  DATABASE_URL=$through run -1 --separate-stderr recotem-create-superuser
  told "$output" # the password was printed already, for it must be known before COMMIT
  [[ $stderr == *'nothing was changed'* ]]
  [ "$(any)" = "$empty" ]
}

@test "the connection breaks during COMMIT, which took place: it finds out, 0, and the password is right" {
  proxy during
  DATABASE_URL=$through run -0 --separate-stderr recotem-create-superuser
  [[ $stderr == *'the connection broke during COMMIT; the server says that it took place' ]]
  password_fits admin "$(told "$output")"
  [ "$(any)" = 't|t' ]
}

@test "the connection breaks during COMMIT and the server is gone: 1, it says that it does not know" {
  proxy during-gone
  DATABASE_URL=$through DEFAULT_ADMIN_PASSWORD=x run -1 --separate-stderr recotem-create-superuser
  [ "$output" = '' ]
  [[ $stderr == *'whether it took place is not known: look before you run it again'* ]]
  [ "$(any)" = 't|t' ]
}

@test "the connection breaks after COMMIT: 0, as if nothing were" {
  proxy after
  DATABASE_URL=$through run -0 --separate-stderr recotem-create-superuser
  password_fits admin "$(told "$output")"
  [ "$stderr" = '' ]
  [ "$(any)" = 't|t' ]
}

@test "TERM ends it before COMMIT: nothing printed, nothing changed, no folder left" {
  own_private_folders
  hold 'lock table auth_user in share row exclusive mode'
  recotem-create-superuser >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  command=$!
  started+=("$command")
  wait_until "select count(*) = 1 from pg_stat_activity where application_name like 'rc-db-apply %' and datname = current_database() and wait_event_type = 'Lock'"
  find_private_folder
  kill -TERM "$command"
  code=0
  wait "$command" || code=$?
  [ "$code" = 143 ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = '' ]
  [ ! -e "$work" ]
  tell_holder rollback
  [ "$(any)" = "$empty" ]
}

@test "it works by absolute path with nothing in the environment, and by rc-manage" {
  command=$(command -v recotem-create-superuser)
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= DEFAULT_ADMIN_PASSWORD=x "$command"
  [ "$output$stderr" = "$made" ]
  run -0 --separate-stderr rc-manage recotem create_superuser
  [ "$output$stderr" = '' ]
  sql 'truncate auth_user cascade'
  DEFAULT_ADMIN_PASSWORD=y run -0 --separate-stderr rc-manage recotem create_superuser --verbosity 2 --no-color
  [ "$output$stderr" = "$made" ]
  password_fits admin y
}

@test "events: start and done with the counts, and no password" {
  RC_EVENTS=$BATS_TEST_TMPDIR/events run -0 recotem-create-superuser
  password=$(told "$output")
  [ "$(jq -c 'select(.tool == "recotem-create-superuser") | [.event, .exit, .counts]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["done",0,{"scanned":1,"changed":1}]' ]
  run -1 grep -Fe "$password" "$BATS_TEST_TMPDIR/events"
}

@test "a password that ends in a carriage return keeps it" {
  DEFAULT_ADMIN_PASSWORD=$'pw\r' run -0 recotem-create-superuser
  sql "select json_build_object('plain', E'pw\\r', 'hash', password) from auth_user" |
    rc-password-hash --check --from plain --to hash | rc-say '{status}' >"$BATS_TEST_TMPDIR/status"
  [ "$(cat "$BATS_TEST_TMPDIR/status")" = ok ]
}
