load helper
load amqp

setup() {
  prepare_amqp
}

teardown() {
  end_started
}

@test "no message at all is taken without a broker" {
  run -0 --separate-stderr rc-amqp-get --queue mails --max 0
  [ "$output$stderr" = '' ]
}

@test "options that are missing, wrong or exclude each other are refused with the usage" {
  while IFS='|' read -r arguments message; do
    run -100 --separate-stderr bash -c "rc-amqp-get $arguments" </dev/null
    [ "${stderr_lines[1]}" = "rc-amqp-get: $message" ] || { echo "$arguments: $stderr" >&2; return 1; }
  done <<'END'
|--queue is needed
--queue ''|--queue takes a name of 1 to 255 bytes
--queue a --timeout 0|--timeout takes more than 0
--queue a --batch 10|--batch and --time-limit are for a command
--queue a --time-limit 1s|--batch and --time-limit are for a command
--queue a --batch 0 -- cat|--batch takes a whole number from 1 to 10000, not '0'
--queue a file|it takes no files, but a command after --
END
}

@test "a broker that is not there, or none at all" {
  cannot_reach rc-amqp-get --queue mails
}

@test "a server that is silent, goes away, or speaks another language" {
  is_lied_to rc-amqp-get --queue mails
}
