#!/usr/bin/env bash
# zulip-create-user and zulip-create-realm against the argon2id hashes that they store: of one user, one organization, and 1,000
# users at once. USERS=N takes another number, PASSES=N measures them N times. The peer is libargon2's own program, which does
# nothing else; where it can't be had, rc-password-hash takes its place. Only where rc was built with argon2id and zxcvbn.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

users=${USERS:-1000} passes=${PASSES:-1} server=$DATABASE_URL
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

# The floor: a hash of Django's cost, and for many as many programs at a time as there are cores.
printf 'correct horse 1' >"$folder/password"
cost=(0123456789abcdefABCDEF -id -t 2 -k 102400 -p 8 -l 32)
if command -v argon2 >/dev/null; then
  peer=argon2
  floor_one() { argon2 "${cost[@]}" <"$folder/password"; }
  floor_many() { seq "$users" | xargs -P "$(nproc)" -I N sh -c 'printf "correct horse N" | argon2 "$@"' _ "${cost[@]}"; }
else
  peer=rc-password-hash
  floor_one() { hash "$folder/one"; }
  floor_many() { hash "$folder/many1"; }
fi

n=0
create_one() { zulip-create-user --realm harbour "one$((n += 1))@example.com" One --password-file "$folder/password"; }
create_realm() { zulip-create-realm One --string-id "realm-$((n += 1))" --email "one$n@example.com" --password-file "$folder/password"; }
create_many() { zulip-create-user --realm harbour --from-records "$folder/many$1"; }
for _ in 1 2 3 4 5 6 7; do
  run_timed floor-one floor_one
  run_timed create-one create_one
  run_timed create-realm create_realm
done
for ((pass = 1; pass <= passes; pass++)); do
  for ((i = 0; i < users; i++)); do printf '{"email":"%s-%d@example.com","password":"correct horse %d"}\n' $pass $i $i; done >"$folder/many$pass"
  run_timed "$peer" floor_many
  run_timed create-many create_many "$pass"
done

# The most that all processes of a command held at one moment, in kB, as shares that add up (Pss). They are a session of their own.
cat >"$folder/most" <<'END'
my $pid = fork;
if (!$pid) { require POSIX; POSIX::setsid(); open STDOUT, '>', '/dev/null'; exec @ARGV or die }
my $most = 0;
until (waitpid $pid, 1) {
  my $sum = 0;
  for my $stat (glob '/proc/[0-9]*/stat') {
    open my $in, '<', $stat or next;
    my $line = <$in> // next;
    next unless $line =~ /.*\) \S+ \d+ \d+ (\d+)/ && $1 == $pid;
    open $in, '<', $stat =~ s/stat$/smaps_rollup/r or next;
    while (<$in>) { $sum += $1 if /^Pss:\s+(\d+)/ }
  }
  $most = $sum if $sum > $most;
  select undef, undef, undef, 0.004;
}
die if $?;
print $most;
END
most() { perl "$folder/most" "$@"; }
memory_of_user=$(most zulip-create-user --realm harbour memory@example.com One --password-file "$folder/password")
memory_of_realm=$(most zulip-create-realm One --string-id harbour-two --email memory2@example.com --password-file "$folder/password")
head -n 20 "$folder/many1" | sed 's/"email":"/&m/' >"$folder/twenty"
memory_of_many=$(most zulip-create-user --realm harbour --from-records "$folder/twenty")
"$psql" -XAtq "$server" -c 'drop database bench_zulip'

code=0
# beside_hash TITLE NAME: what the command takes beside its hash.
beside_hash() {
  awk -v title="$1" -v create="$(median "$2")" -v hash="$(median floor-one)" -v peer="$peer" 'BEGIN {
    ok = create - hash <= 120000
    printf "%-34s %.0f ms, of which argon2id (by %s) %.0f ms, the rest %.0f ms (limit 120): %s\n", title, create / 1000, peer, hash / 1000,
      (create - hash) / 1000, ok ? "holds" : "FAILS"
    exit !ok
  }' || code=1
}
# memory TITLE KB
memory() {
  local verdict=holds
  (($2 <= 102400 + 32768)) || verdict=FAILS code=1
  printf '%-34s %d MB in all processes together at most, of which argon2id 100 MB (limit 132): %s\n' "memory, $1" $(($2 / 1024)) "$verdict"
}
beside_hash 'one user with a password' create-one
beside_hash 'an organization and its owner' create-realm
memory 'one user' "$memory_of_user"
memory 'an organization' "$memory_of_realm"
memory 'twenty users' "$memory_of_many"
report "$users users with passwords" create-many "$peer" 1.2 || code=1
exit $code
