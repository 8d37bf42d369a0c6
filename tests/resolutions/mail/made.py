"""Mails made for one test each, and where the whole ones are."""

from pathlib import Path

MAILS = Path(__file__).parent / "mails"


def mail_of(*headers: str, body: str = "") -> bytes:
    """Return a mail of header lines and a body."""
    return ("\n".join(headers) + "\n\n" + body).encode()
