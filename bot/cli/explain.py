"""`bounce explain`: what a reason, a code or a reply means, and what to do."""

from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.output import tell
from bot.cli.own_files import OwnFiles
from bot.cli.text.ready import ready

if TYPE_CHECKING:
    import argparse


def add_to(parser: "argparse.ArgumentParser") -> None:
    """Add the words of the command."""
    parser.add_argument("words", nargs="*", help="without: all reasons, a line each")
    parser.set_defaults(run=run)


def run(chosen: "argparse.Namespace") -> int:
    """Explain what was asked with options."""
    return answer(" ".join(chosen.words), chosen.config)


def answer(words: str, config: Path | None = None) -> int:
    """Explain what the words mean; suggest what may be meant if nothing fits."""
    own = OwnFiles.of(config)
    text = ready(words, own)
    if text is None:
        from bot.cli.text.explanation import explained

        text = explained(words, own)
    tell(text)
    return 0
