# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load recotem/helper

# What `make check` or `make asan` has told its children is not for the make that is tested.
forget_make() { unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES BUILD CFLAGS HARDEN HARDEN_LINK SANITIZE TESTS; }

# A copy of the checkout with what is built, installed from there, and deleted: what is left must work alone.
setup_file() {
  local copy=$BATS_FILE_TMPDIR/copy
  forget_make
  mkdir "$copy"
  tar -C "$RC_TEST_FOLDER/.." --exclude=./.git --exclude='./build*' -cf - . | tar -C "$copy" -xf -
  cp -a "$RC_TEST_BUILD" "$copy/build"
  export RC_INSTALL=0
  make -s -C "$copy" install PREFIX="$BATS_FILE_TMPDIR/prefix"
  make -s -C "$copy" install DESTDIR="$BATS_FILE_TMPDIR/staged" PREFIX=/opt/rc
  make -s -C "$copy" install PREFIX="$BATS_FILE_TMPDIR/removed"
  make -s -C "$copy" uninstall PREFIX="$BATS_FILE_TMPDIR/removed"
  mkdir -p "$BATS_FILE_TMPDIR/used/share"
  touch "$BATS_FILE_TMPDIR/used/share/own"
  make -s -C "$copy" install install PREFIX="$BATS_FILE_TMPDIR/used"
  make -s -C "$copy" uninstall PREFIX="$BATS_FILE_TMPDIR/used"
  rm -rf "$copy"
}

setup() { bin=$BATS_FILE_TMPDIR/prefix/bin; }

# Runs an installed command with nothing but a plain PATH and the database.
installed() { env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= "$bin/$1" "${@:2}"; }

@test "a filter works from the installed tree with the checkout gone" {
  run -0 --separate-stderr installed rc-tally --by x <<<'{"x":"a"}'
  [ "$output" = '{"records":1,"by":{"a":1}}' ]
  [ "$stderr" = '' ]
}

@test "the commands work from the installed tree" {
  new_database
  admin=$(add_user admin)
  add_project one null
  run -0 --separate-stderr installed recotem-wait-db
  [ "${lines[1]}" = 'Database available.' ]
  run -0 --separate-stderr installed recotem-assign-owners --user admin
  [ "${lines[0]}" = "  Project: 1 record(s) assigned to 'admin'." ]
  [ "$stderr" = '' ]
  [ "$(sql 'select owner_id from api_project')" = "$admin" ]
  run -0 --separate-stderr installed rc-manage --help
  grep -qx '    assign-owners' <<<"$output"
  run -0 --separate-stderr installed rc-manage recotem wait_db
  [ "${lines[1]}" = 'Database available.' ]
}

@test "rc-postgres works from the installed tree" {
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin "$bin/rc-postgres" -- rc-db-wait --tries 1
  [ "$(jq -r .status <<<"$output")" = available ]
}

@test "every command of the tree under test is installed, and tells its version" {
  local command name
  for command in "$(dirname "$(command -v rc-say)")"/*; do
    name=${command##*/}
    [ -e "$bin/$name" ] || { echo "not installed: $name"; return 1; }
    [ -x "$command" ] || continue
    run -0 --separate-stderr env -i PATH=/usr/bin:/bin RC_EVENTS= "$bin/$name" --version
    [[ $output == "$name "* ]]
    [ "$stderr" = '' ]
  done
}

@test "the pages are installed and can be read" {
  local page found=0
  for page in "$BATS_FILE_TMPDIR"/prefix/share/man/man1/*.1; do
    [ -e "$page" ] || continue
    found=$((found + 1))
    run -0 --separate-stderr mandoc -T html "$page"
    [[ $output == *NAME* ]]
    [ "$stderr" = '' ]
    [[ $output != *@SYNOPSIS@* && $output != *@OPTIONS@* ]]
  done
  ((found))
}

@test "the installed files can be read by all and written by no one else" {
  [ "$(find "$BATS_FILE_TMPDIR/prefix" -type f ! -perm -444 -o -type d ! -perm -555 -o ! -type l -perm /022)" = '' ]
}

@test "DESTDIR stands before the prefix" {
  [ -x "$BATS_FILE_TMPDIR/staged/opt/rc/bin/rc-say" ]
  run -0 diff -r "$BATS_FILE_TMPDIR/prefix/share" "$BATS_FILE_TMPDIR/staged/opt/rc/share"
  bin=$BATS_FILE_TMPDIR/staged/opt/rc/bin
  run -0 installed recotem-wait-db
  [ "${lines[1]}" = 'Database available.' ]
}

@test "uninstall leaves nothing, but the folders that were there before" {
  [ ! -e "$BATS_FILE_TMPDIR/removed" ]
  [ "$(cd "$BATS_FILE_TMPDIR/used" && find . | sort)" = $'.\n./share\n./share/own' ]
}

@test "need-packages with RC_INSTALL=0 prints the one line to type, and ends with 1" {
  mkdir "$BATS_TEST_TMPDIR/empty"
  run -1 --separate-stderr env -i PATH="$BATS_TEST_TMPDIR/empty" RC_INSTALL=0 /bin/bash "$(rc_share)/need-packages" lint
  [ "${#lines[@]}" = 3 ]
  [[ ${lines[0]} == 'missing: '*shellcheck* ]]
  [ "${lines[2]}" = "apt-get update && apt-get install -y --no-install-recommends ${lines[0]#missing: }" ]
}

@test "need-packages is silent where all is there, and refuses a topic that it does not know" {
  run -0 --separate-stderr env RC_INSTALL=0 "$(rc_share)/need-packages" server check
  [ "$output$stderr" = '' ]
  run -2 --separate-stderr "$(rc_share)/need-packages" nonsense
  [ "$output" = '' ]
  [ "$stderr" = 'need-packages: no topic nonsense' ]
}

@test "make stops with the line to type where it may not install" {
  local folder=$BATS_TEST_TMPDIR/bin tool
  mkdir "$folder"
  for tool in bash make env sed find grep mkdir; do ln -s "$(command -v "$tool")" "$folder/$tool"; done
  run -2 --separate-stderr env -i PATH="$folder" RC_INSTALL=0 make -C "$RC_TEST_FOLDER/.." all BUILD="$BATS_TEST_TMPDIR/build"
  [[ $output == *'missing: gcc'* ]]
  [[ $output == *'apt-get update && apt-get install -y --no-install-recommends gcc'* ]]
  [ ! -e "$BATS_TEST_TMPDIR/build" ]
}
