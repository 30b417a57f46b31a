# share/sql/PRODUCT/schema.sql against what was recorded from the original: ../shared/facts where it is beside the
# checkout, and always the part of it in t/PRODUCT/facts (the tables that commands write).

# Prints the folders of a product's facts, one a line.
facts() { # PRODUCT
  echo "$RC_TEST_FOLDER/$1/facts"
  [ ! -f "$RC_TEST_FOLDER/../../shared/facts/$1.columns.ndjson" ] || echo "$RC_TEST_FOLDER/../../shared/facts"
}

# Compares the facts PRODUCT.NAME.ndjson of every folder with what QUERY gives for the same tables.
compare() { # PRODUCT NAME QUERY
  local without_nulls='with_entries(select(.value != null))'
  new_database "$1"
  printf '%s\n' "$3" >"$BATS_TEST_TMPDIR/query.sql"
  rc-db-rows --null-input "$BATS_TEST_TMPDIR/query.sql" >"$BATS_TEST_TMPDIR/all"
  facts "$1" | while read -r folder; do
    jq -cS "$without_nulls" "$folder/$1.$2.ndjson" | sort >"$BATS_TEST_TMPDIR/expected"
    jq -r .table "$folder/$1.$2.ndjson" | sort -u >"$BATS_TEST_TMPDIR/tables"
    jq -cS --slurpfile tables <(jq -R . "$BATS_TEST_TMPDIR/tables") "select(.table as \$t | \$tables | index(\$t)) | $without_nulls" \
      "$BATS_TEST_TMPDIR/all" | sort >"$BATS_TEST_TMPDIR/found"
    [ -s "$BATS_TEST_TMPDIR/expected" ]
    diff "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/found"
  done
}

# Type, null, identity and keys of every column.
compare_columns() { # PRODUCT
  compare "$1" columns "
    select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
      case when a.attidentity <> '' then 'identity' else pg_get_expr(d.adbin, d.adrelid) end as default,
      exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey)) as pk,
      exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indkey::text = a.attnum::text) as unique,
      f.confrelid::regclass || '(' || fa.attname || ')' as references,
      case f.confdeltype when 'a' then 'NO ACTION' when 'c' then 'CASCADE' when 'n' then 'SET NULL' end as on_delete
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    left join pg_constraint f on f.conrelid = c.oid and f.contype = 'f' and f.conkey = array[a.attnum]
    left join pg_attribute fa on fa.attrelid = f.confrelid and fa.attnum = f.confkey[1]
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace"
}

# Names and definitions.
compare_indexes() { # PRODUCT
  compare "$1" indexes "
    select c.relname as table, i.indexrelid::regclass as index, null as constraint, pg_get_indexdef(i.indexrelid) as definition
    from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'public'::regnamespace
    union all
    select c.relname, null, k.conname, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace = 'public'::regnamespace and k.contype <> 'p'"
}
