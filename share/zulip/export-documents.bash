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
rows() { # QUERY OUTPUT [FIRST LAST]
  cat -- "$sql/sets.sql" "$1" >"$2.sql"
  rc-export-rows "${params[@]}" --param "first=${3-0}" --param "last=${4-9223372036854775807}" --file "$2.sql" --output "$2"
  rm -- "$2.sql"
}

# One table of a document, as rc-record-join takes it.
table() { # FILE OUTPUT [FIRST LAST]
  local name=${1##*/}
  name=${name#*-} name=${name%.sql}
  { printf "select '%s' as name, row_to_json(r) as element from (\n" "$name" && cat -- "$1" && printf ') as r\n'; } >"$2.query"
  rows "$2.query" "$2" "${@:3}"
  printf '%s:=%d\0' "$name" "$(wc -l <"$2")" >"$2.count"
  if [[ ! -s $2 ]]; then rc-record-make "name=$name" elements:=[] >"$2"; fi
  rm -- "$2.query"
}

# A document of the tables in one folder, and how many rows each has.
document() { # NAME FOLDER [FIRST LAST]
  local file parts=() counts
  mkdir -- "$folder/rows/$1"
  for file in "$sql/$2"/*.sql; do
    table "$file" "$folder/rows/$1/${file##*/}" "${@:3}"
    parts+=("$folder/rows/$1/${file##*/}")
  done
  rc-record-join --output "$folder/out/$1.json" -- "${parts[@]}"
  mapfile -d '' -t counts < <(LC_ALL=C sort -z -- "${parts[@]/%/.count}")
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
rows "$sql/chunks.sql" "$folder/chunks"
number=0
while read -r first last; do
  printf -v name 'messages-%06d' $((number += 1))
  beside document "$name" messages "$first" "$last"
done < <(rc-say '{first} {last}' "$folder/chunks")
while ((running > 0)); do
  wait -n
  running=$((running - 1))
done
for name in uploads emoji; do rows "$sql/$name.sql" "$folder/files/$name"; done
if ((type == 2)); then
  rows "$sql/consented.sql" "$folder/consented"
  rc-say '{ids}' "$folder/consented" >"$folder/out/consented_user_ids.json"
fi
