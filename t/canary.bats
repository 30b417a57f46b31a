# shellcheck disable=SC2016,SC2030,SC2031 # perl's own; each test has an environment of its own
load recotem/helper

# Where do secrets go? A password or key that is known (a canary) is looked for in all that can be seen of a command while it
# runs and afterwards: arguments, environment and open files of every process, files, events, output, and the log and the data
# of a server that logs each statement with its parameters.

setup_file() {
  mkfifo "$BATS_FILE_TMPDIR/stop"
  TMPDIR=/tmp rc-postgres --set log_statement=all,log_parameter_max_length=-1,log_min_duration_statement=0 -- \
    bash -c 'printf "%s\n" "$DATABASE_URL" >"$1/url.new" && mv "$1/url.new" "$1/url" && read -r _ <"$1/stop"' \
    _ "$BATS_FILE_TMPDIR" >"$BATS_FILE_TMPDIR/server.out" 2>&1 3>&- 4>&- &
  echo $! >"$BATS_FILE_TMPDIR/server.pid"
  until [ -s "$BATS_FILE_TMPDIR/url" ]; do
    kill -0 "$(cat "$BATS_FILE_TMPDIR/server.pid")" || { cat "$BATS_FILE_TMPDIR/server.out" >&2; return 1; }
    sleep 0.05
  done
  RC_TEST_SERVER=$(cat "$BATS_FILE_TMPDIR/url") server_folder=${RC_TEST_SERVER##*host=}
  export RC_TEST_SERVER server_folder
  psql -XAtq "$RC_TEST_SERVER" -c 'create database recotem_template'
  psql -Xq "${RC_TEST_SERVER/'/postgres?'//recotem_template?}" -v ON_ERROR_STOP=1 -f "$(rc_share)/sql/recotem/schema.sql"
}

teardown_file() {
  echo stop >"$BATS_FILE_TMPDIR/stop"
  while kill -0 "$(cat "$BATS_FILE_TMPDIR/server.pid")" 2>/dev/null; do sleep 0.05; done
}

setup() {
  started=()
  new_database
  unset DEFAULT_ADMIN_PASSWORD DEFAULT_ADMIN_PASSWORD_FILE CREDENTIALS_DIRECTORY XDG_STATE_HOME
  # what the command may write to; what it is given is in given/
  visible=$BATS_TEST_TMPDIR/visible given=$BATS_TEST_TMPDIR/given seen=$BATS_TEST_TMPDIR/seen
  mkdir -p "$visible/home" "$visible/tmp" "$visible/cwd" "$given"
  export HOME=$visible/home TMPDIR=$visible/tmp RC_EVENTS=$visible/events
  cd "$visible/cwd" || return
  out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
  canary=canary$RANDOM$RANDOM$RANDOM$RANDOM
}

teardown() { end_started; }

# Notes all that it sees of processes that were not there when it began: arguments, environment, and files without a name
# that they have open outside /dev/shm (which is memory). And of each file in the folders that are visible, or made by rc in
# /dev/shm. A line is KIND, process or file, and text, parted by tabs; only what has changed is noted again. USR1 makes it
# look once more at all of it and say so, TERM ends it.
watcher='
  use strict; use warnings;
  my ($visible, $seen) = @ARGV;
  my ($asked, $ended, %last) = (0, 0);
  my %old = map { $_ => 1 } grep { /^\d+$/ } map { s,.*/,,r } glob "/proc/*";
  $SIG{USR1} = sub { $asked = 1 };
  $SIG{TERM} = sub { $ended = 1 };
  open my $notes, ">", $seen or die; $notes->autoflush(1);
  sub slurp { open my $in, "<:raw", $_[0] or return; local $/; my $text = <$in>; defined $text ? $text : "" }
  sub note {
    my ($kind, $what, $text) = @_;
    return if !defined $text || ($last{"$kind $what"} // "") eq $text;
    $last{"$kind $what"} = $text;
    $text =~ tr/\0\n\t/   /;
    print $notes "$kind\t$what\t$text\n";
  }
  sub files {
    my ($folder) = @_;
    opendir my $dir, $folder or return;
    for my $name (readdir $dir) {
      next if $name eq "." || $name eq "..";
      my $path = "$folder/$name";
      if (-d $path && !-l $path) { files($path) }
      elsif (-f _) { note("file", $path, slurp($path)) }
    }
  }
  sub processes {
    opendir my $proc, "/proc" or die;
    for my $pid (grep { /^\d+$/ && !$old{$_} } readdir $proc) {
      note("arguments", $pid, slurp("/proc/$pid/cmdline"));
      # that of a process which nobody but root may look into is seen by nobody
      note("environment", $pid, slurp("/proc/$pid/environ") // ($!{EACCES} ? "kept from us" : undef));
      opendir my $fds, "/proc/$pid/fd" or next;
      for my $fd (readdir $fds) {
        my $target = readlink "/proc/$pid/fd/$fd" or next;
        next if $target !~ m,^/(?!dev/shm/|memfd:).* \(deleted\)$, || !-f "/proc/$pid/fd/$fd"; # a pipe with a name would block
        my $text = slurp("/proc/$pid/fd/$fd");
        # or it was another file by then: the descriptor of a process that is just begun
        note("nameless", "$pid $target", $text) if ((readlink "/proc/$pid/fd/$fd") // "") eq $target;
      }
    }
  }
  print "ready\n"; open STDOUT, ">", "/dev/null" or die;
  until ($ended) {
    my $answer = $asked;
    processes();
    files($visible);
    files($_) for glob "/dev/shm/rc.*";
    if ($answer) { $asked = 0; open my $done, ">", "$seen.done" or die }
  }'

until_done() { # COMMAND...
  local tries=0
  until "$@"; do
    [ $((tries += 1)) -lt 6000 ] || { echo "waited in vain for: $*" >&2; return 1; }
    sleep 0.01
  done
}

watch() {
  mkfifo "$BATS_TEST_TMPDIR/ready"
  perl -MIO::Handle -e "$watcher" "$visible" "$seen" >"$BATS_TEST_TMPDIR/ready" 3>&- &
  watching=$!
  started+=("$watching")
  read -r _ <"$BATS_TEST_TMPDIR/ready"
  rm "$BATS_TEST_TMPDIR/ready"
}

look() {
  rm -f "$seen.done"
  kill -USR1 "$watching"
  until_done test -e "$seen.done"
}

stop_watching() {
  look
  kill -TERM "$watching"
  wait "$watching"
}

# run_watched EXIT COMMAND...: standard input is $input. Its process is $caller: arguments and environment that it was started
# with are the caller's doing.
input=/dev/null
run_watched() {
  local code=0 expected=$1
  held=''
  watch
  "${@:2}" <"$input" >"$out" 2>"$err" 3>&- &
  caller=$!
  started+=("$caller")
  wait "$caller" || code=$?
  stop_watching
  [ "$code" = "$expected" ] || { echo "exit $code"; cat "$err"; return 1; }
}

# run_held TABLE COMMAND...: likewise, with a look at it while it waits for a lock on the table.
run_held() {
  local code=0
  rm -f "$BATS_TEST_TMPDIR/holder"
  held=yes
  hold "lock table $1 in share row exclusive mode"
  watch
  "${@:2}" <"$input" >"$out" 2>"$err" 3>&- &
  caller=$!
  started+=("$caller")
  wait_until "select count(*) = 1 from pg_stat_activity where application_name like 'rc-db-apply %' and datname = current_database() and wait_event_type = 'Lock'"
  look
  tell_holder rollback
  wait "$caller" || code=$?
  stop_watching
  [ "$code" = 0 ] || { echo "exit $code"; cat "$err"; return 1; }
  # what is looked for would have been found
  grep -q $'^arguments\t[0-9]*\t''rc-db-apply ' "$seen"
  grep -q $'^environment\t[0-9]*\t''.*RC_RUN_ID=' "$seen"
}

# Prints where the canary in $1 was seen: not the caller's own start, if that does not come again, and is over where a look
# was taken while the command was held.
sightings() {
  CANARY=$1 HELD=$held perl -F'\t' -lane '
    BEGIN { $caller = shift }
    next if ($F[2] // "") eq ""; # it has ended
    my $hit = index($F[2], $ENV{CANARY}) >= 0;
    if ($F[1] eq $caller && $F[0] =~ /arguments|environment/) {
      if ($hit && !$over{$F[0]}) { $begun{$F[0]} = $_; next }
      $over{$F[0]} = 1 if delete $begun{$F[0]};
    }
    print "$F[0] $F[1]" if $hit;
    END { print "the caller'\''s $_ keep it" for $ENV{HELD} ? keys %begun : () }' "${caller:-0}" "$seen"
}

# nowhere CANARY: it stands in nothing that was seen, in no file, event or message, and not with the server. Of several runs
# with one canary all but the last need only not_here, for what the server once has written stays there.
nowhere() {
  not_here "$1" "$server_folder" || return
  # the log and the data are those of the command
  grep -qaF "$(sed 's,.*/\([^?]*\)?.*,\1,' <<<"$DATABASE_URL")" "$server_folder/server.log"
}
not_here() { # CANARY [FOLDER]
  local found
  found=$(sightings "$1")
  found+=$(grep -rlaF -- "$1" "$visible" "$err" "${@:2}" || :)
  [ "$found" = '' ] || { printf 'the canary is in:\n%s\n' "$found"; return 1; }
}

# Of a hash that was stored, the log and the data have it: they are looked at rightly.
hash_is_with_server() {
  local hash
  hash=$(sql "$1")
  [[ $hash == pbkdf2_sha256* ]]
  grep -qaF -- "$hash" "$server_folder/server.log"
  psql -XAtq "$DATABASE_URL" -c checkpoint
  grep -rqaF -- "$hash" "$server_folder/data"
}

@test "the watcher sees a canary in arguments, environment, files with and without a name, and the server's log and data" {
  watch
  bash -c 'perl -e "sleep 60" "$0" & SECRET=$0 perl -e "sleep 60" & exec 9<<<"$(head -c 70000 /dev/zero | tr "\0" x)$0"; : >ready; wait' \
    "$canary" 3>&- &
  caller=$!
  started+=("$caller")
  held=yes
  until_done test -e ready
  echo "$canary" >"$visible/tmp/file"
  folder=$(mktemp -d /dev/shm/rc.XXXXXXXX)
  echo "$canary" >"$folder/file"
  look
  rm -r "$folder"
  pkill -P "$caller"
  wait "$caller" || :
  stop_watching
  found=$(sightings "$canary")
  [[ $found == *arguments* ]]
  [[ $found == *environment* ]]
  [[ $found == *"file $visible/tmp/file"* ]]
  [[ $found == *"file $folder/file"* ]]
  [[ $found == *"nameless $caller $visible/tmp/"* ]]
  [[ $found == *"the caller's arguments keep it"* ]]
  rm "$visible/tmp/file"
  : >"$seen"
  : >"$err"
  nowhere "$canary"
  sql "select '$canary'"
  run -1 nowhere "$canary"
  [[ $output == *"/server.log" ]]
  [ "$(sql "create table t (x text); insert into t values ('$canary') returning 1")" = 1 ]
  psql -XAtq "$DATABASE_URL" -c checkpoint
  run -1 nowhere "$canary"
  [[ $output == *"/data/base/"* ]]
  [[ $output == *"/data/pg_wal/"* ]]
}

@test "recotem-create-superuser: DEFAULT_ADMIN_PASSWORD" {
  make() { DEFAULT_ADMIN_PASSWORD=$canary exec recotem-create-superuser; }
  run_held auth_user make
  [ "$(cat "$out")" = 'No user found. Create an administrative user with username "admin".' ]
  nowhere "$canary"
  hash_is_with_server 'select password from auth_user'
}

@test "recotem-create-superuser: a DEFAULT_ADMIN_PASSWORD of 100 kB" {
  long=$canary$(head -c 100000 /dev/zero | tr '\0' x)
  make() { DEFAULT_ADMIN_PASSWORD=$long exec recotem-create-superuser; }
  run_held auth_user make
  nowhere "$canary"
}

@test "recotem-create-superuser: DEFAULT_ADMIN_PASSWORD_FILE, with --json" {
  echo "$canary" >"$given/password"
  make() { DEFAULT_ADMIN_PASSWORD_FILE=$given/password exec recotem-create-superuser --json; }
  run_held auth_user make
  run -1 grep -F "$canary" "$out"
  nowhere "$canary"
}

@test "recotem-create-superuser: a password made here stands in the one line" {
  run_held auth_user recotem-create-superuser
  [[ $(cat "$out") =~ ^'No user found. Create an administrative user with username "admin" and password "'([A-Za-z0-9]{12})'".'$ ]]
  nowhere "${BASH_REMATCH[1]}"
  sql 'truncate auth_user cascade'
  run_watched 0 recotem-create-superuser --json
  [[ $(head -n 1 "$out") =~ ^'{"username":"admin","password":"'([A-Za-z0-9]{12})'"}'$ ]]
  canary=${BASH_REMATCH[1]}
  [ "$(grep -cF "$canary" "$out")" = 1 ]
  nowhere "$canary"
}

@test "recotem-create-superuser, where it is refused or fails" {
  make() { DEFAULT_ADMIN_PASSWORD=$canary exec recotem-create-superuser "$@"; }
  for options in --nonsense extra --dry-run=1 --verbosity=x; do
    run_watched 2 make "$options"
    not_here "$canary"
  done
  echo "$canary" >"$given/password"
  make_twice() { DEFAULT_ADMIN_PASSWORD_FILE=$given/password DEFAULT_ADMIN_PASSWORD=$canary exec recotem-create-superuser; }
  run_watched 1 make_twice
  not_here "$canary"
  no_server() { DATABASE_URL=postgresql://ann@127.0.0.1:1/shop DEFAULT_ADMIN_PASSWORD=$canary exec recotem-create-superuser; }
  run_watched 1 no_server
  not_here "$canary"
  bytes() { DEFAULT_ADMIN_PASSWORD=$canary$'\xff' exec recotem-create-superuser; }
  run_watched 1 bytes
  not_here "$canary"
  run_watched 0 make --dry-run
  not_here "$canary"
  sql 'alter table auth_user add column shoe_size integer not null'
  run_watched 1 make
  not_here "$canary"
  sql 'alter table auth_user drop column shoe_size'
  add_user bob
  run_watched 0 make
  nowhere "$canary"
  run -1 grep -rF "$canary" "$out"
}

@test "recotem-create-test-users: --user, the password in a value" {
  run_held auth_user recotem-create-test-users --user "ann:$canary" --user "bob:x$canary"
  [ "$(cat "$out")" = "Created test user 'ann'.
Created test user 'bob'." ]
  nowhere "$canary"
  hash_is_with_server "select password from auth_user where username = 'ann'"
}

@test "recotem-create-test-users: --user, very many" {
  long=$canary$(head -c 100000 /dev/zero | tr '\0' x)
  run_held auth_user recotem-create-test-users --user "ann:$long"
  nowhere "$canary"
}

@test "recotem-create-test-users: --users-file, a file and standard input" {
  printf '{"name":"ann","password":"%s"}\n' "$canary" >"$given/users"
  run_held auth_user recotem-create-test-users --users-file "$given/users"
  [ "$(cat "$out")" = "Created test user 'ann'." ]
  nowhere "$canary"
  input=$given/users
  run_watched 0 recotem-create-test-users --users-file - --json
  nowhere "$canary"
  run -1 grep -F "$canary" "$out"
}

@test "recotem-create-test-users: --generate, the passwords stand in its file alone" {
  run_held auth_user recotem-create-test-users --generate "$given/made" --user ann --user bob
  for canary in $(jq -r .password "$given/made"); do
    [ "${#canary}" = 20 ]
    run -1 grep -F "$canary" "$out"
    nowhere "$canary"
  done
}

@test "recotem-create-test-users, where it is refused or fails" {
  local arguments
  while read -r code arguments; do
    # shellcheck disable=SC2086 # several words
    run_watched "$code" recotem-create-test-users --user "ann:$canary" ${arguments//CANARY/$canary}
    not_here "$canary"
    run -1 grep -F "$canary" "$out"
  done <<END
2 --nonsense
2 bob:CANARY
2 -x CANARY
2 --dry-run=CANARY
2 --verbosity CANARY
2 --users-file
1 --user CANARY
1 --user :CANARY
1 --users-file $given/none
1 --generate /
0 --dry-run
END
  no_server() { DATABASE_URL=postgresql://ann@127.0.0.1:1/shop exec recotem-create-test-users --user "ann:$canary"; }
  run_watched 1 no_server
  not_here "$canary"
  run_watched 1 recotem-create-test-users --user "ann:$canary"$'\xff'
  not_here "$canary"
  for record in '"name":5' '"name":"a\u0000"' '"name":"a","token":1' '"name":"a","note":' '"name":"a","password":1'; do
    printf '{"password":"%s",%s}\n' "$canary" "$record" >"$given/users"
    run_watched 1 recotem-create-test-users --users-file "$given/users"
    not_here "$canary"
  done
  printf '{"name":"ann","password":"%s"}' "$canary" >"$given/users" # cut short
  run_watched 1 recotem-create-test-users --users-file "$given/users"
  not_here "$canary"
  sql 'alter table auth_user add column shoe_size integer not null'
  run_watched 1 recotem-create-test-users --user "ann:$canary"
  nowhere "$canary"
}

@test "recotem-create-api-key and recotem-rotate-api-key: the key stands in the one line" {
  alice=$(add_user alice)
  add_project one "$alice"
  run_held api_apikey recotem-create-api-key --project-id 1 --name k1 --owner alice
  [[ $(cat "$out") =~ ^rctm_[A-Za-z0-9_-]{64}$ ]]
  # of the key, what comes after the public prefix
  nowhere "${BASH_REMATCH[0]:13}"
  hash_is_with_server 'select hashed_key from api_apikey'
  run_held api_apikey recotem-rotate-api-key --overlap 1 --project-id 1 --name k1
  [[ $(cat "$out") =~ ^rctm_[A-Za-z0-9_-]{64}$ ]]
  nowhere "${BASH_REMATCH[0]:13}"
  run_watched 0 recotem-create-api-key --project-id 1 --name k2 --owner alice --json
  [[ $(head -n 1 "$out") =~ ^'{"key":"'(rctm_[A-Za-z0-9_-]{64})'"}'$ ]]
  canary=${BASH_REMATCH[1]:13}
  [ "$(grep -cF -- "$canary" "$out")" = 1 ]
  nowhere "$canary"
}

@test "rc-manage: the arguments and the environment that it hands on" {
  for _ in {1..10}; do
    run_watched 0 rc-manage recotem create_test_users --dry-run --user "ann:$canary"
    not_here "$canary"
    make() { DEFAULT_ADMIN_PASSWORD=$canary exec rc-manage recotem create_superuser --dry-run; }
    run_watched 0 make
    not_here "$canary"
  done
  nowhere "$canary"
}
