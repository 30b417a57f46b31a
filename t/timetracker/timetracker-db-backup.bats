# shellcheck disable=SC2034 # the helper uses started
load ../helper

setup() {
  new_database timetracker
  started=()
  cd "$BATS_TEST_TMPDIR" || return
  mkdir backups
}

teardown() { end_started; }

backup() { timetracker-db-backup --directory backups "$@"; }
restored() { # FILE: its rows, in a database of their own
  psql -Xq "$RC_TEST_SERVER" -v ON_ERROR_STOP=1 -c "create database restored_$$_$BATS_TEST_NUMBER"
  DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//restored_$$_$BATS_TEST_NUMBER?}
  pg_restore --exit-on-error --dbname="$DATABASE_URL" "$1"
  sql 'select to_jsonb(t) from task_cache t order by id'
}

@test "a backup has a sum, is for its owner only, and restores" {
  timetracker-seed-testdata >/dev/null
  before=$(sql 'select to_jsonb(t) from task_cache t order by id')
  run -0 --separate-stderr backup
  [[ $output =~ ^backups/timetracker-[0-9]{8}T[0-9]{6}Z\.dump$ && $stderr = '' ]]
  [ "$(ls -A backups | wc -l)" = 4 ]
  [ "$(stat --format %a "$output")" = 600 ]
  (cd backups && sha256sum --check --quiet -- *.sha256)
  [ "$(restored "$output")" = "$before" ]
}

@test "its manifest and provenance are beside it, signed where there is a key" {
  first=$(backup)
  rc-provenance --check "$first"
  [ "$(rc-say '{predicate.buildDefinition.externalParameters.command|} {predicate.runDetails.metadata.invocationId}' "$first.provenance")" != ' ' ]
  (cd backups && rc-manifest --check "${first#*/}.manifest" --quiet "${first#*/}")
  openssl genpkey -algorithm ed25519 -out key 2>/dev/null
  openssl pkey -in key -pubout -out key.pub
  run -1 rc-provenance --check "$first" --verify key.pub
  sleep 1
  second=$(RC_PROVENANCE_KEY=$PWD/key backup)
  rc-provenance --check "$second" --verify key.pub
  echo >>"$second"
  run -1 rc-provenance --check "$second" --verify key.pub
  sleep 1
  RC_PROVENANCE_KEY=$PWD/none run -1 --separate-stderr backup
  [[ $stderr == *'timetracker-db-backup: what was made is there, but its manifest and provenance could not be written: backups/timetracker-'*.dump ]]
  [ "$(find backups -name '.?*')" = '' ]
}

@test "--check restores it and compares the rows; one that can't be restored is none" {
  real_tree
  timetracker-seed-testdata >/dev/null
  run -0 --separate-stderr backup --check --json
  [ "$(jq -r 'select(.status) | [.status, .checked]' -c <<<"$output")" = '["written",true]' ]
  # a rule that looks at another table, whose rows are not there yet when this one's come
  sql "create table zz as select 1 as id; create function known() returns boolean language sql as 'select exists (select from public.zz)';
    create table aa (id int check (known())); insert into aa values (1)"
  before=$(ls -A backups)
  sleep 1
  run -1 --separate-stderr backup --check --keep 1
  [[ $stderr == *'timetracker-db-backup: The backup can not be restored.' ]]
  [ "$(ls -A backups)" = "$before" ]
}

@test "--keep deletes the oldest of its own, once the new one is there, and a failure deletes none" {
  touch backups/timetracker-2026010{1,2,3}T000000Z.dump{,.sha256} backups/timetracker-mine.dump backups/.timetracker-20260104T000000Z.dump.part
  run -0 --separate-stderr backup --keep 2 --dry-run
  [ "$(grep -c '^Would delete backups/timetracker-2026010[12]T000000Z.dump$' <<<"$output")" = 2 ]
  [[ ${lines[0]} == 'Would write backups/timetracker-'* ]]
  before=$(ls -A backups)
  sql "create table secret (id int); create role r_$$; grant all on all tables in schema public to r_$$; revoke all on secret from r_$$"
  PGOPTIONS="-c role=r_$$" run -1 --separate-stderr backup --keep 1
  [[ $stderr == *'secret'*'timetracker-db-backup: The backup could not be written.' ]]
  [ "$(ls -A backups)" = "$(grep -v part <<<"$before")" ]
  run -0 --separate-stderr backup --keep 2
  [[ ${lines[0]} == backups/timetracker-* && ${lines[1]} = 'Deleted backups/timetracker-20260101T000000Z.dump' && ${#lines[@]} = 3 ]]
  [ "$(grep -c "^timetracker-2026010" <(ls -A backups))" = 2 ]
  [ "$(ls -A backups | wc -l)" = 7 ]
  sleep 1
  backup --keep 1 >/dev/null
  [ "$(find backups -name '*Z.*' | sed 's/.*Z//' | sort)" = $'.dump\n.dump.manifest\n.dump.provenance\n.dump.sha256' ]
}

@test "a second one at the same time is refused, and so is a folder that is not there" {
  exec {held}<backups
  flock "$held"
  run -1 --separate-stderr backup
  [ "$stderr" = 'timetracker-db-backup: Another backup is being written there.' ]
  exec {held}<&-
  run -1 --separate-stderr timetracker-db-backup --directory none
  [ "$stderr" = 'timetracker-db-backup: none is no folder that can be written to' ]
  run -2 backup --keep 0
}

@test "kill -9 while it writes leaves nothing that has a backup's name, and the next one clears up" {
  hold 'lock table task_cache in access exclusive mode'
  start timetracker-db-backup --directory backups
  wait_until "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
  kill -KILL -- "-$group"
  finish
  tell_holder rollback
  [ "$(ls backups)" = '' ]
  run -0 backup
  [ "$(ls -A backups | wc -l)" = 4 ]
}
