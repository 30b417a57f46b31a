#!/usr/bin/perl
# proxy.pl - a PostgreSQL proxy that cuts one connection at a chosen moment
#
# usage: perl t/proxy.pl LISTEN_SOCKET SERVER_SOCKET MODE
#
# Both are paths of Unix sockets, such as FOLDER/.s.PGSQL.5432.  All bytes are
# passed on as they are; any number of connections at once.  MODE says when
# the first connection that gets there is cut; all others pass:
#
#   pass         never
#   begin        before the first Query that begins with "begin"
#   before       before COMMIT: the server does not get it
#   during       after COMMIT: the server has answered, the client does not get it
#   during-gone  likewise, and no one can connect any more
#   after        after COMMIT: the client has the whole answer
#
# COMMIT is a Query whose text is that word alone, in any case, with a
# semicolon or none.  The server's side is closed first, and the client's when
# the server has ended its session: what the client finds afterwards, rows and
# locks, is then settled.  Prints "ready" when it listens; TERM ends it.
# Needs nothing beyond Debian's perl-base.
use strict;
use warnings;
use IO::Handle;
use IO::Select;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM SOMAXCONN);
use Errno qw(EAGAIN EINTR);

use constant { CANCEL => 80877102, SSL => 80877103, GSS => 80877104 };
use constant ROOM => 1 << 20;    # bytes that wait for a slow reader before no more are taken
use constant PATH_MAX => 107;    # of a Unix socket's address

my %modes = map { $_ => 1 } qw(pass begin before during during-gone after);

@ARGV == 3 && $modes{ $ARGV[2] } or die "usage: proxy.pl LISTEN_SOCKET SERVER_SOCKET ", join('|', sort keys %modes), "\n";
my ($listen_path, $server_path, $mode) = @ARGV;
for my $path ($listen_path, $server_path) {
	length $path <= PATH_MAX or die "proxy.pl: $path: longer than ${\PATH_MAX} bytes\n";
}

my $ended = 0;
$SIG{$_} = sub { $ended = 1 } for qw(TERM INT HUP);
$SIG{PIPE} = 'IGNORE';

my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $listen_path, Listen => SOMAXCONN)
    or die "proxy.pl: $listen_path: $!\n";
$listener->blocking(0);
my $cut_done = $mode eq 'pass';
my %ends;    # by file number: the end of a connection that has this socket

STDOUT->autoflush(1);
print "ready\n";
until ($ended) {
	my ($readers, $writers) = (IO::Select->new, IO::Select->new);
	$readers->add($listener) if $listener;
	for my $end (values %ends) {
		$readers->add($end->{socket}) if !$end->{eof} && length $end->{peer}{out} < ROOM;
		$writers->add($end->{socket}) if length $end->{out};
	}
	# A signal just before the wait is seen when it is over.
	my ($readable, $writable) = IO::Select->select($readers, $writers, undef, 0.5);
	for my $socket (@{ $writable || [] }) {
		my $end = defined fileno $socket && $ends{ fileno $socket };
		flush_out($end) if $end;
	}
	for my $socket (@{ $readable || [] }) {
		if ($listener && $socket == $listener) {
			accept_one();
			next;
		}
		my $end = defined fileno $socket && $ends{ fileno $socket };
		take_in($end) if $end;
	}
}
unlink $listen_path if $listener;

# ---- connections ----

# A connection is two ends, each the other's peer: {socket, out (bytes to be written there), eof (none come from there)}.
# The client's end also has {in (bytes not yet looked at), started, raw (no more looking), skip (bytes of a message to pass)}.
# Of a cut connection {cut} is at both ends: 'answer' while the server's answer is awaited, 'closing' after that.

sub accept_one {
	my $client = $listener->accept or return;
	my $server = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $server_path) or return;
	my @both = map { { socket => $_, out => '', eof => 0, cut => '' } } $client, $server;
	($both[0]{peer}, $both[1]{peer}) = ($both[1], $both[0]);
	@{ $both[0] }{qw(is_client in started raw skip)} = (1, '', 0, 0, 0);
	$both[1]{answer} = '';
	for my $end (@both) {
		$end->{socket}->blocking(0);
		$ends{ fileno $end->{socket} } = $end;
	}
}

sub close_both {
	my ($end) = @_;
	my $peer = delete $end->{peer};
	delete $peer->{peer};
	for my $one ($end, $peer) {
		delete $ends{ fileno $one->{socket} };
		close $one->{socket};
	}
}

sub flush_out {
	my ($end) = @_;
	my $count = syswrite $end->{socket}, $end->{out};
	if (!defined $count) {
		close_both($end) unless $! == EAGAIN || $! == EINTR;
		return;
	}
	substr $end->{out}, 0, $count, '';
	settle($end);
}

# What is due when all bytes for an end are written: the news that no more come.
sub settle {
	my ($end) = @_;
	return if length $end->{out} || !$end->{peer}{eof};
	if ($end->{eof}) { close_both($end) }
	else { shutdown $end->{socket}, 1 }
}

sub take_in {
	my ($end) = @_;
	my $count = sysread $end->{socket}, my $bytes, 65536;
	return if !defined $count && ($! == EAGAIN || $! == EINTR);
	if (!$count) {    # the end of file, or a reset connection
		$end->{eof} = 1;
		if (!$end->{is_client}) {    # no one is left to read what the client says
			$end->{out} = '';
			$end->{peer}{eof} = 1;
		} elsif (!$end->{cut}) {
			$end->{peer}{out} .= $end->{in};
		}
		settle($end->{peer});
		return;
	}
	if    ($end->{is_client}) { from_client($end, $bytes) }
	elsif ($end->{cut})       { from_server_cut($end, $bytes) }
	else                      { $end->{peer}{out} .= $bytes }
}

# ---- what is said ----

# Passes on whole messages as far as they must be looked at, parts of the others.
sub from_client {
	my ($end, $bytes) = @_;
	return if $end->{cut};
	my $server = $end->{peer};
	$end->{in} .= $bytes;
	while (length $end->{in}) {
		if ($end->{raw} || $cut_done) {
			$server->{out} .= $end->{in};
			$end->{in} = '';
			last;
		}
		if ($end->{skip}) {
			my $part = substr $end->{in}, 0, $end->{skip}, '';
			$end->{skip} -= length $part;
			$server->{out} .= $part;
			next;
		}
		if (!$end->{started}) {    # the first message has no type
			last if length $end->{in} < 8;
			my ($length, $code) = unpack 'NN', $end->{in};
			# After a request for encryption, which a server refuses on a Unix socket, the start-up message comes still.
			$end->{started} = 1 unless $code == SSL || $code == GSS;
			$end->{raw} = 1 if $code == CANCEL;
			$end->{skip} = $length;
			next;
		}
		last if length $end->{in} < 5;
		my ($type, $length) = unpack 'aN', $end->{in};
		if ($type eq 'Q') {
			last if length $end->{in} < 1 + $length;
			my $text = substr $end->{in}, 5, $length - 4;
			$text =~ s/\0\z//;
			if (is_moment($text)) {
				cut($end, substr $end->{in}, 0, 1 + $length);
				return;
			}
		}
		$end->{skip} = 1 + $length;
	}
}

sub is_moment {
	my ($text) = @_;
	return $text =~ /\A\s*begin/i if $mode eq 'begin';
	return $text =~ /\A\s*commit\s*;?\s*\z/i;
}

sub cut {
	my ($client, $message) = @_;
	my $server = $client->{peer};
	$cut_done = 1;
	$client->{in} = '';
	if ($mode eq 'begin' || $mode eq 'before') {
		end_session($server);
		return;
	}
	$client->{cut} = $server->{cut} = 'answer';
	$server->{out} .= $message;
}

# The server's answer to COMMIT, until it is ready for the next query.
sub from_server_cut {
	my ($server, $bytes) = @_;
	return if $server->{cut} eq 'closing';
	$server->{answer} .= $bytes;
	while (length $server->{answer} >= 5) {
		my ($type, $length) = unpack 'aN', $server->{answer};
		last if length $server->{answer} < 1 + $length;
		my $message = substr $server->{answer}, 0, 1 + $length, '';
		$server->{peer}{out} .= $message if $mode eq 'after';
		next unless $type eq 'Z';
		if ($mode eq 'during-gone') {
			close $listener;
			unlink $listen_path;
			undef $listener;
		}
		end_session($server);
		return;
	}
}

# The server sees its client gone; when it has ended its session, take_in() closes both sides.
sub end_session {
	my ($server) = @_;
	$server->{cut} = $server->{peer}{cut} = 'closing';
	$server->{out} = '';
	shutdown $server->{socket}, 1;
}
