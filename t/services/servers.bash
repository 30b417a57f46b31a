# servers.bash - OpenSearch, Elasticsearch, Neo4j, Open Policy Agent and a gateway of S3 for the tests of this folder
#
# They are fetched from Maven Central and the Go module proxy, as Maven and Go are set up here, into a folder that goes with the
# tests; $RC_TEST_DOWNLOADS, where it is set, keeps them. What can't be had is skipped with the reason. As root a server runs as
# nobody: OpenSearch refuses root.

opensearch=2.19.6 elasticsearch=7.17.9 neo4j=5.26.0 opa=v1.22.3 s3proxy=3.1.0

downloads() { printf '%s' "${RC_TEST_DOWNLOADS:-$BATS_FILE_TMPDIR}"; }
maven() { timeout 400 "$RC_TEST_FOLDER/../tools/maven-install" "$@" >>"$BATS_FILE_TMPDIR/fetch.log" 2>&1 3>&-; }

# fetch NAME COMMAND...: makes the folder NAME by the command, which gets it as its last argument, unless it is there; where that
# fails it ends with 1, and $absent says why.
fetch() {
  local to
  to=$(downloads)/$1
  [ ! -e "$to" ] || return 0
  mkdir -p "$to.new"
  if "${@:2}" "$to.new"; then mv "$to.new" "$to"; else
    rm -rf "$to.new"
    absent="$1 can't be had here: $(tail -n 1 "$BATS_FILE_TMPDIR/fetch.log" 2>/dev/null)"
    return 1
  fi
}

# bats 1.8 can't skip a file from its setup_file: that one says so to all tests, and setup asks.
skip_all() { echo "$absent" >"$BATS_FILE_TMPDIR/absent"; }
skip_where_absent() { [ ! -e "$BATS_FILE_TMPDIR/absent" ] || skip "$(cat "$BATS_FILE_TMPDIR/absent")"; }

# The zip of a search server's integration tests is the server without its modules: of these the one with the languages' analysers
# is a jar of its own.
fetch_opensearch() {
  maven "$1" "org.opensearch.distribution.integ-test-zip:opensearch:$opensearch:zip" &&
    python3 -m zipfile -e "$1"/*.zip "$1" && rm "$1"/*.zip || return
  local module=$1/opensearch-$opensearch/modules/analysis-common
  maven "$module" "org.opensearch.plugin:analysis-common:$opensearch" || return
  cat >"$module/plugin-descriptor.properties" <<END
name=analysis-common
description=analysers
version=$opensearch
opensearch.version=$opensearch
java.version=11
classname=org.opensearch.analysis.common.CommonAnalysisPlugin
END
  chmod +x "$1"/*/bin/* # which unpacking has forgotten
  chmod -R go+rX "$1"
}
fetch_elasticsearch() {
  maven "$1" "org.elasticsearch.distribution.integ-test-zip:elasticsearch:$elasticsearch:zip" &&
    python3 -m zipfile -e "$1"/*.zip "$1" && rm "$1"/*.zip && chmod +x "$1"/*/bin/* && chmod -R go+rX "$1"
}
fetch_neo4j() { maven "$1" "org.neo4j.test:neo4j-harness:$neo4j" && chmod -R go+rX "$1"; }
fetch_s3proxy() { maven "$1" "org.gaul:s3proxy:$s3proxy" && chmod -R go+rX "$1"; }
# One that is here will do; to build it takes five minutes, which only who keeps it has to spare.
fetch_opa() {
  local here
  if here=$(command -v opa); then
    ln -s "$here" "$1/opa"
    return
  fi
  if [ ! "${RC_TEST_DOWNLOADS-}" ]; then
    echo 'there is no opa on PATH, and without RC_TEST_DOWNLOADS none is built' >>"$BATS_FILE_TMPDIR/fetch.log"
    return 1
  fi
  command -v go >/dev/null || { echo 'go is not here' >>"$BATS_FILE_TMPDIR/fetch.log"; return 1; }
  GOBIN=$1 GOPATH=$1/go GOCACHE=$1/cache GOFLAGS='-modcacherw -mod=mod' timeout 900 go install "github.com/open-policy-agent/opa@$opa" \
    >>"$BATS_FILE_TMPDIR/fetch.log" 2>&1 3>&- && rm -rf "$1/go" "$1/cache"
}

need_java() {
  if ! command -v java >/dev/null || ! command -v mvn >/dev/null; then
    absent='java and Maven are not here'
    return 1
  fi
}

as_nobody() {
  if ((EUID)); then exec "$@"; else exec setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; fi
}

free_port() { echo $((20000 + RANDOM % 10000)); }

# Waits until the server at URL answers; ends with what it logged where it does not, or has ended.
wait_for_http() { # URL LOG PID
  local tries=0
  until curl -sf -o /dev/null --noproxy '*' "$1"; do
    if [ $((tries += 1)) -ge 3000 ] || ! kill -0 "$3" 2>/dev/null; then
      tail -n 30 "$2"
      return 1
    fi
    sleep 0.1
  done
}

# start_search KIND FOLDER [SETTING...]: an OpenSearch or Elasticsearch whose data is in FOLDER, which is kept when it is started
# again; $search is its address, $search_pid its process. It looks at its disk once an hour instead of every 30 s: where there is
# room, a look takes a block of writing away, also one that a test has just set.
start_search() {
  local kind=$1 run=$2 home variable=OPENSEARCH
  [ "$kind" = opensearch ] || variable=ES
  home=$(echo "$(downloads)/$kind"/*/)
  if [ ! -e "$run" ]; then
    mkdir "$run" "$run"/{config,data,logs,tmp}
    chmod 777 "$run" "$run"/*
    cp "$home/config/log4j2.properties" "$run/config/"
    sed '/gc[.]log/d; /ErrorFile/d; /HeapDump/d' "$home/config/jvm.options" >"$run/config/jvm.options"
    free_port >"$run/port"
    {
      printf '%s\n' "http.port: $(cat "$run/port")" 'transport.port: 0' 'discovery.type: single-node' "path.data: $run/data" \
        "path.logs: $run/logs" 'network.host: 127.0.0.1' 'cluster.routing.allocation.disk.watermark.low: 99%' \
        'cluster.routing.allocation.disk.watermark.high: 99%' 'cluster.routing.allocation.disk.watermark.flood_stage: 99%' \
        'cluster.info.update.interval: 1h'
      [ "$kind" = opensearch ] || echo 'xpack.security.enabled: false'
      printf '%s\n' "${@:3}"
    } >"$run/config/$kind.yml"
    chmod -R go+rw "$run/config"
  fi
  search=http://127.0.0.1:$(cat "$run/port")
  (
    export "${variable}_PATH_CONF=$run/config" "${variable}_JAVA_OPTS=-Xms512m -Xmx512m" "${variable}_TMPDIR=$run/tmp"
    export "${variable}_JAVA_HOME=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")" HOME=$run/tmp
    as_nobody "${home}bin/$kind"
  ) >"$run/log" 2>&1 3>&- &
  search_pid=$!
  started+=("$search_pid")
  wait_for_http "$search/_cluster/health?wait_for_status=yellow" "$run/log" "$search_pid"
}

# start_neo4j FOLDER: the community server whose data is in FOLDER; $graph is its address with the password, $graph_pid its process.
start_neo4j() {
  local run=$1 port lib
  lib=$(downloads)/neo4j
  if [ ! -e "$run" ]; then
    mkdir "$run" "$run/conf"
    chmod 777 "$run"
    port=$(free_port)
    echo "$port" >"$run/port"
    printf '%s\n' "server.http.listen_address=127.0.0.1:$port" "server.bolt.listen_address=127.0.0.1:$((port + 1))" \
      'server.memory.pagecache.size=64m' 'dbms.usage_report.enabled=false' 'server.default_listen_address=127.0.0.1' >"$run/conf/neo4j.conf"
  fi
  port=$(cat "$run/port")
  (
    cd "$run" || exit
    HOME=$run as_nobody java -Xmx512m --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED \
      --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/java.util.concurrent=ALL-UNNAMED \
      --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED -cp "$lib/*" org.neo4j.server.CommunityEntryPoint --home-dir="$run" --config-dir="$run/conf"
  ) >"$run/log" 2>&1 3>&- &
  graph_pid=$!
  started+=("$graph_pid")
  wait_for_http "http://127.0.0.1:$port/" "$run/log" "$graph_pid" || return
  if [ ! -e "$run/password" ]; then
    wait_for_login "$port"
    echo 'p@ss wörd' >"$run/password"
  fi
  # shellcheck disable=SC2034 # the tests use it
  graph="http://neo4j:p%40ss%20w%C3%B6rd@127.0.0.1:$port"
}

# The first password must be changed before the server does anything else.
wait_for_login() { # PORT
  local tries=0
  until curl -sf --noproxy '*' -u neo4j:neo4j -H 'Content-Type: application/json' "http://127.0.0.1:$1/db/system/tx/commit" \
    -d "{\"statements\":[{\"statement\":\"ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO 'p@ss wörd'\"}]}" | grep -qF '"errors":[]'; do
    [ $((tries += 1)) -lt 300 ] || return 1
    sleep 0.1
  done
}

# start_s3 FOLDER: a gateway of S3 whose buckets are the folders in FOLDER/data, and whose keys the variables of AWS have; $store is
# its address. It is S3Proxy, or with RC_TEST_S3=versitygw the program of that name on PATH.
start_s3() {
  local run=$1 port
  port=$(free_port)
  mkdir "$run" "$run/data"
  chmod 777 "$run" "$run/data"
  if [ "${RC_TEST_S3-s3proxy}" = versitygw ]; then
    ROOT_ACCESS_KEY=$AWS_ACCESS_KEY_ID ROOT_SECRET_KEY=$AWS_SECRET_ACCESS_KEY versitygw --port "127.0.0.1:$port" posix "$run/data" >"$run/log" 2>&1 3>&- &
  else
    # A request is held in memory until its digest is known.
    printf '%s\n' "s3proxy.endpoint=http://127.0.0.1:$port" s3proxy.authorization=aws-v4 "s3proxy.identity=$AWS_ACCESS_KEY_ID" \
      "s3proxy.credential=$AWS_SECRET_ACCESS_KEY" jclouds.provider=filesystem-nio2 jclouds.identity=x jclouds.credential=x \
      "jclouds.filesystem.basedir=$run/data" s3proxy.v4-max-non-chunked-request-size=300000000 >"$run/conf"
    as_nobody java -Xmx1g -DLOG_LEVEL=warn -cp "$(downloads)/s3proxy/*" org.gaul.s3proxy.Main --properties "$run/conf" >"$run/log" 2>&1 3>&- &
  fi
  s3_pid=$!
  started+=("$s3_pid")
  # shellcheck disable=SC2034 # the tests use it
  store=http://127.0.0.1:$port
  local tries=0
  until (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    if [ $((tries += 1)) -ge 1200 ] || ! kill -0 "$s3_pid" 2>/dev/null; then
      tail -n 30 "$run/log"
      return 1
    fi
    sleep 0.1
  done
}
