# What tests of a page of docs/ share: its blocks of `console` are run in their order, in one shell, and print what is shown.
# The test's file sets $docs_page.

# fits TEXT SHOWN: `...` in what the page shows stands for anything, on a line of its own for any lines or none.
fits() {
  local pattern
  pattern=$(sed -z 's/[][\\*?()|+@!]/\\&/g; s/\n *\.\.\.\n/...\n/g; s/\.\.\./*/g' <<<"$2")
  # shellcheck disable=SC2053 # it is a pattern
  [[ $1 == $pattern ]]
}

# Runs one command in this shell, since a variable that is set is there for the next one; the page must show what it prints.
# All that it prints must be shown, so a command that is silent has nothing below it.
command_of_page() { # COMMAND SHOWN
  local code=0 output
  eval "$1" >"$BATS_TEST_TMPDIR/printed" 2>&1 || code=$?
  output=$(cat "$BATS_TEST_TMPDIR/printed")
  printf -- '--- %s\n%s\n' "$1" "$output" # bats shows it where the test fails
  [ "$code" = 0 ] || { echo "exit code $code"; return 1; }
  fits "$output" "${2%$'\n'}" || { printf 'the page has:\n%s\n' "$2"; return 1; }
}

blocks() { # KIND: the content of those blocks, with a line END behind each
  awk -v kind="\`\`\`$1" '$0 == kind { inside = 1; next } /^```/ && inside { inside = 0; print "END" } inside' "$docs_page"
}

# Runs all commands of the page; sets $count.
run_page() {
  local line command='' shown=''
  count=0
  while IFS= read -r line <&3; do
    case $line in
    '$ '* | END)
      if [ "$command" ]; then
        command_of_page "$command" "$shown"
        count=$((count + 1))
      fi
      command='' shown=''
      [ "$line" = END ] || command=${line#'$ '}
      ;;
    '> '*) command+=$'\n'${line#'> '} ;;
    *) shown+=$line$'\n' ;;
    esac
  done 3< <(blocks console)
  [ "$count" = "$(grep -c '^\$ ' "$docs_page")" ]
}
