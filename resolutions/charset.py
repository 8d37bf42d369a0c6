"""Bytes in whatever character set they claim to be in → text. Never raises."""

import codecs
import re
from functools import lru_cache

JAPANESE = ("utf-8", "euc_jp", "cp932")
"""Tried in this order for Japanese mail that is not in the charset it names."""

SAMPLE = 4_096
"""Bytes from which the charset of a text that names none is guessed."""

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
    """Return the text; an unknown or wrong charset falls back to UTF-8, then to a guess.

    UTF-7 is not decoded: what it says in ASCII is enough, what it hides is better not seen.
    """
    if b"\x1b$" in raw or b"\x1b(J" in raw:  # says itself that it is ISO-2022-JP
        return raw.decode("iso2022_jp_ext", "replace")
    charset = charset.strip().strip("\"'").lower()
    if raw.isascii() and "utf-16" not in charset and charset != "hz":
        return raw.decode("ascii")
    if charset.startswith("iso-2022-jp"):
        return _first_that_fits(raw, JAPANESE)
    if charset not in _ALWAYS_GUESSED and (codec := _codec(ALIASES.get(charset, charset))):
        try:
            return raw.decode(codec)
        except (UnicodeError, ValueError):
            if codec != "utf-8":
                return raw.decode(codec, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        return _first_that_fits(raw, _likely(raw[:SAMPLE]))


_ALWAYS_GUESSED = frozenset({"", "us-ascii", "ascii", "iso-8859-1", "unknown-8bit", "x-unknown"})
# Python knows more codecs than mail has charsets, some of them slow (punycode) or not about text
_CHARSET = re.compile(
    r"(?:utf(?!-?7)|iso|windows|cp|koi|gb|hz|big5|euc|shift|latin|mac|johab|ks_c|tis|ibm|viscii)[\w.:-]*\Z"
)


def _first_that_fits(raw: bytes, guesses: tuple[str, ...]) -> str:
    for guess in guesses:
        try:
            return raw.decode(guess)
        except UnicodeError:
            continue
    return raw.decode(guesses[-1] if len(guesses) == 1 else "cp1252", "replace")


def _likely(sample: bytes) -> tuple[str, ...]:
    """Guess by what stands out: kana, words that are pairs of bytes, words without ASCII."""
    if len(_KANA_SHIFTED.findall(sample)) > 2:
        return ("cp932", "cp1252")
    high = len(_HIGH.findall(sample))
    if high * 2 < len(_LETTER.findall(sample)):
        return ("cp1252",)
    for small_letters, codec in ((_SMALL_KOI8, "koi8_r"), (_SMALL_1251, "cp1251")):
        if len(small_letters.findall(sample)) * 5 > high * 4:
            return (codec,)
    if _PAIRS.fullmatch(sample):
        return _of_pairs(_PAIR.findall(sample))
    if _BIG_PAIRS.fullmatch(sample):
        return ("big5hkscs", "gb18030")
    return ("cp1252",)


def _of_pairs(pairs: list[bytes]) -> tuple[str, ...]:
    """Tell the charsets apart that use the same bytes by what they use them for."""
    if sum(pair[0] in _KANA for pair in pairs) > 2:
        return ("euc_jp", "gb18030")
    hangul = all(pair[0] <= _LAST_HANGUL for pair in pairs)
    return ("cp949",) if hangul and len(pairs) > 3 else ("gb18030",)


_HIGH = re.compile(rb"[\x80-\xff]")
_LETTER = re.compile(rb"[A-Za-z]")
_SMALL_1251 = re.compile(rb"[\xe0-\xff]")
_SMALL_KOI8 = re.compile(rb"[\xc0-\xdf]")
_KANA_SHIFTED = re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]")
_KANA = (0xA4, 0xA5)
_LAST_HANGUL = 0xC8
_PAIR = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]")
_PAIRS = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xfe][\xa1-\xfe])*+[\xa1-\xfe]?")
_BIG_PAIRS = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xf9][\x40-\x7e\xa1-\xfe])*+[\xa1-\xf9]?")


@lru_cache(maxsize=256)
def _codec(name: str) -> str:
    if len(name) > 40 or not _CHARSET.match(name):
        return ""
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
