# listing.bash - what another system has, as records of tasks; sourced by timetracker-sync-tasks
#
# A map is a jq program whose head says how the source has its pages (fetch: options of rc-http-pages), what asks for changes
# only (since: a parameter with {mark} in it), and which secret opens it (token: its name).

# shellcheck disable=SC2034 # the page asks with $since
# Reads the map's head into $fetch and $since, and its program, if it is of one line, into $program.
read_map() { # FILE
  local line token=''
  [[ -r $1 ]] || rc_fail "cannot read the map $1"
  fetch=() since='' program=''
  while IFS= read -r line; do
    case $line in
    '# fetch: '*) read -ra fetch <<<"${line#'# fetch: '}" ;;
    '# since: '*'{mark}'*) since=${line#'# since: '} ;;
    '# token: '*) token=${line#'# token: '} ;;
    '#'*) ;;
    *) program+=$line ;;
    esac
  done <"$1"
  [[ ! $token ]] || ! rc_has_secret "$token" || fetch+=(--token "$token")
}

# Sets $source to the name that the marks of the listing at URL stand under: without user and query, which may hold secrets, but
# another query is another listing.
name_source() { # URL
  local query=''
  [[ $1 != *\?* ]] || query=$(sha256sum <<<"${1#*\?}") query="?${query:0:16}"
  source=${1%%\?*}
  [[ ! $source =~ ^([^:/]*:/+)?[^/]*@(.*)$ ]] || source=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
  # shellcheck disable=SC2034 # the page asks with it
  source+=$query
}

# jq rounds long numbers, so they are text before it, and it passes no end record on. It is left out where it changes nothing.
listing() { # URL MAP
  if [[ $program == . ]]; then
    rc-http-pages "${fetch[@]}" --url "$1"
  else
    rc-http-pages "${fetch[@]}" --long-numbers-as-text --url "$1" | { grep -v '^{"rc_end":' || (($? == 1)); } |
      jq -c -f "$2" && rc-end
  fi
}
