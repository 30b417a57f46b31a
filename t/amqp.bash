# What the tests of rc-amqp-put and rc-amqp-get share: brokers that are none. A real one is in t/services/rabbitmq.bats. The
# test's teardown calls end_started.

prepare_amqp() {
  cd "$BATS_TEST_TMPDIR" || return
  started=()
  command -v rc-amqp-put rc-amqp-get >/dev/null || skip 'built without librabbitmq'
}

# Starts a server that sends TEXT to each who comes, and nothing more, or with CLOSE ends the connection after that; $place is
# where it listens.
start_liar() { # TEXT [CLOSE]
  mkfifo "$BATS_TEST_TMPDIR/liar"
  perl -MIO::Socket::INET -e '
    my ($text, $close, @kept) = @ARGV;
    my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 5) or die;
    open my $told, ">", "$ENV{BATS_TEST_TMPDIR}/liar"; print $told $server->sockport, "\n"; close $told;
    while (my $client = $server->accept) { sysread $client, my $hello, 8; syswrite $client, $text; push @kept, $client if !$close }' \
    "$1" "${2-}" 3>&- &
  started+=("$!")
  read -r place <"$BATS_TEST_TMPDIR/liar"
  place=127.0.0.1:$place
}

# cannot_reach COMMAND...: each way in which there is no broker at the other end has its message and code; none shows the secret.
cannot_reach() {
  local command=$1 url code message
  openssl req -x509 -newkey ed25519 -nodes -subj /CN=authority -keyout key -out authority 2>/dev/null # a fresh Debian has none
  while IFS='|' read -r url code message; do
    AMQP_URL=$url run -"$code" --separate-stderr "$@" --cacert authority
    [ "$output" = '' ]
    [ "$stderr" = "$command: $message" ] || { printf '%s\n' "$url" "$stderr" >&2; return 1; }
  done <<'END'
amqp://ann:s3cret@127.0.0.1:1/|111|cannot connect to 127.0.0.1:1/: nothing listens there
amqp://ann:s3cret@127.0.0.1:1/a%2Fb|111|cannot connect to 127.0.0.1:1/a/b: nothing listens there
amqp://ann:s3cret@nowhere.invalid|111|cannot connect to nowhere.invalid:5672/: hostname lookup failed
amqps://ann:s3cret@127.0.0.1:1|111|cannot connect to 127.0.0.1:1/: nothing listens there
amqp://ann:s3cret@[::1]:1/|111|cannot connect to ::1:1/: nothing listens there
amqp://ann:s3cret%C3%B6@127.0.0.1:1/|111|cannot connect to 127.0.0.1:1/: nothing listens there
amqp://ann:s3%cret@127.0.0.1:1/|100|AMQP_URL has not the form amqp://user:password@host:port/vhost
amqp://ann:s3cret@127.0.0.1:1/a%00|100|AMQP_URL has not the form amqp://user:password@host:port/vhost
amqp://ann:s3cret@127.0.0.1:1/?x=y|100|AMQP_URL has not the form amqp://user:password@host:port/vhost
amqp://ann:s3cret@[::1/|100|AMQP_URL has not the form amqp://user:password@host:port/vhost
http://ann:s3cret@127.0.0.1:1/|100|AMQP_URL has not the form amqp://user:password@host:port/vhost
amqp://ann:s3cret@127.0.0.1:99999/|100|AMQP_URL has not the form amqp://user:password@host:port/vhost
END
  run -100 --separate-stderr "$@"
  [ "$stderr" = "$command: AMQP_URL is not set: it says which broker, as amqp://user:password@host:port/vhost" ]
}

# is_lied_to COMMAND...: a server that is silent, goes away, or speaks something else.
is_lied_to() {
  local command=$1
  start_liar ''
  AMQP_URL=amqp://ann:s3cret@$place run -111 --separate-stderr "$@" --timeout 200ms
  [ "$stderr" = "$command: $place/: login: no answer within 200 ms" ]
  rm "$BATS_TEST_TMPDIR/liar"
  start_liar '' close
  AMQP_URL=amqp://ann:s3cret@$place run -111 --separate-stderr "$@"
  [ "$stderr" = "$command: $place/: login: the connection was lost" ]
  rm "$BATS_TEST_TMPDIR/liar"
  start_liar $'HTTP/1.1 400 Bad Request\r\n\r\n' close
  AMQP_URL=amqp://ann:s3cret@$place run --separate-stderr "$@"
  [ "$status" = 100 ] || [ "$status" = 111 ]
  [[ $stderr == "$command: $place/: login: "* && $stderr != *s3cret* ]]
}
