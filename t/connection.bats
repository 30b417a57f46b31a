# lib/db's connections: many at once in one process, none of which ends it.
load helper

setup() { started=(); }
teardown() { end_started; }

@test "many connections go on side by side, and a silent one, a COPY and an error are their own failures" {
  local port
  compile_with_lib many-connections.c -lpq
  mkfifo "$BATS_TEST_TMPDIR/port"
  # shellcheck disable=SC2016 # perl's own
  perl -MIO::Socket::INET -e '
    $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
    open my $out, ">", $ARGV[0] or die; print $out $s->sockport, "\n"; close $out; sleep' "$BATS_TEST_TMPDIR/port" 3>&- &
  started+=($!)
  read -r port <"$BATS_TEST_TMPDIR/port"
  run -0 --separate-stderr "$program" "$port" "select 'one' from pg_sleep(1)" "select 'two' from pg_sleep(1)" \
    'copy (select true) to stdout' 'selekt' "select repeat('x', 10)"
  [ "$stderr" = '' ]
  [ "$(sed 's/ [0-9]*$//' <<<"$output" | sort)" = '0 failed no answer within 0.3 s
1 ready one
2 ready two
3 failed COPY to or from the client has no place here
4 ready syntax error at or near "selekt"
5 ready xxxxxxxxxx' ]
  # One after the other it would be 23 tenths of a second.
  [ "$(sed 's/.* //' <<<"$output" | sort -n | tail -n 1)" -lt 20 ]
}
