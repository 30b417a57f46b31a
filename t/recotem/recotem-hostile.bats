# shellcheck disable=SC2016,SC2030,SC2031,SC2034 # each test has an environment of its own; helper.bash uses started
load helper

# Places that are hard: encodings, files from other systems, an environment that another has made. Each test looks at all of
# Recotem's commands.

setup() {
  started=()
  unset DEFAULT_ADMIN_PASSWORD DEFAULT_ADMIN_PASSWORD_FILE CREDENTIALS_DIRECTORY
}

teardown() { end_started; }

# A database of that encoding, with Recotem's tables and a project of alice's.
encoded_database() { # ENCODING
  local name=encoded_$RANDOM$RANDOM
  psql -XAtq "$RC_TEST_SERVER" -c "create database $name template template0 encoding '$1' locale 'C'"
  DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//$name?}
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -f "$(rc_share)/sql/recotem/schema.sql" 2>/dev/null
  alice=$(add_user alice)
  add_project one "$alice"
  add_project unowned null
}

@test "databases in LATIN1 and SQL_ASCII: users, keys, owners and models, with names beyond ASCII" {
  local encoding
  export MEDIA_ROOT=$BATS_TEST_TMPDIR SECRET_KEY=k
  for encoding in LATIN1 SQL_ASCII EUC_JP; do
    encoded_database "$encoding"
    run -0 --separate-stderr recotem-create-test-users --users-file - <<<'{"name":" ben ","password":"c0rrect"}'
    [ "$output" = "Created test user 'ben'." ]
    if [ "$encoding" != EUC_JP ]; then
      run -0 --separate-stderr recotem-create-test-users --users-file - <<<'{"name":" Jos\u00e9 ","password":"c\u00f4rrect"}'
      [ "$output" = "Created test user 'José'." ]
      run -0 --separate-stderr recotem-assign-owners --user José
      [ "${lines[0]}" = "  Project: 1 record(s) assigned to 'José'." ]
    fi
    run -0 --separate-stderr recotem-create-api-key --project-id 1 --name clé --owner alice
    [[ $output == rctm_* ]]
    run -0 --separate-stderr recotem-list-api-keys
    [[ $output == *"'clé'"* ]]
    run -0 --separate-stderr recotem-rotate-api-key --project-id 1 --name clé --overlap 7
    run -0 --separate-stderr recotem-revoke-api-key --project-id 1 --name clé
    run -0 --separate-stderr recotem-resign-models
    run -0 --separate-stderr recotem-bootstrap --owner alice
    PGOPTIONS='-c client_min_messages=warning' sql 'truncate auth_user cascade'
    run -0 --separate-stderr recotem-create-superuser
    [[ $output == *'"admin"'* ]]
  done
}

@test "a file of another system: a byte order mark is passed over, UTF-16 is named, by the command that was typed" {
  new_database
  printf '\xef\xbb\xbf{"name":"ben","password":"c0rrect"}\n' >"$BATS_TEST_TMPDIR/users"
  run -0 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR/users"
  [ "$output" = "Created test user 'ben'." ]
  printf '{"name":"ben","password":"c0rrect"}\n' | iconv -t UTF-16 >"$BATS_TEST_TMPDIR/users"
  run -1 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR/users"
  [[ ${stderr_lines[0]} == "recotem-create-test-users: $BATS_TEST_TMPDIR/users"*UTF-16* ]]
  printf 'not json\n' >"$BATS_TEST_TMPDIR/users"
  run -1 --separate-stderr recotem-create-test-users --users-file "$BATS_TEST_TMPDIR/users"
  [[ ${stderr_lines[0]} == "recotem-create-test-users: $BATS_TEST_TMPDIR/users:1: "* ]]
  [[ $stderr != *rc-* ]]
}

@test "no environment makes a dry run a real one, or writes where it should not" {
  new_database
  add_user alice >/dev/null
  add_project unowned null
  before=$(owned_rows)
  echo kept >"$BATS_TEST_TMPDIR/counts"
  rc_operands=any opt_dry_run='' RC_COUNTS=$BATS_TEST_TMPDIR/counts RC_REPORT=1 RC_COMMAND=recotem-bootstrap \
    run -0 --separate-stderr recotem-assign-owners --user alice --dry-run
  [[ $output == *'Dry run complete. No changes made.' ]]
  [ "$(owned_rows)" = "$before" ]
  [ "$(cat "$BATS_TEST_TMPDIR/counts")" = kept ]
  mkdir -p "$BATS_TEST_TMPDIR/evil"
  for product in ../ ../evil ../../../../../../../../"$BATS_TEST_TMPDIR/evil" . .. /tmp "recotem/../recotem" $'recotem\n'; do
    RC_PRODUCT=$product run -1 --separate-stderr rc-manage assign_owners --user alice
    [ "$output" = '' ]
  done
  [ "$(owned_rows)" = "$before" ]
}

@test "DEFAULT_ADMIN_PASSWORD stands in the environment of no process of bootstrap" {
  new_database
  add_user alice >/dev/null
  sql 'begin; delete from auth_user; commit'
  hold 'lock table auth_user'
  DEFAULT_ADMIN_PASSWORD=s3cret-of-admin start recotem-bootstrap
  wait_until_blocked
  pgrep -s "$group" >"$BATS_TEST_TMPDIR/pids"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/pids")" -ge 3 ]
  while read -r pid; do
    run ! grep -qa s3cret-of-admin "/proc/$pid/environ" "/proc/$pid/cmdline"
  done <"$BATS_TEST_TMPDIR/pids"
  tell_holder rollback
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(sql 'select username from auth_user')" = admin ]
}
