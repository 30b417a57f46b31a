# cut-proxy.pl PORT BYTES [TIMES] - passes connections on to PORT of this machine, and cuts those over which a client has sent BYTES
#
# Prints its own port. After TIMES cuts, if given, all pass.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($to, $most, $times) = @ARGV;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, ReuseAddr => 1) or die "listen: $!";
$SIG{PIPE} = 'IGNORE';
$| = 1;
print $server->sockport, "\n";
my $all = IO::Select->new($server);
my (%peer, %sent);

sub drop {
  my @ends = ($_[0], $peer{ $_[0] });
  for my $end (@ends) {
    $all->remove($end);
    delete $peer{$end};
    close $end;
  }
}

while (1) {
  my @ready = $all->can_read; # they outlive the loop, which may drop one
  for my $end (@ready) {
    if ($end == $server) {
      my $client = $server->accept or next;
      my $there = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $to) or die "connect: $!";
      @peer{ $client, $there } = ($there, $client);
      $sent{$client} = 0;
      $all->add($client, $there);
      next;
    }
    next unless $peer{$end};
    my $n = sysread $end, my $bytes, 65536;
    if (!$n) { drop($end); next }
    if (defined $sent{$end} && ($sent{$end} += $n) >= $most && (!defined $times || $times-- > 0)) { drop($end); next }
    my $at = 0;
    while ($at < $n) { $at += syswrite($peer{$end}, $bytes, $n - $at, $at) // last }
  }
}
