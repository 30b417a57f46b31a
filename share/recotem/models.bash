# models.bash - Recotem's settings that say where the models are and what signs them; its pages source it

# Ends the command where one of them can't be used as Recotem uses it; the folder of the models, or s3://BUCKET/PREFIX, into $root,
# and the bucket into $s3_bucket, which is empty where they are in a folder, and what goes before its keys into $s3_prefix.
recotem_check_settings() {
  local name used=(MEDIA_ROOT)
  s3_bucket='' s3_prefix=''
  if [[ $opt_media_root == s3://* ]]; then
    used=(AWS_S3_ENDPOINT_URL) s3_prefix=${opt_media_root#s3://}/
    s3_bucket=${s3_prefix%%/*} s3_prefix=${s3_prefix#*/}
    [[ $s3_bucket ]] || rc_fail "MEDIA_ROOT: there is no bucket in $opt_media_root"
  elif [[ ${RECOTEM_STORAGE_TYPE-} == [Ss]3 ]]; then
    [[ ! ${rc_given[media-root]-} ]] || rc_fail 'RECOTEM_STORAGE_TYPE is S3, but --media-root is a folder.'
    used=(AWS_S3_ENDPOINT_URL AWS_STORAGE_BUCKET_NAME AWS_LOCATION) s3_bucket=${AWS_STORAGE_BUCKET_NAME-} s3_prefix=${AWS_LOCATION-}
    [[ $s3_bucket ]] || rc_fail 'RECOTEM_STORAGE_TYPE is S3, but AWS_STORAGE_BUCKET_NAME is not set.'
  fi
  [[ ! $s3_bucket ]] || used+=(AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY)
  # django-environ, by which Recotem reads these, takes what begins with $ for the name of another variable.
  for name in SECRET_KEY SECRET_KEY_FALLBACKS "${used[@]}"; do
    [[ ${!name-} != '$'* || ($name == MEDIA_ROOT && ${rc_given[media-root]-}) ]] ||
      rc_fail "$name begins with \$: Recotem takes that for the name of another variable and uses its value; give that value here."
  done
  rc_has_secret SECRET_KEY || rc_fail 'SECRET_KEY is not set.'
  if [[ $s3_bucket ]]; then recotem_check_s3; else recotem_check_folder; fi
}

recotem_check_folder() {
  [[ $opt_media_root ]] || rc_fail 'MEDIA_ROOT is not set, and there is no --media-root. Recotem then takes the folder data beside its manage.py.'
  rc-record-make "root=$opt_media_root" >/dev/null 2>&1 || rc_fail 'MEDIA_ROOT is not UTF-8.'
  [[ -d $opt_media_root ]] || rc_fail "MEDIA_ROOT: there is no folder $opt_media_root"
  root=$(cd -- "${opt_media_root%/}/." && pwd && printf .) # the dot keeps a newline at the end of the name
  root=${root%$'\n.'}
}

recotem_check_s3() {
  local name
  command -v rc-s3-get >/dev/null || rc_fail 'models in S3 need rc-s3-get, which was not built: libcurl4-openssl-dev is missing.'
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; do rc_has_secret "$name" || rc_fail "$name is not set."; done
  while [[ $s3_prefix == /* ]]; do s3_prefix=${s3_prefix#/}; done
  while [[ $s3_prefix == */ ]]; do s3_prefix=${s3_prefix%/}; done
  root=s3://$s3_bucket${s3_prefix:+/$s3_prefix}
  rc-record-make "root=$root" >/dev/null 2>&1 || rc_fail 'the place of the models in S3 is not UTF-8.'
  [[ ! $opt_manifest ]] || rc_fail '--manifest can not be had of models in S3.'
}

# Signs the models in $work/models, wherever their files are, or says what would be done; the records come on standard output. 80 is
# what every pickle of protocol 2 and later begins with. Where there are no models rc-hmac-sign runs, too: a key that can't be read
# is to be known before the first one.
recotem_sign() {
  local sign=(rc-hmac-sign --payload-prefix 80 --foreign 'RECOTEM=it is a model of Recotem 2.0 or later, which signs its models itself'
    --jobs "$opt_jobs" "${opt_old_key_file[@]/#/--old-key-file=}" ${opt_adopt_unknown:+--adopt-unknown} ${opt_dry_run:+--dry-run})
  if [[ ! $s3_bucket ]]; then
    "${sign[@]}" --root "$root" "$work/models"
  elif [[ ! -s $work/models ]]; then
    "${sign[@]}" "$work/models"
  else
    (recotem_sign_s3) # a signal ends it between two stages, too
  fi
}

# As many models at a time as are worked on at once are got into a folder on the disk, signed there, and put back where that has
# changed them. What a run that was killed has left there goes a day later.
recotem_sign_s3() {
  local base=${TMPDIR:-/var/tmp} folder lines code=0 s3=(--bucket "$s3_bucket" --prefix "$s3_prefix" --jobs "$opt_jobs")
  find "$base" -maxdepth 1 -type d -name 'rc-models.*' -user "$EUID" -mmin +1440 -exec rm -rf -- {} + 2>/dev/null || :
  folder=$(mktemp -d -- "$base/rc-models.XXXXXXXXXX") || return 111
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf -- ${folder@Q}" EXIT
  while mapfile -n "$opt_jobs" lines && ((${#lines[@]})); do
    rm -rf -- "$folder/now" && mkdir -- "$folder/now" || return 111
    printf %s "${lines[@]}" >"$work/part"
    recotem_stage rc-s3-get "${s3[@]}" --root "$folder/now" "$work/part" >"$work/got" || return
    recotem_stage "${sign[@]}" --root "$folder/now" --when status=got "$work/got" >"$work/signed" || return
    if [[ $opt_dry_run ]]; then
      cat -- "$work/signed" || return 111
    else
      recotem_stage rc-s3-put "${s3[@]}" --root "$folder/now" --when 'status=signed|resigned' --keep-status "$work/signed" || return
    fi
  done <"$work/models"
  return "$code"
}

# An answer of 1 is kept in $code; what ends the stage otherwise is returned.
recotem_stage() {
  local ended=0
  "$@" || ended=$?
  ((ended <= 1)) || return "$ended"
  ((ended == 0)) || code=1
}
