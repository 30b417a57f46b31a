# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load helper

# Changes that the database keeps out: a trigger, a rule, a policy. No command may say that it did what is not there.

setup() {
  new_database
  started=()
  alice=$(add_user alice)
  add_project one "$alice"
  add_project unowned null
  [ "$(add_api_key k1 1 "$alice")" = 1 ]
}

# keep_out TABLE insert|update: a trigger that lets no such row through.
keep_out() {
  sql "create or replace function nothing() returns trigger language plpgsql as 'begin return null; end'"
  sql "create trigger nothing before $2 on $1 for each row execute function nothing()"
}

# set_back TABLE COLUMN VALUE: a trigger that gives the column that value again, after each change.
set_back() {
  sql "create function set_back() returns trigger language plpgsql as 'begin update $1 set $2 = $3 where id = new.id; return null; end'"
  sql "create trigger set_back after insert or update on $1 for each row when (pg_trigger_depth() = 0) execute function set_back()"
}

# All rows of Recotem's tables.
rows() { key_rows; other_rows; }

# kept WHAT COMMAND...: it ends with 1 and says that WHAT was not written, and nothing changes.
kept() {
  local before
  before=$(rows)
  run -1 --separate-stderr "${@:2}"
  [[ $stderr == *"$2: $1: the database kept the row out"* ]] || { printf '%s\n' "$output" "$stderr"; return 1; }
  [ "$(rows)" = "$before" ]
}

@test "a trigger keeps out what is new" {
  keep_out api_apikey insert
  kept "API key 'k2' was not written" recotem-create-api-key --project-id 1 --name k2 --owner alice
  kept "API key 'k1' was not written" recotem-rotate-api-key --project-id 1 --name k1 --overlap 7
  keep_out auth_user insert
  kept "User 'ben' was not written" recotem-create-test-users --users-file - <<<'{"name":"ben","password":"pw"}'
  sql 'truncate auth_user cascade'
  kept "User 'admin' was not written" recotem-create-superuser
}

@test "a token that is kept out keeps the user out" {
  keep_out authtoken_token insert
  kept "User 'ben' was not written" recotem-create-test-users --users-file - <<<'{"name":"ben","password":"pw"}'
  sql 'truncate auth_user cascade'
  kept "User 'admin' was not written" recotem-create-superuser
}

@test "a trigger keeps out a change" {
  keep_out api_apikey update
  kept "API key 'k1' was not revoked" recotem-revoke-api-key --project-id 1 --name k1
  kept "API key 'k1' was not rotated" recotem-rotate-api-key --project-id 1 --name k1 --overlap 7
  keep_out auth_user update
  kept "User 'alice' was not written" recotem-create-test-users --users-file - <<<'{"name":"alice","password":"pw"}'
  keep_out api_project update
  kept 'api_project was not written' recotem-assign-owners --user alice
}

@test "a trigger sets a change back" {
  set_back api_apikey is_active true
  kept "API key 'k1' was not revoked" recotem-revoke-api-key --project-id 1 --name k1
}

@test "a trigger takes an owner away again" {
  set_back api_project owner_id null
  kept 'api_project was not written' recotem-assign-owners --user alice
}

@test "a trigger gives a user another password" {
  set_back auth_user password "''!''"
  kept "User 'alice' was not written" recotem-create-test-users --users-file - <<<'{"name":"alice","password":"pw"}'
}

@test "a rule does nothing instead" {
  sql 'create rule nothing as on update to api_apikey do instead nothing'
  kept "API key 'k1' was not revoked" recotem-revoke-api-key --project-id 1 --name k1
  sql 'create rule nothing as on update to api_project do instead nothing'
  kept 'api_project was not written' recotem-assign-owners --user alice
}

@test "what another session adds meanwhile is not taken for a row that was kept out" {
  hold "update api_project set user_column = 'held' where name = 'unowned'"
  recotem-assign-owners --user alice >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  started+=("$!")
  wait_until_blocked
  add_project later null
  tell_holder commit
  wait "${started[-1]}"
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = '' ]
  grep -qx "  Project: 1 record(s) assigned to 'alice'." "$BATS_TEST_TMPDIR/out"
}

teardown() { end_started; }
