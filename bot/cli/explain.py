"""`bounce explain`: what a reason, a code or a reply means, and what to do."""

import argparse

from bot.cli.output import tell
from bot.cli.own_files import OwnFiles
from bot.cli.text.ready import ready


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    parser.add_argument("words", nargs="*", help="without: all reasons, a line each")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Explain what the words mean; suggest what may be meant if nothing fits."""
    words, own = " ".join(chosen.words), OwnFiles.of(chosen.config)
    text = ready(words, own)
    if text is None:
        from bot.cli.text.explanation import explained

        text = explained(words, own)
    tell(text)
    return 0
