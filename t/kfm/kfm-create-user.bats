# shellcheck disable=SC2034 # the helper uses started
load ../helper
load helper

setup() {
  new_kfm
  started=()
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { end_started; }

users() { sql "select username, role, email, password is not null, is_active, expires_at from kfm.users order by id"; }
# Whether the password in FILE is the user's.
password_fits() { # USER FILE
  rc-record-make "plain@3" "hash=$(sql "select password from kfm.users where username = '$1'")" 3<"$2" |
    rc-password-hash --check --from plain --to hash --iterations 1 | grep -Eq '"status":"(ok|needs_rehash)"'
}

@test "a user gets a role and a password that stands in a file for its owner alone" {
  run -0 --separate-stderr kfm-create-user --username ann --role maintainer --email ann@example.org --generate-to secret
  [ "$output" = "User 'ann' created with the role maintainer."$'\n''The password is in secret.' ]
  [ "$stderr" = '' ]
  [ "$(users)" = 'ann|maintainer|ann@example.org|t|t|' ]
  [ "$(stat -c %a secret)" = 600 ]
  [[ $(cat secret) =~ ^[A-Za-z0-9]{32}$ ]]
  password_fits ann secret
  [ "$(sql "select action, subject from kfm.audit_log")" = 'user.create|ann' ]
}

@test "the password is in no output, no event and no row" {
  export RC_EVENTS=$BATS_TEST_TMPDIR/events
  kfm-create-user -u ann -r viewer --generate-to secret --json >out 2>&1
  run -1 grep -rFf secret out events
  [ "$(sql "select count(*) from kfm.users u, kfm.audit_log a where (u::text || a::text) like '%$(cat secret)%'")" = 0 ]
}

@test "a second run of the same call changes nothing" {
  kfm-create-user -u ann -r viewer --generate-to secret
  before=$(sql 'select * from kfm.users; select * from kfm.audit_log') made=$(cat secret)
  run -0 kfm-create-user -u ann -r viewer --generate-to secret
  [ "$output" = "User 'ann' is there already; nothing to do." ]
  [ "$(sql 'select * from kfm.users; select * from kfm.audit_log')" = "$before" ]
  [ "$(cat secret)" = "$made" ]
  run -0 kfm-create-user -u ann -r viewer --json
  [ "${lines[0]}" = '{"username":"ann","role":"viewer","status":"unchanged"}' ]
  [[ ${lines[1]} == *'"changed":0,'* ]]
}

@test "a changed role is told, and the password stays" {
  kfm-create-user -u ann -r viewer --generate-to secret
  run -0 kfm-create-user -u ann -r admin
  [ "$output" = "The role of 'ann' was changed from viewer to admin." ]
  password_fits ann secret
  run -0 kfm-create-user -u ANN -r admin
  [ "$(users)" = 'ann|admin||t|t|' ]
  [ "$(sql "select detail->>'role_before', detail->>'role' from kfm.audit_log where action = 'user.change'")" = 'viewer|admin' ]
}

@test "a new password replaces the old one only when it is asked for" {
  kfm-create-user -u ann -r viewer --generate-to one
  run -0 kfm-create-user -u ann -r viewer --rotate-password --generate-to two
  [ "$output" = "User 'ann' changed."$'\n''The password is in two.' ]
  password_fits ann two
  run -1 password_fits ann one
  echo 'correct horse' >three
  kfm-create-user -u ann -r viewer --password-file three
  password_fits ann two
  kfm-create-user -u ann -r viewer --password-file three --rotate-password
  password_fits ann three
}

@test "a file that exists, or a link, is refused, and nothing has changed" {
  echo mine >secret
  ln -s nowhere link
  for file in secret link; do
    run -1 --separate-stderr kfm-create-user -u ann -r viewer --generate-to "$file"
    [ "$output" = '' ]
    [ "$stderr" = "kfm-create-user: $file exists: a new password goes to a file that does not" ]
  done
  [ "$(cat secret)" = mine ]
  [ ! -e nowhere ]
  [ "$(users)" = '' ]
}

@test "an unknown role is a wrong option" {
  run -2 --separate-stderr kfm-create-user -u ann -r root --generate-to secret
  [ "${stderr_lines[1]}" = "kfm-create-user: error: argument --role: invalid choice: 'root' (choose from 'viewer', 'contributor', 'maintainer', 'admin')" ]
  [ ! -e secret ]
}

@test "what can't be is refused: no password, a short one, a name, an address, a past date, a file that is not there" {
  refused() { # MESSAGE ARGUMENT...
    run -1 --separate-stderr kfm-create-user -r viewer "${@:2}"
    [ "$stderr" = "kfm-create-user: $1" ]
    [ "$output" = '' ]
    [ ! -e new ]
  }
  echo short >short
  refused 'A new user needs a password: --password-file FILE has one, --generate-to FILE makes one.' -u ann
  refused 'The password is too short.' -u ann --password-file short
  refused 'A username has up to 150 letters, digits and . _ @ + -, and begins with a letter or digit.' -u 'a b' --generate-to new
  refused "'ann' is no email address." -u ann --email ann --generate-to new
  refused '2020-01-01 is past: the user could never log in.' -u ann --expires 2020-01-01 --generate-to new
  refused 'absent can not be read' -u ann --password-file absent
  refused 'no/new can not be made' -u ann --generate-to no/new
  [ "$(users)" = '' ]
}

@test "a date that there is not, or is none, is refused" {
  run -2 kfm-create-user -u ann -r viewer --expires tomorrow --generate-to secret
  run -1 --separate-stderr kfm-create-user -u ann -r viewer --expires 2030-02-31 --generate-to secret
  [[ $stderr == *'2030-02-31'* ]]
  [ ! -e secret ]
}

@test "an end of the account is set, and taken away by never" {
  kfm-create-user -u ann -r viewer --expires 2130-01-31 --generate-to secret
  [ "$(sql "select expires_at = '2130-01-31 00:00Z' from kfm.users")" = t ]
  run -0 kfm-create-user -u ann -r viewer --expires 2130-01-31
  [ "$output" = "User 'ann' is there already; nothing to do." ]
  kfm-create-user -u ann -r viewer --expires never
  [ "$(sql 'select expires_at is null from kfm.users')" = t ]
}

@test "a service principal has a client id, and is no person" {
  run -0 kfm-create-user -u loader -r contributor --service-principal --generate-to secret
  [ "${lines[0]}" = "Service principal 'loader' created with the role contributor; its client id is $(sql 'select client_id from kfm.service_principals')." ]
  run -1 --separate-stderr kfm-create-user -u loader -r contributor
  [ "$stderr" = "kfm-create-user: 'loader' exists and is a service principal: say --service-principal." ]
  run -0 kfm-create-user -u loader -r contributor --service-principal
}

@test "a row that the database keeps out is a refusal, and the file of the password is gone" {
  sql "create function keep_out() returns trigger language plpgsql as 'begin return null; end';
    create trigger keep_out before insert on kfm.users for each row execute function keep_out()"
  run -1 --separate-stderr kfm-create-user -u ann -r viewer --generate-to secret
  [[ $stderr == "kfm-create-user: User 'ann' was "* ]]
  [ "$output" = '' ]
  [ ! -e secret ]
}

@test "two rotations at once: each file that is left has the password that fits" {
  kfm-create-user -u ann -r viewer --generate-to first
  hold 'lock table kfm.users in share row exclusive mode'
  for n in 1 2; do
    kfm-create-user -u ann -r viewer --rotate-password --generate-to "new$n" >"out$n" 2>&1 3>&- &
    started+=("$!") rotation[n]=$!
  done
  wait_until "select count(*) = 2 from pg_locks where relation = 'kfm.users'::regclass and not granted"
  tell_holder commit
  codes=0
  for n in 1 2; do wait "${rotation[n]}" || codes=$((codes + $?)); done
  [ "$codes" = 1 ]
  left=(new?)
  [ "${#left[@]}" = 1 ]
  password_fits ann "${left[0]}"
  grep -qx "kfm-create-user: User 'ann' was changed by another call meanwhile; nothing was changed by this one." out1 out2
}

@test "the connection breaks in COMMIT: where what became of it is not known, the file of the password stays" {
  start_proxy before
  DATABASE_URL=$proxied run -1 --separate-stderr kfm-create-user -u ann -r viewer --generate-to secret
  [ "$stderr" = 'kfm-create-user: the connection broke during COMMIT; the server says that nothing was changed' ]
  [ ! -e secret ]
  start_proxy during
  DATABASE_URL=$proxied run -0 --separate-stderr kfm-create-user -u ann -r viewer --generate-to secret
  password_fits ann secret
  start_proxy during-gone
  DATABASE_URL=$proxied run -1 --separate-stderr kfm-create-user -u ann -r viewer --rotate-password --generate-to new
  [ "$stderr" = 'kfm-create-user: the connection broke during COMMIT, and whether it took place is not known: look before you run it again
kfm-create-user: new stays: its password may be valid' ]
  password_fits ann new
}

@test "a trigger keeps the user out, or a change of it: said so, and no password file stays" {
  kfm-create-user -u bob -r viewer --generate-to bob.password
  sql "create function kept() returns trigger language plpgsql as 'begin return null; end';
    create trigger kept before insert or update on kfm.users for each row execute function kept()"
  run -1 --separate-stderr kfm-create-user -u ann -r viewer --generate-to ann.password
  [ "$stderr" = "kfm-create-user: User 'ann' was not written: the database kept the row out." ]
  run -1 --separate-stderr kfm-create-user -u bob -r viewer --rotate-password --generate-to new.password
  [ "$stderr" = "kfm-create-user: User 'bob' was not written: the database kept the row out." ]
  [ "$(echo *.password)" = bob.password ]
}

@test "a dry run says what would be, and makes no file" {
  run -0 kfm-create-user -u ann -r viewer --generate-to secret --dry-run
  [ "${lines[0]}" = "User 'ann' would be created with the role viewer." ]
  [ ! -e secret ]
  kfm-create-user -u ann -r viewer --generate-to secret
  run -0 kfm-create-user -u ann -r admin --dry-run
  [ "${lines[0]}" = "The role of 'ann' would be changed from viewer to admin." ]
  [ "$(users)" = 'ann|viewer||t|t|' ]
}
