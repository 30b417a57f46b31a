#!/usr/bin/env bash
# ask.sh KIND - rows to {"rows","findings"} by Open Policy Agent at $KFM_POLICY_URL, a batch of rows a question
#
# Its decision kfm/findings gets {"input":{"kind","rows":[...]}} and must answer a list of {"key","rule","severity","field"}.
# Anything else ends with 1: no answer is no permission.
set -euo pipefail
LC_ALL=C # to count bytes
while mapfile -t -n 500 rows && ((${#rows[@]})); do
  question=$(printf '%s\n' "${rows[@]}" | jq -sc --arg kind "$1" '{input: {kind: $kind, rows: .}}')
  url=${KFM_POLICY_URL%/}/v1/data/kfm/findings
  url=${url//\\/\\\\} url=${url//\"/\\\"}
  # the address may have a password: it goes to curl on a descriptor, as the rows do on its input
  answer=$(curl -sS -K <(printf 'url = "%s"\n' "$url") --noproxy '*' --fail --max-time 60 \
    -H 'Content-Type: application/json' --data-binary @- <<<"$question" 2>&1 | head -c 50000001) || {
    ((${#answer} <= 50000000)) || { echo 'the policy server answers with more than 50000000 bytes' >&2; exit 1; }
    printf 'the policy server does not answer: %s\n' "${answer%%$'\n'*}" >&2
    exit 1
  }
  [[ $answer == *'{'* ]] || answer=null # jq 1.6 calls no input a success
  jq -ce --argjson count "${#rows[@]}" 'if (.result | type) == "array" and all(.result[]; (.key | type) == "string" and (.rule | type) == "string"
    and (.severity == "violation" or .severity == "warning") and (.field | type) == "string")
    then {rows: $count, findings: [.result[] | {key, rule, severity, field}]} else error end' <<<"$answer" 2>/dev/null ||
    { echo 'the policy server answers, but not with a list of findings' >&2; exit 1; }
done
