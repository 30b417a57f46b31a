# kfm-smoke-test against Redis, with and without its password, and a server with TLS.
# shellcheck disable=SC2034 # the helper uses started
load ../helper
load ../kfm/helper

setup() {
  new_kfm
  started=()
  cd "$BATS_TEST_TMPDIR" || return
  port=$((20000 + RANDOM % 10000))
}
teardown() { end_started; }

wait_for_port() {
  local tries=0
  until (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do [ $((tries += 1)) -lt 600 ] && sleep 0.1; done
}

@test "Redis answers to its password, and no other" {
  redis-server --port "$port" --bind 127.0.0.1 --save '' --requirepass 'p@ss wörd' >redis.log 3>&- &
  started+=("$!")
  wait_for_port
  KFM_CACHE_URL=redis://:p%40ss%20w%C3%B6rd@127.0.0.1:$port/0 run -0 kfm-smoke-test --targets cache
  [[ $output == 'ok  cache.ping: PONG '* ]]
  KFM_CACHE_URL=redis://127.0.0.1:$port KFM_CACHE_PASSWORD='p@ss wörd' run -0 kfm-smoke-test --targets cache
  KFM_CACHE_URL=redis://default:p%40ss%20w%C3%B6rd@127.0.0.1:$port run -0 kfm-smoke-test --targets cache
  KFM_CACHE_URL=redis://127.0.0.1:$port run -1 kfm-smoke-test --targets cache
  [[ $output == 'fail  cache.ping: NOAUTH '* ]]
  KFM_CACHE_URL=redis://:wrong-one@127.0.0.1:$port run -1 kfm-smoke-test --targets cache
  [[ $output == 'fail  cache.ping: login: '* && $output != *wrong-one* ]]
}

@test "a certificate that ends soon is a warning, and one that has a year is well" {
  for days in 5 365; do
    openssl req -x509 -newkey rsa:2048 -nodes -days "$days" -subj /CN=localhost -keyout key.pem -out cert.pem 2>/dev/null
    openssl s_server -accept "127.0.0.1:$port" -key key.pem -cert cert.pem -quiet -www >server.log 2>&1 3>&- &
    started+=("$!")
    wait_for_port
    KFM_SITE_URL=https://127.0.0.1:$port run -0 rc-check --programs "$(rc_share)/checks/programs" --target tls \
      <<<"$(grep -F tls.site "$(rc_share)/checks/kfm/services.ndjson")"
    [[ $output == *'"status":"'"$([ "$days" = 5 ] && echo warn || echo ok)"'"'* ]]
    port=$((port + 1))
  done
}
