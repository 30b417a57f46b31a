load recotem/helper

setup() { in=$BATS_TEST_TMPDIR/in; }

@test "each record is one line with its fields in the template" {
  printf '%s\n' '{"label":"Project","count":3}' '{"count":0,"label":"Split"}' >"$in"
  run -0 --separate-stderr rc-say '{label}: {count} ({label})' <"$in"
  [ "$output" = $'Project: 3 (Project)\nSplit: 0 (Split)' ]
  [ "$stderr" = '' ]
}

@test "a string is shown as its characters, another value as its JSON" {
  run -0 --separate-stderr rc-say '{a}|{b}|{c}|{d}|{e}|{f}' \
    <<<'{"a":"\u00e9\ud83d\ude00\"\/","b":1.0,"c":[1, "x"],"d":{"k":null},"e":null,"f":true}'
  [ "$output" = 'é😀"/|1.0|[1, "x"]|{"k":null}|null|true' ]
  [ "$stderr" = '' ]
}

@test "control characters in a value are shown as escapes, so that a line stays a line" {
  run -0 --separate-stderr rc-say '{a}' <<<'{"a":"x\ny\r\t\u0000\u001b[2J\u007f\u0085\u009b\u00a0"}'
  [ "$output" = 'x\u000ay\u000d\u0009\u0000\u001b[2J\u007f\u0085\u009b'$'\u00a0' ]
  [ "$stderr" = '' ]
}

@test "control characters within a nested value are shown as escapes too" {
  run -0 --separate-stderr rc-say '{a}' <<<$'{"a":["\u007f\u009b"]}'
  [ "$output" = '["\u007f\u009b"]' ]
  [ "$stderr" = '' ]
}

@test "control characters of the template itself are printed as they are" {
  run -0 --separate-stderr rc-say $'a\tb{n}\e[0m' <<<'{"n":1}'
  [ "$output" = $'a\tb1\e[0m' ]
  [ "$stderr" = '' ]
}

@test "two braces are one" {
  run -0 --separate-stderr rc-say '{{{n}}} {{n}}' <<<'{"n":1}'
  [ "$output" = '{1} {n}' ]
  [ "$stderr" = '' ]
}

@test "a dot leads into an object, unless a field has the whole name" {
  run -0 --separate-stderr rc-say '{error.code} {a.b} {x.y.z}' \
    <<<'{"error":{"code":"no_owner"},"a":{"b":1},"a.b":2,"x":{"y":{"z":"deep"}}}'
  [ "$output" = 'no_owner 2 deep' ]
  [ "$stderr" = '' ]
}

@test "the first --when that fits gives the template" {
  printf '%s\n' '{"n":0,"s":"x"}' '{"n":1,"s":"x"}' '{"n":1,"s":"y"}' '{"n":"0","s":"z"}' >"$in"
  run -0 --separate-stderr rc-say 'other {n}' --when n=0 'none' --when s=x 'x {n}' <"$in"
  [ "$output" = $'none\nx 1\nother 1\nnone' ]
  [ "$stderr" = '' ]
}

@test "--when before the template and files after it mean the same" {
  echo '{"n":0}' >"$in"
  for _ in 1 2; do
    run -0 --separate-stderr rc-say --when n=0 none 'some' "$in"
    [ "$output" = 'none' ]
    [ "$stderr" = '' ]
    run -0 --separate-stderr rc-say 'some' "$in" --when n=0 none
    [ "$output" = 'none' ]
    [ "$stderr" = '' ]
  done
}

@test "--when compares a field within an object, an absent field never fits" {
  printf '%s\n' '{"error":{"code":"a"}}' '{"error":null}' '{}' >"$in"
  run -0 --separate-stderr rc-say other --when error.code=a 'A' --when absent= 'empty' <"$in"
  [ "$output" = $'A\nother\nother' ]
  [ "$stderr" = '' ]
}

@test "the value of --when may be empty and hold '='" {
  printf '%s\n' '{"a":""}' '{"a":"b=c"}' >"$in"
  run -0 --separate-stderr rc-say other --when a= 'empty' --when a=b=c 'both' <"$in"
  [ "$output" = $'empty\nboth' ]
  [ "$stderr" = '' ]
}

@test "a template that begins with a dash is a template after --when and after --" {
  run -0 --separate-stderr rc-say --when a=1 '--help' -- '- {a}' <<<'{"a":1}'
  [ "$output" = '--help' ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr rc-say --when a=1 '--help' -- '- {a}' <<<'{"a":2}'
  [ "$output" = '- 2' ]
  [ "$stderr" = '' ]
}

@test "an empty template prints no line" {
  printf '%s\n' '{"a":1}' '{"a":2}' '{"a":3}' >"$in"
  run -0 --separate-stderr rc-say '' --when a=2 'two' <"$in"
  [ "$output" = 'two' ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr rc-say '{a}' --when a=2 '' <"$in"
  [ "$output" = $'1\n3' ]
  [ "$stderr" = '' ]
}

@test "a field that the template names must be there, and without it no part of the line is printed" {
  printf '%s\n' '{"a":1}' '{"b":2}' >"$in"
  run -100 --separate-stderr rc-say 'x {a}' <"$in"
  [ "$output" = 'x 1' ]
  [ "$stderr" = "rc-say: <stdin>:2: no field 'a', which the template names" ]
}

@test "only the template that is used must find its fields" {
  run -0 --separate-stderr rc-say '{absent}' --when a=1 '{a}' <<<'{"a":1}'
  [ "$output" = '1' ]
  [ "$stderr" = '' ]
}

@test "a nested string with a lone surrogate can't be shown and is refused" {
  run -100 --separate-stderr rc-say '{a.b}' <<<'{"a":{"b":"\ud800"}}'
  [ "$output" = '' ]
  [ "$stderr" = "rc-say: <stdin>:1: no field 'a.b', which the template names" ]
}

@test "a bad template is bad usage before anything is read" {
  while IFS=$'\t' read -r template reason; do
    run -100 --separate-stderr rc-say "$template" /absent
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = 'usage: rc-say TEMPLATE [--when FIELD=VALUE[|VALUE] TEMPLATE] ... [--set NAME=VALUE] ... [--into FIELD] [FILE ...]' ]
    [ "${stderr_lines[1]}" = "rc-say: $reason" ]
    [ "${#stderr_lines[@]}" = 2 ]
  done <<'END_OF_CASES'
{a	'{' without a field's name and '}' in the template '{a'
{	'{' without a field's name and '}' in the template '{'
x {} y	'{' without a field's name and '}' in the template 'x {} y'
a}	'}' without '{' in the template 'a}'; '}}' prints one
{a}}	'}' without '{' in the template '{a}}'; '}}' prints one
END_OF_CASES
}

@test "a bad template of --when is bad usage although it might not be used" {
  run -100 --separate-stderr rc-say x --when a=1 '{b' <<<'{}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-say: '{' without a field's name and '}' in the template '{b'" ]
}

@test "a template that is not UTF-8 is bad usage" {
  run -100 --separate-stderr rc-say $'\xff' <<<'{}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = 'rc-say: a template is not UTF-8' ]
}

@test "no template is bad usage" {
  run -100 --separate-stderr rc-say <<<'{}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = 'rc-say: a template is needed' ]
  run -100 --separate-stderr rc-say --when a=1 x <<<'{}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = 'rc-say: a template is needed' ]
}

@test "a bad --when is bad usage" {
  run -100 --separate-stderr rc-say x --when a y <<<'{}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-say: --when takes FIELD=VALUE and a template, not 'a'" ]
  run -100 --separate-stderr rc-say x --when =1 y <<<'{}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-say: --when takes FIELD=VALUE and a template, not '=1'" ]
  run -100 --separate-stderr rc-say x --when a=1
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = 'rc-say: --when a=1 needs a template' ]
  run -100 --separate-stderr rc-say x --when
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = "rc-say: option '--when' needs an argument" ]
}

@test "31 --when are taken, 32 are too many" {
  local whens=()
  for n in {1..31}; do whens+=(--when "n=$n" "is $n"); done
  run -0 --separate-stderr rc-say other "${whens[@]}" <<<'{"n":31}'
  [ "$output" = 'is 31' ]
  [ "$stderr" = '' ]
  run -100 --separate-stderr rc-say other "${whens[@]}" --when n=32 'is 32' <<<'{"n":31}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = 'rc-say: more than 31 --when' ]
}

@test "lines of several files follow one another" {
  echo '{"n":1}' >"$BATS_TEST_TMPDIR/a"
  echo '{"n":2}' >"$BATS_TEST_TMPDIR/b"
  run -0 --separate-stderr rc-say '{n}' "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
  [ "$output" = $'1\n2' ]
  [ "$stderr" = '' ]
}

@test "with --into the record passes on with the text as its last field" {
  printf '%s\n' '{"label":"Project","count":3}' '{"count":1.0,"label":"Split \u00e9"}' >"$in"
  run -0 --separate-stderr rc-say '{label}: {count}' --into text <"$in"
  [ "$output" = $'{"label":"Project","count":3,"text":"Project: 3"}\n{"count":1.0,"label":"Split \\u00e9","text":"Split é: 1.0"}' ]
  [ "$stderr" = '' ]
}

@test "with --into a record whose template is empty passes as it came" {
  printf '%s\n' '{"n":1}' '{ "n" : 2 }' >"$in"
  run -0 --separate-stderr rc-say '' --when n=1 'one' --into text <"$in"
  [ "$output" = $'{"n":1,"text":"one"}\n{ "n" : 2 }' ]
  [ "$stderr" = '' ]
}

@test "with --into a text that comes out empty is an empty field" {
  run -0 --separate-stderr rc-say '{a}' --into text <<<'{"a":""}'
  [ "$output" = '{"a":"","text":""}' ]
  [ "$stderr" = '' ]
}

@test "with --into control characters are escapes in the text, and it is whole JSON" {
  run -0 --separate-stderr rc-say '"{a}"' --into text <<<'{"a":"x\n\u001b[2J\"\\"}'
  [ "$output" = '{"a":"x\n\u001b[2J\"\\","text":"\"x\\u000a\\u001b[2J\"\\\""}' ]
  [ "$stderr" = '' ]
  [ "$(rc-say '{text}' <<<"$output")" = '"x\u000a\u001b[2J"\"' ]
}

@test "with --into a record that has the field is refused, even where its template is empty" {
  for template in 'x' ''; do
    printf '%s\n' '{"a":1}' '{"text":null}' >"$in"
    run -100 --separate-stderr rc-say "$template" --into text <"$in"
    [ "${#lines[@]}" = 1 ]
    [ "$stderr" = "rc-say: <stdin>:2: already has a field 'text'" ]
  done
}

@test "with --into a field that the template names must be there" {
  run -100 --separate-stderr rc-say '{a}' --into text <<<'{"b":1}'
  [ "$output" = '' ]
  [ "$stderr" = "rc-say: <stdin>:1: no field 'a', which the template names" ]
}

@test "the end record passes on with --into, and is taken out without" {
  printf '%s\n' '{"n":1}' '{"rc_end":{"v":1,"records":1}}' >"$in"
  run -0 --separate-stderr rc-say '{n}' --into text <"$in"
  [ "$output" = $'{"n":1,"text":"1"}\n{"rc_end":{"v":1,"records":1}}' ]
  run -0 --separate-stderr rc-say '{n}' <"$in"
  [ "$output" = '1' ]
  run -0 --separate-stderr rc-say '{n}' --into text <<<'{"n":1}'
  [ "$output" = '{"n":1,"text":"1"}' ]
}

@test "a name for --into that is not UTF-8 is bad usage" {
  run -100 --separate-stderr rc-say x --into $'\xff' <<<'{}'
  [ "$output" = '' ]
  [ "${stderr_lines[1]}" = 'rc-say: --into is not UTF-8' ]
}

@test "a text after a bar is for null and for a field that is not there" {
  run -0 --separate-stderr rc-say 'ends {end|never}, used {used.last|never}' <<'END'
{"end":null,"used":{"last":null}}
{"end":"null","used":{}}
{"end":"today","used":{"last":3}}
{"used":1}
{"end":"","used":{"last":false}}
END
  [ "$output" = "$(printf '%s\n' 'ends never, used never' 'ends null, used never' 'ends today, used 3' 'ends never, used never' 'ends , used false')" ]
  run -0 rc-say '{a|}.' <<<'{}'
  [ "$output" = '.' ]
  run -100 rc-say '{a}' <<<'{}'
  run -0 rc-say '{a}' <<<'{"a":null}'
  [ "$output" = 'null' ]
}

@test "what is said for null is shown as safely as a value" {
  run -0 rc-say $'{a|\e[1m}' <<<'{}'
  [ "$output" = '\u001b[1m' ]
}

@test "--when takes several values with bars between, and two bars are one within a value" {
  printf '{"s":%s,"n":%s}\n' '"a"' 1 '"b"' 2 '"c"' 3 '"a|b"' 4 '""' 5 '"\u0061"' 6 null 7 >"$in"
  run -0 --separate-stderr rc-say '' --when 's=a|b' '{n}' <"$in"
  [ "$output" = $'1\n2\n6' ]
  run -0 --separate-stderr rc-say '' --when 's=a||b' '{n}' <"$in"
  [ "$output" = 4 ]
  run -0 --separate-stderr rc-say '' --when 's=a||b|c' '{n}' <"$in"
  [ "$output" = $'3\n4' ]
  run -0 --separate-stderr rc-say '' --when 's=|c' '{n}' <"$in"
  [ "$output" = $'3\n5' ]
  run -0 --separate-stderr rc-say '' --when 's=c|' '{n}' <"$in"
  [ "$output" = $'3\n5' ]
  run -0 --separate-stderr rc-say '' --when 'n=3|7' '{n} {s}' <"$in"
  [ "$output" = $'3 c\n7 null' ]
  run -0 --separate-stderr rc-say '' --when 's=a|||b' '{n}' <"$in" # "a|" or "b"
  [ "$output" = 2 ]
}

@test "--set gives a name a value in all templates, wherever it stands among the arguments" {
  printf '%s\n' '{"path":"a"}' '{"path":"b"}' >"$in"
  run -0 --separate-stderr rc-say --set root=/media '{root}/{path}' --when path=b 'B {root}{root}{name}' --set name=x "$in"
  [ "$output" = $'/media/a\nB /media/mediax' ]
  [ "$stderr" = '' ]
  run -0 --separate-stderr rc-say '{root}/{path}' --set root= --into text "$in"
  [ "${lines[0]}" = '{"path":"a","text":"/a"}' ]
}

@test "a value of --set is shown as a field's is: no template, no control characters" {
  run -0 --separate-stderr rc-say --set $'v={a} }{ {{ | =\n\e[2J\u009b' '<{v}> {v|never}' <<<'{"a":1}'
  [ "$output" = '<{a} }{ {{ | =\u000a\u001b[2J\u009b> {a} }{ {{ | =\u000a\u001b[2J\u009b' ]
  [ "$stderr" = '' ]
}

@test "a record that has a field with the name of a --set is refused where the template names it" {
  printf '%s\n' '{"n":1}' '{"n":2,"v":null}' >"$in"
  run -100 --separate-stderr rc-say --set v=x '{n} {v}' "$in"
  [ "$output" = '1 x' ]
  [ "$stderr" = "rc-say: $in:2: a field 'v', which --set gives, too" ]
  run -0 --separate-stderr rc-say --set v=x '{n}' "$in"
  [ "$output" = $'1\n2' ]
}

@test "--when looks at fields only, not at what --set gives" {
  run -0 --separate-stderr rc-say --set v=x 'no' --when v=x 'yes' <<<'{}'
  [ "$output" = no ]
}

@test "a bad --set is bad usage" {
  while IFS='|' read -r argument message; do
    run -100 --separate-stderr rc-say x --set "$argument" <<<'{}'
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = "rc-say: $message" ] || { echo "$stderr"; false; }
  done <<'END'
x|--set takes NAME=VALUE with letters, digits and underscores in the name, not 'x'
=x|--set takes NAME=VALUE with letters, digits and underscores in the name, not '=x'
a.b=x|--set takes NAME=VALUE with letters, digits and underscores in the name, not 'a.b=x'
END
  run -100 --separate-stderr rc-say x --set a=1 --set a=2 <<<'{}'
  [ "${stderr_lines[1]}" = 'rc-say: --set a is given twice' ]
  run -100 --separate-stderr rc-say x --set $'a=\xff' <<<'{}'
  [ "${stderr_lines[1]}" = 'rc-say: --set a is not UTF-8' ]
  # shellcheck disable=SC2046 # words
  run -100 --separate-stderr rc-say x $(seq -f '--set a%g=1' 33) <<<'{}'
  [ "${stderr_lines[1]}" = 'rc-say: more than 32 --set' ]
}

@test "long values with escapes at any place are shown whole" {
  for from in 4080 4085 4090 4091 4092 4093 4094 4095 4096 4097; do
    plain=$(head -c "$from" /dev/zero | tr '\0' x)
    printf '{"a":"%s%s"}\n' "$plain" '\ud83d\ude00é\n\u00e9😀\u0085'"$plain"'😀\t"é"' >"$in"
    sed -i 's/"é"/é/' "$in"
    run -0 --separate-stderr rc-say '{a}' "$in"
    [ "$output" = "${plain}"'😀é\u000aé😀\u0085'"${plain}"'😀\u0009é' ]
    run -0 --separate-stderr rc-say '{a}' --into b "$in"
    [ "$(rc-say '{b}' <<<"$output")" = "${plain}"'😀é\u000aé😀\u0085'"${plain}"'😀\u0009é' ]
  done
}

@test "an object within the record may have blanks behind it" {
  run -0 --separate-stderr rc-say '{a.b.c} {a.d}' <<<'{ "a" : { "b" : { "c" : 1 } , "d" : [ 2 ] } }'
  [ "$output" = '1 [ 2 ]' ]
}

# With the memory of three records and what a process needs: the record stands in memory once.
@test "a record of 64 MB needs no more than three times its memory, whatever is done with it" {
  need_plain_memory
  for letters in x '\u00e9\n'; do
    { printf '{"n":1,"a":"' && yes "$letters" | tr -d '\n' | head -c 66000000 && printf '"}\n'; } >"$in"
    for arguments in '{a}' '{a} --when a=x y --when n=1 {a}{n}' '{a}{a} --into b'; do
      # shellcheck disable=SC2086 # words
      bash -c 'ulimit -v 220000; exec rc-say "$@"' _ $arguments "$in" >"$in.out"
      [ "$(wc -l <"$in.out")" = 1 ]
      [ "$(wc -c <"$in.out")" -gt 20000000 ]
    done
  done
}

@test "of a record with an error of its own that is shown, not a field that is missing" {
  run -100 --separate-stderr rc-say '{label}: {count}' <<<'{"user":"alice","error":{"code":"no_owner","message":"there is no user alice"}}'
  [ "$output" = '' ]
  [ "$stderr" = 'rc-say: <stdin>:1: there is no user alice' ]
}
