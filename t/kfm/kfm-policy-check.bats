# shellcheck disable=SC2034 # the helper uses started
load ../helper
load ../http
load helper

setup() {
  new_kfm
  kfm-init-sample-data >/dev/null
  started=()
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { end_started; }

set_body() { sql "update kfm.documents set body = '$2' where id = 'sample-maps:document:$1'"; }

@test "the sample breaks no rule" {
  run -0 --separate-stderr kfm-policy-check
  [ "$output" = '30 row(s) looked at: 0 violation(s), 0 warning(s).' ]
  [ "$stderr" = '' ]
}

@test "a finding has its rule, severity, key and field, and never the value" {
  set_body 1 'write to ann@example.org'
  set_body 2 'number 123-45-6789'
  set_body 3 'AKIAABCDEFGHIJKLMNOP'
  run -1 --separate-stderr kfm-policy-check --json
  [ "${lines[0]}" = '{"kind":"document","key":"sample-maps:document:1","rule":"email-address","severity":"violation","field":"body"}' ]
  [ "${lines[1]}" = '{"kind":"document","key":"sample-maps:document:2","rule":"social-security-number","severity":"violation","field":"body"}' ]
  [ "${lines[2]}" = '{"kind":"document","key":"sample-maps:document:3","rule":"credential","severity":"violation","field":"body"}' ]
  [[ ${lines[3]} == '{"ok":false,'*'"scanned":30,"changed":0,"warnings":0,"errors":3,'* ]]
  [[ $output$stderr != *ann@* && $output$stderr != *6789* && $output$stderr != *AKIA* ]]
}

@test "a warning alone is no failure" {
  sql "update kfm.documents set attributes = '{}' where id = 'sample-maps:document:1'; update kfm.places set longitude = 0, latitude = 0 where id = 'sample-maps:place:1'"
  run -0 kfm-policy-check
  [ "${lines[0]}" = 'warning  license-missing: document sample-maps:document:1 (attributes.license)' ]
  [ "${lines[1]}" = 'warning  place-at-zero: place sample-maps:place:1 (longitude)' ]
  [ "${lines[2]}" = '30 row(s) looked at: 0 violation(s), 2 warning(s).' ]
}

@test "what is restricted must be redacted, and a sensitive place is not exact" {
  sql "update kfm.documents set attributes = attributes || '{\"restricted\": true}' where id like 'sample-maps:document:%';
    update kfm.documents set attributes = attributes || '{\"redacted\": true}' where id <> 'sample-maps:document:4';
    update kfm.places set name = 'Burial ground', longitude = -97.12345 where id = 'sample-maps:place:2'"
  run -1 kfm-policy-check
  [ "${lines[0]}" = 'violation  restricted-not-redacted: document sample-maps:document:4 (attributes.redacted)' ]
  [ "${lines[1]}" = 'violation  sensitive-place-too-exact: place sample-maps:place:2 (longitude)' ]
  [ "${#lines[@]}" = 3 ]
}

@test "only a dataset, or what has changed, is looked at; what is deleted is not" {
  set_body 1 'ann@example.org'
  run -0 kfm-policy-check --dataset-id sample-forts
  [ "$output" = '8 row(s) looked at: 0 violation(s), 0 warning(s).' ]
  run -0 kfm-policy-check --since 2026-02-01
  [ "$output" = '0 row(s) looked at: 0 violation(s), 0 warning(s).' ]
  run -1 kfm-policy-check --since 2026-01-17T12:00:00Z
  sql "update kfm.documents set deleted_at = now() where id = 'sample-maps:document:1'"
  run -0 kfm-policy-check
  run -1 --separate-stderr kfm-policy-check --dataset-id none
  [ "$stderr" = "kfm-policy-check: There is no dataset 'none'." ]
  run -2 kfm-policy-check --since soon
}

@test "nothing is changed" {
  set_body 1 'ann@example.org'
  before=$(sql 'select xmin, * from kfm.documents order by id; select count(*) from kfm.audit_log')
  run -1 kfm-policy-check
  [ "$(sql 'select xmin, * from kfm.documents order by id; select count(*) from kfm.audit_log')" = "$before" ]
}

@test "rules of one's own take the place of ours; rules that fail are a failure" {
  mkdir rules
  echo 'if .title | test("Survey") then {rule: "survey", severity: "violation", field: "title"} else empty end' >rules/documents.jq
  echo empty >rules/places.jq
  run -1 kfm-policy-check --rules rules
  [ "$(grep -c '^violation  survey: ' <<<"$output")" = 8 ]
  echo '.title | keys' >rules/documents.jq
  run -1 --separate-stderr kfm-policy-check --rules rules
  [ "$stderr" = 'kfm-policy-check: the rules rules/documents.jq fail; what was to be judged is not known to be well' ]
  [ "$output" = '' ]
  for finding in '{rule: "r", severity: "critical", field: "f"}' '{rule: "r", severity: null, field: "f"}' '{rule: "r", field: "f"}' \
    '{severity: "violation", field: "f"}' '{rule: "r", severity: "violation", field: .attributes}' '"r"'; do
    echo "$finding" >rules/documents.jq # one that would count as no violation, or might show a value
    run -1 --separate-stderr kfm-policy-check --rules rules
    [ "$stderr" = 'kfm-policy-check: the rules rules/documents.jq fail; what was to be judged is not known to be well' ]
    [ "$output" = '' ]
  done
  rm rules/places.jq
  echo empty >rules/documents.jq
  run -1 --separate-stderr kfm-policy-check --rules rules
  [ "$stderr" = 'kfm-policy-check: there are no rules rules/places.jq' ]
}

@test "a policy server that is down, answers nonsense, nothing, or an error is no permission" {
  KFM_POLICY_URL=http://me:hidden@127.0.0.1:1 run -1 --separate-stderr kfm-policy-check
  [[ $stderr == 'kfm-policy-check: the policy server does not answer: '* && $stderr != *hidden* ]]
  start_http
  export KFM_POLICY_URL=$source
  for body in nonsense '{}' '{"result":true}' '{"result":[{"key":1}]}' '{"result":[{"key":"a","rule":"r","severity":"fine","field":"f"}]}' \
    '{"result":[{"key":"a","rule":"r","severity":"violation","field":{"value":"secret"}}]}' ''; do
    rm -f "$http"/*findings*
    answer /v1/data/kfm/findings '200 OK' <<<"$body"
    run -1 --separate-stderr kfm-policy-check
    [ "$stderr" = 'kfm-policy-check: the policy server answers, but not with a list of findings' ]
    [ "$output" = '' ]
  done
  rm -f "$http"/*findings*
  answer /v1/data/kfm/findings '500 Broken' <<<'{"result":[]}'
  run -1 --separate-stderr kfm-policy-check
  [[ $stderr == 'kfm-policy-check: the policy server does not answer: '*500* ]]
  rm -f "$http"/*findings*
  answer @flood /v1/data/kfm/findings '200 OK' - <<<'{"result":[]}'
  run -1 --separate-stderr kfm-policy-check
  [ "$stderr" = 'kfm-policy-check: the policy server answers with more than 50000000 bytes' ]
}

@test "findings of a policy server are told like those of rules" {
  start_http
  export KFM_POLICY_URL=$source
  answer /v1/data/kfm/findings '200 OK' <<<'{"result":[{"key":"d1","rule":"r","severity":"violation","field":"body","value":"secret"}]}'
  answer /v1/data/kfm/findings '200 OK' <<<'{"result":[]}'
  run -1 kfm-policy-check
  [ "$output" = $'violation  r: document d1 (body)\n30 row(s) looked at: 1 violation(s), 0 warning(s).' ]
}
