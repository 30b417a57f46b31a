# long: whole imports
load helper

setup() {
  # shellcheck disable=SC2034 # the helper uses it
  started=()
  export AVATAR_SALT=salt
  cd "$BATS_TEST_TMPDIR" || return
  mkdir uploads
}

teardown() {
  end_started
}

import_it() { zulip-import "$1" "$2" --uploads-folder uploads "${@:3}"; }
files() { find uploads -mindepth 1 | sort; }

# An export in the folder `export`: an owner (8), a member (9), and something of what leads elsewhere in more than a column.
make_export() {
  new_alphaorg
  zulip-create-user --realm alphaorg bob@example.com Bob >/dev/null
  mkdir -p from/files/2/ab from/avatars/2/emoji/images from/avatars/2/realm
  echo text >from/files/2/ab/ä.txt
  local hash
  hash=$(printf 9:3:salt | sha256sum | cut -c 1-40)
  echo picture >"from/avatars/2/$hash.png"
  echo whole >"from/avatars/2/$hash.original"
  echo e | tee from/avatars/2/emoji/images/e.png >from/avatars/2/emoji/images/e.png.original
  echo i >from/avatars/2/realm/icon.png
  sql "update zerver_userprofile set avatar_source = 'U', avatar_version = 3, last_active_message_id = 9 where id = 9;
    insert into zerver_realmemoji (id, name, file_name, deactivated, is_animated, realm_id, author_id) values (40, 'e', 'e.png', false, false, 2, 8);
    insert into zerver_attachment select (jsonb_populate_record(null::zerver_attachment, '{\"id\":5,\"file_name\":\"ä.txt\",\"path_id\":\"2/ab/ä.txt\",\"size\":5,\"owner_id\":9,
      \"realm_id\":2,\"is_realm_public\":true,\"is_web_public\":false,\"create_time\":\"2026-01-01T00:00:00Z\"}')).*;
    insert into zerver_attachment_messages (attachment_id, message_id) values (5, 9);
    update zerver_message set has_attachment = true, content = '[a](/user_uploads/2/ab/ä.txt) @**Bob**',
      rendered_content = '<p><a href=\"/user_uploads/2/ab/ä.txt\">a</a> <span class=\"user-mention\" data-user-id=\"9\">@Bob &quot;</span>'
        '<span class=\"user-mention\" data-user-id=\"*\">@all</span> <span class=\"user-group-mention\" data-user-group-id=\"13\">@x</span>'
        '<a class=\"stream\" data-stream-id=\"1\" href=\"/#narrow/channel/1-Zulip\">#Zulip</a> data-user-id=\"9\" <br>'
        '<img alt=\":e:\" class=\"emoji\" src=\"/user_avatars/2/emoji/images/e.png\" title=\"e\"></p>',
      edit_history = '[{\"user_id\":9,\"timestamp\":1,\"prev_content\":\"x\",\"prev_rendered_content\":\"<p><span class=\\\"user-mention\\\" data-user-id=\\\"8\\\">é</span></p>\"},{\"user_id\":null}]'
      where id = 9;
    insert into zerver_reaction (user_profile_id, message_id, emoji_name, emoji_code, reaction_type) values (9, 9, 'e', '40', 'realm_emoji');
    insert into zerver_customprofilefield select (jsonb_populate_record(null::zerver_customprofilefield, '{\"id\":70,\"name\":\"boss\",\"hint\":\"\",\"field_type\":6,\"order\":1,
      \"realm_id\":2,\"field_data\":\"\",\"display_in_profile_summary\":false,\"required\":false,\"editable_by_user\":true}')).*;
    insert into zerver_customprofilefieldvalue (id, user_profile_id, field_id, value) values (71, 8, 70, '[9,8]');
    insert into zerver_huddle (id, huddle_hash, group_size) values (30, 'old', 2);
    insert into zerver_recipient (id, type, type_id) values (300, 3, 30);
    update zerver_huddle set recipient_id = 300;
    insert into zerver_subscription (recipient_id, user_profile_id, active, is_user_active, is_muted, color, pin_to_top)
      select 300, id, true, true, false, '#c2c2c2', false from zerver_userprofile where id in (8, 9)"
  zulip-export --realm alphaorg --uploads-folder from --output export >/dev/null
  tar -xzf export.tar.gz
}

# The rows of an export with numbers as places in their tables, without what an import changes.
relative() { # FOLDER
  sql "select json_object_agg(t.relname || '.' || regexp_replace(case when t.relname = 'zerver_namedusergroup' and a.attname = 'realm_id' then 'realm_for_sharding'
      else a.attname end, '_id$', ''), replace(l.relname, 'zerver_namedusergroup', 'zerver_usergroup'))
    from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_class l on l.oid = k.confrelid join pg_attribute a on a.attrelid = t.oid and a.attnum = k.conkey[1]
    where k.contype = 'f' and t.relnamespace = 'zulip'::regnamespace" >leads
  jq -cS -n --slurpfile leads leads '
    (reduce inputs as $d ({}; reduce ($d | to_entries[] | select(.value | type == "array")) as $e (.; .[$e.key] += $e.value)))
    | .zerver_userprofile += .zerver_userprofile_mirrordummy | del(.zerver_userprofile_mirrordummy, .zerver_realmexport)
    | .zerver_realmauditlog |= map(select(.event_type != 204 and .event_type != 206 and .event_type != 229))
    | map_values(sort_by(.id)) as $all
    | ($all | map_values(to_entries | map({key: (.value.id | tostring), value: .key}) | from_entries)
      | .zerver_client = ($all.zerver_client | map({key: (.id | tostring), value: .name}) | from_entries)
      | .zerver_userprofile += ($all.zerver_userprofile_crossrealm | map({key: (.id | tostring), value: .email}) | from_entries)
      | .zerver_recipient += ($all.zerver_userprofile_crossrealm | map({key: (.recipient_id | tostring), value: .email}) | from_entries)) as $places
    | def place($table): if . == null then null else $places[$table][tostring] // "nowhere" end;
    def text: if . == null then null else gsub("data-(?<k>[a-z-]*)-id=(?<q>.?)\"[0-9]+"; "data-\(.k)-id=\"N") | gsub("/user_uploads/[0-9]+/[^)\"]*/"; "/user_uploads/N/")
      | gsub("/user_avatars/[0-9]+/"; "/user_avatars/N/") | gsub("narrow/channel/[0-9]+"; "narrow/channel/N") | gsub("\"user_id\":[0-9]+"; "\"user_id\":N") end;
    $all | to_entries[] | .key as $t | select($t != "zerver_client" and $t != "zerver_userprofile_crossrealm") | .value[]
    | . as $row | with_entries(.key as $k | .value |= (
        if $k == "id" then place(if $t == "zerver_namedusergroup" then "zerver_usergroup" else $t end)
        elif $leads[0]["\($t).\($k)"] then place($leads[0]["\($t).\($k)"])
        elif $k == "type_id" then place(["", "zerver_userprofile", "zerver_stream", "zerver_huddle"][$row.type])
        elif $k == "first_message_id" or $k == "last_active_message_id" then place("zerver_message")
        elif $k == "messages" then map(place("zerver_message"))
        elif $k == "scheduled_messages" then map(place("zerver_scheduledmessage"))
        elif $k == "emoji_code" and $row.reaction_type == "realm_emoji" then place("zerver_realmemoji")
        elif $t == "zerver_customprofilefieldvalue" and $k == "value" and startswith("[") then fromjson | map(place("zerver_userprofile"))
        elif $k == "path_id" then sub(".*/"; "")
        elif $k == "content" or $k == "rendered_content" or $k == "edit_history" then text
        else . end))
    | if $t == "zerver_realm" then del(.name, .string_id) elif $t == "zerver_userprofile" then del(.tos_version) elif $t == "zerver_service" then del(.token)
      elif $t == "zerver_huddle" then del(.huddle_hash) elif $t == "zerver_stream" then del(.is_recently_active, .first_message_id)
      elif $t == "zerver_subscription" then del(.is_user_active) else . end
    | [$t, .]' "$1"/{realm,attachment,analytics}.json "$1"/messages-*.json
}

# is_as_exported SUBDOMAIN FOLDER: what is exported of the organization again is what the folder has, but for what an import changes.
is_as_exported() {
  rm -rf again again.tar.gz*
  zulip-export --realm "$1" --uploads-folder uploads --output again >/dev/null
  tar -xzf again.tar.gz
  relative "$2" >first
  relative again >second
  [ "$(wc -l <first)" -gt 50 ]
  diff first second
  run ! grep -q nowhere first
  for kind in uploads avatars emoji realm_icons; do
    diff <(cd "$2/$kind" && find . -type f ! -name records.json -exec sha256sum {} + | cut -c 1-64 | sort) \
      <(cd "again/$kind" && find . -type f ! -name records.json -exec sha256sum {} + | cut -c 1-64 | sort)
  done
}

# ---- what is written ----

@test "an organization from another server: all rows, files and the numbers within texts" {
  make_export
  new_zulip_database
  zulip-create-realm First --string-id firstorg --email ann@example.org >/dev/null
  run -0 --separate-stderr import_it alphatwo export
  [ "$output" = "Processing dump: export ...
Imported organization 'alphatwo' (id 3): 2 user(s), 14 message(s), 6 file(s)." ] || { echo "$output"; false; }
  [[ $stderr == 'zulip-import: warning: no smaller pictures were made: 1 avatars have none of medium size, and 0 uploaded images no row of zerver_imageattachment' ]]
  is_as_exported alphatwo export
  [ "$(sql "select string_id, name, plan_type, deactivated from zerver_realm where id = 3")" = 'alphatwo|alphatwo|1|f' ]
  owner=$(sql "select id from zerver_userprofile where realm_id = 3 and role = 100")
  bob=$(sql "select id from zerver_userprofile where realm_id = 3 and role = 400")
  [ "$owner|$bob" = '9|10' ]
  path=$(sql 'select path_id from zerver_attachment')
  [[ $path =~ ^3/[0-9a-f]{1,2}/[A-Za-z0-9_-]{24}/ä.txt$ ]]
  [ "$(cat "uploads/files/$path")" = text ]
  channel=$(sql "select id from zerver_stream where realm_id = 3 and name = 'Zulip'")
  members=$(sql "select min(usergroup_ptr_id) + 4 from zerver_namedusergroup where realm_id = 3")
  [ "$(sql 'select content, rendered_content from zerver_message where has_attachment')" = "[a](/user_uploads/$path) @**Bob**|<p><a href=\"/user_uploads/$path\">a</a> <span class=\"user-mention\" data-user-id=\"$bob\">@Bob &quot;</span><span class=\"user-mention\" data-user-id=\"*\">@all</span> <span class=\"user-group-mention\" data-user-group-id=\"$members\">@x</span><a class=\"stream\" data-stream-id=\"$channel\" href=\"/#narrow/channel/$channel-Zulip\">#Zulip</a> data-user-id=\"9\" <br><img alt=\":e:\" class=\"emoji\" src=\"/user_avatars/3/emoji/images/e.png\" title=\"e\"></p>" ]
  [ "$(sql 'select edit_history from zerver_message where has_attachment')" = "[{\"user_id\":$bob,\"timestamp\":1,\"prev_content\":\"x\",\"prev_rendered_content\":\"<p><span class=\\\"user-mention\\\" data-user-id=\\\"$owner\\\">é</span></p>\"},{\"user_id\":null}]" ]
  [ "$(sql 'select value from zerver_customprofilefieldvalue')" = "[$bob,$owner]" ]
  [ "$(sql 'select huddle_hash from zerver_huddle')" = "$(printf '%s,%s' "$owner" "$bob" | sha1sum | cut -d ' ' -f 1)" ]
  [ "$(cat "uploads/avatars/3/$(printf '%s:3:salt' "$bob" | sha256sum | cut -c 1-40).png")" = picture ]
  [ "$(cat uploads/avatars/3/realm/icon.png uploads/avatars/3/emoji/images/e.png)" = $'i\ne' ]
  [ "$(sql "select count(*) from zerver_userprofile where realm_id = 3 and password ~ '^![0-9a-f]{40}$' and api_key ~ '^[0-9a-f]{32}$' and tos_version = '-1'")" = 2 ]
  [ "$(sql "select event_type, extra_data from zerver_realmauditlog where realm_id = 3 and event_type in (204, 229) order by id")" = \
    "204|{\"new_value\": 1, \"old_value\": 1}
229|{\"10\": {\"11\": {\"100\": 1, \"200\": 0, \"300\": 0, \"400\": 1, \"600\": 0}, \"12\": 0}}" ]
  [ "$(sql "select s.name from zerver_stream s where s.realm_id = 3 and first_message_id is distinct from (select min(id) from zerver_message m where m.recipient_id = s.recipient_id)")" = '' ]
  # the next row of each table has a number of its own
  zulip-create-user --realm alphatwo carol@example.org Carol >/dev/null
  # and the organization is here once
  run -1 --separate-stderr import_it alphathree export
  [ "$stderr" = "zulip-import: The organization of this export is here already: 'alphatwo' (id 3) has the same uuid." ]
}

@test "a tarball, on a server without an organization: the internal one is made with it" {
  make_export
  new_zulip_database
  mkdir temporary
  TMPDIR=$PWD/temporary import_it alphaorg export.tar.gz >/dev/null
  [ "$(ls temporary)" = '' ]
  is_as_exported alphaorg export
  [ "$(sql "select string_id from zerver_realm order by 1")" = $'alphaorg\nzulipinternal' ]
  [ "$(sql "select count(*) from zerver_userprofile where email like '%bot@zulip.com'")" = 6 ]
}

@test "the three exports of the sample beside its own organization, and the first on an empty server" {
  zulip_dump sample
  export AVATAR_SALT=0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9
  local facts=$RC_TEST_FOLDER/../../shared/facts name kind
  tar -xzf "$facts/zulip-sample-uploads.tar.gz" -C uploads
  for kind in '' -consent -public; do
    mkdir "sample$kind"
    tar -xzf "$facts/zulip-sample-export$kind.tar.gz" -C "sample$kind" --strip-components 1
    sql "update zerver_realm set uuid = gen_random_uuid() where id > 1"
    import_it "new$kind-org" "sample$kind" >/dev/null
    is_as_exported "new$kind-org" "sample$kind"
  done
  zulip_dump empty
  rm -r uploads
  mkdir uploads
  import_it sampleorg "$facts/zulip-sample-export.tar.gz" >/dev/null
  is_as_exported sampleorg sample
}

@test "a dry run does all of it and changes nothing, and --json prints the record" {
  new_zulip_database
  zulip_rows | sort >before
  run -0 --separate-stderr import_it otherorg sample --dry-run
  [[ $output == "Organization 'otherorg' would be imported from "*'No changes made.' ]]
  [ "$(zulip_rows | sort)" = "$(cat before)" ]
  run -0 --separate-stderr import_it otherorg sample --json
  [ "$(jq -c '[.status, .realm, .users, .messages]' <<<"${lines[0]}")" = '["imported","otherorg",1,13]' ]
  [ "$(files)" = '' ]
}

# ---- refusals ----

# A copy of the toolkit's own sample as an export in the folder `export`.
make_sample() {
  cp -r "$(rc_share)/zulip/sample" export
  cp "$(rc_share)/zulip/migration-status.json" export/migration_status.json
  for kind in uploads avatars emoji realm_icons; do mkdir "export/$kind" && echo '[]' >"export/$kind/records.json"; done
}
change() { jq "$1" "export/$2.json" >changed && mv changed "export/$2.json"; }

# refuses_import MESSAGE: 1 with that message, no row is another one, and no file is there.
refuses_import() {
  local before
  before=$(zulip_rows | sort)
  run -1 --separate-stderr import_it "${subdomain:-otherorg}" export
  [ "$stderr" = "zulip-import: $1" ] || { printf '%s\n' "$1" "$stderr" >&2; return 1; }
  [ "$(zulip_rows | sort)" = "$before" ]
  [ "$(files)" = '' ]
}

@test "what the original refuses is refused in its words" {
  new_zulip_database
  zulip-create-realm First --string-id firstorg --email ann@example.org >/dev/null
  make_sample
  while IFS='|' read -r subdomain message; do refuses_import "$message"; done <<'END'
firstorg|Subdomain is already in use. Please choose a different one.
a-|Subdomain cannot start or end with a '-'.
UP|Subdomain can only have lowercase letters, numbers, and '-'s.
ab|Subdomain needs to have length 3 or greater.
END
  subdomain=topics refuses_import $'Subdomain reserved. Please choose a different one.\nzulip-import: Pass --allow-reserved-subdomain to override subdomain restrictions.'
  refuses "Directory not found: 'nowhere'" zulip-import otherorg nowhere
  refuses 'You must have at least one process.' zulip-import otherorg export --processes 0
  change '.zulip_version = "10.3"' migration_status
  refuses_import 'The export is of another Zulip: it is of 10.3, and this server is of 11.0-dev+git. Bring both to the same version, and export again.'
  cp "$(rc_share)/zulip/migration-status.json" export/migration_status.json
  change '.migrations_by_app.zerver += ["[X] 0999_newer"]' migration_status
  run -1 --separate-stderr zulip-import otherorg export
  [ "${stderr_lines[0]}" = '-zerver [X] 0999_newer' ] || [ "${stderr_lines[1]}" = '-zerver [X] 0999_newer' ]
  for name in migration_status realm attachment; do
    rm -r export
    make_sample
    rm "export/$name.json"
    refuses_import "Missing $name.json file! The export is not whole, or of a Zulip that is too old."
  done
  zulip-import topics sample --allow-reserved-subdomain >/dev/null
}

@test "an export that is broken is refused, and the message names the row" {
  new_zulip_database
  zulip-create-realm First --string-id firstorg --email ann@example.org >/dev/null
  local file change message
  while IFS='|' read -r file change message; do
    rm -rf export
    make_sample
    change "$change" "$file"
    refuses_import "$message"
  done <<'END'
messages-000001|.zerver_message[3].sender = 77|the row 4 of zerver_message leads to a row that is not in the export: sender 77 of zerver_userprofile
realm|.zerver_userprofile[0].bot_owner = 3000000000|the row 8 of zerver_userprofile leads to a row that is not in the export: bot_owner 3000000000 of zerver_userprofile
realm|.zerver_recipient[0].type_id = 99|the row 8 of zerver_recipient leads to a row that is not in the export: type_id 99 of zerver_stream
realm|.zerver_userprofile[1] = .zerver_userprofile[0] + {"id": 9, "email": "b@x.org", "delivery_email": "OWNER@sample.example"}|the users 8 and 9 have one delivery_email: OWNER@sample.example
realm|.zerver_userprofile[0].email = "none"|the email of the user 8 is no address: none
realm|.zerver_stream += [.zerver_stream[0]]|zerver_stream has two rows with the id 1
realm|del(.zerver_stream[1].name)|the row 2 of zerver_stream has no field name
realm|.zerver_stream[1].color = "x"|the row 2 of zerver_stream has a field color, which is no column here
realm|del(.zerver_reaction)|the export has no table zerver_reaction
realm|.zerver_new = [{"id": 1}]|the export has a table zerver_new, which is not known
realm|.zerver_realm = []|the export has 0 organizations, not one
messages-000001|.zerver_message[0].rendered_content = null|the row 1 of zerver_message has no rendered_content, which this command can not make
messages-000001|.zerver_message[0].edit_history = "[{\"user_id\":77}]"|the row 1 of zerver_message leads to a row that is not in the export: edit_history has the user 77
realm|.zerver_reaction[0] += {"reaction_type": "realm_emoji", "emoji_code": "4"}|the row 1 of zerver_reaction leads to an emoji that is not in the export: 4 wave
uploads/records|[{"path": "../x"}]|uploads: a file's name leads out of its folder: ../x
uploads/records|[{"path": "2/x"}]|uploads: no row of zerver_attachment is of the file 2/x
END
  # a document that ends too early, a link, and a tarball that is cut
  rm -rf export
  make_sample
  truncate -s -20 export/messages-000001.json
  run -1 --separate-stderr zulip-import otherorg export
  [[ $stderr == *messages-000001.json* ]]
  [ "$(sql "select count(*) from zerver_realm")" = 2 ]
  ln -s /etc/passwd export/uploads/x
  refuses_import "$PWD/export/uploads/x is neither a file nor a folder."
  rm export/uploads/x
  tar -czf whole.tar.gz export
  head -c 3000 whole.tar.gz >cut.tar.gz
  mkdir temporary
  TMPDIR=$PWD/temporary run -1 --separate-stderr zulip-import otherorg cut.tar.gz
  [ "${stderr_lines[-1]}" = 'zulip-import: cut.tar.gz is no folder of an export, and no whole tarball of one.' ]
  [ "$(ls temporary)" = '' ]
}

@test "a failure in the middle takes rows and files away, and so does the next import after a kill" {
  make_export
  new_zulip_database
  zulip_rows | sort >before
  rm export/uploads/2/ab/ä.txt
  run -1 --separate-stderr import_it alphatwo export
  [ "${stderr_lines[-1]}" = 'zulip-import: A file that the export names is not in it.' ]
  echo text >export/uploads/2/ab/ä.txt
  realm=$(sql "select last_value + 1 from $(sql "select pg_get_serial_sequence('zerver_realm', 'id')")")
  mkdir -p "uploads/files/$realm"
  echo theirs >"uploads/files/$realm/file"
  run -1 --separate-stderr import_it alphatwo export
  [ "${stderr_lines[-1]}" = "zulip-import: uploads/files/$realm is there already." ]
  [ "$(cat "uploads/files/$realm/file")" = theirs ]
  rm -r uploads/files
  [ "$(files)" = '' ] || [ "$(files)" = uploads/avatars ]
  sql "create function keep_out() returns trigger language plpgsql as 'begin return null; end';
    create trigger keep_out before insert on zerver_reaction for each row execute function keep_out()"
  run -1 --separate-stderr import_it alphatwo export
  [[ $stderr == *'the database kept rows of zerver_reaction out'* ]]
  sql 'drop trigger keep_out on zerver_reaction'
  [ "$(zulip_rows | sort)" = "$(cat before)" ]
  [ "$(files)" = '' ] || [ "$(files)" = $'uploads/avatars\nuploads/files' ]
  hold 'lock table zerver_reaction'
  start zulip-import alphatwo "$PWD/export" --uploads-folder "$PWD/uploads"
  wait_until_blocked
  kill -KILL -- "-$group"
  wait "$runner" || :
  tell_holder rollback
  wait_until_session_gone
  [ "$(zulip_rows | sort)" = "$(cat before)" ]
  import_it alphatwo export >/dev/null
  [ "$(ls -A uploads)" = $'avatars\nfiles' ]
  [ "$(find uploads -mindepth 2 -maxdepth 2 | wc -l)" = 2 ]
  is_as_exported alphatwo export
}
