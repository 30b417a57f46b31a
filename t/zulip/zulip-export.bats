# long: whole exports
load helper

usage='usage: zulip-export --realm REALM [--output DIR] [--threads N] [--public-only | --export-full-with-consent] [--force] [--dry-run]'

setup() {
  new_alphaorg
  # shellcheck disable=SC2034 # the helper uses it
  started=()
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
  end_started
}

export_it() { zulip-export --realm alphaorg --output "$BATS_TEST_TMPDIR/out" "$@"; }
unpacked() { rm -rf out && tar -xzf out.tar.gz && rm out.tar.gz*; }
exports() { sql 'select type, status, sha256sum_hex is not null from zerver_realmexport order by id'; }
left() { find "$BATS_TEST_TMPDIR" -mindepth 1 -maxdepth 1 \( -name 'out*' -o -name '.zulip*' \); }
ids() { jq -c "[.$1[].id]" "$2"; }

# An organization with an owner (8), a member (9) and so many more messages in a channel.
make_small() { # [MESSAGES]
  zulip-create-user --realm alphaorg bob@example.com Bob >/dev/null
  sql "insert into zerver_message select (jsonb_populate_record(m, jsonb_build_object('id', 1000 + n, 'sender_id', 9))).*
    from zerver_message m, generate_series(1, ${1:-0}) n where m.id = 9"
}

# ---- what is written ----

@test "an organization: each document, its tables in order, their rows by id, and the counts" {
  make_small
  run -0 --separate-stderr export_it
  [ "$stderr" = '' ]
  [ "${lines[0]}" = 'Exporting realm: alphaorg' ]
  [ "${lines[1]}" = "Tarball written to $BATS_TEST_TMPDIR/out.tar.gz" ]
  [ "${lines[3]}" = "SHA-256 checksum is $(sha256sum <out.tar.gz | cut -d ' ' -f 1)" ]
  [ "$(stat -c %a out.tar.gz)" = 600 ]
  [ "$(sql 'select sha256sum_hex, tarball_size_bytes from zerver_realmexport')" = "$(sha256sum <out.tar.gz | cut -d ' ' -f 1)|$(stat -c %s out.tar.gz)" ]
  [ "$(sql 'select extra_data from zerver_realmauditlog where event_type = 206')" = '{"realm_export_id": 1}' ]
  [ "$(left | sort)" = "$(printf '%s\n' "$BATS_TEST_TMPDIR"/out.tar.gz{,.manifest,.provenance})" ]
  run -0 rc-provenance --check out.tar.gz
  unpacked
  [ "$(cd out && ls)" = 'analytics.json
attachment.json
avatars
emoji
messages-000001.json
migration_status.json
realm.json
realm_icons
stats.json
uploads' ]
  [ "$(jq -r 'keys_unsorted | length, .[0], .[39]' out/realm.json)" = $'40\nzerver_realm\nzerver_client' ]
  [ "$(jq -r 'to_entries[] | select((.value | map(.id)) != (.value | map(.id) | sort)) | .key' out/*.json 2>/dev/null)" = '' ]
  [ "$(ids zerver_userprofile out/realm.json)" = '[8,9]' ]
  [ "$(jq -c '[.zerver_userprofile_crossrealm[].email]' out/realm.json)" = '["emailgateway@zulip.com","notification-bot@zulip.com","welcome-bot@zulip.com"]' ]
  [ "$(jq -c '.zerver_realmexport[0] | [.type, .status]' out/realm.json)" = '[3,2]' ]
  [ "$(ids zerver_message out/messages-000001.json)" = "$(sql 'select json_agg(id order by id) from zerver_message' | tr -d ' ')" ]
  [ "$(jq .realm.zerver_userprofile out/stats.json)" = 2 ]
  [ "$(sql 'select stats from zerver_realmexport' | jq -S .)" = "$(jq -S . out/stats.json)" ]
  # no secret of a user is in it, and a time is a number with a point
  run ! grep -qE '"(password|api_key)"' out/realm.json
  grep -qE '"date_created":[0-9]+\.[0-9]+,' out/realm.json
}

@test "every table that the original exports has its keys in their order" {
  fields=$RC_TEST_FOLDER/../../shared/facts/zulip-export-fields.ndjson
  [ -e "$fields" ] || skip 'no facts beside the checkout'
  make_small
  export_it >/dev/null
  unpacked
  jq -c 'to_entries[] | select(.value | type == "array" and length > 0) | [.key, (.value[0] | keys_unsorted)]' \
    out/realm.json out/messages-000001.json | sort >found
  [ "$(wc -l <found)" -gt 20 ]
  jq -sc 'group_by(.table)[] | [.[0].table, map(.key)]' "$fields" | grep -Ff <(cut -d, -f 1 found | sed 's/$/,/') | sort >expected
  diff expected found
}

@test "more than a thousand messages: a file for each thousand, the same however many are written at a time" {
  make_small 1500
  export_it --threads 3 >/dev/null
  unpacked
  jq -s 'map(.zerver_message | length), (map(.zerver_message[].id) | . == unique)' out/messages-*.json >counts
  [ "$(jq -c . counts)" = "$(printf '[1000,%s]\ntrue' "$(sql 'select count(*) - 1000 from zerver_message')")" ]
  mv out three
  export_it --threads 1 >/dev/null
  unpacked
  cmp three/messages-000002.json out/messages-000002.json
  diff <(jq 'del(.zerver_realmexport, .zerver_realmauditlog)' three/realm.json) <(jq 'del(.zerver_realmexport, .zerver_realmauditlog)' out/realm.json)
}

@test "--export-full-with-consent: of who has not agreed no own settings, no private messages and no hidden address" {
  make_small
  sql "update zerver_userprofile set allow_private_data_export = true where id = 8;
    update zerver_userprofile set email_address_visibility = 4, email = 'user9@zulip.example.org', web_font_size_px = 33 where id = 9"
  export_it --export-full-with-consent >/dev/null
  unpacked
  [ "$(jq -c . out/consented_user_ids.json)" = '[8]' ]
  [ "$(ids zerver_userprofile out/realm.json)" = '[8]' ]
  [ "$(jq -c '.zerver_userprofile_mirrordummy[0] | [.id, .is_active, .is_mirror_dummy, .web_font_size_px]' out/realm.json)" = \
    "[9,false,true,$(sql 'select web_font_size_px from zerver_realmuserdefault where realm_id = 2')]" ]
  [[ $(jq -r '.zerver_userprofile_mirrordummy[0].delivery_email' out/realm.json) =~ ^exported-user-[0-9a-f]{32}@alphaorg.zulip.example.org$ ]]
  [ "$(jq -c '[.zerver_usermessage[].user_profile] | unique' out/messages-000001.json)" = '[8]' ]
  [ "$(jq '[.zerver_onboardingstep[].user] | unique == [8]' out/realm.json)" = true ]
}

@test "--public-only: public channels alone, and nobody's own things" {
  make_small
  sql "update zerver_stream set invite_only = true where name = 'sandbox'"
  export_it --public-only >/dev/null
  unpacked
  [ ! -e out/consented_user_ids.json ]
  [ "$(ids zerver_message out/messages-000001.json)" = "$(sql "select json_agg(m.id order by m.id) from zerver_message m join zerver_stream s on s.recipient_id = m.recipient_id where not s.invite_only" | tr -d ' ')" ]
  [ "$(jq -c '[.zerver_onboardingstep, .zerver_huddle]' out/realm.json)" = '[[],[]]' ]
  grep -q bob@example.com out/realm.json
}

@test "files: uploads, avatars, emoji and icons are in it with their records" {
  make_small
  mkdir -p uploads/files/2/ab uploads/avatars/2/emoji/images uploads/avatars/2/realm
  echo text >uploads/files/2/ab/ä.txt
  touch -d @1700000000 uploads/files/2/ab/ä.txt
  hash=$(printf 9:3:salt | sha256sum | cut -c 1-40)
  echo picture >"uploads/avatars/2/$hash.png"
  echo small >"uploads/avatars/2/$hash-medium.png"
  echo e >uploads/avatars/2/emoji/images/e.png
  cp uploads/avatars/2/emoji/images/e.png{,.original}
  echo i >uploads/avatars/2/realm/icon.png
  sql "update zerver_userprofile set avatar_source = 'U', avatar_version = 3 where id = 9;
    insert into zerver_realmemoji (name, file_name, deactivated, is_animated, realm_id, author_id) values ('e', 'e.png', false, false, 2, 8);
    insert into zerver_attachment select (jsonb_populate_record(null::zerver_attachment, '{\"id\":5,\"file_name\":\"ä.txt\",\"path_id\":\"2/ab/ä.txt\",\"size\":5,\"owner_id\":9,
      \"realm_id\":2,\"is_realm_public\":true,\"is_web_public\":false,\"create_time\":\"2026-01-01T00:00:00Z\"}')).*;
    insert into zerver_attachment_messages (attachment_id, message_id) values (5, 9)"
  refuses_export "AVATAR_SALT is not set: without it the files of the avatars can not be found. It is avatar_salt in zulip-secrets.conf." --uploads-folder uploads
  export AVATAR_SALT=salt
  export_it --uploads-folder uploads >/dev/null
  unpacked
  cmp uploads/files/2/ab/ä.txt out/uploads/2/ab/ä.txt
  [ "$(jq -c '.[0] | [.realm_id, .user_profile_id, .user_profile_email, .path, .size, .content_type]' out/uploads/records.json)" = '[2,9,"bob@example.com","2/ab/ä.txt",5,null]' ]
  grep -qF '"last_modified":1700000000.0,' out/uploads/records.json
  [ "$(jq -c 'map([.user_profile_id, .avatar_version, .path])' out/avatars/records.json)" = "[[9,3,\"2/$hash.png\"]]" ]
  [ "$(jq -c 'map([.author, .name, .path])' out/emoji/records.json)" = '[[8,"e","2/emoji/images/e.png"],[8,"e","2/emoji/images/e.png.original"]]' ]
  [ "$(jq -c . out/realm_icons/records.json)" = '[{"realm_id":2,"path":"2/icon.png","s3_path":"2/icon.png"}]' ]
  [ "$(jq -c '.zerver_attachment[0].messages' out/attachment.json)" = '[9]' ]
  # what a row names and is missing, or leads elsewhere
  rm -r out uploads/avatars/2/emoji/images/e.png
  run -1 --separate-stderr export_it --uploads-folder uploads
  [[ $stderr == *'2/emoji/images/e.png'*'zulip-export: The files of the emoji could not be copied.' ]]
  [ "$(left)" = '' ]
  sql "update zerver_attachment set path_id = '2/../../../secret'"
  refuses_export "uploads: a file's name leads out of its folder: 2/../../../secret" --uploads-folder uploads
  [ "$(exports | tail -n 1)" = '3|4|f' ]
}

# ---- refusals ----

# refuses_export MESSAGE [OPTION...]: 1 with that message, and no file is left.
refuses_export() {
  local message=$1
  shift
  run -1 --separate-stderr export_it "$@"
  [ "$stderr" = "zulip-export: $message" ] || { printf '%s\n' "$stderr" >&2; return 1; }
  [ "$(left)" = '' ]
}

@test "what the original refuses is refused in its words, and no export is noted" {
  make_small
  refuses_export 'You must have at least one thread.' --threads 0
  refuses_export "There is no realm with id 'nowhere'. Aborting." --realm nowhere
  message='The generated export will not be a usable organization! You can pass --force to skip this check.'
  refuses_export "$message" --export-full-with-consent
  sql 'update zerver_userprofile set email_address_visibility = 4'
  refuses_export "$message" --public-only
  run -2 --separate-stderr export_it --public-only --export-full-with-consent
  [ "$stderr" = "$usage
zulip-export: error: argument --public-only: not allowed with argument --export-full-with-consent" ]
  touch out.tar.gz
  run -1 --separate-stderr export_it
  [ "$stderr" = "zulip-export: Refusing to overwrite existing tarball: $BATS_TEST_TMPDIR/out.tar.gz. Aborting..." ]
  [ ! -s out.tar.gz ]
  rm out.tar.gz
  mkdir out
  touch out/file
  run -1 --separate-stderr export_it
  [ "$stderr" = "zulip-export: Refusing to overwrite nonempty directory: $BATS_TEST_TMPDIR/out. Aborting..." ]
  rm -r out
  sql "insert into django_migrations (app, name, applied) values ('zerver', '0723_newer', now())"
  run -1 --separate-stderr export_it
  [[ $stderr == 'zulip-export: The database is of another Zulip: '* ]]
  [ "$(exports)" = '' ]
  [ "$(left)" = '' ]
  sql "delete from django_migrations where name = '0723_newer'"
  export_it --public-only --force >/dev/null
}

@test "the database keeps a row of the export out: no tarball" {
  make_small
  sql "create function keep_out() returns trigger language plpgsql as 'begin return null; end';
    create trigger keep_out before insert on zerver_realmexport for each row execute function keep_out()"
  refuses_export 'The export was not noted: the database kept the row out (zerver_realmexport).'
  sql 'drop trigger keep_out on zerver_realmexport;
    create trigger keep_out before insert on zerver_realmauditlog for each row execute function keep_out()'
  refuses_export 'The export was not noted: the database kept a row out.'
  [ "$(exports)" = '3|4|f' ]
}

@test "TERM while it waits for a table: no file is left, and the row says that it failed" {
  make_small
  hold 'lock table zerver_reaction'
  start zulip-export --realm alphaorg --output "$BATS_TEST_TMPDIR/made"
  wait_until_blocked
  kill -TERM "$group"
  wait "$runner" || :
  until_group_gone
  tell_holder rollback
  [ "$(find "$BATS_TEST_TMPDIR" -name 'made*' -o -name '.zulip*')" = '' ]
  [ "$(exports)" = '3|4|f' ]
}

@test "--json prints the record and last a summary" {
  make_small
  run -0 --separate-stderr export_it --json
  [ "$(jq -c '[.status, .realm, .realm_id, .stats.realm.zerver_realm]' <<<"${lines[0]}")" = '["exported","alphaorg",2,1]' ]
  [ "$(jq -c '[.ok, .changed]' <<<"${lines[1]}")" = '[true,1]' ]
}

# ---- on the original's own database ----

@test "the three exports of the sample are the original's, row by row and file by file" {
  zulip_dump sample
  facts=$RC_TEST_FOLDER/../../shared/facts
  mkdir uploads
  tar -xzf "$facts/zulip-sample-uploads.tar.gz" -C uploads
  export AVATAR_SALT=0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9
  while read -r name mode option; do
    zulip-export --realm sampleorg --uploads-folder uploads --output "$name" $option >/dev/null
    run -0 python3 "$facts/zulip-diff-exports.py" "$facts/zulip-$name.tar.gz" "$name.tar.gz" --mode "$mode"
    [ "$output" = equal ]
  done <<'END'
sample-export full
sample-export-consent consent --export-full-with-consent
sample-export-public public --public-only
END
}
