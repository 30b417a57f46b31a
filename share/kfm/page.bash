# page.bash - what the pages of KFM's commands share; they source it

# shellcheck source=share/kfm/environment.bash
. "$rc_share/kfm/environment.bash"

export RC_SCHEMA=${RC_SCHEMA-kfm}

# The versions of KFM's tables that this toolkit knows, into $known.
kfm_known() {
  known=1
  while [[ -e $RC_SQL/migrate-$((known + 1)).sql ]]; do known=$((known + 1)); done
}

# Makes a password in FILE, which must not be there and which only its owner may read; $made is FILE as soon as it is.
kfm_make_password() {
  local code=0 secret
  (set -o noclobber && { exec {secret}>"$1" || exit 1; } 2>/dev/null &&
    rc-keygen --raw --length 32 --format alnum >&"$secret") || code=$?
  ((code != 1)) || rc_fail "$1 can not be made"
  made=$1
  ((code == 0)) || exit "$code"
  sync -- "$made"
}

# kfm_hash_password FILE FIELD...: a record of the fields and the hash of FILE's password into $work/user, with an end record.
kfm_hash_password() {
  local code=0 secret
  (exec {secret}<"$1") 2>/dev/null || rc_fail "$1 can not be read"
  exec {secret}<"$1"
  { rc-record-make "${@:2}" "password@$secret" && rc-end; } |
    rc-password-hash --from password --to hash --min-length 8 >"$work/user" || code=$?
  if ((code == 1)); then grep -F '"status":"error"' "$work/user" >"$work/records" || true; fi
  ((code == 0)) || exit "$code"
}
