"""HTML → the text a person would see."""

import re
from html import unescape


def without_tags(html: str) -> str:
    """Return the text of an HTML document, one line a block or a row."""
    for tag in ("style", "script", "head"):
        html = _without_element(html, tag)
    html = _CELL_TAG.sub(" ", html)
    html = _BLOCK_TAG.sub("\n", html)
    html = _TAG.sub("", html)
    return unescape(html).replace("\xa0", " ") if "&" in html else html


_BLOCK_TAG = re.compile(
    r"<(?:br\b[^<>]{0,2000}>[ \t]{0,80}\n?|"
    r"(?:/?p|/?div|/?tr|/?li|/?h[1-6]|/?table|hr)\b[^<>]{0,2000}>)",
    re.IGNORECASE,
)
_CELL_TAG = re.compile(r"</t[dh]\b[^<>]{0,2000}>\s{0,80}", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")


def _without_element(html: str, tag: str) -> str:
    """Cut out an element with its content; by searching, as an expression could run away."""
    lower = html.lower()
    if len(lower) != len(html) or f"<{tag}" not in lower:
        return html
    kept, at = [], 0
    while (start := lower.find(f"<{tag}", at)) >= 0:
        kept.append(html[at:start])
        end = lower.find(f"</{tag}", start)
        if end < 0:
            return "".join(kept)
        at = end
    kept.append(html[at:])
    return "".join(kept)
