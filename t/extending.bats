# long: it builds
load recotem/helper

# docs/extending.md, done to the letter in a copy of this checkout, with what is built.

setup() {
  source=$(readlink -f "$RC_TEST_FOLDER/..")
  copy=$BATS_TEST_TMPDIR/copy
  mkdir "$copy"
  tar -C "$source" --exclude=./.git -cf - . | tar -C "$copy" -xf -
}

# write_files WORD: puts the files that the page gives in full, and that have WORD in their names, into the copy;
# prints the names. Such a file is a line `NAME`: and a fenced block.
write_files() {
  awk -v word="$1" -v copy="$copy/" '
    /^`[^`]+`:$/ { name = $0; gsub(/[`:]/, "", name); next }
    /^```/ && inside { close(copy name); inside = 0; name = ""; next }
    /^```/ && index(name, word) { inside = 1; print name; next }
    inside { print >(copy name) }' "$copy/docs/extending.md"
}

# Runs a command as a user types it in the copy: no setting of bats or of the make above us gets there.
as_user() {
  local path=:$PATH:
  path=${path//":$(dirname "$(command -v rc-say)"):"/:}
  path=${path//":$BATS_LIBEXEC:"/:} # there is another "bats" in it
  env -i PATH="$path" HOME="$HOME" TMPDIR="$BATS_TEST_TMPDIR" RC_EVENTS='' \
    DATABASE_URL="$DATABASE_URL" RC_INSTALL=0 MAKEFLAGS="-j$(nproc)" bash -euo pipefail -c "cd '$copy' && $1" 3>&- 4>&-
}

# step COMMAND SHOWN: runs it; where the page shows something below it, that is what it must print.
step() {
  local output
  [[ $1 ]] || return 0
  [[ $1 != 'make lint'* ]] || { command -v shellcheck && command -v cppcheck; } >/dev/null || return 0
  output=$(as_user "$1" 2>&1) || { printf '$ %s\n%s\n' "$1" "$output"; return 1; }
  [[ ! $2 || $output == "${2%$'\n'}" ]] || { printf '$ %s\n%s\nthe page has:\n%s' "$1" "$output" "$2"; return 1; }
}

# run_steps N: does what stands in the page's block of commands N, counted from 1.
run_steps() {
  local line command='' shown='' block
  block=$(awk -v n="$1" '/^```console$/ { here = ++count == n; next } /^```/ { here = 0 } here' "$copy/docs/extending.md")
  [[ $block ]]
  while IFS= read -r line; do
    if [[ $line == '$ '* ]]; then
      step "$command" "$shown" || return 1
      command=${line#'$ '} shown=''
    else
      shown+=$line$'\n'
    fi
  done <<<"$block"
  step "$command" "$shown"
}

# What is in the copy and not the same in the checkout, one path a line.
new_files() {
  diff -rq --exclude=build --exclude=.git "$source" "$copy" | sed "s,^Only in $copy/\(.*\): ,\1/," | sort
}

@test "a filter is three files and no edit: the page's program, page and test work" {
  files=$'share/man/rc-number.1\nsrc/rc-number.c\nt/rc-number.bats'
  [ "$(write_files rc-number | sort)" = "$files" ]
  run_steps 1
  [ "$(new_files)" = "$files" ]
  [ "$(as_user "printf '{\"id\":7}\n' | build/bin/rc-number")" = '{"id":7,"number":1}' ]
  as_user 'mandoc -Tlint -W warning build/share/man/man1/rc-number.1'
}

@test "a porcelain command is found by its name alone: the page's example works" {
  files=$'bin/recotem-list-unowned\nshare/sql/recotem/unowned-projects.sql'
  [ "$(write_files unowned | sort)" = "$files" ]
  run_steps 2
  [ "$(new_files)" = "$files" ]
  new_database
  add_project Films null
  add_project Books null
  [ "$(as_user build/bin/recotem-list-unowned)" = $'1: Films\n2: Books' ]
  [ "$(as_user 'build/bin/rc-manage recotem list_unowned --limit 1')" = '1: Films' ]
  run -2 as_user 'build/bin/recotem-list-unowned --limit x'
  run -0 --separate-stderr as_user 'build/bin/recotem-list-unowned --json | tail -n 1'
  [[ $output == '{"ok":true,'*'"scanned":2,"changed":0,'* ]]
}
