"""Bytes in whatever character set they claim to be in → text. Never raises."""

import codecs
import re
from collections import Counter
from functools import lru_cache

JAPANESE = ("utf-8", "euc_jp", "cp932")
"""Tried in this order for Japanese mail that is not in the charset it names."""

SAMPLE = 4_096
"""Bytes from which the charset of a text that names none is guessed."""

ALIASES = {
    alias: codec
    for codec, aliases in {
        "gb18030": "gb2312 gbk x-gbk",  # mails say the small set and use the large one
        "cp932": "shift_jis shift-jis sjis x-sjis windows-31j ms932",
        "euc_jp": "x-euc-jp",
        "iso2022_jp_ext": "iso-2022-jp iso-2022-jp-1",
        "cp949": "ks_c_5601-1987 euc-kr x-windows-949",
        "cp1252": "iso-8859-1 us-ascii ascii",
        "iso8859_8": "iso-8859-8-i",
        "cp874": "windows-874",
        "big5hkscs": "big5-hkscs",
    }.items()
    for alias in aliases.split()
}
"""What mails call a charset → the codec that reads it."""

LATIN = (
    ("cp1252", "äöüßÄÖÜ\u201e\u201c\u2013\u2019"),
    ("cp1252", "àâçéèêëîïôùûüœæÀÂÇÉÈÊÎÔ«»\u2019°"),
    ("cp1252", "áéíóúñüÁÉÍÓÚÑ¿¡ºª"),
    ("cp1252", "áâãàéêíóôõúçÁÂÃÀÉÊÍÓÔÕÚÇº"),
    ("cp1252", "àèéìíòóùúÀÈÉÌÒÙ\u2019"),
    ("cp1252", "åäöøæéÅÄÖØÆ"),
    ("iso8859_2", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"),
    ("cp1250", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ\u201e\u201d\u2013"),
    ("cp1254", "çğıöşüÇĞİÖŞÜâî"),
    ("iso8859_2", "áčďéěíňóřšťúůýžäľĺôŕÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ"),
    ("cp1250", "áčďéěíňóřšťúůýžäľĺôŕÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ\u201e\u201c\u2013"),
    ("iso8859_2", "áéíóöőúüűÁÉÍÓÖŐÚÜŰ"),
    ("iso8859_2", "čćđšžČĆĐŠŽ"),
    ("cp1250", "čćđšžČĆĐŠŽ"),
    ("iso8859_2", "ăâîşţĂÂÎŞŢ"),
    ("cp1257", "āčēģīķļņšūžąęėįųĀČĒĪŠŪŽ"),
)
"""What languages add to the Latin letters; the first that explains most bytes is taken."""

SCRIPTS = (
    ("cp1251", "оеаинтсрвлкмдпуяі"),
    ("koi8_r", "оеаинтсрвлкмдпуя"),
    ("iso8859_5", "оеаинтсрвлкмдпуя"),
    ("cp866", "оеаинтсрвлкмдпуя"),
    ("iso8859_7", "αοιτεσνηυρπκμλςόίάέή"),
    ("cp1255", "יוהלאתרמבשנחםדעק"),
    ("cp1256", "اليمنوترةبهدعسفكح"),
    ("iso8859_6", "اليمنوترةبهدعسفكح"),
    ("cp874", "านรกเงอมยลวดท่้ตสีิั"),
)
"""The frequent letters of scripts whose every letter is one byte."""


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
    """Guess by what stands out: kana, words without ASCII, words that are pairs of bytes."""
    if len(_KANA_SHIFTED.findall(sample)) > 2:
        return ("cp932", "cp1252")
    high = _HIGH.sub(b"", sample)
    together = sum(len(run) for run in _RUN.findall(sample))
    if together * 3 < len(high) * 2:
        return (_best(high, LATIN)[1],)
    share, codec = _best(high, SCRIPTS)
    if share > 0.45:
        return (codec, "cp1252")
    if _PAIRS.fullmatch(sample):
        return _of_pairs(_PAIR.findall(sample))
    if _BIG_PAIRS.fullmatch(sample):
        return ("big5hkscs", "gb18030")
    return ("cp1252",)


def _best(high: bytes, alphabets: tuple[tuple[str, str], ...]) -> tuple[float, str]:
    """Return the charset, and the share of bytes in which its frequent letters are found."""
    counts = Counter(high)
    best, codec = -1, "cp1252"
    for name, letters in _bytes_of(alphabets):
        hits = sum(counts[letter] for letter in letters)
        if hits > best:
            best, codec = hits, name
    return best / max(len(high), 1), codec


@lru_cache(maxsize=4)
def _bytes_of(alphabets: tuple[tuple[str, str], ...]) -> tuple[tuple[str, frozenset[int]], ...]:
    return tuple((name, frozenset(letters.encode(name))) for name, letters in alphabets)


def _of_pairs(pairs: list[bytes]) -> tuple[str, ...]:
    """Tell the charsets apart that use the same bytes by what they use them for."""
    if sum(pair[0] in _KANA for pair in pairs) > 2:
        return ("euc_jp", "gb18030")
    hangul = all(pair[0] <= _LAST_HANGUL for pair in pairs)
    return ("cp949",) if hangul and len(pairs) > 3 else ("gb18030",)


_HIGH = re.compile(rb"[\x00-\x7f]+")
_RUN = re.compile(rb"[\x80-\xff]{2,}")
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
