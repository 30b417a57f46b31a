# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test has an environment of its own; docs.bash uses docs_page and sets count
# docs/evidence.md: every command in it is run, and prints what is shown.
load recotem/helper
load docs

setup() {
  new_database
  cd "$BATS_TEST_TMPDIR" || return
  docs_page=$RC_TEST_FOLDER/../docs/evidence.md
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
  unset RC_EVENTS RC_HISTORY RC_RUN_ID
  local alice
  alice=$(add_user alice)
  add_project Films null
  add_project Books null
  add_project Shop "$alice"
}

rows() { sql 'select to_jsonb(p) from api_project p order by 1'; }

@test "the page's commands run in their order, and print what it shows; the rows are as before" {
  before=$(rows)
  run_page
  [ "$count" -ge 15 ]
  [ "$(rows)" = "$before" ]
}

@test "the page has no block that is not run" {
  [ "$(grep '^```.' "$docs_page" | sort -u)" = '```console' ]
  [ "$(grep -c '^    ' "$docs_page")" = 0 ]
}
