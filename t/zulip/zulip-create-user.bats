load helper

usage='usage: zulip-create-user --realm REALM [EMAIL] [FULL_NAME] [--email ADDRESS] [--full-name NAME]'

setup() {
  new_alphaorg
  started=()
}

teardown() {
  end_started
}

has_argon2() { rc-password-hash --scheme argon2id --min-guesses 1 --from a --to b </dev/null 2>/dev/null || skip 'built without libargon2 and zxcvbn'; }
users() { sql 'select delivery_email from zerver_userprofile where not is_bot order by id'; }
create() { zulip-create-user --realm alphaorg "$@"; }

# ---- what is written ----

@test "a user: every row of every table is the original's" {
  real_tree
  has_argon2
  zulip-create-realm 'Beta Org' --string-id betaorg --email Owner@betaorg.example --full-name 'Bob Owner' --password-file "$BATS_TEST_TMPDIR/pw" >/dev/null
  sql "select setval('zerver_usergroup_id_seq', 48), setval('zerver_usergroupmembership_id_seq', 40)" >/dev/null
  rows_are user zulip-create-user --realm betaorg Carl@BETA.example 'Carl Member' --password-file "$BATS_TEST_TMPDIR/pw"
}

@test "upstream's line works, with -r, a number, and by rc-manage" {
  run -0 --separate-stderr zulip-create-user --realm alphaorg --email user@example.com
  [ "$output" = "Created user 'user@example.com' of 'alphaorg' (id 9)." ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr zulip-create-user -r 2 two@example.com 'Two Two' --automated
  run -0 --separate-stderr rc-manage zulip create_user -r alphaorg three@example.com Three
  [ "$(users)" = $'owner@alphaorg.example\nuser@example.com\ntwo@example.com\nthree@example.com' ]
  [ "$(sql "select full_name from zerver_userprofile where delivery_email = 'user@example.com'")" = user ]
}

@test "where not all may see addresses, another one is shown" {
  sql 'update zerver_realmuserdefault set email_address_visibility = 3'
  create user@example.com >/dev/null
  [ "$(sql 'select email, delivery_email from zerver_userprofile where id = 9')" = 'user9@alphaorg.zulip.example.org|user@example.com' ]
}

@test "settings come from the organization; a waiting period keeps a member out of the full members" {
  sql "update zerver_realmuserdefault set web_font_size_px = 20, default_language = 'fr'; update zerver_realm set default_language = 'pl', waiting_period_threshold = 3"
  create user@example.com >/dev/null
  [ "$(sql 'select web_font_size_px, default_language from zerver_userprofile where id = 9')" = '20|pl' ]
  [ "$(sql 'select g.name from zerver_usergroupmembership m join zerver_namedusergroup g on g.usergroup_ptr_id = m.user_group_id where m.user_profile_id = 9')" = role:members ]
}

@test "many default channels: each colour once, then by the recipient's number" {
  sql "insert into zerver_stream select (jsonb_populate_record(s, jsonb_build_object('id', 100 + n, 'name', 'channel ' || n, 'recipient_id', null))).*
      from zerver_stream s, generate_series(1, 27) n where s.name = 'general';
    insert into zerver_recipient (type_id, type) select id, 2 from zerver_stream where id > 100 order by id;
    update zerver_stream s set recipient_id = t.id from zerver_recipient t where s.id > 100 and t.type = 2 and t.type_id = s.id;
    insert into zerver_defaultstream (realm_id, stream_id) select 2, id from zerver_stream where id > 100"
  create user@example.com >/dev/null
  [ "$(sql 'select count(*), count(distinct color) from zerver_subscription where user_profile_id = 9')" = '31|24' ]
  [ "$(sql "select bool_and(color = (array['#76ce90','#fae589','#a6c7e5','#e79ab5','#bfd56f','#f4ae55','#b0a5fd','#addfe5','#f5ce6e','#c2726a','#94c849','#bd86e5','#ee7e4a','#a6dcbf','#95a5fd','#53a063','#9987e1','#e4523d','#c2c2c2','#4f8de4','#c6a8ad','#e7cc4d','#c8bebf','#a47462'])[recipient_id % 24 + 1])
    from (select * from zerver_subscription where user_profile_id = 9 and recipient_id <> (select recipient_id from zerver_userprofile where id = 9)
      order by recipient_id desc limit 7) s")" = t ]
}

@test "history: what was written before is read, the first messages are not; without those all but the newest twenty are" {
  sql "insert into zerver_message select (jsonb_populate_record(m, jsonb_build_object('id', 1000 + n, 'subject', 'more'))).* from zerver_message m, generate_series(1, 1100) n where m.id = 9"
  create user@example.com >/dev/null
  [ "$(sql 'select flags, count(*) from zerver_usermessage where user_profile_id = 9 group by flags order by flags')" = '1024|7
1025|1000
1026|5
2050|1' ]
  sql 'delete from zerver_onboardingusermessage'
  create second@example.com >/dev/null
  [ "$(sql 'select flags, count(*) from zerver_usermessage where user_profile_id = 10 group by flags order by flags')" = '1024|20
1025|980
2050|1' ]
}

@test "an invitation is used up, and a channel for it tells who has joined" {
  sql "insert into zerver_preregistrationuser (email, full_name_validated, notify_referrer_on_join, invited_at, realm_creation, password_required, status, invited_as, include_realm_default_subscriptions, realm_id)
      values ('User@example.com', false, false, now(), false, true, 0, 400, true, 2), ('other@example.com', false, false, now(), false, true, 0, 400, true, 2);
    update zerver_realm set signup_announcements_stream_id = 3 where id = 2"
  create user@example.com 'Ann & Co' >/dev/null
  [ "$(sql 'select email, status from zerver_preregistrationuser order by id')" = 'User@example.com|2
other@example.com|0' ]
  [ "$(sql "select content, rendered_content from zerver_message where subject = 'signups'")" = '@_**Ann & Co|9** joined this organization.|<p><span class="user-mention silent" data-user-id="9">Ann &amp; Co</span> joined this organization.</p>' ]
}

# ---- refusals ----

@test "every address that is none is refused" {
  local address
  for address in a a@ @b.cd a@b a@b.c 'a b@c.de' a@b..cd a@-b.cd a@b-.cd .a@b.cd a.@b.cd a..b@c.de 'a@b.cd ' $'a@b.cd\n' 'a@b_c.de' 'a@[1.2.3]' 'a@[1.2.3.256]' \
    'a@[::1::]' 'a@[1:2]' '"a@b.cd' 'a@b.12' 'é@b.cd' "$(printf 'a%.0s' {1..250})@b.cd"; do
    refuses 'Invalid email address.' zulip-create-user --realm alphaorg "--email=$address"
  done
}

@test "every address that is one is taken: its domain in lower case, the rest as it is" {
  local address
  while IFS= read -r address; do
    create "--email=$address" --full-name X >/dev/null || { echo "$address"; return 1; }
  done <<'END'
User+tag@Example.COM
o'brien@example.com
"quoted"@example.com
"quoted\ name"@example.com
a@müller.de
a@xn--mller-kva.de
a@localhost
a@[127.0.0.1]
a@[::1]
a@[1:2:3:4:5:6:7:8]
a.b-c_d@sub.example.co.uk
END
  [ "$(sql "select delivery_email from zerver_userprofile where id = 9")" = 'User+tag@example.com' ]
  [ "$(sql 'select count(*) from zerver_userprofile where id > 8')" = 11 ]
}

@test "an address that another user of the organization has is refused, in other cases too; another organization may have it" {
  create user@example.com >/dev/null
  for address in user@example.com USER@Example.com OWNER@alphaorg.example; do
    refuses 'User already exists.' zulip-create-user --realm alphaorg "$address"
  done
  zulip-create-realm Two --string-id two --email user@example.com >/dev/null
}

@test "no such organization, or one that is deactivated" {
  for realm in nowhere 99 99999999999999999999 '' ' ' alphaorg2; do
    refuses "There is no realm with id '$realm'. Aborting." zulip-create-user "--realm=$realm" user@example.com
  done
  sql "update zerver_realm set deactivated = true where string_id = 'alphaorg'"
  refuses "The organization 'alphaorg' is deactivated." zulip-create-user --realm alphaorg user@example.com
}

@test "another version of Zulip is refused and both are named; --force writes all the same" {
  sql "insert into django_migrations (app, name, applied) values ('confirmation', '0016_newer', now())"
  refuses 'The database is of another Zulip: there the last migration is confirmation 0016_newer, but in 11.0-dev+git, which this command knows, it is confirmation 0015_alter_confirmation_object_id. With --force it is written all the same.' \
    zulip-create-user --realm alphaorg user@example.com
  run -0 --separate-stderr create user@example.com --force
  [ "$stderr" = 'zulip-create-user: warning: whether this is a known version of Zulip is not looked at' ]
}

@test "names that can't be one" {
  refuses 'Name too long!' zulip-create-user --realm alphaorg user@example.com "$(printf 'ä%.0s' {1..101})"
  refuses 'Name too short!' zulip-create-user --realm alphaorg user@example.com ' '
  for name in 'a*b' 'a`b' 'a\b' 'a>b' 'a"b' 'a@b' $'a\nb' $'a\tb'; do
    refuses 'Invalid characters in name!' zulip-create-user --realm alphaorg user@example.com "$name"
  done
  for name in $'a\u0085b' $'a\u202eb' $'a\u200b' $'a\ufeffb' $'a\U000e0041b'; do # what is not seen, or turns the text around
    refuses 'Invalid characters in name!' zulip-create-user --realm alphaorg user@example.com "$name"
  done
  refuses 'Name too short!' zulip-create-user --realm alphaorg user@example.com $' \u3000\t'
  refuses 'Invalid format!' zulip-create-user --realm alphaorg user@example.com 'Ann|12'
  create user@example.com "$(printf 'ä%.0s' {1..100})" >/dev/null
  create other@example.com $' \u00a0Ann |  O\u2019Neil \u4e2d\n' >/dev/null
  [ "$(sql "select full_name from zerver_userprofile where delivery_email = 'other@example.com'")" = $'Ann |  O\u2019Neil \u4e2d' ]
}

@test "a weak password: nothing is written" {
  has_argon2
  echo 12345 >"$BATS_TEST_TMPDIR/weak"
  refuses 'The password is too short.' zulip-create-user --realm alphaorg user@example.com --password-file "$BATS_TEST_TMPDIR/weak"
  echo password123 >"$BATS_TEST_TMPDIR/weak"
  refuses 'The password is too weak.' zulip-create-user --realm alphaorg user@example.com --password-file "$BATS_TEST_TMPDIR/weak"
}

@test "built without libargon2 and zxcvbn: a password is refused and the package named; a user without one is made" {
  build_without_libraries
  cp -al "$RC_TEST_QUICK_TREE" "$BATS_TEST_TMPDIR/tree"
  cp --remove-destination "$BATS_TEST_TMPDIR/without/rc-password-hash" "$BATS_TEST_TMPDIR/tree/bin/"
  PATH=$BATS_TEST_TMPDIR/tree/bin:$PATH
  refuses 'argon2id is not in this build: it needs the package libargon2-dev when rc is built' \
    zulip-create-user --realm alphaorg user@example.com --password-file "$BATS_TEST_TMPDIR/pw"
  create user@example.com >/dev/null
  [[ $(sql 'select password from zerver_userprofile where id = 9') == !* ]]
}

@test "a password as an option is taken, with a warning that does not show it" {
  has_argon2
  run -0 --separate-stderr create user@example.com --password 's3cret horse battery'
  [ "$stderr" = 'zulip-create-user: warning: a password in --password can be seen by other users for a moment; --password-file keeps it hidden' ]
  sql "select json_build_object('p', 's3cret horse battery', 'h', password) from zerver_userprofile where id = 9" | rc-password-hash --check --scheme argon2id --from p --to h
  run -2 --separate-stderr create other@example.com --password 's3cret' --password-file /dev/null
  [[ $stderr != *s3cret* ]]
}

@test "no address and no terminal: refused; at a terminal it is asked for, unless --no-input" {
  refuses 'No email address: --email gives the user one.' zulip-create-user --realm alphaorg
  run -2 --separate-stderr zulip-create-user user@example.com
  [ "$stderr" = "$usage
zulip-create-user: error: the following arguments are required: --realm" ]
  printf 'user@example.com\nAnn Typed\n' | script -qec 'zulip-create-user --realm alphaorg' /dev/null >"$BATS_TEST_TMPDIR/typed"
  [ "$(sql 'select delivery_email, full_name from zerver_userprofile where id = 9')" = 'user@example.com|Ann Typed' ]
  run -1 script -qec 'zulip-create-user --realm alphaorg --no-input' /dev/null </dev/null
}

@test "a row that a policy or rule keeps out is found" {
  sql 'create rule keep_out as on insert to zerver_onboardingstep do instead nothing'
  refuses "User 'user@example.com' was not written: the database kept the row out (zerver_onboardingstep)." zulip-create-user --realm alphaorg user@example.com
}

@test "a newer column without a default is refused and named" {
  sql 'alter table zerver_subscription add column shoe_size integer; update zerver_subscription set shoe_size = 1; alter table zerver_subscription alter column shoe_size set not null'
  run -1 --separate-stderr create user@example.com
  [[ $stderr == *'null value in column "shoe_size" of relation "zerver_subscription"'* ]]
}

# ---- at once, and lost ----

@test "two at once for one address, and another program meanwhile: one makes it, the other is refused" {
  hold "insert into zerver_userprofile select (jsonb_populate_record(u, '{\"id\":99,\"email\":\"User@example.com\",\"delivery_email\":\"User@example.com\",\"api_key\":\"x\",\"uuid\":\"00000000-0000-4000-8000-000000000000\",\"recipient_id\":null}')).* from zerver_userprofile u where id = 8"
  start zulip-create-user --realm alphaorg user@example.com
  wait_until_blocked
  tell_holder commit
  finish
  [ "$ended" = 'exit 1' ]
  [[ $(cat "$BATS_TEST_TMPDIR/err") == *'zulip-create-user: User already exists.' ]]
  for n in 1 2; do
    { create two@example.com >"$BATS_TEST_TMPDIR/out$n" 2>"$BATS_TEST_TMPDIR/err$n" || :; } 3>&- &
    started+=("$!")
  done
  wait "${started[@]: -2}"
  [[ $(cat "$BATS_TEST_TMPDIR"/out?) == "Created user 'two@example.com' of 'alphaorg' (id "*')'. ]]
  [[ $(cat "$BATS_TEST_TMPDIR"/err?) == *'zulip-create-user: User already exists.' ]] # it may tell before that it waits
}

@test "the connection is lost before COMMIT: 1, nothing is written; in COMMIT: the server is asked" {
  start_proxy before
  DATABASE_URL=$proxied run -1 --separate-stderr create user@example.com
  [ "$stderr" = 'zulip-create-user: the connection broke during COMMIT; the server says that nothing was changed' ]
  start_proxy during
  DATABASE_URL=$proxied run -0 --separate-stderr create user@example.com
  [ "$stderr" = 'zulip-create-user: the connection broke during COMMIT; the server says that it took place' ]
  [ "$(users)" = $'owner@alphaorg.example\nuser@example.com' ]
}

@test "what is no name of a server does not become part of links and addresses" {
  for host in 'a b' 'https://chat.example.org' 'chat.example.org/' 'a"b' '.a' 'a:'; do
    refuses "'$host' is no name of a server, with a port or without" zulip-create-user --realm alphaorg user@example.com --external-host "$host"
  done
  create user@example.com --external-host localhost:9991 >/dev/null
}

# ---- many ----

@test "--from-records: each is created or exists already, in one transaction" {
  create known@example.com >/dev/null
  printf '{"email":"%s","full_name":"%s"}\n' one@example.com One KNOWN@example.com Known two@example.com Two ONE@example.com Again >"$BATS_TEST_TMPDIR/users"
  echo '{"email":"three@example.com"}' >>"$BATS_TEST_TMPDIR/users"
  run -0 --separate-stderr create --from-records - <"$BATS_TEST_TMPDIR/users"
  [ "$output" = "Created user 'one@example.com' of 'alphaorg' (id 10).
User 'KNOWN@example.com' exists already.
Created user 'two@example.com' of 'alphaorg' (id 11).
User 'ONE@example.com' exists already.
Created user 'three@example.com' of 'alphaorg' (id 12)." ]
  run -0 --separate-stderr create --from-records "$BATS_TEST_TMPDIR/users" --json
  [ "$(jq -c .status <<<"$output" | sort | uniq -c | tr -s ' ')" = ' 5 "exists"
 1 null' ]
  [ "$(jq -c '[.ok, .scanned, .changed]' <<<"${lines[5]}")" = '[true,5,0]' ]
}

@test "--from-records: what is refused is told with its number, and nobody is created" {
  has_argon2
  printf '{"email":"%s","full_name":"%s"}\n' one@example.com One two 'Two' three@example.com 'a*b' >"$BATS_TEST_TMPDIR/users"
  refuses 'Invalid email address. (record 2)
zulip-create-user: Invalid characters in name! (record 3)' zulip-create-user --realm alphaorg --from-records "$BATS_TEST_TMPDIR/users"
  printf '{"email":"%s","full_name":"%s","password":"%s"}\n' one@example.com One 'correct horse' two@example.com Two 12345 three Three '' \
    four@example.com Four password123 five Five 'correct horse' six@example.com 'a*b' 'correct horse' >"$BATS_TEST_TMPDIR/users"
  refuses 'The password is too short. (record 2)
zulip-create-user: The password is too short. (record 3)
zulip-create-user: The password is too weak. (record 4)
zulip-create-user: Invalid email address. (record 5)
zulip-create-user: Invalid characters in name! (record 6)' zulip-create-user --realm alphaorg --from-records "$BATS_TEST_TMPDIR/users"
  printf '{"email":"%s@example.com","password":"%s"}\n' one 'correct horse' two 12345 three password123 >"$BATS_TEST_TMPDIR/users"
  run -1 --separate-stderr create --from-records "$BATS_TEST_TMPDIR/users" --json
  [ "$(jq -c '[.email, .status, .error.code, .ok, .changed]' <<<"$output")" = '["two@example.com","error","weak_password",null,null]
["three@example.com","error","weak_password",null,null]
[null,null,null,false,0]' ]
  [ "$(users)" = owner@alphaorg.example ]
}

@test "--from-records: a field that only a step may set does not come from outside" {
  echo '{"email":"one@example.com","user_id":8,"role":100,"kind":"internal","status":"exists","realm_id":1,"message_id":1,"line":3}' >"$BATS_TEST_TMPDIR/users"
  create --from-records "$BATS_TEST_TMPDIR/users" >/dev/null
  [ "$(sql 'select role, realm_id from zerver_userprofile where id = 9')" = '400|2' ]
  for field in hash api_key unusable confirmation_key; do
    echo '{"email":"two@example.com","'$field'":"x"}' >"$BATS_TEST_TMPDIR/users"
    refuses "<stdin>:1: already has a field '$field'" zulip-create-user --realm alphaorg --from-records "$BATS_TEST_TMPDIR/users"
  done
}

@test "--from-records: input that is cut short creates nobody; options for one user are wrong with it" {
  printf '{"email":"one@example.com"}\n{"email":"two' >"$BATS_TEST_TMPDIR/users"
  run -1 --separate-stderr create --from-records "$BATS_TEST_TMPDIR/users"
  run -1 --separate-stderr create --from-records /no/such/file
  [ "$(users)" = owner@alphaorg.example ]
  run -2 --separate-stderr create --from-records - x@example.com
  [[ $stderr == *'argument --from-records: not allowed with an address, a name or a password' ]]
}

@test "--dry-run and --json: as for one that is made, and nothing is written" {
  before=$(zulip_rows)
  run -0 --separate-stderr create user@example.com --dry-run
  [ "$output" = "User 'user@example.com' of 'alphaorg' would be created.

Dry run complete. No changes made." ]
  [ "$(zulip_rows)" = "$before" ]
  run -1 --separate-stderr create OWNER@alphaorg.example --json
  [ "$(jq -c '[.status, .error.code]' <<<"${lines[0]}")" = '["error","exists"]' ]
}

@test "a secret's file that can't be read: refused, since the mail would be lost unseen" {
  type -P rc-amqp-put >/dev/null || skip 'built without librabbitmq'
  why="can not be read, which may have RabbitMQ's password; an empty AMQP_URL does without"
  SECRETS_rabbitmq_password_FILE=/no/such/file refuses "SECRETS_rabbitmq_password_FILE: /no/such/file $why" \
    zulip-create-user --realm alphaorg user@example.com
  ZULIP_SECRETS=$BATS_TEST_TMPDIR refuses "$BATS_TEST_TMPDIR $why" zulip-create-user --realm alphaorg user@example.com
  AMQP_URL='' ZULIP_SECRETS=$BATS_TEST_TMPDIR create user@example.com >/dev/null
}
