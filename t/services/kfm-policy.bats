# kfm-policy-check and the smoke test against a real Open Policy Agent with KFM's policies.
# shellcheck disable=SC2034,SC2154 # the helper uses started
load ../helper
load ../kfm/helper
load servers

setup_file() {
  if ! fetch opa fetch_opa; then skip_all; return; fi
  local port
  port=$(free_port)
  "$(downloads)/opa/opa" run --server --addr "127.0.0.1:$port" --disable-telemetry "$(rc_share)/kfm/policies/kfm.rego" >"$BATS_FILE_TMPDIR/opa.log" 2>&1 3>&- &
  echo "$!" >"$BATS_FILE_TMPDIR/opa.pid"
  export KFM_POLICY_URL=http://127.0.0.1:$port
  wait_for_http "$KFM_POLICY_URL/health" "$BATS_FILE_TMPDIR/opa.log" "$!"
}
teardown_file() { kill "$(cat "$BATS_FILE_TMPDIR/opa.pid")" 2>/dev/null || :; }

setup() {
  skip_where_absent
  new_kfm
  kfm-init-sample-data >/dev/null
  cd "$BATS_TEST_TMPDIR" || return
}

@test "the sample breaks no policy" {
  run -0 --separate-stderr kfm-policy-check
  [ "$output" = '30 row(s) looked at: 0 violation(s), 0 warning(s).' ]
  [ "$stderr" = '' ]
}

@test "its findings are those of the rules that need no server" {
  sql "update kfm.documents set body = 'write to ann@example.org' where id = 'sample-maps:document:1';
    update kfm.documents set title = 'number 123-45-6789' where id = 'sample-maps:document:2';
    update kfm.documents set body = 'AKIAABCDEFGHIJKLMNOP' where id = 'sample-maps:document:3';
    update kfm.documents set attributes = '{\"restricted\": true}' where id = 'sample-maps:document:4';
    update kfm.places set longitude = 0, latitude = 0 where id = 'sample-maps:place:1';
    update kfm.places set name = 'Burial ground', longitude = -97.12345 where id = 'sample-maps:place:2'"
  run -1 --separate-stderr kfm-policy-check --json
  server=$(grep '"rule"' <<<"$output" | sort)
  [ "$(wc -l <<<"$server")" = 7 ]
  [[ $output != *6789* && $output != *ann@* && $output != *AKIA* ]]
  unset KFM_POLICY_URL
  run -1 kfm-policy-check --json
  [ "$(grep '"rule"' <<<"$output" | sort)" = "$server" ]
}

@test "many rows go in batches, and each is judged" {
  sql "insert into kfm.documents (id, dataset_id, title, body, attributes)
    select 'many:' || n, 'sample-maps', 'Number ' || n, case when n % 100 = 0 then 'ann@example.org' else '' end, '{\"license\": \"CC0\"}'
    from generate_series(1, 3000) as n"
  run -1 kfm-policy-check
  [ "${lines[-1]}" = '3030 row(s) looked at: 30 violation(s), 0 warning(s).' ]
}

@test "the smoke test: one that must be allowed, one that must be denied" {
  run -0 kfm-smoke-test --targets policy
  [[ $output == *'ok  policy.allows: true'*'ok  policy.denies: false'* ]]
}
