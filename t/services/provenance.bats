# What rc-provenance writes, read and validated by the clients of each form, which come from the package index that pip is set up
# for, into $RC_TEST_VENVS/provenance, which is kept, or, where that is not set, into a folder that goes with the tests.
load ../helper

setup_file() {
  export CLIENTS=${RC_TEST_VENVS:-$BATS_FILE_TMPDIR}/provenance XDG_STATE_HOME=$BATS_FILE_TMPDIR/state
  unset RC_EVENTS RC_HISTORY RC_RUN_ID
  has_clients || install_clients >"$BATS_FILE_TMPDIR/install.log" 2>&1 3>&-
  cd "$BATS_FILE_TMPDIR" || return
  mkdir in made
  echo '{"id":1}' >in/rows
  echo 1 >"made/a b%é"
  echo 2 >made/rows
  rc-run export -- rc-tally in/rows >/dev/null
  rc-manifest --root in >in.manifest
  rc-manifest --root made >made.manifest
  rc-history | rc-say '{run_id}' >id
}

has_clients() { "$CLIENTS/bin/python" -c 'import in_toto_attestation, openlineage.client, prov, pystac, jsonschema' 2>/dev/null; }
install_clients() {
  mkdir -p "${CLIENTS%/*}"
  python3 -m venv --clear "$CLIENTS" && "$CLIENTS/bin/python" -m pip install --quiet in-toto-attestation openlineage-python prov 'pystac[validation]'
}

setup() {
  has_clients || skip "the clients can't be had here: $(tail -n 1 "$BATS_FILE_TMPDIR/install.log")"
  cd "$BATS_FILE_TMPDIR" || return
  export XDG_STATE_HOME=$BATS_FILE_TMPDIR/state
  unset RC_EVENTS RC_HISTORY RC_RUN_ID
  id=$(cat id)
}

# by_client FORM: what the client found.
by_client() {
  rc-provenance --format "$1" --input in.manifest --output made.manifest "$id" | "$CLIENTS/bin/python" "$BATS_TEST_DIRNAME/provenance-clients.py" "$1"
}

@test "in-toto-attestation validates the statement, and its protobuf the SLSA predicate" {
  run -0 by_client in-toto
  [ "$output" = "$id urn:rc:run:1 ['a b%é', 'rows'] ['rows'] True" ]
}

@test "openlineage-python takes the events" {
  run -0 by_client openlineage
  [ "$output" = "START $id ['rows'] ['a b%é', 'rows']
COMPLETE $id ['rows'] ['a b%é', 'rows']" ]
}

@test "prov reads the document with all its relations" {
  run -0 by_client prov
  [ "$output" = "['ProvActivity', 'ProvAgent', 'ProvAssociation', 'ProvEntity', 'ProvEntity', 'ProvEntity', 'ProvGeneration', 'ProvGeneration', 'ProvUsage']" ]
}

@test "pystac validates the item" {
  run -0 by_client stac
  [ "$output" = "$id None ['a b%é', 'rows']" ]
}

@test "the DCAT dataset has a distribution for each file" {
  run -0 by_client dcat
  [ "$output" = "dcat:Dataset ['4355', '53c2']" ]
}
