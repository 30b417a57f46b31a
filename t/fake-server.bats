# A server that lies (fake-postgres.pl): no byte of its answers ends a filter by a signal, makes it run for ever, or passes
# for success where an answer broke off.
#
# Every filter that is linked with libpq, found by a loop; arguments and input are those of --describe.

# long: every filter with every lie
load recotem/helper

setup_file() {
  # libpq itself loses a result where a server sends what does not belong there; `make asan` is not to see that.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  mkdir "$BATS_FILE_TMPDIR/fake"
  mkfifo "$BATS_FILE_TMPDIR/ready"
  perl "$RC_TEST_FOLDER/fake-postgres.pl" "$BATS_FILE_TMPDIR/fake/.s.PGSQL.5432" "$BATS_FILE_TMPDIR/trace" \
    >"$BATS_FILE_TMPDIR/ready" 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/pid"
  read -r _ <"$BATS_FILE_TMPDIR/ready"
  perl "$RC_TEST_FOLDER/fake-postgres.pl" --modes >"$BATS_FILE_TMPDIR/modes"
  RC_SQL=$(rc_share)/sql/recotem
  export RC_SQL
  # shellcheck disable=SC2046 # words
  read_contracts "$BATS_FILE_TMPDIR" $(filters)
  sed -i '/^--dry-run$/d' "$BATS_FILE_TMPDIR"/*.example # not only what would be: COMMIT has its lies, too
}

teardown_file() { kill "$(cat "$BATS_FILE_TMPDIR/pid")"; }

setup() {
  out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err problems=$BATS_TEST_TMPDIR/problems
  : >"$problems"
}

teardown() { [ ! -s "$problems" ] || cat "$problems" >&2; }

modes() { sed -n "s/ $1\$//p" "$BATS_FILE_TMPDIR/modes"; }

# lie_to FILTER MODE [SECONDS]: runs the filter, for 20 seconds at most; $code, or that of a signal. How many seconds it worked,
# for itself and in the kernel, is the last line of the file $err.cpu. A worker that has lost its server tries again until it is
# told to end, after a second, which is no failure: $failures are the codes of one. rc-doctor says on standard output what it
# finds, and ends with 1 where the worst is a warning; $said is the file where a filter tells of a failure.
lie_to() {
  local arguments limit=20 TIMEFORMAT='%U %S'
  failures=(100 111) said=$err
  filter=$1 mode=$2
  mapfile -t arguments <"$BATS_FILE_TMPDIR/$filter.example"
  case $filter in
  rc-job-run) limit=1 failures+=(0) ;;
  rc-doctor) failures+=(1) said=$out; grep -qx "$mode good" "$BATS_FILE_TMPDIR/modes" || arguments=() ;;
  esac
  export DATABASE_URL="postgresql://fake@/$mode?host=$BATS_FILE_TMPDIR/fake"
  code=0
  { time timeout --foreground --preserve-status -k 10 "${3-$limit}" "$filter" "${arguments[@]}" \
    <"$BATS_FILE_TMPDIR/$filter.input" >"${to-$out}" 2>"$err" 3>&-; } 2>"$err.cpu" || code=$?
}

# check WHAT CONDITION...: notes a problem where the condition fails; the loop goes on.
check() {
  "${@:2}" && return
  printf '%s, %s: %s (%s)\n' "$filter" "$mode" "$1" "$code" >>"$problems"
  sed 's/^/    stderr: /' "$err" | cut -c 1-200 | head -n 3 >>"$problems"
}
# side_by_side FUNCTION: for each filter at once, with files of its own, for they wait more than they work.
side_by_side() {
  local filter
  for filter in ${2-$(filters)}; do
    (out=$out.$filter err=$err.$filter && "$1" || echo "$filter: the test itself failed" >>"$problems") 3>&- &
  done
  wait
}

no_end_record() { [ ! -s "$out" ] || ! grep -q rc_end "$out"; }

not_said() { ! grep -q "$1" "$err"; }

code_is() { [[ " $* " == *" $code "* ]]; }

no_problems() { [ ! -s "$problems" ]; }

@test "there are filters and modes to look at" {
  [ "$(filters | wc -l)" -ge 5 ]
  [ "$(wc -l <"$BATS_FILE_TMPDIR/modes")" -ge 40 ]
}

@test "a fake server that does not lie is as good as a real one, a refused wish and many notices too" {
  for filter in $(filters); do
    for mode in $(modes good); do
      lie_to "$filter" "$mode"
      check 'does not end with 0' code_is 0
      check 'says something' [ ! -s "$err" ]
    done
  done
  no_problems
}

@test "a login that fails in whatever way is 100 or 111" {
  refuse_login() {
    for mode in $(modes login); do
      lie_to "$filter" "$mode"
      check 'ends with neither 100 nor 111' code_is "${failures[@]}"
      [ "$code" = 0 ] || check 'says nothing' [ -s "$said" ]
    done
  }
  side_by_side refuse_login
  no_problems
}

@test "an answer that breaks off or is malformed is 100 or 111, and no end record comes" {
  break_off() {
    for mode in $(modes broken); do
      lie_to "$filter" "$mode"
      check 'ends with neither 100 nor 111' code_is "${failures[@]}"
      [ "$code" = 0 ] || check 'says nothing' [ -s "$said" ]
      check 'an end record comes' no_end_record
    done
  }
  side_by_side break_off
  no_problems
}

@test "the bytes of a COPY that break off or are malformed are 100 or 111, and no end record comes" {
  filter=rc-export-rows
  for mode in $(modes copy); do
    lie_to "$filter" "$mode"
    check 'ends with neither 100 nor 111' code_is "${failures[@]}"
    [ "$code" = 0 ] || check 'says nothing' [ -s "$said" ]
    check 'an end record comes' no_end_record
  done
  no_problems
}

@test "rows that can't be records are 100 or 111 where they are looked at" {
  spoil_rows() {
    lie_to "$filter" good
    rows=$(grep -c '"a":1' "$out" || :)
    for mode in $(modes rows); do
      lie_to "$filter" "$mode"
      if [ "$rows" -gt 0 ]; then
        check 'ends with neither 100 nor 111' code_is "${failures[@]}"
        check 'an end record comes' no_end_record
      else
        check 'ends by a signal or at the time limit' code_is 0 1 100 111
      fi
    done
  }
  side_by_side spoil_rows
  no_problems
}

@test "a COMMIT without a clear answer is 111, and it is said that what became of it is not known" {
  local committing=()
  for filter in $(filters); do
    : >"$BATS_FILE_TMPDIR/trace"
    lie_to "$filter" good
    ! grep -qx 'good: commit' "$BATS_FILE_TMPDIR/trace" || committing+=("$filter")
  done
  lie_about_commit() {
    for mode in $(modes commit); do
      lie_to "$filter" "$mode"
      check 'does not end with 111' code_is 111
      check 'does not say that it is not known' grep -q 'whether it took place is not known: look before you run it again$' "$err"
      check 'says that nothing was changed' not_said 'nothing was changed'
    done
  }
  [ "${#committing[@]}" -ge 2 ]
  side_by_side lie_about_commit "${committing[*]}"
  no_problems
}

@test "a COMMIT that was a rollback changed nothing, and that is said" {
  local seen=0
  for filter in $(filters); do
    : >"$BATS_FILE_TMPDIR/trace"
    lie_to "$filter" commit_rollback
    grep -qx 'commit_rollback: commit' "$BATS_FILE_TMPDIR/trace" || continue
    seen=$((seen + 1))
    check 'ends with neither 100 nor 111' code_is "${failures[@]}"
    check 'does not say that nothing was changed' grep -q 'nothing was changed' "$err"
    check 'prints results' [ ! -s "$out" ]
  done
  [ "$seen" -ge 2 ]
  no_problems
}

@test "an answer without what no one should rely on ends no filter by a signal" {
  for filter in $(filters); do
    for mode in $(modes odd); do
      lie_to "$filter" "$mode"
      check 'ends by a signal or at the time limit' code_is 0 1 100 111
    done
  done
  no_problems
}

@test "where another session answers than the one that was logged in to, it is seen" {
  lie_to rc-doctor pooler
  [ "$(rc-say '' --when check=pooler '{status}: {message}' <"$out")" = 'note: there is a pooler before the server' ]
  lie_to rc-doctor good
  [ "$(rc-say '' --when check=pooler '{status}' <"$out")" = ok ]
  export DATABASE_URL="postgresql://fake@/pooler?host=$BATS_FILE_TMPDIR/fake"
  run -100 --separate-stderr rc-run --lock database n -- echo never
  [ "$output" = '' ]
  [[ $stderr == *pooler* ]]
}

# Each command of bin/ that opens a database, found by a loop: it logs in to this server by the role of its name.
@test "no command of bin/ ends well where an answer breaks off or is an error" {
  local running=0 seen commands
  export RC_WAIT_TRIES=1 SECRET_KEY=k HOME=$BATS_TEST_TMPDIR
  : >"$BATS_FILE_TMPDIR/trace"
  lie_to_command() {
    local arguments limit=60 folder=$BATS_TEST_TMPDIR/$filter
    mkdir "$folder" && cd "$folder" || return
    mapfile -t arguments <"$BATS_TEST_TMPDIR/contracts/$filter.example"
    [[ $filter != *-worker-run ]] || limit=2 # it tries again until it is told to end
    for mode in error noend; do
      code=0
      DATABASE_URL="postgresql://$filter@/$mode?host=$BATS_FILE_TMPDIR/fake" timeout "$limit" "$filter" "${arguments[@]}" <"../contracts/$filter.input" >out 2>err 3>&- || code=$?
      grep -qx "login: $filter" "$BATS_FILE_TMPDIR/trace" || return 0
      err=$folder/err
      if [ "$limit" = 60 ]; then check 'does not end with 1' code_is 1; else check 'ends by a signal' code_is 0 1 124; fi
      check 'says nothing' grep -qs . err out
    done
  }
  mapfile -t commands < <(cd "$RC_TEST_FOLDER/../bin" && ls)
  mkdir "$BATS_TEST_TMPDIR/contracts"
  read_contracts "$BATS_TEST_TMPDIR/contracts" "${commands[@]}"
  sed -i '/^--dry-run$/d' "$BATS_TEST_TMPDIR"/contracts/*.example
  for filter in "${commands[@]}"; do
    (lie_to_command || echo "$filter: the test itself failed" >>"$problems") 3>&- &
    [ $((running += 1)) -lt 4 ] || wait -n
  done
  wait
  seen=$(sed -n 's/^login: //p' "$BATS_FILE_TMPDIR/trace" | sort -u | wc -l)
  [ "$seen" -ge 25 ]
  no_problems
}

@test "a failure after COMMIT is told together with what was committed" {
  for filter in $(filters); do
    : >"$BATS_FILE_TMPDIR/trace"
    lie_to "$filter" good
    if grep -qx 'good: commit' "$BATS_FILE_TMPDIR/trace" && [ -s "$out" ]; then
      to=/dev/full lie_to "$filter" good
      check 'does not end with 111' code_is 111
      check 'does not tell of the COMMIT' [ "$(cat "$err")" = "$filter: cannot write <stdout>: No space left on device
$filter: the changes were committed before that" ]
    fi
  done
  no_problems
}

@test "a server that does not answer is waited for without a loop, and TERM ends the wait" {
  wait_for_server() {
    for mode in $(modes hang); do
      lie_to "$filter" "$mode" 2
      check 'works while it waits' [ "$(awk 'END { print int(1000 * ($1 + $2)) }' "$err.cpu")" -lt 1000 ]
      if [ "$mode" = hang ]; then check 'does not end by TERM' code_is 143 "${failures[@]}"; fi
    done
  }
  side_by_side wait_for_server
  no_problems
}

@test "no statement is prepared, run or ended in SQL" {
  : >"$BATS_FILE_TMPDIR/trace"
  for filter in $(filters); do lie_to "$filter" good; done
  [ -s "$BATS_FILE_TMPDIR/trace" ]
  run ! grep -iE '(^|;)[^:]*: *(prepare|execute|deallocate)\b' "$BATS_FILE_TMPDIR/trace"
}

@test "what is only wished for is left out where the server refuses it, and all else is kept" {
  for filter in $(filters); do
    : >"$BATS_FILE_TMPDIR/trace"
    lie_to "$filter" no_check_interval
    grep -q ': begin isolation' "$BATS_FILE_TMPDIR/trace" || continue
    grep 'begin isolation' "$BATS_FILE_TMPDIR/trace" >"$BATS_TEST_TMPDIR/begins"
    check 'does not begin twice' [ "$(wc -l <"$BATS_TEST_TMPDIR/begins")" = 2 ]
    check 'begins again otherwise' [ "$(sed -n 2p "$BATS_TEST_TMPDIR/begins")" = \
      "$(sed -n '1{s/: begin/: rollback;begin/;s/set local client_connection_check_interval = 1000;//;p}' "$BATS_TEST_TMPDIR/begins")" ]
  done
  no_problems
}

# ---- values ----

@test "a SQLSTATE is five characters or none" {
  lie_to rc-db-wait longstate
  [ "$code" = 111 ]
  [ "$(jq -c .sqlstate "$out" | sort -u)" = null ]
  lie_to rc-db-wait shortstate
  [ "$(jq -c .sqlstate "$out" | sort -u)" = null ]
  lie_to rc-db-wait auth_longstate
  [ "$(jq -c .sqlstate "$out" | sort -u)" = null ]
}

@test "a clash that is gone when its rows are looked at is none" {
  : >"$BATS_FILE_TMPDIR/trace"
  lie_to rc-owner-assign clash_gone
  [ "$code" = 0 ]
  [ "$(jq -c '[.status, .count]' "$out")" = '["assigned",1]' ]
  grep -q ': select pg_catalog.jsonb_path_query_array' "$BATS_FILE_TMPDIR/trace"
}

@test "an error without a message has one" {
  lie_to rc-db-rows nomessage
  [ "$code" = 100 ]
  [ "$(cat "$err")" = 'rc-db-rows: user-by-name.sql: an error without a message (42P01)' ]
}

@test "a pooler's refusal is final" {
  lie_to rc-db-wait auth_pooler
  [ "$code" = 100 ]
  [ "$(jq -c '[.try, .status, .sqlstate]' "$out")" = '[1,"refused","08P01"]' ]
  grep -q 'unsupported startup parameter: options$' "$err"
}

@test "rows that came before an answer broke off are printed, and 111 says so" {
  lie_to rc-db-rows noend
  [ "$code" = 111 ]
  [ "$(cat "$out")" = '{"a":1}' ]
  [ "$(cat "$err")" = "rc-db-rows: user-by-name.sql: the server's answer broke off" ]
}

@test "a later row is looked at as the first one is, and one that could be an end record is refused" {
  lie_to rc-db-rows secondbad
  [ "$code" = 100 ]
  [ "$(cat "$out")" = '{"a":1}' ]
  grep -q "^rc-db-rows: user-by-name.sql: the rows can't be records: " "$err"
  lie_to rc-db-rows rcend
  [ "$code" = 100 ]
  [ ! -s "$out" ]
  [ "$(cat "$err")" = "rc-db-rows: user-by-name.sql: a column 'rc_end', which an end record is known by" ]
}

@test "COPY is an error at once, in every direction" {
  local words
  for mode in copyout copyin copyboth; do
    for filter in $(filters); do
      : >"$BATS_FILE_TMPDIR/trace"
      lie_to "$filter" "$mode" 5
      words='COPY to or from the client has no place here'
      grep -qiE ': copy\b' "$BATS_FILE_TMPDIR/trace" && words="the server's answer has not the form that was asked for" # it asked for one
      check 'is not refused' code_is 100
      check 'does not say why' grep -q "$words" "$said"
    done
    lie_to rc-db-wait "$mode" 5
    [ "$(jq -c '[.try, .status, .message]' "$out")" = '[1,"refused","the query failed: COPY to or from the client has no place here"]' ]
  done
  no_problems
}
