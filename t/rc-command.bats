# shellcheck disable=SC2016,SC2030,SC2031 # pages are written literally; each test has an environment of its own
load recotem/helper

# The front of the commands of bin/: each test writes a page of its own and runs it.

setup() {
  # shellcheck disable=SC2034 # helper.bash uses it
  started=()
  page=$BATS_TEST_TMPDIR/demo-page
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() { end_started; }

# write_page OPTIONS BODY [FACTS]: makes $page.
write_page() {
  printf '#!/usr/bin/env bash\n# demo-page - show what the front hands over\n#\n# usage: demo-page [OPTIONS]\n#\n%s\n#\n%s\n\n%s\n' \
    "${1:-#}" "${3-# category: test}" "$2" >"$page"
}

# show ARGUMENT...: runs the page; show_options: one that prints every opt_ variable.
show() { rc-command "$page" "$@"; }
print_options='for name in "${!opt_@}"; do declare -n value=$name; [[ ! ${value[*]} ]] || printf "%s=%s\n" "$name" "${value[*]}"; done; printf "<%s>" "$@"; echo'

message() { [ "${stderr_lines[1]}" = "demo-page: error: $1" ] || { printf '%s\n' "$stderr"; return 1; }; }

# ---- options ----

@test "options have letters, names with hyphens and underscores, and abbreviations" {
  write_page '#   -r|--realm NAME      the realm
#   --queue_name TEXT    the queue
#   -q|--be-quiet        nothing is said' "$print_options"
  run -0 --separate-stderr show -r a --queue_name 'b  c' -q
  [ "$output" = $'opt_be_quiet=yes\nopt_queue_name=b  c\nopt_realm=a\n<>' ]
  run -0 --separate-stderr show -ra --queue=b --be
  [ "$output" = $'opt_be_quiet=yes\nopt_queue_name=b\nopt_realm=a\n<>' ]
  run -2 --separate-stderr show -x
  message 'unrecognized arguments: -x'
  run -2 --separate-stderr show --be-quiet=1
  message "argument --be-quiet: ignored explicit argument '1'"
  run -2 --separate-stderr show --queue_name
  message 'argument --queue_name: expected one argument'
  run -2 --separate-stderr show --queue_name --realm
  message 'argument --queue_name: expected one argument'
}

@test "an option without a name is a wrong one" {
  write_page '#   --realm NAME   the realm' ''
  run -2 --separate-stderr show --=x
  [ "${#stderr_lines[@]}" = 2 ]
  [[ ${stderr_lines[1]} == 'demo-page: error: '* ]]
}

@test "what is required is asked for, in the page's order, operands too" {
  write_page '#   --realm NAME!   the realm
#   --size N!       how large
#   FILE!           what is read' "$print_options"
  run -2 --separate-stderr show
  message 'the following arguments are required: --realm, --size, FILE'
  run -2 --separate-stderr show --size 1 x
  message 'the following arguments are required: --realm'
  run -0 --separate-stderr show --size 1 --realm '' x
  [ "$output" = $'opt_file=x\nopt_size=1\n<x>' ]
  [[ $(show --help) == *'the realm (required)'* ]]
}

@test "operands may be named before options" {
  write_page '#   REALM_NAME!     the realm
#   --size N:=3     how large
#   EMAIL           whose
#   -q|--quiet      nothing is said' "$print_options"
  run -0 --separate-stderr show mine -q a@b
  [ "$output" = $'opt_email=a@b\nopt_quiet=yes\nopt_realm_name=mine\nopt_size=3\n<mine><a@b>' ]
  run -2 --separate-stderr show
  message 'the following arguments are required: REALM_NAME'
}

@test "operands go to their names, the last one may take many, and options may follow" {
  write_page '#   --realm NAME   the realm
#   FROM!          from where
#   TO ...         to where' "$print_options"
  run -0 --separate-stderr show a 'b c' --realm r d
  [ "$output" = $'opt_from=a\nopt_realm=r\nopt_to=b c d\n<a><b c><d>' ]
  write_page '#   FROM!   from where' ''
  run -2 --separate-stderr show a b c
  message 'unrecognized arguments: b c'
}

@test "an operand COMMAND takes all words from there on" {
  write_page '#   --realm NAME   the realm
#   COMMAND!       what is run' "$print_options"
  run -0 --separate-stderr show --realm r ls --realm -- x
  [ "$output" = $'opt_command=ls --realm -- x\nopt_realm=r\n<ls><--realm><--><x>' ]
  run -0 --separate-stderr show -- --odd
  [ "$output" = $'opt_command=--odd\n<--odd>' ]
}

@test "a choice is one of its words" {
  write_page '#   --format json|text:=json   the form' "$print_options"
  run -0 show --format text
  [ "$output" = $'opt_format=text\n<>' ]
  run -0 show
  [ "$output" = $'opt_format=json\n<>' ]
  for word in tex '' 'json|text' xml; do
    run -2 --separate-stderr show --format "$word"
    message "argument --format: invalid choice: '$word' (choose from 'json', 'text')"
  done
}

@test "defaults are words, or variables of the caller, which are looked at as if they were given" {
  write_page '#   --tries N:=$DEMO_TRIES,30   how often
#   --root DIR:=$DEMO_ROOT      where
#   --jobs N:=4                 how many' "$print_options"
  run -0 show
  [ "$output" = $'opt_jobs=4\nopt_tries=30\n<>' ]
  DEMO_TRIES=' +07 ' DEMO_ROOT=/x run -0 show --jobs 2
  [ "$output" = $'opt_jobs=2\nopt_root=/x\nopt_tries=7\n<>' ]
  DEMO_TRIES=many run -2 --separate-stderr show
  message "argument --tries: invalid int value: 'many'"
  [[ $(show --help) == *'how often (default: $DEMO_TRIES, else 30)'* ]]
}

@test "repeated options are arrays, values of any bytes come as they are" {
  write_page '#   --user NAME ...   a user
#   --text TEXT       a text' 'printf "%s|" "${#opt_user[@]}" "${opt_user[@]}" "$opt_text"'
  run -0 show --user a --user '' --user $'b\nc' --text $'\xff\t$(id)`id`;\'" \\'
  [ "$output" = $'3|a||b\nc|\xff\t$(id)`id`;\'" \\|' ]
}

@test "two pages of other kinds have the same help, version and description, from one place" {
  write_page '#   --realm NAME   the realm' ''
  run -0 show --version
  [ "$output" = "demo-page (rc) $(rc-say --version | sed 's/.* //')" ]
  run -0 show --describe
  [ "$(jq -r '.name, .options[0].name, .options[0].argument' <<<"$output")" = $'demo-page\n--realm\nNAME' ]
  [ "$(cd "$RC_TEST_FOLDER/.." && grep -rl 'print this help' src lib bin share/page | xargs)" = lib/base/rc_opt.c ]
}

# ---- secrets ----

@test "a secret option is in no argument, environment or file while the page runs" {
  write_page '#   --password TEXT   a secret' \
    'grep -lsa "$(printf "s3%s" cret)" /proc/"$RC_PARENT"/{cmdline,environ} /proc/$$/{cmdline,environ} "$work"/* || echo nowhere; bash -c "tr \"\\0\" \" \" </proc/self/environ" | grep -c s3cret' \
    '# secrets: --password TOP_SECRET'
  TOP_SECRET=s3cret run --separate-stderr show --password s3cret
  [ "$output" = $'nowhere\n0' ]
}

@test "a secret of the environment reaches filters by a descriptor, whole" {
  write_page '' 'printf "%s\n" "${TOP_SECRET-unset}"; rc-record-make secret@TOP_SECRET' '# secrets: TOP_SECRET'
  local secret
  for secret in x $'two\nlines\n' $'cr\r' ' blank '; do
    TOP_SECRET=$secret run -0 --separate-stderr show
    [ "${lines[0]}" = unset ]
    [ "$(jq -j .secret <<<"${lines[1]}"; echo .)" = "$secret." ] || { printf '%q: %s\n' "$secret" "$output"; return 1; }
  done
}

@test "what may be a secret is in no message" {
  write_page '#   --size N   how large' '' '# hides: key_'
  run -2 --separate-stderr show --size key_1
  message 'argument --size: invalid int value: (not shown, it may hold a secret)'
  run -2 --separate-stderr show xkey_1
  message 'unrecognized arguments: (not shown, it may hold a secret)'
  run -2 --separate-stderr show --size 1x
  message "argument --size: invalid int value: '1x'"
}

@test "no core is dumped, and no one looks into the front" {
  write_page '' 'ulimit -c; stat -c %u /proc/"$RC_PARENT"/environ'
  ulimit -c unlimited 2>/dev/null || :
  run -0 show
  [ "${lines[0]}" = 0 ]
  [ "${lines[1]}" = 0 ]
}

# ---- a hostile environment ----

@test "no order to a shell, no variable and no name of ours comes from the environment" {
  write_page '#   --dry-run      nothing
#   --realm NAME   the realm' '! env | grep -E "^(opt_|rc_|work=|BASH)"; printf "%s|" "$opt_dry_run" "$opt_realm" "${evil-}"; set -C +C; echo "$- $BASHOPTS" | grep -cE "x.* |failglob" || :
rc_text "$(type -t cat)"; : >"$work/twice"; : >"$work/twice"'
  echo 'evil=yes; echo evil' >evil
  run --separate-stderr env SHELLOPTS=xtrace:allexport:noclobber BASHOPTS=failglob BASH_ENV="$PWD/evil" ENV="$PWD/evil" \
    'BASH_FUNC_cat%%=() { echo evil; }' rc_operands=any opt_dry_run=yes opt_realm=x rc_report=1 rc_page="$PWD/evil" work=/ \
    RC_ARGUMENTS=0 RC_COUNTS="1:$PWD/counts" RC_REPORT=1 RC_PARENT=$$ RC_COMMAND=demo-page IFS=a PS4='$(echo evil >&2)' rc-command "$page" --realm ok <evil
  [ "$output" = $'|ok||0\nfile' ] || { printf '%s\n' "$output" "$stderr"; return 1; }
  [ "$stderr" = '' ]
  [ ! -e counts ]
}

@test "words that another locale would read as quotes are words" {
  write_page '#   --user NAME ...   a user' 'printf "%s|" "${opt_user[@]}"'
  run -0 env LC_ALL=zh_TW.BIG5 rc-command "$page" --user $'\t\xa5\x5c' --user '; touch x; #'
  [ "$output" = $'\t\xa5\x5c|; touch x; #|' ]
  [ ! -e x ]
}

@test "only a command that runs in another one's page is told whose it is" {
  write_page '' 'printf "<%s>\n" "$rc_caller"; [[ $rc_caller ]] || rc-command "$rc_page" --json'
  RC_REPORT=1 RC_PARENT=$$ RC_COMMAND=demo-page run -0 show
  [ "$output" = $'<>\n<demo-page>' ]
}

@test "a locale that the system lacks is passed over in silence" {
  write_page '' 'echo "$LC_ALL"'
  LC_ALL=xx_YY.UTF-8 LANG=xx run -0 --separate-stderr show
  [ "$output" = C.UTF-8 ]
  [ "$stderr" = '' ]
}

# ---- the folder ----

@test "the folder is in TMPDIR, private, and gone in the end" {
  mkdir tmp
  write_page '' 'stat -c "%a %n" "$work"; : >"$work/x"; mkdir "$work/y"'
  TMPDIR=$PWD/tmp run -0 show
  [[ $output == "700 $PWD/tmp/rc."* ]]
  [ "$(ls -A tmp)" = '' ]
}

@test "a folder that is full, has no inodes or is missing is passed over" {
  unshare -m true 2>/dev/null || skip 'no mount of its own can be had'
  write_page '' 'echo "${work%/*}"'
  mkdir full
  run -0 --separate-stderr unshare -m bash -c 'mount -t tmpfs -o size=8k rc full && TMPDIR=$PWD/full rc-command "$0"' "$page"
  [ "$output" = /dev/shm ]
  run -0 --separate-stderr unshare -m bash -c 'mount -t tmpfs -o nr_inodes=2 rc full && TMPDIR=$PWD/full rc-command "$0"' "$page"
  [ "$output" = /dev/shm ]
  TMPDIR=$PWD/none run -0 --separate-stderr show
  [ "$output" = /dev/shm ]
  [ "$stderr" = '' ]
}

@test "where no folder can be had the message names all that were tried" {
  unshare -m true 2>/dev/null || skip 'no mount of its own can be had'
  write_page '' ''
  run -1 --separate-stderr unshare -m bash -c 'mount -t tmpfs -o ro rc /dev/shm && cp "$0" /dev/fd/9 9>/dev/null; page=$0
    mount --bind -o ro /tmp /tmp && mount -o remount,bind,ro /tmp && TMPDIR=/nowhere XDG_RUNTIME_DIR=relative rc-command "$page"' "$page"
  [[ $stderr == 'demo-page: no folder for this run: /nowhere: '*'; /dev/shm: '*'; relative: '*'; /tmp: '* ]]
  [ "${#stderr_lines[@]}" = 1 ]
}

# ---- signals ----

@test "TERM, INT and HUP end all stages, the page undoes, and the front ends by that signal" {
  local signal
  write_page '' 'rc_undo() { echo undone; }; echo "$work" >work; echo ready; (sleep 1000; true) | (trap "" INT; sleep 1000; true) | cat; echo not reached'
  for signal in TERM INT HUP; do
    rm -f out
    start rc-command "$page"
    wait_for ready
    kill -s "$signal" "$group"
    finish
    [ "$ended" = "signal $(kill -l "$signal")" ]
    until_group_gone
    [ "$(cat out)" = $'ready\nundone' ] || { cat out err; return 1; }
    [ "$(cat err)" = '' ]
    [ ! -e "$(cat work)" ]
  done
}

@test "a change that took place is told before the signal ends it" {
  write_page '' 'echo ready; rc_apply perl -e "\$SIG{TERM} = \"IGNORE\"; open my \$f, \">\", \"applying\"; sleep 1"; rc_changed=1; sleep 0.3; rc_text told'
  start rc-command "$page" --json
  until [ -e applying ]; do sleep 0.01; done
  kill -TERM "$group"
  finish
  [ "$ended" = 'signal 15' ]
  [ "$(tail -n 1 out | jq -c '[.ok, .changed]')" = '[true,1]' ]
}

@test "a signal that nohup has switched off stays so" {
  write_page '' 'echo ready; sleep 0.3; echo done'
  start bash -c 'trap "" HUP; exec rc-command "$0"' "$page"
  wait_for ready
  kill -HUP "$group"
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(cat out)" = $'ready\ndone' ]
}

@test "kill -9 at any moment leaves no process" {
  local moment
  write_page '' 'rc-db-wait --interval 10m --tries 2 | cat'
  for moment in 0 0.002 0.005 0.01 0.02 0.05 0.1 0.3; do
    DATABASE_URL=postgresql://ann@127.0.0.1:1/shop start rc-command "$page"
    sleep "$moment"
    kill -KILL "$group"
    finish
    until_group_gone
  done
}

# shellcheck disable=SC2016 # perl's own
@test "a filter that starts when its command was killed already ends at once, also where nobody has waited for that yet" {
  run -143 timeout 20 perl -e 'my $gone = fork; exit if $gone == 0; select undef, undef, undef, 0.2; $ENV{RC_PARENT} = $gone; system "rc-db-wait --interval 10m --tries 2"; exit 128 + ($? & 127)'
}

@test "a stage that was killed is told, a reader that goes away is not" {
  write_page '' 'true | bash -c "kill -KILL \$\$" | cat'
  run -1 --separate-stderr show
  [ "$stderr" = 'demo-page: a stage was ended by SIGKILL' ]
  write_page '' 'rc_apply bash -c "kill -SEGV \$\$" || rc_answer $?'
  run -1 --separate-stderr show
  [ "$stderr" = 'demo-page: a stage was ended by SIGSEGV; look whether the change took place' ]
  write_page '' 'kill -KILL $$'
  run -1 --separate-stderr show
  [ "$stderr" = 'demo-page: a stage was ended by SIGKILL' ]
  write_page '' 'yes'
  run --separate-stderr bash -c 'rc-command "$0" | head -n 1; exit "${PIPESTATUS[0]}"' "$page"
  [ "$status" = 141 ]
  [ "$output$stderr" = y ]
}

@test "a page that reads from the terminal gets it, and the caller has it again afterwards" {
  type -P script >/dev/null || skip 'script is not here'
  write_page '' 'read -r line; echo "page read $line"'
  printf 'rc-command "%s"\nread -r line; echo "caller read $line"\n' "$page" >both
  { sleep 0.5; echo one; sleep 0.5; echo two; sleep 0.3; } | timeout 20 script -qec 'bash both' /dev/null >said
  grep -q 'page read one' said
  grep -q 'caller read two' said
}

# ---- the end ----

@test "codes become 0, 1 and 2" {
  local code
  for code in 0:0 1:1 2:2 3:1 100:1 111:1; do
    write_page '' "exit ${code%:*}"
    run "-${code#*:}" --separate-stderr show
  done
}

@test "--json: one summary of a command and those that run in it; a failure is counted" {
  write_page '' 'rc_scanned=2 rc_changed=1; rc_warn "mind"; if [[ ! $rc_caller ]]; then rc-command "$rc_page" --json; fi'
  run -0 --separate-stderr show --json
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"$output")" = '[true,4,2,2,0]' ]
  write_page '' 'rc_fail "no $1"' '#   NAME   who
# category: test'
  RC_EVENTS=$PWD/events run -1 --separate-stderr show --json me
  [ "$(jq -c '[.ok, .errors]' <<<"$output")" = '[false,1]' ]
  [ "$stderr" = 'demo-page: no me' ]
  [ "$(jq -c '[.event, .exit, .message]' events)" = $'["start",null,null]\n["error",1,"no me"]' ]
}

@test "it becomes its operands where the page says so" {
  write_page '#   COMMAND   what is run' 'rc_become'
  umask 027
  RC_RUN_ID=x opt_x=1 run -0 --separate-stderr show -- bash -c 'umask; ulimit -c; echo "$opt_x ${RC_RUN_ID-none} ${RC_REPORT-none}"; exit 0'
  [ "$output" = "0027
$(ulimit -c)
1 none none" ]
}

@test "a page that is not there is refused" {
  run -100 --separate-stderr rc-command ./none
  [ "$stderr" = 'rc-command: there is no page ./none: No such file or directory' ]
  run -100 --separate-stderr rc-command
  [ "${stderr_lines[1]}" = 'rc-command: which page?' ]
  run -1 --separate-stderr rc-command no-such-command
  [[ $stderr == 'no-such-command: cannot read its page '* ]]
}

@test "an events file that can't be written stops nothing" {
  write_page '#   --file NAME   a name' 'echo done'
  RC_EVENTS=/dev/full run -0 --separate-stderr show --file=-x
  [ "$output$stderr" = 'done' ]
}

@test "as root, another user's home is not where the events go" {
  ((EUID == 0)) || skip 'only root has such a home'
  mkdir -p home/.local/state/rc
  echo mine >target
  ln -s "$PWD/target" home/.local/state/rc/events.ndjson
  chown -R nobody home
  write_page '' ''
  unshare -m true 2>/dev/null || skip 'no mount of its own can be had'
  run -0 env -u RC_EVENTS -u XDG_STATE_HOME HOME="$PWD/home" unshare -m bash -c 'mount -t tmpfs rc /root; rc-command "$0"' "$page"
  [ "$(cat target)" = mine ]
}
