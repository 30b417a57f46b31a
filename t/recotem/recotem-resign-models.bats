# shellcheck disable=SC2030,SC2031 # each test has an environment of its own
# What a test finds in $stderr lacks the blanks it begins with: run takes them away.
load helper

setup_file() { keep_filled fill; }
teardown_file() { drop_filled; }

fill() {
  alice=$(add_user alice)
  export alice
  add_training "$(add_project_id one)"
}

# A database with one project, and an empty MEDIA_ROOT.
setup() {
  new_filled_database
  started=()
  unset SECRET_KEY_FALLBACKS RECOTEM_STORAGE_TYPE CREDENTIALS_DIRECTORY
  export SECRET_KEY='VeryBadSecret@ChangeThis' MEDIA_ROOT=$BATS_TEST_TMPDIR/media
  folder=$MEDIA_ROOT/trained_model
  mkdir -p "$folder"
}

teardown() { end_started; }

add_project_id() {
  add_project "$1" "$alice"
  sql "select id from api_project where name = '$1'"
}

# What a project's models hang on; its ids are those of the project.
add_training() { # PROJECT_ID
  sql "insert into api_trainingdata (id, file, filesize, ins_datetime, project_id, updated_at) values ($1, 'd', 1, now(), $1, now());
    insert into api_modelconfiguration (id, ins_datetime, name, recommender_class_name, parameters_json, project_id, updated_at)
    values ($1, now(), 'c', 'TopPopRecommender', '{}', $1, now())"
}

# A row with that file (any characters; an empty second argument means null), and the given filesize; ids count from 1.
add_model() { # FILE [FILESIZE|null [PROJECT_ID]]
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -v "file=$1" <<END
insert into api_trainedmodel (file, filesize, ins_datetime, irspack_version, configuration_id, data_loc_id, updated_at)
values (:'file', ${2-null}, '2026-01-02 03:04:05.678901+00', '0.4.0', ${3-1}, ${3-1}, '2026-01-02 03:04:05.678901+00')
END
}

# A model's file as a pickle begins, with that content, and its row, which knows its size.
add_file() { # NAME CONTENT
  printf '\x80\x04%s' "$2" >"$folder/$1"
  add_model "trained_model/$1" "$(stat -c %s "$folder/$1")"
}

# Puts a signature in front, by openssl.
sign_with() { # KEY FILE
  openssl dgst -sha256 -hmac "$1" -binary "$2" >"$BATS_TEST_TMPDIR/signed"
  cat "$2" >>"$BATS_TEST_TMPDIR/signed"
  cat "$BATS_TEST_TMPDIR/signed" >"$2"
}

# Each file begins with the signature of the rest of it, as openssl makes it; the payloads are then in the folder payloads, 1, 2 ...
all_signed_with() { # KEY FILE...
  local key=$1
  shift
  rm -rf "$BATS_TEST_TMPDIR/payloads"
  mkdir "$BATS_TEST_TMPDIR/payloads"
  perl -e '
    my ($folder, $number) = (shift, 0);
    for my $name (@ARGV) {
      open my $in, "<:raw", $name or die; local $/; my $all = <$in>;
      print unpack("H*", substr $all, 0, 32), "\n";
      open my $out, ">:raw", $folder . "/" . ++$number or die; print $out substr $all, 32; close $out or die;
    }' "$BATS_TEST_TMPDIR/payloads" "$@" >"$BATS_TEST_TMPDIR/found"
  (cd "$BATS_TEST_TMPDIR/payloads" && seq "$#" | xargs openssl dgst -sha256 -hmac "$key" -r | cut -d ' ' -f 1) >"$BATS_TEST_TMPDIR/expected"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/expected")" = "$#" ]
  cmp "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/found"
}

# Whether each row's filesize is that of its file.
rows_fit() {
  sql "select filesize, file from api_trainedmodel where file <> ''" | while IFS='|' read -r size file; do
    [ "$(stat -c %s "$MEDIA_ROOT/$file")" = "$size" ] || { echo "$file: $size"; return 1; }
  done
}

nothing_left() { [ "$(find "$MEDIA_ROOT" -name '.rc-*')" = '' ]; }

# All rows, less the filesize.
rows() { sql "select to_jsonb(m) - 'filesize' from api_trainedmodel m order by id"; }

# What is in the files, with inode, mode and times.
files() { find "$MEDIA_ROOT" -type f -printf '%P %i %m %s %T@ %C@\n' -exec cksum {} + | sort; }

# Runs a command as someone who is not root, and who owns MEDIA_ROOT.
as_ordinary_user() {
  if ((EUID)); then "$@"; else
    chown -R postgres: "$MEDIA_ROOT"
    setpriv --reuid postgres --regid postgres --init-groups "$@"
  fi
}

resign() { recotem-resign-models "$@"; }

usage='usage: recotem-resign-models [--media-root DIR] [--project-id N] [--old-key-file FILE] ... [--adopt-unknown] [--jobs N] [--manifest FILE] [--dry-run] [--json]'
keep='could not be signed; leave PICKLE_ALLOW_LEGACY_UNSIGNED as it is.'
finished='Done. You can now set PICKLE_ALLOW_LEGACY_UNSIGNED=false.'

# ---- facts/recotem.md, row by row ----

@test "real run: the lines in descending id, the counts, 0; the files are signed" {
  add_file a 'first payload..!'   # 18 bytes
  add_file b 'signed before'
  sign_with "$SECRET_KEY" "$folder/b"
  add_file c 'the third'          # 11
  resign >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  printf '%s\n' 'Checking 3 trained model(s)...' '  Model 3: signed (11 bytes)' '  Model 1: signed (18 bytes)' '' \
    '  Already signed: 1' '  Newly signed:   2' '' "$finished" | cmp - "$BATS_TEST_TMPDIR/out"
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
  all_signed_with "$SECRET_KEY" "$folder/a" "$folder/b" "$folder/c"
  [ "$(cat "$BATS_TEST_TMPDIR/payloads/1")" = $'\x80\x04first payload..!' ]
  rows_fit
}

@test "the signature is the one of the facts" {
  printf 'signed payload' >"$folder/a"
  add_model trained_model/a
  run -0 resign --adopt-unknown
  [ "$(head -c 32 "$folder/a" | od -An -v -tx1 | tr -d ' \n')" = 5b20df287d39e4e647f530c1afd4afa8ce6e9afc32c338f8cc40284074921a6c ]
  [ "$(tail -c +33 "$folder/a")" = 'signed payload' ]
}

@test "--dry-run: the lines and counts of its own, 0; no file and no row changes" {
  add_file a 'first payload..!'
  add_file b 'signed with the old key'
  sign_with old "$folder/b"
  add_file c 'signed before'
  sign_with "$SECRET_KEY" "$folder/c"
  before=$(files)$(sql 'select xmin, * from api_trainedmodel')
  SECRET_KEY_FALLBACKS=old resign --dry-run >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  printf '%s\n' 'Checking 3 trained model(s)...' '  Model 2: would be resigned (57 bytes)' '  Model 1: would be signed (18 bytes)' '' \
    '  Already signed: 1' '  Newly signed:   1' '  Resigned:       1' '' 'Dry run complete. No changes made.' | cmp - "$BATS_TEST_TMPDIR/out"
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
  [ "$(files)$(sql 'select xmin, * from api_trainedmodel')" = "$before" ]
}

@test "a second run finds all signed and changes nothing" {
  add_file a x
  add_file b y
  run -0 resign
  before=$(files)$(sql 'select xmin, * from api_trainedmodel')
  run -0 --separate-stderr resign
  [ "$output" = "Checking 2 trained model(s)...

  Already signed: 2
  Newly signed:   0

$finished" ]
  [ "$stderr" = '' ]
  [ "$(files)$(sql 'select xmin, * from api_trainedmodel')" = "$before" ]
}

@test "no models: the lines, 0, and no advice; a key that is missing or can't be read is refused all the same" {
  run -0 --separate-stderr resign
  [ "$output" = "Checking 0 trained model(s)...

  Already signed: 0
  Newly signed:   0

Done. No model was looked at; leave PICKLE_ALLOW_LEGACY_UNSIGNED as it is." ]
  [ "$stderr" = '' ]
  for option in '' --dry-run; do
    # shellcheck disable=SC2086 # none or one
    run -1 --separate-stderr env -u SECRET_KEY recotem-resign-models $option
    [ "$stderr" = 'recotem-resign-models: SECRET_KEY is not set.' ]
    # shellcheck disable=SC2086 # none or one
    run -1 --separate-stderr env -u SECRET_KEY SECRET_KEY_FILE=/absent recotem-resign-models $option
    [ "$stderr" = 'recotem-resign-models: SECRET_KEY_FILE: cannot open /absent: No such file or directory' ]
    [[ $output != *PICKLE_ALLOW* ]]
  done
}

@test "an empty SECRET_KEY_FILE, as compose files have it, is no second source" {
  add_file a x
  SECRET_KEY_FILE='' SECRET_KEY_FALLBACKS_FILE='' run -0 --separate-stderr resign
  [ "${lines[1]}" = '  Model 1: signed (3 bytes)' ]
  all_signed_with "$SECRET_KEY" "$folder/a"
  run -1 --separate-stderr env -u SECRET_KEY SECRET_KEY_FILE= recotem-resign-models
  [ "$stderr" = 'recotem-resign-models: SECRET_KEY is not set.' ]
}

@test "a variable that begins with \$, which Recotem takes for another one's name, is refused" {
  local name
  add_file a x
  for name in SECRET_KEY SECRET_KEY_FALLBACKS MEDIA_ROOT; do
    run -1 --separate-stderr env REAL=abc "$name=\$REAL" recotem-resign-models
    [ "$output" = '' ]
    [ "$stderr" = "recotem-resign-models: $name begins with \$: Recotem takes that for the name of another variable and uses its value; give that value here." ]
  done
  [ "$(stat -c %s "$folder/a")" = 3 ]
  run -0 env MEDIA_ROOT="\$REAL" recotem-resign-models --media-root "$MEDIA_ROOT"
  # What a file holds is never taken so.
  printf '$REAL' >"$BATS_TEST_TMPDIR/key"
  printf '\x80y' >"$folder/a"
  run -0 env -u SECRET_KEY SECRET_KEY_FILE="$BATS_TEST_TMPDIR/key" recotem-resign-models
  all_signed_with '$REAL' "$folder/a"
}

@test "a row whose file is '' is not looked at" {
  add_model ''
  run -0 --separate-stderr resign
  [ "${lines[0]}" = 'Checking 0 trained model(s)...' ]
  [ "$stderr" = '' ]
}

@test "a file that is missing, or a folder: upstream's words with the path in full, and the others are signed" {
  add_file a 'first payload..!'
  add_model trained_model/missing.pickle
  mkdir "$folder/folder"
  add_model trained_model/folder
  add_model nowhere/at/all
  add_model trained_model/a/below
  resign >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || [ $? = 1 ]
  printf '%s\n' 'Checking 5 trained model(s)...
  Model 1: signed (18 bytes)

  Already signed: 0
  Newly signed:   1
  Errors:         4' '' | cmp - "$BATS_TEST_TMPDIR/out"
  printf '%s\n' "  Model 5: cannot read file — [Errno 20] Not a directory: '$folder/a/below'
  Model 4: cannot read file — [Errno 2] No such file or directory: '$MEDIA_ROOT/nowhere/at/all'
  Model 3: cannot read file — [Errno 21] Is a directory: '$folder/folder'
  Model 2: cannot read file — [Errno 2] No such file or directory: '$folder/missing.pickle'
recotem-resign-models: 4 of 5 model(s) $keep" | diff - "$BATS_TEST_TMPDIR/err"
  all_signed_with "$SECRET_KEY" "$folder/a"
}

@test "DIFFERENCE: errors end it with 1 and without the advice; --dry-run too" {
  add_model missing
  run -1 --separate-stderr resign
  [[ $output != *Done* ]]
  [ "${stderr_lines[-1]}" = "recotem-resign-models: 1 of 1 model(s) $keep" ]
  run -1 --separate-stderr resign --dry-run
  [ "${lines[-1]}" = 'Dry run complete. No changes made.' ]
  [ "${stderr_lines[-1]}" = "recotem-resign-models: 1 of 1 model(s) $keep" ]
}

@test "a file that can't be read: the message, and the others are signed" {
  add_file a 'first payload..!'
  add_file secret x
  chmod 000 "$folder/secret"
  run -1 --separate-stderr as_ordinary_user recotem-resign-models
  [ "${lines[1]}" = '  Model 1: signed (18 bytes)' ]
  [ "${stderr_lines[0]}" = "Model 2: cannot read file — [Errno 13] Permission denied: '$folder/secret'" ]
  [ "$(sql 'select filesize from api_trainedmodel where id = 2')" = 3 ]
}

@test "a file in a read-only folder: upstream's words for a failed write, the file is as it was" {
  add_file a x
  chmod 555 "$folder"
  run -1 --separate-stderr as_ordinary_user recotem-resign-models
  chmod 755 "$folder"
  [ "${stderr_lines[0]}" = "Model 1: write failed — [Errno 13] Permission denied: '$folder/a'" ]
  [ "$(cat "$folder/a")" = $'\x80\x04x' ]
  nothing_left
  rows_fit
}

@test "an immutable file: the message of the facts, and the file is as it was" {
  add_file a x
  chattr +i "$folder/a" 2>/dev/null || skip 'chattr +i is not possible here'
  run -1 --separate-stderr resign
  chattr -i "$folder/a"
  [ "${stderr_lines[0]}" = "Model 1: write failed — [Errno 1] Operation not permitted: '$folder/a'" ]
  [ "$(cat "$folder/a")" = $'\x80\x04x' ]
  nothing_left
}

@test "files shorter than a signature, and of exactly its 32 bytes, are signed and then known" {
  add_file short x
  add_file exact 123456789012345678901234567890
  [ "$(stat -c %s "$folder/exact")" = 32 ]
  run -0 resign
  [ "${lines[1]} ${lines[2]}" = '  Model 2: signed (32 bytes)   Model 1: signed (3 bytes)' ]
  all_signed_with "$SECRET_KEY" "$folder/short" "$folder/exact"
  run -0 resign
  [ "${lines[1]}" = '  Already signed: 2' ]
  [ "$(stat -c %s "$folder/exact")" = 64 ]
}

@test "DIFFERENCE: signed with another key: an error, never a second signature" {
  add_file a 'the payload'
  sign_with old "$folder/a"
  before=$(files)
  for dry in '' --dry-run; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr resign $dry
    [ "${lines[3]}" = '  Errors:         1' ]
    [[ ${stderr_lines[0]} == 'Model 1: no key fits, '*": 'trained_model/a'" ]]
    [ "$(files)" = "$before" ]
  done
}

@test "DIFFERENCE: signed with an old key that is in SECRET_KEY_FALLBACKS: that signature is replaced, the payload stays" {
  add_file a 'the payload'
  sign_with old "$folder/a"
  add_file b 'another'
  sign_with older "$folder/b"
  SECRET_KEY_FALLBACKS=old,older run -0 --separate-stderr resign
  [ "$output" = "Checking 2 trained model(s)...
  Model 2: resigned (41 bytes)
  Model 1: resigned (45 bytes)

  Already signed: 0
  Newly signed:   0
  Resigned:       2

$finished" ]
  [ "$stderr" = '' ]
  all_signed_with "$SECRET_KEY" "$folder/a" "$folder/b"
  [ "$(cat "$BATS_TEST_TMPDIR/payloads/1")" = $'\x80\x04the payload' ]
  [ "$(stat -c %s "$folder/a")" = 45 ]
  rows_fit
}

@test "an old key may be in a file, with a comma in it too" {
  add_file a 'the payload'
  sign_with 'one,two' "$folder/a"
  add_file b 'another'
  sign_with old "$folder/b"
  run -1 --separate-stderr resign
  printf 'one,two\n' >"$BATS_TEST_TMPDIR/first"
  echo old >"$BATS_TEST_TMPDIR/second"
  run -0 --separate-stderr resign --old-key-file "$BATS_TEST_TMPDIR/first" --old-key-file="$BATS_TEST_TMPDIR/second"
  [ "${lines[5]}" = '  Resigned:       2' ] || { echo "$output"; false; }
  all_signed_with "$SECRET_KEY" "$folder/a" "$folder/b"
  run -1 --separate-stderr resign --old-key-file "$BATS_TEST_TMPDIR/none"
  [[ $stderr == *"cannot open $BATS_TEST_TMPDIR/none: No such file or directory"* ]]
}

@test "a reader that goes away ends it quietly, and its folder goes" {
  add_file a x
  for _ in {1..3}; do
    # shellcheck disable=SC2016 # the inner shell
    run bash -c '{ bash -c '\''echo $$ >"$1"; exec recotem-resign-models --dry-run'\'' _ "$1" 2>&1; } | head -n 1; exit "${PIPESTATUS[0]}"' _ "$BATS_TEST_TMPDIR/pid"
    [ "$output" = 'Checking 1 trained model(s)...' ]
    [[ $status == 141 || $status == 0 ]]
    run -1 compgen -G "/dev/shm/rc.*.$(cat "$BATS_TEST_TMPDIR/pid").*"
  done
}

@test "DIFFERENCE: an empty file is an error and stays empty" {
  : >"$folder/a"
  add_model trained_model/a 0
  run -1 --separate-stderr resign
  [ "${stderr_lines[0]}" = "Model 1: the file is empty: 'trained_model/a'" ]
  [ -e "$folder/a" ] && [ ! -s "$folder/a" ]
}

@test "DIFFERENCE: what upstream makes of an empty file, 32 bytes of signature, is an error" {
  openssl dgst -sha256 -hmac "$SECRET_KEY" -binary /dev/null >"$folder/a"
  add_model trained_model/a 32
  run -1 --separate-stderr resign
  [[ ${stderr_lines[0]} == 'Model 1: it is too short to be signed, and does not begin as a payload does'* ]]
  [ "$(stat -c %s "$folder/a")" = 32 ]
}

@test "DIFFERENCE: a file that was changed after it was signed is an error, not blessed; --adopt-unknown signs all of it" {
  add_file a 'the payload'
  sign_with "$SECRET_KEY" "$folder/a"
  printf x >>"$folder/a"
  before=$(cksum <"$folder/a")
  run -1 --separate-stderr resign
  [[ ${stderr_lines[0]} == 'Model 1: no key fits, '* ]]
  [ "$(cksum <"$folder/a")" = "$before" ]
  run -0 --separate-stderr resign --adopt-unknown
  [ "${lines[1]}" = '  Model 1: signed (46 bytes)' ]
  all_signed_with "$SECRET_KEY" "$folder/a"
  [ "$(cksum <"$BATS_TEST_TMPDIR/payloads/1")" = "$before" ]
}

@test "DIFFERENCE: a payload that begins as no pickle does is unknown until --adopt-unknown" {
  printf 'pickle of protocol 0' >"$folder/a"
  add_model trained_model/a 20
  run -1 resign
  run -0 resign --adopt-unknown
  [ "${lines[1]}" = '  Model 1: signed (20 bytes)' ]
  all_signed_with "$SECRET_KEY" "$folder/a"
}

@test "DIFFERENCE: a file that may be a model with or without a signature is unknown until --adopt-unknown" {
  { printf '\x80 31 bytes that may be a signature' | head -c 32; printf '\x80\x04the payload'; } >"$folder/a"
  add_model trained_model/a 45
  run -1 --separate-stderr resign
  [ "$(stat -c %s "$folder/a")" = 45 ]
  run -0 resign --adopt-unknown
  [ "${lines[1]}" = '  Model 1: signed (45 bytes)' ]
  all_signed_with "$SECRET_KEY" "$folder/a"
}

@test "DIFFERENCE: a file that upstream has signed twice is put right where the old key is known" {
  add_file a 'the payload'
  sign_with old "$folder/a"
  sign_with "$SECRET_KEY" "$folder/a"
  before=$(files)
  run -0 --separate-stderr resign
  [ "$(tail -n +2 <<<"$output")" = '
  Already signed: 1
  Newly signed:   0
  Warnings:       1

Done, but 1 model(s) may not load, as said above; keep all old keys until that is settled.' ]
  [ "$stderr" = "Model 1: warning: what is signed does not begin as a payload does: perhaps it was signed twice, with a key that is not known: 'trained_model/a'" ]
  run -0 --separate-stderr resign --json
  [ "$(tail -n 1 <<<"$output" | jq -c '[.ok, .warnings, .errors]')" = '[true,1,0]' ]
  [ "$(files)" = "$before" ]
  SECRET_KEY_FALLBACKS=old run -0 --separate-stderr resign
  [ "$(tail -n +2 <<<"$output")" = '  Model 1: resigned (77 bytes)

  Already signed: 0
  Newly signed:   0
  Resigned:       1

Done. You can now set PICKLE_ALLOW_LEGACY_UNSIGNED=false.' ]
  [ "$stderr" = '' ]
  all_signed_with "$SECRET_KEY" "$folder/a"
  [ "$(cat "$BATS_TEST_TMPDIR/payloads/1")" = $'\x80\x04the payload' ]
  rows_fit
}

@test "two rows of one file: the first signs, the second finds it signed; a dry run counts both" {
  add_file a 'the payload'
  add_model trained_model/a 13
  run -0 --separate-stderr resign --dry-run
  [ "${lines[4]}" = '  Newly signed:   2' ]
  run -0 --separate-stderr resign --jobs 1
  [ "$output" = "Checking 2 trained model(s)...
  Model 2: signed (13 bytes)

  Already signed: 1
  Newly signed:   1

$finished" ]
  all_signed_with "$SECRET_KEY" "$folder/a"
  [ "$(stat -c %s "$folder/a")" = 45 ]
  rows_fit
}

@test "fifty rows of one file, several at a time: it is signed once" {
  local i
  add_file a 'the payload'
  for i in {2..50}; do add_model trained_model/a 13; done
  run -0 --separate-stderr resign --jobs 8
  [ "${lines[2]} ${lines[3]}" = '  Already signed: 49   Newly signed:   1' ]
  all_signed_with "$SECRET_KEY" "$folder/a"
  [ "$(stat -c %s "$folder/a")" = 45 ]
  rows_fit
}

@test "DIFFERENCE: a row whose file is null is an error of that row alone" {
  add_file a x
  add_model ''
  sql 'update api_trainedmodel set file = null where id = 2'
  add_file b y
  run -1 --separate-stderr resign
  [ "${lines[0]}" = 'Checking 3 trained model(s)...' ]
  [ "$stderr" = "Model 2: there is no file: the column file is null
recotem-resign-models: 1 of 3 model(s) $keep" ]
  all_signed_with "$SECRET_KEY" "$folder/a" "$folder/b"
}

@test "DIFFERENCE: a file that leads out of MEDIA_ROOT is an error of that row alone, and is not touched" {
  printf '\x80outside' >"$BATS_TEST_TMPDIR/outside"
  add_file a x
  add_model ../outside
  add_model "$BATS_TEST_TMPDIR/outside"
  add_model trained_model/../../outside
  add_model trained_model/../trained_model/./a
  run -1 --separate-stderr resign --jobs 1
  [ "$stderr" = "Model 4: the path is absolute or leads out of the root: 'trained_model/../../outside'
  Model 3: the path is absolute or leads out of the root: '$BATS_TEST_TMPDIR/outside'
  Model 2: the path is absolute or leads out of the root: '../outside'
recotem-resign-models: 3 of 5 model(s) $keep" ]
  [ "${lines[1]}" = '  Model 5: signed (3 bytes)' ]
  [ "$(cat "$BATS_TEST_TMPDIR/outside")" = $'\x80outside' ]
  all_signed_with "$SECRET_KEY" "$folder/a"
}

@test "DIFFERENCE: a file with an absolute path is an error, also where that leads into MEDIA_ROOT" {
  add_file a x
  add_model "$folder/a"
  run -1 --separate-stderr resign
  [ "${stderr_lines[0]}" = "Model 2: the path is absolute or leads out of the root: '$folder/a'" ]
  all_signed_with "$SECRET_KEY" "$folder/a"
}

@test "DIFFERENCE: symbolic links, FIFOs and devices are errors, and nothing is waited for" {
  printf '\x80outside' >"$BATS_TEST_TMPDIR/outside"
  ln -s "$BATS_TEST_TMPDIR/outside" "$folder/link"
  ln -s "$BATS_TEST_TMPDIR" "$MEDIA_ROOT/way"
  mkfifo "$folder/fifo"
  add_model trained_model/link
  add_model way/outside
  add_model trained_model/fifo
  run -1 --separate-stderr resign
  [[ ${stderr_lines[0]} == "Model 3: cannot read file — [Errno 22] Invalid argument: '$folder/fifo'" ]]
  [[ ${stderr_lines[1]} == *'is a symbolic link, which is not followed: '"'way/outside'" ]]
  [[ ${stderr_lines[2]} == *'is a symbolic link, which is not followed: '"'trained_model/link'" ]]
  [ "$(cat "$BATS_TEST_TMPDIR/outside")" = $'\x80outside' ]
}

@test "DIFFERENCE: filesize follows the file; nothing else changes in any row" {
  add_file a x
  add_file b signed
  sign_with "$SECRET_KEY" "$folder/b"   # the row was not told
  add_model trained_model/missing 77
  add_model ''
  add_model trained_model/a
  before=$(rows)
  run -1 resign
  [ "$(sql 'select id, filesize from api_trainedmodel order by id')" = '1|35
2|40
3|77
4|
5|35' ]
  [ "$(rows)" = "$before" ]
}

@test "a crash between file and row is healed by the next run" {
  add_file a 'the payload'
  rc-hmac-sign --root "$MEDIA_ROOT" --payload-prefix 80 <<<'{"path":"trained_model/a"}'
  [ "$(sql 'select filesize from api_trainedmodel')" = 13 ]
  run -0 --separate-stderr resign --dry-run
  [ "$(sql 'select filesize from api_trainedmodel')" = 13 ]
  run -0 --separate-stderr resign
  [ "${lines[1]}" = '  Already signed: 1' ]
  [ "$(sql 'select filesize from api_trainedmodel')" = 45 ]
}

@test "a signed file is a new one in the place of the old: the mode is kept, the time is new, a reader of the old one still has it" {
  add_file a 'the payload'
  chmod 640 "$folder/a"
  touch -d '2025-05-06 07:08:09.123456789' "$folder/a"
  exec {reader}<"$folder/a"
  start=$(date +%s)
  run -0 resign
  [ "$(stat -c %a "$folder/a")" = 640 ]
  [ "$(stat -c %Y "$folder/a")" -ge "$start" ] # so that backups and rsync see that it is another
  [ "$(cat <&"$reader")" = $'\x80\x04the payload' ]
  exec {reader}<&-
  nothing_left
}

# ---- options and settings ----

@test "MEDIA_ROOT is needed, and there; --media-root wins; a folder relative to the current one is shown in full" {
  add_model trained_model/missing
  run -1 --separate-stderr env -u MEDIA_ROOT recotem-resign-models
  [ "$output" = '' ]
  [ "$stderr" = 'recotem-resign-models: MEDIA_ROOT is not set, and there is no --media-root. Recotem then takes the folder data beside its manage.py.' ]
  MEDIA_ROOT='' run -1 --separate-stderr resign
  [ "$stderr" = 'recotem-resign-models: MEDIA_ROOT is not set, and there is no --media-root. Recotem then takes the folder data beside its manage.py.' ]
  MEDIA_ROOT=/nowhere/at/all run -1 --separate-stderr resign
  [ "$output" = '' ]
  [ "$stderr" = 'recotem-resign-models: MEDIA_ROOT: there is no folder /nowhere/at/all' ]
  cd "$BATS_TEST_TMPDIR"
  MEDIA_ROOT=/nowhere/at/all run -1 --separate-stderr resign --media-root media/
  [[ ${stderr_lines[0]} == *": '$folder/missing'" ]]
}

@test "a MEDIA_ROOT of / is shown as it is" {
  add_model no/such/file
  MEDIA_ROOT=/ run -1 --separate-stderr resign --dry-run
  [ "${stderr_lines[0]}" = "Model 1: cannot read file — [Errno 2] No such file or directory: '/no/such/file'" ]
}

@test "a MEDIA_ROOT of braces, blanks, quotes and a dash is shown as it is" {
  local root
  cd "$BATS_TEST_TMPDIR"
  add_model missing
  for root in '{path}' '- a "b" '"'c'" '}}{{' - '{'; do
    mkdir -- "./$root"
    MEDIA_ROOT=$root run -1 --separate-stderr resign
    [ "${stderr_lines[0]}" = "Model 1: cannot read file — [Errno 2] No such file or directory: '$BATS_TEST_TMPDIR/$root/missing'" ] ||
      { echo "$root: $stderr"; return 1; }
  done
}

@test "a MEDIA_ROOT that is not UTF-8 is refused before anything is signed" {
  local root=$BATS_TEST_TMPDIR/$'\xff'
  mkdir "$root"
  printf '\x80x' >"$root/a"
  add_model a
  MEDIA_ROOT=$root run -1 --separate-stderr resign
  [ "$output" = '' ]
  [ "$stderr" = 'recotem-resign-models: MEDIA_ROOT is not UTF-8.' ]
  [ "$(cat "$root/a")" = $'\x80x' ]
}

@test "RECOTEM_STORAGE_TYPE=S3 needs a bucket and keys, however it is written; local storage does not" {
  local type
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_STORAGE_BUCKET_NAME AWS_LOCATION
  add_file a x
  for type in S3 s3; do
    RECOTEM_STORAGE_TYPE=$type run -1 --separate-stderr resign
    [ "$output" = '' ]
    [ "$stderr" = 'recotem-resign-models: RECOTEM_STORAGE_TYPE is S3, but AWS_STORAGE_BUCKET_NAME is not set.' ]
    RECOTEM_STORAGE_TYPE=$type run -1 --separate-stderr resign --media-root "$MEDIA_ROOT"
    [ "$stderr" = 'recotem-resign-models: RECOTEM_STORAGE_TYPE is S3, but --media-root is a folder.' ]
  done
  [ "$(stat -c %s "$folder/a")" = 3 ]
  for type in '' FILE; do
    RECOTEM_STORAGE_TYPE=$type run -0 resign --dry-run
  done
}

@test "what S3 needs is looked at before anything is asked" {
  command -v rc-s3-get >/dev/null || skip 'it was not built: libcurl is not here'
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  run -1 --separate-stderr resign --media-root s3:///x
  [ "$stderr" = 'recotem-resign-models: MEDIA_ROOT: there is no bucket in s3:///x' ]
  run -1 --separate-stderr resign --media-root s3://bucket
  [ "$stderr" = 'recotem-resign-models: AWS_ACCESS_KEY_ID is not set.' ]
  AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY='$x' run -1 --separate-stderr resign --media-root s3://bucket
  [[ $stderr == 'recotem-resign-models: AWS_SECRET_ACCESS_KEY begins with $: '* ]]
  export AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b
  run -1 --separate-stderr resign --media-root s3://bucket --manifest "$BATS_TEST_TMPDIR/list"
  [ "$stderr" = 'recotem-resign-models: --manifest can not be had of models in S3.' ]
  run -0 resign --media-root s3://bucket/x
  [ "${lines[-1]}" = 'Done. No model was looked at; leave PICKLE_ALLOW_LEGACY_UNSIGNED as it is.' ]
}

@test "without SECRET_KEY nothing is signed" {
  add_file a x
  run -1 --separate-stderr env -u SECRET_KEY recotem-resign-models
  [ "$output" = '' ]
  [ "$stderr" = 'recotem-resign-models: SECRET_KEY is not set.' ]
  SECRET_KEY='' run -1 --separate-stderr resign
  [[ $stderr == *SECRET_KEY*empty* ]]
  [ "$(stat -c %s "$folder/a")" = 3 ]
}

@test "the keys may come from files; no argument and no message has one" {
  add_file a x
  sign_with t0ps3cret-old "$folder/a"
  printf 't0ps3cret-new\n' >"$BATS_TEST_TMPDIR/new"
  printf 't0ps3cret-old\n' >"$BATS_TEST_TMPDIR/old"
  run -0 env -u SECRET_KEY SECRET_KEY_FILE="$BATS_TEST_TMPDIR/new" SECRET_KEY_FALLBACKS_FILE="$BATS_TEST_TMPDIR/old" recotem-resign-models
  [ "${lines[1]}" = '  Model 1: resigned (35 bytes)' ]
  [[ $output != *t0ps3cret* ]]
  all_signed_with t0ps3cret-new "$folder/a"
}

@test "--project-id takes the models of that project only, and does not give the advice" {
  add_file a x
  add_training "$(add_project_id two)"
  printf '\x80yy' >"$folder/b"
  add_model trained_model/b 3 2
  run -0 --separate-stderr resign --project-id 2
  [ "$output" = 'Checking 1 trained model(s)...
  Model 2: signed (3 bytes)

  Already signed: 0
  Newly signed:   1

Done. Other projects were not looked at; leave PICKLE_ALLOW_LEGACY_UNSIGNED as it is.' ]
  [ "$stderr" = '' ]
  [ "$(stat -c %s "$folder/a")" = 3 ]
  run -0 resign
  [ "${lines[-1]}" = "$finished" ]
}

@test "--project-id of no project is refused, however large" {
  local id
  add_file a x
  for id in 99 0 -1 99999999999999999999999999; do
    run -1 --separate-stderr resign --project-id "$id"
    [ "$output" = '' ]
    [ "$stderr" = "recotem-resign-models: Project with ID $id not found." ]
  done
}

@test "wrong options are 2, with the usage on stderr and nothing on stdout" {
  local arguments message
  add_file a x
  while IFS='|' read -r arguments message; do
    # shellcheck disable=SC2086 # several words
    run -2 --separate-stderr resign $arguments
    [ "$output" = '' ]
    [ "$stderr" = "$usage
recotem-resign-models: error: $message" ] || { echo "$arguments: $stderr"; return 1; }
  done <<'END'
--jobs 0|argument --jobs: not a number from 1 to 99: '0'
--jobs -1|argument --jobs: not a number from 1 to 99: '-1'
--jobs 100|argument --jobs: not a number from 1 to 99: '100'
--jobs x|argument --jobs: invalid int value: 'x'
--project-id x|argument --project-id: invalid int value: 'x'
--media-root|argument --media-root: expected one argument
--nonsense|unrecognized arguments: --nonsense
extra|unrecognized arguments: extra
END
  [ "$(stat -c %s "$folder/a")" = 3 ]
}

@test "--json prints a record for each model and last a summary" {
  add_file a 'first payload..!'
  add_model trained_model/missing
  run -1 --separate-stderr resign --json
  [ "${#lines[@]}" = 3 ]
  [ "$(jq -c '[.id, .path, .status, .error.code]' <<<"${lines[0]}")" = '[2,"trained_model/missing","missing","missing"]' ]
  [ "${lines[1]}" = '{"id":1,"path":"trained_model/a","filesize":18,"size_before":18,"size":50,"status":"signed"}' ]
  [ "$(jq -c '[.ok, .scanned, .changed, .warnings, .errors]' <<<"${lines[2]}")" = '[false,2,1,0,1]' ]
  sql 'delete from api_trainedmodel where id = 2'
  run -0 --separate-stderr resign --json
  [ "$(jq -r .status <<<"${lines[0]}")" = already_signed ]
  [ "$(jq -c '[.ok, .scanned, .changed, .errors]' <<<"${lines[1]}")" = '[true,1,0,0]' ]
  [ "$stderr" = '' ]
}

@test "control characters in a file's name can't command the terminal; such a file is signed" {
  local name=$'a\e[31m\nb'
  add_model "trained_model/$name"
  run -1 --separate-stderr resign
  [ "${stderr_lines[0]}" = "Model 1: cannot read file — [Errno 2] No such file or directory: '$folder/a\\u001b[31m\\u000ab'" ]
  printf '\x80x' >"$folder/$name"
  run -0 --separate-stderr resign
  [ "${lines[1]}" = '  Model 1: signed (2 bytes)' ]
  all_signed_with "$SECRET_KEY" "$folder/$name"
  [ "$(sql 'select filesize from api_trainedmodel')" = 34 ]
}

# ---- many, at once, and broken off ----

# That many files of SIZE bytes, and their rows.
add_many() { # N SIZE
  local i
  head -c "$2" /dev/zero >"$BATS_TEST_TMPDIR/zeros"
  for ((i = 1; i <= $1; i++)); do
    { printf '\x80\x04%d\n' "$i"; cat "$BATS_TEST_TMPDIR/zeros"; } >"$folder/m$i"
  done
  (cd "$folder" && stat -c '%n|%s' m*) >"$BATS_TEST_TMPDIR/list"
  sql 'create table list (name text, size bigint)'
  psql -Xq "$DATABASE_URL" -c "\\copy list from '$BATS_TEST_TMPDIR/list' delimiter '|'"
  sql "insert into api_trainedmodel (file, filesize, ins_datetime, configuration_id, data_loc_id, updated_at)
    select 'trained_model/' || name, size, now(), 1, 1, now() from list"
}

signed_so_far() { find "$folder" -name 'm*' -size "+$1c" | wc -l; }

# Sets $work, the private folder of the run of project $1.
find_own_work() {
  local asked tries=0
  work=
  until [ "$work" ]; do
    for asked in /dev/shm/rc.*/asked "$TMPDIR"/rc.*/asked; do
      if grep -qs "\"$1\"" "$asked"; then work=${asked%/asked}; fi
    done
    [ $((tries += 1)) -lt 6000 ] || return 1
    sleep 0.01
  done
}

# Takes the lock of one file, so that a run comes to no end, until $lock is closed.
keep_from_ending() {
  exec {lock}<"$folder/m33"
  flock "$lock"
}

wait_until_signed() { # N SIZE: files larger than SIZE
  local tries=0
  until [ "$(signed_so_far "$2")" -ge "$1" ]; do
    [ $((tries += 1)) -lt 6000 ] || { cat "$BATS_TEST_TMPDIR/err" >&2; return 1; }
    sleep 0.005
  done
}

# Starts it over 50 files of a project of its own, and comes back in the middle; $work is its private folder.
start_many() {
  local id
  id=$((700000 + RANDOM))
  sql "insert into api_project (id, ins_datetime, updated_at, name, user_column, item_column) values ($id, now(), now(), 'p', 'u', 'i')"
  add_many 50 1000000
  add_training "$id"
  sql "update api_trainedmodel set configuration_id = $id, data_loc_id = $id"
  keep_from_ending
  start recotem-resign-models --jobs 2 --project-id "$id"
  find_own_work "$id"
  wait_until_signed 10 1000010
}

@test "a thousand rows" {
  add_many 1000 100
  run -0 --separate-stderr resign
  [ "${#lines[@]}" = 1004 ]
  [ "${lines[1002]}" = '  Newly signed:   1000' ]
  [ "$(printf '%s\n' "${lines[@]:1:1000}" | sed 's/.*Model \([0-9]*\):.*/\1/')" = "$(seq 1000 -1 1)" ]
  all_signed_with "$SECRET_KEY" "$folder"/m*
  [ "$(sql 'select count(*) from api_trainedmodel m join list l on m.file = $$trained_model/$$ || l.name where m.filesize = l.size + 32')" = 1000 ]
}

@test "two runs at once: each file is signed once, both end well" {
  add_many 200 1000
  resign >"$BATS_TEST_TMPDIR/one" 2>&1 3>&- &
  started+=("$!")
  resign >"$BATS_TEST_TMPDIR/two" 2>&1 3>&-
  wait "${started[0]}"
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/one")" = "$finished" ]
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/two")" = "$finished" ]
  [ "$(cat "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" | grep -c ': signed (')" = 200 ]
  all_signed_with "$SECRET_KEY" "$folder"/m*
  rows_fit
  nothing_left
}

@test "kill -9 in the middle of 50 files: each is whole, a second run ends clean and the rows fit" {
  start_many
  kill -KILL "-$group"
  wait "$runner"
  until_group_gone
  exec {lock}<&-
  rm -rf "$work"
  run -0 rc-hmac-sign --root "$folder" --payload-prefix 80 --check < <(cd "$folder" && for file in m*; do printf '{"path":"%s"}\n' "$file"; done)
  [[ $output != *unknown* ]]
  run -0 --separate-stderr resign
  [ "${lines[-1]}" = "$finished" ]
  all_signed_with "$SECRET_KEY" "$folder"/m*
  [ "$(find "$folder" -name 'm*' | wc -l)" = 50 ]
  rows_fit
  nothing_left
}

@test "TERM in the middle ends it by that signal: no half file, no folder left; the next run does the rest" {
  start_many
  kill -TERM "$group"
  wait "$runner"
  until_group_gone
  exec {lock}<&-
  [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 'signal 15' ]
  [ "$work" ] && [ ! -e "$work" ]
  nothing_left
  [[ $(cat "$BATS_TEST_TMPDIR/out") != *Done* ]]
  run -0 resign
  [ "${lines[-1]}" = "$finished" ]
  all_signed_with "$SECRET_KEY" "$folder"/m*
  rows_fit
}

@test "TERM while it waits for the rows: the files are told, the rows follow in the next run" {
  add_file a x
  hold 'select * from api_trainedmodel for update'
  start recotem-resign-models
  wait_until_blocked
  kill -TERM "$group"
  wait "$runner"
  until_group_gone
  tell_holder rollback
  [ "$(cat "$BATS_TEST_TMPDIR/ended")" = 'signal 15' ]
  grep -qx '  Model 1: signed (3 bytes)' "$BATS_TEST_TMPDIR/out"
  grep -q 'run it again' "$BATS_TEST_TMPDIR/err"
  [ "$(sql 'select filesize from api_trainedmodel')" = 3 ]
  run -0 resign
  rows_fit
}

@test "rows that can't be written are said, with 1; the files are signed and the next run writes the rows" {
  add_file a x
  # shellcheck disable=SC2016 # it is SQL
  sql 'create function refuse() returns trigger language plpgsql as $$ begin raise exception $m$not today$m$; end $$;
    create trigger refuse before update on api_trainedmodel for each row execute function refuse()'
  run -1 --separate-stderr resign
  [ "${lines[1]}" = '  Model 1: signed (3 bytes)' ]
  [[ $output != *Done* ]]
  [[ $stderr == *'not today'* ]]
  [ "${stderr_lines[-1]}" = 'recotem-resign-models: the files are as said above, but their sizes could not be written to the rows; run it again.' ]
  sql 'drop trigger refuse on api_trainedmodel'
  run -0 resign
  [ "${lines[1]}" = '  Already signed: 1' ]
  rows_fit
}

@test "after a key rotation and back, and any number of runs, the payload is what it was" {
  local round
  add_many 5 70000
  for round in 1 2 3; do
    cp "$folder/m$round" "$BATS_TEST_TMPDIR/payload$round"
  done
  SECRET_KEY=one run -0 resign
  SECRET_KEY=two SECRET_KEY_FALLBACKS=one run -0 resign
  SECRET_KEY=two SECRET_KEY_FALLBACKS=one run -0 resign
  SECRET_KEY=three SECRET_KEY_FALLBACKS=one,two run -0 resign
  SECRET_KEY=one SECRET_KEY_FALLBACKS=three,two,one run -0 resign
  [ "${lines[-2]}" = '  Resigned:       5' ]
  all_signed_with one "$folder"/m*
  for round in 1 2 3; do
    cmp "$BATS_TEST_TMPDIR/payloads/$round" "$BATS_TEST_TMPDIR/payload$round"
  done
  rows_fit
}

@test "a full disk or a closed standard output ends it with 1 before a file is touched" {
  add_file a x
  run -1 --separate-stderr bash -c 'recotem-resign-models >/dev/full'
  [[ ${stderr_lines[0]} == *'No space left on device'* ]]
  run -1 --separate-stderr bash -c 'recotem-resign-models >&-'
  [ "$stderr" = 'recotem-resign-models: standard output is closed' ]
  [ "$(stat -c %s "$folder/a")" = 3 ]
}

@test "no server, or another database: 1, the server's words, no file touched" {
  add_file a x
  DATABASE_URL=postgresql://ann:s3cret@127.0.0.1:1/shop run -1 --separate-stderr resign
  [ "$output" = '' ]
  [[ $stderr == *'127.0.0.1:1/shop as ann: '*'Connection refused'* && $stderr != *s3cret* ]]
  DATABASE_URL=$RC_TEST_SERVER run -1 --separate-stderr resign
  [[ $stderr == *'relation "api_trainedmodel" does not exist'* ]]
  [ "$(stat -c %s "$folder/a")" = 3 ]
}

@test "a stage that is killed is told" {
  add_model "$BATS_TEST_TMPDIR/none"
  mkdir "$BATS_TEST_TMPDIR/tree"
  cp -a "$(dirname "$(command -v rc-say)")/.." "$BATS_TEST_TMPDIR/tree/"
  printf '#!/bin/sh\nkill -KILL $$\n' >"$BATS_TEST_TMPDIR/killed"
  install -m 755 "$BATS_TEST_TMPDIR/killed" "$(find "$BATS_TEST_TMPDIR/tree" -name rc-hmac-sign -type f)"
  run -1 --separate-stderr "$(find "$BATS_TEST_TMPDIR/tree" -path '*bin/recotem-resign-models')"
  [ "$stderr" = 'recotem-resign-models: a stage was ended by SIGKILL; look whether the change took place' ]
}

@test "a model of Recotem 2.0 is named, and stays as it is" {
  printf 'RECOTEM\x01key-id and more' >"$folder/new"
  add_model trained_model/new
  run -1 --separate-stderr resign
  [[ $stderr == *"Model 1: it is a model of Recotem 2.0 or later, which signs its models itself: 'trained_model/new'"* ]]
  [ "$(head -c 7 "$folder/new")" = RECOTEM ]
  run -1 --separate-stderr resign --adopt-unknown
  [ "$(head -c 7 "$folder/new")" = RECOTEM ]
}

@test "--manifest lists the models that are signed, and its provenance is of it and of them; a failure leaves none" {
  add_file one.pkl 1
  add_file two.pkl 2
  run -0 recotem-resign-models --manifest models --dry-run
  [ ! -e models ]
  cd "$BATS_TEST_TMPDIR"
  run -0 --separate-stderr recotem-resign-models --manifest models
  [ "$stderr" = '' ]
  rc-manifest --root "$MEDIA_ROOT" --check models --quiet trained_model
  rc-provenance --check models
  cp models.provenance "$folder/one.pkl.provenance"
  rc-provenance --check "$folder/one.pkl"
  rm "$folder/one.pkl.provenance" "$folder/two.pkl"
  run -1 recotem-resign-models --manifest later
  [ ! -e later ]
}
