# models.bash - Recotem's settings that say where the models are and what signs them; its pages source it

# Ends the command where one of them can't be used as Recotem uses it; the folder of the models into $root.
recotem_check_settings() {
  local name
  [[ ${RECOTEM_STORAGE_TYPE-} != [Ss]3 ]] || rc_fail 'RECOTEM_STORAGE_TYPE is S3: models in S3 can not be signed yet, only local files.'
  # django-environ, by which Recotem reads these, takes what begins with $ for the name of another variable.
  for name in SECRET_KEY SECRET_KEY_FALLBACKS MEDIA_ROOT; do
    [[ ${!name-} != '$'* || ($name == MEDIA_ROOT && ${rc_given[media-root]-}) ]] ||
      rc_fail "$name begins with \$: Recotem takes that for the name of another variable and uses its value; give that value here."
  done
  rc_has_secret SECRET_KEY || rc_fail 'SECRET_KEY is not set.'
  [[ $opt_media_root ]] || rc_fail 'MEDIA_ROOT is not set, and there is no --media-root. Recotem then takes the folder data beside its manage.py.'
  rc-record-make "root=$opt_media_root" >/dev/null 2>&1 || rc_fail 'MEDIA_ROOT is not UTF-8.'
  [[ -d $opt_media_root ]] || rc_fail "MEDIA_ROOT: there is no folder $opt_media_root"
  root=$(cd -- "${opt_media_root%/}/." && pwd && printf .) # the dot keeps a newline at the end of the name
  root=${root%$'\n.'}
}
