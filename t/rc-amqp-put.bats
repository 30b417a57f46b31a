load helper
load amqp

setup() {
  prepare_amqp
}

teardown() {
  end_started
}

@test "--dry-run says what would be sent, and needs no broker" {
  run -0 --separate-stderr rc-amqp-put --queue mails --dry-run <<<$'{"id":9223372036854775807,"x":1.0}\n{}\n{"a":"\u00e9","status":"x","error":1}\n{"rc_end":{"v":1}}'
  [ "$output" = $'{"id":9223372036854775807,"x":1.0,"status":"would_send"}\n{"status":"would_send"}\n{"a":"\u00e9","status":"would_send"}\n{"rc_end":{"v":1,"records":3}}' ]
  [ "$stderr" = '' ]
  run -0 rc-amqp-put --queue-field to --body event --dry-run </dev/null
  [ "$output" = '' ]
}

@test "a record without a queue or a body is refused, and its line named" {
  while IFS='|' read -r record message; do
    run -100 --separate-stderr rc-amqp-put --queue-field to --body event.data --dry-run <<<$'{"to":"q","event":{"data":null}}\n'"$record"
    [ "$output" = '{"to":"q","event":{"data":null},"status":"would_send"}' ]
    [ "$stderr" = "rc-amqp-put: <stdin>:2: $message" ] || { echo "$record: $stderr" >&2; return 1; }
  done <<'END'
{"event":{"data":1}}|expected a string in the field 'to'
{"to":7,"event":{"data":1}}|expected a string in the field 'to'
{"to":"","event":{"data":1}}|a queue's name has 1 to 255 bytes
{"to":"q"}|no field 'event.data'
END
}

@test "options that are missing, wrong or exclude each other are refused with the usage" {
  while IFS='|' read -r arguments message; do
    run -100 --separate-stderr bash -c "rc-amqp-put $arguments" </dev/null
    [ "${stderr_lines[1]}" = "rc-amqp-put: $message" ] || { echo "$arguments: $stderr" >&2; return 1; }
  done <<'END'
|give one of --queue and --queue-field
--queue a --queue-field b|give one of --queue and --queue-field
--queue ''|--queue takes a name of 1 to 255 bytes
--queue $(printf 'a%.0s' {1..256})|--queue takes a name of 1 to 255 bytes
--queue-field $'\xff'|--queue-field is not UTF-8
--queue a --body $'\xff'|--body is not UTF-8
--queue a --exchange $(printf 'a%.0s' {1..256})|--exchange takes a name of at most 255 bytes
--queue a --timeout 0|--timeout takes more than 0
--queue a --window 0|--window takes a whole number from 1 to 10000, not '0'
--queue-field a --check|--check is for --queue, and without --dry-run
--queue a --check --dry-run|--check is for --queue, and without --dry-run
END
}

@test "a broker that is not there, or none at all" {
  cannot_reach rc-amqp-put --queue mails
}

@test "a server that is silent, goes away, or speaks another language" {
  is_lied_to rc-amqp-put --queue mails
}
