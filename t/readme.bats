load recotem/helper

# The README of the checkout that the tests are in.
readme() { cat "$RC_TEST_FOLDER/../README.md"; }

# The indented blocks of the section whose title begins with $1, without their indent.
blocks() { readme | awk -v title="## $1" 'index($0, "## ") == 1 { inside = index($0, title) == 1 } inside && /^    / { print substr($0, 5) }'; }

@test "each row of the README's table is as --describe has it" {
  readme | sed -n '/^<!-- commands/,/^<!-- end/p' | grep -E '^\| [a-z]+-' >"$BATS_TEST_TMPDIR/found"
  cut -d' ' -f2 "$BATS_TEST_TMPDIR/found" | while read -r command; do "$command" --describe; done |
    rc-say '| {name} | {summary} | {changes} | {risk} |' >"$BATS_TEST_TMPDIR/expected"
  [ -s "$BATS_TEST_TMPDIR/found" ]
  diff "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/found"
}

@test "the README's pipelines run as pasted" {
  new_database
  add_user alice
  add_user bob
  add_project one null
  cd "$BATS_TEST_TMPDIR"
  blocks 'Four pipelines' | sed "s,/usr/local/share/rc,$(rc_share)," >pipelines
  run -0 --separate-stderr bash -euo pipefail pipelines
  [ "$stderr" = '' ]
  [ "${lines[0]}" = 'Project: 1 rows would go to alice' ]
  [ "${lines[3]}" = '{"records":1,"by":{"true":1}}' ]
  [[ ${lines[4]} == *' is alice' && ${lines[5]} == *' is bob' ]]
  [[ ${lines[6]} == 'alice is deactivated' && ${lines[7]} == 'bob is deactivated' ]]
}

@test "the README's commands for everyday use run as pasted" {
  new_database
  add_user admin
  add_project one null
  cd "$BATS_TEST_TMPDIR"
  blocks Use | grep -E '^(API_KEY|recotem-)' | sed 's,/srv/recotem/media,.,; s/gunicorn/echo/' >commands
  [ "$(wc -l <commands)" = 10 ]
  SECRET_KEY=k run -0 bash -euo pipefail commands
}

@test "the README's commands for jobs and production run as pasted" {
  new_database
  add_user admin
  add_project one null
  blocks Use | grep -E '^(export RC_|rc-)' >"$BATS_TEST_TMPDIR/commands"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/commands")" = 5 ]
  HOME=$BATS_TEST_TMPDIR run -0 --separate-stderr bash -euo pipefail "$BATS_TEST_TMPDIR/commands"
  [ "$(sql 'select count(*) from api_project where owner_id is null')" = 0 ]
  [ "$(jq -c '[.name, .status]' "$BATS_TEST_TMPDIR/.local/state/rc/history.ndjson")" = '["owners","ok"]' ]
  [[ ${lines[0]} == *'"environment":"production"'* && $output == *connection* ]]
}

@test "the README's alias serves a runbook that calls manage.py" {
  new_database
  add_user admin
  alias=$(readme | sed -n "s/.*\`\(alias manage.py='[^']*'\)\`.*/\1/p")
  run -0 bash -c "shopt -s expand_aliases; $alias
    manage.py assign_owners --user admin"
  [ "${lines[-1]}" = 'Owner assignment complete.' ]
}
