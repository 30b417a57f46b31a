#!/usr/bin/env bash
# zulip-create-user with 200 users and with one against their argon2id hashes alone; USERS=N takes another number.
# Only where rc was built with argon2id and zxcvbn.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

users=${USERS:-200} server=$DATABASE_URL
share=$(dirname -- "$(command -v rc-say)")/../share/rc
psql=$(pg_config --bindir)/psql
export RC_EVENTS='' SETTING_EXTERNAL_HOST=chat.example.org
hash() { rc-password-hash --from password --to hash --scheme argon2id --min-length 6 --min-guesses 10000 "$1"; }
echo '{"password":"correct horse 1"}' >"$folder/one"
hash "$folder/one" >/dev/null || { echo 'zulip-create-user: not measured, this build has no argon2id or no zxcvbn'; exit 0; }

"$psql" -XAtq "$server" -c 'create database bench_zulip'
DATABASE_URL=${server/'/postgres?'//bench_zulip?}
"$psql" -Xq "$DATABASE_URL" -v ON_ERROR_STOP=1 -f "$share/sql/zulip/schema.sql" >/dev/null
zulip-create-realm Bench --string-id harbour --email owner@example.com >/dev/null

echo 'correct horse 1' >"$folder/password"
n=0
create_one() { zulip-create-user --realm harbour "one$((n += 1))@example.com" One --password-file "$folder/password"; }
create_many() { zulip-create-user --realm harbour --from-records "$folder/many$1"; }
for _ in 1 2 3 4 5 6 7; do
  run_timed hash-one hash "$folder/one"
  run_timed create-one create_one
done
for pass in 1 2 3; do
  for ((i = 0; i < users; i++)); do printf '{"email":"%s-%d@example.com","password":"correct horse %d"}\n' $pass $i $i; done >"$folder/many$pass"
  run_timed hash-many hash "$folder/many$pass"
  run_timed create-many create_many "$pass"
done
"$psql" -XAtq "$server" -c 'drop database bench_zulip'

code=0
awk -v create="$(median create-one)" -v hash="$(median hash-one)" 'BEGIN {
  ok = create - hash <= 120000
  printf "%-34s %.0f ms, of which argon2id %.0f ms, the rest %.0f ms (limit 120): %s\n", "one user with a password", create / 1000, hash / 1000,
    (create - hash) / 1000, ok ? "holds" : "FAILS"
  exit !ok
}' || code=1
report "$users users with passwords" create-many hash-many 1.2 || code=1
exit $code
