# export.bash - the files of an export; zulip-export sources it

# The values of the options: $threads, $target and $tarball in $parent, $host.
# shellcheck disable=SC2034 # the page uses them
export_options() {
  threads=$(($(nproc) / 2)) target=${opt_output:-${TMPDIR:-/tmp}/zulip-export-} parent=.
  ((threads > 0)) || threads=1
  [[ ! $opt_threads ]] || threads=$((10#$opt_threads))
  ((threads > 0)) || rc_fail 'You must have at least one thread.'
  [[ $opt_output ]] || printf -v target '%s%08x' "$target" "$SRANDOM"
  while [[ $target == ?*/ ]]; do target=${target%/}; done
  [[ $target != -* ]] || target=./$target
  [[ ${target##*/} != @(|.|..) ]] || rc_fail "$target can not be the name of a new folder."
  tarball=$target.tar.gz
  [[ $target != */* ]] || parent=${target%/*}/
  [[ ! -e $target || -d $target && ! $(find "$target" -mindepth 1 -print -quit) ]] ||
    rc_fail "Refusing to overwrite nonempty directory: $target. Aborting..."
  [[ ! -e $tarball && ! -L $tarball ]] || rc_fail "Refusing to overwrite existing tarball: $tarball. Aborting..."
  host=$opt_external_host
  if [[ ! $host ]]; then zulip_setting EXTERNAL_HOST; host=$REPLY; fi
  if [[ ! $host && $type != 3 ]]; then
    rc_warn 'hidden addresses are at localhost: the name of the server is in neither --external-host nor its settings (EXTERNAL_HOST)'
  fi
  host=${host:-localhost}
  zulip_check_host "$host"
}

# Nothing is left of an export that failed but its row, which says so. Where it is not known whether the database has noted the
# end of the export, the tarball stays.
export_undo() {
  local unknown=''
  if grep -sqF '"code":"commit_unknown"' "$work/records"; then unknown=yes; fi
  if [[ $folder && ! $unknown && $folder/tarball -ef $tarball ]]; then rm -f -- "$tarball"; fi
  [[ ! $folder ]] || rm -rf -- "$folder"
  if [[ $export_id && ! $unknown ]]; then rc-record-make "export_id:=$export_id" | rc-db-apply "$sql/failed.sql" >/dev/null; fi
}

# Copies the files that a list names from below ROOT to below $out/KIND/TO, and writes KIND/records.json, in the order of paths.
# $owners has the user of those whose path begins so, up to the first dot.
declare -A owners=()
export_files() { # KIND ROOT TO LIST
  local path size time list=$4.sorted record=$rc_share/sql/zulip/export/$1-record.sql
  LC_ALL=C sort -u -- "$4" >"$list"
  ! grep -qE '(^|/)\.\.(/|$)|^/' "$list" || rc_fail "$1: a file's name leads out of its folder: $(grep -m 1 -E '(^|/)\.\.(/|$)|^/' "$list")"
  mkdir -p -- "$out/$1/$3"
  if [[ -s $list ]]; then
    [[ -d $2 ]] || rc_fail "There is no folder $2, where the files of the $1 should be; --uploads-folder names another one."
    tar --create --dereference --directory "$2" --verbatim-files-from --no-unquote --no-recursion --files-from "$list" |
      tar --extract --preserve-permissions --no-same-owner --directory "$out/$1/$3" ||
      rc_fail "The files of the $1 could not be copied."
  fi
  sed "s|^|$3|" "$list" >"$list.to"
  (cd -- "$out/$1" && xargs -r -d '\n' -a "$list.to" stat --printf '%n\0%s\0%.9Y\0' --) |
    while IFS= read -r -d '' path && IFS= read -r -d '' size && IFS= read -r -d '' time; do
      printf '%s\0' "$realm_id" "$path" "$size" "$time" "${owners[${path%%.*}]-}"
    done |
    rc-record-make --each realm_id,path,size,last_modified,user_id | rc-db-rows "$record" >"$work/records-of-$1"
  rc_count "$work/records-of-$1"
  [[ $rc_sum == "$(wc -l <"$list")" ]] || rc_fail "$1: $rc_sum of $(wc -l <"$list") files have a row in the database; has one changed meanwhile?"
  { echo '[' && paste -sd, "$work/records-of-$1" && echo ']'; } >"$out/$1/records.json"
  counts+=("$1_records:=$rc_sum")
}

# The files of users' own pictures, whose names hang on the server's secret.
list_avatars() { # ROOT OUTPUT
  local user path file
  : >"$2"
  rc-record-make "realm_id:=$realm_id" salt= | rc-db-rows "$rc_share/sql/zulip/export/avatars.sql" >"$work/avatars"
  if [[ ! -s $work/avatars ]]; then return; fi
  rc_has_secret AVATAR_SALT ||
    rc_fail 'AVATAR_SALT is not set: without it the files of the avatars can not be found. It is avatar_salt in zulip-secrets.conf.'
  rc-record-make "realm_id:=$realm_id" salt@AVATAR_SALT | rc-db-rows "$rc_share/sql/zulip/export/avatars.sql" >"$work/avatars"
  while read -r user path; do
    owners[$path]=$user
    for file in "$1/$path".*; do
      if [[ -e $file ]]; then printf '%s\n' "${file#"$1/"}" >>"$2"; fi
    done
  done < <(rc-say '{user_id} {path}' "$work/avatars")
}

export_all_files() { # FOLDER
  local name
  for name in uploads emoji; do rc-say '{path}' "$work/files/$name" >"$work/files/$name.list"; done
  list_avatars "$1/avatars" "$work/files/avatars.list"
  { [[ ! -d $1/avatars/$realm_id/realm ]] || find "$1/avatars/$realm_id/realm" -type f -printf '%P\n'; } >"$work/files/icons.list"
  export_files avatars "$1/avatars" '' "$work/files/avatars.list"
  export_files uploads "$1/files" '' "$work/files/uploads.list"
  export_files emoji "$1/avatars" '' "$work/files/emoji.list"
  export_files realm_icons "$1/avatars/$realm_id/realm" "$realm_id/" "$work/files/icons.list"
}
