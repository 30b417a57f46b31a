# shellcheck disable=SC2030,SC2031 # each test is a process of its own
# What every command owes, whatever it does: filters (src/) and porcelain (bin/).
#
# There is no list of commands and none of exceptions: the names come from the tree, arguments and input from --describe.

# long: every command in each test
load recotem/helper
load jobs

setup_file() {
  mkdir "$BATS_FILE_TMPDIR/first"
  ln -s "$RC_TEST_TREE/bin/rc-password-hash" "$BATS_FILE_TMPDIR/first/"
  real_filter
  new_database
  add_outbox
  local alice
  alice=$(add_user alice)
  add_project one "$alice"
  [ "$(add_api_key old 1 "$alice")" = 1 ]
  RC_SQL=$(rc_share)/sql/recotem
  export RC_SQL
  printf '%s' "$DATABASE_URL" >"$BATS_FILE_TMPDIR/default.url"
  # A product whose examples need a database of its own has a file that makes it.
  local file product
  for file in "$RC_TEST_FOLDER"/*/example.bash; do
    product=${file%/*} product=${product##*/}
    # shellcheck source=/dev/null
    (. "$file" && printf '%s' "$DATABASE_URL" >"$BATS_FILE_TMPDIR/$product.url")
  done
  local command all
  mapfile -t all < <(commands)
  read_contracts "$BATS_FILE_TMPDIR" "${all[@]}"
  # Each example is run here, once; several tests look at what came of it: the files $command.out, .err, .code, .events (those
  # of its own process) and .left (what it left behind beside them).
  local world=$BATS_FILE_TMPDIR/world pid
  local HOME=$world/home RC_EVENTS=$world/events RC_WAIT_INTERVAL=1ms SECRET_KEY=k
  local AWS_ACCESS_KEY_ID=k AWS_SECRET_ACCESS_KEY=k
  export HOME RC_EVENTS RC_WAIT_INTERVAL SECRET_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  unset XDG_STATE_HOME
  mkdir "$world" "$HOME" "$world/folder"
  cd "$world/folder" || return
  while read -r command; do
    describe
    "$command" "${example[@]}" <"$input" >"$description.out" 2>"$description.err" 3>&- &
    pid=$!
    code=0
    wait "$pid" || code=$?
    echo "$code" >"$description.code"
    grep "\"pid\":$pid," "$RC_EVENTS" >"$description.events" 2>/dev/null || :
    find "$world" -mindepth 1 ! -path "$HOME" ! -path "$world/folder" ! -path "$RC_EVENTS" >"$description.left"
  done < <(commands)
}

# rc-password-hash is the product's; for the pages, of which none is asked for the number of iterations, it stays the quick one.
real_filter() { PATH=$BATS_FILE_TMPDIR/first:$PATH; }

setup() {
  real_filter
  # What a command leaves behind shows here.
  export HOME=$BATS_TEST_TMPDIR/home RC_EVENTS=$BATS_TEST_TMPDIR/events RC_WAIT_INTERVAL=1ms SECRET_KEY=k
  export AWS_ACCESS_KEY_ID=k AWS_SECRET_ACCESS_KEY=k
  unset XDG_STATE_HOME
  mkdir "$HOME" "$BATS_TEST_TMPDIR/folder"
  cd "$BATS_TEST_TMPDIR/folder" || return
  out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err problems=$BATS_TEST_TMPDIR/problems
  : >"$problems"
}

teardown() {
  [ ! -s "$problems" ] || cat "$problems" >&2
}

# One that needs a library which is not here was not built.
filters() {
  local file name
  for file in "$RC_TEST_FOLDER"/../src/rc-*.c; do
    name=${file##*/} name=${name%.c}
    if ! type -P "$name" >/dev/null && grep -q '^/\* needs: ' "$file"; then continue; fi
    echo "$name"
  done
}

# Both kinds, each with the code of a bad option and that of a failed write.
filters_and_codes() { filters | sed 's/$/ 100 111/'; }
porcelain_and_codes() { find "$RC_TEST_FOLDER/../bin" -type f -executable -printf '%f 2 1\n' | sort; }
commands_and_codes() { filters_and_codes; porcelain_and_codes; }
commands() { commands_and_codes | cut -d ' ' -f 1; }

# check WHAT CONDITION...: notes a problem of $command where the condition fails; the loop goes on.
check() {
  "${@:2}" && return
  printf '%s: %s\n' "$command" "$1" >>"$problems"
  [ ! -s "$err" ] || sed 's/^/    stderr: /' "$err" >>"$problems"
}

# code_is EXPECTED ACTUAL WHEN: the same for a code.
code_is() { check "ends with $2, not $1 ($3)" [ "$1" = "$2" ]; }

# run_it INPUT COMMAND ARGUMENT...: sets $code, $out and $err.
run_it() {
  code=0
  "${@:2}" <"$1" >"$out" 2>"$err" 3>&- || code=$?
}

# read_text FILE: sets $text to what is in it, to the last byte.
read_text() { IFS= read -r -d '' text <"$1" || :; }

# For check.
fits() { [[ $1 =~ $2 ]]; }
contains() { [[ $1 == *"$2"* ]]; }

no_problems() { [ ! -s "$problems" ]; }

# describe: of the contract of $command the $example, the $input (a file), and $reads (empty where that is null);
# DATABASE_URL leads to where its example works.
describe() {
  local url=$BATS_FILE_TMPDIR/${command%%-*}.url
  [ -e "$url" ] || url=$BATS_FILE_TMPDIR/default.url
  DATABASE_URL=$(<"$url")
  description=$BATS_FILE_TMPDIR/$command input=$BATS_FILE_TMPDIR/$command.input
  mapfile -t example <"$description.example"
  reads=$(<"$description.reads")
}

@test "there are commands to look at" {
  [ "$(filters | wc -l)" -ge 9 ]
  [ "$(porcelain_and_codes | wc -l)" -ge 4 ]
  while read -r command; do
    check 'is not on PATH' type -P "$command" >/dev/null
  done < <(commands)
  no_problems
}

@test "--help prints the usage, the summary and every option" {
  while read -r command; do
    run_it /dev/null "$command" --help
    code_is 0 "$code" --help
    check 'writes to stderr' [ ! -s "$err" ]
    read_text "$out"
    check 'does not begin with its usage' fits "$text" "^usage: ${command}["$' \n]'
  done < <(commands)
  no_problems
}

@test "--help tells of all options that --describe has, and the summary" {
  while read -r command; do
    describe
    run_it /dev/null "$command" --help
    mapfile -t help <"$out"
    check 'the second line is not the summary' [ "${help[1]-}" = "$(<"$description.summary")" ]
    [[ ${help[*]} == *' --'* ]] || continue # a command that lists other commands instead
    while read -r option; do
      check "$option is not in --help" contains "${help[*]}" "$option"
    done <"$description.options"
  done < <(commands)
  no_problems
}

@test "--version names the command and one version for all" {
  local versions=()
  while read -r command; do
    run_it /dev/null "$command" --version
    code_is 0 "$code" --version
    check 'writes to stderr' [ ! -s "$err" ]
    text=$(<"$out")
    check "'$text' has not the form of a version" fits "$text" "^$command \(rc\) [0-9]+\.[0-9]+\.[0-9]+\$"
    versions+=("${text##* }")
  done < <(commands)
  no_problems
  [ "$(printf '%s\n' "${versions[@]}" | sort -u | wc -l)" = 1 ]
}

@test "--describe prints one record with exactly the keys of a contract" {
  while read -r command; do
    run_it /dev/null "$command" --describe
    code_is 0 "$code" --describe
    check 'writes to stderr' [ ! -s "$err" ]
    check 'is not one record' [ "$(rc-tally "$out")" = '{"records":1,"by":{},"missing":1}' ]
    check 'has another name' [ "$(rc-say '{name}' "$out")" = "$command" ]
    cat "$out" >>"$BATS_TEST_TMPDIR/all"
  done < <(commands)
  no_problems
  # One query for all of them.
  run -0 psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<END
\set d \`paste -sd , '$BATS_TEST_TMPDIR/all'\`
select (d->>'name') || ': ' || problem
from json_array_elements(('[' || :'d' || ']')::json) as t (d), lateral (values
  ('has other keys', (select string_agg(k, ' ') from json_object_keys(d) k) =
    'name summary synopsis options reads writes category risk idempotent ci_safe changes gate undo example example_input'),
  ('has a value of the wrong kind', json_typeof(d->'summary') = 'string' and d->>'summary' ~ '^[^A-Z].*[^.]\$'
     and json_typeof(d->'synopsis') = 'string'
     and json_typeof(d->'options') = 'array' and json_array_length(d->'options') >= 3
     and json_typeof(d->'reads') in ('string', 'null')
     and json_typeof(d->'writes') in ('string', 'null')
     and d->>'category' ~ '^[a-z][a-z-]*\$'
     and d->>'risk' in ('low', 'medium', 'high')
     and json_typeof(d->'idempotent') = 'boolean'
     and json_typeof(d->'ci_safe') = 'boolean'
     and d->>'changes' in ('nothing', 'adds', 'changes', 'destroys')
     and d->>'gate' in ('none', 'asks', 'exempt')
     and json_typeof(d->'undo') in ('null', 'boolean', 'string') and d->>'undo' is distinct from 'false'
     and json_typeof(d->'example') = 'array'
     and not exists (select from json_array_elements(d->'example') word where json_typeof(word) <> 'string')
     and json_typeof(d->'example_input') = json_typeof(d->'reads')),
  ('has an option of another form', (select bool_and((select string_agg(k, ' ') from json_object_keys(o) k) = 'name letter argument help'
     and o->>'name' ~ '^--[a-z][a-z0-9_-]*\$' and coalesce(o->>'letter', '-x') ~ '^-[A-Za-z]\$' and o->>'help' <> '')
     from json_array_elements(d->'options') o))) as checks (problem, holds)
where holds is not true;
END
  [ "$output" = '' ]
}

@test "a bad option ends with usage on stderr and nothing on stdout" {
  while read -r command bad_usage _; do
    for option in --no-such-option --no-such-option=1 -+; do
      run_it /dev/null "$command" "$option"
      code_is "$bad_usage" "$code" "$option"
      check "$option writes to stdout" [ ! -s "$out" ]
      read_text "$err"
      check "$option does not show the usage" fits "$text" "^usage: ${command}["$' \n]'
      check "$option does not name itself after it" fits "$text" $'^[^\n]*\n'"$command:"
      check "$option says more than two lines" fits "$text" $'^[^\n]*\n[^\n]*\n$'
    done
  done < <(commands_and_codes)
  no_problems
}

@test "the example works, in silence" {
  while read -r command; do
    describe
    err=$description.err
    code_is 0 "$(<"$description.code")" "${example[*]}"
    check 'its example writes to stderr' [ ! -s "$err" ]
  done < <(commands)
  no_problems
}

@test "a page that has lost its front, or a front its page, ends at once" {
  mkdir ../front ../page ../empty
  cd ../empty
  mapfile -t pages < <(porcelain_and_codes | cut -d ' ' -f 1)
  cp "${pages[@]/#/$RC_TEST_QUICK_TREE/bin/}" ../front/
  cp "${pages[@]/#/$RC_TEST_FOLDER/../bin/}" ../page/
  shopt -s nullglob
  for command in "${pages[@]}"; do
    describe
    for part in ../front/"$command" ../page/"$command"; do
      run_it "$input" "$part" "${example[@]}"
      check "$part ends with $code" [ "$code" = 1 ]
      read_text "$err"
      check "$part goes on" fits "$text" $'^[^\n]*\n$'
      check "$part writes to stdout" [ ! -s "$out" ]
      made=(*)
      check "$part makes a file" [ "${#made[@]}" = 0 ]
    done
  done
  no_problems
}

# The example of one that is not idempotent is chosen so that it can be run again; with the others that is a promise.
@test "the example works again, and with RC_EVENTS empty it leaves nothing at all" {
  while read -r command; do
    describe
    RC_EVENTS='' run_it "$input" "$command" "${example[@]}"
    code_is 0 "$code" "${example[*]}, a second time"
  done < <(commands)
  no_problems
  [ "$(find "$HOME" . -mindepth 1)" = '' ]
}

@test "help and the example end as a failed write does when the disk is full" {
  while read -r command _ failed_write; do
    describe
    for case in --help --version --describe example; do
      arguments=("$case")
      [ "$case" != example ] || arguments=("${example[@]}")
      [ "$case" != example ] || [ -s "$description.out" ] || continue # it writes nothing
      code=0
      "$command" "${arguments[@]}" <"$input" >/dev/full 2>"$err" 3>&- || code=$?
      code_is "$failed_write" "$code" "$case with a full disk"
      check "$case does not tell that the disk is full" contains "$(<"$err")" 'No space left on device'
    done
  done < <(commands_and_codes)
  no_problems
}

@test "the example ends as a failed write does when standard output is closed" {
  while read -r command _ failed_write; do
    describe
    [ -s "$description.out" ] || continue # it writes nothing
    code=0
    "$command" "${example[@]}" <"$input" >&- 2>"$err" 3>&- || code=$?
    code_is "$failed_write" "$code" 'with standard output closed'
    check 'says nothing of its closed standard output' [ -s "$err" ]
  done < <(commands_and_codes)
  no_problems
}

@test "the example works with standard input and error closed, where it reads nothing" {
  while read -r command; do
    describe
    [ ! "$reads" ] || continue
    code=0
    "$command" "${example[@]}" <&- >"$out" 2>&- 3>&- || code=$?
    code_is 0 "$code" 'with standard input and error closed'
  done < <(commands)
  no_problems
}

# What reads something reads records, one a line, unless its contract begins with "a JSON document".
@test "input that is cut is refused, and names its line" {
  while read -r command bad_input _; do
    describe
    [ "$reads" ] || continue
    read_text "$input"
    check 'its example has no whole input' [ "${text: -1}" = $'\n' ]
    for bytes in 1 2 3; do
      [[ $bytes != 1 || $reads != 'a JSON document'* ]] || continue
      head -c "-$bytes" "$input" >"$BATS_TEST_TMPDIR/cut"
      run_it "$BATS_TEST_TMPDIR/cut" "$command" "${example[@]}"
      code_is "$bad_input" "$code" "with input that lacks its last $bytes bytes"
      check 'names no line' fits $'\n'"$(<"$err")" $'\n'"$command: <stdin>:[0-9]*: "
    done
  done < <(filters_and_codes)
  no_problems
}

@test "input that can't be read is refused" {
  while read -r command; do
    describe
    [ "$reads" ] || continue
    code=0
    "$command" "${example[@]}" <"$BATS_TEST_TMPDIR" >"$out" 2>"$err" 3>&- || code=$?
    code_is 100 "$code" 'with a folder as standard input'
    code=0
    "$command" "${example[@]}" <&- >"$out" 2>"$err" 3>&- || code=$?
    code_is 100 "$code" 'with standard input closed'
  done < <(filters)
  no_problems
}

@test "the example leaves events in RC_EVENTS and nothing anywhere else" {
  while read -r command; do
    describe
    check "left $(<"$description.left")" [ ! -s "$description.left" ]
  done < <(commands)
  no_problems
  export RC_EVENTS=''
  [ "$(rc-tally --by v "$BATS_FILE_TMPDIR/world/events" | rc-say '{by}' | sed 's/[0-9]*}$/N}/')" = '{"1":N}' ]
}

@test "what tells of its start tells of its end, with code and counts" {
  local told=0
  while read -r command; do
    describe
    [ -s "$description.events" ] || continue # it has no events of its own
    told=$((told + 1))
    check 'tells of something else than a start and an end' \
      [ "$(RC_EVENTS='' rc-say '{event} {exit}' "$description.events")" = $'start null\ndone 0' ]
    check 'has no counts at its end' fits "$(<"$description.events")" $'"event":"done",[^\n]*"counts":\\{'
  done < <(commands)
  no_problems
  [ "$told" -ge 20 ]
}

has_test() { compgen -G "$RC_TEST_FOLDER/$1.bats" || compgen -G "$RC_TEST_FOLDER/*/$1.bats"; } >/dev/null

@test "each has a man page and a test" {
  local folder=$RC_TEST_FOLDER
  while read -r command; do
    check "has no page share/man/$command.1" [ -s "$folder/../share/man/$command.1" ]
    check "has no test $command.bats" has_test "$command"
  done < <(commands)
  no_problems
}

@test "the pages in the built tree have their parts filled in" {
  cd "$(rc_share)/../man/man1"
  local pages=()
  while read -r command; do
    check 'has no page in the tree' [ -s "$command.1" ]
    [ ! -s "$command.1" ] || pages+=("$command.1")
  done < <(commands)
  no_problems
  run -1 grep -n '^@[A-Z]*@$' "${pages[@]}"
  [ "$output" = '' ]
  [ "$(grep -cxE '\.Sh (SYNOPSIS|OPTIONS)' "${pages[@]}")" = "$(printf '%s:2\n' "${pages[@]}")" ]
}

# ---- what changes something ----

# Those of bin/ whose contract says so and that ask whether it is meant; a toolkit's own command hands on to another one.
asking() { with_gate asks; }
changing() { with_gate 'asks|exempt'; }
with_gate() { # PATTERN
  local command
  while read -r command _; do
    [[ $(<"$BATS_FILE_TMPDIR/$command.gate") =~ ^($1)$ ]] || continue
    echo "$command"
  done < <(porcelain_and_codes)
}

# What the database has, but for the places of its sequences, which no rollback takes back.
digest() {
  pg_dump --no-owner --no-privileges --exclude-table-data='*_seq' "$DATABASE_URL" | grep -vE '^(--|SELECT pg_catalog.setval|\\(un)?restrict)' | sort | sha256sum
}

# look WHAT: what that (digest or rows) finds in the database, unless it has been asked. is_as_before WHAT: it finds now what it
# found last; what it finds now is what the next one compares with.
declare -gA found
look() { [[ ${found[$1 $DATABASE_URL]+yes} ]] || found[$1 $DATABASE_URL]=$("$1"); }
is_as_before() {
  local before=${found[$1 $DATABASE_URL]}
  found[$1 $DATABASE_URL]=$("$1") && [ "${found[$1 $DATABASE_URL]}" = "$before" ]
}

# without_dry_run: the example as one would call it in earnest.
without_dry_run() {
  local word words=()
  for word in "${example[@]}"; do [ "$word" = --dry-run ] || words+=("$word"); done
  example=("${words[@]}")
}

# is_refused_on_production: $command, called by its example in earnest, ends with 1 and changes nothing where the database
# says that it is production.
is_refused_on_production() {
  without_dry_run
  look digest
  run_it "$input" "$command" "${example[@]}"
  code_is 1 "$code" "on production, without intent: ${example[*]}"
  code=0
  "$command" "${example[@]}" --json <"$input" >"$BATS_TEST_TMPDIR/as_json" 2>/dev/null 3>&- || code=$?
  code_is 1 "$code" 'on production, without intent, with --json'
  check 'has another summary than that of a refusal' fits "$(tail -n 1 "$BATS_TEST_TMPDIR/as_json")" '^\{"ok":false,.*"changed":0,'
  check 'does not say that the gate refused it' fits "$(<"$err")" $': refused: [^\n]* --environment production, --confirm PRODUCTION'
  check 'has changed something on production without intent' is_as_before digest
}

@test "what changes something is refused on production without intent, and changes nothing" {
  local urls=("$BATS_FILE_TMPDIR"/*.url) url
  for url in "${urls[@]}"; do DATABASE_URL=$(<"$url") rc-environment set production >/dev/null; done
  [ "$(asking | wc -l)" -ge 10 ]
  while read -r command; do
    describe
    is_refused_on_production
  done < <(asking)
  for url in "${urls[@]}"; do DATABASE_URL=$(<"$url") sql 'drop table rc.meta'; done
  no_problems
}

@test "a page that calls no gate is found" {
  local tree=$BATS_TEST_TMPDIR/tree
  cp -al "$RC_TEST_QUICK_TREE" "$tree"
  # One that changes something without rc_apply, which asks by itself.
  sed -i 's/^rc_apply rc-db-apply/rc-db-apply/; s/^rc_gate.*//' "$tree/share/rc/pages/zulip-change-role"
  PATH=$tree/bin:$PATH command=zulip-change-role
  describe
  rc-environment set production >/dev/null
  is_refused_on_production
  sql 'drop table rc.meta'
  grep -q 'zulip-change-role: ends with 0, not 1' "$problems"
  grep -q 'zulip-change-role: has changed something on production without intent' "$problems"
  zulip-change-role --realm testorg bob@example.org member
  : >"$problems"
}

@test "what makes test data is never exempt" {
  local tree=$BATS_TEST_TMPDIR/tree
  cp -al "$RC_TEST_QUICK_TREE" "$tree"
  sed -i 's/^# category: test-data/# gate: exempt   category: test-data/' "$tree/share/rc/pages/timetracker-seed-testdata"
  run -1 "$tree/bin/timetracker-seed-testdata" --describe
  [ "$output" = 'timetracker-seed-testdata: its page makes test data, which is never exempt from the gate' ]
}

@test "a dry run changes nothing, and there is one wherever something changes" {
  while read -r command; do
    describe
    if [[ $(<"$description") != *'"name":"--dry-run"'* ]]; then
      check 'has no --dry-run' [ "$(<"$description.gate")" = exempt ]
      continue
    fi
    without_dry_run
    look digest
    run_it "$input" "$command" "${example[@]}" --dry-run
    code_is 0 "$code" "${example[*]} --dry-run"
    check 'changes something on a dry run' is_as_before digest
  done < <(changing)
  no_problems
}

@test "--json gives one record a line and the summary, the same code, and the run's id in each event" {
  while read -r command; do
    describe
    rm -f "$RC_EVENTS"
    run_it "$input" "$command" "${example[@]}" --json
    mv "$RC_EVENTS" "$BATS_TEST_TMPDIR/told"
    code_is "$(<"$description.code")" "$code" 'with --json'
    check 'prints what is no record with --json' rc-tally "$out" >"$BATS_TEST_TMPDIR/tally"
    read -r run_id summary < <(tail -n 1 "$out" | rc-say '{run_id} {ok} {scanned|} {changed|} {warnings|} {errors|}')
    check 'has no summary at its end' fits "$summary" '^true [0-9]+ [0-9]+ [0-9]+ [0-9]+$'
    check 'has another run id in an event' [ "$(rc-say '{run_id}' "$BATS_TEST_TMPDIR/told" | sort -u)" = "$run_id" ]
  done < <(changing | grep -v -- '-worker-run$') # which becomes rc-job-run, whose last record is that of its counts
  no_problems
}

# ---- plan, apply, undo ----

undoable() { changing | while read -r command; do [ "$(<"$BATS_FILE_TMPDIR/$command.undo")" != true ] || echo "$command"; done; }

# What stands in the rows of all tables; a schema or table without rows is no difference, nor is the place of a sequence.
rows() {
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<<"select format('select %L, t::text from only %s as t order by 2', oid::regclass, oid::regclass)
    from pg_class where relkind = 'r' and relnamespace::regnamespace::text !~ '^(pg_|information_schema)' order by oid::regclass::text \\gexec"
}

@test "what changes something can be undone, or says why it can't" {
  while read -r command; do
    check 'has no line undo' [ "$(<"$BATS_FILE_TMPDIR/$command.undo")" != null ]
  done < <(changing)
  no_problems
  [ "$(undoable | wc -l)" -ge 15 ]
}

# plan_apply_undo: of $command by its example in earnest; sets $undone to the number of rows.
plan_apply_undo() {
  without_dry_run
  confirm_destruction
  look rows
  run_it "$input" "$command" "${example[@]}" --plan "$command.plan"
  code_is 0 "$code" "${example[*]} --plan"
  check 'changes rows with --plan' is_as_before rows
  check 'has a plan that others can read' [ "$(stat -c %a "$command.plan")" = 600 ]
  check 'has a secret in its plan' eval '! contains "$(<"$command.plan")" "correct horse"'
  run_it "$input" "$command" "${example[@]}" --apply "$command.plan" --undo-log "$command.log"
  code_is 0 "$code" "${example[*]} --apply"
  check 'has no mark of its plan' [ -s "$command.plan.applied" ]
  undone=0
  if [ ! -e "$command.log" ]; then
    check 'changes rows, and has no undo log' is_as_before rows
    return 0
  fi
  check 'has an undo log that others can read' [ "$(stat -c %a "$command.log")" = 600 ]
  undone=$(rc-tally --count table "$command.log")
  [ "$undone" != 0 ] || check 'changes rows that are not in its undo log' is_as_before rows
  run_it /dev/null rc-undo "$command.log"
  code_is 0 "$code" 'rc-undo of its log'
  check 'leaves other rows than before' is_as_before rows
}

@test "plan, apply and undo leave the rows as they were" {
  local undone idle=()
  command=rc-job-retry
  describe
  add_project unowned null
  sql "truncate outbox_job; insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at)
    select 'A', s, '{}', s, 0, now() - interval '99 days', now() - interval '99 days', now() - interval '99 days' from unnest(array['DONE', 'FAILED']) s"
  while read -r command; do
    describe
    plan_apply_undo
    [ "$undone" -gt 0 ] || idle+=("$command")
  done < <(undoable)
  no_problems
  # It has something to do only where there is no user (t/page-plan.bats).
  [ "${idle[*]}" = recotem-create-superuser ] || { echo "without rows: ${idle[*]}"; false; }
}

@test "a command whose undo log lacks a table it changes is found" {
  local tree=$BATS_TEST_TMPDIR/tree undone
  cp -al "$RC_TEST_QUICK_TREE" "$tree"
  sed -i 's/^# undo: .*/# undo: zerver_userprofile zerver_usergroupmembership/' "$tree/share/rc/pages/zulip-change-role"
  PATH=$tree/bin:$PATH command=zulip-change-role
  describe
  plan_apply_undo
  grep -q 'zulip-change-role: ends with 1, not 0' "$problems"
  grep -q 'zulip.zerver_realmauditlog was changed, too, and is not watched' "$problems"
  : >"$problems"
}
