"""Stops a server whose test run was killed: the pipe from the parent ends with it.

python tests/end_with_parent.py PID
"""

import os
import signal
import sys
from contextlib import suppress

if __name__ == "__main__":
    sys.stdin.read()
    with suppress(ProcessLookupError):
        os.kill(int(sys.argv[1]), signal.SIGINT)
