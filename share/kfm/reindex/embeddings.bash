#!/usr/bin/env bash
# embeddings.bash ASKED DONE - the part of kfm-reindex that keeps kfm.embeddings, by a server with OpenAI's /v1/embeddings
#
# Only texts that have changed, by their digest, or that another model has read, are sent: a thousand a round, each round a
# transaction, so that a run that breaks has what it has done.

# shellcheck source=share/kfm/reindex/server.bash
. "$(dirname -- "$(readlink -f -- "$0")")/server.bash"
server=${KFM_EMBEDDINGS_URL:-$KFM_LLM_URL}
export server
token=()
for name in KFM_EMBEDDINGS_TOKEN KFM_LLM_TOKEN; do
  file=${name}_FILE
  if [[ ${!name-} || ${!file-} ]]; then
    token=(--token "$name")
    break
  fi
done
model=${KFM_EMBEDDINGS_MODEL-}
[[ $model ]] || die 'KFM_EMBEDDINGS_MODEL, the name of the model, is not set'

write=embeddings-write-array.sql
[[ $(rc-export-rows --query "select pg_catalog.to_regtype('vector') is not null and exists (select from pg_catalog.pg_attribute
  where attrelid = 'kfm.embeddings'::regclass and attname = 'embedding' and atttypid = pg_catalog.to_regtype('vector')) as vector" |
  rc-say '{vector}') == false ]] || write=embeddings-write-vector.sql

body=$(jq -nc --arg model "$model" '{model: $model, encoding_format: "float", input: "@records"}')
rows=0
while
  rc-export-rows --file embeddings-wanted.sql --param "dataset_id=$dataset" --param "since=$since" --param "model=$model" \
    --end-record --output "$work/wanted"
  (($(wc -l <"$work/wanted") > 1))
do
  rc-http-batch --url-of server --path /v1/embeddings "${token[@]}" --jobs "$KFM_REINDEX_JOBS" --patience "$KFM_REINDEX_PATIENCE" \
    --body "$body" --field text --batch 64 --with-records --require-end-record "$work/wanted" >"$work/answers"
  # an answer is of use only where it has a list of numbers, all as long, for each text
  head -n -1 "$work/answers" | jq -ce --arg model "$model" '.records as $records | .answer.data
    | if length == ($records | length) and (map(.index) | sort) == [range($records | length)]
        and all(.[]; .embedding | type == "array" and length > 0 and all(.[]; type == "number")) then .[] else error end
    | $records[.index] as $record | {id: $record.id, dataset_id: $record.dataset_id, digest: $record.digest, model: $model, embedding}' \
    >"$work/embeddings" 2>/dev/null || die "the server's answer is not a list of embeddings, one for each text"
  rc-end "$work/embeddings" | rc-db-apply --require-end-record --batch 1000 "$write" - >"$work/written"
  rows=$((rows + $(wc -l <"$work/embeddings")))
done
rc-db-apply embeddings-gone.sql "$asked"
finish "$rows"
