/**
 * Landlock for a tool inside bubblewrap, which cannot mount a workspace `noexec` and leaves it executable. setpriv can do it
 * from 2.41 on only, and bubblewrap is for machines that have an older one; so the rules are put in force by a few lines of
 * Perl, which is an essential package of Debian (perl-base).
 *
 * The script stays as the parent of the tool and says how it ended on descriptor 4, where that is open: `exit <code>` or
 * `signal <number>`. bubblewrap ends like a shell, with 128 and the signal's number, which a program may also exit with by itself.
 *
 * The script gets the directory to start in, which only the tool's user may enter, what is forbidden of TCP, `<rights>:<path>`
 * for each rule, `--`, and the program to execute. It also undoes what came before it: SIGTERM, which bubblewrap must survive, is for the tool again,
 * and the variable that bubblewrap sets is gone.
 */
import { type PathRule, rightsMask } from "./landlock.ts";

/** Of TCP (linux/landlock.h). */
const BIND_AND_CONNECT = 3;

const SCRIPT = `
use strict;
my ($create_ruleset, $add_rule, $restrict_self) = (444, 445, 446);
my ($get_version, $path_beneath, $path_only_close_on_exec) = (1, 1, 0x280000);
sub stop { print STDERR "landlock: $_[0]: $!\\n"; exit 126 }
delete $ENV{PWD};
chdir(shift) or stop("directory");
my $tcp = shift() + 0;
my $abi = syscall($create_ruleset, 0, 0, $get_version);
stop("not available") if $abi < 1;
my $known = $abi < 2 ? 0x1fff : $abi < 3 ? 0x3fff : 0x7fff;
my @more = $abi < 4 ? () : $abi < 6 ? ($tcp) : ($tcp, 3);
my $attributes = pack("Q*", $known, @more);
my $ruleset = syscall($create_ruleset, $attributes, length $attributes, 0);
stop("rule set") if $ruleset < 0;
while (defined(my $rule = shift)) {
  last if $rule eq "--";
  my ($rights, $path) = split(/:/, $rule, 2);
  sysopen(my $file, $path, $path_only_close_on_exec) or stop("open");
  my $beneath = pack("Ql", ($rights + 0) & $known, fileno($file));
  syscall($add_rule, $ruleset, $path_beneath, $beneath, 0) == 0 or stop("rule");
}
syscall($restrict_self, $ruleset, 0) == 0 or stop("enforcement");
my $report;
open($report, ">&=", 4) and fcntl($report, 2, 1) or undef $report;
my $tool = fork;
defined $tool or stop("fork");
if ($tool == 0) {
  $SIG{TERM} = "DEFAULT";
  exec { $ARGV[0] } @ARGV or stop("failed to execute");
}
close $_ for *STDIN, *STDOUT, *STDERR;
waitpid($tool, 0);
my ($signal, $code) = ($? & 127, $? >> 8);
syswrite($report, $signal ? "signal $signal" : "exit $code") if $report;
exit($signal ? 128 + $signal : $code);
`;

export interface StageOptions {
  readonly perl: string;
  /** Where the program starts. */
  readonly cwd: string;
  readonly network: boolean;
}

export function landlockStage({ perl, cwd, network }: StageOptions, rules: readonly PathRule[]): string[] {
  const forbidden = network ? 0 : BIND_AND_CONNECT;
  return [
    perl,
    "-e",
    SCRIPT,
    "--",
    cwd,
    String(forbidden),
    ...rules.map(({ path, rights }) => `${rightsMask(rights)}:${path}`),
    "--",
  ];
}
