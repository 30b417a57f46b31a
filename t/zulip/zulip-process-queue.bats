load helper

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# What needs no broker; the queues themselves are in t/services/rabbitmq.bats.

@test "a queue whose work is not in the database is refused" {
  new_zulip_database
  refuses "The queue 'email_senders' is worked on by Zulip's own process_queue only." zulip-process-queue --queue_name email_senders
  run -2 --separate-stderr zulip-process-queue
  [[ $stderr == *'the following arguments are required: --queue_name' ]]
}

@test "--dry-run says what would be; upstream's name for it works" {
  new_zulip_database
  run -0 --separate-stderr rc-manage zulip process_queue --queue_name=user_activity --worker_num 1 --dry-run
  [ "$output" = "The messages of the queue 'user_activity' would be taken, and those that fail added to /var/log/zulip/queue_error/user_activity.errors." ]
}

@test "another version of Zulip, no folder for logs, and no broker are refused" {
  command -v rc-amqp-get >/dev/null || skip 'built without librabbitmq'
  new_zulip_database
  refuses "There is no folder /no/such; --log-folder names another one." zulip-process-queue --queue_name user_activity --log-folder /no/such
  refuses 'RabbitMQ is not known: neither AMQP_URL is set, nor has the server a secret rabbitmq_password' \
    zulip-process-queue --queue_name user_activity --log-folder "$BATS_TEST_TMPDIR"
  sql "insert into django_migrations (app, name, applied) values ('zerver', '0999_newer', now())"
  run -1 --separate-stderr zulip-process-queue --queue_name user_activity --log-folder "$BATS_TEST_TMPDIR"
  [[ $stderr == 'zulip-process-queue: The database is of another Zulip: there the last migration is zerver 0999_newer, '* ]]
}

@test "user_activity: counted for each user, program and query, with the last visit, and added to what is there" {
  new_zulip_database
  zulip-create-realm One --string-id one --email a@example.com >/dev/null
  sql "insert into zerver_useractivity (user_profile_id, client_id, query, count, last_visit) values (8, 1, 'old', 5, '2030-01-01')"
  printf '{"user_profile_id":8,"client_id":%s,"query":"%s","time":%s}\n' 1 get 1700000000.5 1 get 1700000009 2 get 1600000000 1 old 1700000000 1 get 1700000003 >in
  RC_SCHEMA=zulip rc-db-apply --batch 100 "$(rc_share)/sql/zulip/queue-user-activity.sql" in
  [ "$(sql "select client_id, query, count, extract(epoch from last_visit)::bigint from zerver_useractivity order by 1, 2")" = '1|get|3|1700000009
1|old|6|1893456000
2|get|1|1600000000' ]
}

@test "user_activity_interval: the newest interval becomes longer where it reaches to that time, else there is another one" {
  new_zulip_database
  zulip-create-realm One --string-id one --email a@example.com >/dev/null
  printf '{"user_profile_id":8,"time":%s}\n' 1700000000 1700000600 1700000900 1700003000 1700002000 >in
  RC_SCHEMA=zulip rc-db-apply "$(rc_share)/sql/zulip/queue-user-activity-interval.sql" in
  [ "$(sql "select extract(epoch from start)::bigint, extract(epoch from \"end\")::bigint from zerver_useractivityinterval order by 1")" = '1700000000|1700001800
1700002000|1700003900' ]
}
