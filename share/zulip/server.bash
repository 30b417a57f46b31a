# server.bash - what the settings and secrets of a Zulip server say, and its RabbitMQ; page.bash and worker.bash source it

# A setting of the server, as containers have it in the environment or else as a line of its settings file, into $REPLY.
zulip_setting() { # NAME
  local variable=SETTING_$1 file=${ZULIP_SETTINGS-/etc/zulip/settings.py} line
  REPLY=${!variable-}
  if [[ -v $variable || ! -r $file || -d $file ]]; then return; fi
  while IFS= read -r line || [[ $line ]]; do
    if [[ $line =~ ^"$1"' '*'='' '*[\"\']?([^\"\'\ #]*) ]]; then REPLY=${BASH_REMATCH[1]}; fi
  done <"$file"
}

# Whether RabbitMQ can be had, as AMQP_URL or the server's own settings and secrets have it; an empty AMQP_URL says no.
zulip_broker=''
zulip_find_broker() {
  local password
  if [[ ! -v AMQP_URL || $AMQP_URL ]]; then
    if [[ -v AMQP_URL || ${AMQP_URL_FILE-} || -e ${CREDENTIALS_DIRECTORY:-/dev/null}/AMQP_URL ]]; then
      zulip_broker=AMQP_URL
    elif zulip_secret rabbitmq_password; then
      zulip_encoded "$REPLY"; password=$REPLY
      zulip_setting RABBITMQ_USERNAME; zulip_encoded "${REPLY:-zulip}"; zulip_broker=amqp://$REPLY:$password@
      zulip_setting RABBITMQ_HOST; zulip_broker+=${REPLY:-127.0.0.1}
      zulip_setting RABBITMQ_PORT; zulip_broker+=:${REPLY:-5672}/
      zulip_setting RABBITMQ_VHOST; zulip_encoded "${REPLY:-/}"; zulip_broker+=$REPLY
    fi
  fi
  [[ $zulip_broker ]]
}
zulip_put() { # OPTION...: rc-amqp-put to that broker
  local url code=0
  if [[ $zulip_broker == AMQP_URL ]]; then
    rc-amqp-put "$@"
    return
  fi
  exec {url}< <(printf %s "$zulip_broker")
  AMQP_URL_FILE=/dev/fd/$url rc-amqp-put "$@" || code=$?
  exec {url}<&-
  return "$code"
}

# A secret of the server, as containers have it in the environment or else as a line of its file, into $REPLY. Blanks at the end of
# a line are not its value's, and a colon may stand for the equals sign: so Zulip itself reads that file.
zulip_secret() { # NAME
  local variable=SECRETS_$1 file=SECRETS_$1_FILE line
  REPLY=${!variable-}
  if [[ ${!file-} ]]; then
    [[ -r ${!file} && ! -d ${!file} ]] || zulip_unread "$file: ${!file}"
    REPLY=$(<"${!file}"); REPLY=${REPLY%$'\r'} # a newline at the end may have two bytes
  fi
  file=${ZULIP_SECRETS-/etc/zulip/zulip-secrets.conf}
  if [[ ! $REPLY && -e $file ]]; then
    [[ -r $file && ! -d $file ]] || zulip_unread "$file"
    while IFS= read -r line || [[ $line ]]; do
      if [[ $line =~ ^"$1"[[:blank:]]*[=:][[:blank:]]*(.*)$ ]]; then REPLY=${BASH_REMATCH[1]%"${BASH_REMATCH[1]##*[![:space:]]}"}; fi
    done <"$file"
  fi
  [[ $REPLY ]]
}

# Without it a message would be lost unseen.
zulip_unread() { # NAME
  printf "%s: %s can not be read, which may have RabbitMQ's password; an empty AMQP_URL does without\n" "${rc_command:-zulip-process-queue}" "$1" >&2
  exit 1
}

# A part of a URL, percent-encoded, into $REPLY.
zulip_encoded() { # TEXT
  local LC_ALL=C i
  REPLY=''
  for ((i = 0; i < ${#1}; i++)); do
    case ${1:i:1} in
    [A-Za-z0-9._~-]) REPLY+=${1:i:1} ;;
    *) printf -v REPLY '%s%%%02X' "$REPLY" "'${1:i:1}" ;;
    esac
  done
}
