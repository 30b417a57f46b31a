# import.bash - an export is read, and its files are copied; zulip-import sources it

# What runs before and after the records of both transactions: the first makes numbers and is rolled back.
# shellcheck disable=SC2034 # the page uses them
import_before=()
for name in version context import-staging import-columns import-{ids,attached}-table import-{html,paths,history,sha1,insert}-function; do
  import_before+=(--before "$name.sql")
done
# shellcheck disable=SC2034
import_plan=(import-index.sql import-analyze.sql import-mirrordummy.sql import-check-realm.sql realm-check.sql
  import-check-uuid.sql import-check-rows.sql import-check-files.sql import-reserve.sql)
# shellcheck disable=SC2034
import_steps=(realm-check.sql "${zulip_realm[@]}" realm-complete.sql
  import-index.sql import-analyze.sql import-check-tables.sql import-check-realm.sql import-mirrordummy.sql
  import-check-rows.sql import-clients.sql import-ids-known.sql import-ids.sql import-ids-analyze.sql
  import-check-users.sql import-change-counts.sql import-check-references.sql import-check-history.sql import-check-messages.sql import-check-emoji.sql
  import-change-realm.sql import-change-users.sql import-change-services.sql import-change-streams.sql import-change-subscriptions.sql
  import-change-huddles.sql import-change-recipients.sql import-change-profile-values.sql import-change-emoji.sql
  import-attached.sql import-change-messages.sql import-change-attachments.sql import-insert.sql import-insert-links.sql
  import-insert-scheduled-links.sql import-audit.sql import-result.sql)

# The folder of the export, into $folder; `sample` is that of the toolkit, and a tarball is unpacked, and $unpacked is the folder that goes again.
import_open() { # EXPORT
  local name strange
  folder=$1
  if [[ $1 == sample && ! -e $1 ]]; then
    folder=$work/sample
    cp -r -- "$rc_share/zulip/sample" "$folder"
    cp -- "$rc_share/zulip/migration-status.json" "$folder/migration_status.json"
    for name in uploads avatars emoji realm_icons; do mkdir -- "$folder/$name" && echo '[]' >"$folder/$name/records.json"; done
  fi
  [[ -e $folder ]] || rc_fail "Directory not found: '$1'"
  if [[ ! -d $folder ]]; then
    unpacked=$(mktemp -d "${TMPDIR:-/tmp}/zulip-import.XXXXXXXX")
    tar --extract --file "$1" --no-same-owner --directory "$unpacked" || rc_fail "$1 is no folder of an export, and no whole tarball of one."
    folder=$(find "$unpacked" -mindepth 2 -maxdepth 2 -name realm.json -printf '%h\n' -quit)
    folder=${folder:-$unpacked}
  fi
  folder=$(readlink -f -- "$folder")
  for name in migration_status realm attachment; do
    [[ -e $folder/$name.json ]] || rc_fail "Missing $name.json file! The export is not whole, or of a Zulip that is too old."
  done
  for name in uploads avatars emoji realm_icons; do
    [[ -e $folder/$name/records.json ]] || rc_fail "Missing $name/records.json file! The export is not whole."
  done
  strange=$(find "$folder" ! -type f ! -type d -print -quit)
  [[ ! $strange ]] || rc_fail "$strange is neither a file nor a folder."
}

# The export must be of the Zulip that the database is of, which version.sql looks at: of its release, with the same migrations.
import_check_version() {
  local file=$folder/migration_status.json here=$rc_share/zulip/migration-status.json
  # shellcheck disable=SC2016 # it is jq's
  local list='.migrations_by_app | to_entries[] | .key as $app | .value[] | "\($app) \(sub(" \\([0-9]+ squashed migrations\\)$"; ""))"'
  { jq -r "$list" "$file" >"$work/migrations" && jq -r .zulip_version "$file" >"$work/version"; } || rc_fail "$file can not be read."
  jq -r "$list" "$here" | sort >"$work/migrations-here"
  sort -o "$work/migrations" "$work/migrations"
  local theirs ours
  theirs=$(<"$work/version") ours=$(jq -r .zulip_version "$here")
  if [[ ${theirs%%.*} != "${ours%%.*}" ]] || ! cmp -s "$work/migrations" "$work/migrations-here"; then
    diff -U0 --label export --label server "$work/migrations" "$work/migrations-here" | tail -n +3 >&2 || true
    rc_fail "The export is of another Zulip: it is of $theirs, and this server is of $ours. Bring both to the same version, and export again."
  fi
}

# What holds for all rows: $work/asked for the transaction that makes numbers, and $work/context for the one that makes rows, which
# also has the internal realm, that is made on a server without any.
import_context() {
  local reserved landing_page allow_reserved
  zulip_subdomain_rule
  local fields=("versions:=$(<"$rc_share/zulip/versions.json")" "reserved=$reserved" "subdomain=$opt_subdomain")
  import_asked=("${fields[@]}" kind=organization "name=$opt_subdomain" "string_id=$opt_subdomain" "landing_page:=$landing_page"
    "allow_reserved:=$allow_reserved")
  rc-record-make "${import_asked[@]}" >"$work/asked"
  rc-record-make "${fields[@]}" kind=internal 'name=System bot realm' string_id=zulipinternal | zulip_realm_keys >"$work/context"
}
import_check_subdomain() {
  rc-db-apply --dry-run --output "$work/records" --with "$work/asked" --before version.sql --before context.sql realm-check.sql "$work/asked"
}

# The names of pictures hang on the server's secret.
import_salt() {
  if ! jq -e 'length > 0' "$folder/avatars/records.json" >/dev/null; then return; fi
  rc_has_secret AVATAR_SALT ||
    rc_fail 'AVATAR_SALT is not set: without it the files of the avatars can not be named. It is avatar_salt in zulip-secrets.conf.'
  rc-record-make "${import_asked[@]}" salt@AVATAR_SALT >"$work/asked"
}

# The rows that have to do with files, and the files.
import_begin() {
  local name
  for name in realm attachment; do
    rc-record-split -- "$folder/$name.json" |
      grep -E '^\{"name":"zerver_(realm|userprofile|userprofile_mirrordummy|realmemoji|attachment)",' || [[ $? == 1 ]] || return
  done
  for name in uploads avatars emoji realm_icons; do
    { printf '{"%s":' "$name" && cat -- "$folder/$name/records.json" && echo '}'; } | rc-record-split || return
  done
}

# All rows of all documents; an export of few messages has none of them.
import_documents() {
  local file
  for file in "$folder"/{realm,attachment,analytics}.json "$folder"/messages-*.json; do
    if [[ -e $file ]]; then rc-record-split -- "$file" || return; fi
  done
}

# Where each file comes from and goes to: $work/files has both of each, as jq's arguments say where they begin; all are there.
import_list_files() {
  jq -rj --arg from "$folder/" --arg to "$1" 'select(.name == "file") | .element | $from + .from, "\u0000", $to + .to, "\u0000"' \
    "$work/reserved" >"$work/files"
}
import_look_at_files() {
  jq -rj --arg from "$folder/" 'select(.name == "file") | $from + .element.from + "\u0000"' "$work/reserved" |
    xargs -r -0 stat --format '' -- >/dev/null || rc_fail 'A file that the export names is not in it.'
  [[ -d $opt_uploads_folder ]] || ! grep -q -m 1 '"name":"file"' "$work/reserved" ||
    rc_fail "There is no folder $opt_uploads_folder, where the files should go; --uploads-folder names another one."
}

# Which database this is, so that nobody else's files are taken for ours.
import_database() { rc-record-make | rc-db-rows import-there.sql | rc-say '{database}'; }

# What a killed import into this database has left behind: files of an organization that is not there.
import_heal() { # DATABASE
  local old target lock
  for old in "$opt_uploads_folder"/.zulip-import.*; do
    [[ -e $old/database && $(<"$old/database") == "$1" ]] || continue
    exec {lock}<"$old/database"
    if flock -n "$lock"; then
      while IFS= read -r target; do
        [[ $target =~ ^(files|avatars)/[0-9]+$ ]] || continue
        if [[ $(rc-record-make "realm_id:=${target##*/}" | rc-db-rows import-there.sql | rc-say '{there}') == false ]]; then
          rm -rf -- "${opt_uploads_folder:?}/$target"
        fi
      done < <(cat -- "$old/placed" 2>/dev/null)
      rm -rf -- "$old"
    fi
    exec {lock}<&-
  done
}

# Copies all files beside their places, and when they are on the disk gives them these. They are of the one who has the folder.
import_files() {
  local target lock database
  if ! grep -q -m 1 '"name":"file"' "$work/reserved"; then return; fi
  database=$(import_database)
  import_heal "$database"
  staged=$(mktemp -d "$opt_uploads_folder/.zulip-import.XXXXXXXX")
  printf '%s\n' "$database" >"$staged/new"
  exec {lock}<"$staged/new"
  flock "$lock"
  mv -- "$staged/new" "$staged/database"
  import_list_files "$staged/"
  (umask 022 && jq -rj --arg to "$staged/" 'select(.name == "file") | $to + (.element.to | sub("/[^/]*$"; "")) + "\u0000"' "$work/reserved" |
    LC_ALL=C sort -zu | xargs -r -0 mkdir -p --)
  xargs -r -0 -n 2 -P "$processes" cp -T --preserve=mode,timestamps -- <"$work/files" || rc_fail 'The files of the export could not be copied.'
  if ((EUID == 0)); then chown -R --reference="$opt_uploads_folder" -- "$staged"; fi
  find "$staged" -mindepth 2 -maxdepth 2 -printf '%P\n' >"$work/placed"
  while IFS= read -r target; do # before they are noted as ours, which import_heal may delete
    [[ ! -e $opt_uploads_folder/$target ]] || rc_fail "$opt_uploads_folder/$target is there already."
  done <"$work/placed"
  cp -- "$work/placed" "$staged/placed"
  sync -f -- "$staged"
  while IFS= read -r target; do
    (umask 022 && mkdir -p -- "$opt_uploads_folder/${target%/*}")
    placed+=("$opt_uploads_folder/$target")
    mv -T -- "$staged/$target" "$opt_uploads_folder/$target"
  done <"$work/placed"
  sync -f -- "$opt_uploads_folder"
}

# Of an import that failed no file is left, unless it is not known whether the database has its rows.
import_undo() {
  if ! grep -sqF '"code":"commit_unknown"' "$work/records" && ((${#placed[@]})); then rm -rf -- "${placed[@]}"; fi
  import_tidy
}
import_tidy() {
  [[ ! $staged ]] || rm -rf -- "$staged"
  [[ ! $unpacked ]] || rm -rf -- "$unpacked"
}

# No picture is made from another one, which is told.
import_tell_pictures() {
  local avatars images
  avatars=$(jq -r 'select(.name == "file") | .element.to | select(test("^avatars/[0-9]+/[0-9a-f]{40}\\.png$"))' "$work/reserved" | wc -l)
  images=$(jq -r 'select(.name == "file") | .element.to | select(test("^files/.*\\.(avif|gif|heic|jpe?g|png|tiff?|webp)$"; "i"))' "$work/reserved" | wc -l)
  if ((avatars + images)); then
    rc_warn "no smaller pictures were made: $avatars avatars have none of medium size, and $images uploaded images no row of zerver_imageattachment"
  fi
}
