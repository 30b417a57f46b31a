# export-documents.bash FOLDER REALM_ID TYPE EXTERNAL_HOST THREADS - the tables of an export
#
# zulip-export runs it by rc-snapshot, so that all queries see one moment. FOLDER/out gets the documents, FOLDER/count what
# stats.json has of each, FOLDER/files the lists of the files that belong to the rows.
set -euo pipefail
export LC_ALL=C.UTF-8
sql=$(dirname -- "${BASH_SOURCE[0]}")/../sql/zulip/export
folder=$1 type=$3 threads=$5
params=(--param "realm_id=$2" --param "type=$type" --param "external_host=$4")

# The rows of a query on the sets, of messages FIRST to LAST.
sets=$(<"$sql/sets.sql")
rows() { # QUERY OUTPUT [FIRST LAST]
  printf '%s\n' "$sets" "$1" >"$2.sql"
  # by its bare name, so that operators are PostgreSQL's own
  RC_SQL=${2%/*} rc-export-rows "${params[@]}" --param "first=${3-0}" --param "last=${4-9223372036854775807}" --file "${2##*/}.sql" --output "$2"
}

# A document of the tables in one folder, and how many rows each has.
document() { # NAME FOLDER [FIRST LAST]
  local i file table tables=() parts=() lines counts=()
  mkdir -- "$folder/rows/$1"
  for file in "$sql/$2"/*.sql; do
    table=${file##*/} table=${table#*-} table=${table%.sql}
    tables+=("$table") parts+=("$folder/rows/$1/$table")
    rows "select '$table' as name, row_to_json(r) as element from (
$(<"$file")
) as r" "${parts[-1]}" "${@:3}"
  done
  mapfile -t lines < <(wc -l -- "${parts[@]}")
  for i in "${!parts[@]}"; do
    counts+=("${tables[i]}:=$((${lines[i]%"${parts[i]}"}))")
    if [[ ! -s ${parts[i]} ]]; then printf '{"name":"%s","elements":[]}\n' "${tables[i]}" >"${parts[i]}"; fi
  done
  rc-record-join --output "$folder/out/$1.json" -- "${parts[@]}"
  mapfile -d '' -t counts < <(printf '%s\0' "${counts[@]}" | LC_ALL=C sort -z)
  rc-record-make "${counts[@]}" >"$folder/count/$1"
  rm -r -- "${folder:?}/rows/$1"
}

# Runs a function beside the others, THREADS at most; one that fails ends all.
running=0
beside() { # FUNCTION ARGUMENT...
  if ((running == threads)); then wait -n; else running=$((running + 1)); fi
  "$@" &
}

trap 'jobs -p | xargs -r kill 2>/dev/null' EXIT # one that fails ends those beside it

mkdir -- "$folder/rows" "$folder/count" "$folder/files"
for name in realm attachment analytics; do beside document "$name" "$name"; done
rows "$(<"$sql/chunks.sql")" "$folder/chunks"
number=0
while read -r first last; do
  printf -v name 'messages-%06d' $((number += 1))
  beside document "$name" messages "$first" "$last"
done < <(rc-say '{first} {last}' "$folder/chunks")
while ((running > 0)); do
  wait -n
  running=$((running - 1))
done
for name in uploads emoji; do rows "$(<"$sql/$name.sql")" "$folder/files/$name"; done
if ((type == 2)); then
  rows "$(<"$sql/consented.sql")" "$folder/consented"
  rc-say '{ids}' "$folder/consented" >"$folder/out/consented_user_ids.json"
fi
