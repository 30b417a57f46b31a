# A server and its standby, for tests of what happens to either.

as_postgres=()
((EUID)) || as_postgres=(setpriv --reuid postgres --regid postgres --init-groups)

# server FOLDER WHAT ...: pg_ctl for the server in that folder, which is also where its socket is.
server() {
  local folder=$1
  shift
  (cd / && "${as_postgres[@]}" "$RC_POSTGRES_BIN/pg_ctl" -s -w -D "$folder/data" -l "$folder/log" \
    -o "-k $folder -c listen_addresses= -c fsync=off -c max_connections=20 -c wal_retrieve_retry_interval=100" "$@") 3>&- 4>&-
}

# server_and_standby FOLDER: starts both; $one and $two are their folders in that one.
server_and_standby() {
  one=$1/server-1 two=$1/server-2
  mkdir "$one" "$two"
  ((EUID)) || chown postgres: "$one" "$two"
  (cd / && "${as_postgres[@]}" "$RC_POSTGRES_BIN/initdb" -D "$one/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync) >"$1/initdb.log" 2>&1
  server "$one" start
  (cd / && "${as_postgres[@]}" pg_basebackup -h "$one" -U postgres -D "$two/data" -R -c fast --no-sync) 3>&-
  server "$two" start
}

# For teardown.
stop_servers() { # FOLDER
  local folder
  for folder in "$1"/server-*; do [ ! -e "$folder/data/postmaster.pid" ] || server "$folder" stop -m immediate; done
}
