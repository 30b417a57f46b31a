# One private PostgreSQL for all tests: DATABASE_URL leads to its database
# "postgres", new_database (helper.bash) gives a test one of its own.
#
# The role rc_password can log in only with the password in $RC_TEST_PASSWORD,
# rc_absent does not exist.

setup_suite() {
  export RC_TEST_PASSWORD='p@ss:w/o?r#d%&=+ "'\''[]é'
  export LC_ALL=C.UTF-8 RC_EVENTS='' HOME=$BATS_SUITE_TMPDIR TMPDIR=$BATS_SUITE_TMPDIR
  chmod 711 "$BATS_SUITE_TMPDIR" "${BATS_SUITE_TMPDIR%/*}" # the server may run as another user
  unset "${!PG@}" RC_SCHEMA RC_PRODUCT RC_RUN_ID RC_PARENT LOG_LEVEL
  local hba

  mkfifo "$BATS_SUITE_TMPDIR/stop"
  # shellcheck disable=SC2016 # the inner shell expands it
  TMPDIR=/tmp rc-postgres -- bash -c 'printf "%s\n" "$DATABASE_URL" >"$1/url.new" && mv "$1/url.new" "$1/url" && read -r _ <"$1/stop"' \
    _ "$BATS_SUITE_TMPDIR" >"$BATS_SUITE_TMPDIR/server.log" 2>&1 3>&- 4>&- &
  echo $! >"$BATS_SUITE_TMPDIR/server.pid"
  until [ -s "$BATS_SUITE_TMPDIR/url" ]; do
    kill -0 "$(cat "$BATS_SUITE_TMPDIR/server.pid")" || { cat "$BATS_SUITE_TMPDIR/server.log" >&2; return 1; }
    sleep 0.05
  done
  DATABASE_URL=$(cat "$BATS_SUITE_TMPDIR/url")
  export DATABASE_URL RC_TEST_SERVER=$DATABASE_URL
  export RC_TEST_SOCKET=${DATABASE_URL##*host=}

  hba=$(psql -XAtq "$DATABASE_URL" -c 'show hba_file')
  sed -i '1i local all rc_password scram-sha-256' "$hba"
  psql -XAtq "$DATABASE_URL" -v "password=$RC_TEST_PASSWORD" >/dev/null <<'END'
create role rc_password login password :'password';
select pg_reload_conf();
create database recotem_template;
END
  psql -Xq "${DATABASE_URL/'/postgres?'//recotem_template?}" -v ON_ERROR_STOP=1 -f "$(rc_share)/sql/recotem/schema.sql"
}

# The share folder of the tree under test.
rc_share() { readlink -f "$(dirname "$(command -v rc-say)")/../share/rc"; }

teardown_suite() {
  ! kill -0 "$(cat "$BATS_SUITE_TMPDIR/server.pid")" 2>/dev/null || echo stop >"$BATS_SUITE_TMPDIR/stop"
  while kill -0 "$(cat "$BATS_SUITE_TMPDIR/server.pid")" 2>/dev/null; do sleep 0.05; done
}
