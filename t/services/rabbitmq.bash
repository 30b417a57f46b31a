# A private RabbitMQ for the tests of a file, and pika, by which Zulip talks to it. Sourced by those that need both.

# In setup_file: starts it, with the user zulip, whose password has all that a URL must encode.
start_rabbitmq() {
  local home=$BATS_FILE_TMPDIR/rabbit port=$((20000 + RANDOM % 10000))
  mkdir -p "$home"
  export RABBIT_HOME=$home RABBIT_PORT=$port RABBIT_TLS_PORT=$((port + 1)) RABBIT_PASSWORD='p@ss:w/ö#d%' \
    AMQP_VENV=${RC_TEST_VENVS:-$BATS_FILE_TMPDIR}/pika
  AMQP_URL=amqp://zulip:p%40ss%3Aw%2F%C3%B6%23d%25@127.0.0.1:$port/%2F
  export AMQP_URL
  make_certificates
  cat >"$home/rabbitmq.conf" <<END
listeners.tcp.1 = 127.0.0.1:$port
listeners.ssl.1 = 127.0.0.1:$((port + 1))
ssl_options.cacertfile = $home/ca.pem
ssl_options.certfile = $home/server.pem
ssl_options.keyfile = $home/server.key
ssl_options.verify = verify_none
loopback_users = none
log.console = false
END
  "$AMQP_VENV/bin/python" -c 'import pika' 2>/dev/null || {
    python3 -m venv --clear "$AMQP_VENV" && "$AMQP_VENV/bin/python" -m pip install --quiet pika
  } >"$BATS_FILE_TMPDIR/pip.log" 2>&1 3>&-
  run_rabbitmq
  rabbitmqctl add_user zulip "$RABBIT_PASSWORD" && rabbitmqctl set_permissions zulip '.*' '.*' '.*'
}

# An authority, and a certificate of localhost.
make_certificates() {
  (
    cd "$RABBIT_HOME" || return
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=Test authority' -keyout ca.key -out ca.pem
    openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out server.pem \
      -extfile <(echo 'subjectAltName = DNS:localhost')
  ) >"$BATS_FILE_TMPDIR/openssl.log" 2>&1
}

rabbit_environment() {
  env HOME="$RABBIT_HOME" LC_ALL=C.UTF-8 ERL_EPMD_PORT=$((RABBIT_PORT + 3)) ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME="rc$RABBIT_PORT@localhost" \
    RABBITMQ_DIST_PORT=$((RABBIT_PORT + 2)) RABBITMQ_CONFIG_FILE="$RABBIT_HOME/rabbitmq" RABBITMQ_MNESIA_BASE="$RABBIT_HOME/mnesia" \
    RABBITMQ_LOG_BASE="$RABBIT_HOME/log" RABBITMQ_ENABLED_PLUGINS_FILE="$RABBIT_HOME/plugins" RABBITMQ_PID_FILE="$RABBIT_HOME/pid" \
    RABBITMQ_CONF_ENV_FILE=/dev/null "$@"
}
rabbitmqctl() { rabbit_environment /usr/lib/rabbitmq/bin/rabbitmqctl --quiet "$@" >>"$RABBIT_HOME/ctl.log" 2>&1 3>&-; }

# Starts the node, in a session of its own, and waits until it answers.
run_rabbitmq() {
  local tries=0
  echo '[].' >"$RABBIT_HOME/plugins"
  # shellcheck disable=SC2016 # the inner shell expands it
  rabbit_environment setsid sh -c 'echo $$ >"$HOME/session"; exec /usr/lib/rabbitmq/bin/rabbitmq-server' >>"$RABBIT_HOME/server.log" 2>&1 3>&- 4>&- &
  until rabbitmqctl await_startup --timeout 60; do
    [ $((tries += 1)) -lt 60 ] || { cat "$RABBIT_HOME/server.log" >&2; return 1; }
    sleep 0.5
  done
}

# As a power cut ends it.
kill_rabbitmq() {
  pkill -KILL -s "$(cat "$RABBIT_HOME/session")"
  while pgrep -s "$(cat "$RABBIT_HOME/session")" >/dev/null; do sleep 0.05; done
}

# In teardown_file.
stop_rabbitmq() {
  [ ! -e "$RABBIT_HOME/session" ] || kill_rabbitmq
  rabbit_environment epmd -kill >/dev/null 2>&1 || : # its port is its own, and it is told by the environment
}

peer() { "$AMQP_VENV/bin/python" -I "$BATS_TEST_DIRNAME/amqp-peer.py" "$@"; }
