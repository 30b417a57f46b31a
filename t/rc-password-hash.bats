# shellcheck disable=SC2016 # inner shells, and hashes
load recotem/helper

# Stored hashes of 'zażółć gęślą' that Django's check_password() accepts, and of 'hunter2' by Python's hashlib.
salt=0123456789abcdefABCDEF
vector_1='pbkdf2_sha256$1$'$salt'$iSCXnP3QamYoDRl6kzT7iXjhgc5D/cYRbn1hKF3aruE='
vector_5_1='pbkdf2_sha256$870000$'$salt'$oCIcDGJhVR+tzqueBnecRW6It4NG81WPZZSWbWYOzgs='
vector_6_0='pbkdf2_sha256$1200000$'$salt'$cs9yQ/pk9GCwFl7IcCvqOaTlSOVDnweUVnGECJuZmw0='
key=vJi3NGTApcKBaXih4hiO6+0w/+u5FA5bzP9BgqZ14o8=
hunter2='pbkdf2_sha256$1$'$salt'$'$key
# Takes a minute to look at.
slow='pbkdf2_sha256$100000000$'$salt'$'$key

form='[A-Za-z0-9]{22}\$[A-Za-z0-9+/]{43}='

setup() {
  real_tree
  in=$BATS_TEST_TMPDIR/in
  started=()
}

teardown() {
  end_started
}

hash() { rc-password-hash --from plain --to hash --iterations 1 "$@"; }
check() { rc-password-hash --check --from plain --to hash --iterations 1 "$@"; }

# checked HASH [OPTION...]: the status that --check gives it with the password hunter2.
checked() {
  local record
  record=$(rc-record-make plain=hunter2 "hash=$1")
  check "${@:2}" <<<"$record" >"$BATS_TEST_TMPDIR/checked" || true
  rc-say '{status} {error.code}' --when status=ok ok --when status=bad bad --when status=needs_rehash needs_rehash \
    "$BATS_TEST_TMPDIR/checked"
}

# unknown_are HASH...: each of them, beside that password, is an error of the code unknown_algorithm.
unknown_are() {
  jq -cn '$ARGS.positional[] | {plain: "hunter2", hash: .}' --args "$@" >"$in"
  run -1 --separate-stderr check "$in"
  diff <(printf '%s error unknown_algorithm\n' "${@@Q}") <(rc-say '{status} {error.code}' <<<"$output" | paste -d ' ' <(printf '%s\n' "${@@Q}") -)
}

# ---- making ----

@test "the password gives way to a hash, as the record's last field" {
  run -0 --separate-stderr rc-password-hash --from plain --to password <<<'{ "id" : 1.0,"plain":"hunter2", "n":9223372036854775807 }'
  [[ $output =~ ^'{"id" : 1.0,"n":9223372036854775807,"password":"pbkdf2_sha256$870000$'$form'"}'$ ]]
  [ "$stderr" = '' ]
}

@test "--django chooses the iterations of that version, --iterations any number" {
  for case in '--django=5.1 870000' '--django=5.2 1000000' '--django=6.0 1200000' '--iterations=1 1' '--iterations=12345 12345'; do
    run -0 --separate-stderr rc-password-hash --from p --to h "${case% *}" <<<'{"p":"x"}'
    [[ $output =~ ^'{"h":"pbkdf2_sha256$'"${case#* }"'$'$form'"}'$ ]]
  done
}

@test "with --keep the password stays, and the hash comes after it" {
  run -0 --separate-stderr hash --keep <<<'{"plain":"hunter2","id":1 } '
  [[ $output =~ ^'{"plain":"hunter2","id":1,"hash":"pbkdf2_sha256$1$'$form'"}'$ ]]
}

@test "a record of nothing but the password becomes one of nothing but the hash" {
  run -0 --separate-stderr hash <<<'{"plain":"hunter2"}'
  [[ $output =~ ^'{"hash":"pbkdf2_sha256$1$'$form'"}'$ ]]
}

@test "unknown fields pass through in order, their text untouched" {
  run -0 --separate-stderr hash <<<'{"a":"\u00e9\/","b":{"plain":[1,{}]},"plain":"x","c":1e400,"":null,"status":"x","error":false}'
  [[ $output == '{"a":"\u00e9\/","b":{"plain":[1,{}]},"c":1e400,"":null,"status":"x","error":false,"hash":"pbkdf2_'* ]]
}

@test "a record with many fields loses the right one" {
  for n in $(seq 40); do printf '%s"f%s":%s' "$([ "$n" = 1 ] && echo '{' || echo ,)" "$n" "$n"; done >"$in"
  echo ',"plain":"hunter2","last":"x"}' >>"$in"
  run -0 --separate-stderr hash "$in" "$in"
  [ "${#lines[@]}" = 2 ]
  [ "${lines[0]%%,\"hash\":*}}" = "$(sed 's/"plain":"hunter2",//' "$in")" ]
  [ "${lines[1]%%,\"hash\":*}}" = "$(sed 's/"plain":"hunter2",//' "$in")" ]
}

@test "names of fields may hold any characters, written with escapes or without" {
  run -0 --separate-stderr rc-password-hash --from 'é"\ 😀' --to $'\t"' --iterations 1 <<<'{"\u00e9\"\\ \ud83d\ude00":"x"}'
  [[ $output =~ ^'{"\t\"":"pbkdf2_sha256$1$'$form'"}'$ ]]
  run -1 --separate-stderr rc-password-hash --check --from p --to $'\t"' <<<"${output%?},\"p\":\"y\"}"
  [[ $output == '{"\t\"":"pbkdf2_'*'","status":"bad"}' ]]
}

@test "every hash has a salt of its own" {
  run -0 --separate-stderr bash -c 'for i in {1..1000}; do echo "{\"plain\":\"same\"}"; done |
    rc-password-hash --from plain --to hash --iterations 1 | cut -d "$" -f 3 | sort -u | wc -l'
  [ "$output" = 1000 ]
}

@test "salts use all letters and digits" {
  run -0 --separate-stderr bash -c 'for i in {1..1000}; do echo "{\"plain\":\"same\"}"; done |
    rc-password-hash --from plain --to hash --iterations 1 | cut -d "$" -f 3 | fold -w 1 | LC_ALL=C sort -u | tr -d "\n"'
  [ "$output" = 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ]
}

@test "any password that is text is hashed and found right again, and no other fits" {
  for password in 'a:b:c' '\"quoted\"' "it's" '\\' '\n\r\t\u0001\u007f' 'trailing ' ' ' '\ud83d\ude00' '😀' '$' '%s%n' '0' \
    'pbkdf2_sha256$1$x$y' "$(printf 'é%.0s' {1..5000})"; do
    printf '{"plain":"%s"}\n' "$password"
  done | hash --keep >"$in"
  run -0 --separate-stderr check "$in"
  [ "${#lines[@]}" = 14 ]
  for line in "${lines[@]}"; do [[ $line =~ ^'{"hash":"pbkdf2_sha256$1$'$form'","status":"ok"}'$ ]]; done
  sed 's/","hash"/ ","hash"/' "$in" >"$in.longer"
  run -1 --separate-stderr check "$in.longer"
  [ "${#lines[@]}" = 14 ]
  for line in "${lines[@]}"; do [[ $line == *'","status":"bad"}' ]]; done
}

@test "a password of 10 MB is hashed, and checked to its last byte" {
  { printf '{"plain":"' && head -c 10000000 /dev/zero | tr '\0' a && echo '"}'; } >"$in"
  run -0 --separate-stderr hash "$in"
  [[ $output =~ ^'{"hash":"pbkdf2_sha256$1$'$form'"}'$ ]]
  echo '"hash":"pbkdf2_sha256$1$'$salt'$8/M2lDBtfmNZMwhWmtwWHV1bjJM0fBR725rsOF70VPc="}' >"$in.hash"
  run -0 --separate-stderr check <<<"$(head -c -2 "$in"),$(cat "$in.hash")"
  [[ $output == *'"status":"ok"}' ]]
  run -1 --separate-stderr check <<<"$(head -c -4 "$in")b\",$(cat "$in.hash")"
  [[ $output == *'"status":"bad"}' ]]
}

# ---- many records ----

@test "the order stays with several threads, whatever takes longest" {
  for n in {1..50}; do echo "{\"n\":$n,\"plain\":\"p$n\"}"; done >"$in.plain"
  sed 1~7d "$in.plain" | hash --keep >"$in.quick"
  sed -n 1~7p "$in.plain" | rc-password-hash --from plain --to hash --keep --iterations 50000 >"$in.slow"
  sort -t : -k 2n "$in.quick" "$in.slow" >"$in"
  run -0 --separate-stderr check --jobs 4 "$in"
  [ "$(rc-say '{n}' <<<"$output")" = "$(seq 50)" ]
  [ "$(rc-tally <<<"$output")" = '{"records":50,"by":{"needs_rehash":8,"ok":42}}' ]
}

@test "any number of jobs gives the same, also more than there are records" {
  for n in {1..50}; do echo "{\"n\":$n,\"plain\":\"p$n\"}"; done >"$in"
  for jobs in 1 2 4 256; do
    hash --keep --jobs "$jobs" "$in" >"$in.$jobs"
    run -0 --separate-stderr check --jobs "$jobs" "$in.$jobs"
    [ "$(rc-say '{n} {status}' <<<"$output")" = "$(seq -f '%g ok' 50)" ]
  done
}

@test "thousands of records go through the ring in order" {
  seq -f '{"n":%g,"plain":"x"}' 20000 >"$in"
  hash "$in" >"$in.out"
  [ "$(rc-say '{n}' "$in.out" | sha256sum)" = "$(seq 20000 | sha256sum)" ]
}

@test "large records among small ones keep their order" {
  for n in {1..20}; do
    [ $((n % 5)) != 0 ] || { printf '{"n":%s,"plain":"' "$n" && head -c 3000000 /dev/zero | tr '\0' a && echo '"}'; }
    [ $((n % 5)) = 0 ] || echo "{\"n\":$n,\"plain\":\"p$n\"}"
  done >"$in"
  hash --keep --jobs 3 "$in" >"$in.out"
  run -0 --separate-stderr check --jobs 3 "$in.out"
  [ "$(rc-say '{n} {status}' <<<"$output")" = "$(seq -f '%g ok' 20)" ]
}

threads_are() { [ "$(grep -s '^Threads:' "/proc/$1/status" | tr -dc 0-9)" = "$2" ]; }

wait_for_threads() {
  local tries=0
  until threads_are "$1" "$2"; do
    [ $((tries += 1)) -lt 6000 ] || { echo "waited in vain for $2 threads: $(cat "/proc/$1/status")"; return 1; }
    sleep 0.025
  done
}

@test "as many threads hash as there are records, and no more than --jobs" {
  mkfifo "$in"
  rc-password-hash --check --from plain --to hash --jobs 3 "$in" >"$in.out" 3>&- &
  started+=("$!")
  exec {source}>"$in"
  for number in 1 2 3 3 3; do
    echo "{\"plain\":\"hunter2\",\"hash\":\"$slow\"}" >&"$source"
    wait_for_threads "${started[0]}" "$((1 + number))"
  done
  exec {source}>&-
}

@test "a record is written before the next one comes, where the source is slow" {
  mkfifo "$in" "$in.answers"
  rc-password-hash --from plain --to hash --iterations 1 --jobs 4 <"$in" >"$in.answers" 3>&- &
  started+=($!)
  exec {source}>"$in" {answers}<"$in.answers"
  for n in 1 2 3 4 5 6 7 8 9; do
    echo "{\"n\":$n,\"plain\":\"x\"}" >&"$source"
    read -r -t 60 answer <&"$answers"
    [[ $answer == "{\"n\":$n,\"hash\":"* ]]
  done
  exec {source}>&-
  wait "${started[0]}"
}

@test "a slow file among several does not hold up what came before" {
  mkfifo "$in.fifo" "$in.answers"
  echo '{"n":1,"plain":"x"}' >"$in"
  rc-password-hash --from plain --to hash --iterations 1 "$in" "$in.fifo" >"$in.answers" 3>&- &
  started+=($!)
  exec {answers}<"$in.answers" {source}>"$in.fifo"
  read -r -t 60 answer <&"$answers"
  [[ $answer == '{"n":1,'* ]]
  echo '{"n":2,"plain":"x"}' >&"$source"
  read -r -t 60 answer <&"$answers"
  [[ $answer == '{"n":2,'* ]]
  exec {source}>&-
  wait "${started[0]}"
}

@test "a record that comes in parts does not hold up what came before" {
  mkfifo "$in" "$in.answers"
  rc-password-hash --from plain --to hash --iterations 1 <"$in" >"$in.answers" 3>&- &
  started+=($!)
  exec {source}>"$in" {answers}<"$in.answers"
  printf '{"n":1,"plain":"x"}\n{"n":2,"pl' >&"$source"
  read -r -t 60 answer <&"$answers"
  [[ $answer == '{"n":1,'* ]]
  printf 'ain":"x"}\n' >&"$source"
  read -r -t 60 answer <&"$answers"
  [[ $answer == '{"n":2,'* ]]
  exec {source}>&-
  wait "${started[0]}"
}

@test "a reader that goes away ends it quietly" {
  run -0 --separate-stderr bash -c 'yes "{\"plain\":\"hunter2\"}" | rc-password-hash --from plain --to hash --iterations 1 |
    head -n 1 >/dev/null; echo "${PIPESTATUS[*]}"'
  [ "$output" = '141 141 0' ]
  [ "$stderr" = '' ]
}

@test "no records, no hashes" {
  run -0 --separate-stderr hash </dev/null
  [ "$output$stderr" = '' ]
  run -0 --separate-stderr check </dev/null
  [ "$output$stderr" = '' ]
}

@test "the end record is passed on after all records, with the count" {
  run -0 --separate-stderr hash <<<$'{"plain":"x"}\n{"plain":"y"}\n{"rc_end":{"v":1,"records":2}}'
  [ "${#lines[@]}" = 3 ]
  [ "${lines[2]}" = '{"rc_end":{"v":1,"records":2}}' ]
}

@test "without an end record none is written" {
  run -0 --separate-stderr hash <<<'{"plain":"x"}'
  [ "${#lines[@]}" = 1 ]
}

# ---- checking ----

@test "--check finds what Django accepts to be right, and takes the password out" {
  printf '{"plain":"zażółć gęślą","hash":"%s","id":7}\n' "$vector_1" "$vector_5_1" "$vector_6_0" >"$in"
  for case in '--iterations=1 ok needs_rehash needs_rehash' '--django=5.1 needs_rehash ok needs_rehash' \
    '--django=5.2 needs_rehash needs_rehash needs_rehash' '--django=6.0 needs_rehash needs_rehash ok'; do
    read -ra status <<<"$case"
    run -0 --separate-stderr rc-password-hash --check --from plain --to hash "${status[0]}" "$in"
    [ "${lines[0]}" = '{"hash":"'"$vector_1"'","id":7,"status":"'"${status[1]}"'"}' ]
    [ "${lines[1]}" = '{"hash":"'"$vector_5_1"'","id":7,"status":"'"${status[2]}"'"}' ]
    [ "${lines[2]}" = '{"hash":"'"$vector_6_0"'","id":7,"status":"'"${status[3]}"'"}' ]
  done
}

@test "--check expects Django 5.1's iterations unless told" {
  run -0 --separate-stderr rc-password-hash --check --from plain --to hash <<<"{\"plain\":\"zażółć gęślą\",\"hash\":\"$vector_5_1\"}"
  [[ $output == *'"status":"ok"}' ]]
}

@test "a wrong password is bad, the others are looked at, and the exit is 1" {
  printf '{"plain":"%s","hash":"%s"}\n' hunter2 "$hunter2" hunter3 "$hunter2" 'hunter2 ' "$hunter2" HUNTER2 "$hunter2" hunter2 "$hunter2" >"$in"
  run -1 --separate-stderr check "$in"
  [ "$(rc-say '{status}' <<<"$output")" = $'ok\nbad\nbad\nbad\nok' ]
  [ "$stderr" = '' ]
}

@test "with --keep a checked password stays" {
  run -0 --separate-stderr check --keep <<<"{\"plain\":\"hunter2\",\"hash\":\"$hunter2\"}"
  [ "$output" = "{\"plain\":\"hunter2\",\"hash\":\"$hunter2\",\"status\":\"ok\"}" ]
}

@test "a salt of less than 128 bits needs a rehash, as does another number of iterations" {
  [ "$(checked "$hunter2")" = ok ]
  [ "$(checked "$hunter2" --iterations 2)" = needs_rehash ]
  [ "$(checked 'pbkdf2_sha256$1$0123456789abcdefABCDE$0JnKvwxDfjBEfVqjgjlLjYspjZCsb2ijG6YzG3WfC+w=')" = needs_rehash ]
  [ "$(checked 'pbkdf2_sha256$1$x$g6oOzD0RLZfvZehnSsRST92UC6wt5LKNyQP9xDjs3yI=')" = needs_rehash ]
}

@test "a salt's characters are counted, not its bytes" {
  [ "$(checked 'pbkdf2_sha256$1$ééééééééééééééééééééé$Tdu3LvMZf7OBOmEXYX/C81eeXtCFgKQOPIm8eibvOww=')" = needs_rehash ]
  [ "$(checked 'pbkdf2_sha256$1$éééééééééééééééééééééé$pIWDlUS5E6vvCtsmwIyctWIZ0o+cjerbf2D9EQTbWQs=')" = ok ]
  [ "$(checked 'pbkdf2_sha256$1$a b/c+d.e,f_g-h:i;j~k!l$J5IWyi4Nnal6QHZhGpPW/AkraeRtvN/pJMSxMi3AWAo=')" = ok ]
}

@test "a wrong password is bad, also where the hash would need a rehash" {
  run -1 --separate-stderr check --iterations 2 <<<"{\"plain\":\"x\",\"hash\":\"$hunter2\"}"
  [[ $output == *'"status":"bad"}' ]]
}

@test "a hash that differs in one character is bad, wherever that is" {
  for place in 0 1 20 42; do
    other=A
    [ "${key:place:1}" != A ] || other=B
    [ "$(checked 'pbkdf2_sha256$1$'$salt'$'"${key:0:place}$other${key:place+1}")" = bad ]
  done
  [ "$(checked "pbkdf2_sha256\$1\$${salt%F}G\$$key")" = bad ]
  [ "$(checked "pbkdf2_sha256\$2\$$salt\$$key")" = bad ]
}

@test "an account without a usable password is an error of that code, and the exit is 1" {
  for stored in '' '!' '!abcdefghijklmnopqrstuvwxyzabcdefghijklmnop' "!$hunter2"; do
    [ "$(checked "$stored")" = 'error unusable' ]
  done
  run -1 --separate-stderr check <<<'{"plain":"x","hash":"!"}'
  [ "$output" = '{"hash":"!","status":"error","error":{"code":"unusable","message":"the hash is empty or begins with '"'!'"': no password fits"}}' ]
  [ "$stderr" = '' ]
}

@test "a hash of another form is an error, never right or bad" {
  unknown_are hunter2 "$key" '$' '$$$' pbkdf2_sha256 'pbkdf2_sha256$' 'pbkdf2_sha256$1' 'pbkdf2_sha256$1$' "pbkdf2_sha256\$1\$$salt" \
    "pbkdf2_sha256\$1\$$salt\$" "pbkdf2_sha256\$1\$\$$key" "pbkdf2_sha256\$\$$salt\$$key" "pbkdf2_sha256\$0\$$salt\$$key" \
    "pbkdf2_sha256\$01\$$salt\$$key" "pbkdf2_sha256\$+1\$$salt\$$key" "pbkdf2_sha256\$-1\$$salt\$$key" "pbkdf2_sha256\$ 1\$$salt\$$key" \
    "pbkdf2_sha256\$1.0\$$salt\$$key" "pbkdf2_sha256\$1e1\$$salt\$$key" "pbkdf2_sha256\$100000001\$$salt\$$key" \
    "pbkdf2_sha256\$18446744073709551617\$$salt\$$key" "${hunter2%=}" "$hunter2=" "${hunter2}x" "$hunter2 " " $hunter2" "$hunter2"$'\n' \
    "pbkdf2_sha256\$1\$$salt\$${key/+/ }" "pbkdf2_sha256\$1\$$salt\$$key\$x" "pbkdf2_sha1\$1\$$salt\$$key" "pbkdf2_sha256x${hunter2#pbkdf2_sha256}" \
    "PBKDF2${hunter2#pbkdf2}" 'md5$abc$0123456789abcdef0123456789abcdef' 'bcrypt_sha256$$2b$12$x' 'argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA' \
    'scrypt$c2FsdA$16384$8$5$aGFzaA==' é
}

@test "records without a usable hash do not keep the others from being looked at" {
  printf '{"plain":"hunter2","hash":"%s"}\n' '!' "$hunter2" 'md5$x$y' "$hunter2" '' >"$in"
  run -1 --separate-stderr check "$in"
  [ "$(rc-say '{status}' <<<"$output")" = $'error\nok\nerror\nok\nerror' ]
  [ "$stderr" = '' ]
}

@test "a status and an error that the record had already are replaced" {
  run -0 --separate-stderr check <<<"{\"status\":\"old\",\"plain\":\"hunter2\",\"error\":{\"code\":\"old\"},\"hash\":\"$hunter2\"}"
  [ "$output" = "{\"hash\":\"$hunter2\",\"status\":\"ok\"}" ]
}

@test "--check passes the end record on, also where a password is bad" {
  run -1 --separate-stderr check <<<"{\"plain\":\"x\",\"hash\":\"$hunter2\"}"$'\n{"rc_end":{"v":1}}'
  [ "${lines[1]}" = '{"rc_end":{"v":1,"records":1}}' ]
}

# ---- what is refused ----

@test "a password that is absent, empty, no string or has U+0000 is refused, and names its line" {
  for case in '{"id":1}|expected a string in the field '"'plain'" '{"plain":null}|expected a string in the field '"'plain'" \
    '{"plain":7654321}|expected a string in the field '"'plain'" '{"plain":["7654321"]}|expected a string in the field '"'plain'" \
    '{"plain":{"plain":"7654321"}}|expected a string in the field '"'plain'" '{"plain":""}|the field '"'plain' is empty" \
    '{"plain":"765\u00004321"}|U+0000 in the field '"'plain'" '{"plain":"\u0000"}|U+0000 in the field '"'plain'"; do
    run -100 --separate-stderr hash <<<"${case%%|*}"
    [ "$output" = '' ]
    [ "$stderr" = "rc-password-hash: <stdin>:1: ${case#*|}" ]
    run -100 --separate-stderr check <<<"${case%%\}|*},\"hash\":\"$hunter2\"}"
    [ "$output" = '' ]
    [ "$stderr" = "rc-password-hash: <stdin>:1: ${case#*|}" ]
  done
}

@test "a field for the hash that is there already is refused, whatever it holds" {
  for value in '"x"' null '""'; do
    run -100 --separate-stderr hash <<<"{\"plain\":\"hunter2\",\"hash\":$value}"
    [ "$output" = '' ]
    [ "$stderr" = "rc-password-hash: <stdin>:1: already has a field 'hash'" ]
  done
}

@test "with --check a record without a hash is refused" {
  for record in '{"plain":"hunter2"}' '{"plain":"hunter2","hash":null}' '{"plain":"hunter2","hash":7}'; do
    run -100 --separate-stderr check <<<"$record"
    [ "$output" = '' ]
    [ "$stderr" = "rc-password-hash: <stdin>:1: expected a string in the field 'hash'" ]
  done
}

@test "the records before one that is refused are written, those after it are not" {
  for bad in '{"n":4}' '{"n":4' '' '{"n":4,"plain":"\ud800"}' $'{"plain":"\xff"}' '[]' '{"plain":"x","plain":"y"}'; do
    printf '%s\n' '{"n":1,"plain":"x"}' '{"n":2,"plain":"x"}' '{"n":3,"plain":"x"}' "$bad" '{"n":5,"plain":"x"}' >"$in"
    run -100 --separate-stderr hash --iterations 20000 --jobs 2 "$in"
    [ "$(rc-say '{n}' <<<"$output")" = $'1\n2\n3' ]
    [[ $stderr == "rc-password-hash: $in:4: "* ]]
    [ "${#stderr_lines[@]}" = 1 ]
  done
}

@test "input that is cut short is refused after the records that were whole" {
  run -100 --separate-stderr bash -c 'printf "{\"plain\":\"hunter2\"}\n{\"plain\":\"hunter2\"}" | rc-password-hash --from plain --to hash --iterations 1'
  [[ $output =~ ^'{"hash":"pbkdf2_sha256$1$'$form'"}'$ ]]
  [ "$stderr" = 'rc-password-hash: <stdin>:2: cut short: the last record has no newline' ]
}

@test "an end record with another count is refused" {
  run -100 --separate-stderr hash <<<$'{"plain":"x"}\n{"rc_end":{"v":1,"records":2}}'
  [ "${#lines[@]}" = 1 ]
  [ "$stderr" = 'rc-password-hash: <stdin>:2: the end record tells of 2 records, but 1 came' ]
}

@test "a file that is not there is refused" {
  run -100 --separate-stderr hash "$in"
  [ "$stderr" = "rc-password-hash: cannot open $in: No such file or directory" ]
}

@test "options that are missing, wrong or exclude each other are refused with the usage" {
  while IFS='|' read -r arguments message; do
    run -100 --separate-stderr bash -c "rc-password-hash $arguments" <<<'{"p":"x"}'
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = "rc-password-hash: $message" ] || { echo "$arguments: $stderr"; false; }
  done <<'END'
|--from is needed
--from p|--to is needed
--to h|--from is needed
--from p --to p|--from and --to are the same field
--from $'\xff' --to h|--from is not UTF-8
--from p --to $'\xff'|--to is not UTF-8
--check --from status --to h|--from status: --check writes that field
--check --from p --to error|--to error: --check writes that field
--from p --to h --django 5.1 --iterations 870000|--django and --iterations exclude each other
--from p --to h --django 4.2|--django takes 5.1, 5.2 or 6.0, not '4.2'
--from p --to h --django ''|--django takes 5.1, 5.2 or 6.0, not ''
--from p --to h --iterations 0|--iterations takes a whole number from 1 to 100000000, not '0'
--from p --to h --iterations 100000001|--iterations takes a whole number from 1 to 100000000, not '100000001'
--from p --to h --iterations x|--iterations takes a whole number from 1 to 100000000, not 'x'
--from p --to h --jobs 0|--jobs takes a whole number from 1 to 256, not '0'
--from p --to h --jobs 257|--jobs takes a whole number from 1 to 256, not '257'
END
}

@test "without --check a field may be called status" {
  run -0 --separate-stderr rc-password-hash --from status --to error --iterations 1 <<<'{"status":"x"}'
  [[ $output =~ ^'{"error":"pbkdf2_sha256$1$'$form'"}'$ ]]
}

@test "what one of our filters holds comes into no core, also where it runs alone" {
  [ "$EUID" = 0 ] || skip 'only root can see what such a process is at'
  cat >"$BATS_TEST_TMPDIR/dumps" <<'END'
    pipe my $out, my $in or die;
    my $pid = fork;
    if (!$pid) { open STDIN, '<&', $out; exec @ARGV }
    select undef, undef, undef, 0.01 until readlink("/proc/$pid/exe") =~ m{/\Q$ARGV[0]\E$};
    syswrite $in, qq({"plain":"hunter2"}\n{"plain":);
    select undef, undef, undef, 0.01 until qx(cat /proc/$pid/syscall) =~ /^0 /;
    kill 'SEGV', $pid;
    waitpid $pid, 0;
    print $? & 127, $? & 128 ? " a core\n" : " none\n";
END
  cd "$BATS_TEST_TMPDIR"
  ulimit -c unlimited
  [ "$(perl dumps cat)" = '11 a core' ] || skip 'this system makes no cores'
  [ "$(perl dumps rc-password-hash --from plain --to hash --iterations 1)" = '11 none' ]
  [ "$(perl dumps rc-say '{plain}')" = '11 none' ]
}

@test "no message and no event shows a password or a hash" {
  export RC_EVENTS=$BATS_TEST_TMPDIR/events
  for record in '{"plain":"hunter2","hash":"geheim"}' '{"plain":"hunter2\u0000"}' '{"plain":["hunter2"]}' '{"plain":"hunter2"' '{"plain":"hunter2}' \
    '{"plain":"hunter2\ud800"}' '{"plain":"hunter2"}{"plain":"hunter2"}' '{"plain":"hunter2","plain":"hunter2"}' '"hunter2"' hunter2 \
    $'{"plain":"hunter2\xff"}' $'{"plain":"hunter2\t"}' '{"plain":hunter2}'; do
    run -100 --separate-stderr hash <<<"$record"
    [[ $stderr && $stderr$output != *hunter2* && $stderr != *geheim* ]]
  done
  run -100 --separate-stderr bash -c 'printf "{\"plain\":\"hunter2\"}" | rc-password-hash --from plain --to hash'
  [[ $stderr && $stderr != *hunter2* ]]
  run -1 --separate-stderr check <<<$'{"plain":"hunter2","hash":"geheim"}\n{"plain":"hunter2","hash":"!geheim"}'
  [ "$stderr" = '' ]
  run -100 --separate-stderr check <<<'{"plain":"hunter2","hash":"geheim\u0000"}'
  [ "$stderr" = "rc-password-hash: <stdin>:1: U+0000 in the field 'hash'" ]
  run -111 --separate-stderr bash -c 'rc-password-hash --from plain --to hash --iterations 1 --keep <<<"{\"plain\":\"hunter2\"}" >/dev/full'
  [ "$stderr" = 'rc-password-hash: cannot write <stdout>: No space left on device' ]
  [ -s "$RC_EVENTS" ]
  run -1 grep -E 'hunter2|geheim|pbkdf2' "$RC_EVENTS"
}

# ---- other forms ----

# 'hunter2' by the program argon2 and by Python's hashlib.scrypt().
argon2_salt=MDEyMzQ1Njc4OWFiY2RlZkFCQ0RFRg
argon2_vector='argon2$argon2id$v=19$m=102400,t=2,p=8$'$argon2_salt'$q4FFm4kfRPyCF97dspsRb21+GblqCHFuEhKC50CC7qg'
argon2_small='argon2$argon2id$v=19$m=64,t=1,p=2$'$argon2_salt'$Bq2b5I7dWLIBZHk/LSBIa7HXVnQHahQEFMEc8dr7eD4'
scrypt_vector='scrypt$16384$'$salt'$8$5$s4i+FCP4j9n+Uleu7y6xtk6j/bFjsBxDStnFWeNuU8CARe74OLVPRPDGYngHmhkpriPTRKAMxdO8FUNhTLBZ2Q=='
scrypt_small='scrypt$2$'$salt'$8$5$DLWy8UQBmT3a9UHZg06njGpMiTHxYZpikaxu4VzIXcajwnFYGBhnNElZMA64dHuK/IW2YRUpN+F/RYz7mtzgQg=='

@test "argon2id and scrypt are made in Django's form, each with a salt of its own, and found right again" {
  has_argon2
  printf '{"p":"hunter2","n":%s}\n' 1 2 >"$in"
  for form in 'argon2id ^argon2[$]argon2id[$]v=19[$]m=102400,t=2,p=8[$][A-Za-z0-9+/]{30}[$][A-Za-z0-9+/]{43}$' \
    'scrypt ^scrypt[$]16384[$][A-Za-z0-9]{22}[$]8[$]5[$][A-Za-z0-9+/]{86}==$'; do
    rc-password-hash --scheme "${form% *}" --from p --to h --keep "$in" >"$in.made"
    run -0 --separate-stderr rc-say '{h}' "$in.made"
    [[ ${lines[0]} =~ ${form#* } && ${lines[1]} =~ ${form#* } && ${lines[0]} != "${lines[1]}" ]]
    run -0 --separate-stderr rc-password-hash --check --scheme "${form% *}" --from p --to h "$in.made"
    [[ ${lines[0]} == *'"status":"ok"}' && ${lines[1]} == *'"status":"ok"}' ]]
    run -1 --separate-stderr rc-password-hash --check --scheme "${form% *}" --from p --to h <<<"$(sed '1!d; s/hunter2/hunter3/' "$in.made")"
    [[ $output == *'"status":"bad"}' ]]
  done
}

@test "hashes of argon2id and scrypt from elsewhere are known; another form or cost than asked for is due for another hash" {
  has_argon2
  check() { rc-password-hash --check --from plain --to hash "$@"; }
  [ "$(checked "$argon2_vector" --scheme argon2id)" = ok ]
  [ "$(checked "$argon2_vector")" = needs_rehash ]
  [ "$(checked "$argon2_small" --scheme argon2id)" = needs_rehash ]
  [ "$(checked "$scrypt_vector" --scheme scrypt)" = ok ]
  [ "$(checked "$scrypt_vector")" = needs_rehash ]
  [ "$(checked "$scrypt_small" --scheme scrypt)" = needs_rehash ]
  [ "$(checked "$scrypt_small" --scheme scrypt --iterations 2)" = ok ]
  [ "$(checked "${vector_1%'$'*}\$$key" --scheme argon2id)" = needs_rehash ]
}

@test "what is nearly such a hash is of no known form, and costs nothing" {
  has_argon2
  local tail=$argon2_salt'$'${argon2_small##*'$'}
  unknown_are "argon2\$argon2i\$v=19\$m=64,t=1,p=2\$$tail" "argon2\$argon2id\$v=16\$m=64,t=1,p=2\$$tail" "argon2\$argon2id\$v=19\$m=064,t=1,p=2\$$tail" \
    "argon2\$argon2id\$v=19\$m=99999999,t=1,p=2\$$tail" "argon2\$argon2id\$v=19\$m=64,t=99999,p=2\$$tail" "argon2\$argon2id\$v=19\$m=64,t=1,p=999\$$tail" \
    "argon2\$argon2id\$v=19\$m=8,t=1,p=2\$$tail" "argon2\$argon2id\$v=19\$m=64,t=1\$$tail" "${argon2_small%?}" "${argon2_small}x" "${argon2_small/MDEy/MD*y}" \
    'argon2$argon2id$v=19$m=64,t=1,p=2$$'"${argon2_small##*'$'}" "${argon2_small/"$argon2_salt"/MDEyMzQ}" 'argon2$' \
    "${scrypt_small/'$2$'/'$3$'}" "${scrypt_small/'$2$'/'$1$'}" "${scrypt_small/'$2$'/'$33554432$'}" "${scrypt_small/'$8$'/'$999$'}" "${scrypt_small%?}" "${scrypt_small/"$salt"/}" 'scrypt$2'
}

@test "a password that is short or weak is refused: status error, exit 1, no hash, and the others are hashed" {
  has_zxcvbn
  printf '{"plain":"%s"}\n' 12345 '' password123 correcthorse żółćż 'xkq7tz' >"$in"
  run -1 --separate-stderr hash --min-length 6 --min-guesses 10000 "$in"
  [ "${lines[0]}" = '{"status":"error","error":{"code":"weak_password","message":"The password is too short."}}' ]
  [ "${lines[1]}" = "${lines[0]}" ]
  [ "${lines[2]}" = '{"status":"error","error":{"code":"weak_password","message":"The password is too weak."}}' ]
  [[ ${lines[3]} == '{"hash":"pbkdf2'* && ${lines[4]} == "${lines[0]}" && ${lines[5]} == '{"hash":"pbkdf2'* ]]
  printf '{"plain":"%s"}\n' "$(printf 'a%.0s' {1..100})Xk9" >"$in" # what comes after 100 characters does not count
  run -1 --separate-stderr hash --min-guesses 100000 "$in"
}

@test "built without libargon2 and zxcvbn: a password is refused and the package named, with --if-present only where there is one" {
  build_without_libraries
  PATH=$BATS_TEST_TMPDIR/without:$PATH
  run -100 --separate-stderr rc-password-hash --from p --to h --scheme argon2id <<<'{"p":"correct horse"}'
  [ "$stderr" = 'rc-password-hash: argon2id is not in this build: it needs the package libargon2-dev when rc is built' ]
  run -100 --separate-stderr rc-password-hash --from p --to h --min-guesses 10000 <<<'{"p":"correct horse"}'
  [ "$stderr" = 'rc-password-hash: --min-guesses is not in this build: it needs the package libzxcvbn-dev when rc is built' ]
  run -0 --separate-stderr rc-password-hash --from p --to h --iterations 1 <<<'{"p":"correct horse"}'
  run -100 --separate-stderr rc-password-hash --from p --to h --scheme argon2id --min-guesses 1 --if-present <<<$'{"n":1}\n{"n":2,"p":"correct horse"}'
  [ "$output" = '{"n":1}' ]
  [ "$stderr" = 'rc-password-hash: argon2id is not in this build: it needs the package libargon2-dev when rc is built' ]
}

@test "--if-present: a record without a password, or with null, gets no hash" {
  run -0 --separate-stderr hash --if-present <<<$'{"a":1}\n{"plain":null,"a":2}\n{"plain":"x","a":3}'
  [[ ${lines[0]} == '{"a":1}' && ${lines[1]} == '{"a":2}' && ${lines[2]} == '{"a":3,"hash":"pbkdf2'* ]]
  for record in '{"hash":"plain"}' '{"plain":null,"hash":null}'; do # that nobody has made here would go on as one
    run -100 --separate-stderr hash --if-present <<<"$record"
    [ "$output" = '' ]
    [ "$stderr" = "rc-password-hash: <stdin>:1: already has a field 'hash'" ]
  done
}

@test "wrong schemes and numbers are refused" {
  run -100 --separate-stderr rc-password-hash --from p --to h --scheme md5 </dev/null
  [ "${stderr_lines[-1]}" = "rc-password-hash: --scheme takes pbkdf2_sha256, argon2id or scrypt, not 'md5'" ]
  run -100 --separate-stderr rc-password-hash --from p --to h --scheme scrypt --iterations 3 </dev/null
  [ "${stderr_lines[-1]}" = 'rc-password-hash: --iterations 3: scrypt takes a power of two from 2 to 16777216' ]
}

# A library that was not there when rc was built leaves its part out.
has_argon2() { rc-password-hash --scheme argon2id --from a --to b </dev/null 2>/dev/null || skip 'built without libargon2'; }
has_zxcvbn() { rc-password-hash --min-guesses 1 --from a --to b </dev/null 2>/dev/null || skip 'built without zxcvbn'; }
