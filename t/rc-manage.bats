# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load recotem/helper

@test "it runs a product's command by upstream's name, underscores and hyphens are one" {
  local name
  for name in wait_db wait-db; do
    run -0 --separate-stderr rc-manage recotem "$name" --tries 1
    [ "$output" = 'Waiting for database...
Database available.' ]
    [ "$stderr" = '' ]
  done
}

@test "RC_PRODUCT stands for the product" {
  export RC_PRODUCT=recotem
  run -0 --separate-stderr rc-manage wait_db --tries 1
  [ "${lines[1]}" = 'Database available.' ]
  run -0 --separate-stderr rc-manage recotem wait_db --tries 1
  [ "${lines[1]}" = 'Database available.' ]
}

@test "a first word that is a product wins over RC_PRODUCT" {
  RC_PRODUCT=nosuch run -0 --separate-stderr rc-manage recotem wait_db --tries 1
  [ "${lines[1]}" = 'Database available.' ]
}

@test "the command has its arguments as they are, and its exit code is the answer" {
  new_database
  add_user "a  b*" >/dev/null
  run -0 --separate-stderr rc-manage recotem assign_owners --user 'a  b*' --dry-run
  [ "${lines[3]}" = 'Dry run complete. No changes made.' ]
  run -1 --separate-stderr rc-manage recotem assign_owners --user nobody
  [ "$output" = '' ]
  [ "$stderr" = "recotem-assign-owners: User 'nobody' does not exist." ]
  run -2 --separate-stderr rc-manage recotem assign_owners
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = 'recotem-assign-owners: error: the following arguments are required: --user' ]
  run -2 --separate-stderr rc-manage recotem assign_owners --nonsense
}

@test "an unknown command or product is 1, in Django's words" {
  local words
  for words in 'recotem nosuch' 'nosuch' 'recotem ../rc-tally' 'recotem wait' '../recotem wait_db'; do
    # shellcheck disable=SC2086 # several words
    run -1 --separate-stderr rc-manage $words
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = "rc-manage: Unknown command: '${words#recotem }'" ] || [ "${stderr_lines[0]}" = "rc-manage: Unknown command: '${words%% *}'" ]
    [ "${stderr_lines[1]}" = "Type 'rc-manage help' for usage." ]
  done
}

@test "a near name is asked for" {
  run -1 --separate-stderr rc-manage recotem asign_owner
  [ "$stderr" = "rc-manage: Unknown command: 'asign_owner'
Did you mean recotem assign-owners?
Type 'rc-manage help' for usage." ]
  RC_PRODUCT=recotem run -1 --separate-stderr rc-manage wait-dbb
  [ "${stderr_lines[1]}" = 'Did you mean recotem wait-db?' ]
}

@test "help lists the products' commands" {
  local word
  for word in '' --help -h help; do
    # shellcheck disable=SC2086 # none or one
    run -0 --separate-stderr rc-manage $word
    [ "${lines[0]}" = 'usage: rc-manage [PRODUCT] COMMAND [ARGUMENT ...]' ]
    grep -qx '\[recotem\]' <<<"$output"
    grep -qx '    assign-owners' <<<"$output"
    grep -qx '    wait-db' <<<"$output"
    [ "$stderr" = '' ]
  done
}

@test "help of a command is the command's" {
  run -0 --separate-stderr rc-manage recotem help assign_owners
  [[ ${lines[0]} == 'usage: recotem-assign-owners '* ]]
  run -0 --separate-stderr rc-manage recotem assign_owners --help
  [[ ${lines[0]} == 'usage: recotem-assign-owners '* ]]
  RC_PRODUCT=recotem run -0 --separate-stderr rc-manage help wait_db
  [[ ${lines[0]} == 'usage: recotem-wait-db '* ]]
}

@test "it works by absolute path with nothing in the environment, and under another name" {
  local command
  command=$(command -v rc-manage)
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= "$command" recotem wait_db --tries 1
  [ "${lines[1]}" = 'Database available.' ]
  ln -s "$command" "$BATS_TEST_TMPDIR/manage.py"
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin RC_PRODUCT=recotem DATABASE_URL="$DATABASE_URL" RC_EVENTS= \
    "$BATS_TEST_TMPDIR/manage.py" wait_db --tries 1
  [ "${lines[1]}" = 'Database available.' ]
}
