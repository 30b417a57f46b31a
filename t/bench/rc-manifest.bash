#!/usr/bin/env bash
# Digests of 4 GB in 1,000 files, and of 10,000 small ones: rc-manifest, xargs -P of openssl dgst and of sha256sum with the same number of processes.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

cores=$(nproc)
mkdir "$folder/large" "$folder/small"
head -c 4000000 /dev/urandom >"$folder/large/0"
for ((n = 1; n < 1000; n++)); do cp --reflink=never "$folder/large/0" "$folder/large/$n"; done
head -c 1000 /dev/urandom >"$folder/small/0"
for ((n = 1; n < 10000; n++)); do cp "$folder/small/0" "$folder/small/$n"; done
sync -f "$folder"

manifest() { rc-manifest --jobs "$cores" --root "$1"; }
check() { rc-manifest --jobs "$cores" --root "$1" --check "$folder/manifest" --quiet; }
# As one would call it: a few dozen files a process, so that its start costs nothing.
dgst() { find "$1" -type f -print0 | xargs -0 -n 50 -P "$cores" openssl dgst -sha256; }
sum() { find "$1" -type f -print0 | xargs -0 -n 50 -P "$cores" sha256sum; }

for size in large small; do
  manifest "$folder/$size" >"$folder/manifest"
  for _ in 1 2 3 4 5; do
    run_timed "$size-manifest" manifest "$folder/$size"
    run_timed "$size-openssl" dgst "$folder/$size"
    run_timed "$size-sha256sum" sum "$folder/$size"
    run_timed "$size-check" check "$folder/$size"
  done
done
code=0
report '4 GB in 1,000 files' large-manifest large-openssl 1 || code=1
report 'the same, with sha256sum' large-manifest large-sha256sum 1 || code=1
report '4 GB, compared with the manifest' large-check large-openssl 1 || code=1
report '10,000 files of 1 kB' small-manifest small-openssl 1 || code=1
report 'the same, with sha256sum' small-manifest small-sha256sum 1 || code=1
exit $code
