# A server of HTTP that answers as a test says, see http-server.pl. The test's file has the array started and end_started.

# Starts it; $source is its URL, $http its folder.
start_http() {
  http=$BATS_TEST_TMPDIR/http
  mkdir "$http"
  mkfifo "$http/ready"
  perl "$RC_TEST_FOLDER/http-server.pl" "$http" >"$http/ready" 3>&- &
  started+=("$!")
  read -r port <"$http/ready"
  # shellcheck disable=SC2034 # the tests use it
  source=http://127.0.0.1:$port
}

# answer [@HOW] TARGET STATUS [HEADER ...]: the next answer to requests for TARGET; its body is standard input. A content-length
# and a content-type are added, unless a header gives them, or is -.
answer() {
  local how='' name n=1 body type='content-type: application/json' length=yes header
  case $1 in @*) how=$1; shift ;; esac
  name=${1//[^A-Za-z0-9=-]/_}
  while [ -e "$http/$name.$n" ]; do n=$((n + 1)); done
  body=$(LC_ALL=C; cat; printf x) body=${body%x}
  {
    [ ! "$how" ] || printf '%s\n' "$how"
    printf 'HTTP/1.1 %s\r\n' "$2"
    for header in "${@:3}"; do
      case $header in
      -) length='' ; continue ;;
      content-length:*) length='' ;;
      content-type:*) type='' ;;
      esac
      printf '%s\r\n' "$header"
    done
    [ ! "$type" ] || printf '%s\r\n' "$type"
    [ ! "$length" ] || printf 'content-length: %s\r\n' "$(printf %s "$body" | wc -c)"
    printf 'connection: close\r\n\r\n%s' "$body"
  } >"$http/new"
  mv "$http/new" "$http/$name.$n"
}

# What was asked, one request a line.
requests() { cat "$http/requests"; }
