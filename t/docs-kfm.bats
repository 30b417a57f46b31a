# shellcheck disable=SC2034 # docs.bash uses docs_page
load helper
load docs

@test "docs/kfm.md leads from an empty database to a green smoke test in eight commands" {
  cd "$BATS_TEST_TMPDIR"
  psql -XAtq "$RC_TEST_SERVER" -c 'create database kfm_docs'
  DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//kfm_docs?}
  docs_page=$RC_TEST_FOLDER/../docs/kfm.md
  run_page
  [ "$count" = 8 ]
  psql -XAtq "$RC_TEST_SERVER" -c 'drop database kfm_docs with (force)'
}
