# shellcheck disable=SC2016 # inner shells
load recotem/helper

setup() {
  file=$BATS_TEST_TMPDIR/file
  started=()
}

teardown() {
  end_started
}

# Waits until a command succeeds (for what another process does).
until_it() {
  local tries=0
  until "$@"; do
    [ $((tries += 1)) -lt 6000 ] || { echo "waited in vain for: $*" >&2; return 1; }
    sleep 0.025
  done
}

lines_are() { [ "$(cat "$1" 2>/dev/null | wc -l)" = "$2" ]; }

# not_open PID FOLDER: the process holds the folder open no more.
not_open() { [ "$(find "/proc/$1/fd" -lname "$2" 2>/dev/null)" = '' ]; }

sha256() { sha256sum | cut -d ' ' -f 1; }

# ---- the form of keys ----

@test "each record gets a key of its own as its last field, 48 bytes in base64url" {
  run -0 --separate-stderr rc-keygen <<<$'{"id":1.0}\n{ "id" : 9223372036854775807 }'
  [ "${#lines[@]}" = 2 ]
  [[ ${lines[0]} =~ ^'{"id":1.0,"key":"'([A-Za-z0-9_-]{64})'"}'$ ]]
  first=${BASH_REMATCH[1]}
  [[ ${lines[1]} =~ ^'{"id" : 9223372036854775807,"key":"'([A-Za-z0-9_-]{64})'"}'$ ]]
  [ "$first" != "${BASH_REMATCH[1]}" ]
  [ "$stderr" = '' ]
}

@test "no records, no keys" {
  run -0 --separate-stderr rc-keygen </dev/null
  [ "$output" = '' ]
  [ "$stderr" = '' ]
}

@test "the prefix stands before the key and counts for nothing, and the field may be chosen" {
  run -0 rc-keygen --prefix 'rctm_"é' --field $'to\nken' --length 3 <<<'{}'
  [[ $output =~ ^'{"to\nken":"rctm_\"é'[A-Za-z0-9_-]{3}'"}'$ ]]
}

@test "--length is characters of the format's alphabet" {
  for length in 1 2 255 256 257 4096; do
    run -0 rc-keygen --raw --length "$length"
    [[ ${#output} = "$length" && $output != *[!A-Za-z0-9_-]* ]]
    run -0 rc-keygen --raw --format urlsafe --length "$length"
    [[ ${#output} = "$length" && $output != *[!A-Za-z0-9_-]* ]]
    run -0 rc-keygen --raw --format hex --length "$length"
    [[ ${#output} = "$length" && $output != *[!0-9a-f]* ]]
    run -0 rc-keygen --raw --format alnum --length "$length"
    [[ ${#output} = "$length" && $output != *[!A-Za-z0-9]* ]]
  done
}

@test "--bytes in hex are two characters for each" {
  for bytes in 1 2 20 4096; do
    run -0 rc-keygen --raw --format hex --bytes "$bytes"
    [[ ${#output} = $((2 * bytes)) && $output != *[!0-9a-f]* ]]
  done
  run -0 rc-keygen --raw --format hex
  [ "${#output}" = 96 ]
}

@test "--bytes in base64url decode to that many bytes and encode to the same text" {
  for bytes in {1..17} 47 48 49 4095 4096; do
    key=$(rc-keygen --raw --bytes "$bytes")
    padding=$((-${#key} & 3))
    printf '%s%.*s' "$key" "$padding" == | tr -- '-_' '+/' | base64 -d >"$file"
    [ "$(stat -c %s "$file")" = "$bytes" ]
    [ "$(base64 -w 0 "$file" | tr '+/' '-_' | tr -d =)" = "$key" ]
  done
}

@test "1,000 keys are 1,000 different ones, in every format" {
  for form in '--bytes 48' '--format hex --bytes 16' '--format alnum --length 22'; do
    # shellcheck disable=SC2086 # two options and their arguments
    [ "$(rc-keygen --raw --count 1000 $form | sort -u | wc -l)" = 1000 ]
  done
}

# Of 400,000 even draws each of 62 letters comes 6,452 times, with a standard deviation of 80.  The bounds are 8 of them away:
# by Bernstein's inequality one of the letters is beyond them by chance once in 10^11 runs.  Letters that are a byte modulo 62
# would put the first 8 of them at 7,812.
@test "base32 has the letters a to z and the digits 2 to 7" {
  run -0 --separate-stderr bash -c 'rc-keygen --raw --format base32 --length 4000 | fold -w 1 | LC_ALL=C sort -u | tr -d "\n"'
  [ "$output" = 234567abcdefghijklmnopqrstuvwxyz ]
}

@test "the letters of alnum come equally often" {
  rc-keygen --raw --format alnum --length 4000 --count 100 | tr -d '\n' | fold -w 1 | sort | uniq -c >"$file"
  [ "$(wc -l <"$file")" = 62 ]
  run -0 awk '$1 < 5814 || $1 > 7089' "$file"
  [ "$output" = '' ]
}

# 64,000 even draws of 64 letters or 16: 1,000 (deviation 31.4) or 4,000 (61.2) of each.  Ten deviations, for the same reason.
@test "the letters of base64url and hex come equally often, from bytes too" {
  rc-keygen --raw --bytes 3000 --count 16 | tr -d '\n' | fold -w 1 | sort | uniq -c >"$file"
  [ "$(wc -l <"$file")" = 64 ]
  [ "$(awk '$1 < 686 || $1 > 1314' "$file")" = '' ]
  rc-keygen --raw --format hex --bytes 2000 --count 16 | tr -d '\n' | fold -w 1 | sort | uniq -c >"$file"
  [ "$(wc -l <"$file")" = 16 ]
  [ "$(awk '$1 < 3388 || $1 > 4612' "$file")" = '' ]
}

@test "--raw prints a key for a shell variable, and with --count a line for each" {
  run -0 --separate-stderr bash -c 'password=$(rc-keygen --raw --format alnum --length 12 --prefix pw-) && echo "<$password>"'
  [[ $output =~ ^'<pw-'[A-Za-z0-9]{12}'>'$ ]]
  [ "$stderr" = '' ]
  run -0 rc-keygen --raw --count 3 --format hex --length 1
  [[ $output =~ ^[0-9a-f]$'\n'[0-9a-f]$'\n'[0-9a-f]$ ]]
}

@test "--count makes records that hold only the key, and reads nothing" {
  run -0 --separate-stderr bash -c '{ rc-keygen --count 2 --field token --format hex --length 4; cat; } <<<rest'
  [ "${#lines[@]}" = 3 ]
  [[ ${lines[0]} =~ ^'{"token":"'[0-9a-f]{4}'"}'$ ]]
  [[ ${lines[1]} =~ ^'{"token":"'[0-9a-f]{4}'"}'$ ]]
  [ "${lines[2]}" = rest ]
  [ "$stderr" = '' ]
}

# ---- options ----

@test "options that do not fit together are bad usage, and no file is made" {
  mkdir "$BATS_TEST_TMPDIR/folder"
  cd "$BATS_TEST_TMPDIR/folder"
  echo '{}' >records
  while IFS=$'\t' read -r arguments reason; do
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr rc-keygen $arguments <records
    [ "$output" = '' ]
    [[ ${stderr_lines[0]} = 'usage: rc-keygen '* ]]
    [ "${stderr_lines[1]}" = "rc-keygen: $reason" ]
    [ "${#stderr_lines[@]}" = 2 ]
    [ "$(ls)" = records ]
  done <<'END_OF_CASES'
--format base58	--format is urlsafe, hex, alnum or base32, not 'base58'
--format HEX	--format is urlsafe, hex, alnum or base32, not 'HEX'
--bytes 8 --length 8	--bytes or --length, not both
--format alnum	alnum needs --length
--format base32	base32 needs --length
--format alnum --bytes 8	alnum has no form for bytes: use --length
--length 0	--length takes a whole number from 1 to 4096, not '0'
--length 4097	--length takes a whole number from 1 to 4096, not '4097'
--bytes 4097	--bytes takes a whole number from 1 to 4096, not '4097'
--bytes x	--bytes takes a whole number from 1 to 4096, not 'x'
--count 0	--count takes a whole number from 1 to 9223372036854775807, not '0'
--count 2 records	--raw and --count read nothing, but 'records' is given
--raw records	--raw and --count read nothing, but 'records' is given
--count 2 --only-missing	--raw and --count read nothing, so there is no --only-missing
--raw --only-missing	--raw and --count read nothing, so there is no --only-missing
--raw --field a	--raw prints no records, so it takes no --field, --public-field, --save or --end-record
--raw --public-field a	--raw prints no records, so it takes no --field, --public-field, --save or --end-record
--raw --save new	--raw prints no records, so it takes no --field, --public-field, --save or --end-record
--raw --count 2 --end-record	--raw prints no records, so it takes no --field, --public-field, --save or --end-record
--end-record	--end-record needs --count; the end record of what is read is passed on without it
--end-record --save new	--end-record needs --count; the end record of what is read is passed on without it
--public-length 4	--public-length needs --public-field
--public-field a --public-length 0	--public-length takes a whole number from 1 to 4096, not '0'
--public-field key	--field and --public-field are both 'key'
--public-field a --field a --save new	--field and --public-field are both 'a'
--public-field a --length 8	8 public characters would be the whole key, which has 8
--public-field a --public-length 64	64 public characters would be the whole key, which has 64
--public-field a --format hex --bytes 4	8 public characters would be the whole key, which has 8
--public-field a --bytes 5	8 public characters would be the whole key, which has 7
END_OF_CASES
}

@test "texts that are not UTF-8 are bad usage" {
  for option in --prefix --field --public-field; do
    run -100 --separate-stderr rc-keygen "$option" $'\xff' <<<'{}'
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = "rc-keygen: $option is not UTF-8" ]
  done
}

# ---- fields ----

@test "--public-field has the first characters after the prefix" {
  run -0 rc-keygen --prefix rctm_ --public-field key_prefix <<<'{"name":"k1"}'
  [[ $output =~ ^'{"name":"k1","key":"rctm_'([A-Za-z0-9_-]{8})[A-Za-z0-9_-]{56}'","key_prefix":"'([A-Za-z0-9_-]*)'"}'$ ]]
  [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
  run -0 rc-keygen --length 4 --public-field p --public-length 3 <<<'{}'
  [[ $output =~ ^'{"key":"'(...).'","p":"'(...)'"}'$ ]]
  [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

@test "a record that has the field is refused, null or not, and the message does not show it" {
  for value in '"hidden"' null; do
    run -100 --separate-stderr rc-keygen <<<$'{"id":1}\n{"id":2,"key":'"$value"'}'
    [[ $output =~ ^'{"id":1,"key":"'[^\"]*'"}'$ ]]
    [ "$stderr" = "rc-keygen: <stdin>:2: already has a field 'key'" ]
  done
  run -100 --separate-stderr rc-keygen --public-field p <<<'{"p":null}'
  [ "$output" = '' ]
  [ "$stderr" = "rc-keygen: <stdin>:1: already has a field 'p'" ]
}

@test "--only-missing passes a record that has a key as it came, and fills in where it is null" {
  run -0 --separate-stderr rc-keygen --only-missing --format hex --length 4 \
    <<<$'{ "key" : "x" }\n{"key":"","a":1}\n{"key":null,"a":2}\n{"a":3}\n{"key":false}'
  [ "${lines[0]}" = '{ "key" : "x" }' ]
  [ "${lines[1]}" = '{"key":"","a":1}' ]
  [[ ${lines[2]} =~ ^'{"key":"'[0-9a-f]{4}'","a":2}'$ ]]
  [[ ${lines[3]} =~ ^'{"a":3,"key":"'[0-9a-f]{4}'"}'$ ]]
  [ "${lines[4]}" = '{"key":false}' ]
  [ "$stderr" = '' ]
}

@test "--only-missing changes nothing in a second run" {
  printf '%s\n' '{"id":1}' '{"key":null}' | rc-keygen --only-missing --public-field p >"$file"
  rc-keygen --only-missing --public-field p "$file" | cmp - "$file"
}

@test "--only-missing refuses a record that has the public field without a key" {
  run -100 --separate-stderr rc-keygen --only-missing --public-field p <<<'{"p":"x"}'
  [ "$stderr" = "rc-keygen: <stdin>:1: already has a field 'p'" ]
  run -0 --separate-stderr rc-keygen --only-missing --public-field p <<<'{"p":null,"key":null}'
  [[ $output =~ ^'{"p":"'.{8}'","key":"'.{64}'"}'$ ]]
}

# ---- the end of the stream ----

@test "an end record is passed on with the count" {
  run -0 --separate-stderr rc-keygen --format hex --length 2 <<<$'{"id":7}\n{"rc_end":{"v":1}}'
  [[ $output =~ ^'{"id":7,"key":"'..'"}'$'\n''{"rc_end":{"v":1,"records":1}}'$ ]]
}

@test "--end-record ends the records of --count with their count and digest" {
  rc-keygen --count 3 --end-record >"$file"
  [ "$(tail -n 1 "$file")" = '{"rc_end":{"v":1,"records":3,"sha256":"'"$(head -n 3 "$file" | sha256)"'"}}' ]
  rc-keygen --count 3 --end-record --save "$file.saved" >"$file"
  [ "$(tail -n 1 "$file")" = '{"rc_end":{"v":1,"records":3,"sha256":"'"$(sha256 <"$file.saved")"'"}}' ]
}

@test "input that is cut is refused and gets no end record" {
  run -100 --separate-stderr rc-keygen --format hex --length 2 < <(printf '{"id":1}\n{"id":2')
  [[ $output =~ ^'{"id":1,"key":"'..'"}'$ ]]
  [ "$stderr" = 'rc-keygen: <stdin>:2: cut short: the last record has no newline' ]
}

@test "a reader that ends early ends it too, in silence" {
  run -0 --separate-stderr bash -c 'rc-keygen --raw --count 100000000 --length 1 | head -n 1; exit $((PIPESTATUS[0] - 141))'
  [ "${#output}" = 1 ]
  [ "$stderr" = '' ]
}

# ---- --save ----

@test "--save keeps a copy of the records that got a key, which only the user can read" {
  umask 022
  printf '%s\n' '{"id":1}' '{"id":2,"key":"old"}' '{"id":3}' >"$file.in"
  rc-keygen --only-missing --save "$file" --public-field p "$file.in" >"$file.out"
  cmp "$file" <(sed 2d "$file.out")
  lines_are "$file" 2
  [ "$(sed -n 2p "$file.out")" = '{"id":2,"key":"old"}' ]
  [ "$(stat -c %a "$file")" = 600 ]
}

@test "--save takes a name in the current folder, and leaves nothing else there" {
  mkdir "$BATS_TEST_TMPDIR/folder"
  cd "$BATS_TEST_TMPDIR/folder"
  run -0 rc-keygen --save keys <<<'{}'
  [ "$output" = "$(cat keys)" ]
  [ "$(find . -mindepth 1)" = ./keys ]
}

@test "--save leaves an empty file where no key was made" {
  run -0 --separate-stderr rc-keygen --only-missing --save "$file" <<<'{"key":"x"}'
  [ "$output" = '{"key":"x"}' ]
  [ "$stderr" = '' ]
  [[ -f $file && ! -s $file ]]
}

@test "--save holds as many records as go by" {
  rc-keygen --count 20000 --save "$file" >"$file.out"
  cmp "$file" "$file.out"
  lines_are "$file" 20000
}

@test "--save to what exists is refused before a record is read, and leaves it as it was" {
  echo old >"$file"
  mkdir "$file.folder"
  ln -s "$file" "$file.link"
  ln -s "$BATS_TEST_TMPDIR/absent" "$file.dangling"
  for path in "$file" "$file.folder" "$file.link" "$file.dangling" /dev/full; do
    run -100 --separate-stderr bash -c 'rc-keygen --save "$1" && exit; code=$?; cat; exit "$code"' _ "$path" <<<'{"id":1}'
    [ "$output" = '{"id":1}' ]
    [ "$stderr" = "rc-keygen: $path: exists already" ]
  done
  [ "$(cat "$file")" = old ]
  [[ -L $file.link && -L $file.dangling && ! -e $BATS_TEST_TMPDIR/absent ]]
}

@test "--save to a folder that is absent, or no folder, or to no name is refused" {
  echo x >"$file"
  run -100 --separate-stderr rc-keygen --save "$BATS_TEST_TMPDIR/absent/keys" <<<'{}'
  [ "$output" = '' ]
  [ "$stderr" = "rc-keygen: $BATS_TEST_TMPDIR/absent/keys: cannot open the folder: No such file or directory" ]
  run -100 --separate-stderr rc-keygen --save "$file/keys" <<<'{}'
  [ "$stderr" = "rc-keygen: $file/keys: cannot open the folder: Not a directory" ]
  for path in '' "$BATS_TEST_TMPDIR/"; do
    run -100 --separate-stderr rc-keygen --save "$path" <<<'{}'
    [ "$stderr" = "rc-keygen: $path: not the name of a file" ]
  done
}

@test "--save to a folder that the user can't write is refused" {
  local as=()
  mkdir -m 555 "$BATS_TEST_TMPDIR/folder"
  chmod 711 "$BATS_TEST_TMPDIR" # on the way to the folder
  [ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  run -100 --separate-stderr "${as[@]}" rc-keygen --save "$BATS_TEST_TMPDIR/folder/keys" <<<'{}'
  [ "$output" = '' ]
  [ "$stderr" = "rc-keygen: $BATS_TEST_TMPDIR/folder/keys: cannot make it: Permission denied" ]
}

@test "--save removes its file where the input turns out bad" {
  for bad in '{"key":"x"}' '{' $'{"rc_end":{"v":1,"records":2}}'; do
    run -100 --separate-stderr rc-keygen --save "$file" <<<$'{"id":1}\n'"$bad"
    [[ $stderr = 'rc-keygen: <stdin>:2: '* ]]
    [[ $output != *rc_end* ]]
    [ ! -e "$file" ]
  done
  run -100 --separate-stderr rc-keygen --save "$file" "$BATS_TEST_TMPDIR/absent"
  [ "$stderr" = "rc-keygen: cannot open $BATS_TEST_TMPDIR/absent: No such file or directory" ]
  [ ! -e "$file" ]
}

@test "--save removes its file where it can't be written whole, and there is no end record" {
  # The limit on a file's size stands for a full disk: a part may be written, the rest is refused.
  for limit in 0 1; do
    run -111 bash -c '(ulimit -f "$1" && exec rc-keygen --count 2000 --end-record --save "$2") 2>&1 | grep -v "\"key\""
      exit "${PIPESTATUS[0]}"' _ "$limit" "$file"
    [ "$output" = "rc-keygen: cannot write $file: File too large" ]
    [ ! -e "$file" ]
  done
}

@test "--save removes its file where its reader ends early" {
  run -0 --separate-stderr bash -c 'rc-keygen --count 100000000 --save "$1" | head -n 1; exit $((PIPESTATUS[0] - 141))' _ "$file"
  [[ $output = '{"key":"'* ]]
  [ "$stderr" = '' ]
  [ ! -e "$file" ]
}

@test "--save removes its file where a full disk takes no records" {
  run -111 --separate-stderr bash -c 'rc-keygen --count 2000 --save "$1" >/dev/full' _ "$file"
  [ "$stderr" = 'rc-keygen: cannot write <stdout>: No space left on device' ]
  [ ! -e "$file" ]
}

@test "--save removes its file where TERM, INT or HUP ends it" {
  local signal to
  mkfifo "$file.in"
  exec {to}<>"$file.in"
  for signal in TERM:15 INT:2 HUP:1; do
    start rc-keygen --save "$file" "$file.in"
    echo '{"id":1}' >&"$to"
    until_it lines_are "$file" 1
    kill -s "${signal%:*}" "$group"
    wait "$runner"
    [ "$(cat "$BATS_TEST_TMPDIR/ended")" = "signal ${signal#*:}" ]
    [ ! -e "$file" ]
    [ "$(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")" = '' ]
  done
  exec {to}>&-
}

@test "--save has its file whole before the last record is written, and keeps it from then on" {
  mkdir "$BATS_TEST_TMPDIR/folder"
  file=$BATS_TEST_TMPDIR/folder/keys
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  exec {pipe}<>"$BATS_TEST_TMPDIR/pipe"
  # With the pipe full, the one write of these three records waits.
  dd if=/dev/zero of="/dev/fd/$pipe" bs=4096 oflag=nonblock 2>"$BATS_TEST_TMPDIR/dd" || true
  rc-keygen --count 3 --end-record --save "$file" >"$BATS_TEST_TMPDIR/pipe" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  started+=("$!")
  until_it lines_are "$file" 3
  until_it not_open "$!" "$BATS_TEST_TMPDIR/folder"
  kill "$!"
  code=0
  wait "$!" || code=$?
  [ "$code" = 143 ]
  lines_are "$file" 3
}

@test "--save lets a slow source's records go by, the last one only at its end" {
  mkfifo "$file.in" "$file.pipe"
  rc-keygen --save "$file" <"$file.in" >"$file.pipe" 3>&- &
  started+=("$!")
  exec {to}>"$file.in" {from}<"$file.pipe"
  printf '%s\n' '{"id":1}' '{"id":2}' >&"$to"
  read -r -t 20 -u "$from" line
  [[ $line = '{"id":1,'* ]]
  until_it lines_are "$file" 2
  run ! read -r -t 0.1 -u "$from" line
  exec {to}>&-
  read -r -t 20 -u "$from" line
  [[ $line = '{"id":2,'* ]]
  wait "$!"
  lines_are "$file" 2
}

@test "--save: a folder that can't be synced is no failure where there is no such thing, else the file is removed" {
  make_fail_calls
  for error in EINVAL EBADF ENOTSUP; do
    rm -f "$file" "$RC_FAILED"
    run -0 --separate-stderr failing "folder-$error" rc-keygen --save "$file" <<<'{}'
    [ "$output" = "$(cat "$file")" ]
    [ "$stderr" = '' ]
    [ "$(wc -c <"$RC_FAILED")" = 1 ]
  done
  rm "$file"
  run -111 --separate-stderr failing folder-EIO rc-keygen --save "$file" <<<'{}'
  [ "$output" = '' ]
  [ "$stderr" = "rc-keygen: $file: cannot sync the folder: Input/output error" ]
  [ ! -e "$file" ]
}
