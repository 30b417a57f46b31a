# worker.bash GET OPTION... - become GET, which is rc-amqp-get, at the server's RabbitMQ; zulip-process-queue becomes it
set -euo pipefail
# shellcheck source=share/zulip/server.bash
. "${BASH_SOURCE[0]%/*}/server.bash"

if ! zulip_find_broker; then
  echo 'zulip-process-queue: RabbitMQ is not known: neither AMQP_URL is set, nor has the server a secret rabbitmq_password' >&2
  exit 1
fi
if [[ $zulip_broker != AMQP_URL ]]; then
  exec {url}< <(printf %s "$zulip_broker")
  export AMQP_URL_FILE=/dev/fd/$url
fi
exec "$@"
