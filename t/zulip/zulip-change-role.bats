load helper

setup() {
  new_alphaorg
  started=()
  zulip-create-user --realm alphaorg ann@example.com Ann >/dev/null # id 9
}

teardown() {
  end_started
}

change() { zulip-change-role --realm alphaorg "$@"; }
groups_of() { sql "select g.name from zerver_usergroupmembership m join zerver_namedusergroup g on g.usergroup_ptr_id = m.user_group_id where m.user_profile_id = $1 order by 1" | paste -sd ' '; }

@test "each role: the user's row, its groups, and the records of both" {
  local role number groups
  while read -r role number groups; do
    run -0 --separate-stderr change ANN@example.com "$role"
    [ "$output" = "User 'ANN@example.com' of 'alphaorg' has the role $role now." ]
    [ "$(sql 'select role from zerver_userprofile where id = 9')|$(groups_of 9)" = "$number|$groups" ]
  done <<'END'
moderator 300 role:moderators
guest 600 role:everyone
admin 200 role:administrators
owner 100 role:owners
member 400 role:fullmembers role:members
END
  [ "$(sql "select event_type, extra_data->>'1', extra_data->>'2', extra_data->'10'->'11'->>'100', (select name from zerver_namedusergroup where usergroup_ptr_id = modified_user_group_id)
    from zerver_realmauditlog where event_type in (105, 704) or event_type = 703 and event_time > (select date_joined from zerver_userprofile where id = 9) order by id")" = \
'105|400|300|1|
704||||role:members
704||||role:fullmembers
703||||role:moderators
105|300|600|1|
704||||role:moderators
703||||role:everyone
105|600|200|1|
704||||role:everyone
703||||role:administrators
105|200|100|2|
704||||role:administrators
703||||role:owners
105|100|400|1|
704||||role:owners
703||||role:members
703||||role:fullmembers' ]
}

@test "a member who has not waited long enough is no full member" {
  change ann@example.com guest >/dev/null
  sql 'update zerver_realm set waiting_period_threshold = 10'
  change ann@example.com member >/dev/null
  [ "$(groups_of 9)" = role:members ]
  change ann@example.com guest >/dev/null
  sql "update zerver_userprofile set date_joined = date_joined - interval '11 days' where id = 9"
  change ann@example.com member >/dev/null
  [ "$(groups_of 9)" = 'role:fullmembers role:members' ]
}

@test "the role that the user has: nothing is changed, and that is no error" {
  before=$(zulip_rows)
  run -0 --separate-stderr change ann@example.com member
  [ "$output" = "User 'ann@example.com' of 'alphaorg' has the role member already." ]
  [ "$(zulip_rows)" = "$before" ]
  run -0 --separate-stderr change ann@example.com guest --dry-run
  [ "$output" = "User 'ann@example.com' of 'alphaorg' would have the role guest.

Dry run complete. No changes made." ]
  [ "$(zulip_rows)" = "$before" ]
}

@test "what is refused: no such user, role or organization, the only owner, who is deactivated, a bot, a change that the database keeps out" {
  refuses "The organization 'alphaorg' has no user with the address 'nobody@example.com'." zulip-change-role -r alphaorg nobody@example.com guest
  refuses "There is no realm with id 'beta'. Aborting." zulip-change-role -r beta ann@example.com guest
  refuses "'owner@alphaorg.example' is the only owner of the organization; make another one first." zulip-change-role -r alphaorg owner@alphaorg.example guest
  refuses "'welcome-bot@zulip.com' is a bot." zulip-change-role -r zulipinternal welcome-bot@zulip.com owner
  run -2 --separate-stderr change ann@example.com king
  [ "${stderr_lines[1]}" = "zulip-change-role: error: argument ROLE: invalid choice: 'king' (choose from owner, admin, moderator, member, guest)" ]
  run -2 --separate-stderr change ann@example.com
  [ "${stderr_lines[1]}" = 'zulip-change-role: error: the following arguments are required: ROLE' ]
  sql "create function keep() returns trigger language plpgsql as 'begin return null; end';
    create trigger keep before delete on zerver_usergroupmembership for each row execute function keep()"
  refuses "The role of 'ann@example.com' was not written: the database kept the change out." zulip-change-role -r alphaorg ann@example.com guest
  zulip-deactivate-user -r alphaorg ann@example.com --for-real >/dev/null
  refuses "'ann@example.com' is deactivated." zulip-change-role -r alphaorg ann@example.com guest
}

@test "of two owners who step down at once one stays" {
  change ann@example.com owner >/dev/null
  hold "select pg_advisory_xact_lock(hashtext('zulip accounts'))"
  for user in ann@example.com owner@alphaorg.example; do
    { change "$user" member >/dev/null 2>&1 || echo refused >>"$BATS_TEST_TMPDIR/refused"; } 3>&- &
    started+=("$!")
  done
  wait_until_blocked 2
  tell_holder rollback
  wait "${started[@]: -2}"
  [ "$(cat "$BATS_TEST_TMPDIR/refused")" = refused ]
  [ "$(sql 'select count(*) from zerver_userprofile where role = 100')" = 1 ]
}
