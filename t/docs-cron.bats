# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test has an environment of its own; docs.bash uses docs_page and sets count
# docs/cron.md and docs/troubleshooting.md: what they show is run, and so are the commands of the examples in share/.
load recotem/helper
load jobs
load docs

setup() {
  new_database
  add_outbox
  add_user alice >/dev/null
  export HOME=$BATS_TEST_TMPDIR/home RC_HISTORY=$BATS_TEST_TMPDIR/history
  mkdir "$HOME" "$BATS_TEST_TMPDIR/folder"
  cd "$BATS_TEST_TMPDIR/folder" || return
  tree=$RC_TEST_TREE share=$(rc_share)
  name=$(sql 'select current_database()')
  printf '%s\n' "$DATABASE_URL" >"$BATS_TEST_TMPDIR/url"
}

# Two jobs that were done long ago, one of them a month.
add_old_jobs() {
  add_jobs 2
  sql "update outbox_job set status = 'DONE', updated_at = now() - case id when 1 then '31 days' else '1 day' end::interval"
}
old_job_is_gone() { [ "$(sql 'select string_agg(id::text, $$ $$) from outbox_job')" = 2 ]; }

# of_tree: text with our tree, database and its name in place of those of the example.
of_tree() { sed "s|/usr/local/bin/|$tree/bin/|g; s|/etc/rc/database-url|$BATS_TEST_TMPDIR/url|; s|/run/secrets/.*database-url|$BATS_TEST_TMPDIR/url|; s|,shop|,$name|"; }

# in_cron COMMAND: by sh with nothing in the environment but what cron gives, and NAME=VALUE of the array variables.
in_cron() { env -i PATH=/usr/bin:/bin "HOME=$HOME" "${variables[@]}" sh -c "$1"; }

@test "the page on cron: each command prints what is shown" {
  docs_page=$RC_TEST_FOLDER/../docs/cron.md
  run_page
  [ "$count" -ge 4 ]
}

@test "the page on troubles: each command prints what is shown" {
  docs_page=$RC_TEST_FOLDER/../docs/troubleshooting.md
  run_page
  [ "$count" -ge 5 ]
}

@test "each file that the page on cron names is there" {
  local files
  mapfile -t files < <(grep -oE '(cron|systemd|kubernetes|compose)/[a-z.-]+' "$RC_TEST_FOLDER/../docs/cron.md" | sort -u)
  [ "${#files[@]}" -ge 5 ]
  for file in "${files[@]}"; do [ -s "$share/$file" ] || { echo "no $file"; false; }; done
}

@test "the line of cron does its job on production, in silence" {
  add_old_jobs
  rc-environment set production
  mapfile -t variables < <(of_tree <"$share/cron/rc-job-purge" | grep -E '^[A-Z_]+=')
  [ "${#variables[@]}" = 3 ]
  line=$(of_tree <"$share/cron/rc-job-purge" | grep -vE '^(#|[A-Z_]+=)')
  [[ $line =~ ^[0-9*]+\ [0-9*]+\ [0-9*]+\ [0-9*]+\ [0-9*]+\ [a-z]+\ (.*)$ ]]
  line=${BASH_REMATCH[1]}
  run -0 in_cron "$line"
  [ -z "$output" ]
  old_job_is_gone
  # without the confirmation it fails, and says so
  variables=("${variables[@]/RC_CONFIRM=*/RC_CONFIRM=PRODUCTION}")
  run -1 in_cron "$line"
  [[ $output == *"refused: it is not clear that this is meant; to be given: --confirm $name"* ]]
}

@test "the line for TimeTracker has the form of cron's" {
  run -0 grep -cE '^[0-9*]+ [0-9*]+ [0-9*]+ [0-9*]+ [0-9*]+ +[a-z]+ +/usr/local/bin/[a-z-]+ ' "$share/cron/timetracker-sync-tasks"
  [ "$output" = 2 ]
}

@test "the units of systemd are valid, and what they begin does its job" {
  add_old_jobs
  line=$(sed -n 's/^ExecStart=//p' "$share/systemd/rc-job-purge.service" | of_tree)
  variables=("DATABASE_URL_FILE=$BATS_TEST_TMPDIR/url" "RC_CONFIRM=$name" "XDG_STATE_HOME=$BATS_TEST_TMPDIR")
  run -0 in_cron "$line"
  [[ $output == *'1 jobs deleted' ]]
  old_job_is_gone
  [ -s "$BATS_TEST_TMPDIR/rc/history.ndjson" ]
  command -v systemd-analyze >/dev/null || skip 'systemd-analyze is not here to look at the rest'
  for unit in "$share"/systemd/*; do of_tree <"$unit" >"${unit##*/}"; done
  run -0 systemd-analyze verify ./*.service ./*.timer
}

@test "the CronJob of Kubernetes is YAML of its form, and its command does its job" {
  add_old_jobs
  rc-environment set production
  words=$(sed -n 's/^ *command: //p' "$share/kubernetes/rc-job-purge.yaml" | of_tree)
  mapfile -t words < <(jq -r '.[]' <<<"$words")
  run -0 env -i PATH=/usr/bin:/bin HOME=/nowhere "DATABASE_URL_FILE=$BATS_TEST_TMPDIR/url" RC_ENVIRONMENT=production "RC_CONFIRM=PRODUCTION,$name" \
    "XDG_STATE_HOME=$BATS_TEST_TMPDIR" "${words[@]}"
  [[ $output == *'{"records":1,'*'"ok":true'* ]]
  old_job_is_gone
  python3 -c 'import yaml' 2>/dev/null || skip 'no YAML reader is here to look at the rest'
  run -0 python3 - "$share/kubernetes/rc-job-purge.yaml" <<'END'
import sys, yaml
job = yaml.safe_load(open(sys.argv[1]))
pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
volumes = {volume["name"] for volume in pod["volumes"]}
mounts = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
assert len(job["spec"]["schedule"].split()) == 5 and job["spec"]["concurrencyPolicy"] == "Forbid"
assert pod["restartPolicy"] == "Never" and mounts == volumes
assert all(isinstance(variable["value"], str) for variable in pod["containers"][0]["env"])
END
}

@test "the Deployment of Kubernetes is YAML of its form, and its command does jobs" {
  sql "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at)
       values ('TIMESHEET_DAY_SAVED', 'k', '{}', 'PENDING', 0, now(), now(), now())"
  mapfile -t words < <(sed -n 's/^ *command: //p' "$share/kubernetes/timetracker-worker.yaml" | of_tree | jq -r '.[]')
  run -0 env -i PATH=/usr/bin:/bin HOME=/nowhere RC_EVENTS= "DATABASE_URL_FILE=$BATS_TEST_TMPDIR/url" "${words[@]}" --once
  [ "$(job_counts)" = 'DONE 0 1' ]
  python3 -c 'import yaml' 2>/dev/null || skip 'no YAML reader is here to look at the rest'
  run -0 python3 - "$share/kubernetes/timetracker-worker.yaml" <<'END'
import sys, yaml
deployment = yaml.safe_load(open(sys.argv[1]))
template = deployment["spec"]["template"]
container = template["spec"]["containers"][0]
assert (deployment["apiVersion"], deployment["kind"]) == ("apps/v1", "Deployment")
assert deployment["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in template["spec"]["volumes"]}
assert all(isinstance(variable["value"], str) for variable in container["env"])
END
}

@test "the services of Compose are YAML of their form, and their commands do their jobs" {
  add_old_jobs
  variables=("DATABASE_URL_FILE=$BATS_TEST_TMPDIR/url" "RC_CONFIRM=$name" "XDG_STATE_HOME=$BATS_TEST_TMPDIR")
  mapfile -t commands < <(sed -n 's/^ *command: //p' "$share/compose/compose.yaml" | of_tree)
  [ "${#commands[@]}" = 2 ]
  [ "$(jq -r 'join(" ")' <<<"${commands[0]}")" = "$tree/bin/timetracker-worker-run" ]
  run -0 in_cron "$tree/bin/timetracker-worker-run --once"
  # its loop, without the rest of a day
  code=$(jq -r '.[2]' <<<"${commands[1]}")
  [[ $code == *'; do sleep 86400; done' ]]
  run -0 in_cron "${code/sleep 86400/break}"
  old_job_is_gone
  python3 -c 'import yaml' 2>/dev/null || skip 'no YAML reader is here to look at the rest'
  run -0 python3 - "$share/compose/compose.yaml" <<'END'
import sys, yaml
file = yaml.safe_load(open(sys.argv[1]))
for service in file["services"].values():
    assert set(service["secrets"]) <= set(file["secrets"]) and service["restart"] == "unless-stopped"
    assert all(isinstance(value, str) for value in service["environment"].values())
END
}

@test "what docs/troubleshooting.md says is refused is refused in those words" {
  local words count=0
  while IFS= read -r words; do
    grep -rqF -- "${words//%/%%}" "$RC_TEST_FOLDER"/../{lib,src} "$share" "$RC_TEST_FOLDER/../bin" || grep -rqF -- "$words" "$RC_TEST_FOLDER"/../{lib,src} "$share" ||
      { echo "no program says: $words"; return 1; }
    count=$((count + 1))
  done < <(sed -n '/^## What is refused/,/^## Who/s/^| `\([^`]*\)` |.*/\1/p' "$RC_TEST_FOLDER/../docs/troubleshooting.md")
  [ "$count" -ge 12 ]
}

@test "the mail that docs/cron.md shows goes out with the record of a failed run, and of no other" {
  local command
  command=$(sed -n "s/.*\`--on-failure '\([^']*\)'\`.*/\1/p" "$RC_TEST_FOLDER/../docs/cron.md")
  [[ $command == mail\ * ]]
  mkdir programs
  printf '#!/bin/sh\nprintf "%%s|" "$@" >mailed\ncat >>mailed\n' >programs/mail
  chmod +x programs/mail
  PATH=$PWD/programs:$PATH
  run -0 rc-run --on-failure "$command" nightly -- true
  [ ! -e mailed ]
  run -3 rc-run --on-failure "$command" nightly -- sh -c 'exit 3'
  [[ $(cat mailed) == '-s|a job failed|ops@example.org|{'*'"name":"nightly",'*'"exit":3,'* ]]
}
