# long: every example of every page
load recotem/helper
load jobs

# The man pages: their form, and that what they show is true.

setup() {
  tree=$(readlink -f "$(dirname "$(command -v rc-say)")/..")
  pages=$tree/share/man/man1
  commands=$(find "$tree/bin" \( -type f -o -type l \) -perm -u+x -printf '%f\n' | sort)
  cd "$BATS_TEST_TMPDIR" || return
}

# Every page is rendered once, each section into a file PAGE.NAME, and what the examples find is made once.
setup_file() {
  mkdir "$BATS_FILE_TMPDIR/shown"
  for page in "$(rc_share)"/../man/man1/*.1; do render <"$page" >"$BATS_FILE_TMPDIR/shown/${page##*/}"; done
  awk '/^[^ ]/ { file = /^[A-Z ]+$/ ? FILENAME "." $0 : "/dev/null"; next } { print >>file }' "$BATS_FILE_TMPDIR"/shown/*
  psql -XAtq "$RC_TEST_SERVER" -c "create database man_template template recotem_template $RC_TEST_CLONE"
  export DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//man_template?}
  add_outbox
  fill
}

teardown_file() { psql -XAtq "$RC_TEST_SERVER" -c 'drop database man_template'; }

# A page as a terminal shows it, less the overprinting of bold and underlined letters.
render() { mandoc -Tutf8 -O width=200 | sed 's/.\x08//g'; }

# read_section PAGE NAME: sets $section, empty where there is none.
read_section() {
  local file=$BATS_FILE_TMPDIR/shown/${1##*/}.$2
  section=
  [ ! -e "$file" ] || section=$(<"$file")
}

# What the examples find in the tables; the ids begin at 1.
fill() {
  local alice
  alice=$(add_user alice)
  add_user admin
  add_project Films null
  add_project Books null
  add_project Shop null
  add_project Radio "$alice"
  add_split null
  add_evaluation "$alice"
}

# fits TEXT SHOWN: `...` in what the page shows stands for anything, on a line of its own for any lines or none.
fits() {
  local pattern
  if [[ $2 != *...* ]]; then
    [[ $1 == "$2" ]]
    return
  fi
  pattern=$(sed -z 's/[][\\*?()|+@!]/\\&/g; s/\n *\.\.\.\n/...\n/g; s/\.\.\./*/g' <<<"$2")
  # shellcheck disable=SC2053 # it is a pattern
  [[ $1 == $pattern ]]
}

# example COMMAND SHOWN: runs one; SHOWN is what the page has below it, if anything.
example() {
  local output code=0 shown=${2%"${2##*[![:space:]]}"}
  [[ $1 ]] || return 0
  output=$(bash -euo pipefail -c "$1" 2>&1) || code=$?
  printf -- '--- %s\n%s\n' "$1" "$output" # bats shows it where the test fails
  [ "$code" = 0 ] || { echo "exit code $code"; return 1; }
  [[ ! $shown ]] || fits "$output" "$shown" || { printf 'the page has:\n%s\n' "$shown"; return 1; }
}

# Runs all examples of a page in order. A line END marks where a block ends.
run_examples() {
  local line command='' shown=''
  while IFS= read -r line; do
    line=${line#     }
    case $line in
    '$ '* | END*)
      example "$command" "$shown" || return 1
      command='' shown=''
      [[ $line == END* ]] || command=${line#'$ '}
      ;;
    *) shown+=$line$'\n' ;;
    esac
  done < <(sed '/^\.Ed$/a END' "$1" | render | sed -n '/^EXAMPLES$/,/^[^ ]/{/^[^ ]/!p}')
  [[ ! $command ]] # or a block has no end
}

@test "every command has a page and every page a command" {
  [ "$(find "$pages" -name '*.1' -printf '%f\n' | sed 's/\.1$//' | sort)" = "$commands" ]
}

@test "every page has all its sections, none of them empty" {
  for page in "$pages"/*.1; do
    for name in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
      read_section "$page" "$name"
      [[ $section == *[a-z]* ]] || { echo "${page##*/}: no $name"; false; }
    done
    read_section "$page" EXAMPLES
    [[ $section == *'     $ '* ]] || { echo "${page##*/}: no command in EXAMPLES"; false; }
  done
  run -1 grep -n '@[A-Z]*@' "$pages"/*.1
  [ "$output" = '' ]
}

@test "the page of a product's command tells where it differs from upstream's" {
  for folder in "$(rc_share)"/sql/*/; do
    folder=${folder%/}
    for page in "$pages/${folder##*/}"-*.1; do
      [ -e "$page" ] || continue # a product that has no commands yet
      read_section "$page" DIFFERENCES
      [[ $section == *[a-z]* ]] || { echo "${page##*/}: no DIFFERENCES"; false; }
    done
  done
}

@test "summary, synopsis and every option of --describe stand in the page" {
  mkdir contracts
  # shellcheck disable=SC2086 # words
  read_contracts contracts $commands
  for command in $commands; do
    title="$command – $(<"contracts/$command.summary")" usage="$command $(<"contracts/$command.synopsis")"
    read_section "$command.1" NAME
    [ "$section" = "     $title" ] || { echo "$section"; false; }
    read_section "$command.1" SYNOPSIS
    read -ra words <<<"${section//$'\n'/ }"
    [ "${words[*]}" = "${usage% }" ] || { echo "$command: ${words[*]}"; false; }
    read_section "$command.1" OPTIONS
    while IFS= read -r option; do
      [[ $'\n'$section$'\n' == *$'\n     '"$option"[$'\n ']* ]] || { echo "$command: no option '$option'"; false; }
    done <"contracts/$command.shown"
  done
}

@test "mandoc has nothing to warn of" {
  run -0 mandoc -Tlint -W warning "$pages"/*.1
}

@test "every example works and prints what its page shows" {
  for page in "$pages"/*.1; do
    printf '=== %s\n' "${page##*/}"
    name=${page##*/}
    if [ -e "$RC_TEST_FOLDER/${name%%-*}/example.bash" ]; then
      # shellcheck source=/dev/null
      . "$RC_TEST_FOLDER/${name%%-*}/example.bash"
    else
      copy_template man
    fi
    folder=$BATS_TEST_TMPDIR/${page##*/}
    mkdir "$folder"
    cd "$folder"
    if [ "$name" = rc-password-hash.1 ]; then # it shows the number of iterations
      PATH=$RC_TEST_TREE/bin:$PATH run_examples "$page"
    else
      run_examples "$page"
    fi
  done
}
