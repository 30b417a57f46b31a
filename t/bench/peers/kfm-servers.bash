# kfm-servers.bash - the servers of t/services for benches: had and started by the same functions
#
# A bench that sources it sources helper.bash before.

RC_TEST_FOLDER=$(readlink -f -- "$here/..") BATS_FILE_TMPDIR=$folder
export RC_TEST_FOLDER BATS_FILE_TMPDIR
chmod 755 "$folder"
started=()
skip() {
  printf 'left out: %s\n' "$1"
  exit 0
}
# shellcheck source=t/services/servers.bash
. "$here/../services/servers.bash"
end_servers() {
  local pid
  for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null || :; done
  wait
  rm -rf -- "$folder"
}
trap end_servers EXIT

# A database of the bench's own with KFM's tables, into DATABASE_URL.
new_database() {
  server=$DATABASE_URL
  psql -Xq "$server" -v ON_ERROR_STOP=1 -c 'drop database if exists bench_kfm' -c 'create database bench_kfm' 2>/dev/null
  export DATABASE_URL=${server/'/postgres?'//bench_kfm?} RC_EVENTS=''
  kfm-migrate >/dev/null
}
