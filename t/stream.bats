# shellcheck disable=SC2016,SC2093,SC1083 # inner shells; named coprocesses, which shellcheck does not know
# What every filter over records owes to its stream, shown by rc-progress (passes records on), rc-tally and rc-say.

load helper

setup() { in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out; }

# nested DEPTH: one record that is nested that deep, the record itself counted.
repeated() { head -c "$2" /dev/zero | tr '\0' "$1"; } # CHARACTER N
nested() {
  printf '{"a":' && repeated '[' "$(($1 - 1))" && repeated ']' "$(($1 - 1))" && printf '}\n'
}

# fields N: a record with N fields, field_1 to field_N, but without its last brace and newline.
fields() { printf '{' && seq "$1" | sed 's/.*/"field_&":&/' | paste -sd , | tr -d '\n'; }

# refused TOOL... MESSAGE: the file $in is refused with 100 and nothing is printed.
refused() {
  run -100 --separate-stderr "${@:1:$#-1}" <"$in"
  [ "$output" = '' ]
  [ "$stderr" = "$1: ${*: -1}" ]
}

# ---- what passes ----

@test "records pass byte for byte, whatever RFC 8259 allows in them" {
  rc-progress "$RC_TEST_FOLDER/data/json-accept.ndjson" >"$out" 2>"$BATS_TEST_TMPDIR/err"
  cmp "$out" "$RC_TEST_FOLDER/data/json-accept.ndjson"
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "every value keeps its text where it is shown" {
  for value in 1.0 9223372036854775807 18446744073709551616 -0 1e400 1E+05 0.10 '[1, 2]' '{"x":1,"x":2}' '{"\u00e9":"\ud800"}' true null; do
    run -0 --separate-stderr rc-say '{a}' <<<"{\"a\" : $value }"
    [ "$output" = "$value" ]
    [ "$stderr" = '' ]
  done
}

@test "records and fields keep their order" {
  seq -f '{"z":%.0f,"a":1,"m":{"y":1,"b":2}}' 10000 >"$in"
  rc-progress "$in" >"$out"
  cmp "$in" "$out"
}

@test "lines that end in CRLF pass as they are" {
  printf '{"status":"a"}\r\n{"status":"b"}\r\n' >"$in"
  rc-progress "$in" >"$out"
  cmp "$in" "$out"
  run -0 --separate-stderr rc-tally "$in"
  [ "$output" = '{"records":2,"by":{"a":1,"b":1}}' ]
  [ "$stderr" = '' ]
}

@test "nothing in is nothing out" {
  run -0 --separate-stderr rc-progress </dev/null
  [ "$output" = '' ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr rc-say '{a}' </dev/null
  [ "$output" = '' ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr rc-tally </dev/null
  [ "$output" = '{"records":0,"by":{}}' ]
  [ "$stderr" = '' ]
}

@test "1,000 deep passes, 1,001 deep is refused" {
  nested 1000 >"$in"
  rc-progress "$in" >"$out"
  cmp "$in" "$out"
  nested 1001 >"$in"
  refused rc-progress "<stdin>:1: field 'a': nested more than 1000 deep (byte 1005)"
  refused rc-tally "<stdin>:1: field 'a': nested more than 1000 deep (byte 1005)"
}

@test "100,000 levels are refused without a crash" {
  nested 100000 >"$in"
  refused rc-progress "<stdin>:1: field 'a': nested more than 1000 deep (byte 1005)"
}

@test "a record of 100 MB passes unchanged, and memory holds a few copies of it at most" {
  local pid high=0
  { printf '{"a":"'; head -c 100000000 /dev/zero | tr '\0' x; printf '"}\n'; } >"$in"
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  rc-progress <"$BATS_TEST_TMPDIR/fifo" >"$out" 3>&- &
  pid=$!
  exec {feed}>"$BATS_TEST_TMPDIR/fifo"
  cat "$in" >&"$feed"
  wait_for_size "$out" 100000009
  high=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status")
  exec {feed}>&-
  wait "$pid"
  cmp "$in" "$out"
  [ "$high" -lt 700000 ] # kB
}

@test "memory does not grow with the number of records" {
  local pid high=0
  seq -f '{"id":%.0f,"status":"signed","path":"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z"}' 1000000 >"$in"
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  rc-progress <"$BATS_TEST_TMPDIR/fifo" >"$out" 3>&- &
  pid=$!
  exec {feed}>"$BATS_TEST_TMPDIR/fifo"
  cat "$in" >&"$feed"
  wait_for_size "$out" "$(stat -c %s "$in")"
  high=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status")
  exec {feed}>&-
  wait "$pid"
  cmp "$in" "$out"
  [ "$high" -lt 50000 ] # kB, half of what came in
}

# wait_for_size FILE BYTES: waits until the file is that long.
wait_for_size() {
  local tries=0
  until [ "$(stat -c %s "$1")" = "$2" ]; do
    [ $((tries += 1)) -lt 6000 ] || { echo "$1 has $(stat -c %s "$1") bytes, not $2" >&2; return 1; }
    sleep 0.025
  done
}

# A comparison of each name with all others would need 500,000,000,000: more than a day under the sanitizers.
@test "1,000,000 fields are read in time that grows with their number" {
  { fields 1000000; echo '}'; } >"$in"
  (ulimit -t 120 && rc-progress "$in") >"$out"
  cmp "$in" "$out"
}

@test "a name that stands twice is found among many fields, escaped or not" {
  for again in '"field_500":1' '"\u0066ield_500":1'; do
    { fields 1000; printf ',%s}\n' "$again"; } >"$in"
    refused rc-progress "<stdin>:1: field 'field_500': a name that stands twice (byte $(($(wc -c <"$in") - 1 - ${#again})))"
  done
}

@test "records whose names change from one to the next are read as each stands there" {
  printf '%s\n' '{"a":1,"b":2,"c":3}' '{"a":1,"b":2,"c":3}' '{"a":1,"b":2}' '{"a":1,"c":3,"b":2}' '{}' '{"b":2}' '{ "a" : 1 , "b":2}' \
    '{ "a" : 1 , "b":2}' '{ "a" : 1, "b":2}' '{"\u0061":1,"b":2}' '{"\u0061":1,"b":2}' '{"ab":1,"a":2}' '{"a":1,"ab":2,"b":3}' \
    '{"a23456789012345":1,"b":2}' '{"a23456789012345":1,"b":2}' '{"a23456789012346":1,"b":2}' >"$in"
  [ "$(rc-tally --by a "$in")" = '{"records":16,"by":{"1":10,"2":1},"missing":5}' ]
  [ "$(rc-tally --by b "$in")" = '{"records":16,"by":{"2":13,"3":1},"missing":2}' ]
  [ "$(rc-tally --by c "$in")" = '{"records":16,"by":{"3":3},"missing":13}' ]
  printf '%s\n' '{"a":1,"b":2}' '{"a":1,"b":2,"a":3}' >"$in"
  run -100 rc-tally "$in"
  [ "$output" = "rc-tally: $in:2: field 'a': a name that stands twice (byte 14)" ]
}

# ---- what is refused ----

@test "a line that is no record is refused with its number and the reason" {
  local line text reason bad=0
  while IFS= read -r line; do
    [ "${line:0:1}" != '#' ] || continue
    text=${line%$'\t'*} reason=${line##*$'\t'}
    printf '{"good":1}\n%b\n{"good":2}\n' "$text" >"$in"
    run --separate-stderr rc-progress "$in"
    [ "$status" = 100 ] && [ "$output" = '{"good":1}' ] && [ "$stderr" = "rc-progress: $in:2: $reason" ] && continue
    printf 'case: %s\nstatus %s, stdout: %s\nstderr: %s\nshould be: %s\n' "$text" "$status" "$output" "$stderr" "$reason" >&2
    bad=1
  done <"$RC_TEST_FOLDER/data/json-reject.txt"
  [ "$bad" = 0 ]
}

@test "text is UTF-8 or refused at the byte, wherever it stands: random strings" {
  perl -e '
    use Encode; srand 5; my ($in, $want) = @ARGV; open my $i, ">", $in; open my $w, ">", $want; binmode $_ for $i, $w;
    my @good = map { encode "UTF-8", chr } 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff;
    for (1 .. 20000) {
      my $text = join "", map { rand() < 0.8 ? "x" x rand 9 : $good[rand @good] } 1 .. rand 20;
      substr $text, rand(1 + length $text), int rand 2, chr int rand 256 if rand() < 0.7;
      $text =~ s/[\x00-\x1f"\\]/y/g;
      my $copy = $text; eval { decode "UTF-8", $copy, Encode::FB_CROAK; 1 } and next;
      $copy = $text; decode "UTF-8", $copy, Encode::FB_QUIET;
      print $i "{\"a\":\"$text\"}\n"; print $w length($text) - length($copy) + 7, "\n";
    }' "$in" "$BATS_TEST_TMPDIR/want"
  [ "$(wc -l <"$in")" -gt 5000 ]
  perl -e '
    open my $in, "<", $ARGV[0]; open my $want, "<", $ARGV[1]; my $n = 0;
    while (my $line = <$in>) {
      my $byte = <$want>; chomp $byte; next if $n++ % 25;
      open my $out, ">", "$ARGV[0].one"; print $out $line; close $out;
      my $said = `rc-progress $ARGV[0].one 2>&1 >/dev/null`;
      $said =~ /not UTF-8 \(byte $byte\)$/ or die "line $n, byte $byte: $said";
    }' "$in" "$BATS_TEST_TMPDIR/want"
}

@test "a stream that is cut in its last record is refused" {
  for cut in '{"a":1}' '{"a"' '{' ' '; do
    printf '{"a":0}\n%s' "$cut" >"$in"
    run -100 --separate-stderr rc-tally <"$in"
    [ "$output" = '' ]
    [ "$stderr" = 'rc-tally: <stdin>:2: cut short: the last record has no newline' ]
    run -100 --separate-stderr rc-progress <"$in"
    [ "$output" = '{"a":0}' ]
    [ "$stderr" = 'rc-progress: <stdin>:2: cut short: the last record has no newline' ]
  done
}

@test "a blank line among records is refused" {
  printf '{"a":1}\n\n{"a":2}\n' >"$in"
  refused rc-tally '<stdin>:2: cut short (byte 1)'
}

@test "what came before a bad record still goes out" {
  printf '{"a":1}\n{"a":2}\n{"a":x}\n{"a":4}\n' >"$in"
  run -100 --separate-stderr rc-progress <"$in"
  [ "$output" = $'{"a":1}\n{"a":2}' ]
  [ "$stderr" = "rc-progress: <stdin>:3: field 'a': not a JSON value (byte 6)" ]
  run -100 --separate-stderr rc-say '{a}' <"$in"
  [ "$output" = $'1\n2' ]
  [ "$stderr" = "rc-say: <stdin>:3: field 'a': not a JSON value (byte 6)" ]
}

@test "a message shows no control characters of a field's name, C1 included" {
  printf '{"\\u001b[2J\\u0085\\u009b1m":1,"\\u001b[2J\\u0085\\u009b1m":2}\n' >"$in"
  refused rc-progress "<stdin>:1: field '\\u001b[2J\\u0085\\u009b1m': a name that stands twice (byte 30)"
}

@test "a message about a long name is UTF-8" {
  printf -v name '%*s' 150 ''
  name=x${name// /é}
  printf '{"%s":x}\n' "$name" >"$in"
  run -100 --separate-stderr rc-progress <"$in"
  [ "$output" = '' ]
  rc-record-make "stderr=$stderr"
}

# ---- files ----

@test "files are read one after another, - is standard input" {
  echo '{"n":1}' >"$BATS_TEST_TMPDIR/a"
  echo '{"n":3}' >"$BATS_TEST_TMPDIR/b"
  run -0 --separate-stderr rc-progress "$BATS_TEST_TMPDIR/a" - "$BATS_TEST_TMPDIR/b" <<<'{"n":2}'
  [ "$output" = $'{"n":1}\n{"n":2}\n{"n":3}' ]
  [ "$stderr" = '' ]
}

@test "an empty file among others is nothing" {
  echo '{"n":1}' >"$in"
  run -0 --separate-stderr rc-progress /dev/null "$in" /dev/null "$in"
  [ "$output" = $'{"n":1}\n{"n":1}' ]
  [ "$stderr" = '' ]
}

@test "a message names the file and the line in it" {
  printf '{"n":1}\n{"n":2}\n' >"$BATS_TEST_TMPDIR/a"
  printf '{"n":3}\nx\n' >"$BATS_TEST_TMPDIR/b"
  run -100 --separate-stderr rc-tally "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
  [ "$output" = '' ]
  [ "$stderr" = "rc-tally: $BATS_TEST_TMPDIR/b:2: expected a JSON object (byte 1)" ]
}

@test "a file that is cut is refused though another follows" {
  printf '{"n":1}' >"$BATS_TEST_TMPDIR/a"
  echo '{"n":2}' >"$BATS_TEST_TMPDIR/b"
  run -100 --separate-stderr rc-progress "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
  [ "$output" = '' ]
  [ "$stderr" = "rc-progress: $BATS_TEST_TMPDIR/a:1: cut short: the last record has no newline" ]
}

@test "a missing file is an error" {
  run -100 --separate-stderr rc-tally "$BATS_TEST_TMPDIR/absent"
  [ "$output" = '' ]
  [ "$stderr" = "rc-tally: cannot open $BATS_TEST_TMPDIR/absent: No such file or directory" ]
}

@test "a missing second file is an error after the first" {
  echo '{"n":1}' >"$in"
  run -100 --separate-stderr rc-progress "$in" "$BATS_TEST_TMPDIR/absent"
  [ "$output" = '{"n":1}' ]
  [ "$stderr" = "rc-progress: cannot open $BATS_TEST_TMPDIR/absent: No such file or directory" ]
}

@test "a folder in a file's place is an error" {
  run -100 --separate-stderr rc-tally "$BATS_TEST_TMPDIR"
  [ "$output" = '' ]
  [ "$stderr" = "rc-tally: cannot read $BATS_TEST_TMPDIR: Is a directory" ]
}

@test "a name with a terminal's commands in it is shown escaped" {
  run -100 --separate-stderr rc-tally $'/absent/\e[2J\nx'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-tally: cannot open /absent/\u001b[2J\u000ax: No such file or directory' ]
}

# ---- standard input and output ----

@test "closed standard input is an error" {
  run -100 --separate-stderr bash -c 'rc-tally <&-'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-tally: cannot read <stdin>: Bad file descriptor' ]
}

@test "closed standard output can be tried again: 111" {
  run -111 --separate-stderr bash -c 'rc-progress <<<"{}" >&-'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-progress: cannot write <stdout>: Bad file descriptor' ]
}

@test "with standard output closed no file that is read is written to" {
  echo '{"a":1}' >"$in"
  run -111 --separate-stderr bash -c 'rc-progress "$1" "$1" >&-' _ "$in"
  [ "$stderr" = 'rc-progress: cannot write <stdout>: Bad file descriptor' ]
  [ "$(cat "$in")" = '{"a":1}' ]
}

@test "closed standard error does not disturb the records" {
  run -0 bash -c 'rc-progress <<<"{\"a\":1}" 2>&-'
  [ "$output" = '{"a":1}' ]
}

@test "a full disk can be tried again: 111" {
  for command in rc-progress rc-tally "rc-say x" rc-end "rc-record-make a=1"; do
    run -111 --separate-stderr bash -c "$command <<<'{}' >/dev/full"
    [ "$output" = '' ]
    [ "$stderr" = "${command%% *}: cannot write <stdout>: No space left on device" ]
  done
}

@test "a disk that is full amid a long stream ends it at once: 111, one message" {
  yes '{"a":1}' | head -n 100000 >"$in"
  run -111 --separate-stderr bash -c 'rc-progress "$1" >/dev/full' _ "$in"
  [ "$output" = '' ]
  [ "$stderr" = 'rc-progress: cannot write <stdout>: No space left on device' ]
}

@test "a reader that leaves ends the source quietly by SIGPIPE" {
  run -0 --separate-stderr bash -c 'yes "{\"a\":1}" | rc-progress | head -n 1; echo "${PIPESTATUS[1]}"'
  [ "$output" = $'{"a":1}\n141' ]
  [ "$stderr" = '' ]
}

@test "a caller that ignores SIGPIPE changes nothing about that" {
  run -0 --separate-stderr bash -c 'trap "" PIPE; yes "{\"a\":1}" 2>/dev/null | rc-progress | head -n 1; echo "${PIPESTATUS[1]}"'
  [ "$output" = $'{"a":1}\n141' ]
  [ "$stderr" = '' ]
}

@test "records of a slow source are seen at once" {
  local command line pid
  for command in rc-progress 'rc-say {n}'; do
    # shellcheck disable=SC2086 # the command and its argument
    coproc slow { exec $command 3>&-; }
    pid=$slow_PID
    for n in 1 2 3; do
      printf '{"n":%d}\n' "$n" >&"${slow[1]}"
      read -r -t 60 line <&"${slow[0]}" # a bound for the case that it fails
      [ "$line" = "{\"n\":$n}" ] || [ "$line" = "$n" ]
    done
    exec {slow[1]}>&-
    wait "$pid"
  done
}

@test "a record that comes in pieces is one record" {
  coproc slow { exec rc-tally --by n 3>&-; }
  exec {slow_out}<&"${slow[0]}"
  printf '{"n"' >&"${slow[1]}"
  printf ':1}' >&"${slow[1]}"
  printf '\n{"n":2}\n' >&"${slow[1]}"
  exec {slow[1]}>&-
  read -r -t 60 line <&"$slow_out"
  [ "$line" = '{"records":2,"by":{"1":1,"2":1}}' ]
}

# ---- the end record ----

@test "an end record is taken out, checked, and written anew with the count" {
  printf '%s\n' '{"a":1}' '{"a":2}' '{"rc_end":{"v":1}}' >"$in"
  run -0 --separate-stderr rc-progress <"$in"
  [ "$output" = $'{"a":1}\n{"a":2}\n{"rc_end":{"v":1,"records":2}}' ]
  [ "$stderr" = '' ]
  printf '%s\n' '{"a":1}' ' { "rc_end" : {"v":1, "records":1, "later":"x"} } ' >"$in"
  run -0 --separate-stderr rc-progress <"$in"
  [ "$output" = $'{"a":1}\n{"rc_end":{"v":1,"records":1}}' ]
  [ "$stderr" = '' ]
}

@test "an end record alone says that nothing is all there is" {
  run -0 --separate-stderr rc-progress < <(rc-end)
  [ "$output" = '{"rc_end":{"v":1,"records":0}}' ]
  [ "$stderr" = '' ]
}

@test "an end record is neither counted nor shown" {
  printf '%s\n' '{"status":"a"}' '{"rc_end":{"v":1}}' >"$in"
  run -0 --separate-stderr rc-tally <"$in"
  [ "${lines[0]}" = '{"records":1,"by":{"a":1}}' ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr rc-say '{status}' <"$in"
  [ "$output" = 'a' ]
  [ "$stderr" = '' ]
}

@test "an end record with another count is refused" {
  printf '%s\n' '{"a":1}' '{"rc_end":{"v":1,"records":2}}' >"$in"
  run -100 --separate-stderr rc-progress <"$in"
  [ "$output" = '{"a":1}' ]
  [ "$stderr" = 'rc-progress: <stdin>:2: the end record tells of 2 records, but 1 came' ]
  for count in -1 1.0 '"1"' null 99999999999999999999; do
    printf '%s\n' '{"a":1}' "{\"rc_end\":{\"v\":1,\"records\":$count}}" >"$in"
    refused rc-tally "<stdin>:2: the end record tells of $count records, but 1 came"
  done
}

@test "an end record of another version is refused" {
  for version in 2 0 '"1"' null; do
    echo "{\"rc_end\":{\"v\":$version}}" >"$in"
    refused rc-progress "<stdin>:1: an end record of version $version; this program knows 1"
  done
}

@test "an end record without a version is refused" {
  for end in '{}' '{"records":0}'; do
    echo "{\"rc_end\":$end}" >"$in"
    refused rc-progress '<stdin>:1: an end record without a version; this program knows 1'
  done
}

@test "an end record that is no object is refused" {
  for end in 1 null '"v"' '[]'; do
    echo "{\"rc_end\":$end}" >"$in"
    refused rc-progress '<stdin>:1: the end record is not understood: expected a JSON object'
  done
}

@test "a record after the end record is refused" {
  printf '%s\n' '{"a":1}' '{"rc_end":{"v":1}}' '{"a":2}' >"$in"
  run -100 --separate-stderr rc-progress <"$in"
  [ "$output" = '{"a":1}' ]
  [ "$stderr" = 'rc-progress: <stdin>:3: a record after the end record' ]
  printf '%s\n' '{"rc_end":{"v":1}}' '{"rc_end":{"v":1}}' >"$in"
  refused rc-progress '<stdin>:2: a record after the end record'
}

@test "a record with rc_end and more is an ordinary record" {
  run -0 --separate-stderr rc-progress <<<'{"rc_end":{"v":1},"a":1}'
  [ "$output" = '{"rc_end":{"v":1},"a":1}' ]
  [ "$stderr" = '' ]
}

@test "each of several files may have an end record, with its own count" {
  printf '%s\n' '{"a":1}' '{"rc_end":{"v":1,"records":1}}' >"$BATS_TEST_TMPDIR/a"
  printf '%s\n' '{"a":2}' '{"a":3}' '{"rc_end":{"v":1,"records":2}}' >"$BATS_TEST_TMPDIR/b"
  run -0 --separate-stderr rc-progress "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
  [ "$output" = $'{"a":1}\n{"a":2}\n{"a":3}\n{"rc_end":{"v":1,"records":3}}' ]
  [ "$stderr" = '' ]
}

@test "of several files all must have an end record for the stream to have one" {
  printf '%s\n' '{"a":1}' >"$BATS_TEST_TMPDIR/a"
  printf '%s\n' '{"a":2}' '{"rc_end":{"v":1}}' >"$BATS_TEST_TMPDIR/b"
  for order in 'a b' 'b a'; do
    run -1 --separate-stderr bash -c 'cd "$1" && rc-progress $2 | grep -c rc_end' _ "$BATS_TEST_TMPDIR" "$order"
    [ "$output" = 0 ]
    [ "$stderr" = '' ]
  done
}

@test "a stream passes through jq-like stages with its end: the idiom of the man pages" {
  run -0 --separate-stderr bash -c '{ set -o pipefail; seq -f "{\"n\":%.0f}" 3 | grep -v 2 && rc-end; } | rc-progress'
  [ "$output" = $'{"n":1}\n{"n":3}\n{"rc_end":{"v":1,"records":2}}' ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr bash -c '{ set -o pipefail; { echo "{\"n\":1}"; false; } | cat && rc-end; } | rc-progress'
  [ "$output" = '{"n":1}' ]
  [ "$stderr" = '' ]
}

@test "a byte order mark at the start of a file or stream is passed over, once" {
  printf '\xef\xbb\xbf{"n":1}\n{"n":2}\n' >"$BATS_TEST_TMPDIR/a"
  printf '\xef\xbb\xbf{"n":3}\n{"rc_end":{"v":1,"records":1}}\n' >"$BATS_TEST_TMPDIR/b"
  printf '\xef\xbb\xbf' >"$BATS_TEST_TMPDIR/empty"
  run -0 --separate-stderr rc-progress --interval 1h "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/empty" "$BATS_TEST_TMPDIR/b"
  [ "$output" = $'{"n":1}\n{"n":2}\n{"n":3}' ]
  run -0 --separate-stderr rc-say '{n}' <"$BATS_TEST_TMPDIR/a"
  [ "$output" = $'1\n2' ]
  run -0 --separate-stderr bash -c '{ printf "\xef"; sleep 0.1; printf "\xbb"; sleep 0.1; printf "\xbf{\"n\":1}\n"; } | rc-say "{n}"'
  [ "$output" = 1 ]
  run -0 --separate-stderr rc-tally <"$BATS_TEST_TMPDIR/empty"
  [ "$output" = '{"records":0,"by":{}}' ]
  run -100 --separate-stderr rc-say '{n}' < <(printf '\xef\xbb\xbf\xef\xbb\xbf{"n":1}\n')
  [ "$stderr" = 'rc-say: <stdin>:1: expected a JSON object (byte 1)' ]
  run -100 --separate-stderr rc-say '{n}' < <(printf '{"n":1}\n\xef\xbb\xbf{"n":1}\n')
  [ "$stderr" = 'rc-say: <stdin>:2: expected a JSON object (byte 1)' ]
  run -100 --separate-stderr rc-say '{n}' < <(printf '\xef\xbb\xbf{"n":1}')
  [ "$stderr" = 'rc-say: <stdin>:1: cut short: the last record has no newline' ]
}

@test "UTF-16 is named in the message" {
  for text in '\xff\xfe{\x00}\x00\n\x00' '\xfe\xff\x00{\x00}\x00\n' '\xff\xfe' '\xfe\xff\x00{'; do
    printf '%b' "$text" >"$BATS_TEST_TMPDIR/wide"
    run -100 --separate-stderr rc-say '{n}' "$BATS_TEST_TMPDIR/wide"
    [ "$output" = '' ]
    [ "$stderr" = "rc-say: $BATS_TEST_TMPDIR/wide:1: it is UTF-16, and records are UTF-8" ]
  done
}

@test "where the processor has no SSE2 records are read just so" {
  [ -e "$RC_TEST_BUILD/lib/rc_record.a" ] && ! grep -qs __asan_init "$(command -v rc-progress)" || skip 'there is nothing to link with'
  local lib=$RC_TEST_FOLDER/../lib line plain
  "${CC:-gcc}" -std=c11 -D_DEFAULT_SOURCE -U__SSE2__ -DRC_VERSION='"test"' -I "$lib/base" -I "$lib/record" -I "$lib/crypto" -I "$lib/file" \
    -o "$BATS_TEST_TMPDIR/rc-progress" "$RC_TEST_FOLDER/../src/rc-progress.c" "$lib/record/rc_json.c" \
    "$RC_TEST_BUILD"/lib/rc_{record,crypto,file,base}.a -lcrypto -lpthread
  { cat "$RC_TEST_FOLDER/data/json-accept.ndjson"; seq -f '{"n":%.0f,"long":"é0123456789012345678901234567890123456789\\n","x":1}' 500; } >"$BATS_TEST_TMPDIR/in"
  "$BATS_TEST_TMPDIR/rc-progress" "$BATS_TEST_TMPDIR/in" | cmp - "$BATS_TEST_TMPDIR/in"
  head -n 60 "$RC_TEST_FOLDER/data/json-reject.txt" >"$BATS_TEST_TMPDIR/bad"
  while IFS= read -r line; do
    run -100 "$BATS_TEST_TMPDIR/rc-progress" <<<"$line"
    plain=$output
    run -100 rc-progress <<<"$line"
    [ "$output" = "$plain" ] || { printf '%s\n' "$line" "$output" "$plain"; return 1; }
  done <"$BATS_TEST_TMPDIR/bad"
}
