# What the tests of Zulip's commands share.
load "${BASH_SOURCE[0]%/*}/../helper" # where it is: bats 1.11 reads the files before setup_suite

# A fresh database with Zulip's tables, as they are on a server without an organisation.
new_zulip_database() {
  new_database zulip
  set_zulip_path
}

set_zulip_path() { # as Zulip's own role has it
  local name=${DATABASE_URL%%\?*}
  sql "alter database ${name##*/} set search_path = zulip, public"
}

export SETTING_EXTERNAL_HOST=zulip.example.org

# All rows of all tables, as records {"table","op","row"}; what a test compares before and after.
zulip_rows() {
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<<"select format('select json_build_object(''table'', %L, ''op'', ''insert'', ''row'', to_jsonb(t)) from %I t', relname, relname)
    from pg_class where relkind = 'r' and relnamespace = 'zulip'::regnamespace and relname not like 'django%' and relname not like 'auth%'
    order by relname \gexec"
}

# Of such records what does not differ from run to run: clocks, random values and texts become what they must look like,
# nulls go. Also left out is what the original leaves behind for nothing: groups without a name, with welcome-bot in them.
zulip_masked() {
  jq -cS '
    def looks($pattern; $word): if type == "string" and test($pattern) then $word else . end;
    select((.table == "zerver_usergroup" and .row.realm_id == 1 and .row.id > 8) | not)
    | select((.table == "zerver_usergroupmembership" and .row.user_profile_id == 7 and .row.user_group_id > 8) | not)
    | .table as $table
    | .row |= (with_entries(select(.value != null))
      | with_entries(.key as $key | .value |= (
          looks("^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+]00:00$"; "a time") | looks("^4764-[0-9]{2}-[0-9]{2}T"; "a time in 1000000 days")
          | looks("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"; "a uuid")
          | looks("^zuliprealm_[A-Za-z0-9]{32}$"; "a secret")
          | if $key == "password" then looks("^![A-Za-z0-9]{40}$"; "unusable")
              | looks("^argon2[$]argon2id[$]v=19[$]m=102400,t=2,p=8[$][A-Za-z0-9+/]{30}[$][A-Za-z0-9+/]{43}$"; "argon2")
            elif $key == "api_key" then looks("^[A-Za-z0-9]{32}$"; "a key")
            elif $key == "confirmation_key" then looks("^[a-z2-7]{24}$"; "a key")
            elif $key == "data" then sub("/welcome/[a-z2-7]{24}\""; "/welcome/KEY\"")
            elif ($table == "zerver_message" and ($key == "content" or $key == "rendered_content"))
              or ($table == "zerver_namedusergroup" and $key == "description")
              or ($table == "zerver_stream" and ($key == "description" or $key == "rendered_description"))
            then looks("."; "a text") else . end)))' "$@" | sort
}

# A fresh database with the organization that the facts have on an empty server, its numbers of groups moved to where the
# original's are; a file pw has a password. It is made once for all tests, which get copies.
new_alphaorg() {
  local made=$BATS_SUITE_TMPDIR/alphaorg.template name
  echo 'correct horse battery' >"$BATS_TEST_TMPDIR/pw"
  (
    flock 9
    [ ! -e "$made" ] || exit 0
    new_zulip_database
    zulip-create-realm 'Alpha Org' owner@alphaorg.example 'Ann Owner' --string-id alphaorg >/dev/null
    move_numbers
    name=${DATABASE_URL%%\?*}
    psql -XAtq "$RC_TEST_SERVER" -c "alter database ${name##*/} rename to alphaorg_template"
    touch "$made"
  ) 9>"$made.lock" 3>&-
  copy_template alphaorg
  set_zulip_path
}

# The original leaves twelve groups behind for each organization (see zulip_masked), whose numbers are never used here.
move_numbers() {
  sql "select setval('zerver_usergroup_id_seq', last_value + 12), setval('zerver_usergroupmembership_id_seq', m.last + 12)
    from zerver_usergroup_id_seq, (select last_value as last from zerver_usergroupmembership_id_seq) as m" >/dev/null
}

# The recorded rows of the original: those of ../shared/facts where it is beside the checkout, else a copy that is masked.
zulip_facts() { # NAME
  local file=$RC_TEST_FOLDER/../../shared/facts/zulip-create-$1.rows.ndjson
  if [ -e "$file" ]; then zulip_masked "$file"; else cat "$RC_TEST_FOLDER/zulip/facts/zulip-create-$1.rows.ndjson"; fi
}

# Moments that are one in the original (a row's time and that of its audit record, say) and are not in the rows added here: prints
# them. Only the facts themselves have the times.
zulip_moments_torn() { # NAME ROWS
  local file=$RC_TEST_FOLDER/../../shared/facts/zulip-create-$1.rows.ndjson
  [ -e "$file" ] || return 0
  jq -cn --slurpfile facts "$file" --slurpfile ours "$2" '
    def times: [.[] | .table as $t | .row as $row | $row | to_entries[]
      | select(.value | type == "string" and test("^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+]00:00$"))
      | {key: "\($t).\($row.id // $row.usergroup_ptr_id).\(.key)", value}];
    ($ours | times | from_entries) as $here
    | $facts | times | group_by(.value)[] | select(length > 1) | map({(.key): $here[.key]}) | add | select(to_entries | map(.value) | unique | length > 1)'
}

# rows_are NAME COMMAND...: what the command adds to the database is what was recorded, in all columns but ids, clocks, random
# values and texts; ids are the same too. Nothing that was there before is gone.
rows_are() {
  local name=$1
  shift
  zulip_rows | sort >"$BATS_TEST_TMPDIR/before"
  "$@"
  zulip_rows | sort >"$BATS_TEST_TMPDIR/after"
  [ "$(comm -23 "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after")" = '' ]
  comm -13 "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" >"$BATS_TEST_TMPDIR/rows"
  zulip_masked "$BATS_TEST_TMPDIR/rows" >"$BATS_TEST_TMPDIR/added"
  zulip_facts "$name" | diff - "$BATS_TEST_TMPDIR/added"
  [ "$(zulip_moments_torn "$name" "$BATS_TEST_TMPDIR/rows" | tee /dev/stderr)" = '' ]
}

# refuses MESSAGE COMMAND...: 1, that message alone, nothing on stdout, and no row is another one.
refuses() {
  local message=$1 before
  shift
  before=$(zulip_rows | sort)
  run -1 --separate-stderr "$@"
  [ "$output" = '' ]
  [ "$stderr" = "$1: $message" ] || { printf '%s\n' "$*" "$stderr" >&2; return 1; }
  [ "$(zulip_rows | sort)" = "$before" ]
}

# A database from a dump of the facts, or skips where they are not beside the checkout.
zulip_dump() { # empty|sample
  local file=$RC_TEST_FOLDER/../../shared/facts/zulip-$1-db.sql.gz name=t_dump_${BATS_SUITE_TEST_NUMBER}_$RANDOM
  [ -e "$file" ] || skip 'no facts beside the checkout'
  psql -XAtq "$RC_TEST_SERVER" -c "create database $name"
  export DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//$name?}
  zcat "$file" | sed '/^\\restrict/d; /^\\unrestrict/d' | psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" >/dev/null
  sql "alter database $name set search_path = zulip, public"
}

# Of masked records the ids of new rows become their places in their tables, and all others "there before", so that two servers
# with other rows can be compared. $1 is a file of the catalogue's kind.
zulip_relative() { # COLUMNS FILE
  jq -cS --slurpfile columns "$1" --slurpfile rows "$2" -n '
    def key($table): if $table == "zerver_namedusergroup" then "usergroup_ptr_id" else "id" end;
    (reduce ($columns[] | select(.references)) as $c ({}; .[$c.table + "." + $c.column] = ($c.references | rtrimstr(".id") | rtrimstr(".usergroup_ptr_id"))))
      as $leads
    | ($rows | group_by(.table) | map(.[0].table as $t | {key: (if $t == "zerver_namedusergroup" then "zerver_usergroup" else $t end),
        value: (map(.row[key($t)]) | sort | to_entries | map({key: (.value | tostring), value: (.key + 1)}) | from_entries)}) | from_entries) as $places
    | def place($table): if type == "number" then ($places[if $table == "zerver_namedusergroup" then "zerver_usergroup" else $table end][tostring] // "there before") else . end;
    $rows[] | .table as $t | .row as $row
    | .row |= with_entries(.key as $k | .value |= (
        if $k == key($t) then place($t)
        elif $leads[$t + "." + $k] then place($leads[$t + "." + $k])
        elif $k == "type_id" then place(if $row.type == 2 then "zerver_stream" else "zerver_userprofile" end)
        elif $k == "object_id" then place("zerver_userprofile")
        elif $t == "fts_update_log" and $k == "message_id" or $k == "event_last_message_id" or $k == "first_message_id" then place("zerver_message")
        elif $k == "extra_data" then (if .subgroup_ids then .subgroup_ids |= map(place("zerver_usergroup")) elif .supergroup_ids then .supergroup_ids |= map(place("zerver_usergroup")) else . end)
        else . end))' | sort
}
