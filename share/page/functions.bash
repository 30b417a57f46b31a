# functions.bash - what a page of bin/ can call; rc-command sources it, and then the page
#
# The front has read the page's head comment (docs/extending.md) and the arguments. What a page finds:
#   $opt_NAME        each option and operand: its value, `yes` for a flag, an array where it may be repeated; empty where it
#                    was not given. "$@" has all operands.
#   ${rc_given[NAME]-}   `yes` where it was given
#   $work            a private folder, gone when the command ends
#   $rc_command $rc_product $rc_share   names, and the folder of the data
#   $rc_caller       the command that runs this one in its page, or nothing
#
# What it calls:
#   rc_need NAME...  these options must be given
#   rc_wrong MESSAGE [WORD]   a wrong option: usage, message, 2; WORD is what the user typed
#   rc_fail MESSAGE  a refusal: message, 1
#   rc_warn MESSAGE  a warning on stderr
#   rc_refusal CODE TEMPLATE   the product's words for a filter's error.code in $work/records
#   rc_apply STAGE...   runs the stage that changes things: if it has, the command still tells what was done before a signal
#                    ends it. A pipeline stands between rc_applying and rc_applied, and its rc-db-apply has "${rc_evidence[@]}".
#   rc_try STAGE...  the same stage as a dry run
#   rc_answer CODE   after `stage || `: 1 is an answer, anything else ends the command
#   rc_show FILE TEMPLATE...   records as text by rc-say, or with --json as they are
#   rc_gate FILE TEMPLATE...   the plan: on --dry-run shows it so, and ends the command; else asks as rc_intend does
#   rc_intend [FILE]   ends the command where it is not clear that the change of the plan in FILE is meant (rc-gate). What
#                    asks neither so nor by rc_gate is asked by rc_apply, whose stage makes the plan by --dry-run where
#                    one has to be looked at, and by rc_applying, without a plan.
#   rc_text LINE     a line that --json leaves out
#   rc_count FILE    the number of records, into $rc_sum; rc_sum FILE FIELD the sum of a field of whole numbers
#   rc_has_secret NAME   whether that secret is set, in one of the ways that filters read it
#   rc_artifact FILE [ROOT RECORDS]   FILE is what the command has made for others: FILE.manifest lists it, and FILE.provenance
#                    tells where it comes from, signed where RC_PROVENANCE_KEY is a key's file. With ROOT, FILE is a manifest that
#                    is made of the paths of the records, and its provenance is that of all of them.
#   rc_become [WORD...]   when the page has ended well, its operands, or the words, are run in the command's place
# What it may set:
#   rc_scanned rc_changed rc_warnings rc_errors   counts for the summary; those of commands that it runs come by themselves
#   rc_changes       adds, changes or destroys, where this call does less than the page's contract says
#   rc_gate_at       words before rc-gate that lead it to the database, where that is not the environment's
#   rc_gate_options  more options of rc-gate, such as --count FIELD
#   rc_watch         the tables whose rows it changes, where its contract says `undo: yes`
#   rc_undo()        a function that is called where the command ends and has not applied its change
#
# A page is strict (set -euo pipefail). A signal ends all its stages; bash waits for the pipeline, and then for nothing more.

set -euo pipefail

# ---- what the front hands over: three words each, see rc_page.h ----

declare -A rc_given=()
rc_operands=() rc_descriptor=$1
mapfile -d '' -t -u "$rc_descriptor" rc_words
exec {rc_descriptor}<&-
for ((rc_word = 0; rc_word < ${#rc_words[@]}; rc_word += 3)); do
  case ${rc_words[rc_word]} in
  set) printf -v "${rc_words[rc_word + 1]}" %s "${rc_words[rc_word + 2]}" ;;
  list) declare -a "${rc_words[rc_word + 1]}=()" ;;
  add)
    declare -n rc_list=${rc_words[rc_word + 1]}
    rc_list+=("${rc_words[rc_word + 2]}")
    unset -n rc_list
    ;;
  give) rc_given[${rc_words[rc_word + 1]}]=yes ;;
  esac
done
unset rc_words

# ---- before the change ----

rc_scanned=0 rc_changed=0 rc_warnings=0 rc_errors=0
rc_refusals=() rc_message='' rc_applying='' rc_applied='' rc_evidence=() rc_planning='' rc_marked=''

# Tells the front; its words are in rc_report.h. Of the dry run for a plan what is its own; before --apply only why it ends.
rc_tell() {
  if [[ $rc_planning ]]; then
    case $1 in
    applying | applied | put-off | become*) return 0 ;;
    counts* | warning*) [[ ! $opt_apply ]] || return 0 ;;
    esac
  fi
  printf '%s\0' "$1" >&"$rc_report"
}

rc_need() {
  local name missing=''
  for name in "$@"; do
    [[ ${rc_given[$name]-} ]] || missing+="${missing:+, }--$name"
  done
  [[ -z $missing ]] || rc_wrong "the following arguments are required: $missing"
}

rc_wrong() {
  if [[ ! $rc_report ]]; then # a command of the toolkit has no front any more
    printf 'usage: %s\n%s: error: %s%s\n' "$rc_command $rc_synopsis" "$rc_command" "$1" "${2+"'$2'"}" >&2
    exit 2
  fi
  [[ -z ${2+given} ]] || rc_tell "word $2"
  rc_tell "wrong $1"
  exit 2
}

rc_fail() {
  rc_message=$1
  rc_tell "message $1"
  printf '%s: %s\n' "$rc_command" "$1" >&2
  exit 1
}

rc_warn() {
  rc_warnings=$((rc_warnings + 1))
  printf '%s: warning: %s\n' "$rc_command" "$1" >&2
  rc_tell "warning $1"
}

rc_refusal() { rc_refusals+=(--when "error.code=$1" "$2"); }

rc_has_secret() {
  local file=${1}_FILE
  [[ -v $1 || ${!file-} || -e ${CREDENTIALS_DIRECTORY:-/dev/null}/$1 ]]
}

# ---- is it meant? ----

rc_gate_at=() rc_gate_options=()
[[ ! $rc_gated ]] || export RC_GATED=yes # the commands that this one runs need not ask again

# Whether it is still to be asked: not on a dry run, and once.
rc_is_asked() { [[ ! $rc_gated && ! ${opt_dry_run-} && $rc_changes != nothing ]]; }

rc_pass_gate() {
  rc_gated=yes
  export RC_GATED=yes
}

# The same as rc_intend for a stage that knows --dry-run, which is run so first where a plan has to be looked at. Its input, if
# any, is a file, and read from the beginning each time: a pipe, which can be read once, is left alone. What it refuses then, it
# has refused.
rc_intend_stage() {
  local code=0 input=/dev/stdin
  rc_is_asked || return 0
  [[ -f /dev/stdin ]] || input=/dev/null
  "${rc_gate_at[@]}" rc-gate --null-input --needed --changes "$rc_changes" ${opt_environment:+"--environment=$opt_environment"} \
    </dev/null >/dev/null || code=$?
  if ((code == 0)); then
    rc_pass_gate
    return 0
  fi
  ((code == 1)) || return "$code"
  code=0
  "$@" --dry-run <"$input" >"$work/plan-of-stage" || code=$?
  if ((code)); then
    cat -- "$work/plan-of-stage"
    return "$code"
  fi
  [[ -s $work/plan-of-stage || ! -e $work/records ]] || cp -- "$work/records" "$work/plan-of-stage"
  rc_intend "$work/plan-of-stage"
}

rc_intend() {
  local asked=(--quiet --what "$rc_summary" --changes "$rc_changes") word code=0
  rc_is_asked || return 0
  if [[ ${opt_undo_log-} ]]; then asked+=(--rollback "rc-undo $opt_undo_log"); elif [[ $rc_rollback ]]; then asked+=(--rollback "$rc_rollback"); fi
  [[ ! $opt_environment ]] || asked+=("--environment=$opt_environment")
  for word in "${opt_confirm[@]}"; do asked+=("--confirm=$word"); done
  [[ ! $opt_yes ]] || asked+=(--yes)
  if (($#)); then asked+=("${rc_gate_options[@]}" -- "$1"); else asked+=(--null-input); fi
  "${rc_gate_at[@]}" rc-gate "${asked[@]}" </dev/null >/dev/null || code=$?
  if ((code)); then
    rc_message='the change was not begun: the gate did not let it pass'
    rc_tell "message $rc_message"
    exit "$code"
  fi
  rc_pass_gate
}

# ---- the rows: --plan, --apply and --undo-log ----

# rc_leave STAGE: what the stage is given besides, so that it leaves them behind or holds to them, into $rc_evidence. A dry run
# for a plan notes its rows in $work/rows, and where the plan is applied its rows are held to those of the dry run before.
rc_leave() {
  local table rows=$work/planned/rows
  rc_evidence=()
  [[ ! ${opt_undo_log-} || $rc_planning || ! ${opt_dry_run-} ]] || rc_wrong 'argument --undo-log: nothing is changed on a dry run'
  [[ $1 == rc-db-apply || $1 == rc-owner-assign ]] || return 0
  if [[ $rc_planning ]]; then
    rc_evidence=(--plan "$work/rows" --rows-alone)
  elif [[ ${opt_apply-} && -e $rows ]]; then
    rc_evidence=(--apply "$rows" ${opt_undo_log:+--undo-log "$opt_undo_log"})
    return
  elif [[ ${opt_undo_log-} ]]; then
    rc_evidence=(--undo-log "$opt_undo_log")
  fi
  [[ $1 == rc-db-apply && ${rc_evidence[*]} ]] || return 0 # the other one knows its tables
  for table in "${rc_watch[@]}"; do rc_evidence+=(--watch "$table"); done
}

rc_try() {
  rc_evidence=()
  [[ ! $rc_planning ]] || rc_leave "$1"
  "$@" --dry-run "${rc_evidence[@]}"
}

# ---- the change ----

# The first and each later signal comes to all of the group. This shell waits for its pipeline; where that was a change that
# took place, what was done is told before the front ends by the signal.
rc_at_signal() {
  [[ ! $rc_applying ]] || return 0
  rc_ignore_signals
  exit "$1"
}

rc_take_signals() {
  trap 'rc_at_signal 143' TERM
  trap 'rc_at_signal 130' INT
  trap 'rc_at_signal 129' HUP
}

rc_ignore_signals() { trap '' TERM INT HUP; }

rc_applying() {
  rc_intend
  rc_begin_applying
}

rc_begin_applying() {
  rc_leave "${1-rc-db-apply}"
  rc_applying=yes
  rc_take_signals
  rc_tell applying
}

rc_applied() {
  rc_ignore_signals
  rc_applying='' rc_applied=yes
  rc_tell applied
}

# Whether a stage that knows --gate may ask in the session that it has anyway: one connection less. Not where a plan has to be
# looked at in any case, or is shown because there is someone to look.
rc_stage_asks() {
  [[ $1 == rc-db-apply || $1 == rc-owner-assign ]] && rc_is_asked && [[ $rc_changes != destroys && ! $opt_environment && ! -t 2 ]]
}

rc_apply() {
  local code=0 gate=()
  if rc_stage_asks "$1"; then
    gate=(--gate)
  else
    case $1 in rc-db-apply | rc-owner-assign) rc_intend_stage "$@" || return "$?" ;; esac
    rc_intend
  fi
  rc_begin_applying "$1"
  "$@" "${gate[@]}" "${rc_evidence[@]}" || code=$?
  if ((code == 3)) && [[ ${gate[*]} ]]; then
    rc_applying=''
    rc_tell put-off
    rc_intend_stage "$@" || return "$?"
    rc_apply "$@"
    return
  fi
  if ((code == 0)); then
    [[ ! ${gate[*]} ]] || rc_pass_gate
    rc_applied
  elif [[ $rc_applied ]]; then
    rc_ignore_signals # what was changed before is told
  fi
  return "$code"
}

rc_answer() { (($1 == 1)) || exit "$1"; }

rc_become() {
  local word
  rc_tell become
  for word in "$@"; do rc_tell "become $word"; done
}

# ---- the report ----

rc_text() { [[ $opt_json ]] || printf '%s\n' "$1"; }

rc_show() {
  [[ ! $rc_planning ]] || cat -- "$1" >>"$work/shown"
  if [[ $opt_json ]]; then cat -- "$1"; else rc-say "${@:2}" "$1"; fi
}

rc_gate() {
  if [[ ! ${opt_dry_run-} ]]; then
    [[ $rc_applied ]] || rc_intend "$1"
    return 0
  fi
  rc_show "$@"
  rc_text ''
  rc_text 'Dry run complete. No changes made.'
  exit 0
}

rc_count() {
  local lines
  mapfile -t lines <"$1"
  rc_sum=${#lines[@]}
}

rc_sum() {
  local number
  rc_sum=0
  while read -r number; do rc_sum=$((rc_sum + number)); done < <(rc-say "{$2}" "$1")
}

# ---- what others use ----

rc_artifact() {
  local folder=./ name=${1##*/} manifest=$1.manifest set=()
  [[ $1 != */* ]] || folder=${1%/*}/
  if (($# > 1)); then manifest=$work/manifest-of-$name set=(--output "$1"); fi
  if { (($# == 1)) || rc-manifest --root "$2" --paths-of "$3" --output "$1"; } &&
    rc-manifest --root "$folder" --output "$manifest" -- "$name" &&
    rc-provenance --format in-toto --output "$manifest" "${set[@]}" ${RC_PROVENANCE_KEY:+--sign "$RC_PROVENANCE_KEY"} >"$folder.$name.provenance" &&
    sync -- "$folder.$name.provenance" && mv -- "$folder.$name.provenance" "$1.provenance"; then return; fi
  rm -f -- "$folder.$name.provenance"
  rc_fail "what was made is there, but its manifest and provenance could not be written: $1"
}

# ---- the end ----

# The messages of the records with an error, in the product's words where it has some.
rc_print_refusals() {
  local line
  [[ ! $opt_json ]] || cat -- "$work/records"
  while IFS= read -r line; do
    printf '%s: %s\n' "$rc_command" "$line" >&2
    rc_errors=$((rc_errors + 1)) rc_message=$line
  done < <(rc-say '' "${rc_refusals[@]}" --when status=error '{error.message}' "$work/records")
  rc_tell "message $rc_message"
}

# Ends what else is in this command's group, and waits for it: a stage that was just being started may have missed the signal,
# and must not make anew what rc_undo takes back.
rc_end_others() {
  local file line fields found=yes
  while [[ $found ]]; do
    found=''
    for file in /proc/[0-9]*/stat; do
      read -r line 2>/dev/null <"$file" || continue # it is gone
      read -ra fields <<<"${line##*) }"             # state, parent, group ...
      [[ ${fields[2]} == "$$" && ${fields[0]} != Z && ${line%% *} != "$$" ]] || continue
      found=yes
      kill -TERM "${line%% *}" 2>/dev/null
    done
    [[ ! $found ]] || read -rt 0.01 -u "$rc_report"
  done
}

rc_at_exit() {
  rc_ignore_signals
  trap - EXIT
  ((BASHPID == $$)) || exit "$1" # a stage that is just being started, and has the traps still
  trap '' PIPE # whoever read what is told here may be gone
  set +e
  if [[ $1 != 0 && ! $rc_applied ]] && declare -F rc_undo >/dev/null; then
    rc_end_others
    rc_undo
  fi
  [[ $1 == 1 && ! $rc_message && -s $work/records ]] && rc_print_refusals
  [[ $1 == 111 && $opt_json ]] && grep -sF '"code":"commit_unknown"' "$work/records"
  [[ ! $rc_marked ]] || rc_unmark "$1"
  rc_tell "counts $rc_scanned $rc_changed $rc_warnings $rc_errors"
  exit "$1"
}

# A command of the toolkit has its operands from the call, and an end of its own.
if [[ ! $rc_report ]]; then
  shift
  # shellcheck source=/dev/null
  . "$rc_page"
  exit
fi
set -o posix # so that bash does not tell of stages that were killed: the front does
trap 'rc_at_exit $?' EXIT
rc_take_signals
set -- "${rc_operands[@]}"
[[ ! ${opt_undo_log-} || ! $opt_dry_run$opt_plan ]] || rc_wrong 'argument --undo-log: nothing is changed on a dry run'
[[ ! ${opt_undo_log-} || ! -e $opt_undo_log ]] || rc_fail "$opt_undo_log exists already: an undo log is a new file"
if [[ ${opt_plan-}${opt_apply-} ]]; then
  # shellcheck source=share/page/plan.bash
  . "$rc_share/page/plan.bash"
  rc_plan_first
fi
# shellcheck source=/dev/null
. "$rc_page"
