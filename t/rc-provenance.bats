load helper

# Two runs, of which one fails, their files, and two keys are made once.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  export XDG_STATE_HOME=$PWD/state
  unset RC_EVENTS RC_HISTORY RC_RUN_ID
  mkdir in made
  echo '{"id":1}' >in/rows
  printf x >"made/a b%"
  echo '{"id":1}' >made/rows.ndjson
  echo setting >config
  rc-run export -- rc-say --no-such 2>/dev/null || :
  rc-run export -- sh -c 'rc-tally in/rows >counts' sh --password hunter2
  rc-manifest --root in >in.manifest
  rc-manifest --root made >made.manifest
  rc-history --last 1 | rc-say '{run_id}' >id
  rc-history --last 2 | head -n 1 | rc-say '{run_id}' >failed
  for key in key other; do
    openssl genpkey -algorithm ed25519 -out "$key" 2>/dev/null
    openssl pkey -in "$key" -pubout -out "$key.pub"
  done
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return
  export XDG_STATE_HOME=$PWD/state
  unset RC_EVENTS RC_HISTORY RC_RUN_ID
  id=$(cat id)
}

provenance() { rc-provenance --input in.manifest --output made.manifest --config config "$@" "$id"; }
sha() { sha256sum "$1" | cut -d ' ' -f 1; }

@test "the run manifest has the run, its programs and its files, and no secret" {
  run -0 --separate-stderr provenance
  [ "$(rc-say '{v} {kind} {run_id} {command} {status} {exit} {tools}' <<<"$output")" = "1 run $id export ok 0 [\"rc-run\",\"rc-tally\"]" ]
  [ "$(rc-say '{inputs} {config}' <<<"$output")" = "[{\"path\":\"rows\",\"size\":9,\"sha256\":\"$(sha in/rows)\"}] [{\"path\":\"config\",\"size\":8,\"sha256\":\"$(sha config)\"}]" ]
  [[ $output == *'"outputs":[{"path":"a b%","size":1,'*'{"path":"rows.ndjson","size":9,'* ]]
  [[ $output != *hunter2* && $output == *'"--password","***"'* ]]
  [ "$stderr" = '' ]
}

@test "the in-toto statement has the outputs as subjects, the rest as dependencies" {
  run -0 --separate-stderr provenance --format in-toto
  [ "$(rc-say '{_type} {predicateType} {predicate.runDetails.metadata.invocationId}' <<<"$output")" = "https://in-toto.io/Statement/v1 https://slsa.dev/provenance/v1 $id" ]
  [[ $output == *"\"subject\":[{\"name\":\"a b%\",\"digest\":{\"sha256\":\"$(sha 'made/a b%')\"}},{\"name\":\"rows.ndjson\",\"digest\":{\"sha256\":\"$(sha made/rows.ndjson)\"}}]"* ]]
  [[ $output == *"\"resolvedDependencies\":[{\"name\":\"rows\",\"digest\":{\"sha256\":\"$(sha in/rows)\"}},{\"name\":\"config\","* ]]
  run -100 --separate-stderr rc-provenance --format in-toto "$id"
  [[ $stderr == *'--output names the manifest of what was made' ]]
}

@test "OpenLineage has the start and the end, of a run that failed too" {
  run -0 --separate-stderr provenance --format openlineage
  [ "$(rc-say '{eventType} {run.runId} {job.name}' <<<"$output")" = "START $id export
COMPLETE $id export" ]
  run -0 --separate-stderr rc-provenance --format openlineage "$(cat failed)"
  [ "$(rc-say '{eventType}' <<<"$output")" = $'START\nFAIL' ]
}

@test "PROV, STAC and DCAT name the files and their digests" {
  for format in prov stac dcat; do
    run -0 --separate-stderr provenance --format "$format"
    python3 -c 'import json, sys; json.load(sys.stdin)' <<<"$output"
    [[ $output == *"$(sha made/rows.ndjson)"* && $output == *"$id"* ]]
  done
}

@test "of a run without a history the events tell, and of a run that no one knows nothing" {
  RC_RUN_ID=01900000-0000-7000-8000-000000000001 rc-tally in/rows >/dev/null
  run -0 --separate-stderr rc-provenance 01900000-0000-7000-8000-000000000001
  [ "$(rc-say '{command} {status} {exit} {argv}' <<<"$output")" = 'rc-tally ok 0 null' ]
  run -1 --separate-stderr rc-provenance 01900000-0000-7000-8000-000000000002
  [ "$stderr" = 'rc-provenance: neither the history nor the events know a run 01900000-0000-7000-8000-000000000002' ]
}

@test "a signature is one that openssl verifies, and our own" {
  provenance --format in-toto >statement
  provenance --format in-toto --sign key >envelope
  run -0 --separate-stderr rc-provenance --verify key.pub envelope
  [ "$output" = "$(cat statement)" ]
  rc-say '{payload}' envelope | base64 -d | cmp - statement
  { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c <statement)" && cat statement; } >signed
  rc-say '{signatures}' envelope | sed 's/.*"sig":"//; s/".*//' | base64 -d >signature
  openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in signed -sigfile signature
  [[ $(cat envelope) == *"\"keyid\":\"$(openssl pkey -pubin -in key.pub -outform DER | sha256sum | cut -d ' ' -f 1)\""* ]]
}

@test "a signature by another key, a changed payload and a cut envelope are refused" {
  provenance --format in-toto --sign key >envelope
  run -1 --separate-stderr rc-provenance --verify other.pub envelope
  [ "$output" = '' ]
  [ "$stderr" = 'rc-provenance: envelope:1: no signature is by this key' ]
  sed 's/"payload":"eyJ/"payload":"eyK/' envelope >changed
  run -1 rc-provenance --verify key.pub changed
  sed 's/in-toto+json/other+json/' envelope >changed
  run -1 rc-provenance --verify key.pub changed
  head -c 500 envelope >short
  run -100 --separate-stderr rc-provenance --verify key.pub short
  [ "$output" = '' ]
  : >empty
  run -100 rc-provenance --verify key.pub empty
  run -100 --separate-stderr rc-provenance --verify key envelope
  [[ $stderr == 'rc-provenance: key: not a public key of Ed25519'* ]]
}

@test "an artifact is known by a statement of it beside it, signed where that is asked" {
  cp made/rows.ndjson artifact
  run -1 --separate-stderr rc-provenance --check artifact
  [ "$output" = '{"path":"artifact","status":"error","error":{"code":"no_provenance","message":"there is no provenance beside it"}}' ]
  provenance --format in-toto >artifact.provenance
  run -0 rc-provenance --check artifact
  [ "$output" = '{"path":"artifact","status":"known"}' ]
  run -1 rc-provenance --check artifact --verify key.pub
  [[ $output == *'its provenance is not signed'* ]]
  provenance --format in-toto --sign key >artifact.provenance
  run -0 rc-provenance --check artifact --verify key.pub
  run -1 rc-provenance --check artifact --verify other.pub
  [[ $output == *'no signature is by this key'* ]]
  # another document that has the digest is no statement, whoever has signed it
  provenance --format in-toto | sed 's|in-toto.io/Statement/v1|example.org/v1|' >artifact.provenance
  run -1 rc-provenance --check artifact
  [[ $output == *'its provenance is not of this file'* ]]
  provenance --format in-toto --sign key | sed 's/in-toto+json/other+json/' >artifact.provenance
  run -1 rc-provenance --check artifact
  [[ $output == *'its provenance is not of this file'* ]]
  provenance --format in-toto --sign key >artifact.provenance
  echo more >>artifact
  run -1 rc-provenance --check artifact --verify key.pub
  [[ $output == *'its provenance is not of this file'* ]]
}
