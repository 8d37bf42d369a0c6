"""`bounce manifest`: prints the manifest of the Slack app."""

import argparse

from bot.cli.command import UsageError
from bot.cli.output import write
from bot.slack.manifest import manifest


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    about = "public address of the bot; without: Socket Mode"
    parser.add_argument("--url", default="", help=about)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print the manifest for Socket Mode or for a public address."""
    try:
        text = manifest(chosen.url)
    except ValueError as error:
        raise UsageError(f"--url: {error}" if chosen.url else str(error)) from error
    write(text.removesuffix("\n"))
    return 0
