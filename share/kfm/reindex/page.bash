# page.bash - parts of kfm-reindex's page, which sources it

# A part of an index in PostgreSQL can be brought over only where there is one; what is on a server, its part looks at itself.
kfm_check_parts() {
  local target here=()
  ((${#part[@]})) || return 0
  for target in "${targets[@]}"; do [[ " $servers " == *" $target "* ]] || here+=("$work/asked/$target"); done
  ((${#here[@]})) || return 0
  rc-db-apply --dry-run --output "$work/records" reindex-known.sql "${here[@]}"
}

# The folder of the flow into $state: the run's own, or that of --state, from which what is not of this call goes.
kfm_use_state() {
  local file
  state=$work
  if [[ $opt_state ]]; then
    state=$opt_state
    mkdir -p -- "$state/asked" "$state/done" || rc_fail "$state can not be made"
    for file in "$state"/asked/* "$state"/done/*; do
      [[ -e $work/asked/${file##*/} ]] || rm -f -- "$file" # of another call
    done
    for file in "${asked[@]}"; do
      cmp -s "$file" "$state/asked/${file##*/}" || cp -- "$file" "$state/asked/"
    done
  fi
  mkdir -p -- "$state/done" "$state/failed"
  for file in "$state"/failed/*; do rm -f -- "$file"; done
  [[ ! $opt_rejects ]] || opt_rejects=$(readlink -m -- "$opt_rejects")
  export KFM_REINDEX_JOBS=$opt_jobs KFM_REINDEX_KEEP=$opt_keep KFM_REINDEX_REJECTS=$opt_rejects
  export KFM_REINDEX_MAX_REJECTS=$opt_max_rejects KFM_REINDEX_PATIENCE=$opt_patience
}

# What is true of a target whose part has failed: these two are brought over in place, the others are swapped in.
kfm_state_of() {
  if [[ " $servers " == *" $1 "* && $1 != search ]]; then echo 'is not up to date'; else echo 'is as it was before'; fi
}
