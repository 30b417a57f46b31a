load helper

# share/sql/zulip/schema.sql against what was recorded from the original: ../shared/facts where it is beside the
# checkout, and always the part of it in t/zulip/facts (the tables that commands write).

# Prints the folders of facts, one a line.
facts() {
  echo "$RC_TEST_FOLDER/zulip/facts"
  [ ! -f "$RC_TEST_FOLDER/../../shared/facts/zulip.columns.ndjson" ] || echo "$RC_TEST_FOLDER/../../shared/facts"
}

# What the facts say of a column in SQL, in one spelling: a unique set once, in the order of the columns.
of_sql='{table,column,type,not_null,default,identity,pk,unique,references,on_delete,deferrable}
  | .unique |= (. // [] | map(sort) | unique) | with_entries(select(.value != null and .value != []))'

@test "every column is the original's: type, null, default, identity, keys" {
  new_zulip_database
  cat >"$BATS_TEST_TMPDIR/query.sql" <<'END'
select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
  pg_get_expr(d.adbin, d.adrelid) as default, nullif(a.attidentity, '') as identity,
  exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey)) as pk,
  (select json_agg((select json_agg(u.attname) from pg_attribute u where u.attrelid = c.oid and u.attnum = any(i.indkey)))
    from pg_index i where i.indrelid = c.oid and i.indisunique and not i.indisprimary and a.attnum = any(i.indkey)
      and i.indexprs is null) as unique,
  t.relname || '.' || fa.attname as references,
  case f.confdeltype when 'a' then 'no action' when 'c' then 'cascade' when 'n' then 'set null' end as on_delete,
  f.condeferred as deferrable
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
left join pg_constraint f on f.conrelid = c.oid and f.contype = 'f' and f.conkey = array[a.attnum]
left join pg_class t on t.oid = f.confrelid
left join pg_attribute fa on fa.attrelid = f.confrelid and fa.attnum = f.confkey[1]
where c.relkind = 'r' and c.relnamespace = 'zulip'::regnamespace
END
  RC_SCHEMA=zulip rc-db-rows --null-input "$BATS_TEST_TMPDIR/query.sql" | jq -cS "$of_sql" >"$BATS_TEST_TMPDIR/all"
  facts | while read -r folder; do
    jq -cS "$of_sql" "$folder/zulip.columns.ndjson" | sort >"$BATS_TEST_TMPDIR/expected"
    jq -r .table "$folder/zulip.columns.ndjson" | sort -u | jq -R . >"$BATS_TEST_TMPDIR/tables"
    jq -cS --slurpfile tables "$BATS_TEST_TMPDIR/tables" 'select(.table as $t | $tables | index($t))' \
      "$BATS_TEST_TMPDIR/all" | sort >"$BATS_TEST_TMPDIR/found"
    [ -s "$BATS_TEST_TMPDIR/expected" ]
    diff "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/found"
  done
}

@test "every INSERT names each column that must have a value, and none that there is not" {
  cd "$BATS_TEST_TMPDIR"
  find "$(rc_share)/sql/zulip" -name '*.sql' ! -name schema.sql -exec perl -0777 -ne '
    while (/insert into\s+(\w+)\s*\(([^()]*)\)/g) {
      my ($table, $columns) = ($1, $2);
      printf qq({"file":"%s","table":"%s","columns":[%s]}\n), $ARGV =~ m{([^/]*)$}, $table, join ",", map { qq("$_") } $columns =~ /\w+/g;
    }' {} + >inserts
  [ "$(jq -r .table inserts | sort -u | wc -l)" -gt 20 ]
  facts | while read -r folder; do
    jq -n --slurpfile columns "$folder/zulip.columns.ndjson" --slurpfile inserts inserts '
      ($columns | group_by(.table) | map({key: .[0].table, value: .}) | from_entries) as $of
      | $inserts[] | . as $insert | $of[.table] | select(.)
      | {file: $insert.file, table: $insert.table,
         forgotten: (map(select(.not_null and .default == null and .identity == null) | .column) - $insert.columns),
         unknown: ($insert.columns - map(.column))} | select(.forgotten + .unknown != [])' >"${folder##*/}.problems"
    [ ! -s "${folder##*/}.problems" ] || { cat "${folder##*/}.problems" >&2; return 1; }
  done
}

@test "the schema is what t/zulip/make-schema makes of the facts" {
  facts=$RC_TEST_FOLDER/../../shared/facts
  [ -f "$facts/zulip.columns.ndjson" ] || skip 'no facts beside the checkout'
  "$RC_TEST_FOLDER/zulip/make-schema" "$facts" | diff - "$RC_TEST_FOLDER/../share/sql/zulip/schema.sql"
}
