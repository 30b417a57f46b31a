# One private PostgreSQL for all tests: DATABASE_URL leads to its database
# "postgres", new_database (helper.bash) gives a test one of its own.
#
# The role rc_password can log in only with the password in $RC_TEST_PASSWORD,
# rc_absent does not exist.

setup_suite() {
  RC_TEST_FOLDER=$(cd "${BASH_SOURCE[0]%/*}" && pwd) # t/, for the tests of its folders
  export RC_TEST_FOLDER
  export RC_TEST_PASSWORD='p@ss:w/o?r#d%&=+ "'\''[]é'
  export LC_ALL=C.UTF-8 RC_EVENTS='' HOME=$BATS_SUITE_TMPDIR TMPDIR=$BATS_SUITE_TMPDIR
  export SHELL=$BASH # which script(1) runs; where it is not set, as in CI, that is sh
  chmod 711 "$BATS_SUITE_TMPDIR" "${BATS_SUITE_TMPDIR%/*}" # the server may run as another user
  unset "${!PG@}" RC_ENVIRONMENT RC_CONFIRM RC_SCHEMA RC_PRODUCT RC_RUN_ID RC_PARENT LOG_LEVEL
  local hba
  make_trees
  make_server_programs

  # Its data is in memory where there is room. No test is about what a crash of the machine leaves, and the tests about
  # fsync (t/rc-postgres.bats) start servers of their own.
  mkfifo "$BATS_SUITE_TMPDIR/stop"
  # shellcheck disable=SC2016 # the inner shell expands it
  TMPDIR=$(place_for_data) rc-postgres --set fsync=off,full_page_writes=off,max_connections=200 -- bash -c '
    printf "%s\n" "$DATABASE_URL" "$PATH" >"$1/url.new" && mv "$1/url.new" "$1/url" && read -r _ <"$1/stop"' \
    _ "$BATS_SUITE_TMPDIR" >"$BATS_SUITE_TMPDIR/server.log" 2>&1 3>&- 4>&- &
  echo $! >"$BATS_SUITE_TMPDIR/server.pid"
  until [ -s "$BATS_SUITE_TMPDIR/url" ]; do
    kill -0 "$(cat "$BATS_SUITE_TMPDIR/server.pid")" || { cat "$BATS_SUITE_TMPDIR/server.log" >&2; return 1; }
    sleep 0.05
  done
  { read -r DATABASE_URL && read -r PATH; } <"$BATS_SUITE_TMPDIR/url" # the server's own psql: Debian's is a Perl program
  export DATABASE_URL RC_TEST_SERVER=$DATABASE_URL
  export RC_TEST_SOCKET=${DATABASE_URL##*host=}

  hba=$(psql -XAtq "$DATABASE_URL" -c 'show hba_file')
  sed -i '1i local all rc_password scram-sha-256' "$hba"
  psql -XAtq "$DATABASE_URL" -v "password=$RC_TEST_PASSWORD" >/dev/null <<'END'
create role rc_password login password :'password';
select pg_reload_conf();
create database recotem_template;
END
  RC_TEST_CLONE=$(psql -XAtq "$DATABASE_URL" -c "select case when current_setting('server_version_num')::int >= 150000 then 'strategy file_copy' else '' end")
  export RC_TEST_CLONE # a third of the time, with no fsync
  psql -Xq "${DATABASE_URL/'/postgres?'//recotem_template?}" -v ON_ERROR_STOP=1 -f "$(rc_share)/sql/recotem/schema.sql"
}

# Two copies of the tree under test, where every user can reach them: a clone of root's is in a folder that only root can
# enter. In the second, which is first on PATH, a password's hash costs one iteration, whatever --django says, as it does with
# rc-password-hash --iterations 1; a test that is about the number takes the first (real_tree in helper.bash).
make_trees() {
  RC_TEST_BUILD=$(readlink -f "$(dirname "$(command -v rc-say)")/..")
  export RC_TEST_BUILD RC_TEST_TREE=$BATS_SUITE_TMPDIR/tree RC_TEST_QUICK_TREE=$BATS_SUITE_TMPDIR/quick
  cp -a "$RC_TEST_BUILD" "$RC_TEST_TREE"
  rm -rf "${RC_TEST_TREE:?}"/{lib,src,asan,tsan}
  cp -a "$RC_TEST_TREE" "$RC_TEST_QUICK_TREE"
  cat >"$BATS_SUITE_TMPDIR/wrapper" <<END
#!/bin/bash
words=()
for ((i = 1; i <= \$#; i++)); do
  if [ "\${!i}" = --django ]; then ((i++)); else words+=("\${!i}"); fi
done
exec "$RC_TEST_TREE/bin/rc-password-hash" --iterations 1 "\${words[@]}"
END
  install -m 755 "$BATS_SUITE_TMPDIR/wrapper" "$RC_TEST_QUICK_TREE/bin/rc-password-hash"
  PATH=$RC_TEST_QUICK_TREE/bin:$PATH
}

# The server's programs, with an initdb that makes a folder of data once and gives copies of it from then on: a
# second of work less for each server. The copies share one system identifier. Where initdb itself matters a test takes
# $RC_TEST_SERVER_PROGRAMS.
make_server_programs() {
  local newest
  newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)
  [ ! "${RC_POSTGRES_BIN-}" ] || newest=$RC_POSTGRES_BIN/postgres
  export RC_TEST_SERVER_PROGRAMS=${newest%/postgres}
  export RC_POSTGRES_BIN=$BATS_SUITE_TMPDIR/server
  mkdir "$RC_POSTGRES_BIN"
  ln -s "$RC_TEST_SERVER_PROGRAMS"/* "$RC_POSTGRES_BIN/"
  rm "$RC_POSTGRES_BIN/initdb"
  cat >"$BATS_SUITE_TMPDIR/initdb" <<END
#!/bin/sh
# initdb -D FOLDER OPTION ...
kept='$BATS_SUITE_TMPDIR/kept/data'
[ ! -e "\$kept" ] || exec cp -a "\$kept" "\$2"
'$RC_TEST_SERVER_PROGRAMS/initdb' --wal-segsize=1 "\$@" && cp -a "\$2" "\$kept"
END
  install -m 755 "$BATS_SUITE_TMPDIR/initdb" "$RC_POSTGRES_BIN/initdb"
  mkdir -m 777 "$BATS_SUITE_TMPDIR/kept" # the first server of all, which may be another user's
}

# Memory, where there is room.
place_for_data() {
  local room
  room=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
  if [ -w /dev/shm ] && [ "${room:-0}" -gt 2000000 ]; then echo /dev/shm; else echo /tmp; fi
}

# The share folder of the tree under test.
rc_share() { readlink -f "$(dirname "$(command -v rc-say)")/../share/rc"; }

teardown_suite() {
  ! kill -0 "$(cat "$BATS_SUITE_TMPDIR/server.pid")" 2>/dev/null || echo stop >"$BATS_SUITE_TMPDIR/stop"
  while kill -0 "$(cat "$BATS_SUITE_TMPDIR/server.pid")" 2>/dev/null; do sleep 0.05; done
}
