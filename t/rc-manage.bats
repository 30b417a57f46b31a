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

@test "a command without its product is answered with the product, nearly or quite its name; what is near to none is not" {
  local word
  for word in assign_owners asign-owner recotem-asign-owners; do
    run -1 --separate-stderr rc-manage "$word"
    [ "${stderr_lines[1]}" = 'Did you mean recotem assign-owners?' ]
  done
  for word in x '*' ../../bin/sh 'a b' ''; do
    run -1 --separate-stderr rc-manage "$word"
    [ "$stderr" = "rc-manage: Unknown command: '$word'
Type 'rc-manage help' for usage." ]
  done
  RC_PRODUCT=zulip run -1 --separate-stderr rc-manage assign_owners
  [ "${#stderr_lines[@]}" = 2 ]
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

# tab LINE: what bash would offer at the end of the line, or how it is told to go on: (files), (folders).
tab() {
  local command
  read -ra COMP_WORDS <<<"$1"
  [[ $1 != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) command=${COMP_WORDS[0]}
  COMPREPLY=()
  _rc "$command" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
  printf '%s: %s\n' "$1" "$(printf '%s\n' "${COMPREPLY[@]:-nothing}" | uniq | paste -sd ' ')" # as readline, each once
}
compopt() { if [ "$2" = default ]; then COMPREPLY=('(files)'); else COMPREPLY=('(folders)'); fi; }

@test "completion bash offers products, commands, options and values of a word that is begun" {
  rc-manage completion bash >"$BATS_TEST_TMPDIR/script"
  # shellcheck source=/dev/null
  . "$BATS_TEST_TMPDIR/script"
  # shellcheck disable=SC2034 # completion looks there
  BASH_ALIASES[manage.py]='rc-manage recotem'
  local line
  while IFS= read -r line; do tab "${line%%:*}"; done <"$RC_TEST_FOLDER/data/completions" >"$BATS_TEST_TMPDIR/offered"
  RC_PRODUCT=recotem tab 'rc-manage rev' >>"$BATS_TEST_TMPDIR/offered"
  diff -u <(cat "$RC_TEST_FOLDER/data/completions" - <<<'rc-manage rev: revoke-api-key') "$BATS_TEST_TMPDIR/offered"
  # Each command is there, with each of its options.
  local command all
  mapfile -t all <"$(rc_share)/commands"
  read_contracts "$BATS_TEST_TMPDIR" "${all[@]}"
  for command in "${all[@]}"; do
    [ "$(tab "$command -" | sed 's/.*: //' | tr ' ' '\n' | LC_ALL=C sort)" = "$(cat "$BATS_TEST_TMPDIR/$command.letters")" ] || { tab "$command -"; false; }
    [ "$(complete -p "$command")" = "complete -F _rc $command" ]
  done
}

@test "the Tab key does it in bash, and zsh takes its own" {
  local typed
  printf -v typed '%s\n' 'rc-manage() { printf "<%s>" "$@"; echo; }' '. <(command rc-manage completion bash)' \
    $'rc-manage recot\tassign_ow\t--us\tann --verb\t2 --dr\t' exit
  run -0 script -qec 'INPUTRC=/dev/null HISTFILE= PS1= bash --norc --noprofile -i' /dev/null <<<"$typed"
  [[ $output == *'<recotem><assign_owners><--user><ann><--verbosity><2><--dry-run>'* ]]
  rc-manage completion zsh >"$BATS_TEST_TMPDIR/_rc"
  grep -qxF "    '--keep-trying[also after a wrong password or an unknown role, which another may be about to make]'" "$BATS_TEST_TMPDIR/_rc"
  if command -v zsh >/dev/null; then zsh -n "$BATS_TEST_TMPDIR/_rc"; fi
}

@test "completion of another shell is refused" {
  run -2 --separate-stderr rc-manage completion fish
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-manage: error: argument SHELL: bash or zsh is expected, not 'fish'" ]
  run -2 rc-manage completion
  run -1 --separate-stderr bash -c 'rc-manage completion zsh >/dev/full'
  [[ $stderr == *'No space left on device' ]]
}
