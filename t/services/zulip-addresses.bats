# What the original takes for an address, Django says; share/sql/zulip/user-check.sql must say the same.
load ../zulip/helper

setup_file() {
  export DJANGO_VENV=${RC_TEST_VENVS:-$BATS_FILE_TMPDIR}/django-5.2
  [ -x "$DJANGO_VENV/bin/django-admin" ] || {
    python3 -m venv --clear "$DJANGO_VENV" && "$DJANGO_VENV/bin/python" -m pip install --quiet 'Django~=5.2.0'
  } >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- || :
}

@test "addresses, chosen and by chance, are taken and refused as by Django" {
  [ -x "$DJANGO_VENV/bin/django-admin" ] || skip "Django 5.2 can't be had here: $(tail -n 1 "$BATS_FILE_TMPDIR/log")"
  cd "$BATS_TEST_TMPDIR"
  new_zulip_database
  "$DJANGO_VENV/bin/python" -I "$BATS_TEST_DIRNAME/zulip-addresses.py" 3000 "${RC_TEST_SEED:-1}" >addresses
  [ "$(grep -c '"valid": true' addresses)" -gt 300 ]
  RC_SQL=$(rc_share)/sql/zulip rc-db-rows user-check.sql addresses >answers
  jq -rn --slurpfile asked addresses --slurpfile answers answers '[$asked, $answers] | transpose[]
    | select(.[0].valid != (.[1].error == null)) | @json' >differing
  [ ! -s differing ] || { head -n 20 differing >&2; return 1; }
}
