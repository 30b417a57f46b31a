# shellcheck disable=SC2016 # inner shells and literal dollars
load helper

@test "a record has the fields in the order of the arguments" {
  run -0 --separate-stderr rc-record-make user=admin project_id:=42 active:=true note:=null 'tags:=["a"]'
  [ "$output" = '{"user":"admin","project_id":42,"active":true,"note":null,"tags":["a"]}' ]
  [ "$stderr" = '' ]
}

@test "without arguments it is an empty record" {
  run -0 --separate-stderr rc-record-make
  [ "$output" = '{}' ]
  [ "$stderr" = '' ]
}

@test "any text becomes a string that reads back as it was" {
  text=$'"\\/\b\f\n\r\t\e\x7f é€😀 {"a":1} \' $(x) %s'
  run -0 --separate-stderr rc-record-make "text=$text"
  [ "$output" = '{"text":"\"\\/\b\f\n\r\t\u001b\u007f é€😀 {\"a\":1} '"'"' $(x) %s"}' ]
  [ "$stderr" = '' ]
  [ "$(psql -XAtq "$DATABASE_URL" -v "record=$output" <<<"select :'record'::jsonb->>'text'")" = "$text" ]
}

@test "text may be empty, and a name too" {
  run -0 --separate-stderr rc-record-make a= =b
  [ "$output" = '{"a":"","":"b"}' ]
  [ "$stderr" = '' ]
}

@test "only the first mark divides an argument" {
  run -0 --separate-stderr rc-record-make a=b=c d=e:=f g=h@1 i:='"j=k"' l:m=n
  [ "$output" = '{"a":"b=c","d":"e:=f","g":"h@1","i":"j=k","l:m":"n"}' ]
  [ "$stderr" = '' ]
}

@test "JSON keeps its text, without blanks around it and on one line" {
  run -0 --separate-stderr rc-record-make a:=1.0 b:=9223372036854775807 c:=-0 d:=1e400 e:=' "\u00e9" ' f:=$'\n[1,\n 2]\n'
  [ "$output" = '{"a":1.0,"b":9223372036854775807,"c":-0,"d":1e400,"e":"\u00e9","f":[1,  2]}' ]
  [ "$stderr" = '' ]
}

@test "nested JSON may repeat names and hold lone surrogates, as the stream's rules have it" {
  run -0 --separate-stderr rc-record-make 'a:={"b":1,"b":"\ud800"}'
  [ "$output" = '{"a":{"b":1,"b":"\ud800"}}' ]
  [ "$stderr" = '' ]
}

@test "what is not JSON is refused with its place" {
  while IFS=$'\t' read -r json reason; do
    run -100 --separate-stderr rc-record-make id=1 "a:=$json"
    [ "$output" = '' ]
    [ "$stderr" = "rc-record-make: a: $reason" ]
  done <<'END_OF_CASES'
01	more text after the value (byte 2 of the value)
x	not a JSON value (byte 1 of the value)
[1,]	not a JSON value (byte 4 of the value)
{"b":1	cut short (byte 7 of the value)
"b	cut short (byte 3 of the value)
1 2	more text after the value (byte 3 of the value)
NaN	not a JSON value (byte 1 of the value)
END_OF_CASES
  run -100 --separate-stderr rc-record-make a:=
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: cut short (byte 1 of the value)' ]
}

@test "a record that a filter would refuse is not made: a lone surrogate" {
  run -100 --separate-stderr rc-record-make 'a:="\ud800"'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: a lone surrogate in a string' ]
}

@test "a record that a filter would refuse is not made: 1,001 deep" {
  printf -v open '%*s' 999 ''
  run -0 rc-progress < <(rc-record-make "a:=${open// /[}${open// /]}")
  open+=' '
  run -100 --separate-stderr rc-record-make "a:=${open// /[}${open// /]}"
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: nested more than 1000 deep' ]
}

@test "a name that is given twice is refused" {
  run -100 --separate-stderr rc-record-make a=1 b=2 a:=3
  [ "$output" = '' ]
  [ "$stderr" = "rc-record-make: the field 'a' is given twice" ]
}

@test "arguments that are not UTF-8 are refused" {
  for argument in $'a=\xff' $'\xe9=1' $'a=\xed\xa0\x80' $'a:="\xc0\xaf"'; do
    run -100 --separate-stderr rc-record-make id=1 "$argument"
    [ "$output" = '' ]
    [ "$stderr" = 'rc-record-make: an argument is not UTF-8' ]
  done
}

@test "a word without a mark is bad usage" {
  run -100 --separate-stderr rc-record-make name
  [ "$output" = '' ]
  [ "${stderr_lines[0]}" = 'usage: rc-record-make [NAME=TEXT | NAME:=JSON | NAME@FD] ...' ]
  [ "${stderr_lines[1]}" = "rc-record-make: 'name' is not NAME=TEXT, NAME:=JSON or NAME@FD" ]
}

@test "an unknown option is bad usage, after -- it is a field" {
  run -100 --separate-stderr rc-record-make --a=1
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-record-make: unknown option '--a=1'" ]
  run -0 --separate-stderr rc-record-make -- --a=1
  [ "$output" = '{"--a":"1"}' ]
  [ "$stderr" = '' ]
}

@test "a field's text comes from a descriptor, less one newline at its end" {
  printf 'p "w\\\xc3\xa9' >"$BATS_TEST_TMPDIR/none"
  printf 'p "w\\\xc3\xa9\n' >"$BATS_TEST_TMPDIR/lf"
  printf 'p "w\\\xc3\xa9\r\n' >"$BATS_TEST_TMPDIR/crlf"
  for end in none lf crlf; do
    run -0 --separate-stderr bash -c 'rc-record-make user=bob password@5 5<"$1"' _ "$BATS_TEST_TMPDIR/$end"
    [ "$output" = '{"user":"bob","password":"p \"w\\é"}' ]
    [ "$stderr" = '' ]
  done
  printf 'a\n\n' >"$BATS_TEST_TMPDIR/two"
  run -0 --separate-stderr rc-record-make a@0 <"$BATS_TEST_TMPDIR/two"
  [ "$output" = '{"a":"a\n"}' ]
  [ "$stderr" = '' ]
}

@test "two fields come from two descriptors" {
  run -0 --separate-stderr bash -c 'rc-record-make a@5 b@6 5<<<one 6<<<two'
  [ "$output" = '{"a":"one","b":"two"}' ]
  [ "$stderr" = '' ]
}

@test "a long text from a descriptor is whole" {
  head -c 3000000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/long"
  rc-record-make a@0 <"$BATS_TEST_TMPDIR/long" >"$BATS_TEST_TMPDIR/record"
  { printf '{"a":"'; cat "$BATS_TEST_TMPDIR/long"; printf '"}\n'; } | cmp - "$BATS_TEST_TMPDIR/record"
}

@test "a descriptor with nothing, a NUL, or bad UTF-8 is refused, and shows nothing of it" {
  run -100 --separate-stderr rc-record-make a@0 </dev/null
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: the secret is empty' ]
  run -100 --separate-stderr rc-record-make a@0 <<<''
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: the secret is empty' ]
  printf 'hidden\0x' >"$BATS_TEST_TMPDIR/in"
  run -100 --separate-stderr rc-record-make a@0 <"$BATS_TEST_TMPDIR/in"
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: the secret holds a NUL' ]
  printf 'hidden\xff' >"$BATS_TEST_TMPDIR/in"
  run -100 --separate-stderr rc-record-make a@0 <"$BATS_TEST_TMPDIR/in"
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: not UTF-8' ]
}

@test "a descriptor that is not open, not readable, or no number is refused" {
  run -100 --separate-stderr bash -c 'rc-record-make a@9 9<&-'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: cannot read the secret: Bad file descriptor' ]
  run -100 --separate-stderr bash -c 'rc-record-make a@9 9<"$1"' _ "$BATS_TEST_TMPDIR"
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: cannot read the secret: Is a directory' ]
  for word in '' x -1 1x 1.0; do
    run -100 --separate-stderr rc-record-make "a@$word"
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = 'rc-record-make: a@ takes the number of a descriptor' ]
  done
}

@test "nothing of standard input is read unless a field wants it" {
  run -0 --separate-stderr bash -c '{ rc-record-make a=1 >&2; cat; } <<<rest'
  [ "$output" = 'rest' ]
  [ "$stderr" = '{"a":"1"}' ]
}
