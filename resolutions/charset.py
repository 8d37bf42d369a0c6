"""Bytes in whatever character set they claim to be in → text. Never raises."""

import codecs
import re
from functools import lru_cache

GUESSES = ("utf-8", "euc_jp", "cp932")
"""Tried in this order for Japanese mail that is not in the charset it names."""

ALIASES = {
    "gb2312": "gb18030",  # mails say the small set and use the large one
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms932": "cp932",
    "x-euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-1": "iso2022_jp_ext",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "iso-8859-1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-8-i": "iso8859_8",
    "windows-874": "cp874",
    "x-windows-949": "cp949",
    "big5-hkscs": "big5hkscs",
}


def decode(raw: bytes, charset: str) -> str:
    """Return the text; an unknown or wrong charset falls back to UTF-8, then Windows-1252."""
    if b"\x1b$" in raw or b"\x1b(J" in raw:  # says itself that it is ISO-2022-JP
        return raw.decode("iso2022_jp_ext", "replace")
    charset = charset.strip().strip("\"'").lower()
    if raw.isascii() and "utf-7" not in charset and "utf-16" not in charset and charset != "hz":
        return raw.decode("ascii")
    if charset.startswith("iso-2022-jp"):
        return _guessed(raw, GUESSES)
    if charset not in _ALWAYS_GUESSED and (codec := _codec(ALIASES.get(charset, charset))):
        try:
            return raw.decode(codec)
        except (UnicodeError, ValueError):
            return _guessed(raw, ("utf-8",)) if codec == "utf-8" else raw.decode(codec, "replace")
    return _guessed(raw, ("utf-8",))


_ALWAYS_GUESSED = frozenset({"", "us-ascii", "ascii", "iso-8859-1", "unknown-8bit", "x-unknown"})
# Python knows more codecs than mail has charsets, some of them slow (punycode) or not about text
_CHARSET = re.compile(
    r"(?:utf|iso|windows|cp|koi|gb|hz|big5|euc|shift|latin|mac|johab|ks_c|tis|ibm|viscii)[\w.:-]*\Z"
)


def _guessed(raw: bytes, guesses: tuple[str, ...]) -> str:
    for guess in guesses:
        try:
            return raw.decode(guess)
        except UnicodeError:
            continue
    return raw.decode("cp1252", "replace")


@lru_cache(maxsize=256)
def _codec(name: str) -> str:
    if len(name) > 40 or not _CHARSET.match(name):
        return ""
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
