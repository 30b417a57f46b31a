# Where the database is: DATABASE_URL as Django's tools read it (Python's urllib), from a file, and beside PG*.
#
# Seen through rc-db-wait: its field "database" is where a try went, and a login of rc_password shows that the password
# came through, for that role can log in with the right one only.

load recotem/helper

setup() {
  unset DATABASE_URL DATABASE_URL_FILE CREDENTIALS_DIRECTORY
  socket=$RC_TEST_SOCKET query="?host=$RC_TEST_SOCKET"
}

# percent TEXT: every byte of it as %XX.
percent() { printf '%s' "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' %; }

# wait_for URL: one try, for at most a second where nothing answers.
wait_for() { DATABASE_URL=$1 run --separate-stderr rc-db-wait --tries 1 --try-timeout 1s; }

# leads URL PLACE: the login works, and PLACE is where it went.
leads() {
  wait_for "$1"
  [ "$status" = 0 ]
  [ "$(rc-say '{status} {database}' <<<"$output")" = "available $2" ]
  [ "$stderr" = '' ]
}

# refused REASON: the last run ended with 100, said just that, and wrote nothing.
refused() {
  [ "$status" = 100 ]
  [ "$output" = '' ]
  [ "$stderr" = "rc-db-wait: $1" ]
}

# hides WORD...: none of the words is in what the last run wrote.
hides() {
  for word; do
    [[ $output != *"$word"* ]]
    [[ $stderr != *"$word"* ]]
  done
}

# with_password NAME PASSWORD: a role of that name that can log in with its password only.
with_password() {
  local hba tries=0
  hba=$(psql -XAtq "$RC_TEST_SERVER" -c 'show hba_file')
  sed -i "1i local all $1 scram-sha-256" "$hba"
  psql -XAtq "$RC_TEST_SERVER" -v "name=$1" -v "password=$2" >/dev/null <<'END'
create role :"name" login password :'password';
select pg_reload_conf();
END
  until wait_for "postgres://$1:wrong@/postgres$query" && [ "$status" = 100 ]; do # the server reads the file when it comes to it
    [ $((tries += 1)) -lt 6000 ] || { echo 'the server still lets everybody in' >&2; return 1; }
    sleep 0.025
  done
}

# ---- schemes ----

@test "the schemes of Django's tools all lead to the database" {
  for scheme in postgres postgresql psql pgsql postgis pgx; do
    leads "$scheme://postgres@/postgres$query" "$socket:5432/postgres as postgres"
  done
}

@test "another scheme is refused and nothing of the URL is shown" {
  for scheme in mysql sqlite http postgres+psycopg postgre '' ' postgres'; do
    wait_for "$scheme://bob:hidden@there/db"
    refused 'DATABASE_URL: the scheme is not one of PostgreSQL'"'"'s (postgres, postgresql, psql, pgsql, postgis)'
  done
}

@test "what is no URL is refused and nothing of it is shown" {
  for url in bob:hidden@there/db postgres:bob:hidden@there postgres:/bob:hidden@there 'host=there password=hidden' hidden; do
    wait_for "$url"
    refused 'DATABASE_URL: not a URL (expected postgresql://user:password@host:port/dbname)'
  done
}

# ---- user and password ----

@test "a password with every special character, percent-encoded" {
  leads "postgres://rc_password:$(percent "$RC_TEST_PASSWORD")@/postgres$query" "$socket:5432/postgres as rc_password"
  url=$(percent "$RC_TEST_PASSWORD")
  leads "postgres://rc_password:${url^^}@/postgres$query" "$socket:5432/postgres as rc_password"
}

@test "a password with a wrong character is refused, and not shown" {
  wait_for "postgres://rc_password:$(percent "$RC_TEST_PASSWORD")x@/postgres$query"
  [ "$status" = 100 ]
  [ "$(rc-say '{status} {sqlstate} {database}' <<<"$output")" = "refused 28P01 $socket:5432/postgres as rc_password" ]
  [[ $stderr == "rc-db-wait: $socket:5432/postgres as rc_password: "*'password authentication failed for user "rc_password"'* ]]
  hides "$RC_TEST_PASSWORD" "$(percent "$RC_TEST_PASSWORD")"
}

# shellcheck disable=SC1003 # a backslash is meant
@test "raw characters in a password, as urllib takes them" {
  with_password rc_raw 'p@s:s%w+o=r&d%zz!$'"'"'()*,;é "<>^`{|}~\'
  leads 'postgres://rc_raw:p@s:s%w+o=r&d%zz!$'"'"'()*,;é "<>^`{|}~\@/postgres'"$query" "$socket:5432/postgres as rc_raw"
}

@test "a password that ends in a stray '%' or '%4'" {
  with_password rc_percent 'a%%4'
  leads "postgres://rc_percent:a%%4@/postgres$query" "$socket:5432/postgres as rc_percent"
}

@test "a user's name is decoded as well" {
  psql -XAtq "$RC_TEST_SERVER" -c 'create role "o@k:e/é" login'
  leads "postgres://$(percent 'o@k:e/é')@/postgres$query" "$socket:5432/postgres as o@k:e/é"
}

@test "an empty password is none, an empty user is libpq's own" {
  leads "postgres://postgres:@/postgres$query" "$socket:5432/postgres as postgres"
  PGUSER=postgres leads "postgres://@/postgres$query" "$socket:5432/postgres as postgres"
  PGUSER=postgres leads "postgres://:@/postgres$query" "$socket:5432/postgres as postgres"
}

@test "%00 is refused" {
  for url in 'bob:hid%00den@there/db' 'b%00ob:hidden@there/db' 'bob:hidden@there/d%00b'; do
    wait_for "postgres://$url"
    refused 'DATABASE_URL: %00 is not allowed'
  done
}

@test "a raw / ? or # in a password is refused by what it does to the port, and not shown" {
  for password in 'hid/den' 'hid?den' 'hid#den' '12x/den'; do
    wait_for "postgres://bob:$password@there:5432/db"
    refused 'DATABASE_URL: the port is not a number (/ ? # in a password must be written %2F %3F %23)'
    hides hid den
  done
}

@test "a raw / ? or # after digits in a password is refused by the '@' that follows, and not shown" {
  for mark in / '?' '#'; do
    wait_for "postgres://bob:4711${mark}hidden@127.0.0.1:1/db"
    refused "DATABASE_URL: '@' after the port (/ ? # in a password must be written %2F %3F %23, '@' elsewhere %40)"
  done
}

@test "an @ and then a raw / ? or # in a password are refused before any look-up, and nothing is shown" {
  for mark in / '?' '#'; do
    for url in "postgresql://recotem:p@ss${mark}word@localhost/r8" "postgresql://recotem:p@ss${mark}wo:rd@localhost:5432/r8"; do
      wait_for "$url"
      refused "DATABASE_URL: '@' after the host (/ ? # in a password must be written %2F %3F %23, '@' elsewhere %40)"
      hides p@ss 'word@' r8
    done
  done
}

@test "a URL in quotes, or one that begins with \$, is refused with the reason" {
  for quote in \' '"'; do
    wait_for "${quote}postgres://postgres@/postgres$query$quote"
    refused "DATABASE_URL: it begins with a quote, which is taken as a part of it; write it without quotes (docker's --env-file and systemd's files keep them)"
  done
  wait_for "\$REAL_URL"
  refused "DATABASE_URL: it begins with '\$', which django-environ takes for the name of another variable; write the URL itself"
}

@test "a raw / ? or # in a user's name is refused too, or the password would be taken for a database" {
  for mark in / '?' '#'; do
    wait_for "postgres://b${mark}ob:hidden@127.0.0.1:1/db"
    [ "$status" = 100 ]
    hides hidden
  done
}

# ---- the database's name ----

@test "the database's name is decoded" {
  psql -XAtq "$RC_TEST_SERVER" -c 'create database "a b/c?d#é+%"'
  leads "postgres://postgres@/$(percent 'a b/c?d#é+%')$query" "$socket:5432/a b/c?d#é+% as postgres"
}

@test "a missing name is libpq's own" {
  PGDATABASE=recotem_template leads "postgres://postgres@$query" "$socket:5432/recotem_template as postgres"
  PGDATABASE=recotem_template leads "postgres://postgres@/$query" "$socket:5432/recotem_template as postgres"
}

# ---- hosts and ports ----

@test "an empty host is PGHOST" {
  PGHOST=$socket leads postgres://postgres@/postgres "$socket:5432/postgres as postgres"
  PGHOST=$socket leads postgres://postgres@:5432/postgres "$socket:5432/postgres as postgres"
  PGHOST=$socket leads postgres:///postgres?user=postgres "$socket:5432/postgres as postgres"
}

@test "a socket's folder is the host, percent-encoded" {
  leads "postgres://postgres@$(percent "$socket")/postgres" "$socket:5432/postgres as postgres"
  leads "postgres://postgres@${socket//\//%2F}:5432/postgres" "$socket:5432/postgres as postgres"
}

@test "a socket's folder may stand before the name, as django-environ has it" {
  leads "postgres://postgres@/$socket/recotem_template" "$socket:5432/recotem_template as postgres"
  leads "postgres://postgres@:5432/$socket/recotem_template" "$socket:5432/recotem_template as postgres"
  leads "postgres://postgres@elsewhere/$socket/recotem_template" "$socket:5432/recotem_template as postgres"
  leads "postgres://postgres@/$(percent "$socket")%2Frecotem_template" "$socket:5432/recotem_template as postgres"
  PGUSER=postgres leads "postgres:///$socket/recotem_template" "$socket:5432/recotem_template as postgres"
  PGDATABASE=recotem_template leads "postgres://postgres@/$socket/" "$socket:5432/recotem_template as postgres"
}

@test "of several hosts the first that answers is taken" {
  leads "postgres://postgres@127.0.0.1:1,$(percent "$socket"):5432/postgres" "$socket:5432/postgres as postgres"
  leads "postgres://postgres@127.0.0.1:1,127.0.0.1:2,$(percent "$socket")/postgres" "$socket:5432/postgres as postgres"
}

@test "each of several hosts has its own port, or the usual one" {
  wait_for "postgres://postgres@127.0.0.1:1,$(percent "$socket"):2/postgres"
  [ "$status" = 111 ]
  [[ $stderr == *'"127.0.0.1", port 1 failed'*".s.PGSQL.2"* ]]
}

@test "an IPv6 address stands in brackets" {
  wait_for 'postgres://bob:hidden@[::1]:1/db'
  [ "$status" = 111 ]
  [ "$(rc-say '{database}' <<<"$output")" = '[::1]:1/db as bob' ]
  [[ $stderr == 'rc-db-wait: [::1]:1/db as bob: '*'"::1", port 1 failed'* ]]
  hides hidden
  PGPORT=1 wait_for 'postgres://bob@[::1]/db'
  [ "$(rc-say '{database}' <<<"$output")" = '[::1]:1/db as bob' ]
}

@test "a bracket that is not closed, or followed by what is no port, is refused" {
  wait_for 'postgres://bob:hidden@[::1/db'
  refused "DATABASE_URL: '[' without ']' in the host"
  wait_for 'postgres://bob:hidden@[::1]1/db'
  refused 'DATABASE_URL: the port is not a number (/ ? # in a password must be written %2F %3F %23)'
}

@test "a port that is no number is refused, and no password shown" {
  for port in abc 54x -1 +1 1.0 ' 1' 5432:5432; do
    wait_for "postgres://bob:hidden@there:$port/db"
    refused 'DATABASE_URL: the port is not a number (/ ? # in a password must be written %2F %3F %23)'
  done
}

@test "a port out of range is refused, and no password shown" {
  for port in 0 65536 99999999999999999999; do
    wait_for "postgres://bob:hidden@there:$port/db"
    [ "$status" = 100 ]
    [[ $stderr == *'invalid port number: "'"$port"'"'* || $stderr == *'invalid integer value "'"$port"'" for connection option "port"'* ]]
    hides hidden
  done
}

@test "an empty port is the usual one" {
  PGHOST=$socket leads postgres://postgres@:/postgres "$socket:5432/postgres as postgres"
  leads "postgres://postgres@$(percent "$socket"):/postgres" "$socket:5432/postgres as postgres"
}

# ---- parameters ----

@test "parameters of libpq's are taken" {
  leads "postgres:///?user=postgres&dbname=recotem_template&host=$socket&port=5432" "$socket:5432/recotem_template as postgres"
  leads "postgres://postgres@/postgres?host=$(percent "$socket")&connect_timeout=3#fragment" "$socket:5432/postgres as postgres"
}

@test "options of the session reach the server: a blank may be a plus" {
  for blank in + %20; do
    DATABASE_URL="postgres://postgres@/postgres$query&options=-c${blank}work_mem%3D77MB" \
      run -0 --separate-stderr rc-db-wait --tries 1 --sql "select current_setting('work_mem') = '77MB'"
    [ "$(rc-say '{status}' <<<"$output")" = available ]
    [ "$stderr" = '' ]
  done
}

@test "?conn_max_age=60 and other parameters of Django's are ignored with one warning each" {
  wait_for "postgres://postgres@/postgres$query&conn_max_age=60"
  [ "$status" = 0 ]
  [ "$(rc-say '{status} {database}' <<<"$output")" = "available $socket:5432/postgres as postgres" ]
  [ "$stderr" = "rc-db-wait: DATABASE_URL: the parameter 'conn_max_age' is not one of libpq's; ignored" ]
  wait_for "postgres://postgres@/postgres?conn_max_age=60&host=$socket&&engine"
  [ "$status" = 0 ]
  [ "$stderr" = "rc-db-wait: DATABASE_URL: the parameter 'conn_max_age' is not one of libpq's; ignored
rc-db-wait: DATABASE_URL: the parameter 'engine' is not one of libpq's; ignored" ]
}

@test "a parameter about security that libpq does not know is refused, for to go on would drop it" {
  for parameter in require_auths=scram-sha-256 sslcertmodus=require sslNegotiation=direct assume_role=owner currentSchema=other; do
    wait_for "postgres://postgres@/postgres$query&$parameter"
    [ "$status" = 100 ]
    [ "$output" = '' ]
    [[ $stderr == "rc-db-wait: DATABASE_URL: the parameter '${parameter%=*}' is not one of libpq "*"'s, nor of Django's" ]]
  done
  # These came with libpq 16, 17 and 18: each is refused where it is not known, and never passed over. The server asks
  # for no password, so the first is given where it is known.
  for parameter in require_auth=none sslcertmode=require sslnegotiation=postgres min_protocol_version=3.0 max_protocol_version=3.0; do
    wait_for "postgres://postgres@/postgres$query&$parameter"
    [[ $stderr != *ignored* ]]
    [ "$status" = 0 ] || [ "$status" = 100 ]
  done
}

@test "a parameter's name that may be a part of a password is not shown" {
  wait_for "postgres://postgres@/postgres$query&hid%20den=1"
  refused "DATABASE_URL: a parameter that is not one of libpq's"
}

@test "the warning is given once, however many tries there are" {
  DATABASE_URL='postgres://bob@127.0.0.1:1/db?conn_max_age=60' \
    run -111 --separate-stderr rc-db-wait --tries 3 --interval 1ms
  [ "$(rc-tally <<<"$output")" = '{"records":3,"by":{"unavailable":3}}' ]
  [ "$(grep -c conn_max_age <<<"$stderr")" = 1 ]
}

@test "a parameter that libpq knows with a value that it does not is refused" {
  wait_for "postgres://bob:hidden@/postgres$query&sslmode=perhaps"
  [ "$status" = 100 ]
  [[ $stderr == *'invalid sslmode value: "perhaps"'* ]]
  hides hidden
}

@test "a password among the parameters is not shown" {
  wait_for "postgres://rc_password@/postgres$query&password=hidden"
  [ "$status" = 100 ]
  [ "$(rc-say '{sqlstate}' <<<"$output")" = 28P01 ]
  hides hidden
}

@test "a parameter may be given many times, the last one counts" {
  printf -v many '&sslmode=disable%.0s' {1..200}
  leads "postgres://postgres@/postgres?host=/absent$many&host=$socket" "$socket:5432/postgres as postgres"
}

# ---- beside PG* ----

@test "DATABASE_URL wins over PG*" {
  export PGHOST=/absent PGPORT=1 PGUSER=absent PGDATABASE=absent PGPASSWORD=absent
  leads "postgres://rc_password:$(percent "$RC_TEST_PASSWORD")@$(percent "$socket"):5432/postgres" \
    "$socket:5432/postgres as rc_password"
}

@test "DATABASE_URL wins over PGHOSTADDR and PGSERVICE" {
  printf '[other]\nhost=/absent\nport=1\nuser=absent\ndbname=absent\n' >"$BATS_TEST_TMPDIR/services"
  PGSERVICEFILE=$BATS_TEST_TMPDIR/services PGSERVICE=other \
    leads "postgres://postgres@$(percent "$socket"):5432/postgres" "$socket:5432/postgres as postgres"
  PGHOSTADDR=127.0.0.9 leads "postgres://postgres@$(percent "$socket"):5432/postgres" "$socket:5432/postgres as postgres"
}

@test "what DATABASE_URL leaves open is PG*'s" {
  PGUSER=postgres PGDATABASE=recotem_template leads "postgres://$(percent "$socket")" "$socket:5432/recotem_template as postgres"
  PGPORT=1 wait_for "postgres://postgres@$(percent "$socket")/postgres"
  [ "$status" = 111 ]
  [ "$(rc-say '{database}' <<<"$output")" = "$socket:1/postgres as postgres" ]
}

@test "without DATABASE_URL the database is PG*'s" {
  PGHOST=$socket PGUSER=postgres PGDATABASE=postgres run -0 --separate-stderr rc-db-wait --tries 1
  [ "$(rc-say '{database}' <<<"$output")" = "$socket:5432/postgres as postgres" ]
  [ "$stderr" = '' ]
}

@test "without DATABASE_URL a login that fails says so, and what was tried instead" {
  run -111 --separate-stderr env -u PGHOST rc-db-rows --null-input /dev/stdin <<<'select 1'
  [[ $stderr == *' (DATABASE_URL is not set, nor PGHOST or the like, so libpq'\''s defaults were tried)' ]]
  PGHOST=/absent PGPORT=1 run -111 --separate-stderr rc-db-wait --tries 1
  [[ $stderr == *' (DATABASE_URL is not set, so the database is that of PGHOST, PGPORT)' ]]
  wait_for 'postgres://bob@127.0.0.1:1/db'
  [[ $stderr != *'is not set'* ]]
}

@test "an empty DATABASE_URL_FILE is none" {
  DATABASE_URL_FILE='' leads "postgres://postgres@/postgres$query" "$socket:5432/postgres as postgres"
}

@test "a service file is libpq's own way" {
  printf '[mine]\nhost=%s\nuser=postgres\ndbname=postgres\n' "$socket" >"$BATS_TEST_TMPDIR/services"
  PGSERVICEFILE=$BATS_TEST_TMPDIR/services PGSERVICE=mine run -0 --separate-stderr rc-db-wait --tries 1
  [ "$(rc-say '{database}' <<<"$output")" = "$socket:5432/postgres as postgres" ]
  [ "$stderr" = '' ]
}

# ---- from a file ----

@test "the URL comes from DATABASE_URL_FILE or a credential, with one newline at its end or none" {
  url="postgres://rc_password:$(percent "$RC_TEST_PASSWORD")@/postgres$query"
  for end in '' '\n' '\r\n'; do
    printf '%s%b' "$url" "$end" >"$BATS_TEST_TMPDIR/DATABASE_URL"
    DATABASE_URL_FILE=$BATS_TEST_TMPDIR/DATABASE_URL run -0 --separate-stderr rc-db-wait --tries 1
    [ "$(rc-say '{database}' <<<"$output")" = "$socket:5432/postgres as rc_password" ]
    [ "$stderr" = '' ]
    CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR run -0 --separate-stderr rc-db-wait --tries 1
    [ "$(rc-say '{database}' <<<"$output")" = "$socket:5432/postgres as rc_password" ]
    [ "$stderr" = '' ]
  done
}

@test "one newline at the end of DATABASE_URL itself is taken off, as from a file" {
  for end in $'\n' $'\r\n'; do
    leads "postgres://postgres@/postgres$query$end" "$socket:5432/postgres as postgres"
  done
}

@test "of two newlines one is stripped, and the other is refused as no part of a URL" {
  for end in '\n\n' '\r\n\r\n' 'x\nx'; do
    printf '%s%b' "postgres://bob:hidden@/postgres$query" "$end" >"$BATS_TEST_TMPDIR/url"
    DATABASE_URL_FILE=$BATS_TEST_TMPDIR/url run --separate-stderr rc-db-wait --tries 1
    refused 'DATABASE_URL: a control character in it (one newline at its end is taken off)'
  done
}

@test "a control character in DATABASE_URL is refused, an encoded one goes to the server" {
  for character in $'\t' $'\n' $'\e' $'\x7f'; do
    wait_for "postgres://bob:hid${character}den@/postgres$query"
    refused 'DATABASE_URL: a control character in it (one newline at its end is taken off)'
  done
  with_password rc_control $'a\tb'
  leads "postgres://rc_control:a%09b@/postgres$query" "$socket:5432/postgres as rc_control"
}

@test "a folder without the credential is no credential" {
  CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR PGHOST=$socket PGUSER=postgres PGDATABASE=postgres \
    run -0 --separate-stderr rc-db-wait --tries 1
  [ "$(rc-say '{database}' <<<"$output")" = "$socket:5432/postgres as postgres" ]
  [ "$stderr" = '' ]
}

@test "an empty URL is refused, wherever it comes from" {
  wait_for ''
  refused 'DATABASE_URL: the secret is empty'
  for content in '' '\n' '\r\n'; do
    printf '%b' "$content" >"$BATS_TEST_TMPDIR/DATABASE_URL"
    DATABASE_URL_FILE=$BATS_TEST_TMPDIR/DATABASE_URL run --separate-stderr rc-db-wait --tries 1
    refused 'DATABASE_URL_FILE: the secret is empty'
    CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR run --separate-stderr rc-db-wait --tries 1
    refused 'DATABASE_URL: the secret is empty'
  done
}

@test "a file with a NUL is refused" {
  printf 'postgres://bob:hid\0den@/postgres' >"$BATS_TEST_TMPDIR/url"
  DATABASE_URL_FILE=$BATS_TEST_TMPDIR/url run --separate-stderr rc-db-wait --tries 1
  refused 'DATABASE_URL_FILE: the secret holds a NUL'
}

@test "a folder or a missing path in DATABASE_URL_FILE is refused" {
  DATABASE_URL_FILE=$BATS_TEST_TMPDIR run --separate-stderr rc-db-wait --tries 1
  refused 'DATABASE_URL_FILE: cannot read the secret: Is a directory'
  DATABASE_URL_FILE=/absent/url run --separate-stderr rc-db-wait --tries 1
  refused 'DATABASE_URL_FILE: cannot open /absent/url: No such file or directory'
  mkdir "$BATS_TEST_TMPDIR/DATABASE_URL"
  CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR run --separate-stderr rc-db-wait --tries 1
  refused 'DATABASE_URL: cannot read the secret: Is a directory'
}

@test "a file that may not be read is refused" {
  printf 'postgres://bob:hidden@/postgres' >"$BATS_TEST_TMPDIR/url"
  chmod 0 "$BATS_TEST_TMPDIR/url"
  local as=()
  [ "$EUID" != 0 ] || as=(setpriv --reuid nobody --clear-groups)
  DATABASE_URL_FILE=$BATS_TEST_TMPDIR/url run --separate-stderr "${as[@]}" "$(command -v rc-db-wait)" --tries 1
  refused "DATABASE_URL_FILE: cannot open $BATS_TEST_TMPDIR/url: Permission denied"
}

@test "two ways at once are refused" {
  echo 'postgres://bob:hidden@/postgres' >"$BATS_TEST_TMPDIR/DATABASE_URL"
  # shellcheck disable=SC2016 # the message names the variable
  twice='DATABASE_URL is given twice: use one of DATABASE_URL, DATABASE_URL_FILE and $CREDENTIALS_DIRECTORY/DATABASE_URL'
  DATABASE_URL=postgres:///x DATABASE_URL_FILE=$BATS_TEST_TMPDIR/DATABASE_URL run --separate-stderr rc-db-wait --tries 1
  refused "$twice"
  DATABASE_URL=postgres:///x CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR run --separate-stderr rc-db-wait --tries 1
  refused "$twice"
  DATABASE_URL_FILE=/absent CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR run --separate-stderr rc-db-wait --tries 1
  refused "$twice"
}

# ---- what is shown ----

@test "no event holds the password either" {
  export RC_EVENTS=$BATS_TEST_TMPDIR/events
  wait_for 'postgres://bob:hidden@127.0.0.1:1/db?conn_max_age=1'
  wait_for 'postgres://bob:hidden@there:x/db'
  wait_for "postgres://rc_password:hidden@/postgres$query"
  [ -s "$RC_EVENTS" ]
  run ! grep hidden "$RC_EVENTS"
}

@test "a name with a terminal's commands in it is shown escaped" {
  wait_for "postgres://postgres@/a%1b%5b2J$query"
  [[ $stderr == "rc-db-wait: $socket:5432/a\\u001b[2J as postgres: "* ]]
}
