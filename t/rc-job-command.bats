# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() {
  new_database
  add_outbox
  cd "$BATS_TEST_TMPDIR" || return
  printf '%s\n' '{"command":"recotem-assign-owners","options":["user","project-id","dry-run","json"]}' \
    '{"command":"recotem-create-test-users","options":["user"]}' '{"command":"recotem-wait-db","options":["tries"]}' >allow
}

# ask PAYLOAD: one job.
ask() { rc-job-command --allow allow <<<"{\"id\":1,\"job_type\":\"COMMAND\",\"payload\":$1}"; }

@test "the command runs with the options of the payload, and its status is the answer" {
  add_user ann
  add_project one null
  run -0 --separate-stderr ask '{"command":"recotem-assign-owners","options":{"user":"ann","project-id":1,"dry-run":true,"json":false}}'
  [ "${lines[0]}" = "  Project: 1 record(s) would be assigned to 'ann'." ]
  run -0 ask '{"options":{"user":"ann","project-id":null},"command":"recotem-assign-owners"}'
  [ "${lines[-1]}" = 'Owner assignment complete.' ]
  run -1 --separate-stderr ask '{"command":"recotem-assign-owners","options":{"user":"nobody"}}'
  [ "$output" = "recotem-assign-owners: User 'nobody' does not exist." ]
  # what is wrong would be so again
  run -100 --separate-stderr ask '{"command":"recotem-assign-owners","options":{}}'
  [ "${lines[-1]}" = 'recotem-assign-owners: error: the following arguments are required: --user' ]
}

@test "a value is one word, whatever it holds, and a list gives the option several times" {
  run -0 ask '{"command":"recotem-create-test-users","options":{"user":["a\u0027; touch x #:correct horse battery","$(touch x):correct horse battery"]}}'
  [ "$(sql 'select username from auth_user order by id')" = $'a\'; touch x #\n$(touch x)' ]
  [ ! -e x ]
  run -1 --separate-stderr ask '{"command":"recotem-assign-owners","options":{"user":"--dry-run"}}'
  [ "$output" = "recotem-assign-owners: User '--dry-run' does not exist." ]
}

@test "what the list does not name is refused, and nothing runs" {
  local payload words
  while IFS='|' read -r payload words; do
    run -100 --separate-stderr ask "$payload"
    [ "$output" = "rc-job-command: $words" ] || { echo "$payload: $output"; return 1; }
  done <<'END'
{"command":"recotem-bootstrap"}|refused: 'recotem-bootstrap' is not among the commands that may be asked for
{"command":"/bin/sh"}|refused: what is asked for is no name of a command
{"command":"../bin/recotem-assign-owners"}|refused: what is asked for is no name of a command
{"command":""}|refused: what is asked for is no name of a command
{"command":"recotem-assign-owners","options":{"confirm":"PRODUCTION"}}|refused: recotem-assign-owners may not be asked for with the option 'confirm'
{"command":"recotem-assign-owners","options":{"user=x --dry-run":"y"}}|refused: recotem-assign-owners may not be asked for with the option 'user=x --dry-run'
{"command":"recotem-assign-owners","options":{"user":{"a":1}}}|refused: the value of 'user' is neither text, a number, true, false nor a list of them
{"command":"recotem-assign-owners","options":{"user":[["a"]]}}|refused: the value of 'user' is neither text, a number, true, false nor a list of them
{"command":"recotem-assign-owners","options":{"user":"a\u0000b"}}|refused: the value of 'user' holds what no argument can
{"command":"recotem-assign-owners","options":["user"]}|<stdin>:1: expected an object in the field 'options'
["recotem-assign-owners"]|<stdin>:1: expected an object in the field 'payload'
END
  echo '{"command":"absent-command","options":[]}' >>allow
  run -100 --separate-stderr ask '{"command":"absent-command"}'
  [ "$output" = "rc-job-command: refused: there is no command 'absent-command' here" ]
}

@test "a list that can't be read is refused, whatever is asked for" {
  echo '{"command":"x"}' >>allow
  run -100 --separate-stderr ask '{"command":"recotem-wait-db"}'
  [ "$output" = "rc-job-command: allow:4: expected an array in the field 'options'" ]
  run -100 rc-job-command --allow absent <<<'{"payload":{"command":"x"}}'
  run -100 rc-job-command <<<'{}'
  [ "${lines[-1]}" = 'rc-job-command: --allow is needed, and nothing else' ]
}

@test "a worker with it: done, failed at once, and tried again, with the command's words; TERM ends the command" {
  add_user ann
  rc-job-add COMMAND one '{"command":"recotem-assign-owners","options":{"user":"ann"}}' >/dev/null
  rc-job-add COMMAND two '{"command":"recotem-bootstrap"}' >/dev/null
  rc-job-add COMMAND three '{"command":"recotem-assign-owners","options":{"user":"nobody"}}' >/dev/null
  run -0 rc-job-run --once --exec -- rc-job-command --allow allow
  [ "$(sql 'select status, attempts, rtrim(last_error, chr(10)) from outbox_job order by id')" = "DONE|0|
FAILED|1|HandlerError: rc-job-command ended with exit status 100
rc-job-command: refused: 'recotem-bootstrap' is not among the commands that may be asked for
PENDING|1|HandlerError: rc-job-command ended with exit status 1
recotem-assign-owners: User 'nobody' does not exist." ]
  echo '{"id":1,"payload":{"command":"recotem-wait-db","options":{"tries":1000}}}' >job
  DATABASE_URL=postgresql://ann@127.0.0.1:1/shop start bash -c 'exec rc-job-command --allow allow <job'
  wait_for 'Database unavailable'
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 143' ]
  until_group_gone
}
