"""`bounce explain`: what a reason, a code or a reply means, and what to do."""

import argparse

from bot.cli.output import tell
from bot.cli.own_files import OwnFiles
from bot.cli.text.explanation import explained


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    parser.add_argument("words", nargs="*", help="without: all reasons, a line each")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Explain what the words mean; suggest what may be meant if nothing fits."""
    tell(explained(" ".join(chosen.words), OwnFiles.of(chosen.config)))
    return 0
