# shellcheck disable=SC2016 # inner shells
load recotem/helper

setup() {
  root=$BATS_TEST_TMPDIR/root in=$BATS_TEST_TMPDIR/in
  mkdir "$root"
  unset "${!SECRET_KEY@}" CREDENTIALS_DIRECTORY
  export SECRET_KEY=current-key
  started=()
}

teardown() {
  end_started
  [ ! -e "$BATS_TEST_TMPDIR/immutable" ] || chattr -i "$root/model"
}

sign() { rc-hmac-sign --root "$root" --payload-prefix 80 "$@"; }
# sign_only PATH [OPTION...]: the record of one file.
sign_only() { sign "${@:2}" <<<"{\"path\":\"$1\"}"; }

# records PATH...: one for each.
records() {
  local path
  for path; do rc-record-make "path=$path"; done
}

statuses() { rc-say '{status}' --when status=error 'error {error.code}'; }

# How many there are of each status.
counts() { rc-say '{status}' | sort | uniq -c | awk '{ printf "%s%s %s", NR == 1 ? "" : ", ", $1, $2 }'; }

# payload FILE [SIZE]: makes an unsigned file; its first byte is 80, the others are random, but no other is 80.
payload() { { printf '\x80' && head -c "$((${2-100} - 1))" /dev/urandom | tr '\200' '\201'; } >"$1"; }

# payloads FOLDER SIZE...: the same many times, in files 1, 2 ...; and records of them, into the file $in.
payloads() {
  perl -e '
    my ($folder, @sizes) = @ARGV;
    open my $random, "<:raw", "/dev/urandom" or die;
    for my $n (1 .. @sizes) {
      read $random, my $bytes, $sizes[$n - 1] - 1;
      $bytes =~ tr/\x80/\x81/;
      open my $out, ">:raw", "$folder/$n" or die;
      print $out "\x80$bytes";
    }' "$@"
  eval "printf '{\"path\":\"%d\"}\n' {1..$(($# - 1))}" >"$in"
}

# The 32 bytes of a signature, by OpenSSL: under the key $1, of what comes on stdin.
by_openssl() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(printf %s "$1" | od -An -v -tx1 | tr -d ' \n')" -binary; }

# add_signature KEY FILE: puts another signature before what is in the file, in place, as Recotem does.
add_signature() {
  cp "$2" "$BATS_TEST_TMPDIR/content"
  { by_openssl "$1" <"$BATS_TEST_TMPDIR/content" && cat "$BATS_TEST_TMPDIR/content"; } >"$2"
}

# is_signed KEY FILE PAYLOAD: by the key, once, and the payload is what is in the other file.
is_signed() {
  tail -c +33 "$2" | by_openssl "$1" | cmp -n 32 - "$2" && tail -c +33 "$2" | cmp - "$3" &&
    [ "$(stat -c %s "$2")" = $(($(stat -c %s "$3") + 32)) ]
}

# are_signed KEY FOLDER PAYLOADS: the same for all files of a folder, by Perl; the payloads are of their names in another one.
are_signed() {
  perl -MDigest::SHA=hmac_sha256 -e '
    my ($key, $folder, $payloads) = @ARGV;
    my $content = sub { local $/; open my $in, "<:raw", $_[0] or die "$_[0]: $!\n"; <$in> };
    for my $file (glob "$folder/*") {
      my $payload = $content->($payloads . substr $file, length $folder);
      $content->($file) eq hmac_sha256($payload, $key) . $payload or die "$file is not signed\n";
    }' "$@"
}

no_temporary_file() { [ "$(find "$root" -name '.rc-sign*' | wc -l)" = 0 ]; }

other_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
((EUID == 0)) || other_user=()

need_other_user() { # not within `run`, where it would skip nothing
  ((EUID)) || "${other_user[@]}" test -x "$(command -v rc-hmac-sign)" -a -x "$root" || skip 'another user may not reach the tree'
}

# ---- signatures ----

@test "the signature is the one that Recotem computes" {
  printf 'signed payload' >"$root/model"
  SECRET_KEY=VeryBadSecret@ChangeThis run -0 --separate-stderr rc-hmac-sign --root "$root" --adopt-unknown <<<'{"path":"model"}'
  [ "$output" = '{"path":"model","size_before":14,"size":46,"status":"signed"}' ]
  [ "$stderr" = '' ]
  [ "$(head -c 32 "$root/model" | od -An -v -tx1 | tr -d ' \n')" = 5b20df287d39e4e647f530c1afd4afa8ce6e9afc32c338f8cc40284074921a6c ]
  [ "$(tail -c +33 "$root/model")" = 'signed payload' ]
}

@test "a file that is signed already is not touched" {
  payload "$root/model"
  sign_only model
  touch -d 2020-01-01 "$root/model"
  before=$(stat -c '%i %s %y %z' "$root/model")
  run -0 --separate-stderr sign_only model
  [ "$output" = '{"path":"model","size_before":132,"size":132,"status":"already_signed"}' ]
  [ "$(stat -c '%i %s %y %z' "$root/model")" = "$before" ]
}

@test "payloads of any size are signed, and are what they were" {
  payloads "$root" 1 31 32 33 63 64 65 96 262111 262112 262113 262143 262144 262145 524287 524288 524289 8388609
  cp -r "$root" "$in.old"
  run -0 --separate-stderr sign --jobs 3 "$in"
  [ "$(counts <<<"$output")" = '18 signed' ]
  run -0 --separate-stderr sign "$in"
  [ "$(counts <<<"$output")" = '18 already_signed' ]
  are_signed current-key "$root" "$in.old"
  no_temporary_file
}

@test "a file of 200 MB is signed" {
  payload "$root/model" 1
  truncate -s 200000000 "$root/model"
  run -0 --separate-stderr sign_only model
  [ "$output" = '{"path":"model","size_before":200000000,"size":200000032,"status":"signed"}' ]
  { printf '\x80' && head -c 199999999 /dev/zero; } | cmp - <(tail -c +33 "$root/model")
  tail -c +33 "$root/model" | by_openssl current-key | cmp -n 32 - "$root/model"
}

@test "an empty file is an error and stays empty" {
  : >"$root/model"
  run -1 --separate-stderr sign_only model --adopt-unknown
  [ "$output" = '{"path":"model","size_before":0,"size":0,"status":"error","error":{"code":"empty","message":"the file is empty"}}' ]
  [ ! -s "$root/model" ]
}

@test "a file of 32 bytes is not taken for signed, even where it is the signature of nothing" {
  by_openssl current-key </dev/null >"$root/model"
  cp "$root/model" "$in.old"
  run -1 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = unknown_signature ]
  run -0 --separate-stderr sign_only model --adopt-unknown
  [ "$output" = '{"path":"model","size_before":32,"size":64,"status":"signed"}' ]
  is_signed current-key "$root/model" "$in.old"
  run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = already_signed ]
}

# ---- keys ----

@test "the signature of an old key is replaced, whether by --old-key-file or SECRET_KEY_FALLBACKS" {
  for old in first second third; do
    payload "$in.$old"
    cp "$in.$old" "$root/$old"
    add_signature "$old" "$root/$old"
    records "$old" >>"$in"
  done
  echo first >"$in.key"
  export SECRET_KEY_FALLBACKS=,third,,second,
  run -0 --separate-stderr sign --dry-run --old-key-file "$in.key" "$in"
  [ "${lines[0]}" = '{"path":"first","size_before":132,"size":132,"status":"would_resign"}' ]
  run -0 --separate-stderr sign --old-key-file "$in.key" "$in"
  [ "${lines[0]}" = '{"path":"first","size_before":132,"size":132,"status":"resigned"}' ]
  [ "$(statuses <<<"$output")" = $'resigned\nresigned\nresigned' ]
  for old in first second third; do is_signed current-key "$root/$old" "$in.$old"; done
  run -0 --separate-stderr sign "$in"
  [ "$(counts <<<"$output")" = '3 already_signed' ]
}

@test "the key of a rotation and back gives the payload that was" {
  payload "$in.old" 300000
  cp "$in.old" "$root/model"
  sign_only model
  SECRET_KEY=new SECRET_KEY_FALLBACKS=current-key sign_only model
  is_signed new "$root/model" "$in.old"
  SECRET_KEY_FALLBACKS=new sign_only model
  is_signed current-key "$root/model" "$in.old"
}

@test "a file that was signed again on top of an old signature loses both" {
  for size in 1 33 100 262081 262145 600000; do
    payload "$in.$size" "$size"
    cp "$in.$size" "$root/$size"
    add_signature old "$root/$size"
    add_signature current-key "$root/$size"
    records "$size" >>"$in"
  done
  export SECRET_KEY_FALLBACKS=older,old
  run -0 --separate-stderr sign --dry-run "$in"
  [ "$(counts <<<"$output")" = '6 would_resign' ]
  run -0 --separate-stderr sign "$in"
  [ "${lines[0]}" = '{"path":"1","size_before":65,"size":33,"status":"resigned"}' ]
  [ "$(counts <<<"$output")" = '6 resigned' ]
  for file in "$root"/*; do is_signed current-key "$file" "$in.${file##*/}"; done
}

@test "signatures of any known keys on top of each other go, down to the payload" {
  payload "$in.old" 300000
  cp "$in.old" "$root/model"
  for key in old current-key older old; do add_signature "$key" "$root/model"; done
  SECRET_KEY_FALLBACKS=older,old run -0 --separate-stderr sign_only model
  [ "$output" = '{"path":"model","size_before":300128,"size":300032,"status":"resigned"}' ]
  is_signed current-key "$root/model" "$in.old"
}

@test "below a signature that is not known, or a payload's own first bytes, nothing is looked for" {
  payload "$in.old"
  cp "$in.old" "$root/model"
  add_signature old "$root/model"
  add_signature current-key "$root/model"
  cp "$root/model" "$in.signed"
  run -0 --separate-stderr sign_only model # the old key is not given
  [ "$(statuses <<<"$output")" = already_signed ]
  SECRET_KEY_FALLBACKS=old run -0 --separate-stderr rc-hmac-sign --root "$root" <<<'{"path":"model"}' # no payload is known
  [ "$(statuses <<<"$output")" = already_signed ]
  first=$(head -c 36 "$root/model" | tail -c 4 | od -An -v -tx1 | tr -d ' \n')
  SECRET_KEY_FALLBACKS=old run -0 --separate-stderr rc-hmac-sign --root "$root" --payload-prefix "$first" <<<'{"path":"model"}'
  [ "$(statuses <<<"$output")" = already_signed ]
  cmp "$root/model" "$in.signed"
}

@test "what is signed but does not begin as a payload has a warning, which is no error" {
  warning='"warning":{"code":"odd_payload","message":"what is signed does not begin as a payload does: perhaps it was signed twice, with a key that is not known"}'
  printf '\x80\x04 a model' >"$root/model"
  add_signature old "$root/model"
  add_signature current-key "$root/model"
  for options in '' --check --dry-run '--check --require-signed'; do
    # shellcheck disable=SC2086 # two options
    run -0 --separate-stderr sign_only model $options
    [ "$output" = '{"path":"model","size_before":74,"size":74,"status":"already_signed",'"$warning}" ]
  done
  SECRET_KEY=new SECRET_KEY_FALLBACKS=current-key run -0 --separate-stderr sign_only model
  [ "$output" = '{"path":"model","size_before":74,"size":74,"status":"resigned",'"$warning}" ]
  SECRET_KEY=new SECRET_KEY_FALLBACKS=current-key,old run -0 --separate-stderr sign <<<'{"path":"model",'"$warning}"
  [ "$output" = '{"path":"model","size_before":74,"size":42,"status":"resigned"}' ]
  echo 'no model' >"$root/adopted"
  run -0 --separate-stderr sign_only adopted --adopt-unknown
  [ "$output" = '{"path":"adopted","size_before":9,"size":41,"status":"signed"}' ]
  run -0 --separate-stderr sign_only adopted
  [ "$output" = '{"path":"adopted","size_before":41,"size":41,"status":"already_signed",'"$warning}" ]
  run -0 --separate-stderr rc-hmac-sign --root "$root" <<<'{"path":"adopted"}' # no payload is known
  [ "$output" = '{"path":"adopted","size_before":41,"size":41,"status":"already_signed"}' ]
}

@test "a key may be of 1 or of 10,000 bytes, and of any bytes but NUL" {
  for key in x $'\x01\xff\xfe,\t ' "$(head -c 10000 /dev/zero | tr '\0' K)"; do
    payload "$in.old"
    cp "$in.old" "$root/model"
    SECRET_KEY=$key sign_only model
    is_signed "$key" "$root/model" "$in.old"
    printf '%s' "$key" >"$in.key"
    run -0 --separate-stderr sign_only model --check --key-file "$in.key"
    [ "$(statuses <<<"$output")" = already_signed ]
  done
}

@test "the key may come from a file, a variable's file or systemd's credentials, less one newline" {
  payload "$root/model"
  sign_only model
  mkdir "$in.credentials"
  printf 'current-key\r\n' >"$in.key"
  printf 'current-key\n' >"$in.credentials/SECRET_KEY"
  unset SECRET_KEY
  run -0 --separate-stderr sign_only model --check --require-signed --key-file "$in.key"
  SECRET_KEY_FILE=$in.key run -0 --separate-stderr sign_only model --check --require-signed
  CREDENTIALS_DIRECTORY=$in.credentials run -0 --separate-stderr sign_only model --check --require-signed
  SECRET_KEY=other run -0 --separate-stderr sign_only model --check --require-signed --key-file "$in.key"
  printf 'older,current-key\n' >"$in.key"
  SECRET_KEY=new SECRET_KEY_FALLBACKS_FILE=$in.key run -0 --separate-stderr sign_only model --check
  [ "$(statuses <<<"$output")" = would_resign ]
}

@test "an empty list of old keys is none" {
  payload "$root/model"
  SECRET_KEY_FALLBACKS='' run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = signed ]
  SECRET_KEY_FALLBACKS=,, run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = already_signed ]
}

@test "a variable is the key as it is, a newline at its end too" {
  payload "$root/model"
  cp "$root/model" "$in.old"
  SECRET_KEY=$'abc\r\n' run -0 sign_only model
  is_signed $'abc\r\n' "$root/model" "$in.old"
}

@test "no key, an empty one, one with a NUL, one that can't be read and two at once are refused" {
  payload "$root/model"
  cp "$root/model" "$in.old"
  echo key >"$in.key"
  : >"$in.empty"
  printf 'a\0b' >"$in.nul"
  while IFS='|' read -r setting arguments message; do
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr env -u SECRET_KEY $setting rc-hmac-sign --root "$root" --payload-prefix 80 $arguments <<<'{"path":"model"}'
    [ "$output" = '' ]
    [ "$stderr" = "rc-hmac-sign: $message" ] || { echo "$setting $arguments: $stderr"; false; }
  done <<END
||no key: SECRET_KEY is not set, and there is no --key-file
SECRET_KEY=||SECRET_KEY: the secret is empty
SECRET_KEY=a SECRET_KEY_FILE=$in.key||SECRET_KEY is given twice: use one of SECRET_KEY, SECRET_KEY_FILE and \$CREDENTIALS_DIRECTORY/SECRET_KEY
SECRET_KEY=a SECRET_KEY_FALLBACKS=b SECRET_KEY_FALLBACKS_FILE=$in.key||SECRET_KEY_FALLBACKS is given twice: use one of SECRET_KEY_FALLBACKS, SECRET_KEY_FALLBACKS_FILE and \$CREDENTIALS_DIRECTORY/SECRET_KEY_FALLBACKS
SECRET_KEY_FILE=$in.nowhere||SECRET_KEY_FILE: cannot open $in.nowhere: No such file or directory
|--key-file $in.nowhere|cannot open $in.nowhere: No such file or directory
|--key-file $in.empty|$in.empty: the secret is empty
|--key-file $in.nul|$in.nul: the secret holds a NUL
|--key-file $root|$root: cannot read the secret: Is a directory
SECRET_KEY=a|--old-key-file $in.empty|$in.empty: the secret is empty
SECRET_KEY=a|--old-key-file $in.nowhere|cannot open $in.nowhere: No such file or directory
END
  cmp "$root/model" "$in.old"
}

@test "32 keys are taken, and not one more" {
  payload "$root/model"
  add_signature k31 "$root/model"
  SECRET_KEY_FALLBACKS=$(seq -s , -f k%g 31) run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = resigned ]
  SECRET_KEY_FALLBACKS=$(seq -s , -f k%g 32) run -100 --separate-stderr sign_only model
  [[ $stderr == *'rc-hmac-sign: more than 32 keys'* ]]
}

# ---- what is a payload ----

@test "a file that may be signed with another key is left alone, until it is adopted" {
  printf 'no payload at all, and of more than 32 bytes' >"$in.old"
  cp "$in.old" "$root/model"
  run -1 --separate-stderr sign_only model
  [ "$output" = '{"path":"model","size_before":44,"size":44,"status":"unknown_signature","error":{"code":"unknown_signature","message":"no key fits, and it does not begin as a payload does: it was signed with another key, or changed since"}}' ]
  [ "$stderr" = '' ]
  cmp "$root/model" "$in.old"
  run -1 --separate-stderr sign_only model --dry-run
  [ "$(statuses <<<"$output")" = unknown_signature ]
  run -0 --separate-stderr sign_only model --dry-run --adopt-unknown
  [ "$(statuses <<<"$output")" = would_sign ]
  cmp "$root/model" "$in.old"
  run -0 --separate-stderr sign_only model --adopt-unknown
  [ "$(statuses <<<"$output")" = signed ]
  is_signed current-key "$root/model" "$in.old"
}

@test "a file that was changed after it was signed is not signed anew" {
  payload "$root/model"
  sign_only model
  for place in 0 31 32 131; do
    cp "$root/model" "$root/changed"
    byte=$(od -An -j "$place" -N 1 -tu1 "$root/model")
    printf "\\x$(printf %x $(((byte + 1) % 128)))" | dd of="$root/changed" bs=1 seek="$place" conv=notrunc status=none
    cp "$root/changed" "$in.old"
    run -1 --separate-stderr sign_only changed
    [ "$(statuses <<<"$output")" = unknown_signature ]
    cmp "$root/changed" "$in.old"
  done
  for size in 33 100 131; do
    head -c "$size" "$in.old" >"$root/changed"
    run -1 --separate-stderr sign_only changed
    [ "$(statuses <<<"$output")" = unknown_signature ]
  done
}

@test "a signature by another key that begins as a payload does is not taken for a payload" {
  printf '\x80 a payload that never changes' >"$root/model"
  add_signature key-562 "$root/model"
  [ "$(head -c 1 "$root/model" | od -An -tx1)" = ' 80' ] # as one key of 256 gives it
  cp "$root/model" "$in.signed"
  run -1 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = unknown_signature ]
  cmp "$root/model" "$in.signed"
}

@test "a payload is known by any one of several prefixes, in full" {
  printf '\x80\x04rest' >"$root/a"
  printf '\xABcdef' >"$root/b"
  printf '\x80\x05rest' >"$root/c"
  printf '\x80' >"$root/d"
  run -1 --separate-stderr rc-hmac-sign --root "$root" --payload-prefix 8004 --payload-prefix aB <<<"$(records a b c d)"
  [ "$(statuses <<<"$output")" = $'signed\nsigned\nunknown_signature\nunknown_signature' ]
}

@test "without a prefix no file is taken for a payload" {
  payload "$root/model"
  run -1 --separate-stderr rc-hmac-sign --root "$root" <<<'{"path":"model"}'
  [ "$(statuses <<<"$output")" = unknown_signature ]
}

# ---- --dry-run and --check ----

# One file of each kind, and the records of all.
one_of_each() {
  payload "$root/signed"
  sign_only signed >/dev/null
  payload "$root/plain"
  payload "$root/old"
  add_signature old "$root/old"
  export SECRET_KEY_FALLBACKS=old
  echo 'not known' >"$root/unknown"
  : >"$root/empty"
  records signed plain old unknown empty nowhere ../out >"$in"
}

all_files() { (cd "$root" && stat -c '%n %i %s %y %z' ./* && sha256sum ./*); }

@test "--dry-run says what would be done, and does nothing" {
  one_of_each
  before=$(all_files)
  run -1 --separate-stderr sign --dry-run "$in"
  [ "$(statuses <<<"$output")" = $'already_signed\nwould_sign\nwould_resign\nunknown_signature\nerror empty\nmissing\noutside_root' ]
  [ "${lines[1]}" = '{"path":"plain","size_before":100,"size":100,"status":"would_sign"}' ]
  [ "$(all_files)" = "$before" ]
  run -0 --separate-stderr sign --dry-run <<<"$(records signed plain old)"
}

@test "--check tells the state of each file, and ends with 1 where one is not as it should be" {
  one_of_each
  before=$(all_files)
  run -1 --separate-stderr sign --check "$in"
  [ "$(statuses <<<"$output")" = $'already_signed\nunsigned\nwould_resign\nunknown_signature\nerror empty\nmissing\noutside_root' ]
  [ "${lines[1]}" = '{"path":"plain","size_before":100,"size":100,"status":"unsigned"}' ]
  run -0 --separate-stderr sign --check <<<"$(records signed plain old)"
  for bad in unknown empty nowhere ../out; do run -1 --separate-stderr sign --check <<<"$(records signed "$bad")"; done
  [ "$(all_files)" = "$before" ]
}

@test "--check --require-signed ends with 1 for an unsigned file too" {
  one_of_each
  run -0 --separate-stderr sign --check --require-signed <<<"$(records signed old)"
  run -1 --separate-stderr sign --check --require-signed <<<"$(records signed plain)"
  [ "$(statuses <<<"$output")" = $'already_signed\nunsigned' ]
}

@test "--check and --dry-run need no right to write" {
  need_other_user
  payload "$root/model"
  chmod 444 "$root/model"
  chmod 555 "$root"
  run -0 --separate-stderr "${other_user[@]}" rc-hmac-sign --root "$root" --payload-prefix 80 --check <<<'{"path":"model"}'
  [ "$(statuses <<<"$output")" = unsigned ]
  run -0 --separate-stderr "${other_user[@]}" rc-hmac-sign --root "$root" --payload-prefix 80 --dry-run <<<'{"path":"model"}'
  [ "$(statuses <<<"$output")" = would_sign ]
  chmod 755 "$root"
}

# ---- paths ----

@test "a path may have dots, empty parts, newlines, quotes and any other letter" {
  mkdir -p "$root/a/b"
  for name in a/b/model $'a/new\nline' 'a/"quote\' 'a/ü 😀' 'a/-' a/... a/..x; do
    payload "$root/$name"
    records "$name"
  done >"$in"
  run -0 --separate-stderr sign "$in"
  [ "$(counts <<<"$output")" = '7 signed' ]
  [ "${lines[1]}" = '{"path":"a/new\nline","size_before":100,"size":132,"status":"signed"}' ]
  run -0 --separate-stderr sign <<<"$(records ./a//b/./model a/b/../b/model nowhere/../a/b/model a/b/model/)"
  [ "$(counts <<<"$output")" = '4 already_signed' ]
}

@test "a path that leads out of the root is refused, one that only seems to is not" {
  mkdir "$root/a"
  payload "$BATS_TEST_TMPDIR/model"
  cp "$BATS_TEST_TMPDIR/model" "$in.old"
  payload "$root/inside"
  for path in "$BATS_TEST_TMPDIR/model" /etc/passwd "$root/inside" ../model a/../../model a/../../root/inside .. ../ / //; do
    run -1 --separate-stderr sign <<<"$(records "$path")"
    [[ $output == *'","status":"outside_root","error":{"code":"outside_root","message":"the path is absolute or leads out of the root"}}' ]] || { echo "$path: $output"; false; }
  done
  cmp "$BATS_TEST_TMPDIR/model" "$in.old"
  run -0 --separate-stderr sign_only a/../inside
  [ "$(statuses <<<"$output")" = signed ]
}

@test "symbolic links are not followed, wherever they lead" {
  mkdir "$root/folder" "$BATS_TEST_TMPDIR/outside"
  payload "$root/folder/model"
  payload "$BATS_TEST_TMPDIR/outside/model"
  ln -s folder/model "$root/link"
  ln -s folder "$root/folder-link"
  ln -s nowhere "$root/dangling"
  ln -s "$BATS_TEST_TMPDIR/outside" "$root/out"
  ln -s "$BATS_TEST_TMPDIR/outside/model" "$root/out-model"
  ln -s . "$root/dot"
  for path in link folder-link/model dangling out/model out-model dot/folder/model; do
    run -1 --separate-stderr sign_only "$path"
    [ "$output" = '{"path":"'"$path"'","status":"error","error":{"code":"symbolic_link","message":"it or a folder above it is a symbolic link, which is not followed","errno":40,"reason":"Too many levels of symbolic links"}}' ] ||
      { echo "$output"; false; }
  done
  [ "$(stat -c %s "$root/folder/model")$(stat -c %s "$BATS_TEST_TMPDIR/outside/model")" = 100100 ]
  run -0 --separate-stderr sign_only dot/../folder/model # resolved in the text: no link is left
  [ "$(statuses <<<"$output")" = signed ]
}

@test "the root may be a symbolic link" {
  ln -s root "$BATS_TEST_TMPDIR/link"
  payload "$root/model"
  run -0 --separate-stderr sign_only model --root "$BATS_TEST_TMPDIR/link"
  [ "$(statuses <<<"$output")" = signed ]
}

@test "the root need not be readable, only what is below it" {
  need_other_user
  mkdir "$root/folder"
  payload "$root/folder/model"
  if ((EUID == 0)); then chown -R 65534:65534 "$root/folder"; fi
  chmod 711 "$root"
  "${other_user[@]}" rc-hmac-sign --root "$root" --payload-prefix 80 <<<'{"path":"folder/model"}' >"$in.out"
  [ "$(statuses <"$in.out")" = signed ]
}

@test "the root is the current folder unless told" {
  payload "$root/model"
  cd "$root"
  run -0 --separate-stderr rc-hmac-sign --payload-prefix 80 <<<'{"path":"model"}'
  [ "$(statuses <<<"$output")" = signed ]
}

@test "a folder, FIFO, socket or device is not opened but an error, as is a file for a folder" {
  mkdir "$root/folder"
  mkfifo "$root/fifo"
  (cd "$root" && perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un("socket")) or die $!')
  payload "$root/model"
  run -1 --separate-stderr sign <<<"$(records folder . '' fifo socket model/x)"
  [ "$(rc-say '{path} {error.code} {error.reason}' <<<"$output")" = 'folder not_a_file Is a directory
. not_a_file Is a directory
 not_a_file Is a directory
fifo not_a_file Invalid argument
socket not_a_file Invalid argument
model/x not_a_file Not a directory' ]
  run -1 --separate-stderr sign --root /dev <<<'{"path":"null"}'
  [ "$output" = '{"path":"null","status":"error","error":{"code":"not_a_file","message":"not a regular file","errno":22,"reason":"Invalid argument"}}' ]
}

@test "a file or folder that is not there is missing" {
  mkdir "$root/folder"
  for path in nowhere folder/nowhere nowhere/model; do
    run -1 --separate-stderr sign_only "$path"
    [ "$output" = '{"path":"'"$path"'","status":"missing","error":{"code":"missing","message":"there is no such file","errno":2,"reason":"No such file or directory"}}' ]
  done
}

@test "a name or path that is too long is an error of that file alone" {
  payload "$root/model"
  run -1 --separate-stderr sign <<<"$(records "$(printf 'x%.0s' {1..300})" model)"
  [ "$(statuses <<<"$output")" = $'error cannot_read\nsigned' ]
  [[ ${lines[0]} == *'"message":"cannot open: File name too long","errno":36,'* ]]
  for n in {1..30}; do
    long+=$(printf 'x%.0s' {1..200})/
    mkdir "$root/long" && mv "$root"/x* "$root/long" 2>/dev/null || true
    mv "$root/long" "$root/$(printf 'x%.0s' {1..200})"
  done
  (cd "$root" && for n in {1..30}; do cd ./x*; done && payload model)
  run -0 --separate-stderr sign_only "${long}model" # more than PATH_MAX: it is opened part by part
  [ "$(statuses <<<"$output")" = signed ]
}

@test "a path that is null is an error of that record alone" {
  payload "$root/model"
  run -1 --separate-stderr sign <<<$'{"id":1,"path":null}\n{"path":"model"}'
  [ "${lines[0]}" = '{"id":1,"path":null,"status":"error","error":{"code":"no_path","message":"the path is null"}}' ]
  [ "$(statuses <<<"$output")" = $'error no_path\nsigned' ]
}

@test "a record without a path, or with one that is no text, is refused after those before it" {
  payload "$root/model"
  n=0
  for case in '{"id":1}|expected a string in the field '"'path'" '{"path":7}|expected a string in the field '"'path'" \
    '{"path":["model"]}|expected a string in the field '"'path'" '{"path":"mo\u0000del"}|U+0000 in the field '"'path'"; do
    cp "$root/model" "$root/$((n += 1))"
    run -100 --separate-stderr sign <<<"{\"path\":\"$n\"}"$'\n'"${case%|*}"$'\n{"path":"model"}'
    [ "$(statuses <<<"$output")" = signed ]
    [ "$stderr" = "rc-hmac-sign: <stdin>:2: ${case#*|}" ]
  done
  run -100 --separate-stderr sign <<<$'{"path":"mod\xffel"}'
  [[ $stderr == 'rc-hmac-sign: <stdin>:1: '*UTF-8* ]]
  [ "$(stat -c %s "$root/model")" = 100 ]
}

# ---- what is kept ----

@test "the mode and the time of access are kept, and the time of modification is new" {
  for mode in 600 644 444 755 4711 2750 000; do
    payload "$root/model"
    touch -m -d '2001-02-03 04:05:06.123456789' "$root/model"
    touch -a -d '2002-03-04 05:06:07.987654321' "$root/model"
    chmod "$mode" "$root/model"
    if [ "$mode" = 000 ] && ((EUID)); then continue; fi
    before=$(stat -c '%a %u %g %x' "$root/model")
    start=$(date +%s)
    run -0 --separate-stderr sign_only model
    [ "$(statuses <<<"$output")" = signed ]
    [ "$(stat -c '%a %u %g %x' "$root/model")" = "$before" ]
    [ "$(stat -c %Y "$root/model")" -ge "$start" ]
    rm -f "$root/model"
  done
}

@test "a file that gets another key's signature has another time of modification, also within one tick of the clock" {
  payload "$root/model"
  sign_only model
  for n in {1..40}; do
    if ((n % 2)); then new=other old=current-key; else new=current-key old=other; fi
    cp "$root/model" "$root/copy" # it is new in this moment
    before=$(stat -c %y "$root/copy")
    SECRET_KEY=$new SECRET_KEY_FALLBACKS=$old sign_only copy | grep -q '"status":"resigned"'
    [ "$(stat -c %y "$root/copy")" != "$before" ]
    mv "$root/copy" "$root/model"
  done
  touch -d '2100-01-01' "$root/model" # a clock that was wrong
  SECRET_KEY=third SECRET_KEY_FALLBACKS=current-key sign_only model | grep -q '"status":"resigned"'
  [ "$(stat -c %Y "$root/model")" -le "$(date +%s)" ]
}

@test "the umask does not matter" {
  payload "$root/model"
  chmod 664 "$root/model"
  (umask 077 && sign_only model)
  [ "$(stat -c %a "$root/model")" = 664 ]
}

@test "owner and group are kept" {
  ((EUID == 0)) || skip 'only root can give files away'
  payload "$root/model"
  chown 12345:54321 "$root/model"
  chmod 4755 "$root/model"
  run -0 --separate-stderr sign_only model
  [ "$(stat -c '%u %g %a' "$root/model")" = '12345 54321 4755' ]
}

# xattr get|set|hex FILE NAME [VALUE], hex sets a value that is in hex: perl has syscall() only, so the numbers are here.
xattr() {
  local set get
  case $(uname -m) in
  x86_64) set=188 get=191 ;;
  aarch64 | riscv64) set=5 get=8 ;;
  *) skip "the system's call numbers are not known for $(uname -m)" ;;
  esac
  perl -e '
    my ($set, $get, $call, $file, $name, $value) = @ARGV;
    $value = pack "H*", $value if $call eq "hex";
    if ($call ne "get") { exit(syscall($set, $file, $name, $value, length $value, 0) == 0 ? 0 : 1) }
    my $room = "\0" x 65536;
    my $n = syscall($get, $file, $name, $room, 65536);
    exit 1 if $n < 0;
    print substr($room, 0, $n);' "$set" "$get" "$@"
}

@test "extended attributes are kept" {
  payload "$root/model"
  xattr set "$root/model" user.rc.one 'a value' || skip 'the file system has no extended attributes'
  xattr set "$root/model" user.rc.two "$(printf 'x%.0s' {1..2000})"
  xattr set "$root/model" user.rc.empty ''
  run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = signed ]
  [ "$(xattr get "$root/model" user.rc.one)" = 'a value' ]
  [ "$(xattr get "$root/model" user.rc.two)" = "$(printf 'x%.0s' {1..2000})" ]
  [ "$(xattr get "$root/model" user.rc.empty | wc -c)" = 0 ]
  run -1 xattr get "$root/model" user.rc.three
}

@test "attributes that tell of the content are not kept" {
  payload "$root/model"
  for name in user.sha256 user.sha256sum user.md5 user.shatag.ts user.shared user.hashtags user.sha256x; do
    xattr set "$root/model" "$name" old || skip 'the file system has no extended attributes'
  done
  run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = signed ]
  for name in user.sha256 user.sha256sum user.md5 user.shatag.ts; do run -1 xattr get "$root/model" "$name"; done
  for name in user.shared user.hashtags user.sha256x; do [ "$(xattr get "$root/model" "$name")" = old ]; done
}

@test "what the kernel knows a file's content by is not kept" {
  payload "$root/model"
  for name in security.ima security.evm; do
    xattr hex "$root/model" "$name" 0404deadbeef || skip "no one may set $name here"
  done
  run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = signed ]
  for name in security.ima security.evm; do run -1 xattr get "$root/model" "$name"; done
}

@test "access control lists are kept, and none is taken from the folder" {
  local user_may='02000000 01000700ffffffff 02000700feff0000 04000000ffffffff 10000700ffffffff 20000000ffffffff'
  payload "$root/model"
  payload "$root/listed"
  chmod 660 "$root/model" "$root/listed"
  xattr hex "$root/listed" system.posix_acl_access "${user_may// /}" || skip 'the file system has no access control lists'
  xattr hex "$root" system.posix_acl_default "${user_may// /}"
  cp -p "$root/listed" "$in.listed"
  mode=$(stat -c %a "$root/listed")
  for name in model listed; do
    run -0 --separate-stderr sign_only "$name"
    [ "$(statuses <<<"$output")" = signed ]
  done
  run -1 xattr get "$root/model" system.posix_acl_access
  [ "$(stat -c %a "$root/model")" = 660 ]
  cmp <(xattr get "$root/listed" system.posix_acl_access) <(xattr get "$in.listed" system.posix_acl_access)
  [ "$(xattr get "$root/listed" system.posix_acl_access | wc -c)" -gt 40 ]
  [ "$(stat -c %a "$root/listed")" = "$mode" ]
}

@test "another name of the file keeps the old content, and can be signed for itself" {
  payload "$in.old"
  cp "$in.old" "$root/model"
  ln "$root/model" "$root/other"
  run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = signed ]
  is_signed current-key "$root/model" "$in.old"
  cmp "$root/other" "$in.old"
  [ "$(stat -c %h "$root/model")$(stat -c %h "$root/other")" = 11 ]
  run -0 --separate-stderr sign_only other
  is_signed current-key "$root/other" "$in.old"
}

@test "many names of one file at once are each signed, once" {
  mkdir "$in.old"
  payload "$in.old/0" 300000
  cp "$in.old/0" "$root/0"
  for n in {1..39}; do ln "$root/0" "$root/$n" && ln "$in.old/0" "$in.old/$n"; done
  records {0..39} >"$in"
  run -0 --separate-stderr sign --jobs 16 "$in"
  [ "$(counts <<<"$output")" = '40 signed' ]
  are_signed current-key "$root" "$in.old"
  no_temporary_file
}

# ---- records ----

@test "other fields pass through untouched, and those that it writes are replaced" {
  payload "$root/model"
  run -0 --separate-stderr sign <<<'{ "status":"x","id" : 1.0,"size":"big", "path":"model","error":{"code":"y"},"n":[9223372036854775807 , 1],"size_before":0}'
  [ "$output" = '{"id" : 1.0,"path":"model","n":[9223372036854775807 , 1],"size_before":100,"size":132,"status":"signed"}' ]
}

@test "the order stays with several jobs, whatever takes longest" {
  local sizes=()
  for n in {1..200}; do sizes+=($((n % 20 == 1 ? 3000000 : 100 + n))); done
  payloads "$root" "${sizes[@]}"
  run -0 --separate-stderr sign --jobs 8 "$in"
  [ "$(rc-say '{path} {status}' <<<"$output")" = "$(seq -f '%.0f signed' 200)" ]
  run -0 --separate-stderr sign --jobs 8 --check --require-signed "$in"
  [ "$(rc-say '{path} {status}' <<<"$output")" = "$(seq -f '%.0f already_signed' 200)" ]
  no_temporary_file
}

@test "the same path many times is signed once" {
  payload "$in.old" 1000000
  cp "$in.old" "$root/model"
  for n in {1..20}; do records model ./model; done >"$in"
  run -0 --separate-stderr sign --jobs 8 "$in"
  [ "$(counts <<<"$output")" = '39 already_signed, 1 signed' ]
  is_signed current-key "$root/model" "$in.old"
}

@test "no records, nothing done" {
  run -0 --separate-stderr sign </dev/null
  [ "$output$stderr" = '' ]
}

@test "a record is written before the next one comes, where the source is slow" {
  mkfifo "$in" "$in.answers"
  for n in 1 2 3; do payload "$root/$n"; done
  rc-hmac-sign --root "$root" --payload-prefix 80 --jobs 4 <"$in" >"$in.answers" 3>&- &
  started+=($!)
  exec {source}>"$in" {answers}<"$in.answers"
  for n in 1 2 3; do
    records "$n" >&"$source"
    read -r -t 60 answer <&"$answers"
    [[ $answer == *'"status":"signed"}' ]]
  done
  exec {source}>&-
  wait "${started[0]}"
}

@test "the end record is passed on with the count, and one that does not fit is refused" {
  payload "$root/model"
  run -1 --separate-stderr sign <<<$'{"path":"model"}\n{"path":"nowhere"}\n{"rc_end":{"v":1,"records":2}}'
  [ "${lines[2]}" = '{"rc_end":{"v":1,"records":2}}' ]
  run -100 --separate-stderr sign <<<$'{"path":"model"}\n{"rc_end":{"v":1,"records":2}}'
  [ "$stderr" = 'rc-hmac-sign: <stdin>:2: the end record tells of 2 records, but 1 came' ]
}

@test "input that is cut short is refused after the files of the records that were whole" {
  for n in 1 2 3; do payload "$root/$n" 1000000; done
  run -100 --separate-stderr bash -c 'printf "{\"path\":\"1\"}\n{\"path\":\"2\"}\n{\"path\":\"3\"}" | rc-hmac-sign --root "$1" --payload-prefix 80 --jobs 3' _ "$root"
  [ "$(statuses <<<"$output")" = $'signed\nsigned' ]
  [ "$stderr" = 'rc-hmac-sign: <stdin>:3: cut short: the last record has no newline' ]
  [ "$(stat -c %s "$root/3")" = 1000000 ]
  no_temporary_file
}

@test "the run's events tell of its start and end, and neither they nor a message show a key" {
  payload "$root/model"
  records model nowhere >"$in"
  export RC_EVENTS=$BATS_TEST_TMPDIR/events
  echo geheim-2 >"$in.key"
  SECRET_KEY=geheim-1 SECRET_KEY_FALLBACKS=geheim-3 run -1 --separate-stderr sign --old-key-file "$in.key" "$in"
  [[ $output != *geheim* && $stderr != *geheim* ]]
  SECRET_KEY=geheim-1 run -100 --separate-stderr sign <<<'{"path":1}'
  [[ $stderr && $stderr != *geheim* ]]
  local events=$RC_EVENTS
  export RC_EVENTS=''
  [ "$(rc-say '{tool} {event}' "$events")" = $'rc-hmac-sign start\nrc-hmac-sign done\nrc-hmac-sign start\nrc-hmac-sign error' ]
  [[ $(sed -n 2p "$events") == *'"exit":1,"counts":{"read":2,"written":2}}' ]] || { cat "$events"; false; }
  run -1 grep geheim "$events"
}

@test "options that are wrong or exclude each other are refused with the usage" {
  while IFS='|' read -r arguments message; do
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr rc-hmac-sign $arguments <<<'{"path":"x"}'
    [ "$output" = '' ]
    [ "${stderr_lines[1]}" = "rc-hmac-sign: $message" ] || { echo "$arguments: $stderr"; false; }
  done <<END
--check --dry-run|--check and --dry-run exclude one another
--require-signed|--require-signed needs --check
--dry-run --require-signed|--require-signed needs --check
--jobs 0|--jobs takes a whole number from 1 to 256, not '0'
--jobs 257|--jobs takes a whole number from 1 to 256, not '257'
--payload-prefix 8|--payload-prefix takes 1 to 32 bytes as hex, not '8'
--payload-prefix 0x80|--payload-prefix takes hex, not '0x80'
--payload-prefix 8g|--payload-prefix takes hex, not '8g'
--payload-prefix $(printf '80%.0s' {1..33})|--payload-prefix takes 1 to 32 bytes as hex, not '$(printf '80%.0s' {1..33})'
$(printf -- ' --payload-prefix 80%.0s' {1..17})|more than 16 --payload-prefix
END
  run -100 --separate-stderr rc-hmac-sign --payload-prefix '' <<<'{"path":"x"}'
  [ "${stderr_lines[1]}" = "rc-hmac-sign: --payload-prefix takes 1 to 32 bytes as hex, not ''" ]
}

@test "a root that is not there or no folder is refused" {
  payload "$root/model"
  run -100 --separate-stderr sign --root "$root/nowhere" </dev/null
  [ "$stderr" = "rc-hmac-sign: cannot open the folder $root/nowhere: No such file or directory" ]
  run -100 --separate-stderr sign --root "$root/model" </dev/null
  [ "$stderr" = "rc-hmac-sign: cannot open the folder $root/model: Not a directory" ]
}

# ---- what can't be done ----

@test "a folder that can't be written is an error of its files, which stay as they are" {
  need_other_user
  mkdir "$root/closed" "$root/open"
  payload "$in.old"
  for folder in closed open; do cp "$in.old" "$root/$folder/model"; done
  ((EUID)) || chown -R 65534:65534 "$root"
  chmod 555 "$root/closed"
  run -1 --separate-stderr "${other_user[@]}" rc-hmac-sign --root "$root" --payload-prefix 80 <<<"$(records closed/model open/model)"
  chmod 755 "$root/closed" # bats is to remove it
  [ "${lines[0]}" = '{"path":"closed/model","size_before":100,"size":100,"status":"error","error":{"code":"cannot_write","message":"cannot make a file beside it: Permission denied","errno":13,"reason":"Permission denied"}}' ]
  [ "$(statuses <<<"$output")" = $'error cannot_write\nsigned' ]
  cmp "$root/closed/model" "$in.old"
}

@test "a file that can't be read is an error" {
  need_other_user
  payload "$root/model"
  ((EUID)) || chown -R 65534:65534 "$root"
  chmod 200 "$root/model"
  run -1 --separate-stderr "${other_user[@]}" rc-hmac-sign --root "$root" --payload-prefix 80 --check <<<'{"path":"model"}'
  [ "$output" = '{"path":"model","status":"error","error":{"code":"cannot_read","message":"cannot open: Permission denied","errno":13,"reason":"Permission denied"}}' ]
}

@test "a file of another user is left alone by one who can't give the copy the same owner" {
  need_other_user
  ((EUID == 0)) || skip 'only root can give files away'
  payload "$in.old"
  cp "$in.old" "$root/model"
  chmod 644 "$root/model"
  chmod 777 "$root"
  run -1 --separate-stderr "${other_user[@]}" rc-hmac-sign --root "$root" --payload-prefix 80 <<<'{"path":"model"}'
  [ "$(rc-say '{error.code}: {error.message}' <<<"$output")" = 'cannot_keep: cannot keep the owner: Operation not permitted' ]
  cmp "$root/model" "$in.old"
  [ "$(stat -c %u "$root/model")" = 0 ]
  no_temporary_file
}

# sign_failing WORDS PATH: signs while those calls fail.
sign_failing() { failing "$1" rc-hmac-sign --root "$root" --payload-prefix 80 <<<"{\"path\":\"$2\"}"; }

@test "where modes, owners and times can't be changed, a file that has the right ones is signed" {
  make_fail_calls
  payload "$in.old"
  cp "$in.old" "$root/model"
  chmod 600 "$root/model"
  run -0 --separate-stderr sign_failing 'no-chmod no-chown no-utime' model
  [ "$output" = '{"path":"model","size_before":100,"size":132,"status":"signed"}' ]
  [ "$stderr" = '' ]
  is_signed current-key "$root/model" "$in.old"
  [ "$(wc -c <"$RC_FAILED")" = 1 ] # that of the time of access, which may fail; the others were not made
}

@test "where a mode or an owner is not as it should be, the file is left as it was" {
  make_fail_calls
  payload "$in.old"
  cp "$in.old" "$root/model"
  chmod 640 "$root/model"
  run -1 --separate-stderr sign_failing no-chmod model
  [ "$(rc-say '{error.code}: {error.message} {size}' <<<"$output")" = 'cannot_keep: cannot keep the mode: Operation not permitted 100' ]
  cmp "$root/model" "$in.old"
  no_temporary_file
  if ((EUID == 0)); then
    chown 12345 "$root/model"
    run -1 --separate-stderr sign_failing no-chown model
    [ "$(rc-say '{error.code}: {error.message}' <<<"$output")" = 'cannot_keep: cannot keep the owner: Operation not permitted' ]
    cmp "$root/model" "$in.old"
  fi
  no_temporary_file
}

@test "an access control list that can't be set is no failure where it is right already" {
  make_fail_calls
  payload "$in.old"
  for mode in 600 644; do
    cp "$in.old" "$root/model"
    chmod "$mode" "$root/model"
    run -0 --separate-stderr sign_failing nfs4 model
    [ "$output" = '{"path":"model","size_before":100,"size":132,"status":"signed"}' ]
    [ "$(stat -c %a "$root/model")" = "$mode" ]
  done
  chmod 640 "$root/model"
  SECRET_KEY=new SECRET_KEY_FALLBACKS=current-key run -1 --separate-stderr sign_failing 'nfs4 no-chmod' model
  [ "$(rc-say '{error.message}' <<<"$output")" = 'cannot keep the mode: Operation not permitted' ]
  no_temporary_file
}

@test "a file system that has no sync for folders is no failure" {
  make_fail_calls
  payload "$in.old"
  for error in EINVAL EBADF ENOTSUP; do
    cp "$in.old" "$root/model"
    rm -f "$RC_FAILED"
    run -0 --separate-stderr sign_failing "folder-$error" model
    [ "$output" = '{"path":"model","size_before":100,"size":132,"status":"signed"}' ]
    [ "$stderr" = '' ]
    [ "$(wc -c <"$RC_FAILED")" = 1 ]
    is_signed current-key "$root/model" "$in.old"
  done
}

@test "a failure after the file was replaced is told with what is true of the file" {
  make_fail_calls
  payload "$in.old"
  cp "$in.old" "$root/model"
  run -1 --separate-stderr sign_failing folder-EIO model
  [ "$output" = '{"path":"model","size_before":100,"size":132,"status":"signed","error":{"code":"not_synced","message":"it is signed, but cannot sync the folder: Input/output error","errno":5,"reason":"Input/output error"}}' ]
  [ "$stderr" = '' ]
  is_signed current-key "$root/model" "$in.old"
  SECRET_KEY=new SECRET_KEY_FALLBACKS=current-key run -1 --separate-stderr sign_failing folder-EIO model
  [ "$(rc-say '{status} {size} {error.code}' <<<"$output")" = 'resigned 132 not_synced' ]
  is_signed new "$root/model" "$in.old"
  SECRET_KEY=new run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = already_signed ]
  no_temporary_file
}

@test "an immutable file is an error, and leaves no temporary file" {
  payload "$root/model"
  cp "$root/model" "$in.old"
  chattr +i "$root/model" 2>/dev/null || skip 'chattr +i is not possible here'
  : >"$BATS_TEST_TMPDIR/immutable"
  payload "$root/other"
  run -1 --separate-stderr sign <<<"$(records model other)"
  [ "$(statuses <<<"$output")" = $'error cannot_write\nsigned' ]
  [ "$(rc-say '{error.message|}' <<<"${lines[0]}")" = 'cannot replace it: Operation not permitted' ]
  cmp "$root/model" "$in.old"
  no_temporary_file
}

own_mount=(unshare --mount)
((EUID == 0)) || own_mount=(unshare --map-root-user --mount)

need_small_disk() { "${own_mount[@]}" mount -t tmpfs none "$root" 2>/dev/null || skip 'this machine lets no one mount a file system of his own'; }

# in_small_disk SIZE SCRIPT: runs it in a folder that is a file system of that size.
in_small_disk() { "${own_mount[@]}" bash -euc 'mount -t tmpfs -o "size=$1" none "$2" && cd "$2" && eval "$3"' _ "$1" "$root" "$2"; }

@test "where there is no room for a copy nothing is begun, and the file stays" {
  need_small_disk
  run -1 --separate-stderr in_small_disk 4m '
    { printf "\x80" && head -c 2999999 /dev/zero; } >large
    printf "\x80small" >small
    printf "{\"path\":\"large\"}\n{\"path\":\"small\"}\n" >../in
    rc-hmac-sign --payload-prefix 80 ../in || code=$?
    [ "$(stat -c %s large) $(find . -name ".*.tmp" | wc -l)" = "3000000 0" ]
    exit "$code"'
  [ "${lines[0]}" = '{"path":"large","size_before":3000000,"size":3000000,"status":"error","error":{"code":"no_space","message":"cannot write: No space left on device","errno":28,"reason":"No space left on device"}}' ]
  [[ ${lines[1]} == *'"status":"signed"}' ]]
  [ "$stderr" = '' ]
}

@test "a disk that fills up meanwhile leaves the file as it was, and no temporary one" {
  need_small_disk
  run -1 --separate-stderr in_small_disk 200m '
    printf "\x80" >model && truncate -s 150M model
    sum=$(sha256sum <model)
    rc-hmac-sign --payload-prefix 80 >../out <<<"{\"path\":\"model\"}" &
    pid=$!
    until compgen -G ".rc-sign-*.tmp" >/dev/null; do kill -0 "$pid"; done
    kill -STOP "$pid"
    cat /dev/zero >filler 2>/dev/null || true
    kill -CONT "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$(find . -name ".*.tmp" | wc -l)" = 0 ]
    [ "$(sha256sum <model)" = "$sum" ]
    exit "$code"'
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = '{"path":"model","size_before":157286400,"size":157286400,"status":"error","error":{"code":"no_space","message":"cannot write: No space left on device","errno":28,"reason":"No space left on device"}}' ]
}

@test "a file beyond the limit of a file's size is an error, not the end of the run" {
  payload "$root/large" 3000000
  payload "$root/small"
  cp "$root/large" "$in.old"
  records large small >"$in"
  run -1 --separate-stderr bash -c 'ulimit -f 1024 && rc-hmac-sign --root "$1" --payload-prefix 80 "$2" | cat; exit "${PIPESTATUS[0]}"' _ "$root" "$in"
  [ "$(rc-say '{status} {error.code|} {error.reason|}' <<<"$output")" = $'error cannot_write File too large\nsigned  ' ]
  cmp "$root/large" "$in.old"
  no_temporary_file
}

# ---- what others do meanwhile ----

# start_model [OPTION...]: starts a run over the file `model`.
start_model() {
  records model >"$in"
  rc-hmac-sign --root "$root" --payload-prefix 80 "$@" "$in" >"$in.out" 3>&- &
  started+=($!)
}

# start_and_stop WORD [OPTION...]: starts it so that it stops by itself in the middle of the file (fail-calls.c).
start_and_stop() {
  RC_FAIL=$1 LD_PRELOAD=$fail_calls start_model "${@:2}"
  until [[ $(<"/proc/${started[-1]}/stat") == *') T '* ]]; do sleep 0.005; done
}

# The temporary file is there then.
stop_while_signing() {
  start_and_stop stop-write
  compgen -G "$root/.rc-sign-*.tmp" >/dev/null
}

# Lets it go on to its end, with the code 1; what it says of the file is in $status.
go_on() {
  local code=0
  kill -CONT "${started[-1]}"
  wait "${started[-1]}" || code=$?
  [ "$code" = 1 ]
  no_temporary_file
  status=$(statuses <"$in.out")
}

large_model() {
  make_fail_calls
  payload "$root/model" 4000000
}

@test "a file that grows while it is signed is left as it is" {
  large_model
  stop_while_signing
  echo more >>"$root/model"
  go_on
  [ "$status" = 'error changed' ]
  [ "$(rc-say '{error.message}' "$in.out")" = 'it changed while it was read, and was left as it is' ]
  [ "$(tail -c 5 "$root/model")" = more ]
  [ "$(stat -c %s "$root/model")" = 4000005 ]
}

@test "a file that is written over while it is signed is left as it is" {
  large_model
  stop_while_signing
  printf XX | dd of="$root/model" bs=1 seek=100 conv=notrunc status=none
  go_on
  [ "$status" = 'error changed' ]
  [ "$(head -c 102 "$root/model" | tail -c 2)" = XX ]
  [ "$(stat -c %s "$root/model")" = 4000000 ]
}

@test "a file that is cut short while it is signed is left as it is" {
  large_model
  stop_while_signing
  truncate -s 1000 "$root/model"
  go_on
  [ "$status" = 'error changed' ]
  [ "$(stat -c %s "$root/model")" = 1000 ]
}

@test "a file whose mode changes while it is signed is left as it is" {
  large_model
  stop_while_signing
  chmod 400 "$root/model"
  go_on
  [ "$status" = 'error changed' ]
  [ "$(stat -c '%s %a' "$root/model")" = '4000000 400' ]
}

@test "a file that is replaced while it is signed stays the new one" {
  large_model
  echo new >"$root/new"
  stop_while_signing
  mv "$root/new" "$root/model"
  go_on
  [ "$status" = 'error changed' ]
  [ "$(cat "$root/model")" = new ]
}

@test "a file that is deleted while it is signed stays deleted" {
  large_model
  stop_while_signing
  rm "$root/model"
  go_on
  [ "$status" = 'error changed' ]
  [ ! -e "$root/model" ]
}

@test "a file that grows while it is looked at is an error, also with --check" {
  large_model
  for option in --check --dry-run --jobs=1; do
    start_and_stop stop-read "$option"
    no_temporary_file
    echo more >>"$root/model"
    go_on
  [ "$status" = 'error changed' ]
  done
}

@test "two runs at once over the same files sign each once" {
  local sizes=()
  for n in {1..100}; do sizes+=($((1000 * n))); done
  payloads "$root" "${sizes[@]}"
  cp -r "$root" "$in.old"
  rc-hmac-sign --root "$root" --payload-prefix 80 --jobs 3 "$in" >"$in.1" 3>&- &
  started+=($!)
  rc-hmac-sign --root "$root" --payload-prefix 80 --jobs 3 <(tac "$in") >"$in.2" 3>&- &
  started+=($!)
  sign --jobs 3 "$in" >"$in.3"
  wait "${started[0]}"
  wait "${started[1]}"
  [ "$(cat "$in".[123] | counts)" = '200 already_signed, 100 signed' ]
  are_signed current-key "$root" "$in.old"
  no_temporary_file
}

@test "a file that another process has locked is waited for" {
  payload "$root/model"
  exec {lock}<"$root/model"
  flock "$lock"
  start_model {lock}>&- 2>"$in.err"
  until [ -s "$in.err" ]; do kill -0 "${started[0]}" && sleep 0.01; done
  [ "$(stat -c %s "$root/model")" = 100 ]
  [ "$(cat "$in.err")" = 'rc-hmac-sign: model: it is locked by another process or job; waiting' ]
  exec {lock}>&-
  wait "${started[0]}"
  [ "$(statuses <"$in.out")" = signed ]
}

@test "several jobs that wait for locks at once say so in whole lines and events" {
  for n in {1..8}; do
    payload "$root/$n"
    records "$n"
  done >"$in"
  mkfifo "$in.hold" "$in.held"
  perl -e '
    use Fcntl ":flock";
    for (@ARGV) { open my $file, "<", $_ or die; flock $file, LOCK_EX; push @files, $file }
    print "held\n"; close STDOUT; <STDIN>' "$root"/* <"$in.hold" >"$in.held" 3>&- &
  started+=($!)
  exec {hold}>"$in.hold"
  read -r _ <"$in.held"
  RC_EVENTS=$in.events rc-hmac-sign --root "$root" --payload-prefix 80 --jobs 8 "$in" >"$in.out" 2>"$in.err" 3>&- {hold}>&- &
  started+=($!)
  until [ "$(wc -l <"$in.err")" = 8 ]; do kill -0 "${started[1]}" && sleep 0.01; done
  exec {hold}>&-
  wait "${started[1]}"
  [ "$(sort "$in.err")" = "$(printf 'rc-hmac-sign: %s: it is locked by another process or job; waiting\n' {1..8})" ]
  [ "$(rc-say '{event} {message|}' "$in.events" | grep -c '^warning [1-8]: it is locked by another process or job; waiting$')" = 8 ]
  [ "$(counts <"$in.out")" = '8 signed' ]
}

# ---- how it may end ----

# Makes 200 files and knows what they are unsigned and signed: lines of sha256sum.
two_hundred_files() {
  local sizes=()
  mkdir "$in.old"
  for n in {1..200}; do sizes+=($((n % 10 == 0 ? 400000 : 500 + n))); done
  payloads "$in.old" "${sizes[@]}"
  cp "$in.old"/* "$root"
  sign --jobs 8 "$in" >/dev/null
  for n in 1 10 200; do is_signed current-key "$root/$n" "$in.old/$n"; done
  (cd "$root" && sha256sum -- *) >"$in.new.sums"
  (cd "$in.old" && sha256sum -- *) | cat - "$in.new.sums" >"$in.sums"
}

# All of the files are there, and each is whole: the old or the new one.
all_whole() {
  (cd "$root" && sha256sum -- *) >"$in.now"
  [ "$(wc -l <"$in.now")" = 200 ] && ! grep -vxFf "$in.sums" "$in.now"
}

# run_and_kill SIGNAL [OPTION...]: at a random moment of a run that takes up to $1 microseconds.
run_and_kill() {
  cp "$in.old"/* "$root"
  rc-hmac-sign --root "$root" --payload-prefix 80 "${@:3}" "$in" >/dev/null 3>&- &
  started=($!)
  sleep "$(printf '0.%06d' $((RANDOM * $1 / 32768)))"
  kill "-$2" "${started[0]}" 2>/dev/null || true
  wait "${started[0]}" || true
}

# The time of a whole run with the options, in microseconds, less than a second.
time_of_run() {
  local start=${EPOCHREALTIME/./} time
  cp "$in.old"/* "$root"
  start=${EPOCHREALTIME/./}
  sign "$@" "$in" >/dev/null
  time=$((${EPOCHREALTIME/./} - start))
  echo $((time < 999999 ? time : 999999))
}

@test "killed by SIGKILL at any moment it leaves each file whole, and the next run ends clean" {
  two_hundred_files
  partly=0
  for jobs in 1 8; do
    time=$(time_of_run --jobs "$jobs")
    random_rounds "$((jobs == 1 ? 3 : 12))"
    for _ in "${rounds[@]}"; do
      run_and_kill "$time" KILL --jobs "$jobs"
      all_whole
      if grep -qxFf "$in.new.sums" "$in.now" && grep -qvxFf "$in.new.sums" "$in.now"; then partly=$((partly + 1)); fi
      sign --jobs 8 "$in" >/dev/null
      no_temporary_file
      (cd "$root" && sha256sum --status -c "$in.new.sums")
    done
  done
  [ "$partly" -ge 2 ] # or it was never in the middle
}

@test "ended by TERM, INT or HUP at any moment it leaves each file whole, and no temporary file" {
  two_hundred_files
  for jobs in 1 8; do
    time=$(time_of_run --jobs "$jobs")
    random_rounds 4
    for n in "${rounds[@]}"; do
      run_and_kill "$time" "$((n % 4 ? 15 : 1))" --jobs "$jobs"
      no_temporary_file
      all_whole
    done
  done
}

@test "TERM while a large file is signed leaves that as it was, no temporary file, and the signal as the status" {
  large_model
  stop_while_signing
  kill -TERM "${started[0]}"
  kill -CONT "${started[0]}"
  code=0
  wait "${started[0]}" || code=$?
  [ "$code" = 143 ]
  no_temporary_file
  [ "$(stat -c %s "$root/model")" = 4000000 ]
}

@test "what a killed run left is removed by the next, also where the file has been signed meanwhile" {
  payload "$root/model"
  echo half >"$root/.rc-sign-$(stat -c %i "$root/model").tmp"
  run -0 --separate-stderr sign_only model --dry-run
  [ "$(find "$root" -name '.rc-sign*' | wc -l)" = 1 ]
  run -0 --separate-stderr sign_only model
  no_temporary_file
  echo half >"$root/.rc-sign-$(stat -c %i "$root/model").tmp"
  run -0 --separate-stderr sign_only model
  [ "$(statuses <<<"$output")" = already_signed ]
  no_temporary_file
}

@test "a file that is named as its own temporary file would be is left as it is" {
  payload "$root/x"
  name=.rc-sign-$(stat -c %i "$root/x").tmp
  mv "$root/x" "$root/$name"
  cp "$root/$name" "$in.old"
  run -1 --separate-stderr sign_only "$name"
  [[ $output == *'"code":"cannot_write","message":"cannot make a file beside it: File exists"'* ]]
  cmp "$root/$name" "$in.old"
}

@test "a reader that goes away ends it quietly, and no temporary file stays" {
  # shellcheck disable=SC2046 # words
  payloads "$root" $(printf '500000 %.0s' {1..100})
  run -0 --separate-stderr bash -c 'rc-hmac-sign --root "$1" --payload-prefix 80 --jobs 4 "$2" | head -n 1; exit $((PIPESTATUS[0] - 141))' _ "$root" "$in"
  [ "$output" = '{"path":"1","size_before":500000,"size":500032,"status":"signed"}' ]
  [ "$stderr" = '' ]
  no_temporary_file
}

@test "where the output can't be written it ends with 111, and no temporary file stays" {
  # shellcheck disable=SC2046 # words
  payloads "$root" $(printf '500000 %.0s' {1..100})
  run -111 --separate-stderr bash -c 'rc-hmac-sign --root "$1" --payload-prefix 80 --jobs 4 "$2" >/dev/full' _ "$root" "$in"
  [ "$stderr" = 'rc-hmac-sign: cannot write <stdout>: No space left on device' ]
  no_temporary_file
}

@test "a file that was signed twice is put right, also where the inner signature begins as a payload does" {
  cd "$BATS_TEST_TMPDIR"
  hmac() { openssl dgst -sha256 -hmac "$1" -binary "$2"; }
  printf '\x80\x04 %d %060d' 115 0 >payload # the first number whose signature begins so
  [ "$(hmac old payload | head -c 1 | od -An -tx1)" = ' 80' ]
  { hmac old payload; cat payload; } >inner
  { hmac new inner; cat inner; } >twice
  SECRET_KEY=new SECRET_KEY_FALLBACKS=old run -0 --separate-stderr rc-hmac-sign --payload-prefix 80 <<<'{"path":"twice"}'
  [[ $output == *'"status":"resigned"'* ]]
  cmp <({ hmac new payload; cat payload; }) twice
}

@test "a file that was signed three times is put right, also where the second signature begins as a payload does" {
  cd "$root"
  printf '\x80\x04 %d %060d' 201 0 >payload # the first number whose second signature begins so
  cp payload three
  add_signature older three
  add_signature old three
  [ "$(head -c 1 three | od -An -tx1)" = ' 80' ]
  add_signature current-key three
  SECRET_KEY_FALLBACKS=old,older run -0 --separate-stderr sign_only three
  [[ $output == *'"status":"resigned"'* ]]
  is_signed current-key three payload
}

@test "with few descriptors it works on fewer files at a time" {
  cd "$BATS_TEST_TMPDIR"
  for i in {1..60}; do
    { printf '\x80'; head -c 300000 /dev/zero; } >"m$i"
    rc-record-make "path=m$i"
  done >in
  run -0 bash -c 'ulimit -n 60; SECRET_KEY=k rc-hmac-sign --payload-prefix 80 --jobs 50 in | rc-tally'
  [ "$output" = '{"records":60,"by":{"signed":60}}' ]
}

@test "a file of old keys may be empty, as the variable may" {
  cd "$BATS_TEST_TMPDIR"
  printf '\x80 model' >model
  : >none
  echo >newline
  for file in none newline; do
    SECRET_KEY=k SECRET_KEY_FALLBACKS_FILE=$file run -0 rc-hmac-sign --payload-prefix 80 --dry-run <<<'{"path":"model"}'
    [[ $output == *'"status":"would_sign"'* ]]
  done
}

@test "on a terminal the count of files is shown while the records go to a file, and nothing in a pipe" {
  payload "$root/a" 100
  payload "$root/b" 200
  export root
  slowly='{ echo "{\"path\":\"a\"}"; sleep 0.7; echo "{\"path\":\"b\"}"; } | rc-hmac-sign --root "$root" --payload-prefix 80'
  terminal_is_sent "$slowly >'$BATS_TEST_TMPDIR/out'"
  [[ $(cat "$BATS_TEST_TMPDIR/sent") =~ ^$'\r''2 files, '[0-9]+'/s, 300 B'$'\e[K\r\e[K'$ ]]
  [ "$(counts <"$BATS_TEST_TMPDIR/out")" = '2 signed' ]
  terminal_is_sent "$slowly | rc-tally"
  [ "$(cat "$BATS_TEST_TMPDIR/sent")" = '{"records":2,"by":{"already_signed":2}}' ]
}

@test "records that --when does not mean pass as they are" {
  cd "$BATS_TEST_TMPDIR"
  printf '\x80 a model' >model
  SECRET_KEY=k run -0 --separate-stderr rc-hmac-sign --payload-prefix 80 --when status=got <<<'{"id": 1,"path":"none","status":"error","error":{"code":"x"}}
{"id":2,"path":"model","status":"got"}'
  [ "$output" = '{"id": 1,"path":"none","status":"error","error":{"code":"x"}}
{"id":2,"path":"model","size_before":9,"size":41,"status":"signed"}' ]
  SECRET_KEY=k run -100 --separate-stderr rc-hmac-sign --when =x </dev/null
  [ "${stderr_lines[-1]}" = "rc-hmac-sign: --when names no field: '=x'" ]
}
