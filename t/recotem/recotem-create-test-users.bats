# shellcheck disable=SC2016,SC2030,SC2031 # $ is a hash's; each test has an environment of its own
load helper

setup() { new_database; started=(); }

teardown() { end_started; }

usage='usage: recotem-create-test-users [--users-file FILE] [--user NAME:PASSWORD] ... [--generate FILE] [--dry-run] [--json]'
warning='recotem-create-test-users: warning: a password in --user can be seen by other users for a moment; --users-file keeps it hidden'
too_few='Username and password are required.'

# All rows of both tables, as text.
rows() { sql 'select to_jsonb(u) from auth_user u order by id; select to_jsonb(t) from authtoken_token t order by user_id'; }
names() { sql 'select username from auth_user order by id'; }

# password_fits NAME PASSWORD: by the hash that the user's row has.
password_fits() {
  printf '%s\0' "$2" "$(sql "select password from auth_user where username = '$1'")" | rc-record-make --each plain,hash |
    rc-password-hash --check --from plain --to hash | rc-say '{status}' | grep -qxE 'ok|needs_rehash'
}

# $through leads through a proxy.
proxy() {
  start_proxy "$1"
  through=$proxied
}

# ---- facts/recotem.md, row by row ----

@test "new, then existing: Created, then Updated, each with 0, and a warning on stderr" {
  recotem-create-test-users --user alice:one >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  printf "Created test user 'alice'.\n" | cmp - "$BATS_TEST_TMPDIR/out"
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = "$warning" ]
  password_fits alice one
  run -0 --separate-stderr recotem-create-test-users --user alice:two
  [ "$output" = "Updated test user 'alice'." ]
  password_fits alice two
  [ "$(sql 'select count(*) from auth_user')|$(sql 'select count(*) from authtoken_token')" = '1|1' ]
}

@test "every column of a new user and its token is as Django writes it" {
  real_tree
  before=$(date +%s)
  run -0 recotem-create-test-users --user alice:pw --user bob:pw
  [ "$(sql "select (to_jsonb(u) - 'id' - 'password' - 'date_joined')::text from auth_user u order by id")" = \
'{"email": "", "is_staff": false, "username": "alice", "is_active": true, "last_name": "", "first_name": "", "last_login": null, "is_superuser": false}
{"email": "", "is_staff": false, "username": "bob", "is_active": true, "last_name": "", "first_name": "", "last_login": null, "is_superuser": false}' ]
  [ "$(sql "select count(distinct password) from auth_user where password ~ '^pbkdf2_sha256\\\$870000\\\$[a-zA-Z0-9]{22}\\\$[A-Za-z0-9+/]{43}=\$'")" = 2 ]
  [ "$(sql "select count(distinct key) from authtoken_token join auth_user on id = user_id where key ~ '^[0-9a-f]{40}\$'")" = 2 ]
  [ "$(sql "select bool_and(date_joined between to_timestamp($before) and now() and created between date_joined and now()) from auth_user
    join authtoken_token on user_id = id")" = t ]
  # microseconds: not all four are whole milliseconds
  [ "$(sql 'select bool_or(extract(microseconds from t)::int % 1000 <> 0) from (select date_joined from auth_user
    union all select created from authtoken_token) as x (t)')" = t ]
}

@test "of an existing user only the password changes, whoever it is" {
  sql "insert into auth_user (password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
    values ('old', '2026-01-02 03:04:05.678901+00', true, 'admin', 'Ann', 'Lee', 'a@example.org', true, false, '2026-01-02 03:04:05.678901+00')"
  sql "insert into authtoken_token values ('key', '2026-01-02 03:04:05.678901+00', 1)"
  add_user plain # has no token
  before=$(rows)
  run -0 recotem-create-test-users --user admin:new --user plain:new
  [ "$output" = "$warning
Updated test user 'admin'.
Updated test user 'plain'." ]
  password_fits admin new
  [ "$(rows | sed -E 's/"pbkdf2_[^"]*"/HASH/')" = "$(sed -E 's/"password": "(old|!)"/"password": HASH/' <<<"$before")" ]
}

@test "a user that upstream left with the password '' gets one" {
  add_user half
  sql "update auth_user set password = ''"
  run -0 recotem-create-test-users --user half:pw
  [ "${lines[1]}" = "Updated test user 'half'." ]
  password_fits half pw
}

@test "several values are taken in turn, split at the first colon; the name is stripped of white space, the password is not" {
  run -0 --separate-stderr recotem-create-test-users --user ' ann:pw' --user $'\u00a0\u3000bob\t\n\u2003:p:w:b ' --user 'eve: ' --user 'a b:x'
  [ "$output" = "Created test user 'ann'.
Created test user 'bob'.
Created test user 'eve'.
Created test user 'a b'." ]
  password_fits bob 'p:w:b '
  password_fits eve ' '
  [ "$(names)" = $'ann\nbob\neve\na b' ]
}

@test "white space is Python's, whatever the caller's locale" {
  local blank count=0
  for blank in ' ' $'\t' $'\n' $'\v' $'\f' $'\r' $'\x1c' $'\x1d' $'\x1e' $'\x1f' $'\xc2\x85' $'\xc2\xa0' $'\xe1\x9a\x80' $'\xe2\x80\x80' \
    $'\xe2\x80\x8a' $'\xe2\x80\xa8' $'\xe2\x80\xa9' $'\xe2\x80\xaf' $'\xe2\x81\x9f' $'\xe3\x80\x80'; do
    LC_ALL=C run -0 --separate-stderr recotem-create-test-users --dry-run --user "${blank}u$((count += 1))$blank:pw"
    [ "${lines[0]}" = "Would create test user 'u$count'." ] || { printf '%q: %s\n' "$blank" "$output"; return 1; }
    LC_ALL=C run -1 --separate-stderr recotem-create-test-users --dry-run --user "$blank:pw"
    [ "$stderr" = "recotem-create-test-users: Invalid --user value (number 1). $too_few" ]
  done
  # U+200B and U+FEFF are none
  run -0 recotem-create-test-users --dry-run --user $'\u200b:pw' --user $'\ufeff:pw'
}

@test "names are case-sensitive, may have any characters, and are not normalised" {
  run -0 --separate-stderr recotem-create-test-users --dry-run --user alice:x --user Alice:x --user 'gr ace/Ä:x' --user $'e\u0301:x' \
    --user $'\u00e9:x' --user "o'brien \"{x} \\ %s \$(id):x" --user=-dash:x --user '😀:x'
  [ "$(grep -c '^Would create' <<<"$output")" = 8 ]
  [ "${lines[5]}" = "Would create test user 'o'brien \"{x} \\ %s \$(id)'." ]
}

@test "the same name twice in one call: Created, then Updated, and the last password holds" {
  run -0 --separate-stderr recotem-create-test-users --user alice:one --user ' alice :two'
  [ "$output" = "Created test user 'alice'.
Updated test user 'alice'." ]
  password_fits alice two
  [ "$(sql 'select count(*) from auth_user')|$(sql 'select count(*) from authtoken_token')" = '1|1' ]
}

@test "DIFFERENCE: a value without a colon: 1, nothing on stdout, no rows, and the value is not shown" {
  run -1 --separate-stderr recotem-create-test-users --user good:pw --user nocolon-s3cret
  [ "$output" = '' ]
  [ "$stderr" = 'recotem-create-test-users: Invalid --user value (number 2). Expected format: username:password' ]
  [ "$(rows)" = '' ]
}

@test "DIFFERENCE: an empty name or password: 1, nothing on stdout, no rows, and the value is not shown" {
  local value
  for value in ':s3cret' '  :s3cret' $'\u00a0:s3cret' 'name:' ':'; do
    run -1 --separate-stderr recotem-create-test-users --user good:pw --user "$value"
    [ "$output" = '' ]
    [ "$stderr" = "recotem-create-test-users: Invalid --user value (number 2). $too_few" ]
  done
  run -1 --separate-stderr recotem-create-test-users --user ''
  [ "$stderr" = 'recotem-create-test-users: Invalid --user value (number 1). Expected format: username:password' ]
  [ "$(rows)" = '' ]
}

@test "no option: the usage, 2" {
  run -2 --separate-stderr recotem-create-test-users
  [ "$output" = '' ]
  [ "$stderr" = "$usage
recotem-create-test-users: error: the following arguments are required: --user" ]
}

@test "a name of 150 characters is taken, of 4 bytes each too" {
  printf -v name '%150s' ''
  run -0 --separate-stderr recotem-create-test-users --dry-run --user "${name// /n}:pw" --user "${name// /😀}:pw"
  [ "${lines[0]}" = "Would create test user '${name// /n}'." ]
  [ "${lines[1]}" = "Would create test user '${name// /😀}'." ]
  run -0 recotem-create-test-users --user "${name// /😀}:pw"
  [ "$(sql 'select char_length(username) from auth_user')" = 150 ]
}

@test "DIFFERENCE: a name of 151 characters is one message, 1, and no rows" {
  printf -v name '%151s' ''
  run -1 --separate-stderr recotem-create-test-users --user good:pw --user "${name// /n}:s3cret"
  [ "$output" = '' ]
  [ "${stderr_lines[-1]}" = "recotem-create-test-users: The username 'nnnnnnnnnnnnnnnnnnnn...' has 151 characters, but 150 are the most. (user 2, those of --user first)" ]
  run -1 --separate-stderr recotem-create-test-users --user "${name// /😀}:s3cret"
  [[ $stderr == *'has 151 characters, but 150 are the most.'* && $stderr != *s3cret* ]]
  [ "$(rows)" = '' ]
}

@test "DIFFERENCE: a password or name that is not UTF-8 leaves nothing" {
  run -1 --separate-stderr recotem-create-test-users --user good:pw --user $'bob:s3cret\xff'
  [ "$output" = '' ]
  [[ $stderr == *"record 2: field 'password': not UTF-8"* && $stderr != *s3cret* ]]
  run -1 --separate-stderr recotem-create-test-users --user $'b\xffb:s3cret'
  [ "$output" = '' ]
  [[ $stderr == *"record 1: field 'name': not UTF-8"* && $stderr != *s3cret* ]]
  [ "$(rows)" = '' ]
}

@test "DIFFERENCE: all users are one transaction" {
  sql 'create function refuse() returns trigger language plpgsql as $$ begin raise exception $m$not today$m$; end $$;
    create trigger refuse before insert on auth_user for each row when (new.username = $$bob$$) execute function refuse()'
  run -1 --separate-stderr recotem-create-test-users --user alice:pw --user bob:pw
  [ "$output" = '' ]
  [[ $stderr == *'user-insert.sql: not today (P0001)' ]]
  [ "$(rows)" = '' ]
}

# ---- passwords ----

@test "passwords with colons, quotes, newlines, a trailing blank or newline and non-ASCII are taken as they are" {
  local password
  for password in 'p:w:' '"a"'\''b\c' $'line\nline' 'trailing ' $'newline\n' $'tab\t' 'zażółć gęślą 😀' '{x}%s$(id)`id`' '--user' $'\x01\x1b[31m'; do
    run -0 --separate-stderr recotem-create-test-users --user "u:$password"
    password_fits u "$password" || { printf 'not right: %q\n' "$password"; return 1; }
  done
}

@test "the arguments never stand in a file on a disk, however many" {
  mkdir "$BATS_TEST_TMPDIR/tmp"
  need_small
  password=$(head -c 100000 /dev/zero | tr '\0' x)
  TMPDIR=$BATS_TEST_TMPDIR/tmp run -0 --separate-stderr small size=96k recotem-create-test-users --user "u:$password"
  password_fits u "$password"
}

# ---- --users-file ----

@test "--users-file takes records from a file or standard input, without a warning" {
  printf '%s\n' '{"name":" alice ","password":"p:w "}' '{"password":"caf\u00e9\n","name":"bob","note":[1]}' >"$BATS_TEST_TMPDIR/users"
  run -0 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR/users"
  [ "$output" = "Created test user 'alice'.
Created test user 'bob'." ]
  [ "$stderr" = '' ]
  password_fits alice 'p:w '
  password_fits bob $'caf\u00e9\n'
  run -0 --separate-stderr recotem-create-test-users --users-file - --dry-run <"$BATS_TEST_TMPDIR/users"
  [ "${lines[1]}" = "Would update test user 'bob'." ]
}

@test "--user and --users-file together: the options first" {
  run -0 --separate-stderr recotem-create-test-users --dry-run --users-file - --user ann:pw <<<'{"name":"bob","password":"pw"}'
  [ "${lines[0]}" = "Would create test user 'ann'." ]
  [ "${lines[1]}" = "Would create test user 'bob'." ]
}

@test "an empty --users-file, or a closed standard input, is refused: something before it went wrong" {
  run -1 --separate-stderr recotem-create-test-users --users-file - </dev/null
  [ "$output" = '' ]
  [ "$stderr" = 'recotem-create-test-users: No users are given.' ]
  run -1 --separate-stderr bash -c 'recotem-create-test-users --users-file - <&-'
  [ "$stderr" = 'recotem-create-test-users: No users are given.' ]
}

@test "a password of 10 MB" {
  { printf '{"name":"big","password":"'; head -c 10000000 /dev/zero | tr '\0' x; printf '"}\n'; } >"$BATS_TEST_TMPDIR/users"
  run -0 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR/users"
  [ "$output" = "Created test user 'big'." ]
  sql 'select password from auth_user' >"$BATS_TEST_TMPDIR/hash"
  # the check reads the password of the same file
  rc-say '{password}' "$BATS_TEST_TMPDIR/users" >"$BATS_TEST_TMPDIR/password"
  run -0 bash -c 'rc-record-make plain@3 hash@4 3<"$0/password" 4<"$0/hash" | rc-password-hash --check --from plain --to hash | rc-say "{status}"' \
    "$BATS_TEST_TMPDIR"
  [ "$output" = ok ]
}

@test "bad records of --users-file: 1, the line, no password in the message, no rows" {
  local record message
  while IFS='|' read -r record message; do
    printf '{"name":"good","password":"pw"}\n%s\n' "$record" >"$BATS_TEST_TMPDIR/users"
    run -1 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR/users"
    [ "$output" = '' ]
    [[ $stderr == *"$message"* && $stderr != *s3cret* ]] || { echo "$record: $stderr"; return 1; }
  done <<'END'
{"name":"","password":"s3cret"}|Username and password are required.
{"name":" \u3000","password":"s3cret"}|Username and password are required.
{"name":null,"password":"s3cret"}|A user needs a name, which is a string.
{"name":5,"password":"s3cret"}|A user needs a name, which is a string.
{"name":["s3cret"],"password":"s3cret"}|A user needs a name, which is a string.
{"password":"s3cret"}|A user needs a name, which is a string.
{"name":"a\u0000","password":"s3cret"}|:2: white-space.sql: 
{"name":"a","password":""}|:2: the field 'password' is empty
{"name":"a"}|:2: 
{"name":"a","password":null}|:2: 
{"name":"a","password":{"s3cret":1}}|:2: 
{"name":"a","password":"s3cret\u0000"}|:2: 
{"name":"a","password":"s3cret\ud800"}|:2: 
{"name":"a","password":"s3cret","password":"s3cret"}|:2: 
{"name":"a","password":"s3cret","token":"x"}|:2: already has a field 'token'
{"name":"a","password":"s3cret","hash":"x"}|:2: already has a field 'hash'
["s3cret"]|:2: 
s3cret|:2: 
END
  [ "$(rows)" = '' ]
}

@test "--users-file that is cut short, or can't be read: 1, no rows" {
  printf '{"name":"good","password":"pw"}\n{"name":"a","password":"s3cret"}' >"$BATS_TEST_TMPDIR/users"
  run -1 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR/users"
  [[ ${stderr_lines[0]} == *"/users:2: "* && $stderr != *s3cret* && $output == '' ]]
  run -1 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR/none"
  [[ ${stderr_lines[0]} == *'/none: '*'No such file'* && $output == '' ]]
  run -1 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR"
  [[ $stderr != '' && $output == '' ]]
  [ "$(rows)" = '' ]
}

@test "a record's own user_id and status are nobody's" {
  add_user other
  before=$(rows)
  run -0 --separate-stderr recotem-create-test-users --users-file - <<<'{"name":"new","password":"pw","user_id":1,"status":"created","username":"other"}'
  [ "$output" = "Created test user 'new'." ]
  [ "$(sql "select count(*) from authtoken_token t join auth_user u on user_id = id where username = 'new'")" = 1 ]
  [ "$(sql "select to_jsonb(u) from auth_user u where username = 'other'")" = "$before" ]
  [ "$(sql 'select count(*) from authtoken_token')" = 1 ]
}

@test "a file's name that is empty is 2" {
  local option
  for option in --users-file --generate; do
    run -2 --separate-stderr recotem-create-test-users --user a:b "$option" ''
    [ "$output" = '' ]
    [ "$stderr" = "$usage
recotem-create-test-users: error: argument $option: expected the name of a file" ]
  done
  [ "$(rows)" = '' ]
}

# ---- --generate ----

@test "--generate makes passwords for those without, and writes only these to the file, 0600" {
  run -0 --separate-stderr recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann --user bob:pw --user ' eve' --users-file - \
    <<<'{"name":"joe"}'
  [ "$output" = "Created test user 'ann'.
Created test user 'bob'.
Created test user 'eve'.
Created test user 'joe'." ]
  [ "$(stat -c '%a %U' "$BATS_TEST_TMPDIR/made")" = "600 $(id -un)" ]
  [ "$(jq -r .name "$BATS_TEST_TMPDIR/made")" = $'ann\n eve\njoe' ]
  [ "$(jq -c 'keys_unsorted' "$BATS_TEST_TMPDIR/made" | sort -u)" = '["name","password"]' ]
  [ "$(jq -r .password "$BATS_TEST_TMPDIR/made" | grep -cxE '[A-Za-z0-9]{20}')" = 3 ]
  password_fits ann "$(jq -r 'select(.name == "ann").password' "$BATS_TEST_TMPDIR/made")"
  password_fits eve "$(jq -r 'select(.name == " eve").password' "$BATS_TEST_TMPDIR/made")"
  password_fits joe "$(jq -r 'select(.name == "joe").password' "$BATS_TEST_TMPDIR/made")"
  password_fits bob pw
  # it can be read again
  run -0 --separate-stderr recotem-create-test-users --dry-run --users-file "$BATS_TEST_TMPDIR/made"
  [ "${lines[0]}" = "Would update test user 'ann'." ]
}

@test "--generate with names only gives no warning" {
  run -0 --separate-stderr recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
  [ "$stderr" = '' ]
}

@test "--generate to a file that exists, even as a link to nowhere, or in no folder: 1, nothing changed" {
  cd "$BATS_TEST_TMPDIR"
  echo mine >exists
  ln -s nowhere link
  for file in exists link none/made; do
    run -1 --separate-stderr recotem-create-test-users --generate "$file" --user ann
    [ "$output" = '' ]
    [[ $stderr == *"$file"* ]]
  done
  [ "$(cat exists)" = mine ]
  [ -L link ]
  [ "$(rows)" = '' ]
}

@test "--generate with --dry-run makes no file" {
  run -0 --separate-stderr recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann --dry-run
  [ "${lines[0]}" = "Would create test user 'ann'." ]
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
}

@test "--generate: the file goes where nothing was changed" {
  printf -v name '%151s' ''
  run -1 recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann --user "${name// /n}"
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
  run -1 recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann --user $'bob:\xff'
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
  for _ in {1..5}; do
    DATABASE_URL=postgresql://ann@127.0.0.1:1/shop run -1 recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann --user bob
    [ ! -e "$BATS_TEST_TMPDIR/made" ]
  done
  sql 'alter table auth_user add column shoe_size integer not null'
  run -1 recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
  [ "$(rows)" = '' ]
}

@test "the connection breaks before anything is done or before COMMIT: 1, nothing changed, no file" {
  for mode in begin before; do
    proxy "$mode"
    DATABASE_URL=$through run -1 --separate-stderr recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
    [ "$output" = '' ]
    [ "$stderr" != '' ]
    [[ $mode == begin || $stderr == *'nothing was changed'* ]]
    [ ! -e "$BATS_TEST_TMPDIR/made" ]
    [ "$(rows)" = '' ]
  done
}

@test "the connection breaks during COMMIT, which took place: it finds out, 0, the file stays" {
  proxy during
  DATABASE_URL=$through run -0 --separate-stderr recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
  [ "$output" = "Created test user 'ann'." ]
  [[ $stderr == *'the connection broke during COMMIT; the server says that it took place' ]]
  password_fits ann "$(jq -r .password "$BATS_TEST_TMPDIR/made")"
}

@test "the connection breaks during COMMIT and the server is gone: 1, it says that it does not know, the file stays" {
  proxy during-gone
  DATABASE_URL=$through run -1 --separate-stderr recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
  [ "$output" = '' ]
  [[ $stderr == *'whether it took place is not known: look before you run it again'* ]]
  password_fits ann "$(jq -r .password "$BATS_TEST_TMPDIR/made")"
}

@test "the connection breaks after COMMIT: 0, as if nothing were" {
  proxy after
  DATABASE_URL=$through run -0 --separate-stderr recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
  [ "$output" = "Created test user 'ann'." ]
  [ "$stderr" = '' ]
  password_fits ann "$(jq -r .password "$BATS_TEST_TMPDIR/made")"
}

@test "TERM, INT and HUP before COMMIT: nothing changed, no process, no file, no folder" {
  local name number work
  hold 'lock table auth_user in share row exclusive mode'
  own_private_folders
  for name in TERM:15 INT:2 HUP:1; do
    number=${name#*:} name=${name%:*}
    start recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann --user bob:pw
    wait_until_blocked
    find_private_folder
    kill -s "$name" "$group"
    wait "$runner"
    [ "$(cat "$BATS_TEST_TMPDIR/ended")" = "signal $number" ]
    until_group_gone
    wait_until_session_gone
    [ ! -e "$work" ]
    [ ! -e "$BATS_TEST_TMPDIR/made" ]
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = '' ]
  done
  tell_holder rollback
  [ "$(rows)" = '' ]
}

@test "TERM at any moment: users and file, or neither" {
  local found took
  took=$(milliseconds_of recotem-create-test-users --generate "$BATS_TEST_TMPDIR/first" --user ann --user bob)
  sql 'truncate auth_user cascade'
  random_rounds 6
  for _ in "${rounds[@]}"; do
    start recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann --user bob
    random_moment "$took"
    kill -TERM "$group" 2>/dev/null || :
    wait "$runner"
    until_group_gone
    wait_until_session_gone
    found=$(names)
    if [ -e "$BATS_TEST_TMPDIR/made" ]; then
      [ "$found" = $'ann\nbob' ]
      grep -q "^Created test user 'bob'" "$BATS_TEST_TMPDIR/out" || { head "$BATS_TEST_TMPDIR"/{out,err,ended}; return 1; }
    else
      [ "$found" = '' ]
      [ "$(cat "$BATS_TEST_TMPDIR/out")" = '' ]
    fi
    rm -f "$BATS_TEST_TMPDIR/made"
    sql 'truncate auth_user cascade'
  done
}

@test "kill -9 of the stage that commits, before it did: one message, and the file goes" {
  hold 'lock table auth_user in share row exclusive mode'
  start recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
  wait_until_blocked
  kill -KILL "$(pgrep -s "$group" rc-db-apply)"
  wait "$runner"
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = 'recotem-create-test-users: a stage was ended by SIGKILL; look whether the change took place' ]
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
  tell_holder rollback
  [ "$(rows)" = '' ]
}

# ---- --dry-run and --json ----

@test "--dry-run says what would be and changes nothing" {
  add_user bob
  before=$(rows)
  run -0 --separate-stderr recotem-create-test-users --dry-run --user ann:pw --user bob:pw --user ann:x
  [ "$output" = "Would create test user 'ann'.
Would update test user 'bob'.
Would update test user 'ann'.

Dry run complete. No changes made." ]
  [ "$(rows)" = "$before" ]
}

@test "--json prints the records and last a summary" {
  add_user bob
  run -0 --separate-stderr recotem-create-test-users --json --dry-run --user ann:pw --user bob:pw
  [ "${lines[0]}" = '{"username":"ann","status":"would_create"}' ]
  [ "${lines[1]}" = '{"username":"bob","status":"would_update"}' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[2]}")" = '[true,2,0,1,0]' ]
  run -0 --separate-stderr recotem-create-test-users --json --users-file - <<<'{"name":"ann","password":"pw"}'
  [ "${lines[0]}" = '{"username":"ann","status":"created"}' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[1]}")" = '[true,1,1,0,0]' ]
  printf -v name '%151s' ''
  run -1 --separate-stderr recotem-create-test-users --json --users-file - <<<'{"name":"'"${name// /n}"'","password":"pw"}'
  [ "$(jq -c '[.status, .error.code]' <<<"${lines[0]}")" = '["error","name_too_long"]' ]
  [ "$(jq -c '[.ok, .changed, .errors]' <<<"${lines[1]}")" = '[false,0,1]' ]
}

# ---- what is amiss around it ----

@test "wrong options are 2, and what may be a password is not shown" {
  local arguments message
  while IFS='|' read -r arguments message; do
    # shellcheck disable=SC2086 # several words
    run -2 --separate-stderr recotem-create-test-users $arguments
    [ "$output" = '' ]
    [ "$stderr" = "$usage
recotem-create-test-users: error: $message" ] || { echo "$arguments: $stderr"; return 1; }
  done <<'END'
--user a:s3cret bob:s3cret|unrecognized arguments: (not shown, it may hold a secret)
--user a:s3cret -x|unrecognized arguments: (not shown, it may hold a secret)
--userbob:s3cret|unrecognized arguments: (not shown, it may hold a secret)
--user a:s3cret --dry-run=s3cret|argument --dry-run: ignored explicit argument (not shown, it may hold a secret)
--user a:s3cret --verbosity s3cret|argument --verbosity: invalid int value: (not shown, it may hold a secret)
--user|argument --user: expected one argument
--user --dry-run|argument --user: expected one argument
END
  run -2 --separate-stderr recotem-create-test-users --user a:s3cret --us b:s3cret
  [[ $stderr == *'ambiguous option: --us could match '* && $stderr != *s3cret* ]]
  [ "$(rows)" = '' ]
}

@test "upstream's line works by rc-manage, and by absolute path with nothing in the environment" {
  run -0 --separate-stderr rc-manage recotem create_test_users --user a:b --user=c:d --verbosity 2
  [ "$output" = "Created test user 'a'.
Created test user 'c'." ]
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= \
    "$(command -v recotem-create-test-users)" --user ä:b
  [ "$output" = "Created test user 'ä'." ]
}

@test "a newer NOT NULL column without a default is refused, by --dry-run too: the column is named, and no row is shown" {
  add_user old
  sql 'alter table auth_user add column shoe_size integer; update auth_user set shoe_size = 1; alter table auth_user alter column shoe_size set not null'
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr recotem-create-test-users --user old:pw --user ann:pw $dry
    [ "$output" = '' ]
    [[ $stderr == *'null value in column "shoe_size" of relation "auth_user" violates not-null constraint (23502)' ]]
    [[ $stderr != *pbkdf2* ]]
  done
  [ "$(sql 'select username, password from auth_user')" = 'old|!' ] # it was to be updated before
}

@test "two at once for the same new user: both end with 0, one creates" {
  hold 'lock table auth_user in share row exclusive mode'
  recotem-create-test-users --user ann:pw >"$BATS_TEST_TMPDIR/one" 3>&- &
  first=$!
  recotem-create-test-users --user ann:pw >"$BATS_TEST_TMPDIR/two" 3>&- &
  second=$!
  started+=("$first" "$second")
  wait_until "select count(*) = 2 from pg_stat_activity where application_name like 'rc-db-apply %' and datname = current_database() and wait_event_type = 'Lock'"
  tell_holder rollback
  wait "$first"
  wait "$second"
  [ "$(sort "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two")" = "Created test user 'ann'.
Updated test user 'ann'." ]
  [ "$(sql 'select count(*) from auth_user')|$(sql 'select count(*) from authtoken_token')" = '1|1' ]
}

@test "another program makes the same user meanwhile: it is updated" {
  hold "insert into auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
    values ('!', false, 'ann', '', '', '', false, true, now())"
  recotem-create-test-users --user ann:pw >"$BATS_TEST_TMPDIR/out" 3>&- &
  command=$!
  started+=("$command")
  wait_until_blocked
  tell_holder commit
  wait "$command"
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = "Updated test user 'ann'." ]
  password_fits ann pw
  [ "$(sql 'select count(*) from authtoken_token')" = 0 ] # its token is the other program's affair
}

@test "no server, no tables: 1 and the server's words" {
  DATABASE_URL=postgresql://ann@127.0.0.1:1/shop run -1 --separate-stderr recotem-create-test-users --user a:s3cret
  [ "$output" = '' ]
  [[ $stderr == *'127.0.0.1:1/shop as ann: '*'Connection refused'* && $stderr != *s3cret* ]]
  DATABASE_URL=$RC_TEST_SERVER run -1 --separate-stderr recotem-create-test-users --user a:s3cret
  [[ $stderr == *'relation "auth_user" does not exist'* && $stderr != *s3cret* ]]
}

@test "a full disk under standard output is 1 and says that the change stands; a closed one changes nothing" {
  run -1 --separate-stderr bash -c 'recotem-create-test-users --user a:b >/dev/full'
  [ "${stderr_lines[-1]}" = 'recotem-create-test-users: the change is committed, but its report could not be written' ]
  [ "$(names)" = a ]
  run -1 --separate-stderr bash -c 'recotem-create-test-users --generate "$0" --user b >/dev/full' "$BATS_TEST_TMPDIR/made"
  [ -s "$BATS_TEST_TMPDIR/made" ]
  run -1 --separate-stderr bash -c 'recotem-create-test-users --user c:d >&-'
  [ "$stderr" = 'recotem-create-test-users: standard output is closed' ]
  [ "$(names)" = $'a\nb' ]
}

@test "names with control characters can't command the terminal" {
  run -0 --separate-stderr recotem-create-test-users --dry-run --user $'a\e[31m\nb:pw'
  [ "${lines[0]}" = "Would create test user 'a\\u001b[31m\\u000ab'." ]
}

@test "events: the warning, start and done with the counts, and no password" {
  RC_EVENTS=$BATS_TEST_TMPDIR/events run -0 recotem-create-test-users --user a:s3cret --user b:s3cret
  [ "$(jq -c 'select(.tool == "recotem-create-test-users") | [.event, .exit, .counts]' "$BATS_TEST_TMPDIR/events")" = '["start",null,null]
["warning",null,null]
["done",0,{"scanned":2,"changed":2}]' ]
  run -1 grep s3cret "$BATS_TEST_TMPDIR/events"
}

@test "--generate: the file goes where a stage is killed before anything is applied, and a message says so" {
  real_tree # a hash must take longer than it takes to find it
  start recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann --user bob --user cid --user dan
  until pid=$(pgrep -s "$group" -x rc-password-has); do sleep 0.01; done
  kill -9 "$pid"
  until_group_gone
  wait "$runner"
  [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 'exit 1' ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = 'recotem-create-test-users: a stage was ended by SIGKILL' ]
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
  [ "$(rows)" = '' ]
}

@test "--generate: the file stays where the change is committed and only its report fails" {
  hold 'lock table auth_user in exclusive mode'
  start recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
  wait_until_blocked
  rm "$TMPDIR"/rc.*."$group".*/.rc-*.tmp # nothing can be renamed then
  tell_holder rollback
  until_group_gone
  wait "$runner"
  [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 'exit 1' ]
  grep -q 'the changes were committed before that' "$BATS_TEST_TMPDIR/err"
  grep -q "made stays: its passwords may be valid" "$BATS_TEST_TMPDIR/err"
  [ "$(rc-say '{name}' "$BATS_TEST_TMPDIR/made")" = ann ]
  [ "$(sql 'select username from auth_user')" = ann ]
}

@test "a file whose name begins with a dash is a file" {
  cd "$BATS_TEST_TMPDIR"
  printf '{"name":"ann","password":"x"}\n' >-f
  run -0 --separate-stderr recotem-create-test-users --users-file=-f --dry-run
  [ "${lines[0]}" = "Would create test user 'ann'." ]
}

@test "a user that is refused is named by its place" {
  printf '{"name":"ann","password":"x"}\n{"name":" ","password":"x"}\n' >"$BATS_TEST_TMPDIR/users"
  run -1 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR/users" --dry-run
  [ "$stderr" = 'recotem-create-test-users: Username and password are required. (user 2, those of --user first)' ]
}

@test "a row that a trigger keeps out of the table is a refusal" {
  sql "create function keep_out() returns trigger language plpgsql as 'begin return null; end';
       create trigger keep_out before insert on auth_user for each row execute function keep_out()"
  run -1 --separate-stderr recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
  [ "$stderr" = "recotem-create-test-users: User 'ann' was not written: the database kept the row out." ]
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
}

@test "with standard error closed it works all the same" {
  run -0 bash -c 'recotem-create-test-users --user ann:pw 2>&-'
  [ "$output" = "Created test user 'ann'." ]
}

@test "old roles whose strings are not standard do as well" {
  sql "alter database $(sql 'select current_database()') set standard_conforming_strings = off"
  run -0 --separate-stderr recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
  [ "$output" = "Created test user 'ann'." ]
}

@test "--generate: the file goes where there is no room for the plan" {
  local inodes
  mkdir "$BATS_TEST_TMPDIR/tmp"
  need_small
  for inodes in 3 4; do
    TMPDIR=$BATS_TEST_TMPDIR/tmp run -1 small "nr_inodes=$inodes" recotem-create-test-users --generate "$BATS_TEST_TMPDIR/made" --user ann
    [[ $output == *'No space left on device'* ]]
    [ ! -e "$BATS_TEST_TMPDIR/made" ]
    [ "$(rows)" = '' ]
  done
}
