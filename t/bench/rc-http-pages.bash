#!/usr/bin/env bash
# rc-http-pages against curl and jq --stream: one array of 500 MB from a server on this machine, and the memory that it takes.
# MEGABYTES=N makes it shorter.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"

megabytes=${MEGABYTES:-500}
export RC_EVENTS=''
perl -e 'my $n = $ARGV[0] * 1_000_000; my $i = 0; my $sent = 0; print "[";
  while ($sent < $n) { my $item = ($i ? "," : "") . qq({"id":$i,"name":"A task with a name of some length, as names are","project":"Project @{[$i % 500]}","tags":["one","two"],"updated_at":"2026-11-25T10:00:00Z"});
    $sent += length $item; $i++; print $item } print "]"' "$megabytes" >"$folder/array.json"

cat >"$folder/server.py" <<'END'
import http.server, os, socketserver, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[1], 'rb') as file:
            size = os.fstat(file.fileno()).st_size
            self.send_response(200)
            self.send_header('content-type', 'application/json')
            self.send_header('content-length', str(size))
            self.end_headers()
            self.wfile.flush()
            sent = 0
            while sent < size:
                sent += os.sendfile(self.connection.fileno(), file.fileno(), sent, size - sent)
    def log_message(self, *words):
        pass
server = socketserver.TCPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
END
mkfifo "$folder/port"
python3 "$folder/server.py" "$folder/array.json" >"$folder/port" &
server=$!
trap 'kill "$server"; rm -rf -- "$folder"' EXIT
read -r port <"$folder/port"
url=http://127.0.0.1:$port/

stream() { head -c 20000000 "$folder/array.json" | jq -cn --stream 'fromstream(1 | truncate_stream(inputs))' 2>/dev/null || :; }
for _ in 1 2 3 4 5; do
  run_timed rc-http-pages rc-http-pages --url "$url"
  run_timed curl curl -sS "$url"
done
run_timed jq-stream stream
kilobytes=$(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' rc-http-pages --url "$url")

code=0
report "an array of $megabytes MB over HTTP" rc-http-pages curl 1.25 || code=1
printf 'jq --stream, 20 MB of it: %.3f s\n' "$(awk '{ print $1 / 1e6 }' "$folder/jq-stream.times")"
printf 'memory of rc-http-pages: %d kB (limit 16384): %s\n' "$kilobytes" "$( ((kilobytes <= 16384)) && echo holds || echo FAILS)"
((kilobytes <= 16384)) || code=1
exit $code
