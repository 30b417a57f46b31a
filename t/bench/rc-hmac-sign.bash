#!/usr/bin/env bash
# Signing files against what the same costs by other means: openssl dgst, cp and sync for one of 1 GB, Python for many small ones.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

export SECRET_KEY=bench-key
if grep -qw sha_ni /proc/cpuinfo; then echo 'SHA extensions: present'; else echo 'SHA extensions: not present'; fi

sign() { rc-hmac-sign --root "$folder" --payload-prefix 80 "$@"; }
digest() { openssl dgst -sha256 -hmac "$SECRET_KEY" "$1"; }
settle() { sync -f "$folder"; } # what was written before is not to slow down what is measured next

# one file of 1 GB
{ printf '\x80' && head -c 999999999 /dev/urandom; } >"$folder/plain"
echo '{"path":"model"}' >"$folder/record"
settle
by_hand() { digest "$folder/plain" && digest "$folder/plain" && cp "$folder/plain" "$folder/copy" && sync "$folder/copy"; }
# Before both the same was written to the disk, which may be slower after a burst.
prepare() {
  rm -f "$folder/copy"
  cp "$folder/plain" "$folder/model"
  settle
}
for _ in 1 2 3 4 5; do
  prepare
  run_timed by_hand by_hand
  prepare
  run_timed sign sign "$folder/record"
  settle
  run_timed signed sign "$folder/record"
  run_timed dgst digest "$folder/model"
done
[[ $(sign "$folder/record") == *'"size":1000000032,"status":"already_signed"}' ]] || { echo 'the file is not signed' >&2; exit 1; }

# memory: the highest resident size that was seen while it is signed
cp "$folder/plain" "$folder/model"
sign "$folder/record" >/dev/null &
pid=$! peak=0
while kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null) && [[ $kb ]]; do peak=$kb; done
wait "$pid"
code=0
verdict=holds
((peak < 16 * 1024)) || verdict=FAILS code=1
printf '%-34s rc-hmac-sign %d kB resident at most (limit 16384): %s\n' 'memory, 1 GB signed' "$peak" "$verdict"
rm -f "$folder/plain" "$folder/model" "$folder/copy"

# 10,000 files of 1 kB
cat >"$folder/sign.py" <<'END'
import hashlib, hmac, os, sys
key = os.environ["SECRET_KEY"].encode()
folder = sys.argv[1]
for n in range(10000):
    path = f"{folder}/{n}"
    with open(path, "rb") as f:
        content = f.read()
    if hmac.compare_digest(hmac.new(key, content[32:], hashlib.sha256).digest(), content[:32]):
        continue
    temporary = path + ".tmp"
    with open(temporary, "wb") as f:
        f.write(hmac.new(key, content, hashlib.sha256).digest() + content)
        f.flush()
        os.fsync(f.fileno())
    os.replace(temporary, path)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)
END
mkdir "$folder/plain" "$folder/small"
{ printf '\x80' && head -c 1023 /dev/urandom; } >"$folder/plain/0"
for ((n = 1; n < 10000; n++)); do cp "$folder/plain/0" "$folder/plain/$n"; done
seq -f '{"path":"small/%.0f"}' 0 9999 >"$folder/records"
restore() {
  rm -rf "$folder/small"
  cp -r "$folder/plain" "$folder/small"
  settle
}
for _ in 1 2 3 4 5; do
  restore
  run_timed rc sign "$folder/records"
  restore
  run_timed python python3 "$folder/sign.py" "$folder/small"
  restore
  run_timed rc-8-jobs sign --jobs 8 "$folder/records"
done
[[ $(sign "$folder/records" | rc-tally) == '{"records":10000,"by":{"already_signed":10000}}' ]] || { echo 'not all files are signed' >&2; exit 1; }

report 'sign 1 GB' sign by_hand 1.15 || code=1
report 'look at a signed 1 GB' signed dgst 1.1 || code=1
report 'sign 10,000 files' rc python 1 || code=1
report 'sign 10,000 files, 8 jobs' rc-8-jobs python 0.6 || code=1
exit $code
