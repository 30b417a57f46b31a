# shellcheck disable=SC2016,SC2030,SC2031 # make and inner shells expand; each test has an environment of its own
load helper

# share/flows/rc.mk: rc's commands as targets of a user's own Makefile.

setup() {
  real_tree
  # What `make check` has told its children is not for the make that is tested.
  unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES ARGS BUILD CFLAGS HARDEN HARDEN_LINK SANITIZE TESTS
  mkdir "$BATS_TEST_TMPDIR/mine"
  cd "$BATS_TEST_TMPDIR/mine" || return
  include "$(rc_share)/flows/rc.mk"
}

# include FILE TEXT: a Makefile that includes FILE and goes on with TEXT.
include() { printf 'include %s\n%s\n' "$1" "${2-}" >Makefile; }

# A tree as it is installed, with copies of the commands given; $prefix.
installed() {
  local name
  prefix=$BATS_TEST_TMPDIR/prefix
  mkdir -p "$prefix/bin" "$prefix/share"
  cp -R "$(rc_share)" "$prefix/share/"
  for name in rc-say "$@"; do cp -p "$(dirname "$(command -v rc-say)")/$name" "$prefix/bin/"; done
}

# The targets rc/... that make knows.
targets() { make -pn 2>/dev/null | sed -n 's,^\(rc/[^:]*\):.*,\1,p' | sort -u; }

@test "a command is a target, and ARGS are its arguments" {
  run -0 --separate-stderr make rc/rc-record-make ARGS='name=x count:=2'
  [ "$output" = '{"name":"x","count":2}' ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr make rc/recotem-wait-db ARGS='--tries 1'
  [ "${lines[-1]}" = 'Database available.' ]
}

@test "from a path with a blank, which make can't take, it says so" {
  mkdir 'a b'
  cp "$(rc_share)/flows/rc.mk" 'a b'
  include 'a\ b/rc.mk'
  run -2 --separate-stderr make rc/rc-record-make
  [[ $stderr == *"rc.mk: make takes no path with a blank in it; include it from another place"* ]]
}

@test "ARGS are read as a shell reads them: quotes, blanks, variables" {
  run -0 --separate-stderr env WORD='from the environment' make rc/rc-record-make ARGS="'name=a  b' \"other=it's\" word=\"\$\$WORD\" 'none='"
  [ "$output" = '{"name":"a  b","other":"it'\''s","word":"from the environment","none":""}' ]
}

@test "standard input is the command's" {
  run -0 --separate-stderr make rc/rc-tally ARGS='--by x' <<<'{"x":"a"}'
  [ "$output" = '{"records":1,"by":{"a":1}}' ]
}

@test "a target of one's own can need a command, with arguments of its own" {
  include "$(rc_share)/flows/rc.mk" 'rc/rc-record-make: ARGS = name=mine
deploy: rc/rc-record-make rc/rc-end
	@echo deployed'
  run -0 --separate-stderr make deploy
  [ "$output" = '{"name":"mine"}
{"rc_end":{"v":1}}
deployed' ]
  [ "$stderr" = '' ]
}

@test "a command that fails fails make, which names it and its code, and what needs it is not made" {
  include "$(rc_share)/flows/rc.mk" 'deploy: rc/recotem-wait-db
	@echo deployed'
  DATABASE_URL=postgresql://ann@127.0.0.1:1/shop run -2 --separate-stderr make deploy ARGS='--tries 1'
  [[ $output != *deployed* ]]
  [[ ${stderr_lines[-1]} == *rc/recotem-wait-db*'Error 1' ]]
  run -2 --separate-stderr make rc/rc-say ARGS=--nonsense
  [[ ${stderr_lines[-1]} == *rc/rc-say*'Error 100' ]]
}

@test "a command runs each time, also where a file has the target's name" {
  mkdir rc
  touch rc/rc-end
  run -0 --separate-stderr make rc/rc-end
  [ "$output" = '{"rc_end":{"v":1}}' ]
}

@test "make -n tells what would run, and runs nothing" {
  run -0 --separate-stderr make -n rc/rc-record-make ARGS='name=x'
  [ "$output" = "$(readlink -f "$(rc_share)/../../bin")/rc-record-make name=x" ]
}

@test "what make builds without a target stays what the Makefile says" {
  include "$(rc_share)/flows/rc.mk" 'first:
	@echo first
second:
	@echo second'
  run -0 --separate-stderr make
  [ "$output" = first ]
  printf '%s\n' 'zero:' $'\t@echo zero' "include $(rc_share)/flows/rc.mk" 'first:' >Makefile
  run -0 --separate-stderr make
  [ "$output" = zero ]
  printf '%s\n' '.DEFAULT_GOAL := second' "include $(rc_share)/flows/rc.mk" 'first second:' $'\t@echo $@' >Makefile
  run -0 --separate-stderr make
  [ "$output" = second ]
}

@test "every command of the tree is a target, and nothing else is" {
  [ "$(targets)" = "$(find "$(rc_share)/../../bin" \( -type f -o -type l \) -perm -u+x -printf 'rc/%f\n' | sort)" ]
  [ "$(targets | wc -l)" -gt 20 ]
}

@test "a command that is not there is make's error" {
  run -2 --separate-stderr make rc/rc-no-such
  [ "$output" = '' ]
  [[ $stderr == *"No rule to make target 'rc/rc-no-such'"* ]]
  run -2 --separate-stderr make rc/functions.bash
}

@test "another's program beside ours is no target, and is not run" {
  installed rc-record-make recotem-wait-db
  printf '#!/bin/sh\necho ran >%s\n' "$BATS_TEST_TMPDIR/ran" >"$prefix/bin/rc-status"
  cp "$prefix/bin/rc-status" "$prefix/bin/recotem-foreign"
  chmod +x "$prefix/bin/rc-status" "$prefix/bin/recotem-foreign"
  cp "$(type -P true)" "$prefix/bin/rc-update"
  include "$prefix/share/rc/flows/rc.mk"
  [ "$(targets | tr '\n' ' ')" = 'rc/rc-record-make rc/rc-say rc/recotem-wait-db ' ]
  run -0 --separate-stderr make rc/rc-record-make ARGS='a=b'
  [ "$output" = '{"a":"b"}' ]
  run -2 --separate-stderr make rc/rc-status
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "it works from the installed tree with the checkout gone" {
  local copy=$BATS_TEST_TMPDIR/copy
  mkdir "$copy"
  tar -C "$RC_TEST_FOLDER/.." --exclude=./.git -cf - . | tar -C "$copy" -xf -
  RC_INSTALL=0 make -s -C "$copy" install DESTDIR="$BATS_TEST_TMPDIR/staged" PREFIX=/opt/rc
  rm -rf "$copy"
  include "$BATS_TEST_TMPDIR/staged/opt/rc/share/rc/flows/rc.mk"
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= make rc/recotem-wait-db ARGS='--tries 1'
  [ "${lines[-1]}" = 'Database available.' ]
  [ "$stderr" = '' ]
  [ "$(targets)" = "$(find "$BATS_TEST_TMPDIR/staged/opt/rc/bin" \( -type f -o -type l \) -perm -u+x -printf 'rc/%f\n' | sort)" ]
}

# A checkout is its share/ and bin/, and the tree in build/; what is installed in the folder above is another one's.
@test "in a checkout it is the checkout's build that runs, not what is installed beside" {
  local checkout=$BATS_TEST_TMPDIR/prefix/checkout
  installed rc-record-make
  printf '#!/bin/sh\necho other\n' >"$prefix/bin/rc-record-make"
  mkdir -p "$checkout/bin" "$checkout/share" "$checkout/build/bin"
  cp "$RC_TEST_FOLDER/../bin/rc-manage" "$checkout/bin/"
  mkdir -p "$checkout/build/share/rc"
  cp "$(rc_share)/commands" "$checkout/build/share/rc/"
  cp -R "$(rc_share)/flows" "$(rc_share)/sql" "$checkout/share/"
  include ../prefix/checkout/share/flows/rc.mk
  run -2 --separate-stderr make rc/rc-record-make ARGS=a=b
  [[ $stderr == *"No rule to make target 'rc/rc-record-make'"* ]] # it is not built yet
  cp -p "$(command -v rc-record-make)" "$(command -v rc-say)" "$checkout/build/bin/"
  run -0 --separate-stderr make rc/rc-record-make ARGS=a=b
  [ "$output" = '{"a":"b"}' ]
}

@test "the Makefile's own variables and rules are left alone" {
  include "$(rc_share)/flows/rc.mk" 'show: ; @echo "$(CURDIR) $(SHELL) $(CC)"'
  before=$(printf 'show: ; @echo "$(CURDIR) $(SHELL) $(CC)"\n' | make -f - show)
  run -0 --separate-stderr make show
  [ "$output" = "$before" ]
  [ "$(make -pn 2>/dev/null | grep -A1 '^# makefile (from' | grep -E '^[a-zA-Z_]+ :?=' | grep -v '^rc_' | grep -vE '^(CURDIR|MAKEFILE_LIST|MAKEFLAGS|SHELL)' || true)" = '' ]
}
