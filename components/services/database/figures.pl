#!/usr/bin/perl
# Answers every request with the file that is its first argument, as Prometheus reads it.
use strict;
use warnings;
use IO::Socket::INET;

my ($path) = @ARGV;
my $server = IO::Socket::INET->new(LocalPort => 9854, Listen => 5, ReuseAddr => 1) or die "cannot listen: $!\n";
$SIG{PIPE} = 'IGNORE';
while (1) {
  my $client = $server->accept or next;
  # A client that sends nothing must not keep the others waiting.
  eval {
    local $SIG{ALRM} = sub { die };
    alarm 5;
    while (my $line = <$client>) { last if $line =~ /^\r?\n$/ }
    open my $file, '<', $path or die;
    my $text = do { local $/; <$file> };
    print $client "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: ", length $text,
      "\r\nConnection: close\r\n\r\n", $text;
  };
  alarm 0;
  close $client;
}
