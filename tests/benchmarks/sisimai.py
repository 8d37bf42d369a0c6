"""How many replies a second the Perl library Sisimai names a reason for, on the same texts."""

import shutil
import subprocess
from collections.abc import Sequence

PROGRAM = """
use Sisimai::Reason; use Time::HiRes; binmode STDIN, ':utf8';
my @texts = <STDIN>; chomp @texts; my $begun = (times)[0];
Sisimai::Reason->match($_) for @texts;
print scalar(@texts) / ((times)[0] - $begun);
"""


def sisimai_rate(texts: Sequence[str]) -> float | None:
    """Return how many texts a second it takes, in processor time; None where it is not there."""
    perl = shutil.which("perl")
    if not perl:
        return None
    done = subprocess.run(
        [perl, "-e", PROGRAM],
        input="\n".join(" ".join(text.split()) for text in texts).encode(),
        capture_output=True,
        check=False,
    )
    return float(done.stdout) if done.returncode == 0 else None
