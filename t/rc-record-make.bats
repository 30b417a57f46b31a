# shellcheck disable=SC2016 # inner shells and literal dollars
load recotem/helper

@test "--each with --omit-empty makes no field of an empty value" {
  run -0 --separate-stderr bash -c 'printf "%s\0" ann "" bob pw "" "" | rc-record-make --each name,password --omit-empty x:=1'
  [ "$output" = '{"name":"ann","x":1}
{"name":"bob","password":"pw","x":1}
{"x":1}' ]
  run -100 rc-record-make --omit-empty a=b
}

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
  [ "${stderr_lines[0]}" = 'usage: rc-record-make [--each NAME[,NAME...] [--omit-empty]] [--end-record] [NAME=TEXT | NAME:=JSON | NAME@FD | NAME@SECRET] ...' ]
  [ "${stderr_lines[1]}" = "rc-record-make: 'name' is not NAME=TEXT, NAME:=JSON, NAME@FD or NAME@SECRET" ]
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

@test "a descriptor that is not open or not readable is refused, and so is what names no secret" {
  run -100 --separate-stderr bash -c 'rc-record-make a@9 9<&-'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: cannot read the secret: Bad file descriptor' ]
  run -100 --separate-stderr bash -c 'rc-record-make a@9 9<"$1"' _ "$BATS_TEST_TMPDIR"
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: cannot read the secret: Is a directory' ]
  for word in '' -1 1x 1.0 1048577 ../x a/b 'a b' 'é'; do
    run -100 --separate-stderr rc-record-make "a@$word"
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = 'rc-record-make: a@ takes the number of a descriptor or the name of a secret' ]
  done
}

@test "nothing of standard input is read unless a field wants it" {
  run -0 --separate-stderr bash -c '{ rc-record-make a=1 >&2; cat; } <<<rest'
  [ "$output" = 'rest' ]
  [ "$stderr" = '{"a":"1"}' ]
}

@test "a field's text comes from a secret's variable, its file, or the credentials folder" {
  export SECRET_A='p "w\é' SECRET_B_FILE=$BATS_TEST_TMPDIR/b CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR
  printf 'bee\n' >"$BATS_TEST_TMPDIR/b"
  printf 'see\r\n' >"$BATS_TEST_TMPDIR/db-password.1"
  run -0 --separate-stderr rc-record-make x=1 a@SECRET_A b@SECRET_B c@db-password.1
  [ "$output" = '{"x":"1","a":"p \"w\\é","b":"bee","c":"see"}' ]
  [ "$stderr" = '' ]
}

@test "a secret that is not set is refused by its name" {
  unset SECRET_A SECRET_A_FILE CREDENTIALS_DIRECTORY
  run -100 --separate-stderr rc-record-make a@SECRET_A
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: SECRET_A is not set' ]
}

@test "a secret that is empty, given twice, unreadable or not UTF-8 is refused, and nothing of it is shown" {
  unset CREDENTIALS_DIRECTORY
  export SECRET_A='' SECRET_B=hidden SECRET_B_FILE=/dev/null SECRET_C_FILE=/absent/file SECRET_D=$'hidden\xff'
  run -100 --separate-stderr rc-record-make a@SECRET_A
  [ "$stderr" = 'rc-record-make: SECRET_A: the secret is empty' ]
  run -100 --separate-stderr rc-record-make a@SECRET_B
  [ "$stderr" = 'rc-record-make: SECRET_B is given twice: use one of SECRET_B, SECRET_B_FILE and $CREDENTIALS_DIRECTORY/SECRET_B' ]
  run -100 --separate-stderr rc-record-make a@SECRET_C
  [ "$stderr" = 'rc-record-make: SECRET_C_FILE: cannot open /absent/file: No such file or directory' ]
  run -100 --separate-stderr rc-record-make a@SECRET_D
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: a: not UTF-8' ]
}

@test "--each makes a record of as many values as names, and adds the arguments' fields" {
  run -0 --separate-stderr rc-record-make --each name,password is_staff:=false 'note=a "b"' < <(printf '%s\0' alice secret bob geheim)
  [ "$output" = $'{"name":"alice","password":"secret","is_staff":false,"note":"a \\"b\\""}\n{"name":"bob","password":"geheim","is_staff":false,"note":"a \\"b\\""}' ]
  [ "$stderr" = '' ]
}

@test "--each takes a value's exact bytes: empty, blanks, newlines, commas, quotes, U+10FFFF" {
  local value=$'\n "x",\\\r\n\t\e\x7f{}=@ \U10ffff\n'
  run -0 --separate-stderr rc-record-make --each a < <(printf '%s\0' '' "$value" ' ')
  [ "$output" = '{"a":""}
{"a":"\n \"x\",\\\r\n\t\u001b\u007f{}=@ '$'\U10ffff''\n"}
{"a":" "}' ]
  [ "$stderr" = '' ]
  # What a filter reads is what went in.
  [ "$(psql -XAtq "$DATABASE_URL" -v "record=${lines[1]}" <<<"select :'record'::jsonb->>'a' = E'\\n \"x\",\\\\\\r\\n\\t\\x1b\\x7f{}=@ \\U0010ffff\\n'")" = t ]
}

@test "--each with no values makes no record" {
  run -0 --separate-stderr rc-record-make --each a,b c=1 </dev/null
  [ "$output" = '' ]
  [ "$stderr" = '' ]
  run -0 rc-record-make --each a --end-record </dev/null
  [ "$output" = '{"rc_end":{"v":1,"records":0,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}' ]
}

@test "--each keeps values whole wherever the reads part them" {
  # 3,000 values of 0 to 2,999 bytes, through a pipe that is written in pieces of 4,093.
  local awk='BEGIN { for (i = 0; i < 3000; i++) { x = sprintf("%" i "s", ""); gsub(/ /, "x", x); printf "%s%c", x, 0 } }'
  awk "$awk" | dd bs=4093 2>"$BATS_TEST_TMPDIR/dd" | rc-record-make --each a >"$BATS_TEST_TMPDIR/out"
  awk "$awk" | tr '\0' '\n' | sed 's/.*/{"a":"&"}/' | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "--each takes a value of 20 MB and the next one after it" {
  { head -c 20000000 /dev/zero | tr '\0' x; printf '\0y\0'; } | rc-record-make --each a >"$BATS_TEST_TMPDIR/out"
  { printf '{"a":"'; head -c 20000000 /dev/zero | tr '\0' x; printf '"}\n{"a":"y"}\n'; } | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "--each refuses input that was cut short, after the records before it" {
  run -100 --separate-stderr rc-record-make --each a,b < <(printf 'one\0two\0three\0')
  [ "$output" = '{"a":"one","b":"two"}' ]
  [ "$stderr" = "rc-record-make: record 2: field 'b': cut short: the input ends before its value" ]
  run -100 --separate-stderr rc-record-make --each a,b --end-record < <(printf 'one\0two\0hidden\0hid')
  [ "$output" = '{"a":"one","b":"two"}' ]
  [ "$stderr" = "rc-record-make: record 2: field 'b': cut short: no NUL after the last value" ]
  run -100 --separate-stderr rc-record-make --each a <<<hidden
  [ "$output" = '' ]
  [ "$stderr" = "rc-record-make: record 1: field 'a': cut short: no NUL after the last value" ]
}

@test "--each refuses what is not UTF-8 by the record's number and the field, and does not show it" {
  for bad in '\xff' '\xc0\xaf' '\xed\xa0\x80' '\xf4\x90\x80\x80' '\xc3'; do
    run -100 --separate-stderr rc-record-make --each a,b < <(printf "one\\0two\\0three\\0hidden$bad\\0")
    [ "$output" = '{"a":"one","b":"two"}' ]
    [ "$stderr" = "rc-record-make: record 2: field 'b': not UTF-8" ]
  done
}

@test "--each refuses a field that is there twice, and names that are empty or not UTF-8" {
  run -100 --separate-stderr rc-record-make --each a,b b=1 </dev/null
  [ "$stderr" = "rc-record-make: the field 'b' is given twice" ]
  run -100 --separate-stderr rc-record-make --each a,b,a </dev/null
  [ "$stderr" = "rc-record-make: the field 'a' is given twice" ]
  for names in '' ',' 'a,' ',a' 'a,,b'; do
    run -100 --separate-stderr rc-record-make --each "$names" </dev/null
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = 'rc-record-make: --each takes names with commas between them; one is empty' ]
  done
  run -100 --separate-stderr rc-record-make --each $'a\xff' </dev/null
  [ "${stderr_lines[1]}" = 'rc-record-make: --each is not UTF-8' ]
}

@test "--each and a field from standard input are bad usage together; another descriptor is not" {
  run -100 --separate-stderr rc-record-make --each a b@0 </dev/null
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-record-make: --each reads standard input, so b@0 can't" ]
  run -0 --separate-stderr rc-record-make --each a b@4 4<<<salt < <(printf 'x\0y\0')
  [ "$output" = $'{"a":"x","b":"salt"}\n{"a":"y","b":"salt"}' ]
}

@test "--each names the input that can't be read" {
  run -100 --separate-stderr rc-record-make --each a <"$BATS_TEST_TMPDIR"
  [ "$output" = '' ]
  [ "$stderr" = 'rc-record-make: cannot read <stdin>: Is a directory' ]
}

@test "--each prints a record before it waits for the next one" {
  mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
  rc-record-make --each a <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
  exec {to}>"$BATS_TEST_TMPDIR/in" {from}<"$BATS_TEST_TMPDIR/out"
  printf 'one\0tw' >&"$to"
  read -r -t 20 -u "$from" line
  [ "$line" = '{"a":"one"}' ]
  printf 'o\0' >&"$to"
  exec {to}>&-
  read -r -t 20 -u "$from" line
  [ "$line" = '{"a":"two"}' ]
  wait "$!"
}

@test "an end record has the count and the digest of what was printed" {
  run -0 rc-record-make a=1 --end-record
  [ "${lines[0]}" = '{"a":"1"}' ]
  [ "${lines[1]}" = '{"rc_end":{"v":1,"records":1,"sha256":"'"$(printf '{"a":"1"}\n' | sha256sum | cut -d ' ' -f 1)"'"}}' ]
  [ "${#lines[@]}" = 2 ]
  run -0 rc-record-make --each a --end-record < <(printf 'x\0y\0')
  [ "${lines[2]}" = '{"rc_end":{"v":1,"records":2,"sha256":"'"$(printf '{"a":"x"}\n{"a":"y"}\n' | sha256sum | cut -d ' ' -f 1)"'"}}' ]
}
