# shellcheck disable=SC2154 # source and http come from http.bash
load recotem/helper
load http

setup() {
  started=()
  command -v rc-http-pages >/dev/null || skip 'it was not built: libcurl is not here'
  cd "$BATS_TEST_TMPDIR" || return
  start_http
  quick=(--pause 10ms)
}

teardown() { end_started; }

ok='200 OK'
end() { echo "{\"rc_end\":{\"v\":1,\"records\":$1}}"; }

# ---- bodies ----

@test "the items of an array, each a record on a line of its own, and an end record" {
  answer /tasks "$ok" <<<$'[\n {"id": 1,\n  "a": [1, {"b": "]}"}]},{"id":9223372036854775807,"x":1.0,"y":"\\u00e9\\\\\\""} ]'
  run -0 --separate-stderr rc-http-pages --url "$source/tasks"
  [ "$output" = '{"id": 1,   "a": [1, {"b": "]}"}]}
{"id":9223372036854775807,"x":1.0,"y":"\u00e9\\\""}
'"$(end 2)" ]
  [ "$stderr" = '' ]
}

@test "requests come as records, too; an empty listing has an end as well" {
  answer /a "$ok" <<<'[{"id":1}]'
  answer /b "$ok" <<<'[]'
  run -0 --separate-stderr rc-http-pages <<<"{\"url\":\"$source/a\"}
{\"url\":\"$source/b\"}
{\"url\":\"$source/a\"}"
  [ "$output" = '{"id":1}
{"id":1}
'"$(end 2)" ]
}

@test "items stand at a JSON pointer, whatever is around them" {
  answer /x "$ok" <<<'{"meta":{"data":[{"no":1}],"a":"]\"}"},"result":{"no":[{}],"a/b~":[{"id":1},{"id":2}],"data":{}},"z":[[[{"x":"\\"}]]]}'
  run -0 --separate-stderr rc-http-pages --items /result/a~1b~0 --url "$source/x"
  [ "$output" = '{"id":1}
{"id":2}
'"$(end 2)" ]
}

@test "a page may have one item a line, with or without a newline at its end" {
  answer /x "$ok" 'content-type: application/x-ndjson' < <(printf '{"id":1}\n\n{"id":2}')
  run -0 --separate-stderr rc-http-pages --lines --url "$source/x"
  [ "$output" = '{"id":1}
{"id":2}
'"$(end 2)" ]
}

@test "the parts may come in any pieces" {
  answer '@drip 1 1' /x "$ok" <<<'{"n":null,"items":[{"a":"\"é]"},{"b":[1,{"c":"\\"}]}],"next":"x"}'
  run -0 --separate-stderr rc-http-pages --items /items --url "$source/x"
  [ "$output" = '{"a":"\"é]"}
{"b":[1,{"c":"\\"}]}
'"$(end 2)" ]
}

@test "items that look alike and others among them come as they are, wherever the body is cut" {
  perl -e 'srand 7; my $n; my @texts = ("x" x 40, "\xc3\xa9\xe2\x82\xac", "a\\\"b\\\\", "", "}],{", "\\u00e9"); sub text { $texts[rand @texts] . ++$n }
    for (1 .. 20000) { my @fields = (qq("id":$_), qq("name":") . text() . q("), q("tags":[") . text() . q(",{"a":-1.50e3}]), q("done":) . (qw(true false null 0 -12))[rand 5]);
      splice @fields, rand @fields, 1 if rand() < 0.05; push @fields, qq("more":{}) if rand() < 0.05;
      push @fields, q("long":") . ("long text " x 70_000) . q(") if $_ == 11111;
      print "{" . join(rand() < 0.02 ? ", " : ",", @fields) . "}\n" }' >items
  { echo '{"no":[{"id":0}],"items":['; sed '$!s/$/,/' items | tr -d '\n'; echo ']}'; } >page
  answer /x "$ok" <page
  answer /x "$ok" 'content-length: 999999999' < <(head -c 1000000 page)
  answer /x "$ok" <page
  answer /lines "$ok" <items
  rc-http-pages --items /items --url "$source/x" >out
  cmp <(head -n -1 out) items
  rc-http-pages "${quick[@]}" --items /items --url "$source/x" >out
  cmp <(head -n -1 out) items
  rc-http-pages --lines --url "$source/lines" >out
  cmp <(head -n -1 out) items
  [ "$(tail -n 1 out)" = "$(end 20000)" ]
}

@test "long numbers may become text, and nothing else does" {
  answer /x "$ok" <<<'[{"id":9223372036854775807,"n":-12.5e3,"m":123456789012345,"t":"9223372036854775807 \"1234567890123456","a":[1234567890123456]}]'
  run -0 rc-http-pages --long-numbers-as-text --url "$source/x"
  [ "${lines[0]}" = '{"id":"9223372036854775807","n":-12.5e3,"m":123456789012345,"t":"9223372036854775807 \"1234567890123456","a":["1234567890123456"]}' ]
}

@test "what is not JSON names status, type and first words" {
  answer /x "$ok" 'content-type: text/html' <<<$'<html>\e[31mPlease log in'
  run -100 --separate-stderr rc-http-pages --url "$source/x"
  [ "$output" = '' ]
  [ "$stderr" = "rc-http-pages: $source/x: there is no array where the items should be: status 200, text/html, begins with '<html>\\u001b[31mPlease log in\\u000a'" ]
}

@test "bad pages are refused, with no end record" {
  local body
  for body in '[{"a":1},]' '[{"a":1} {"b":2}]' '[{"a":}]' '[1]' '["x"]' '[null]' '{"items":[]}' '[{"a":"'$'\xff''"}]' '[{"rc_end":{"v":1}}]' \
    '[{"\u0072c_end":{"v":1}}]' '[] x' 'null' '[{"a":[}]}]' '"x"' '[{"a":tru}]' \
    '[{"a":1},{"a":2},]' '[{"a":1},{"a":2,}]' '[{"a":1},{"a":2},{"a":03}]' '[{"a":1},{"a":2}{"a":3}]' '[{"a":1},{"a":2},3]' \
    '[{"a":"b"},{"a":"c"},{"a":"'$'\xc3''"}]' '[{"a":"b"},{"a":"c"},{"a":"\x"}]' '[{"a":"b"},{"a":"c"},{"a":"'$'\t''"}]'; do
    rm -f "$http"/_x.*
    answer /x "$ok" <<<"$body"
    run -100 --separate-stderr rc-http-pages --url "$source/x"
    [[ $output != *'rc_end":{"v":1,"rec'* ]] || { echo "$body: $output"; false; }
    [[ $stderr == "rc-http-pages: $source/x: "* ]] || { echo "$body: $stderr"; false; }
  done
}

@test "a pointer that leads nowhere, or to no array, is refused" {
  answer /x "$ok" <<<'{"a":{"b":{}},"c":[]}'
  for pointer in /a /a/b /d /c/0 /a/b/c; do
    run -100 --separate-stderr rc-http-pages --items "$pointer" --url "$source/x"
    [[ $stderr == *'there is no array where the items should be: status 200, application/json'* ]]
  done
  run -100 rc-http-pages --items c --url "$source/x"
}

# ---- paging ----

@test "the Link header leads on, relative links too, until there is no next" {
  answer /t?p=1 "$ok" 'Link: </t?p=1>; rel="first", <{port}>; title="a, <b>; rel=next", </t?p=2&x=%20>; rel="last next"' <<<'[{"id":1}]'
  answer '/t?p=2&x=%20' "$ok" 'link: <http://127.0.0.1:{port}/t?p=3>;rel=next' <<<'[{"id":2}]'
  answer /t?p=3 "$ok" 'Link: </t?p=1>; rel=prev' <<<'[{"id":3}]'
  run -0 --separate-stderr rc-http-pages --url "$source/t?p=1"
  [ "$output" = '{"id":1}
{"id":2}
{"id":3}
'"$(end 3)" ]
}

@test "a Link header that can't be read is no end" {
  local bad=(
    "Link: $source/n; rel=next" "Link: <$source/n" "Link: <$source/n; rel=next" "Link: next <$source/n>; rel=prev" "Link: <$source/n>; title=\"; rel=next"
  ) n=0
  for header in "${bad[@]}"; do
    n=$((n + 1))
    answer "/b$n" "$ok" "$header" <<<'[{"id":1}]'
    run -100 --separate-stderr rc-http-pages --url "$source/b$n"
    [ "$stderr" = "rc-http-pages: $source/b$n: page 1: its Link header can't be read" ]
    [ "$output" = '{"id":1}' ]
  done
  answer /n "$ok" "Link: <$source/p>; rel='prev'" <<<'[{"id":2}]'
  for header in "Link: <$source/n>; rel='next'" "Link: what, <$source/p>; title='; rel=next', <$source/n>; rel=next" "Link: ,<$source/n>;rel=next;,"; do
    n=$((n + 1))
    answer "/g$n" "$ok" "$header" <<<'[{"id":1}]'
    run -0 rc-http-pages --url "$source/g$n"
    [ "${lines[2]}" = "$(end 2)" ]
  done
}

@test "a cursor leads on as a parameter, encoded; null, false and an empty one are the end" {
  for last in null false '""'; do
    rm -f "$http"/_*
    answer /t?q=1 "$ok" <<<'{"items":[{"id":1}],"meta":{"next":"a&b=/é"}}'
    answer '/t?q=1&after=a%26b%3d%2f%c3%a9' "$ok" <<<'{"meta":{"next":7},"items":[{"id":2}]}'
    answer '/t?q=1&after=7' "$ok" <<<"{\"meta\":{\"next\":$last},\"items\":[]}"
    run -0 --separate-stderr rc-http-pages --items /items --paging cursor --cursor /meta/next --paging-param after --url "$source/t" --param q=1
    [ "$output" = '{"id":1}
{"id":2}
'"$(end 2)" ]
    rm "$http/requests"
  done
}

@test "a page may have the URL of the next one" {
  answer /t "$ok" <<<'{"next":"/t?page=2","results":[{"id":1}]}'
  answer /t?page=2 "$ok" <<<'{"next":null,"results":[{"id":2}]}'
  run -0 rc-http-pages --items /results --paging next-url --cursor /next --url "$source/t"
  [ "${lines[2]}" = "$(end 2)" ]
}

@test "page numbers go on until a page is not full" {
  answer '/t?per=2&page=1' "$ok" <<<'[{"id":1},{"id":2}]'
  answer '/t?per=2&page=2' "$ok" <<<'[{"id":3},{"id":4}]'
  answer '/t?per=2&page=3' "$ok" <<<'[]'
  run -0 rc-http-pages --paging page --size 2 --size-param per --url "$source/t"
  [ "${lines[4]}" = "$(end 4)" ]
  [ "$(requests | wc -l)" = 3 ]
}

@test "offsets go on until the total is there" {
  answer '/t?n=2&startAt=0' "$ok" <<<'{"total":3,"issues":[{"id":1},{"id":2}]}'
  answer '/t?n=2&startAt=2' "$ok" <<<'{"total":3,"issues":[{"id":3}]}'
  run -0 rc-http-pages --items /issues --paging offset --paging-param startAt --size 2 --size-param n --total /total --url "$source/t"
  [ "${lines[3]}" = "$(end 3)" ]
  [ "$(requests | wc -l)" = 2 ]
}

@test "a source that gives fewer than asked for is read to its total, not taken for ended" {
  answer '/t?offset=0' "$ok" <<<'{"total":3,"issues":[{"id":1}]}'
  answer '/t?offset=1' "$ok" <<<'{"total":3,"issues":[{"id":2},{"id":3}]}'
  run -0 rc-http-pages --items /issues --paging offset --size 2 --total /total --url "$source/t"
  [ "${lines[3]}" = "$(end 3)" ]
}

@test "a cursor or link that comes again is an error, never the end" {
  answer /t "$ok" 'Link: </t?c=1>; rel=next' <<<'[{"id":1}]'
  answer /t?c=1 "$ok" 'Link: </t>; rel=next' <<<'[{"id":2}]'
  run -100 --separate-stderr rc-http-pages --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: page 2: the next page is one that has come already" ]
  [[ $output != *rc_end* ]]
  answer /c "$ok" <<<'{"i":[{"id":1}],"next":"x"}'
  answer /c?cursor=x "$ok" <<<'{"i":[{"id":2}],"next":"x"}'
  run -100 --separate-stderr rc-http-pages --items /i --paging cursor --cursor /next --url "$source/c"
  [ "$stderr" = "rc-http-pages: $source/c: page 2: the next page is one that has come already" ]
}

@test "a source that does not know the page's parameter is an error" {
  answer '/t?page=1' "$ok" <<<'[{"id":1},{"id":2}]'
  answer '/t?page=2' "$ok" <<<'[{"id":1},{"id":2}]'
  run -100 --separate-stderr rc-http-pages --paging page --size 2 --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: page 2: it is the same as the page before" ]
}

@test "a full page that says nothing of a next one is an error; one that says there is none is not" {
  answer /t "$ok" <<<'[{"id":1},{"id":2}]'
  run -100 --separate-stderr rc-http-pages --size 2 --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: page 1: it is full, but does not say whether another one follows" ]
  answer /c "$ok" <<<'{"i":[{"id":1},{"id":2}]}'
  run -100 --separate-stderr rc-http-pages --items /i --paging cursor --cursor /next --size 2 --url "$source/c"
  [[ $stderr == *'it is full, but does not say'* ]]
  answer /l "$ok" 'Link: </l?p=1>; rel=prev' <<<'[{"id":1},{"id":2}]'
  run -0 rc-http-pages --size 2 --url "$source/l"
  answer /n "$ok" 'X-Total-Count: 2' <<<'[{"id":1},{"id":2}]'
  run -0 rc-http-pages --size 2 --url "$source/n"
  answer /d "$ok" <<<'{"i":[{"id":1},{"id":2}],"next":null}'
  run -0 rc-http-pages --items /i --paging cursor --cursor /next --size 2 --url "$source/d"
}

@test "a total or a flag that promises more than came is an error" {
  answer /t "$ok" 'X-Total-Count: 3' <<<'[{"id":1},{"id":2}]'
  run -111 --separate-stderr rc-http-pages --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: page 1: it is the last one, but only 2 of 3 items have come" ]
  answer /m "$ok" <<<'{"i":[{"id":1}],"more":true}'
  run -100 --separate-stderr rc-http-pages --items /i --paging cursor --cursor /next --more /more --url "$source/m"
  [ "$stderr" = "rc-http-pages: $source/m: page 1: it says that another one follows, but not which" ]
  answer /f "$ok" <<<'{"i":[{"id":1}],"more":false,"next":"x"}'
  run -0 rc-http-pages --items /i --paging cursor --cursor /next --more /more --url "$source/f"
}

@test "a total or a flag that can't be read is an error, not one that is not there" {
  n=0
  for total in -1 1e3 1.5 '"three"' 99999999999999999999 '{}'; do
    n=$((n + 1))
    answer "/t$n" "$ok" <<<'{"total":'"$total"',"i":[{"id":1}]}'
    run -100 --separate-stderr rc-http-pages --items /i --paging none --total /total --url "$source/t$n"
    [ "$stderr" = "rc-http-pages: $source/t$n: page 1: its number of all items is no whole number" ]
  done
  for body in '{"i":[{"id":1}]}' '{"i":[{"id":1}],"total":null}'; do
    n=$((n + 1))
    answer "/t$n" "$ok" <<<"$body"
    run -100 --separate-stderr rc-http-pages --items /i --paging none --total /total --url "$source/t$n"
    [ "$stderr" = "rc-http-pages: $source/t$n: page 1: it has nothing where --total says that the number of all items is" ]
  done
  answer /text "$ok" <<<'{"total":"2","i":[{"id":1}]}'
  run -111 --separate-stderr rc-http-pages --items /i --paging none --total /total --url "$source/text"
  [[ $stderr == *'only 1 of 2 items have come' ]]
  for more in '"true"' 1 '"yes"' '[]'; do
    n=$((n + 1))
    answer "/m$n" "$ok" <<<'{"more":'"$more"',"i":[{"id":1}],"next":"x"}'
    run -100 --separate-stderr rc-http-pages --items /i --paging cursor --cursor /next --more /more --url "$source/m$n"
    [ "$stderr" = "rc-http-pages: $source/m$n: page 1: expected true or false where --more says whether another page follows" ]
  done
  answer /null "$ok" <<<'{"more":null,"i":[{"id":1}],"next":"x"}'
  answer '/null?cursor=x' "$ok" <<<'{"more":false,"i":[{"id":2}]}'
  run -0 rc-http-pages --items /i --paging cursor --cursor /next --more /more --url "$source/null"
  [ "${lines[2]}" = "$(end 2)" ]
}

@test "a total that shrinks while the listing is read is an error: an item may have been passed over; one that grows is not" {
  answer '/t?offset=0' "$ok" <<<'{"total":4,"i":[{"id":1},{"id":2}]}'
  answer '/t?offset=2' "$ok" <<<'{"total":3,"i":[{"id":4}]}'
  run -111 --separate-stderr rc-http-pages --items /i --paging offset --total /total --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: page 2: there were 4 items, and now 3: one may have been passed over" ]
  answer /l "$ok" 'X-Total-Count: 3' "Link: <$source/l2>; rel=next" <<<'[{"id":1},{"id":2}]'
  answer /l2 "$ok" 'X-Total-Count: 2' <<<'[]'
  run -111 --separate-stderr rc-http-pages --url "$source/l"
  [[ $stderr == *': page 2: there were 3 items, and now 2: one may have been passed over' ]]
  answer '/g?offset=0' "$ok" <<<'{"total":2,"i":[{"id":1},{"id":2}]}'
  answer '/h?offset=0' "$ok" <<<'{"total":3,"i":[{"id":1},{"id":2}]}'
  answer '/h?offset=2' "$ok" <<<'{"total":4,"i":[{"id":2},{"id":3}]}'
  run -0 rc-http-pages --items /i --paging offset --total /total --url "$source/h"
  [ "${lines[4]}" = "$(end 4)" ]
  # each listing has a total of its own
  run -0 rc-http-pages --items /i --paging offset --total /total < <(printf '{"url":"%s"}\n' "$source/h" "$source/g")
}

@test "a next page that is no HTTP is refused: a page can't name a file of this machine" {
  answer /t "$ok" 'Link: <file:///etc/passwd>; rel=next' <<<'[{"id":1}]'
  run -100 --separate-stderr rc-http-pages --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: page 1: the next page has no URL of HTTP" ]
  answer /r '302 Found' 'Location: file:///etc/passwd' </dev/null
  run -100 --separate-stderr rc-http-pages --url "$source/r"
  [[ $stderr == *'a redirect to what is not HTTP' ]]
}

# ---- what passes by itself ----

@test "429 with seconds is waited for, 429 with a date too" {
  answer /t '429 Too Many' 'Retry-After: 1' <<<'slow down'
  answer /t '429 Too Many' 'Retry-After: {date+2}' <<<'slow down'
  answer /t "$ok" <<<'[{"id":1}]'
  start=${EPOCHREALTIME/./}
  run -0 --separate-stderr rc-http-pages "${quick[@]}" --url "$source/t"
  took=$(((${EPOCHREALTIME/./} - start) / 1000))
  [ "$took" -ge 2000 ] && [ "$took" -lt 5000 ] || { echo "$took"; false; }
  [ "$output" = $'{"id":1}\n'"$(end 1)" ]
}

@test "a wait that is too long is an error that may pass" {
  answer /t '503 Away' 'Retry-After: 3600' <<<'later'
  run -111 --separate-stderr rc-http-pages "${quick[@]}" --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: the server asks for a longer wait than --max-wait allows" ]
}

@test "5xx, resets, cut bodies and silence in mid-listing: only the page that failed is read again" {
  answer /t "$ok" 'Link: </t?p=2>; rel=next' <<<'[{"id":1}]'
  answer /t?p=2 '500 Oops' 'content-type: text/html' <<<'<h1>Oops'
  answer @reset /t?p=2 "$ok" </dev/null
  answer /t?p=2 "$ok" 'content-length: 1000' <<<'[{"id":2},{"id":3},{"i'
  answer '@reset-after 130' /t?p=2 "$ok" 'content-length: 1000' <<<'[{"id":2},{"id":3},{"id":4}'
  answer /t?p=2 "$ok" - <<<'[{"id":2},{"id":3},{"i'
  answer /t?p=2 "$ok" <<<'[{"id":2},{"id":3},{"id":4}]'
  run -0 --separate-stderr rc-http-pages "${quick[@]}" --tries 6 --url "$source/t"
  [ "$output" = '{"id":1}
{"id":2}
{"id":3}
{"id":4}
'"$(end 4)" ]
  [ "$(requests | grep -c '/t ')" = 0 ]
  [ "$(requests | wc -l)" = 7 ]
}

@test "a page that broke and then has other items is an error, with no end record" {
  answer /t "$ok" 'content-length: 1000' <<<'[{"id":2},{"id":3},{"i'
  answer /t "$ok" <<<'[{"id":2},{"id":4},{"id":5}]'
  run -111 --separate-stderr rc-http-pages "${quick[@]}" --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: page 1: it broke, and was another one when it was read again" ]
  answer /s "$ok" 'content-length: 1000' <<<'[{"id":2},{"id":3},{"i'
  answer /s "$ok" <<<'[{"id":2}]'
  run -111 --separate-stderr rc-http-pages "${quick[@]}" --url "$source/s"
  [[ $stderr == *'it broke, and was another one'* && $output != *rc_end* ]]
}

@test "the last try says what it was, and that it may pass" {
  answer /t '502 Bad' 'content-type: text/html' <<<'<html>gateway'
  run -111 --separate-stderr rc-http-pages "${quick[@]}" --tries 2 --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: status 502, text/html, begins with '<html>gateway\\u000a' (2 tries)" ]
  [ "$(requests | wc -l)" = 2 ]
  run -111 --separate-stderr rc-http-pages "${quick[@]}" --tries 2 --url http://127.0.0.1:1/t
  [[ $stderr == 'rc-http-pages: http://127.0.0.1:1/t: '*' (2 tries)' ]]
}

@test "4xx is final" {
  for status in '400 Bad' '401 No' '403 No' '404 None' '410 Gone'; do
    rm -f "$http"/_t.*
    answer /t "$status" <<<'{"message":"no"}'
    run -100 --separate-stderr rc-http-pages --url "$source/t?token=s3cret"
    [[ $stderr != *s3cret* ]]
  done
  [[ $stderr == "rc-http-pages: $source/t: status 404, "* ]]
}

@test "each limit ends a server that does not come on" {
  answer @stall /t "$ok" </dev/null
  start=$SECONDS
  run -111 --separate-stderr rc-http-pages --tries 1 --first-byte-timeout 500ms --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: no answer in time" ]
  answer '@drip 2 200' /d "$ok" <<<'[{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}]'
  run -111 --separate-stderr rc-http-pages --tries 1 --timeout 1s --url "$source/d"
  [[ $stderr == *'timed out after'* ]]
  [ "$((SECONDS - start))" -lt 8 ]
}

@test "requests keep the rate" {
  answer /t "$ok" 'Link: </t?p=2>; rel=next' <<<'[{"id":1}]'
  answer /t?p=2 "$ok" 'Link: </t?p=3>; rel=next' <<<'[{"id":2}]'
  answer /t?p=3 "$ok" <<<'[{"id":3}]'
  start=${EPOCHREALTIME/./}
  run -0 rc-http-pages --rate-limit 4/s --url "$source/t"
  [ "$(((${EPOCHREALTIME/./} - start) / 1000))" -ge 500 ]
  run -100 rc-http-pages --rate-limit 4/w --url "$source/t"
}

# ---- what has not changed ----

@test "with a state only what has changed is asked for; 304 is 1, with no end record" {
  answer /t "$ok" 'ETag: "v1"' 'Last-Modified: Wed, 25 Nov 2026 10:00:00 GMT' <<<'[{"id":1}]'
  answer /t '304 Not Modified' </dev/null
  answer /t "$ok" 'ETag: "v2"' <<<'[{"id":2}]'
  run -0 rc-http-pages --state state --url "$source/t"
  [ "$(cat state)" = "{\"v\":1,\"url\":\"$source/t\",\"etag\":\"\\\"v1\\\"\",\"last_modified\":\"Wed, 25 Nov 2026 10:00:00 GMT\"}" ]
  run -1 --separate-stderr rc-http-pages --state state --url "$source/t"
  [ "$output$stderr" = '' ]
  [ "$(requests | tail -n 1)" = 'GET /t if-none-match: "v1" if-modified-since: Wed, 25 Nov 2026 10:00:00 GMT' ]
  run -0 rc-http-pages --state state --url "$source/t"
  [ "$output" = $'{"id":2}\n'"$(end 1)" ]
  [[ $(cat state) == *v2* ]]
  answer /m "$ok" 'Last-Modified: Wed, 25 Nov 2026 10:00:00 GMT' <<<'[{"id":1}]'
  answer /m '304 Not Modified' </dev/null
  run -0 rc-http-pages --state modified --url "$source/m"
  run -1 rc-http-pages --state modified --url "$source/m"
  [ "$(requests | tail -n 1)" = 'GET /m if-modified-since: Wed, 25 Nov 2026 10:00:00 GMT' ]
}

@test "a 304 that was not asked for is an error" {
  answer /t '304 Not Modified' - </dev/null
  for state in '' '--state state'; do
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr rc-http-pages $state --url "$source/t"
    [ "$stderr" = "rc-http-pages: $source/t: page 1: status 304, but it was not asked whether anything has changed" ]
  done
}

@test "a state is not kept of a listing that failed, of another URL, or of several pages" {
  answer /t "$ok" 'ETag: "v1"' 'Link: </t?p=2>; rel=next' <<<'[{"id":1}]'
  answer /t?p=2 '404 None' <<<'x'
  answer /t?p=2 "$ok" 'ETag: "p2"' <<<'[{"id":2}]'
  run -100 rc-http-pages --state state --url "$source/t"
  [ ! -e state ]
  run -0 rc-http-pages --state state --url "$source/t"
  [[ $(cat state) == *'"etag":null'* ]]
  answer /u "$ok" 'ETag: "u"' <<<'[]'
  run -0 rc-http-pages --state state --url "$source/u"
  run -0 rc-http-pages --state state --url "$source/t"
  [ "$(requests | grep -c if-none)" = 0 ]
}

# ---- tokens ----

@test "the token goes to the listing's own host, and nowhere else" {
  export TOKEN=s3cret
  local first=$source first_http=$http
  mkdir other && BATS_TEST_TMPDIR=$PWD/other start_http
  local other=$source other_http=$http
  answer /r "$ok" "Link: <$first/t?p=3>; rel=next" <<<'[{"id":2}]'
  http=$first_http
  answer /t '307 Moved' 'Location: /moved' </dev/null
  answer /moved "$ok" "Link: <$first/t?p=2>; rel=next" <<<'[{"id":1}]'
  answer /t?p=2 '302 Moved' "Location: $other/r" </dev/null
  answer /t?p=3 "$ok" "Link: <$other/r?4>; rel=next" <<<'[{"id":3}]'
  http=$other_http
  answer /r?4 "$ok" <<<'[{"id":4}]'
  run -0 --separate-stderr rc-http-pages --token TOKEN --url "$first/t"
  [ "${lines[4]}" = "$(end 4)" ]
  [ "$(cat "$first_http/requests")" = 'GET /t authorization: Bearer s3cret
GET /moved authorization: Bearer s3cret
GET /t?p=2 authorization: Bearer s3cret
GET /t?p=3 authorization: Bearer s3cret' ]
  [ "$(cat "$other_http/requests")" = $'GET /r\nGET /r?4' ]
  rm "$other_http/requests" "$first_http/requests"
  run -0 rc-http-pages --token TOKEN --token-header Private-Token --url "$first/t"
  [[ $(head -n 1 "$first_http/requests") == 'GET /t private-token: s3cret' ]]
  [ "$(cat "$other_http/requests")" = $'GET /r\nGET /r?4' ]
}

@test "the token is in no argument, message or event" {
  export TOKEN=s3cret RC_EVENTS=$PWD/events
  answer /t '403 No' <<<'no'
  run -100 --separate-stderr rc-http-pages --token TOKEN --url "$source/t"
  [[ $stderr != *s3cret* && $(cat events) != *s3cret* ]]
  run -100 --separate-stderr rc-http-pages --token NONE_SUCH --url "$source/t"
  [[ $stderr == *'--token: the secret NONE_SUCH is not set' ]]
}

@test "client credentials get a token, and another one where it has expired" {
  export SECRET='s3cr&t é'
  answer /token "$ok" <<<'{"access_token":"one","token_type":"bearer","expires_in":1}'
  answer /token "$ok" <<<'{"access_token":"two","token_type":"bearer"}'
  answer /t "$ok" 'Link: </t?p=2>; rel=next' <<<'[{"id":1}]'
  answer /t?p=2 '401 Expired' <<<'expired'
  answer /t?p=2 "$ok" <<<'[{"id":2}]'
  run -0 --separate-stderr rc-http-pages --oauth-url "$source/token" --oauth-client 'my app' --oauth-secret SECRET --oauth-scope 'read all' \
    --url "$source/t"
  [ "${lines[2]}" = "$(end 2)" ]
  basic=$(printf '%s' 'my%20app:s3cr%26t%20%C3%A9' | base64)
  [ "$(requests)" = "POST /token authorization: Basic $basic body: grant_type=client_credentials&scope=read%20all
GET /t authorization: Bearer one
GET /t?p=2 authorization: Bearer one
POST /token authorization: Basic $basic body: grant_type=client_credentials&scope=read%20all
GET /t?p=2 authorization: Bearer two" ]
}

@test "a server of tokens that says no, or redirects, is final" {
  export SECRET=s3cret
  local oauth=(--oauth-url "$source/token" --oauth-client me --oauth-secret SECRET --url "$source/t")
  answer /token '401 No' <<<'{"error":"invalid_client"}'
  answer /token '302 Found' "Location: $source/elsewhere" </dev/null
  answer /token "$ok" <<<'{"token":"x"}'
  run -100 --separate-stderr rc-http-pages "${oauth[@]}"
  [[ $stderr == *'invalid_client'* && $stderr != *s3cret* ]]
  run -100 --separate-stderr rc-http-pages "${oauth[@]}"
  [[ $stderr == *'a redirect where a token was asked for' ]]
  run -100 --separate-stderr rc-http-pages "${oauth[@]}"
  [[ $stderr == *'the answer has no access_token' ]]
  [ "$(requests | grep -c /elsewhere)" = 0 ]
}

# ---- TLS ----

@test "a certificate is verified: refused as it is, taken with --cacert" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
  echo '[{"id":1}]' >tasks
  port=$((20000 + RANDOM % 10000))
  openssl s_server -accept "$port" -cert cert -key key -WWW >/dev/null 2>&1 3>&- &
  started+=("$!")
  local tries=0
  until (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do [ $((tries += 1)) -lt 1200 ] && sleep 0.05; done
  openssl req -x509 -newkey rsa:2048 -nodes -keyout other_key -out other -days 2 -subj /CN=other 2>/dev/null
  run -100 --separate-stderr rc-http-pages --cacert other --url "https://localhost:$port/tasks"
  [[ $stderr == "rc-http-pages: https://localhost:$port/tasks: SSL certificate problem:"* ]]
  # By the system's own certificates; a small system has none, which is said.
  run -100 --separate-stderr rc-http-pages --url "https://localhost:$port/tasks"
  [[ $stderr == "rc-http-pages: https://localhost:$port/tasks: "*certificate* ]]
  [ ! -e /etc/ssl/certs/ca-certificates.crt ] || [[ $stderr == *"/tasks: SSL certificate problem:"* ]]
  run -0 --separate-stderr rc-http-pages --cacert cert --url "https://localhost:$port/tasks"
  [ "${lines[0]}" = '{"id":1}' ]
  run -100 --separate-stderr rc-http-pages --cacert cert --url "https://127.0.0.1:$port/tasks"
  run -100 --separate-stderr rc-http-pages --cacert none --url "https://localhost:$port/tasks"
}

@test "redirects end: ten are followed" {
  answer /t '302 Found' 'Location: /t' </dev/null
  run -100 --separate-stderr rc-http-pages --url "$source/t"
  [ "$stderr" = "rc-http-pages: $source/t: more than 10 redirects" ]
}

# ---- size ----

@test "a body of any size takes the memory of one item" {
  need_plain_memory
  perl -e '$i = 300_000; print qq({"items":[{"id":0}); print qq(,{"id":$_,"name":"A task with a name of some length, as they are"}) for 1 .. $i; print "]}"' >large
  { printf 'HTTP/1.1 200 OK\r\ncontent-length: %s\r\nconnection: close\r\n\r\n' "$(wc -c <large)"; cat large; } >"$http/_large.1"
  (ulimit -v 400000; rc-http-pages --items /items --url "$source/large") >out
  [ "$(tail -n 1 out)" = "$(end 300001)" ]
}

@test "options that do not fit are told before anything is asked" {
  local arguments
  for arguments in '--paging cursor' '--cursor /x' '--lines --items /x' '--size-param n' '--paging maybe' '--oauth-url x' '--token-header x' \
    '--paging-param x' '--param x' '--size 0' '--tries 0'; do
    # shellcheck disable=SC2086 # they are words
    run -100 --separate-stderr rc-http-pages $arguments --url "$source/t"
    [[ ${stderr_lines[0]} == 'usage: rc-http-pages'* ]]
  done
  [ ! -e "$http/requests" ]
}
