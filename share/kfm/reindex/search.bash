#!/usr/bin/env bash
# search.bash ASKED DONE - the part of kfm-reindex whose index is on OpenSearch or Elasticsearch at $KFM_SEARCH_URL
#
# All of it: a new index ALIAS-TIME, into which all documents go; when it has as many as came from the database, one call takes
# the alias from the old index to it. An index of ours that is newer than the alias's is of a run that broke: it is gone on with,
# by what it lacks. A part (--since, --dataset-id): into the index that the alias leads to, with deletions.

# shellcheck source=share/kfm/reindex/server.bash
. "$(dirname -- "$(readlink -f -- "$0")")/server.bash"
server=$KFM_SEARCH_URL alias=${KFM_SEARCH_ALIAS:-kfm} rejected=0
[[ $alias =~ ^[a-z0-9][a-z0-9._-]{0,99}$ ]] || die 'KFM_SEARCH_ALIAS is no name of an index: small letters, digits and . _ -'
[[ ! $KFM_REINDEX_REJECTS ]] || : >"$KFM_REINDEX_REJECTS"
short='filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason'

# send INDEX: records from standard input into the index; those that it refuses are counted, and the first ends it where there is
# no file for them.
send() {
  local code=0 limit=(--max-rejects "$KFM_REINDEX_MAX_REJECTS")
  [[ ! $KFM_REINDEX_REJECTS ]] || limit=(--rejects "$work/rejects")
  rc-http-bulk --url-of KFM_SEARCH_URL --path "/$1/_bulk?$short" --jobs "$KFM_REINDEX_JOBS" --patience "$KFM_REINDEX_PATIENCE" \
    --delete deleted_at --require-end-record "${limit[@]}" >"$work/sent" || code=$?
  [[ ! -s $work/rejects ]] || cat -- "$work/rejects" >>"$KFM_REINDEX_REJECTS"
  ((code < 2)) || exit "$code"
  rejected=$((rejected + $(rc-say '{rejected}' "$work/sent")))
}

# listed INDEX: what is in the index, as sorted lines {"id","updated_at"}, page by page, to $work/listed.
listed() {
  local after='' query='{"match_all":{}}'
  [[ ! $dataset ]] || query=$(jq -nc --arg dataset "$dataset" '{term: {dataset_id: $dataset}}')
  : >"$work/unsorted"
  while ask POST "/$1/_search" "{\"size\":10000,\"sort\":[\"id\"],\"_source\":[\"updated_at\"],\"query\":$query${after:+,\"search_after\":$after}}"; do
    answer '.hits.hits | type == "array"' >/dev/null
    jq -c '.hits.hits[] | {id: ._id, updated_at: ._source.updated_at}' "$work/answer" >>"$work/unsorted"
    after=$(jq -c '.hits.hits[-1].sort // empty' "$work/answer")
    [[ $after ]] || break
  done
  LC_ALL=C sort "$work/unsorted" >"$work/listed"
}

# difference INDEX: brings over what the index lacks or has in another version, and takes out what the database has no more; how
# many documents the index should have then is in $expected.
difference() {
  listed "$1"
  rows search-known.sql | head -n -1 | LC_ALL=C sort >"$work/known"
  expected=$(wc -l <"$work/known")
  LC_ALL=C comm -13 "$work/listed" "$work/known" >"$work/lacks"
  rc-db-apply --dry-run --batch 1000 --output "$work/rows" search-some.sql "$work/lacks"
  rc-end "$work/rows" | send "$1"
  jq -c .id "$work/known" | LC_ALL=C sort >"$work/known-ids"
  jq -c .id "$work/listed" | LC_ALL=C sort | LC_ALL=C comm -23 - "$work/known-ids" | jq -c '{id: ., deleted_at: true}' >"$work/gone"
  [[ ! -s $work/gone ]] || rc-end "$work/gone" | send "$1"
}

# How many documents the index has, into $there; of the dataset, where one is asked for.
count_there() {
  local query='{"match_all":{}}'
  [[ ! $dataset ]] || query=$(jq -nc --arg dataset "$dataset" '{term: {dataset_id: $dataset}}')
  ask POST "/$1/_refresh"
  ask POST "/$1/_count" "{\"query\":$query}"
  there=$(answer .count)
}

# Where the alias leads, into $current; what else it says, such as a filter, which the next one keeps, into $says.
says='{}'
http GET "/_alias/$alias"
case $status in
200)
  current=$(answer 'keys | if length == 1 then .[0] else error end')
  says=$(answer ".[].aliases[\"$alias\"]" | jq -c .)
  ;;
404)
  current=''
  http GET "/$alias"
  [[ $status != 200 ]] || die "there is an index named $alias, and an alias must have that name"
  ;;
*) ask GET "/_alias/$alias" ;;
esac
ask GET "/$alias-*/_alias" # those that have another alias, too, are not ours any more
mapfile -t ours < <(jq -r --arg alias "$alias" 'to_entries[] | select(.value.aliases | del(.[$alias]) == {}).key' "$work/answer" |
  grep -xE "${alias//./\\.}-[0-9]{20}" | LC_ALL=C sort)

if [[ $part ]]; then
  [[ $current ]] || die "there is no index yet: run it without --since and --dataset-id first"
  rows search-changed.sql | send "$current"
  count_there "$current"
  if ((there != $(count search-count.sql))); then
    difference "$current"
    count_there "$current"
    ((rejected || there == expected)) || die "the index has $there document(s), and the database $expected: run it again"
  fi
  ((rejected == 0)) || die "$rejected document(s) were refused: see $KFM_REINDEX_REJECTS"
  finish "$there"
  exit
fi

new=''
for index in "${ours[@]}"; do [[ $index < $current || $index == "$current" ]] || new=$index; done
if [[ $new ]]; then
  difference "$new"
else
  new=$alias-$(date -u +%Y%m%d%H%M%S%6N)
  ask PUT "/$new" "$(<"${KFM_SEARCH_INDEX:-$data/search-index.json}")"
  rows search-documents.sql | rc-progress --label search --total "$(count search-count.sql)" | send "$new"
  expected=$(($(rc-say '{indexed}' "$work/sent") + rejected))
fi
count_there "$new"
((rejected <= KFM_REINDEX_MAX_REJECTS)) ||
  die "$rejected document(s) were refused: see $KFM_REINDEX_REJECTS; the alias $alias is as it was before"
((there + rejected == expected)) ||
  die "the index has $there document(s), and the database $expected: the alias $alias is as it was before"
ask PUT "/$new/_settings" '{"index":{"refresh_interval":null}}'
swap=$(jq -c --arg index "$new" --arg alias "$alias" '{add: (. + {index: $index, alias: $alias})}' <<<"$says")
[[ ! $current ]] || swap="{\"remove\":{\"index\":\"$current\",\"alias\":\"$alias\"}},$swap"
ask POST /_aliases "{\"actions\":[$swap]}"

# the old ones, but for as many as are to be kept
old=()
for index in "${ours[@]}"; do [[ $index == "$new" ]] || old+=("$index"); done
for ((n = 0; n < ${#old[@]} - KFM_REINDEX_KEEP; n++)); do ask DELETE "/${old[n]}"; done
finish "$there"
