# page.bash - what the pages for tables of jobs share; they source it

# The statements of these names, made for the table that --map describes, into $work, where bare names are looked for from here on;
# their operators are PostgreSQL's own.
rc_job_statements() { # NAME...
  local statement
  for statement in "$@"; do rc-job-sql --map "$opt_map" "$statement.sql" >"$work/$statement.sql"; done
  export RC_SQL=$work
  if [[ ${opt_plan-}${opt_apply-}${opt_undo_log-} ]]; then
    statement=$(RC_SQL=$rc_share/sql/job rc-job-sql --map "$opt_map" table.sql)
    # shellcheck disable=SC2034 # functions.bash reads it
    rc_watch=("${statement#table }")
  fi
}
