# http-server.pl FOLDER - answers HTTP requests with what stands in files, misbehaviour included
#
# Prints its port. The answer to the Nth request for a target is the file FOLDER/<target>.N, or the last one there; its
# bytes are sent as they are. Target names have _ for all but letters, digits, - and = (http.bash makes the files).
# A first line of these is obeyed and not sent:
#   @drip BYTES MS   so many bytes at a time, and a pause after them
#   @stall           nothing is sent, and the connection stays open for ten seconds
#   @flood           the answer, and then blanks for as long as they are taken; its length should be -, which says none
#   @reset           the connection is reset
#   @reset-after N   the same after N bytes
# {port} becomes the port, {date+N} the date N seconds from now as HTTP has it.
# Requests are logged in FOLDER/requests: method, target, and the headers that tests ask about.
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);

my $folder = shift;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, ReuseAddr => 1) or die "listen: $!";
my $port = $server->sockport;
my %count;
$SIG{PIPE} = 'IGNORE';
$| = 1;
print "$port\n";

sub http_date {
  my @t = gmtime(time + shift);
  sprintf '%s, %02d %s %d %02d:%02d:%02d GMT', (qw(Sun Mon Tue Wed Thu Fri Sat))[$t[6]], $t[3],
    (qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec))[$t[4]], 1900 + $t[5], @t[2, 1, 0];
}

sub find_answer {
  my $name = shift;
  $name =~ s/[^A-Za-z0-9=-]/_/g;
  my $n = ++$count{$name};
  $n-- while $n > 0 && !-e "$folder/$name.$n";
  return "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 7\r\nconnection: close\r\n\r\nno such" unless $n;
  open my $in, '<:raw', "$folder/$name.$n" or die;
  local $/;
  return scalar <$in>;
}

sub reset_connection {
  my $client = shift;
  setsockopt $client, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
  close $client;
}

while (my $client = $server->accept) {
  my $head = '';
  while ($head !~ /\r\n\r\n/) { sysread $client, $head, 4096, length $head or last }
  my ($method, $target) = $head =~ /^(\S+) (\S+)/ or next;
  my ($length) = $head =~ /^content-length: (\d+)/im;
  my ($body) = $head =~ /\r\n\r\n(.*)/s;
  while (length $body < ($length // 0)) { sysread $client, $body, 4096, length $body or last }
  my %header;
  $header{lc $1} = $2 while $head =~ /^([^:\s]+): (.*?)\r?$/mg;
  my @told = map { "$_: $header{$_}" } grep { defined $header{$_} } qw(authorization private-token if-none-match if-modified-since if-match);
  push @told, "body: $body" if $body ne '';
  open my $log, '>>', "$folder/requests";
  print $log join(' ', $method, $target, @told), "\n";
  close $log;

  my $answer = find_answer($target);
  my ($how, @words) = $answer =~ s/\A@([^\n]*)\n// ? split ' ', $1 : ('');
  $answer =~ s/\{port\}/$port/g if length $answer < 100_000;
  $answer =~ s/\{date\+(\d+)\}/http_date($1)/ge if length $answer < 100_000;
  if ($how eq 'drip') {
    while (length $answer) {
      defined syswrite $client, substr($answer, 0, $words[0], '') or last;
      select undef, undef, undef, $words[1] / 1000;
    }
  } elsif ($how eq 'stall') {
    my $pid = fork;
    if ($pid == 0) { sleep 10; exit }
  } elsif ($how eq 'flood') {
    my $pid = fork;
    if ($pid == 0) {
      $SIG{PIPE} = 'DEFAULT';
      my $more = $answer;
      while (defined syswrite $client, $more) { $more = ' ' x (1 << 16) }
      exit;
    }
  } elsif ($how eq 'reset' || $how eq 'reset-after') {
    syswrite $client, substr $answer, 0, $words[0] if $how eq 'reset-after';
    select undef, undef, undef, 0.1;
    reset_connection($client);
    next;
  } else {
    my $at = 0;
    while ($at < length $answer) { $at += syswrite($client, $answer, 1 << 20, $at) || last }
  }
  close $client;
}
