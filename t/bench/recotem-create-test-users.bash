#!/usr/bin/env bash
# recotem-create-test-users with 200 users against 200 PBKDF2 of the same cost by openssl, one process each.
# USERS=N takes another number.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

users=${USERS:-200} iterations=870000 server=$DATABASE_URL
share=$(dirname -- "$(command -v rc-say)")/../share/rc
psql=$(pg_config --bindir)/psql
export RC_EVENTS=$folder/events

on_server() { PGOPTIONS='-c client_min_messages=warning' "$psql" -XAtq "$server" -v ON_ERROR_STOP=1 -c "$1"; }
on_server 'create database bench_users'
DATABASE_URL=${server/'/postgres?'//bench_users?}
"$psql" -Xq "$DATABASE_URL" -v ON_ERROR_STOP=1 -f "$share/sql/recotem/schema.sql" >/dev/null

for ((i = 0; i < users; i++)); do printf '{"name":"user%d","password":"correct horse %d"}\n' $i $i; done >"$folder/users"

create() {
  "$psql" -Xq "$DATABASE_URL" -c 'truncate auth_user cascade' 2>/dev/null
  recotem-create-test-users --users-file "$folder/users"
}
derive() {
  for ((i = 0; i < users; i++)); do
    openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt "pass:correct horse $i" -kdfopt salt:0123456789abcdefABCDEF \
      -kdfopt "iter:$iterations" PBKDF2
  done
}

output=$folder/out
for _ in 1 2 3; do
  run_timed openssl derive
  run_timed recotem-create-test-users create
done
[[ $(grep -c "^Created test user" "$folder/out") == "$users" ]] || { echo 'not all users were made' >&2; exit 1; }

# memory: the most that all of the command's processes held at one moment, as shares that add up (Pss), and the largest one
create >/dev/null &
command=$! most=0 largest=0
while kill -0 "$command" 2>/dev/null; do
  sum=0
  for pid in $(pgrep -s 0 -f 'recotem-create|rc-'); do
    kb=$(sed -n 's/^Pss:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup" 2>/dev/null) || true
    sum=$((sum + ${kb:-0}))
    ((${kb:-0} <= largest)) || largest=$kb
  done
  ((sum <= most)) || most=$sum
  sleep 0.2
done
wait "$command"
on_server 'drop database bench_users'
verdict=holds code=0
((most <= 24576)) || verdict=FAILS code=1
printf '%-34s %d kB in all processes together at most, %d kB in the largest (limit 24576): %s\n' "memory, $users users" "$most" "$largest" "$verdict"
report "$users users with passwords" recotem-create-test-users openssl 0.6 || code=1
exit $code
