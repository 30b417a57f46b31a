# What the tests of Recotem's commands share, and others that need its rows.
load "${BASH_SOURCE[0]%/*}/../helper" # where it is: bats 1.11 reads the files before setup_suite

# add_project NAME OWNER_ID|null, add_split OWNER_ID|null, add_evaluation OWNER_ID|null: one row each.
add_project() {
  sql "insert into api_project (ins_datetime, updated_at, name, owner_id, user_column, item_column, time_column)
       values ('2026-01-02 03:04:05.678901+00', '2026-01-02 03:04:05.678901+00', '$1', $2, 'user', 'item', null)"
}
add_split() {
  sql "insert into api_splitconfig (ins_datetime, updated_at, scheme, heldout_ratio, test_user_ratio, random_seed, created_by_id)
       values ('2026-01-02 03:04:05.678901+00', '2026-01-02 03:04:05.678901+00', 'RG', 0.1, 1, 42, $1)"
}

add_evaluation() {
  sql "insert into api_evaluationconfig (ins_datetime, updated_at, cutoff, target_metric, created_by_id)
       values ('2026-01-02 03:04:05.678901+00', '2026-01-02 03:04:05.678901+00', 20, 'ndcg', $1)"
}

# Adds an API key of a project (id) and an owner (id); the key itself is nobody's to know. Prints the id.
add_api_key() { # NAME PROJECT_ID OWNER_ID [PREFIX]
  sql "insert into api_apikey (ins_datetime, updated_at, name, key_prefix, hashed_key, scopes, is_active, project_id, owner_id)
       values ('2026-01-02 03:04:05.678901+00', '2026-01-02 03:04:05.678901+00', '$1', '${4-abcdefgh}', '!', '[\"predict\"]', true, $2, $3) returning id"
}

# What all tests of a file begin with is made once: setup_file calls keep_filled with a function that fills a fresh database,
# setup gives each test a copy by new_filled_database, and teardown_file calls drop_filled.
keep_filled() { # FUNCTION
  filled=${BATS_TEST_FILENAME##*/}
  filled=${filled//[^a-z]/_}
  export filled
  psql -XAtq "$RC_TEST_SERVER" -c "create database ${filled}_template template recotem_template $RC_TEST_CLONE"
  DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//${filled}_template?} "$1"
}
new_filled_database() { copy_template "$filled"; }
drop_filled() { psql -XAtq "$RC_TEST_SERVER" -c "drop database ${filled}_template"; }

# The rows of the three tables that have owners, as text: what a test compares before and after.
owned_rows() {
  sql "select 'project', to_jsonb(p) from api_project p union all select 'split', to_jsonb(s) from api_splitconfig s
       union all select 'evaluation', to_jsonb(e) from api_evaluationconfig e order by 1, 2"
}

# The rows of api_apikey; all rows of all other tables.
key_rows() { sql 'select to_jsonb(k) from api_apikey k order by id'; }
other_rows() {
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<<"select format('select %L, to_jsonb(t) from %I t order by 2', relname, relname)
    from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'api_apikey' order by relname \gexec"
}

# refused MESSAGE ARGUMENT...: $command ends with 1 and that message, with --dry-run and --json too, and changes no key.
refused() {
  local message=$1 before option
  shift
  before=$(key_rows)
  for option in '' --dry-run --json; do
    run -1 --separate-stderr "$command" "$@" $option
    [ "$stderr" = "$command: $message" ] || { printf '%s\n' "$*" "$stderr"; return 1; }
    if [ "$option" = --json ]; then
      [ "$(jq -rs '.[0].error.message, (.[1] | [.ok, .changed, .errors] | tojson)' <<<"$output")" = "$message"$'\n[false,0,1]' ]
    else
      [ "$output" = '' ]
    fi
  done
  [ "$(key_rows)" = "$before" ]
}

# wrong MESSAGE ARGUMENT...: $command ends with 2, its $usage and that message, and changes no key.
wrong() {
  local before
  before=$(key_rows)
  run -2 --separate-stderr "$command" "${@:2}"
  [ "$output" = '' ]
  [ "$stderr" = "$usage
$command: error: $1" ] || { printf '%s\n' "$*" "$stderr"; return 1; }
  [ "$(key_rows)" = "$before" ]
}
