load recotem/helper

setup() { new_database; cd "$BATS_TEST_TMPDIR" || return; }

@test "a program of PostgreSQL's finds the database, and no argument has the password" {
  run -0 --separate-stderr rc-db-run -- psql -XAtc 'select current_database()'
  [ "$output" = "$(sql 'select current_database()')" ]
  DATABASE_URL='psql://us%20er:s3%40cret@db.example.org:5433/n%2Fame?sslmode=require' run -0 --separate-stderr rc-db-run -- env
  for line in 'PGHOST=db.example.org' PGPORT=5433 'PGUSER=us er' 'PGPASSWORD=s3@cret' PGDATABASE=n/ame PGSSLMODE=require; do
    grep -qx "$line" <<<"$output" || { echo "$line"; false; }
  done
  run -1 grep DATABASE_URL <<<"$output"
  unset DATABASE_URL
  PGHOST=h PGDATABASE=d run -0 rc-db-run -- sh -c 'echo "$PGHOST $PGDATABASE"'
  [ "$output" = 'h d' ]
}

@test "the status is the command's; what no variable can say is refused" {
  run -7 rc-db-run -- sh -c 'exit 7'
  run -127 --separate-stderr rc-db-run -- no-such-command
  [ "$stderr" = 'rc-db-run: cannot run no-such-command: No such file or directory' ]
  run -100 rc-db-run
  run -100 rc-db-run x -- true
}
