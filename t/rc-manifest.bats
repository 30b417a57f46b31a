load helper

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  mkdir -p root/a root/a.b root/z/y
  printf 1 >root/a/1
  printf 22 >root/a.b/2
  printf 333 >root/z/y/3
}

list() { rc-manifest --root root "$@"; }
check() { rc-manifest --root root --check manifest "$@"; }
statuses() { rc-say '{path} {status}'; }

@test "the files are listed in the order of their paths, with the digests that sha256sum computes" {
  run -0 --separate-stderr list
  digest() { sha256sum "$1" | cut -d ' ' -f 1; }
  [ "${lines[*]:0:3}" = "{\"v\":1,\"path\":\"a/1\",\"size\":1,\"sha256\":\"$(digest root/a/1)\"} {\"v\":1,\"path\":\"a.b/2\",\"size\":2,\"sha256\":\"$(digest root/a.b/2)\"} {\"v\":1,\"path\":\"z/y/3\",\"size\":3,\"sha256\":\"$(digest root/z/y/3)\"}" ]
  [ "${lines[3]}" = "{\"rc_end\":{\"v\":1,\"records\":3,\"sha256\":\"$(head -n 3 <<<"$output" | sha256sum | cut -d ' ' -f 1)\"}}" ]
  [ "$stderr" = '' ]
}

@test "sizes around that of the buffer, with one thread and with many" {
  local size
  for size in 0 262143 262144 262145 1000000; do head -c "$size" /dev/urandom >"root/$size"; done
  list --jobs 1 --output one
  list --jobs 8 --output eight
  cmp one eight
  (cd root && find . -type f -exec sha256sum {} + | sed 's,\./,,' | sort) >expected
  rc-say '{sha256}  {path}' one | sort | cmp - expected
}

@test "what is missing, changed or extra is found, and the rest is unchanged" {
  ln -s nowhere root/link
  list --output manifest
  run -0 --separate-stderr check
  [ "$(statuses <<<"$output" | cut -d ' ' -f 2 | sort -u)" = unchanged ]
  printf 9 >root/a/1 # of the same size
  printf 4444 >root/a.b/2
  rm root/z/y/3
  ln -sfn elsewhere root/link
  touch root/z/new
  run -1 --separate-stderr check
  [ "$(statuses <<<"$output")" = 'a/1 changed
a.b/2 changed
link changed
z/new extra
z/y/3 missing' ]
  [[ ${lines[0]} == *"\"found\":{\"size\":1,\"sha256\":\"$(printf 9 | sha256sum | cut -d ' ' -f 1)\"}}" ]]
  [[ ${lines[1]} == *'"found":{"size":4}}' ]]
}

@test "a file that became a folder or a link is changed, and what is in the folder is extra" {
  list --output manifest
  rm root/a/1 root/a.b/2
  mkdir root/a/1
  touch root/a/1/new
  ln -s ../z/y/3 root/a.b/2
  run -1 --separate-stderr check --quiet
  [ "$(statuses <<<"$output")" = 'a/1 missing
a/1/new extra
a.b/2 changed' ]
}

@test "names of any bytes are listed and found again" {
  local name
  for name in $'new\nline' $'bad\xff' ' ' '"' '\' $'\x01' 'é' '*'; do touch "root/$name"; done
  list --output manifest
  rc-say '{path_hex}' <(grep path_hex manifest) | grep -x 626164ff
  grep -q '"path":"new\\nline"' manifest
  run -0 check --quiet
  rm root/$'bad\xff' root/$'new\nline'
  run -1 check --quiet
  [ "$(rc-say '{path|-} {path_hex|-} {status}' <<<"$output")" = '- 626164ff missing
new\u000aline - missing' ]
}

@test "paths limit what is listed and what is compared" {
  list --output manifest
  run -0 --separate-stderr list z a/1 a
  [ "$(head -n -1 <<<"$output" | rc-say '{path}' | tr '\n' ' ')" = 'a/1 z/y/3 ' ]
  rm root/z/y/3
  touch root/a/new
  run -0 check a.b
  run -1 check --quiet z
  [ "$(statuses <<<"$output")" = 'z/y/3 missing' ]
  run -1 check --quiet a
  [ "$(statuses <<<"$output")" = 'a/new extra' ]
}

@test "a path that leads out of the root, through a link or nowhere is refused" {
  ln -s a root/link
  run -100 list ../root
  run -100 list "$PWD/root"
  run -100 --separate-stderr list link/1
  [ "$stderr" = 'rc-manifest: link/1: a symbolic link is on the way to it' ]
  run -100 --separate-stderr list none
  [ "$stderr" = 'rc-manifest: none: cannot look at it: No such file or directory' ]
}

@test "the manifest itself is in no list, wherever it goes" {
  list --output root/MANIFEST
  rc-manifest --root root --check root/MANIFEST >/dev/null
  list --output root/MANIFEST # again, beside the old one
  rc-manifest --root root --check root/MANIFEST >/dev/null
  list >root/MANIFEST
  rc-manifest --root root --check root/MANIFEST >root/result
  [ "$(rc-tally --count path root/result)" = 3 ]
}

@test "what can't be listed leaves no manifest" {
  list --output manifest
  before=$(cat manifest)
  mkfifo root/fifo
  run -1 --separate-stderr list --output manifest
  [ "$stderr" = 'rc-manifest: not all could be read: nothing was written to manifest' ]
  [ "$(cat manifest)" = "$before" ]
  run -1 --separate-stderr list
  [ "$(grep -c rc_end <<<"$output")" = 0 ]
  grep -q '"path":"fifo","status":"error","error":{"code":"not_a_file"' <<<"$output"
  list >all || :
  run -100 --separate-stderr rc-manifest --root root --check all
  [[ $stderr == *"all:3: it has a status, so it is no entry of a manifest" ]]
}

@test "a folder that can't be read is an error, and what is listed below it is not missing" {
  ((EUID)) || skip 'root may read all'
  list --output manifest
  chmod 0 root/z
  run -1 --separate-stderr check --quiet
  chmod 755 root/z
  [ "$(statuses <<<"$output")" = $'z error\nz/y/3 error' ]
}

@test "a file that changes while it is read is noticed" {
  truncate -s 60M root/large
  while sleep 0.0005; do printf x >>root/large; done 3>&- &
  writer=$!
  tries=0
  until list large >result || grep -q '"code":"changed"' result; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || break
  done
  kill "$writer"
  grep -q '"path":"large","status":"error","error":{"code":"changed","message":"it changed while it was read"}}' result
}

@test "a manifest that was cut, edited, or ordered otherwise is refused" {
  list --output manifest
  cp manifest whole
  head -n 2 whole >manifest
  run -100 --separate-stderr check
  [[ $stderr == *'cut short: no end record after 2 records'* ]]
  sed '1s/"size":1/"size":2/' whole >manifest
  run -100 --separate-stderr check
  [[ $stderr == *'manifest:4: '* ]]
  { sed -n 2p whole && sed -n 1p whole && rc-end; } >manifest
  run -100 --separate-stderr check
  [[ $stderr == *'manifest:2: the paths are not in the order of a manifest, or there is one twice' ]]
  for bad in '{"v":2,"path":"x","size":1,"sha256":"0"}' '{"v":1,"path":"../x","size":1,"sha256":"0"}' '{"v":1,"path":"x","size":-1,"sha256":"0"}' \
    '{"v":1,"path":"x","size":1,"sha256":"0"}' '{"v":1,"path_hex":"6","size":1,"sha256":"0"}' '{"v":1,"path_hex":"00","size":1}' '{"v":1}'; do
    { printf '%s\n' "$bad" && rc-end; } >manifest
    run -100 --separate-stderr check
    [[ $stderr == 'rc-manifest: manifest:1: '* ]]
  done
}

@test "--paths-of lists the files that records name, and of none nothing" {
  printf '%s\n' '{"id":1,"path":"a.b/2","status":"signed"}' '{"id":2,"path":"a/1"}' >records
  run -0 --separate-stderr list --paths-of records
  [ "$(rc-say '{path}' <<<"$output")" = $'a/1\na.b/2' ]
  run -0 list --paths-of records z
  [ "$(rc-say '{path}' <<<"$output")" = $'a/1\na.b/2\nz/y/3' ]
  run -0 list --paths-of /dev/null
  [ "$(rc-say '{path}' <<<"$output")" = '' ]
  run -100 --separate-stderr list --paths-of - <<<'{"path":"../a"}'
  [[ $stderr == 'rc-manifest: <stdin>:1: a path is relative to --root'* ]]
  run -100 --separate-stderr list --paths-of - <<<'{"file":"a"}'
  [[ $stderr == 'rc-manifest: <stdin>:1: '* ]]
  run -100 list --paths-of - <<<'{"path":"none"}'
}
