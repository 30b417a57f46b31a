load helper

setup() {
  new_alphaorg
  started=()
  zulip-create-user --realm alphaorg ann@example.com Ann >/dev/null # id 9
}

teardown() {
  end_started
}

deactivate() { zulip-deactivate-user --realm alphaorg "$@"; }
active() { sql 'select id from zerver_userprofile where is_active and realm_id = 2 order by id' | paste -sd ' '; }

add_bot() { # ID OWNER
  sql "insert into zerver_userprofile select (jsonb_populate_record(u, '{\"id\":$1,\"email\":\"bot$1@x.y\",\"delivery_email\":\"bot$1@x.y\",\"api_key\":\"x$1\",\"uuid\":\"00000000-0000-4000-8000-0000000000$1\",\"recipient_id\":null,\"is_bot\":true,\"bot_type\":1,\"bot_owner_id\":$2}')).* from zerver_userprofile u where id = 9"
}

@test "the user and its bots lose their access, in one transaction, and mails to come go" {
  add_bot 50 9
  add_bot 51 9
  add_bot 52 8
  [ "$(sql 'select count(*) from zerver_scheduledemail')" = 3 ]
  run -0 --separate-stderr deactivate ANN@example.com --for-real
  [ "$output" = "Deactivated user 'ANN@example.com' of 'alphaorg', and 2 bot(s)." ]
  [ "$stderr" = '' ]
  [ "$(active)" = '8 52' ]
  [ "$(sql 'select bool_or(is_user_active), bool_and(active) from zerver_subscription where user_profile_id = 9')" = 'f|t' ]
  [ "$(sql 'select count(*) from zerver_scheduledemail')|$(sql 'select count(*) from zerver_scheduledemail_users')" = '2|2' ]
  [ "$(sql "select modified_user_id, extra_data->'10'->'11'->>'400', extra_data->'10'->>'12' from zerver_realmauditlog where event_type = 103 order by id")" = '50|1|2
51|1|1
9|0|1' ]
}

@test "the second time nothing is changed, and that is no error" {
  deactivate ann@example.com -f >/dev/null
  before=$(zulip_rows)
  run -0 --separate-stderr deactivate ann@example.com -f
  [ "$output" = "User 'ann@example.com' of 'alphaorg' is deactivated already." ]
  [ "$(zulip_rows)" = "$before" ]
  run -0 --separate-stderr deactivate ann@example.com -f --json
  [ "$(jq -c '[.status, .user_id]' <<<"${lines[0]}")" = '["unchanged",9]' ]
  [ "$(jq -c '[.ok, .scanned, .changed]' <<<"${lines[1]}")" = '[true,1,0]' ]
}

@test "without --for-real, or with --dry-run, nothing is changed" {
  before=$(zulip_rows)
  for option in '' --dry-run '--dry-run --for-real'; do
    # shellcheck disable=SC2086 # several words
    run -0 --separate-stderr deactivate ann@example.com $option
    [ "$output" = "User 'ann@example.com' of 'alphaorg' would be deactivated, and 0 bot(s).

Dry run complete. No changes made." ]
  done
  [ "$(zulip_rows)" = "$before" ]
}

@test "upstream's line works by rc-manage" {
  run -0 --separate-stderr rc-manage zulip deactivate_user -r alphaorg ann@example.com --for-real
  [ "$(active)" = 8 ]
}

@test "what is refused: no such user or organization, the only owner, a change that the database keeps out" {
  refuses "The organization 'alphaorg' has no user with the address 'nobody@example.com'." zulip-deactivate-user -f -r alphaorg nobody@example.com
  refuses "There is no realm with id 'beta'. Aborting." zulip-deactivate-user -f -r beta ann@example.com
  refuses "'owner@alphaorg.example' is the only owner of the organization; make another one first." zulip-deactivate-user -f -r alphaorg owner@alphaorg.example
  sql "create function keep() returns trigger language plpgsql as 'begin return null; end';
    create trigger keep before update on zerver_subscription for each row execute function keep()"
  refuses "User 'ann@example.com' was not deactivated: the database kept the change out." zulip-deactivate-user -f -r alphaorg ann@example.com
}

@test "two at once: one deactivates, the other finds it done" {
  hold "select pg_advisory_xact_lock(hashtext('zulip accounts'))"
  for n in 1 2; do
    deactivate ann@example.com -f >"$BATS_TEST_TMPDIR/out$n" 3>&- &
    started+=("$!")
  done
  wait_until_blocked 2
  tell_holder rollback
  wait "${started[@]: -2}"
  [ "$(sort "$BATS_TEST_TMPDIR"/out?)" = "Deactivated user 'ann@example.com' of 'alphaorg', and 0 bot(s).
User 'ann@example.com' of 'alphaorg' is deactivated already." ]
  [ "$(sql 'select count(*) from zerver_realmauditlog where event_type = 103')" = 1 ]
}

@test "the connection is lost before COMMIT: 1, nothing is changed" {
  start_proxy before
  DATABASE_URL=$proxied run -1 --separate-stderr deactivate ann@example.com -f
  [ "$stderr" = 'zulip-deactivate-user: the connection broke during COMMIT; the server says that nothing was changed' ]
  [ "$(active)" = '8 9' ]
}
