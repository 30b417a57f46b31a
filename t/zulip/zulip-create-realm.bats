load helper

usage='usage: zulip-create-realm REALM_NAME [EMAIL] [FULL_NAME] [--email ADDRESS] [--full-name NAME] [--string-id SUBDOMAIN]'

setup() {
  new_zulip_database
  started=()
}

teardown() {
  end_started
}

password_fits() { # ADDRESS PASSWORD
  sql "select json_build_object('p', '$2', 'h', password) from zerver_userprofile where delivery_email = '$1'" |
    rc-password-hash --check --scheme argon2id --from p --to h >/dev/null
}

realms() { sql 'select string_id from zerver_realm order by id'; }

# ---- what is written ----

@test "the first organization of a server: every row of every table is the original's" {
  real_tree
  has_argon2
  echo '  correct horse battery  ' >"$BATS_TEST_TMPDIR/pw"
  rows_are realm-first zulip-create-realm 'Alpha Org' owner@alphaorg.example 'Ann Owner' --string-id alphaorg --password-file "$BATS_TEST_TMPDIR/pw"
  password_fits owner@alphaorg.example 'correct horse battery'
}

@test "a later organization: every row of every table is the original's" {
  real_tree
  has_argon2
  new_alphaorg
  rows_are realm zulip-create-realm 'Beta Org' --string-id betaorg --email Owner@betaorg.example --full-name 'Bob Owner' --password-file "$BATS_TEST_TMPDIR/pw"
}

@test "upstream's line works, also by rc-manage and with nothing in the environment; without a password none fits" {
  run -0 --separate-stderr zulip-create-realm 'My Organization' --string-id myorg --email admin@example.com
  [ "$output" = "Created organization 'myorg' (id 2) with the owner admin@example.com (id 8)." ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr rc-manage zulip create_realm 'Other' --string-id other --email admin@example.com
  [[ $(sql "select password from zerver_userprofile where full_name = 'admin' and realm_id = 2") =~ ^![A-Za-z0-9]{40}$ ]]
  run -0 --separate-stderr env -i PATH=/usr/bin:/bin DATABASE_URL="$DATABASE_URL" RC_EVENTS= SETTING_EXTERNAL_HOST=h.example \
    "$(command -v zulip-create-realm)" Third --string-id third --email b@example.com --full-name Ä
  [ "$(realms)" = $'zulipinternal\nmyorg\nother\nthird' ]
}

@test "no subdomain is the server's own name; its address is in the mails" {
  run -0 --separate-stderr zulip-create-realm Root --email admin@example.com
  [ "$(sql "select distinct data::json->'context'->>'realm_url' from zerver_scheduledemail")" = https://zulip.example.org ]
  refuses 'Subdomain is already in use. Please choose a different one.' zulip-create-realm Again --email admin@example.com
}

@test "the mails go out an hour before so many days are over as the week day says" {
  zulip-create-realm Root --email admin@example.com >/dev/null
  [ "$(sql "select count(*) from zerver_scheduledemail e, zerver_realm r where r.id = e.realm_id and abs(extract(epoch from
    e.scheduled_timestamp - r.date_created - interval '1 hour' * (24 * case when data like '%topics%' then (array[2, 2, 2, 4, 4, 2, 2])[extract(isodow from r.date_created)::int]
      else (array[8, 8, 8, 8, 10, 6, 8])[extract(isodow from r.date_created)::int] end - 1))) < 30")" = 2 ]
  # who has an account on the server already gets none
  zulip-create-realm Two --string-id two --email ADMIN@example.com >/dev/null
  [ "$(sql 'select count(*) from zerver_scheduledemail')" = 2 ]
}

@test "foreign keys hold, and all of it is one transaction" {
  zulip-create-realm One --string-id one --email a@example.com >/dev/null
  [ "$(sql "select count(distinct xmin::text) from (select xmin from zerver_realm where id = 2 union all select xmin from zerver_userprofile union all
    select xmin from zerver_message union all select xmin from zerver_realmauditlog) as t")" = 1 ]
}

@test "the texts of a folder go before ours, and the ids of channels are filled in" {
  mkdir "$BATS_TEST_TMPDIR/texts"
  echo 'Hello from {general}' >"$BATS_TEST_TMPDIR/texts/greetings-1.md"
  echo '<p>Hello from {general}</p>' >"$BATS_TEST_TMPDIR/texts/greetings-1.html"
  zulip-create-realm One --string-id one --email a@example.com --texts "$BATS_TEST_TMPDIR/texts" >/dev/null
  [ "$(sql "select content, rendered_content from zerver_message where subject = 'greetings' order by id limit 1")" = "Hello from 3|<p>Hello from 3</p>" ]
  [ "$(sql "select count(*) from zerver_message where rendered_content like '%{%' or content = '' or rendered_content = ''")" = 0 ]
}

@test "a folder of texts that is none, or where a text has no HTML beside it" {
  mkdir "$BATS_TEST_TMPDIR/texts"
  echo Hello >"$BATS_TEST_TMPDIR/texts/greetings-1.md"
  refuses "$BATS_TEST_TMPDIR/texts/greetings-1.md and $BATS_TEST_TMPDIR/texts/greetings-1.html belong together, and one of them is missing" \
    zulip-create-realm One --string-id one --email a@example.com --texts "$BATS_TEST_TMPDIR/texts"
  refuses '/no/such is no folder of texts' zulip-create-realm One --string-id one --email a@example.com --texts /no/such
  rm "$BATS_TEST_TMPDIR/texts/greetings-1.md"
  echo Owners >"$BATS_TEST_TMPDIR/texts/group-owners.md" # a description of a group is no HTML
  zulip-create-realm One --string-id one --email a@example.com --texts "$BATS_TEST_TMPDIR/texts" >/dev/null
  [ "$(sql "select description from zerver_namedusergroup where name = 'role:owners' and realm_id = 2")" = Owners ]
}

@test "--queue-events: the message for Zulip's worker is added to the file, compact and one a line" {
  echo old >"$BATS_TEST_TMPDIR/queue"
  zulip-create-realm One --string-id one --email a@example.com --queue-events "$BATS_TEST_TMPDIR/queue" >/dev/null
  [ "$(jq -c '[.queue, .event.template_prefix, .event.to_user_ids]' <(tail -n 1 "$BATS_TEST_TMPDIR/queue"))" = '["deferred_email_senders","zerver/emails/account_registered",[8]]' ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/queue")" = 2 ]
  refuses '/no/such/file can not be written' zulip-create-realm Two --string-id two --email a@example.com --queue-events /no/such/file
}

# ---- refusals ----

@test "each subdomain that is refused, with its text" {
  zulip-create-realm One --string-id one --email a@example.com >/dev/null
  local string_id message
  while IFS='|' read -r string_id message; do
    refuses "$message" zulip-create-realm X "--string-id=$(printf '%b' "$string_id")" --email a@example.com
  done <<'END'
-abc|Subdomain cannot start or end with a '-'.
abc-|Subdomain cannot start or end with a '-'.
Abc|Subdomain can only have lowercase letters, numbers, and '-'s.
a.bc|Subdomain can only have lowercase letters, numbers, and '-'s.
äbcd|Subdomain can only have lowercase letters, numbers, and '-'s.
ab|Subdomain needs to have length 3 or greater.
abcdefghijabcdefghijabcdefghijabcdefghij1|Subdomain can have 40 characters at most.
one|Subdomain is already in use. Please choose a different one.
zulipinternal|Subdomain is already in use. Please choose a different one.
topic|Subdomain reserved. Please choose a different one.
topics|Subdomain reserved. Please choose a different one.
ioss|Subdomain reserved. Please choose a different one.
www|Subdomain reserved. Please choose a different one.
END
  for string_id in $'abcd\n' $'\nabcd' 'ab cd' '-A'; do
    [ "$string_id" != -A ] || message="Subdomain cannot start or end with a '-'."
    [ "$string_id" = -A ] || message="Subdomain can only have lowercase letters, numbers, and '-'s."
    refuses "$message" zulip-create-realm X "--string-id=$string_id" --email a@example.com
  done
  zulip-create-realm Reserved --string-id topics --allow-reserved-subdomain --email a@example.com >/dev/null
  sql 'update zerver_realm set deactivated = true' # a deactivated one counts
  refuses 'Subdomain is already in use. Please choose a different one.' zulip-create-realm X --string-id one --email a@example.com
  SETTING_SOCIAL_AUTH_SUBDOMAIN=login-here refuses 'Subdomain reserved. Please choose a different one.' zulip-create-realm X --string-id login-here --email a@example.com
  SETTING_ROOT_DOMAIN_LANDING_PAGE=True refuses 'Subdomain is already in use. Please choose a different one.' zulip-create-realm X --email a@example.com
}

@test "the reserved words are the original's" {
  local facts=$RC_TEST_FOLDER/../../shared/facts/zulip-reserved-subdomains.txt
  [ -e "$facts" ] || skip 'no facts beside the checkout'
  diff <(sort -u "$facts") <(sort "$(rc_share)/zulip/reserved-subdomains")
}

@test "a subdomain of forty characters is one" {
  zulip-create-realm X --string-id abcdefghijabcdefghijabcdefghijabcdefghij --email a@example.com >/dev/null
}

@test "the subdomain is looked at before the address, the address before the names, and all before the password" {
  refuses "Subdomain can only have lowercase letters, numbers, and '-'s." zulip-create-realm X --string-id A_b --email nobody --full-name '*' --password-file /no/such/file
  refuses 'Invalid email address.' zulip-create-realm X --string-id abc --email nobody --full-name '*' --password-file /no/such/file
  refuses 'Invalid characters in name!' zulip-create-realm X --string-id abc --email a@example.com --full-name '*' --password-file /no/such/file
  refuses '/no/such/file can not be read' zulip-create-realm X --string-id abc --email a@example.com --password-file /no/such/file
}

@test "names that are too long, or nothing" {
  refuses 'The name of an organization can have 40 characters at most.' zulip-create-realm "$(printf 'ä%.0s' {1..41})" --string-id abc --email a@example.com
  refuses 'An organization needs a name.' zulip-create-realm ' ' --string-id abc --email a@example.com
  refuses 'An organization needs a name.' zulip-create-realm $'\u3000' --string-id abc --email a@example.com
  for name in $'a\nb' $'a\tb' $'a\u0085b' $'a\u2028b'; do # it becomes part of mails' subjects
    refuses 'The name of an organization is one line.' zulip-create-realm "$name" --string-id abc --email a@example.com
  done
  zulip-create-realm "$(printf 'ä%.0s' {1..40})" --string-id abc --email a@example.com >/dev/null
}

@test "a weak password: nothing is written, not even the organization" {
  has_argon2
  for password in 12345 password123 ''; do
    printf '%s' "$password" >"$BATS_TEST_TMPDIR/pw"
    case $password in password123) message='The password is too weak.' ;; *) message='The password is too short.' ;; esac
    refuses "$message" zulip-create-realm X --string-id abc --email a@example.com --password-file "$BATS_TEST_TMPDIR/pw"
  done
  printf 'correct\0horse' >"$BATS_TEST_TMPDIR/pw"
  refuses "$BATS_TEST_TMPDIR/pw: a password has no U+0000" zulip-create-realm X --string-id abc --email a@example.com --password-file "$BATS_TEST_TMPDIR/pw"
}

@test "no address and no terminal: refused; at a terminal it is asked for, unless --no-input" {
  refuses 'No email address: --email gives the owner one.' zulip-create-realm X --string-id abc
  run -2 --separate-stderr zulip-create-realm --string-id abc --email a@example.com
  [ "$stderr" = "$usage
zulip-create-realm: error: the following arguments are required: REALM_NAME" ]
  run -2 --separate-stderr zulip-create-realm X a@example.com --email b@example.com
  [ "$stderr" = "$usage
zulip-create-realm: error: two values for Email: 'b@example.com' and 'a@example.com'" ]
  run -1 script -qec 'zulip-create-realm X --string-id abc --no-input' /dev/null </dev/null
  printf 'a@example.com\nAnn Typed\n' | script -qec 'zulip-create-realm X --string-id abc --no-automated' /dev/null >"$BATS_TEST_TMPDIR/typed"
  [ "$(sql 'select delivery_email, full_name from zerver_userprofile where not is_bot')" = 'a@example.com|Ann Typed' ]
}

@test "the internal realm is half there: refused" {
  zulip-create-realm One --string-id one --email a@example.com >/dev/null
  sql "update zerver_userprofile set delivery_email = 'gone@zulip.com' where delivery_email = 'welcome-bot@zulip.com'"
  refuses 'The internal realm is not whole: there is no welcome-bot@zulip.com.' zulip-create-realm Two --string-id two --email a@example.com
  # or not there at all, beside another organization
  sql "update zerver_realm set string_id = 'gone' where string_id = 'zulipinternal'"
  refuses 'The internal realm is not whole: there is no emailgateway@zulip.com, nagios-receive-bot@zulip.com, nagios-send-bot@zulip.com, nagios-staging-receive-bot@zulip.com, nagios-staging-send-bot@zulip.com, notification-bot@zulip.com, welcome-bot@zulip.com.' \
    zulip-create-realm Two --string-id two --email a@example.com
}

@test "another version of Zulip is refused and both are named; --force writes all the same" {
  sql "insert into django_migrations (app, name, applied) values ('zerver', '0723_newer', now())"
  refuses 'The database is of another Zulip: there the last migration is zerver 0723_newer, but in 11.0-dev+git, which this command knows, it is zerver 0722_debat_time_between_round. With --force it is written all the same.' \
    zulip-create-realm One --string-id one --email a@example.com
  run -0 --separate-stderr zulip-create-realm One --string-id one --email a@example.com --force
  [ "$stderr" = 'zulip-create-realm: warning: whether this is a known version of Zulip is not looked at' ]
  sql "delete from django_migrations where app = 'zerver'"
  run -1 --separate-stderr zulip-create-realm Two --string-id two --email a@example.com
  [[ $stderr == *'the last migration is zerver none, but in'* ]]
}

@test "a row that the database keeps out is found, whatever its table; nothing is written" {
  local table
  sql "create function keep_out() returns trigger language plpgsql as 'begin return null; end'"
  for table in zerver_realm zerver_realmuserdefault zerver_usergroup zerver_namedusergroup zerver_groupgroupmembership zerver_realmauditlog \
    zerver_realmauthenticationmethod zerver_presencesequence zerver_client zerver_userprofile zerver_recipient zerver_subscription zerver_usergroupmembership \
    zerver_stream zerver_defaultstream zerver_message zerver_onboardingusermessage zerver_reaction zerver_usermessage confirmation_confirmation \
    zerver_scheduledemail zerver_scheduledemail_users zerver_onboardingstep; do
    sql "create trigger keep_out before insert on $table for each row execute function keep_out()"
    run -1 --separate-stderr zulip-create-realm One --string-id one --email a@example.com
    [[ $output == '' && ($stderr == *'the database kept the row out'* || $stderr == *'violates'*) ]] || { echo "$table: $stderr"; return 1; }
    [ "$(sql 'select count(*) from zerver_realm')" = 0 ]
    sql "drop trigger keep_out on $table"
  done
}

# ---- at once, and lost ----

@test "two at once for one subdomain: one makes it, the other is refused" {
  zulip-create-realm One --string-id one --email a@example.com >/dev/null
  hold "insert into zerver_client (name) values ('wait'); select pg_advisory_xact_lock(hashtext('zulip accounts'))"
  for n in 1 2; do
    { zulip-create-realm Two --string-id two --email "a$n@example.com" >"$BATS_TEST_TMPDIR/out$n" 2>"$BATS_TEST_TMPDIR/err$n" || echo "$?" >"$BATS_TEST_TMPDIR/code$n"; } 3>&- &
    started+=("$!")
  done
  wait_until_blocked 2
  tell_holder rollback
  wait "${started[@]:1}"
  [ "$(cat "$BATS_TEST_TMPDIR"/out?)" != '' ]
  [ "$(cat "$BATS_TEST_TMPDIR"/code?)" = 1 ]
  [[ $(cat "$BATS_TEST_TMPDIR"/err?) == *'zulip-create-realm: Subdomain is already in use. Please choose a different one.' ]] # it may tell before that it waits
  [ "$(realms)" = $'zulipinternal\none\ntwo' ]
}

@test "another program makes the same subdomain meanwhile: refused" {
  zulip-create-realm One --string-id one --email a@example.com >/dev/null
  hold "insert into zerver_realm select (jsonb_populate_record(r, '{\"id\":99,\"string_id\":\"two\",\"uuid\":\"00000000-0000-4000-8000-000000000000\"}')).* from zerver_realm r where string_id = 'one'"
  start zulip-create-realm Two --string-id two --email a@example.com
  wait_until_blocked
  tell_holder commit
  finish
  [ "$ended" = 'exit 1' ]
  [[ $(cat "$BATS_TEST_TMPDIR/err") == *'zulip-create-realm: Subdomain is already in use. Please choose a different one.' ]]
  [ "$(sql "select count(*) from zerver_userprofile where delivery_email = 'a@example.com'")" = 1 ]
}

@test "the connection is lost before COMMIT: 1, nothing is written; in COMMIT: the server is asked" {
  start_proxy before
  DATABASE_URL=$proxied run -1 --separate-stderr zulip-create-realm One --string-id one --email a@example.com
  [ "$stderr" = 'zulip-create-realm: the connection broke during COMMIT; the server says that nothing was changed' ]
  [ "$(realms)" = '' ]
  start_proxy during
  DATABASE_URL=$proxied run -0 --separate-stderr zulip-create-realm One --string-id one --email a@example.com
  [ "$stderr" = 'zulip-create-realm: the connection broke during COMMIT; the server says that it took place' ]
  [ "$output" = "Created organization 'one' (id 4) with the owner a@example.com (id 16)." ]
  [ "$(realms)" = $'zulipinternal\none' ]
}

@test "TERM at any moment: all of it or nothing" {
  local took
  took=$(milliseconds_of zulip-create-realm Zero --string-id zero --email a@example.com)
  random_rounds 4
  for n in "${rounds[@]}"; do
    start zulip-create-realm One --string-id "one-$n" --email a@example.com
    random_moment "$took"
    kill -TERM "$group" 2>/dev/null || :
    wait "$runner"
    until_group_gone
    wait_until_session_gone
    [ "$(sql "select (select count(*) from zerver_realm where string_id = 'one-$n') = (select count(*) from zerver_userprofile u join zerver_realm r
      on r.id = u.realm_id where string_id = 'one-$n')")" = t ]
  done
}

# ---- --dry-run, --json ----

@test "--dry-run says what would be and writes nothing, on an empty server too" {
  before=$(zulip_rows)
  run -0 --separate-stderr zulip-create-realm One --string-id one --email a@example.com --dry-run
  [ "$output" = "Organization 'one' would be created, with the owner a@example.com.

Dry run complete. No changes made." ]
  [ "$(zulip_rows)" = "$before" ]
}

@test "--json prints the record and last a summary, of a refusal too" {
  run -0 --separate-stderr zulip-create-realm One --string-id one --email a@example.com --json
  [ "$(jq -c '[.status, .realm, .realm_id, .user_id, .email, .full_name]' <<<"${lines[0]}")" = '["created","one",2,8,"a@example.com","a"]' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .errors]' <<<"${lines[1]}")" = '[true,1,1,0]' ]
  run -1 --separate-stderr zulip-create-realm One --string-id one --email a@example.com --json
  [ "$(jq -c '[.status, .error.code]' <<<"${lines[0]}")" = '["error","taken"]' ]
  [ "$(jq -c '[.ok, .changed, .errors]' <<<"${lines[1]}")" = '[false,0,1]' ]
}

@test "functions and operators of a writable schema are not taken for the server's" {
  sql "create function public.lower(varchar) returns text language sql as 'select ''evil''';
    create function public.evil_too(varchar, varchar) returns bool language plpgsql as 'begin raise exception ''evil''; end';
    create function public.evil(varchar, text) returns bool language plpgsql as 'begin raise exception ''evil''; end';
    create operator public.= (leftarg = varchar, rightarg = text, function = public.evil);
    create operator public.= (leftarg = varchar, rightarg = varchar, function = public.evil_too);
    create function public.evil(jsonb, jsonb) returns text language plpgsql as 'begin raise exception ''evil''; end';
    create operator public.->> (leftarg = jsonb, rightarg = jsonb, function = public.evil);
    create function public.evil(smallint, integer) returns bool language plpgsql as 'begin raise exception ''evil''; end'"
  zulip-create-realm One --string-id one --email a@example.com >/dev/null
}

@test "old roles whose strings are not standard, and whose search_path is another one, do as well" {
  sql "alter database $(sql 'select current_database()') set standard_conforming_strings = off;
    alter database $(sql 'select current_database()') reset search_path"
  run -0 --separate-stderr zulip-create-realm One --string-id one --email a@example.com
}

has_argon2() { rc-password-hash --scheme argon2id --min-guesses 1 --from a --to b </dev/null 2>/dev/null || skip 'built without libargon2 and zxcvbn'; }

# ---- on the original's own databases ----

@test "on a dump of the original without an organization every row is the original's: of the first one, of a later one, of a user" {
  real_tree
  has_argon2
  zulip_dump empty
  echo 'correct horse battery' >"$BATS_TEST_TMPDIR/pw"
  rows_are realm-first zulip-create-realm 'Alpha Org' owner@alphaorg.example 'Ann Owner' --string-id alphaorg --password-file "$BATS_TEST_TMPDIR/pw"
  move_numbers
  rows_are realm zulip-create-realm 'Beta Org' --string-id betaorg --email Owner@betaorg.example --full-name 'Bob Owner' --password-file "$BATS_TEST_TMPDIR/pw"
  move_numbers
  rows_are user zulip-create-user --realm betaorg Carl@BETA.example 'Carl Member' --password-file "$BATS_TEST_TMPDIR/pw"
}

@test "on a dump of the original with organizations every row is the original's, for a user of the new one too" {
  real_tree
  has_argon2
  zulip_dump sample
  local columns=$RC_TEST_FOLDER/../../shared/facts/zulip.columns.ndjson
  echo 'correct horse battery' >"$BATS_TEST_TMPDIR/pw"
  zulip_rows | sort >"$BATS_TEST_TMPDIR/before"
  zulip-create-realm 'Beta Org' Owner@betaorg.example 'Bob Owner' --string-id betaorg --password-file "$BATS_TEST_TMPDIR/pw"
  zulip_rows | sort >"$BATS_TEST_TMPDIR/after"
  zulip-create-user --realm betaorg Carl@BETA.example 'Carl Member' --password-file "$BATS_TEST_TMPDIR/pw"
  zulip_rows | sort >"$BATS_TEST_TMPDIR/last"
  [ "$(comm -23 "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/last")" = '' ]
  comm -13 "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" | zulip_masked >"$BATS_TEST_TMPDIR/realm"
  comm -13 "$BATS_TEST_TMPDIR/after" "$BATS_TEST_TMPDIR/last" | zulip_masked >"$BATS_TEST_TMPDIR/user"
  for name in realm user; do
    zulip_facts "$name" >"$BATS_TEST_TMPDIR/facts"
    diff <(zulip_relative "$columns" "$BATS_TEST_TMPDIR/facts") <(zulip_relative "$columns" "$BATS_TEST_TMPDIR/$name")
  done
}
