# What the tests share; each file loads it.
[ "${BATS_GUARANTEED_MINIMUM_VERSION-}" = 1.5.0 ] || bats_require_minimum_version 1.5.0

# What bats does before each command of a test, to say where one failed: the same in a third of the time, which was an eighth of
# the suite's. bats --trace, and a bats that is made in another way, keep their own.
if declare -F bats_debug_trap bats_capture_stack_trace >/dev/null && [ "${BATS_TRACE_LEVEL:-0}" = 0 ]; then
  # shellcheck disable=SC2034 # bats uses them
  bats_debug_trap() { # FILE
    [[ ${FUNCNAME[1]-} != run && $1 != "$BATS_ROOT"/lib*/bats-core/* && ! ${BATS_INTERRUPTED-} && ! ${BATS_TIMED_OUT-} ]] || return 0
    local i
    BATS_DEBUG_LASTLAST_STACK_TRACE=("${BATS_DEBUG_LAST_STACK_TRACE[@]}")
    BATS_DEBUG_LAST_LINENO=("${BASH_LINENO[@]}")
    BATS_DEBUG_LAST_SOURCE=("${BASH_SOURCE[@]}")
    BATS_DEBUG_LAST_STACK_TRACE=()
    for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
      BATS_DEBUG_LAST_STACK_TRACE+=("${BASH_LINENO[i - 1]} ${FUNCNAME[i]} ${BASH_SOURCE[i]}")
      case ${FUNCNAME[i]} in "${BATS_TEST_NAME-}" | setup | teardown | setup_file | teardown_file) break ;; esac
    done
  }
fi

# bats's own run without its programs and looks at versions: a third of the time, and there are thousands of calls.
if declare -F bats_interrupt_trap_in_run >/dev/null && [ ! "${BATS_VERBOSE_RUN-}" ]; then
  # shellcheck disable=SC2034 # the tests use stderr, lines and stderr_lines, and bats BATS_ERROR_SUFFIX
  run() { # [!|-N] [--keep-empty-lines] [--separate-stderr] [--] COMMAND...
    trap bats_interrupt_trap_in_run INT
    local run_expected='' run_keeps='' run_errors='' run_flags=$-
    while [[ $1 == -* || $1 == '!' ]]; do
      case $1 in
      '!') run_expected=! ;;
      -[0-9] | -[0-9][0-9] | -[0-9][0-9][0-9]) run_expected=${1#-} ;;
      --keep-empty-lines) run_keeps=yes ;;
      --separate-stderr) run_errors=$BATS_TEST_TMPDIR/separate-stderr-$BASHPID-$((run_count += 1)) ;;
      --) shift && break ;;
      *) echo "run: unknown flag '$1'" >&2 && return 1 ;;
      esac
      shift
    done
    # What fails here has its `||`: otherwise bats would take it for what failed in the test.
    set +eET
    status=0
    if [[ $run_keeps ]]; then
      output=$(if [[ $run_errors ]]; then "$@" 2>"$run_errors"; else "$@" 2>&1; fi; status=$?; printf .; exit "$status") || status=$?
      output=${output%.} lines=()
      [[ ! $output ]] || mapfile -t lines <<<"$output"
    else
      if [[ $run_errors ]]; then output=$("$@" 2>"$run_errors") || status=$?; else output=$("$@" 2>&1) || status=$?; fi
      IFS=$'\n' read -d '' -ra lines <<<"$output" || :
    fi
    if [[ $run_errors ]]; then
      read -d '' -r stderr <"$run_errors" || :
      if [[ $run_keeps && $stderr ]]; then mapfile -t stderr_lines <<<"$stderr"; else IFS=$'\n' read -d '' -ra stderr_lines <<<"$stderr" || :; fi
    fi
    BATS_RUN_COMMAND=$*
    set "-$run_flags"
    if [[ $run_expected == ! ]]; then
      ((status)) || { BATS_ERROR_SUFFIX=', expected nonzero exit code!' && return 1; }
    elif [[ $run_expected ]]; then
      ((status == run_expected)) || { BATS_ERROR_SUFFIX=", expected exit code $run_expected, got $status" && return 1; }
    elif ((status == 127)); then
      bats_generate_warning 1 "$BATS_RUN_COMMAND"
    fi
    trap bats_interrupt_trap INT
  }
fi

# When a test began and ended, which bats 1.8 asks a program for.
if [[ ${BATS_VERSION-} == 1.8.* ]]; then
  get_mills_since_epoch() { echo "$((${EPOCHREALTIME/[.,]/} / 1000))"; }
fi

# The folder of the data of the tree under test.
rc_share() { readlink -f "$(dirname "$(command -v rc-say)")/../share/rc"; }

# The filters that open a database, by name; looked for once a suite.
filters() {
  local list=$BATS_SUITE_TMPDIR/filters new names
  if [ ! -e "$list" ]; then
    names=("$RC_TEST_FOLDER"/../src/rc-*.c) names=("${names[@]##*/}") new=$list.$BASHPID
    (cd "$RC_TEST_TREE/bin" && nm -AD --undefined-only "${names[@]%.c}" 2>/dev/null) | sed -n 's/: *U PQconnectStart.*//p' >"$new"
    mv "$new" "$list" # whole, for a test beside this one
  fi
  cat "$list"
}

# Whether all that a command can do here is its dry run: for more it needs RabbitMQ, where t/services/rabbitmq.bats tries it.
only_dry_here() { [ "$1" = zulip-process-queue ]; }

# read_contracts FOLDER COMMAND...: what each says of itself in FOLDER/COMMAND, and parts of that in files FOLDER/COMMAND.PART:
# lists a line for each item, `input` byte for byte, and what is null empty. One jq for all, for it takes long to start.
read_contracts() {
  local folder=$1 command part text
  for command in "${@:2}"; do "$command" --describe >"$folder/$command" || return; done
  (cd "$folder" && cat -- "${@:2}") | jq -rs '
    def lines: map(. + "\n") | add // "";
    .[] | .name as $name | {
      summary, synopsis, gate, undo: (.undo | tostring), reads: (.reads // ""), input: (.example_input // ""),
      example: (.example | lines),
      options: (.options | map(.name) | lines),
      letters: (.options | map(.name, .letter // empty) | sort_by(explode) | lines),
      shown: (.options | map((if .letter then .letter + ", " else "" end) + .name + (if .argument then " " + .argument else "" end)) | lines)
    } | to_entries[] | [$name, .key, .value] | @tsv' |
    while IFS=$'\t' read -r command part text; do printf %b "$text" >"$folder/$command.$part"; done
}

# From here on the commands hash with as many iterations as the product, which takes its time (see setup_suite.bash).
real_tree() { PATH=$RC_TEST_TREE/bin:$PATH; }

# Sets $rounds for a test of random moments: 1 to N, or RC_TEST_ROUNDS times as many (make soak). RC_TEST_SEED, where it is
# set, gives the same moments again.
random_rounds() { # N
  # shellcheck disable=SC2034 # the tests use it
  mapfile -t rounds < <(seq "$(($1 * ${RC_TEST_ROUNDS:-1}))")
  [ ! "${RC_TEST_SEED-}" ] || RANDOM=$RC_TEST_SEED
}

# The milliseconds that a command takes, for random_moment.
milliseconds_of() {
  local start=${EPOCHREALTIME/./}
  "$@" >/dev/null 2>&1 3>&-
  echo $(((${EPOCHREALTIME/./} - start) / 1000))
}

# Waits for a moment between now and MILLISECONDS later, with no synchronisation.
random_moment() {
  local moment
  printf -v moment '%06d' "$((RANDOM * $1 / 33))"
  sleep "${moment:0:-6}.${moment: -6}"
}

# What a terminal is sent while a shell runs the script, the carriage returns of line ends aside, into a file `sent`.
terminal_is_sent() { script -qec "$1" /dev/null </dev/null | sed 's/\r$//' >"$BATS_TEST_TMPDIR/sent"; }

# A fresh database with a product's tables (empty; Recotem's unless told) for this test; DATABASE_URL leads there. A file that
# has all products in one database has a function add_product for that.
new_database() { # [PRODUCT]
  ! declare -F add_product >/dev/null || { add_product "$1"; return; }
  [ "${1-recotem}" = recotem ] || make_template "$1"
  copy_template "${1-recotem}"
}

# The database that a product's tests copy, where no test has made it yet: those that don't ask pay nothing.
make_template() { # PRODUCT
  local made=$BATS_SUITE_TMPDIR/$1.template
  [ ! -e "$made" ] || return 0
  (
    flock 9
    [ ! -e "$made" ] || exit 0
    psql -XAtq "$RC_TEST_SERVER" -c "create database ${1}_template"
    psql -XAtq -1 "${RC_TEST_SERVER/'/postgres?'//${1}_template?}" -v ON_ERROR_STOP=1 -f "$(rc_share)/sql/$1/schema.sql"
    touch "$made"
  ) 9>"$made.lock" 3>&-
}

# Makes a copy, and takes away those of the tests before in this file: all of a suite would fill the memory that the server's
# data is in. What setup_file makes stays.
copy_template() { # PRODUCT
  local name=t_${BATS_SUITE_TEST_NUMBER-file}_$RANDOM$RANDOM list=$BATS_FILE_TMPDIR/databases of old commands=() own=''
  if [ "${BATS_SUITE_TEST_NUMBER-}" ]; then
    [ ! -e "$list" ] || while read -r of old; do
      if [ "$of" = "$BATS_SUITE_TEST_NUMBER" ]; then own+="$of $old"$'\n'; else commands+=(-c "drop database if exists $old with (force)"); fi
    done <"$list"
    echo "$own$BATS_SUITE_TEST_NUMBER $name" >"$list"
  fi
  PGOPTIONS='-c client_min_messages=warning' psql -XAtq "$RC_TEST_SERVER" "${commands[@]}" \
    -c "create database $name template ${1}_template $RC_TEST_CLONE"
  export DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//$name?}
}

# What destroys something in the test's database is meant (rc-gate).
confirm_destruction() {
  RC_CONFIRM=$(sql 'select current_database()')
  export RC_CONFIRM
}

# Runs SQL in the test's database and prints the rows, columns parted by '|'.
sql() { psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "$1"; }

# Whether the server is of that major version or a later one.
version() { [ "$(sql 'show server_version_num')" -ge "${1}0000" ]; }

# Waits until the SQL gives t (for what another process does).
wait_until() {
  local begin=$SECONDS
  until [ "$(sql "$1")" = t ]; do
    [ $((SECONDS - begin)) -lt 60 ] || { echo "waited in vain for: $1" >&2; return 1; }
    sleep 0.025
  done
}

# Begins a transaction in another session, runs SQL in it and keeps it open until tell_holder ends it.
# The session's process is added to the file's array started, for its teardown.
hold() {
  mkfifo "$BATS_TEST_TMPDIR/holder"
  PGAPPNAME=holder psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" <"$BATS_TEST_TMPDIR/holder" >/dev/null 2>&1 3>&- &
  holder=$!
  started+=("$holder")
  exec {hold}>"$BATS_TEST_TMPDIR/holder"
  printf 'begin;\n%s;\nselect 1 as held;\n' "$1" >&"$hold"
  wait_until "select exists (select from pg_stat_activity where application_name = 'holder' and datname = current_database()
    and state = 'idle in transaction' and query = 'select 1 as held;')"
}

tell_holder() { # commit or rollback
  printf '%s;\n\\q\n' "$1" >&"$hold"
  exec {hold}>&-
  wait "$holder"
}

# Starts a command in a session of its own, with the signals as a shell has them; $group is its pid, $runner that
# of who waits for it and writes the number of the signal that ended it, or else its exit code, to the file ended.
start() {
  rm -f "$BATS_TEST_TMPDIR/pid" "$BATS_TEST_TMPDIR/ended"
  mkfifo "$BATS_TEST_TMPDIR/pid"
  perl -MPOSIX -e '
    my ($pid, $ended) = splice @ARGV, 0, 2;
    my $child = fork;
    if ($child == 0) { POSIX::setsid(); $SIG{$_} = "DEFAULT" for qw(INT HUP TERM QUIT); exec @ARGV or die }
    open my $out, ">", $pid; print $out "$child\n"; close $out;
    waitpid $child, 0;
    open $out, ">", $ended; print $out $? & 127 ? "signal " . ($? & 127) : "exit " . ($? >> 8), "\n"; close $out' \
    "$BATS_TEST_TMPDIR/pid" "$BATS_TEST_TMPDIR/ended" "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  runner=$!
  read -r group <"$BATS_TEST_TMPDIR/pid"
  started+=("$runner" "$group")
}

# Waits until one of our filters, or as many as $1 says, waits for a lock.
wait_until_blocked() {
  wait_until "select count(*) = ${1-1} from pg_stat_activity where application_name like 'rc-%'
    and datname = current_database() and wait_event_type = 'Lock'"
}

wait_until_session_gone() {
  wait_until "select not exists (select from pg_stat_activity where application_name like 'rc-%' and datname = current_database())"
}

# Waits until no process of the session is left: it is asked for all of them, pgrep looks through /proc, only when those are gone
# that were there the last time.
until_group_gone() {
  local tries=0 pids=()
  while kill -0 "${pids[@]}" 2>/dev/null || mapfile -t pids < <(pgrep -s "$group") && [ "${#pids[@]}" -gt 0 ]; do
    [ $((tries += 1)) -lt 2000 ] || { ps -o pid,args -s "$group" >&2; return 1; }
    sleep 0.03
  done
}

# Sets $work, the private folder of the command just started, in whose file asked stands TEXT; empty where it has ended.
find_work() { # TEXT
  work=
  until work=$(grep -ls "$1" /dev/shm/rc.*/asked "$TMPDIR"/rc.*/asked || :) && [ "$work" ]; do
    kill -0 "$group" 2>/dev/null || pgrep -s "$group" >/dev/null || return 0
    sleep 0.01
  done
  work=${work%/asked}
}

# From here on private folders are made in a folder of this test's own, whoever runs it; of the one that there is find_private_folder
# sets $work.
own_private_folders() {
  export TMPDIR=$BATS_TEST_TMPDIR/private
  mkdir "$TMPDIR"
}
find_private_folder() {
  work=$(echo "$TMPDIR"/rc.*)
  [ -d "$work" ]
}

# Sets $proxied, a DATABASE_URL that leads through a proxy, which cuts a connection at the moment MODE (see proxy.pl).
start_proxy() {
  local socket
  socket=.s.PGSQL.$(sql 'show port')
  mkdir "$BATS_TEST_TMPDIR/$1"
  mkfifo "$BATS_TEST_TMPDIR/$1/ready"
  perl "$RC_TEST_FOLDER/proxy.pl" "$BATS_TEST_TMPDIR/$1/$socket" "$RC_TEST_SOCKET/$socket" "$1" >"$BATS_TEST_TMPDIR/$1/ready" 3>&- &
  started+=("$!")
  read -r _ <"$BATS_TEST_TMPDIR/$1/ready"
  # shellcheck disable=SC2034 # the tests use it
  proxied=${DATABASE_URL/"$RC_TEST_SOCKET"/"$BATS_TEST_TMPDIR/$1"}
}

# Runs a command whose reader of standard output is gone before it starts.
without_reader() {
  # shellcheck disable=SC2016 # the inner shell expands it
  bash -c 'exec > >(true); wait "$!"; exec "$@"' _ "$@"
}

# Ends what the test has started; for teardown.
end_started() {
  for pid in "${started[@]}"; do
    if kill -KILL "$pid" 2>/dev/null; then wait "$pid" || :; fi
  done
}

# Waits until what start has begun has ended; how in $ended.
finish() {
  wait "$runner"
  # shellcheck disable=SC2034 # the tests use it
  ended=$(cat "$BATS_TEST_TMPDIR/ended")
}

# Waits until the output of start's command, or its FILE, has a line that fits the pattern.
wait_for() { # PATTERN [FILE]
  local tries=0
  until grep -qs -- "$1" "$BATS_TEST_TMPDIR/${2-out}"; do
    [ $((tries += 1)) -lt 2400 ] || { echo "no line '$1' in ${2-out}" >&2; return 1; }
    sleep 0.025
  done
}

# For a test that limits the address space, which a build with the address sanitizer needs all of.
need_plain_memory() {
  ! grep -qs __asan_init "$(command -v rc-say)" || skip 'the address sanitizer needs the whole address space'
}

# Makes $program of t/FILE.c and what it needs of lib/, as `make` has built that.
compile_with_lib() { # FILE.c LIBRARY...
  local rooms=() room sanitize=()
  for room in "$RC_TEST_FOLDER"/../lib/*/; do rooms+=(-I "$room"); done
  ! grep -qs __asan_init "$(command -v rc-say)" || sanitize=(-fsanitize=address -fsanitize=undefined)
  program=$BATS_TEST_TMPDIR/${1%.c}
  "${CC:-gcc}" -std=c11 -D_DEFAULT_SOURCE -Wall -Werror "${sanitize[@]}" -I/usr/include/postgresql "${rooms[@]}" -o "$program" \
    "$RC_TEST_FOLDER/$1" -Wl,--start-group "$RC_TEST_BUILD"/lib/rc_*.a -Wl,--end-group "${@:2}"
}

# Makes $fail_calls, which LD_PRELOAD takes so that calls fail as fail-calls.c says.
make_fail_calls() {
  fail_calls=$BATS_SUITE_TMPDIR/fail-calls.so
  if [ ! -e "$fail_calls" ]; then
    "${CC:-gcc}" -Wall -Werror -shared -fPIC -o "$fail_calls.$$" "$RC_TEST_FOLDER/fail-calls.c" -ldl
    mv "$fail_calls.$$" "$fail_calls" # whole, for a test beside this one
  fi
  export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0
  # shellcheck disable=SC2034 # the tests use it
  export RC_FAILED=$BATS_TEST_TMPDIR/failed
}

# killed_at_commit COMMAND...: runs it, and kills it by -9 just before its COMMIT.
killed_at_commit() {
  [ -e "$BATS_TEST_TMPDIR/kill.so" ] || "${CC:-gcc}" -Wall -Werror -shared -fPIC -o "$BATS_TEST_TMPDIR/kill.so" "$RC_TEST_FOLDER/kill-at-commit.c" -ldl
  ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 LD_PRELOAD=$BATS_TEST_TMPDIR/kill.so "$@"
}

# Makes without/rc-password-hash as make builds it where headers are missing: in copies of the sources that ask for them, they are not there.
build_without_libraries() {
  need_plain_memory
  local name files=()
  mkdir "$BATS_TEST_TMPDIR/without"
  for name in lib/crypto/rc_password_argon2 lib/crypto/rc_password_guesses src/rc-password-hash; do
    files+=("$BATS_TEST_TMPDIR/without/${name##*/}.c")
    sed 's/^#if __has_include(.*/#if 0/' "$RC_TEST_FOLDER/../$name.c" >"${files[-1]}"
  done
  "${CC:-gcc}" -std=c11 -D_DEFAULT_SOURCE -DRC_VERSION='"0.1.0"' -I"$RC_TEST_FOLDER"/../lib/{base,file,crypto,record} -o "$BATS_TEST_TMPDIR/without/rc-password-hash" \
    "${files[@]}" -Wl,--start-group "$RC_TEST_BUILD"/lib/rc_{base,file,crypto,record}.a -Wl,--end-group -lcrypto -pthread -lm
}

# failing WORDS COMMAND...: runs it while those calls fail.
failing() { RC_FAIL=$1 LD_PRELOAD=$fail_calls "${@:2}"; }

# small LIMIT COMMAND...: runs it with a $TMPDIR in memory that has this limit (size=96k, say), and what is larger can't have
# been in it, however briefly.
# shellcheck disable=SC2016 # the inner shell expands it
small() { unshare -m bash -c 'mount -t tmpfs -o "$0" rc "$TMPDIR" && exec "$@"' "$@"; }
need_small() { TMPDIR=$BATS_TEST_TMPDIR small size=96k true 2>/dev/null || skip 'no mount of its own can be had'; }

# Adds a user of that name to Django's own table, prints the id.
add_user() {
  sql "insert into auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
       values ('!', false, '$1', '', '', '', false, true, now()) returning id"
}
