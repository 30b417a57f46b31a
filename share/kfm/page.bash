# page.bash - what the pages of KFM's commands share; they source it

export RC_SCHEMA=${RC_SCHEMA-kfm}

# The versions of KFM's tables that this toolkit knows, into $known.
kfm_known() {
  known=1
  while [[ -e $RC_SQL/migrate-$((known + 1)).sql ]]; do known=$((known + 1)); done
}

# What is for trying things out does not go to a database that is in use.
kfm_not_on_production() {
  local name
  for name in KFM_ENV RC_ENV; do
    [[ ${!name-} != prod && ${!name-} != production ]] || rc_fail "$name says that this is production: no sample data here"
  done
}
