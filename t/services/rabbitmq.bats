# rc-amqp-put and rc-amqp-get against a real RabbitMQ, and pika on the other side, by which Zulip's workers talk to it.
load ../zulip/helper
# shellcheck source=t/services/rabbitmq.bash
load rabbitmq

setup_file() { start_rabbitmq; }
teardown_file() { stop_rabbitmq; }

setup() {
  command -v rc-amqp-put rc-amqp-get >/dev/null || skip 'built without librabbitmq'
  started=()
  cd "$BATS_TEST_TMPDIR" || return
  q=q$BATS_TEST_NUMBER
}

teardown() { end_started; }

put() { rc-amqp-put --queue "$q" "$@"; }
get() { rc-amqp-get --queue "$q" "$@"; }
count() { peer count "$q"; }
# Waits until so many wait in the queue; what is not acknowledged does not wait.
wait_for_count() {
  local tries=0
  until [ "$(count)" = "$1" ]; do [ $((tries += 1)) -lt 100 ] || { count >&2; return 1; }; done
}

# ---- what is sent ----

@test "a message is the record, compact, persistent, without other properties, in a durable queue: pika reads it as its own" {
  run -0 --separate-stderr put --declare <<<$'{"id":9223372036854775807,"x":1.0,"e":"\u00e9"}\n{"id":2}\n{"rc_end":{"v":1,"records":2}}'
  [ "$output" = $'{"id":9223372036854775807,"x":1.0,"e":"\u00e9","status":"sent"}\n{"id":2,"status":"sent"}\n{"rc_end":{"v":1,"records":2}}' ]
  [ "$stderr" = '' ]
  peer get "$q" >got
  [ "$(jq -r .body got)" = $'{"id":9223372036854775807,"x":1.0,"e":"\u00e9"}\n{"id":2}' ]
  [ "$(jq -c '[.properties, .key == "'"$q"'", .exchange]' got | sort -u)" = '[{"delivery_mode":2},true,""]' ]
}

@test "a field may be the message and another one its queue, as Zulip's events have it" {
  put --declare </dev/null
  run -0 --separate-stderr rc-amqp-put --declare --queue-field queue --body event <<<"{\"queue\":\"$q\",\"event\":{\"a\":[1, 2]},\"status\":\"old\"}"
  [ "$output" = "{\"queue\":\"$q\",\"event\":{\"a\":[1, 2]},\"status\":\"sent\"}" ]
  [ "$(peer get "$q" | jq -r .body)" = '{"a":[1, 2]}' ]
}

@test "twenty thousand records go through in their order, in windows of any size" {
  seq 20000 | sed 's/.*/{"n":&}/' >in
  put --declare in >sent
  [ "$(grep -c '"status":"sent"' sent)" = 20000 ]
  put --window 1 <<<'{"n":20001}' >/dev/null
  get >out
  [ "$(cat in <(echo '{"n":20001}'))" = "$(cat out)" ]
  [ "$(count)" = 0 ]
}

@test "a record of some megabytes, and nothing at all" {
  printf '{"text":"%s"}\n' "$(head -c 6000000 /dev/zero | tr '\0' x)" >in
  put --declare in >/dev/null
  put </dev/null
  get | cmp - in
}

@test "a record that is long in coming does not keep those before it from being confirmed" {
  mkfifo slow
  put --declare <slow >sent 3>&- &
  started+=("$!")
  exec {slow}>slow
  echo '{"n":1}' >&"$slow"
  wait_for '"status":"sent"' sent
  exec {slow}>&-
  wait "${started[0]}"
}

# ---- what is refused ----

@test "no queue of that name: the record has the status error, the others are sent, and the code is 1" {
  peer make "$q"
  run -1 --separate-stderr rc-amqp-put --queue-field to <<<"{\"to\":\"$q\"}
{\"to\":\"nowhere\",\"n\":1}
{\"to\":\"nowhere\",\"n\":2}
{\"to\":\"$q\"}"
  [ "$output" = "{\"to\":\"$q\",\"status\":\"sent\"}
{\"to\":\"nowhere\",\"n\":1,\"status\":\"error\",\"error\":{\"code\":\"no_queue\",\"message\":\"the broker has no queue for it\"}}
{\"to\":\"nowhere\",\"n\":2,\"status\":\"error\",\"error\":{\"code\":\"no_queue\",\"message\":\"the broker has no queue for it\"}}
{\"to\":\"$q\",\"status\":\"sent\"}" ]
  [ "$(count)" = 2 ]
}

@test "a queue that is full refuses, and the record says so" {
  peer make "$q" '{"x-max-length":2,"x-overflow":"reject-publish"}'
  run -1 --separate-stderr put <<<$'{"n":1}\n{"n":2}\n{"n":3}'
  [ "$(jq -r '.error.code // .status' <<<"$output")" = $'sent\nsent\nnot_taken' ]
}

@test "--check looks for the queue and reads nothing; with --declare it makes it" {
  run -100 --separate-stderr put --check <<<'no record'
  [ "$stderr" = "rc-amqp-put: 127.0.0.1:$RABBIT_PORT/: the queue '$q': NOT_FOUND - no queue '$q' in vhost '/' (404)" ]
  run -0 --separate-stderr put --check --declare <<<'no record'
  run -0 --separate-stderr put --check <<<'no record'
  [ "$output$stderr" = '' ]
}

@test "a wrong password, vhost or permission, and a queue that is not durable: refused with the broker's words, which show no secret" {
  rabbitmqctl add_user guest2 secret || :
  rabbitmqctl set_permissions guest2 '^$' '^$' '^$'
  peer make "$q" temporary
  local place=127.0.0.1:$RABBIT_PORT
  AMQP_URL=amqp://zulip:s3cret@$place run -100 --separate-stderr put </dev/null
  [[ $stderr == "rc-amqp-put: $place/: login: ACCESS_REFUSED - "*' (403)' && $stderr != *s3cret* ]]
  AMQP_URL=${AMQP_URL%/*}/nowhere run -100 --separate-stderr put </dev/null
  [[ $stderr == "rc-amqp-put: $place/nowhere: login: NOT_ALLOWED - "*' (530)' ]]
  AMQP_URL=amqp://guest2:secret@$place run -100 --separate-stderr put <<<'{}'
  [[ $stderr == "rc-amqp-put: $place/: "*': ACCESS_REFUSED - '*' (403)' ]]
  AMQP_URL=amqp://guest2:secret@$place run -100 --separate-stderr get
  [[ $stderr == "rc-amqp-get: $place/: "*': ACCESS_REFUSED - '*' (403)' ]]
  run -100 --separate-stderr put --declare <<<'{}'
  [[ $stderr == "rc-amqp-put: $place/: the queue '$q': PRECONDITION_FAILED - "*' (406)' ]]
}

@test "over TLS, with the authority that is told; one that is not trusted, and a wrong name, are refused" {
  local url=amqps://zulip:p%40ss%3Aw%2F%C3%B6%23d%25@localhost:$RABBIT_TLS_PORT
  peer make "$q"
  AMQP_URL=$url run -0 --separate-stderr put --cacert "$RABBIT_HOME/ca.pem" <<<'{"n":1}'
  AMQP_URL=$url run -0 --separate-stderr get --cacert "$RABBIT_HOME/ca.pem"
  [ "$output" = '{"n":1}' ]
  AMQP_URL=$url run -100 --separate-stderr put <<<'{"n":1}'
  [ "$stderr" = "rc-amqp-put: cannot connect to localhost:$RABBIT_TLS_PORT/: SSL peer cert verification failed" ]
  AMQP_URL=${url/localhost/127.0.0.1} run -100 --separate-stderr put --cacert "$RABBIT_HOME/ca.pem" <<<'{"n":1}'
  [ "$stderr" = "rc-amqp-put: cannot connect to 127.0.0.1:$RABBIT_TLS_PORT/: SSL hostname verification failed" ]
  AMQP_URL=$url run -100 --separate-stderr put --cacert /dev/null <<<'{"n":1}'
}

@test "a broker without memory takes nothing: 111 after the time-out, not for ever" {
  peer make "$q"
  rabbitmqctl set_vm_memory_high_watermark 0.0000001
  run -111 --separate-stderr put --timeout 700ms <<<'{"n":1}'
  rabbitmqctl set_vm_memory_high_watermark 0.4
  [ "$output" = '' ]
  [ "$stderr" = "rc-amqp-put: 127.0.0.1:$RABBIT_PORT/: 1 message(s) were not confirmed within 700 ms; the broker may have them or not" ]
}

@test "input that breaks off: what came before it is sent and told" {
  peer make "$q"
  run -100 --separate-stderr put <<<$'{"n":1}\n{"n":2}\nnonsense\n{"n":3}'
  [ "$output" = $'{"n":1,"status":"sent"}\n{"n":2,"status":"sent"}' ]
  [ "$(count)" = 2 ]
}

# ---- what is taken ----

@test "what pika has put comes out as records, newlines within it as blanks; --max takes no more, the rest stays" {
  printf '%s\n' '{"a":1}' '{"b":"\u00e9","c":12345678901234567890}' '{"d":3}' | peer put "$q"
  run -0 --separate-stderr get --max 2
  [ "$output" = '{"a":1}
{"b":"\u00e9","c":12345678901234567890}' ]
  wait_for_count 1
  run -0 --separate-stderr get
  [ "$output" = '{"d":3}' ]
  run -0 --separate-stderr get
  [ "$output" = '' ]
}

@test "a message that can be no record stays, and ends it with 100; with --rejects it is kept there" {
  printf '%s\n' '{"n":1}' '[1]' '{"n":2}' 'no json' '{"rc_end":{"v":1}}' '' '{"n":3}' | peer put "$q"
  run -100 --separate-stderr get
  [ "$output" = '{"n":1}' ]
  [ "$stderr" = "rc-amqp-get: the queue '$q': a message is no JSON object; it stays in the queue" ]
  wait_for_count 6
  run -1 --separate-stderr get --rejects rejects
  [ "$output" = $'{"n":2}\n{"n":3}' ]
  [ "$(jq -r '.body_base64 | @base64d' rejects)" = $'[1]\nno json\n{"rc_end":{"v":1}}' ]
  [ "$(jq -r '[.queue, .code] | @text' rejects | sort -u)" = "[\"$q\",\"no_record\"]" ]
  [ "$(wc -l <rejects)" = 4 ]
  [ "$(count)" = 0 ]
}

@test "a command gets a batch at a time on its standard input, what it writes passes on, and 0 acknowledges" {
  seq 5 | sed 's/.*/{"n":&}/' | peer put "$q"
  run -0 --separate-stderr get --batch 2 -- wc -l
  [ "$output" = $'2\n2\n1' ]
  [ "$(count)" = 0 ]
}

@test "111 and a signal leave the batch in the queue and end with 111; another code with 100, or --rejects keeps the records" {
  printf '%s\n' '{"n":1}' '{"n":2}' | peer put "$q"
  run -111 --separate-stderr get -- sh -c 'exit 111'
  [ "$stderr" = "rc-amqp-get: sh ended with exit status 111; 1 message(s) stay in the queue '$q'" ]
  # shellcheck disable=SC2016 # the inner shell expands it
  run -111 --separate-stderr get --batch 5 -- sh -c 'kill -SEGV $$'
  [ "$stderr" = "rc-amqp-get: sh ended by signal 11; 2 message(s) stay in the queue '$q'" ]
  run -100 --separate-stderr get -- false
  run -100 --separate-stderr get -- /no/such/command
  [ "$stderr" = "rc-amqp-get: /no/such/command cannot be run: No such file or directory; 1 message(s) stay in the queue '$q'" ]
  run -100 --separate-stderr get --time-limit 100ms -- sleep 60
  [ "$stderr" = "rc-amqp-get: sleep took longer than 100 ms; 1 message(s) stay in the queue '$q'" ]
  wait_for_count 2
  run -1 --separate-stderr get --rejects rejects -- grep -q 1
  [ "$(jq -c '[.code, .message, .record]' rejects)" = '["failed","grep ended with exit status 1",{"n":2}]' ]
  [ "$(count)" = 0 ]
}

@test "--follow waits for more; TERM ends the batch and then the program, a second one ends the command" {
  peer make "$q"
  start rc-amqp-get --queue "$q" --follow
  peer put "$q" <<<'{"n":1}'
  wait_for '{"n":1}'
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 0' ]
  peer put "$q" <<<'{"n":2}'
  start rc-amqp-get --queue "$q" --follow -- sh -c 'echo began; read -r line; sleep 0.3; echo "$line"'
  wait_for began
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(cat out)" = $'began\n{"n":2}' ]
  [ "$(count)" = 0 ]
  peer put "$q" <<<'{"n":3}'
  start rc-amqp-get --queue "$q" --follow -- sh -c 'echo began; sleep 100'
  wait_for began
  until [ -e ended ]; do # two that come at once are one
    kill -TERM "$group" 2>/dev/null || :
    sleep 0.1
  done
  finish
  [ "$ended" = 'exit 111' ] || { echo "$ended"; cat out err; return 1; }
  wait_for_count 1
}

@test "a queue that is deleted meanwhile ends a worker with 111" {
  peer make "$q"
  start rc-amqp-get --queue "$q" --follow
  peer put "$q" <<<'{"n":1}'
  wait_for '{"n":1}'
  peer delete "$q"
  finish
  [ "$ended" = 'exit 111' ]
  [ "$(cat err)" = "rc-amqp-get: 127.0.0.1:$RABBIT_PORT/: the queue '$q' was deleted, or has moved" ]
}

@test "where the reader of standard output is gone, or the disk is full, nothing is acknowledged" {
  seq 3 | sed 's/.*/{"n":&}/' | peer put "$q"
  run -111 --separate-stderr bash -c 'rc-amqp-get --queue "$1" >/dev/full' _ "$q"
  wait_for_count 3
  run --separate-stderr without_reader rc-amqp-get --queue "$q"
  [ "$status" != 0 ]
  wait_for_count 3
}

# ---- Zulip ----

events() { peer get deferred_email_senders | jq -c '[.properties, (.body | fromjson | .template_prefix, .to_user_ids, .context.realm_url)]'; }

@test "zulip-create-realm and -user: what Zulip's worker is to send is in its queue when the change is committed, and else is not" {
  new_zulip_database
  peer make deferred_email_senders
  run -0 --separate-stderr zulip-create-realm One --string-id one --email a@example.com
  [ "$stderr" = '' ]
  [ "$(events)" = '[{"delivery_mode":2},"zerver/emails/account_registered",[8],"https://one.zulip.example.org"]' ]
  printf '{"email":"%s@example.com"}\n' b a c >users
  zulip-create-user --realm one --from-records users >/dev/null
  [ "$(events)" = '[{"delivery_mode":2},"zerver/emails/account_registered",[9],"https://one.zulip.example.org"]
[{"delivery_mode":2},"zerver/emails/account_registered",[10],"https://one.zulip.example.org"]' ]
  zulip-create-user --realm one d@example.com --dry-run >/dev/null
  zulip-create-user --realm one d@example.com --queue-events "$PWD/file" >/dev/null
  [ "$(wc -l <file)" = 1 ]
  run -1 zulip-create-user --realm one a@example.com
  AMQP_URL='' zulip-create-user --realm one e@example.com >/dev/null
  [ "$(peer count deferred_email_senders)" = 0 ]
}

@test "the server's own settings and secrets lead to its RabbitMQ" {
  new_zulip_database
  peer make deferred_email_senders
  events >/dev/null
  printf '[secrets]\nrabbitmq_password = %s \r\n' "$RABBIT_PASSWORD" >secrets # blanks at the end are not the password's, as for Zulip
  printf "RABBITMQ_PORT = %s\nRABBITMQ_HOST = 'localhost'\n" "$RABBIT_PORT" >settings
  env -u AMQP_URL ZULIP_SECRETS="$PWD/secrets" ZULIP_SETTINGS="$PWD/settings" zulip-create-realm One --string-id one --email a@example.com >/dev/null
  env -u AMQP_URL SECRETS_rabbitmq_password="$RABBIT_PASSWORD" SETTING_RABBITMQ_PORT="$RABBIT_PORT" zulip-create-user --realm one b@example.com >/dev/null
  [ "$(events | wc -l)" = 2 ]
}

@test "where RabbitMQ is away, nothing is changed; where it does not take the message, the change is told" {
  new_zulip_database
  AMQP_URL=amqp://zulip:s3cret@127.0.0.1:1 refuses 'cannot connect to 127.0.0.1:1/: nothing listens there' \
    zulip-create-realm One --string-id one --email a@example.com
  zulip-create-realm One --string-id one --email a@example.com --queue-events "$PWD/file" >/dev/null
  rabbitmqctl add_user mute secret || :
  rabbitmqctl set_permissions mute '.*' '^$' '.*' # it may make queues, and send nothing
  AMQP_URL=amqp://mute:secret@127.0.0.1:$RABBIT_PORT run -1 --separate-stderr zulip-create-user --realm one b@example.com
  [ "$output" = "Created user 'b@example.com' of 'one' (id 9)." ]
  [[ $stderr == "zulip-create-user: the change is committed, but what Zulip's worker is to send (queue_event of --json) is not in RabbitMQ: 127.0.0.1:$RABBIT_PORT/: "*'ACCESS_REFUSED - '*' (403)' ]]
  [ "$(sql "select count(*) from zerver_userprofile where delivery_email = 'b@example.com'")" = 1 ]
}

@test "zulip-process-queue: what waits comes into the tables, what the database refuses into the file of errors; TERM ends it with 0" {
  new_zulip_database
  zulip-create-realm One --string-id one --email a@example.com --queue-events "$PWD/file" >/dev/null
  printf '{"user_profile_id":%s,"client_id":1,"query":"get","time":1700000000.25}\n' 8 8 8 | peer put user_activity
  printf '{"user_profile_id":8,"time":%s}\n' 1700000000 1700000600 | peer put user_activity_interval
  printf '%s\n' '{"user_profile_id":99,"time":1}' nonsense | peer put user_activity_interval
  run -0 --separate-stderr zulip-process-queue --queue_name user_activity --log-folder "$PWD" --once
  [ "$stderr" = '' ]
  [ "$(sql 'select user_profile_id, client_id, query, count from zerver_useractivity')" = '8|1|get|3' ]
  [ "$(peer count user_activity)" = 0 ]
  # one that has no user does not keep the others of its batch out
  run -1 --separate-stderr zulip-process-queue --queue_name user_activity_interval --log-folder "$PWD" --once
  [[ ${stderr_lines[0]} == 'zulip-process-queue: deferred constraints, nothing was changed: '* ]]
  [[ ${stderr_lines[-1]} == "zulip-process-queue: the queue 'user_activity_interval': a message is no JSON that a record may be; it goes to "* ]]
  [ "$(jq -r .code queue_error/user_activity_interval.errors)" = $'failed\nno_record' ]
  [ "$(sql 'select count(*), sum("end" - start) from zerver_useractivityinterval')" = '1|00:25:00' ]
  [ "$(peer count user_activity_interval)" = 0 ]
  start zulip-process-queue --queue_name test --log-folder "$PWD"
  printf '%s\n' '{"n": 1}' '{"n": 2}' | peer put test
  wait_for '{"n": 2}' zulip-worker-test-file
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(cat err zulip-worker-test-file)" = $'{"n": 1}\n{"n": 2}' ]
  peer put user_activity <<<'{"user_profile_id":8,"client_id":1,"query":"get","time":1}'
  run -1 --separate-stderr env DATABASE_URL=postgresql://ann@127.0.0.1:1/none zulip-process-queue --queue_name user_activity --log-folder "$PWD" --once --force
  wait_for_count_of user_activity 1
}

wait_for_count_of() { q=$1 wait_for_count "$2"; }

# ---- kills ----

@test "kill -9 of rc-amqp-put at any moment: what it has told as sent is in the queue" {
  local took
  peer make "$q"
  seq 3000 | sed 's/.*/{"n":&}/' >in
  took=$(milliseconds_of put --window 20 in)
  random_rounds 3
  for n in "${rounds[@]}"; do
    get >/dev/null
    start rc-amqp-put --queue "$q" --window 20 in
    random_moment "$took"
    kill -KILL "$group" 2>/dev/null || :
    finish
    grep '}$' out | jq -r 'select(.status == "sent").n' | sort >told || :
    get | jq -r .n | sort >there
    [ "$(comm -23 told there)" = '' ]
  done
}

@test "kill -9 of rc-amqp-get or its command at any moment: every message is worked on" {
  local took
  seq 200 | sed 's/.*/{"n":&}/' >in
  put --declare in >/dev/null
  took=$(milliseconds_of get --max 50 -- sh -c 'cat >>worked')
  random_rounds 4
  for n in "${rounds[@]}"; do
    start rc-amqp-get --queue "$q" --batch 3 -- sh -c 'cat >>worked'
    random_moment "$took"
    kill -KILL "$group" 2>/dev/null || :
    finish
  done
  wait_until_free
  get -- sh -c 'cat >>worked'
  [ "$(jq -r .n worked | sort -nu)" = "$(seq 200)" ]
  [ "$(count)" = 0 ]
}

# Waits until no one has the queue's messages any more: a broker sees a killed one's end a little later.
wait_until_free() {
  local tries=0
  until [ "$(rabbit_environment /usr/lib/rabbitmq/bin/rabbitmqctl --quiet list_queues name messages_unacknowledged | grep -P "^$q\t" | cut -f 2)" = 0 ]; do
    [ $((tries += 1)) -lt 60 ]
  done
}

@test "kill -9 of the broker: 111, and what was told as sent is there when it is back" {
  peer make "$q"
  mkfifo slow
  start bash -c 'exec rc-amqp-put --queue "$1" --window 7 <slow' _ "$q"
  exec {slow}>slow
  for n in {1..30}; do echo "{\"n\":$n}" >&"$slow"; done
  wait_for '"n":21,'
  kill_rabbitmq
  echo '{"n":31}' >&"$slow" || :
  finish
  exec {slow}>&-
  [ "$ended" = 'exit 111' ]
  [[ $(cat err) == "rc-amqp-put: 127.0.0.1:$RABBIT_PORT/: "*': the connection was lost' ]]
  run -111 --separate-stderr put </dev/null
  [ "$stderr" = "rc-amqp-put: cannot connect to 127.0.0.1:$RABBIT_PORT/: nothing listens there" ]
  run_rabbitmq
  jq -r 'select(.status == "sent").n' out | sort >told
  get | jq -r .n | sort >there
  [ "$(wc -l <told)" -ge 21 ]
  [ "$(comm -23 told there)" = '' ]
}
