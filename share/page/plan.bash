# plan.bash - --plan FILE and --apply FILE of a command; functions.bash sources it before the page
#
# A plan is what the command's dry run shows, and the digests of the rows that it would change, in a file of rc-plan. With
# --apply the dry run comes first, too: only where it is as planned is the page run in earnest, and its rows are held to those
# that the dry run has found.

# The page as a dry run: its folder is $work/planned, where `shown` has the records that it shows.
# shellcheck disable=SC2034 # the page and functions.bash use them
rc_run_dry() {
  set -e
  work=$work/planned opt_dry_run=yes rc_planning=yes
  trap 'rc_end_look $?' EXIT
  # shellcheck source=/dev/null
  . "$rc_page"
}

# The same in a shell of its own, to which standard input is new; $rc_looked is its code. Not called where a failure is asked
# for, since errexit would not hold in it.
rc_look() {
  local input
  if [[ -f /dev/stdin ]]; then exec {input}</dev/stdin; else exec {input}<&0; fi
  set +e
  (exec {input}<&-; rc_run_dry) <&"$input"
  rc_looked=$?
  set -e
  exec {input}<&-
}

rc_end_look() {
  trap - EXIT
  set +e
  [[ $1 == 1 && ! $rc_message && -s $work/records ]] && rc_print_refusals
  rc_tell "counts $rc_scanned 0 $rc_warnings $rc_errors"
  exit "$1"
}

# The plan of what was shown: written, or compared.
rc_plan() {
  local field options=(--command "$rc_command" --call "$work/planned/call")
  printf '%s\0' "${rc_call[@]}" >"$work/planned/call"
  for field in "${rc_varying[@]}"; do options+=(--without "$field"); done
  [[ ! -e $work/planned/rows ]] || options+=(--rows "$work/planned/rows")
  rc-plan "${options[@]}" "$@" "$work/planned/shown"
}

rc_write_plan() {
  [[ ! -e $opt_plan ]] || rc_fail "$opt_plan exists already: a plan is a new file"
  rc_look
  ((rc_looked == 0)) || exit "$rc_looked"
  rc_plan --write "$opt_plan"
  exit 0
}

# What the look says is said again in earnest, so only what ends the command there is told.
rc_compare_plan() {
  local code=0
  [[ ! -L $opt_apply ]] || opt_apply=$(readlink -f -- "$opt_apply") # the mark is beside the file
  rc_look >"$work/planned/out" 2>"$work/planned/err"
  ((rc_looked != 2)) || exit 2
  rc_plan --apply "$opt_apply" >"$work/planned/differences" || code=$?
  ((code == 0 || code == 1)) || exit "$code"
  ((code == 1)) || rc_marked=$opt_apply.applied
  if ((rc_looked)); then
    [[ ! $opt_json ]] || cat -- "$work/planned/out"
    cat -- "$work/planned/err" >&2
    exit "$rc_looked"
  fi
  rc_refusals+=(--when 'error.code=row_changed|row_missing|not_shown|not_planned|not_done|insertions_differ' '{error.message}: {record|}{table|}{key|}')
  ((code == 1)) || return 0
  printf '%s: %s does not hold any more, so nothing was changed\n' "$rc_command" "$opt_apply" >&2
  mv -- "$work/planned/differences" "$work/records"
  exit 1
}

# A plan that was not applied after all can be applied later; one of which that is not known has its mark.
rc_unmark() {
  if [[ $1 == 0 || $rc_applied || -e $work/planned/rows.applied ]] || grep -qsF '"code":"commit_unknown"' "$work/records"; then return; fi
  rm -f -- "$rc_marked"
}

rc_plan_first() {
  [[ ! $opt_plan || ! $opt_apply ]] || rc_wrong 'argument --apply: not allowed with argument --plan'
  [[ ! $opt_apply || ! $opt_dry_run ]] || rc_wrong 'argument --apply: not allowed with argument --dry-run'
  mkdir -- "$work/planned"
  : >"$work/planned/shown"
  [[ ! $opt_plan ]] || rc_write_plan
  rc_compare_plan
}
