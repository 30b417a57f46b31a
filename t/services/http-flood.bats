# A server of HTTP that has no room for a whole minute: it is here for its time, and needs nothing that `make check` does not.
# shellcheck disable=SC2034,SC2154 # http.bash uses started; source and http come from it
load ../helper
load ../http

setup() {
  started=()
  command -v rc-http-bulk >/dev/null || skip 'it was not built: libcurl is not here'
  cd "$BATS_TEST_TMPDIR" || return
  start_http
}

teardown() { end_started; }

@test "429 for a minute: it is asked ever less often, and gets all when it has room" {
  printf '{"id":"%s"}\n' a b c >three
  answer /books/_bulk '429 Too Many' <<<busy
  rc-http-bulk --url "$source" --path /books/_bulk three >out 2>err 3>&- &
  sending=$!
  sleep 60
  [ -e "/proc/$sending" ]
  early=$(grep -c ^POST "$http/requests")
  echo '{"items":[{"index":{"status":201}},{"index":{"status":201}},{"index":{"status":201}}]}' | answer /books/_bulk '200 OK'
  wait "$sending"
  [ "$(jq -c '[.indexed, .rejected]' out)" = '[3,0]' ]
  [ ! -s err ]
  [ "$early" -lt 100 ]
}
