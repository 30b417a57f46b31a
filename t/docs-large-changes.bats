# shellcheck disable=SC2034,SC2154 # docs.bash uses docs_page and sets count
# docs/large-changes.md: every command in it is run, and prints what is shown.
load helper
load docs
load standby

teardown() { stop_servers "$BATS_TEST_TMPDIR"; }

@test "the page's commands run in their order, and print what it shows" {
  server_and_standby "$BATS_TEST_TMPDIR"
  export DATABASE_URL="postgresql://postgres@/postgres?host=$one"
  sql 'create table account (id bigint primary key, plan text, owner_id int); insert into account select generate_series(1, 5000)'
  cd "$BATS_TEST_TMPDIR"
  docs_page=$RC_TEST_FOLDER/../docs/large-changes.md
  run_page
  [ "$count" -ge 15 ]
}
