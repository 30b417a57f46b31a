# Hashes of rc-password-hash against Django's own password functions, version by version, and the other way round.
#
# Each version is installed from the package index that pip is set up for, into $RC_TEST_VENVS/django-VERSION, which is
# kept, or, where that is not set, into a folder that goes with the tests.  A version that can't be had is skipped by name.
# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load ../recotem/helper

versions='5.1 5.2 6.0'

setup_file() {
  export DJANGO_VENVS=${RC_TEST_VENVS:-$BATS_FILE_TMPDIR}
  local version
  for version in $versions; do
    install_django "$version" >"$BATS_FILE_TMPDIR/$version.log" 2>&1 3>&- &
  done
  wait
}

setup() {
  real_tree
  passwords=$BATS_TEST_TMPDIR/passwords
  hashes=$BATS_TEST_TMPDIR/hashes
  write_passwords
}

# Debian's Python where it can make a venv, else the first on PATH.
python() {
  if compgen -G '/usr/lib/python3*/ensurepip' >/dev/null && [ -x /usr/bin/python3 ]; then /usr/bin/python3 "$@"
  else python3 "$@"; fi
}

# Django 6.0 asks for a newer Python than Debian 12 has.  Its password functions work on that one too (they are plain
# Python over hashlib), and nothing else is used here: so the demand is not looked at, nor the parts that need more.
install_django() {
  local venv=$DJANGO_VENVS/django-$1
  ! has_django "$1" || return 0
  mkdir -p "$DJANGO_VENVS"
  python -m venv --clear "$venv" || return
  "$venv/bin/python" -m pip install --quiet asgiref sqlparse || return
  "$venv/bin/python" -m pip install --quiet --no-deps --ignore-requires-python "Django~=$1.0" || return
  has_django "$1"
}

django() { # VERSION make|check|version
  "$DJANGO_VENVS/django-$1/bin/python" -I "$BATS_TEST_DIRNAME/django-hashers.py" "$2"
}

has_django() {
  local version
  version=$(django "$1" version) && [[ $version == "$1" || $version == "$1".* ]]
}

need_django() {
  local version
  for version in "$@"; do
    has_django "$version" 2>/dev/null || skip "Django $version can't be had here: $(reason "$version")"
  done
}

reason() { # VERSION: the last line that says something
  grep -v '^ *$' "$BATS_FILE_TMPDIR/$1.log" | tail -n 1 | cut -c 1-300
}

# One record for each password: as rc reads it, as a user types it, and a wrong one that is nearly right.
write_passwords() {
  local long
  long=$(printf '0123456789%.0s' {1..100})
  while IFS=$'\t' read -r right wrong; do
    printf '{"password":"%s","typed":"%s","wrong":"%s"}\n' "$right" "$right" "$wrong"
  done >"$passwords" <<END_OF_PASSWORDS
zażółć gęślą	zażółć gęśla
p:w:b 	p:w:b
 	  
it's \"two\"\nlines\r\n\t\\\\ 😀	it's \"two\"\nlines\n\t\\\\ 😀
e\u0301	\u00e9
\$pbkdf2_sha256\$1\$%s	\$pbkdf2_sha256\$1\$%d
$long	${long%9}8
END_OF_PASSWORDS
  [ "$(wc -l <"$passwords")" = 7 ]
  [ "$(jq -r '.password | length' "$passwords" | tail -n 1)" = 1000 ]
}

# Each line of a file is the given one, and there are as many as there are passwords.
all_are() {
  local expected
  expected=$(sed "s/.*/$1/" "$passwords")
  diff <(printf '%s\n' "$expected") "$2"
}

rc_makes() { # VERSION
  run -0 --separate-stderr rc-password-hash --from password --to hash --django "$1" "$passwords"
  [ "$stderr" = '' ]
  printf '%s\n' "$output" >"$hashes"
}

rc_checks() { # VERSION
  jq -c '{password: .typed, hash}' "$hashes" >"$hashes.right"
  jq -c '{password: .wrong, hash}' "$hashes" >"$hashes.wrong"
  run --separate-stderr rc-password-hash --check --from password --to hash --django "$1" "$hashes.right"
}

django_takes_what_rc_makes() { # VERSION
  need_django "$1"
  rc_makes "$1"
  django "$1" check <"$hashes" >"$BATS_TEST_TMPDIR/said"
  all_are '{"right": true, "wrong": false, "must_update": false, "saved": false}' "$BATS_TEST_TMPDIR/said"
}

rc_takes_what_django_makes() { # VERSION
  need_django "$1"
  django "$1" make <"$passwords" >"$hashes"
  rc_checks "$1"
  [ "$status" = 0 ]
  [ "$stderr" = '' ]
  jq -r .status <<<"$output" >"$BATS_TEST_TMPDIR/said"
  all_are ok "$BATS_TEST_TMPDIR/said"
  run -1 --separate-stderr rc-password-hash --check --from password --to hash --django "$1" "$hashes.wrong"
  jq -r .status <<<"$output" >"$BATS_TEST_TMPDIR/said"
  all_are bad "$BATS_TEST_TMPDIR/said"
}

@test "at least one version of Django can be had" {
  local version
  for version in $versions; do
    ! has_django "$version" 2>/dev/null || return 0
    echo "Django $version: $(reason "$version")"
  done
  return 1
}

@test "Django 5.1 takes the passwords whose hashes were made for it, no wrong one, and makes none anew" {
  django_takes_what_rc_makes 5.1
}

@test "Django 5.2 takes the passwords whose hashes were made for it, no wrong one, and makes none anew" {
  django_takes_what_rc_makes 5.2
}

@test "Django 6.0 takes the passwords whose hashes were made for it, no wrong one, and makes none anew" {
  django_takes_what_rc_makes 6.0
}

@test "hashes that Django 5.1 has made are good for the passwords, bad for wrong ones" {
  rc_takes_what_django_makes 5.1
}

@test "hashes that Django 5.2 has made are good for the passwords, bad for wrong ones" {
  rc_takes_what_django_makes 5.2
}

@test "hashes that Django 6.0 has made are good for the passwords, bad for wrong ones" {
  rc_takes_what_django_makes 6.0
}

@test "hashes that Django 5.1 has made want to be made anew for 6.0" {
  need_django 5.1
  django 5.1 make <"$passwords" >"$hashes"
  rc_checks 6.0
  [ "$status" = 0 ]
  [ "$stderr" = '' ]
  jq -r .status <<<"$output" >"$BATS_TEST_TMPDIR/said"
  all_are needs_rehash "$BATS_TEST_TMPDIR/said"
  run -1 --separate-stderr rc-password-hash --check --from password --to hash --django 6.0 "$hashes.wrong"
  jq -r .status <<<"$output" >"$BATS_TEST_TMPDIR/said"
  all_are bad "$BATS_TEST_TMPDIR/said"
}

@test "Django 6.0 takes hashes made for 5.1, and makes them anew" {
  need_django 6.0
  rc_makes 5.1
  django 6.0 check <"$hashes" >"$BATS_TEST_TMPDIR/said"
  all_are '{"right": true, "wrong": false, "must_update": true, "saved": true}' "$BATS_TEST_TMPDIR/said"
}
