# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test has an environment of its own; docs.bash uses docs_page and sets count
# docs/rows.md: every command in it is run, and prints what is shown.
load recotem/helper
load docs

# Two empty databases, and the files that the page's commands read.
setup() {
  command -v rc-http-pages >/dev/null || skip 'it was not built: libcurl is not here'
  new_database
  export OTHER_URL=$DATABASE_URL
  new_database
  cd "$BATS_TEST_TMPDIR" || return
  docs_page=$RC_TEST_FOLDER/../docs/rows.md
  cat >shop.sql <<'END'
create table product (sku text primary key, price numeric(8,2), active boolean not null default true);
create table sale (id bigint primary key, sku text not null references product, amount numeric(8,2) not null, at timestamptz not null);
END
  printf '%s\n' '{"sku":"tea","price":3.50}' '{"sku":"cup","price":4.90}' '{"sku":"jam","price":4.25}' >products.ndjson
  local n=0 sale
  for sale in tea,3.50 jam,4.25 tea,3.50 cup,4.90 tea,3.50 cup,4.90; do
    n=$((n + 1))
    printf '{"id":%d,"sku":"%s","amount":%s,"at":"2026-01-0%d"}\n' "$n" "${sale%,*}" "${sale#*,}" "$(((n + 1) / 2))"
  done | sed 's/"}$/T10:00:00+00:00"}/' >sales.ndjson
  printf '%s\n' tea,3.60 cup,4.90 pot,19.00 >prices.csv
  echo '{"items":[{"sku":"mug","price":6.00,"colour":"red"},{"sku":"tea","price":3.60,"colour":null}],"total":2}' >listing.json
  printf '%s\n' '{"sku":"tea","price":3.60}' '{"sku":"cup","price":5.10}' '{"sku":"mug","price":6.00}' >wanted.ndjson
  printf '%s\n' '{"id":7,"sku":"tea","amount":3.60,"at":"2026-02-01T10:00:00Z"}' '{"id":8,"sku":"tea","amount":"three","at":"2026-02-01T10:00:00Z"}' \
    '{"id":9,"sku":"kettle","amount":30,"at":"2026-02-01T10:00:00Z"}' >new-sales.ndjson
  seq 20 | sed 's/.*/{"id":&,"sku":"tea","amount":3.60,"at":"2026-03-01T10:00:00Z"}/' >long.ndjson
}

@test "the page's commands run in their order, and print what it shows" {
  run_page
  [ "$count" -ge 25 ]
  [ "$(grep -c '^## [0-9]*\. ' "$docs_page")" = 10 ]
}

@test "the page has no block that is not run" {
  [ "$(grep '^```.' "$docs_page" | sort -u)" = '```console' ]
  [ "$(grep -c '^```' "$docs_page")" = $((2 * $(grep -c '^```console' "$docs_page"))) ]
  run -1 grep -n '^    ' "$docs_page"
}
