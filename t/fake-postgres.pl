#!/usr/bin/perl
# fake-postgres.pl - a PostgreSQL that lies
#
# usage: perl t/fake-postgres.pl LISTEN_SOCKET TRACE
#        perl t/fake-postgres.pl --modes
#
# LISTEN_SOCKET is a Unix socket's path such as FOLDER/.s.PGSQL.5432.  The
# database's name is the mode: how it lies.  --modes prints them, each with what
# a filter may make of it:
#
#   good    all is well: 0
#   login   the login fails: 100 or 111
#   broken  an answer breaks off, is malformed or is an error: 100 or 111
#   rows    the rows can't be records: 100 or 111, but 0 where rows are not looked at
#   commit  COMMIT has no clear answer: 111 and a word that it is not known
#   rolled  COMMIT was a rollback: 100 or 111, and it is said that nothing was changed
#   pooler  another session answers than the one that was logged in to: what needs one is refused
#   odd     what no filter relies on is missing: no signal
#   hang    no answer: it waits, and TERM ends it
#   copy    the bytes of COPY TO in binary form break off or are malformed: 100 or 111; all else is well
#
# Each SQL text that comes is a line "MODE: SQL" in the file TRACE, each login "login: USER".  SQL that
# prepares, runs or ends a statement is refused, as a pooler does that keeps
# track of the protocol's statements.  Prints "ready" when it listens; TERM ends
# it.  Needs nothing beyond Debian's perl-base.
use strict;
use warnings;
use IO::Handle;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM SOMAXCONN);

my %kinds = (
	good => [qw(good no_check_interval many_notices many_parameters clash_gone)],
	login => [qw(auth_garbage auth_longstate auth_nomessage auth_huge auth_control auth_close auth_pooler auth_notices auth_drip auth_cleartext)],
	broken => [qw(error longstate shortstate nomessage nostate nofields hugemessage close noend hugefield hugelength neglength unknown
		    copyout copyin copyboth endlessrows)],
	rows => [qw(notjson emptyrow null zerocolumns morecolumns secondbad rcend twonames)],
	commit => [qw(commit_then_error commit_then_nomessage commit_40003 commit_close commit_empty commit_copy commit_select)],
	rolled => [qw(commit_rollback)],
	pooler => [qw(pooler)],
	odd => [qw(settle_norow script_nomessage)],
	hang => [qw(hang commit_hang)],
	copy => [qw(copy_garbage copy_flags copy_extension copy_no_header copy_no_trailer copy_no_end copy_more_columns copy_no_columns copy_short_row
		    copy_long_value copy_negative copy_after_trailer copy_error copy_close copy_text copy_rows)],
);

if (@ARGV == 1 && $ARGV[0] eq '--modes') {
	for my $kind (sort keys %kinds) { print "$_ $kind\n" for @{ $kinds{$kind} } }
	exit;
}
@ARGV == 2 or die "usage: fake-postgres.pl LISTEN_SOCKET TRACE\n";
my ($path, $trace_path) = @ARGV;
open my $trace, '>>', $trace_path or die "$trace_path: $!\n";
$trace->autoflush(1);
my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => SOMAXCONN) or die "$path: $!\n";
$SIG{CHLD} = 'IGNORE';
STDOUT->autoflush(1);
print "ready\n";
while (1) {
	my $client = $listener->accept or next;
	defined(my $pid = fork) or die "fork: $!\n";
	if ($pid == 0) {
		close $listener;
		eval { serve($client) };
		exit;
	}
	close $client;
}

# ---- the protocol ----

my ($socket, $mode);

sub message { my ($type, $body) = (@_, ''); return $type . pack('N', 4 + length $body) . $body }
sub fields { my ($type, %f) = @_; return message($type, join('', map { "$_$f{$_}\0" } sort keys %f) . "\0") }
sub error { my ($state, $text) = @_; return fields('E', S => 'ERROR', V => 'ERROR', C => $state, M => $text) }
sub fatal { my ($state, $text) = @_; return fields('E', S => 'FATAL', V => 'FATAL', C => $state, M => $text) }
sub columns { return message('T', pack('n', scalar @_) . join '', map { "$_\0" . pack('NnNnNn', 0, 0, 25, 65535, 4294967295, 0) } @_) }
sub row { return message('D', pack('n', scalar @_) . join '', map { defined $_ ? pack('N', length $_) . $_ : pack('N', 4294967295) } @_) }
sub command { return message('C', "$_[0]\0") }
sub ready { return message('Z', $_[0]) }

sub put {
	my ($bytes) = @_;
	while (length $bytes) {
		my $n = syswrite $socket, $bytes;
		defined $n or die "gone\n";
		substr $bytes, 0, $n, '';
	}
}

sub get {
	my ($length) = @_;
	my $bytes = '';
	while (length $bytes < $length) { sysread($socket, $bytes, $length - length $bytes, length $bytes) or die "gone\n" }
	return $bytes;
}

sub serve {
	($socket) = @_;
	my $start;
	while (1) {
		my $length = unpack 'N', get(4);
		$start = get($length - 4);
		my $code = unpack 'N', $start;
		if ($code == 80877103 || $code == 80877104) { put('N'); next }
		die "cancel\n" if $code == 80877102;
		last;
	}
	my %parameters = split /\0/, substr $start, 4;
	$mode = $parameters{database};
	print $trace "login: $parameters{user}\n";
	log_in() or return;
	my (%sql, $current);
	while (1) {
		my ($type, $length) = unpack 'aN', get(5);
		my $body = get($length - 4);
		return if $type eq 'X';
		if ($type eq 'Q') { $body =~ s/\0\z//; script($body) }
		elsif ($type eq 'P') { my ($name, $text) = split /\0/, $body; $sql{$name} = $text; note($text); put(message('1')) }
		elsif ($type eq 'B') { my (undef, $name) = split /\0/, $body; $current = $sql{$name}; put(message('2')) }
		elsif ($type eq 'D') {
			$current = $sql{ substr $body, 1, -1 } if $body =~ /\AS/;
			my ($rows) = answer($current);
			put(message('t', pack('nN', 1, 3802))) if $body =~ /\AS/;
			put(@$rows ? columns(@$rows) : message('n'));
		}
		elsif ($type eq 'E') { execute($current) or return }
		elsif ($type eq 'S') { put(ready('T')) }
	}
}

# A lie is made when it is told, for some are long.
sub log_in {
	my %lies = (
		auth_garbage => sub { "\xff" x 1000 },
		auth_longstate => sub { fatal('28P01' . 'A' x 5000, 'no') },
		auth_nomessage => sub { fields('E', S => 'FATAL', C => '28P01') },
		auth_huge => sub { fatal('57P03', 'x' x 20000) },
		auth_control => sub { fatal('57P03', "\x1b[31m\x9b\xff\xfe\r\nrc-db-wait: all is well\x07") },
		auth_close => sub { '' },
		auth_pooler => sub { fatal('08P01', 'unsupported startup parameter: options') },
		auth_notices => sub { fields('N', S => 'NOTICE', V => 'NOTICE', C => '00000', M => 'n' x 500) x 1000 },
	);
	if ($mode eq 'auth_drip') {
		for my $byte (split //, message('R', pack 'N', 0)) { put($byte); select undef, undef, undef, 0.1 }
		return 0;
	}
	if ($mode eq 'auth_cleartext') { put(message('R', pack 'N', 3)); get(5); return 0 }
	if (exists $lies{$mode}) { put($lies{$mode}->()); return 0 }
	put(message('R', pack 'N', 0) . join('', map { message('S', join("\0", @$_) . "\0") } [ server_version => '15.1' ],
		[ client_encoding => 'UTF8' ], [ standard_conforming_strings => 'on' ]) . message('K', pack 'NN', $mode eq 'pooler' ? 8 : 7, 2) . ready('I'));
	return 1;
}

sub note { my ($text) = @_; $text =~ s/\s+/ /g; print $trace "$mode: $text\n" }

# ---- what is asked ----

# What the catalogue has of the table auth_user, which rc-import-rows asks before it writes: the statement's rows.
sub catalogue {
	my ($sql) = @_;
	my @columns = map { [ $_, 1043, -1, 0, 'f', 'f', 'f', 'f', 'f', 'character varying', 'character varying' ] } 'username', 'first_name';
	return ([qw(oid sql kind)], [qw(16400 public.auth_user r)]) if $sql =~ /\Aselect c\.oid, pg_catalog\.quote_ident/;
	return ([qw(row_security trigger rule triggers keepers)], [qw(f f f f f)]) if $sql =~ /\Aselect pg_catalog\.row_security_active/;
	return ([ map { "c$_" } 1 .. 11 ], @columns) if $sql =~ /\Aselect a\.attname, b\.type/;
	return ([qw(index primary column equals)], [ 16410, 't', 'username', 'operator(pg_catalog.=)' ]) if $sql =~ /\Aselect i\.indexrelid/;
	return ([qw(before now)], [ '"$user", public', 'pg_catalog' ]) if $sql =~ /\Aselect pg_catalog\.current_setting\('search_path/;
	return ([qw(relation kind)]) if $sql =~ /\Aselect relation, kind from pg_temp/;
	return ([qw(database oid control)], [ "fake", 16384, "f" ]) if $sql =~ /\Aselect d\.datname, d\.oid/;
	return ([qw(version number recovery pid clock read_only)], [ "15.1", 150001, "f", 7, 1e12, "off" ]) if $sql =~ /\Aselect pg_catalog\.current_setting\(.server_version/;
	return ([qw(line before)]) if $sql =~ /\Aselect n\.line, n\.before/;
	return ([qw(rows matched)], [ 1, 1 ]) if $sql =~ /\Aselect pg_catalog\.count\(\*\), /;
	return;
}

# The columns and the rows that a statement honestly has, and its command's end.
sub answer {
	my ($sql) = @_;
	my ($names, @rows) = catalogue($sql);
	return ($names, $rows[0], 'SELECT ' . @rows, @rows[1 .. $#rows]) if $names;
	return ([qw(place id job_type payload attempts run_after due)], [ '(0,1)', 1, 'A', '{"a":1}', 0, '2026-11-21 00:00:00+00', 1 ], 'SELECT 1')
	    if $sql =~ /\bskip locked/;	# the claim of rc-job-run
	return ([qw(pid clock noted)], [ 7, 0, 'f' ], 'SELECT 1') if $sql =~ /pg_backend_pid\(\), \(extract/;
	return ([], [], 'DEALLOCATE') if $sql =~ /\A\s*(?:deallocate|prepare|execute)\b/i;
	return (['rc_row'], ['{"a":1,"id":1,"name":"ann"}'], 'SELECT 1') if $sql =~ /rc_row\b/;
	return (['type'], ['integer'], 'SELECT 1') if $sql =~ /\Aselect pg_catalog\.format_type/;
	my $clash = $mode eq 'clash_gone';	# an index has one, which is not there any more when it is looked at
	return ([ map { "c$_" } 1 .. 8 ], $clash ? [ 'u', 'things', 'owner', 'true', 'f', 'f', "'id', id", 'id' ] : undef, "SELECT " . ($clash ? 1 : 0))
	    if $sql =~ /pg_partition_tree/;
	return (['one'], ['1'], 'SELECT 1') if $sql =~ /\Aselect 1 from \(select ctid/;
	return ([qw(rows key)], undef, 'SELECT 0') if $sql =~ /\Aselect pg_catalog\.jsonb_path_query_array/;
	return ([qw(status timeline)], undef, 'SELECT 0') if $sql =~ /txid_status/;
	return ([qw(transaction timeline)], $mode eq 'settle_norow' ? undef : [qw(77 00000001)], 'SELECT 1') if $sql =~ /txid_current_if_assigned/;
	return (['pid'], ['7'], 'SELECT 1') if $sql =~ /pg_backend_pid/;
	return (['count'], ['0'], 'SELECT 1') if $sql =~ /\Aselect pg_catalog\.count.*age\(xmin\)/s;	# what a change did not reach
	return (['count'], ['1'], 'SELECT 1') if $sql =~ /\Aselect pg_catalog\.count/;
	return ([qw(true started)], [ 't', 'today' ], 'SELECT 1') if $sql =~ /\Aselect true/;
	return (['value'], ['{"a":1}'], 'SELECT 1') if $sql =~ /\A\s*(?:--[^\n]*\n\s*)*(?:select|with)\b/i;
	return ([], [], uc($1) . ' 1') if $sql =~ /\A(update|delete)\b/i;
	return ([], [], uc((split ' ', $sql)[0]));
}

# All statements of a Query, up to an error.
sub script {
	my ($script) = @_;
	note($script);
	return commit() if $script eq 'commit';
	if ($mode eq 'script_nomessage') { put(fields('E', S => 'ERROR', C => '42P01') . ready('E')); return }
	for my $sql (split /;\s*/, $script) {
		if ($mode eq 'no_check_interval' && $sql =~ /client_connection_check_interval/) {
			put(error('22023', 'invalid value for parameter') . ready('E'));
			return;
		}
		if ($sql =~ /\Acopy .* from stdin/s) { copy_in(); next }
		my ($columns, $row, $end, @more) = answer($sql);
		put(columns(@$columns) . join '', map { row(@$_) } $row ? ($row, @more) : ()) if @$columns;
		put(command($end));
	}
	put(ready('T'));
}

sub commit {
	my %lies = (
		commit_then_error => command('COMMIT') . error('XX000', 'after commit'),
		commit_then_nomessage => command('COMMIT') . fields('E', S => 'ERROR', V => 'ERROR', C => 'XX000'),
		commit_40003 => error('40003', 'result is ambiguous'),
		commit_empty => message('I'),
		commit_copy => message('H', pack 'Cn', 0, 0),
		commit_select => command('SELECT 1'),
		commit_rollback => command('ROLLBACK'),
	);
	die "closed\n" if $mode eq 'commit_close';
	sleep 4 if $mode eq 'commit_hang';
	put(($lies{$mode} || command('COMMIT')) . ready('I'));
}

# COPY FROM: the rows that come are thrown away.
sub copy_in {
	put(message('G', pack 'Cnnnnn', 1, 4, 1, 1, 1, 1));
	while (1) {
		my ($type, $length) = unpack 'aN', get(5);
		get($length - 4);
		return put(command('COPY 1')) if $type eq 'c';
		return put(error('57014', 'COPY from stdin failed')) if $type eq 'f';
		die "no COPY data\n" if $type !~ /[dHS]/;
	}
}

# COPY TO in binary form, of one text column; honest unless the mode is one of its lies.
sub copy_out {
	my ($header, $trailer) = ("PGCOPY\n\xff\r\n\0" . pack('NN', 0, 0), pack('n', 65535));
	my $row = pack('nN', 1, 7) . '{"a":1}';
	my ($open, $end) = (message('H', pack 'Cnn', 1, 1, 1), message('c') . command('COPY 1'));
	my $data = sub { join '', map { message('d', $_) } @_ };
	my %lies = (
		copy_garbage => $open . $data->("\xff" x 100) . $end,
		copy_flags => $open . $data->("PGCOPY\n\xff\r\n\0" . pack('NN', 65536, 0) . $row, $trailer) . $end,
		copy_extension => $open . $data->("PGCOPY\n\xff\r\n\0" . pack('NN', 0, 4294967295) . $row, $trailer) . $end,
		copy_no_header => $open . $data->($row, $trailer) . $end,
		copy_no_trailer => $open . $data->($header . $row) . $end,
		copy_no_end => $open . $data->($header . $row, $trailer) . message('c'),
		copy_more_columns => $open . $data->($header . pack('nNN', 2, 0, 0), $trailer) . $end,
		copy_no_columns => $open . $data->($header . pack('n', 0), $trailer) . $end,
		copy_short_row => $open . $data->($header . substr($row, 0, 4), $trailer) . $end,
		copy_long_value => $open . $data->($header . pack('nN', 1, 0x7fffffff) . 'x', $trailer) . $end,
		copy_negative => $open . $data->($header . pack('nN', 1, 4294967294) . 'x', $trailer) . $end,
		copy_after_trailer => $open . $data->($header . $row, $trailer, $row) . $end,
		copy_error => $open . $data->($header . $row) . error('XX000', 'boo'),
		copy_close => $open . $data->($header . $row),
		copy_text => message('H', pack 'Cnn', 0, 1, 0) . $data->('x') . $end,
		copy_rows => row('{"a":1}') . command('SELECT 1'),
	);
	return $lies{$mode} || $open . $data->($header . $row, $trailer) . $end;
}

# The answer to an Execute; false where the connection ends with it.
sub execute {
	my ($sql) = @_;
	my ($columns, $row, $end, @more) = answer($sql);
	my $honest = $sql =~ /\Acopy\b/ ? copy_out() : join('', map { row(@$_) } $row && @$row ? ($row, @more) : ()) . command($end);
	my $notice = fields('N', S => 'NOTICE', V => 'NOTICE', C => '00000', M => 'n' x 500);
	my %lies = (
		error => sub { error('XX000', 'boo') },
		longstate => sub { error('A' x 300, 'boo') },
		shortstate => sub { error('42', 'boo') },
		nomessage => sub { fields('E', S => 'ERROR', V => 'ERROR', C => '42P01') },
		nostate => sub { fields('E', S => 'ERROR', M => 'hi') },
		nofields => sub { message('E', "\0") },
		hugemessage => sub { fields('E', S => 'ERROR', C => '23505', M => 'x' x 100000, D => "y\x1b" x 100000) },
		close => sub { '' },
		noend => sub { row('{"a":1}') },
		hugefield => sub { 'D' . pack('N', 30) . pack('nN', 1, 0x7ffffff0) . 'x' x 20 },
		hugelength => sub { 'D' . pack('N', 0x7fffffff) . "\0\1" },
		neglength => sub { 'D' . pack('N', 4294967291) },
		unknown => sub { message('?', 'abc') },
		copyout => sub { message('H', pack 'Cn', 0, 0) . message('d', 'x') . message('c') . command('COPY 1') },
		copyin => sub { message('G', pack 'Cn', 0, 0) },
		copyboth => sub { message('W', pack 'Cn', 0, 0) },
		endlessrows => sub { row('{"a":"' . 'x' x 1000 . '"}') x 5000 },
		many_notices => sub { $notice x 5000 . $honest },
		many_parameters => sub { join('', map { message('S', "p$_\0v\0") } 1 .. 300) . $honest },
		notjson => sub { row("\xff\xfe not json \n{\"x\":1}") . command('SELECT 1') },
		emptyrow => sub { row('') . command('SELECT 1') },
		null => sub { row(undef) . command('SELECT 1') },
		zerocolumns => sub { row() x 2 . command('SELECT 2') },
		morecolumns => sub { row('{"a":1}', '{"a":2}') . command('SELECT 1') },
		secondbad => sub { row('{"a":1}') . row("garbage\nmore") . row(undef) . command('SELECT 3') },
		rcend => sub { row('{"rc_end":{"v":1,"records":0}}') . command('SELECT 1') },
		twonames => sub { row('{"a":1,"a":2}') . command('SELECT 1') },
	);
	if ($sql =~ /\A\s*(?:deallocate|prepare|execute)\b/i) { put(error('26000', 'prepared statement does not exist')); return 1 }
	sleep 4 if $mode eq 'hang';
	put(exists $lies{$mode} && $sql !~ /txid_status/ ? $lies{$mode}->() : $honest);
	return $mode !~ /\A(?:close|copy_close|copy_no_end|hugefield|hugelength|endlessrows)\z/;
}
