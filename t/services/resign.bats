# The files that recotem-resign-models signs, verified as Recotem does it: by Python's hmac, and then by its pickle.
# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
load ../recotem/helper

setup() {
  new_database
  unset SECRET_KEY_FALLBACKS RECOTEM_STORAGE_TYPE CREDENTIALS_DIRECTORY
  export MEDIA_ROOT=$BATS_TEST_TMPDIR/media
  mkdir "$MEDIA_ROOT" "$BATS_TEST_TMPDIR/before"
  make_pickles
  add_project one null
  (cd "$MEDIA_ROOT" && printf '%s\n' *) >"$BATS_TEST_TMPDIR/names"
  sql "insert into api_trainingdata (ins_datetime, project_id, updated_at) values (now(), 1, now());
    insert into api_modelconfiguration (ins_datetime, recommender_class_name, parameters_json, project_id, updated_at)
    values (now(), 'TopPopRecommender', '{}', 1, now());
    create table names (name text)"
  psql -Xq "$DATABASE_URL" -c "\\copy names from '$BATS_TEST_TMPDIR/names'"
  sql "insert into api_trainedmodel (file, ins_datetime, configuration_id, data_loc_id, updated_at) select name, now(), 1, 1, now() from names"
  cp "$MEDIA_ROOT"/* "$BATS_TEST_TMPDIR/before"
}

# Pickles of protocol 2 to 5, small ones and one of several megabytes.
make_pickles() {
  python3 -I - "$MEDIA_ROOT" <<'END'
import pickle, sys
for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
    for size in (0, 7, 1000, 5000000):
        with open(f"{sys.argv[1]}/p{protocol}-{size}.pickle", "wb") as out:
            pickle.dump({"name": "zażółć", "weights": bytes(size), "ids": list(range(size % 100))}, out, protocol)
END
}

# Verifies each file with the key, as the server does, and compares the payload with the file before; prints how many are good.
verify() { # KEY
  python3 -I - "$1" "$MEDIA_ROOT" "$BATS_TEST_TMPDIR/before" <<'END'
import hashlib, hmac, os, pickle, sys
key, folder, before = sys.argv[1:]
good = 0
for name in os.listdir(folder):
    data = open(f"{folder}/{name}", "rb").read()
    signature, payload = data[:32], data[32:]
    made = hmac.new(key.encode("utf-8"), payload, hashlib.sha256).digest()
    if hmac.compare_digest(made, signature) and payload == open(f"{before}/{name}", "rb").read() and pickle.loads(payload)["name"] == "zażółć":
        good += 1
print(good)
END
}

@test "Python's hmac accepts every file that was signed, and pickle loads it" {
  local all key
  all=$(wc -l <"$BATS_TEST_TMPDIR/names")
  [ "$all" -ge 16 ]
  key='żółć "quoted" key, with a comma'
  [ "$(verify "$key")" = 0 ]
  SECRET_KEY=$key run -0 recotem-resign-models
  [ "$(verify "$key")" = "$all" ]
  [ "$(verify other)" = 0 ]
}

@test "after a key rotation, and after one that was broken off, Python finds the payload as it was" {
  local all
  all=$(wc -l <"$BATS_TEST_TMPDIR/names")
  SECRET_KEY=first run -0 recotem-resign-models
  head -n 5 "$BATS_TEST_TMPDIR/names" | while read -r name; do rc-record-make "path=$name"; done >"$BATS_TEST_TMPDIR/some"
  SECRET_KEY=second SECRET_KEY_FALLBACKS=first run -0 rc-hmac-sign --root "$MEDIA_ROOT" --payload-prefix 80 "$BATS_TEST_TMPDIR/some"
  [ "$(verify first) $(verify second)" = "$((all - 5)) 5" ]
  SECRET_KEY=second SECRET_KEY_FALLBACKS=first run -0 recotem-resign-models
  [ "$(verify first) $(verify second)" = "0 $all" ]
  SECRET_KEY=first SECRET_KEY_FALLBACKS=second run -0 recotem-resign-models
  [ "$(verify first) $(verify second)" = "$all 0" ]
}

@test "what Python has signed is known, and signed anew with the next key" {
  local all
  all=$(wc -l <"$BATS_TEST_TMPDIR/names")
  python3 -I - old "$MEDIA_ROOT" <<'END'
import hashlib, hmac, os, sys
key, folder = sys.argv[1:]
for name in os.listdir(folder):
    data = open(f"{folder}/{name}", "rb").read()
    open(f"{folder}/{name}", "wb").write(hmac.new(key.encode("utf-8"), data, hashlib.sha256).digest() + data)
END
  SECRET_KEY=old run -0 recotem-resign-models
  [ "${lines[1]}" = "  Already signed: $all" ]
  SECRET_KEY=new SECRET_KEY_FALLBACKS=older,old run -0 recotem-resign-models
  [ "$(verify new)" = "$all" ]
}
