# page.bash - what the pages of KFM's commands share; they source it

# shellcheck source=share/kfm/environment.bash
. "$rc_share/kfm/environment.bash"

export RC_SCHEMA=${RC_SCHEMA-kfm}

# The versions of KFM's tables that this toolkit knows, into $known.
kfm_known() {
  known=1
  while [[ -e $RC_SQL/migrate-$((known + 1)).sql ]]; do known=$((known + 1)); done
}
