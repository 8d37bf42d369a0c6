"""Whether a text for people tells of a failure, a delay or a delivery."""

import re

from resolutions.bounce import Kind


def kind_of(text: str) -> Kind:
    """Tell whether a text for people tells of a delivery, warns of a delay, or gave up."""
    lower = text.lower()
    if "success" in lower and _DELIVERED.search(lower):
        return Kind.DELIVERED
    return Kind.DEFERRAL if _DELAY.search(lower) else Kind.BOUNCE


def speaks_of_failure(text: str) -> bool:
    """Tell whether the beginning of a text says, in whatever words, that a mail did not arrive."""
    beginning = text[:8_192]
    return bool(_REFUSED.search(beginning) or _NOT_DELIVERED.search(beginning))


def quotes_a_refusal(text: str) -> bool:
    """Tell whether the beginning of a text says that delivery failed, and quotes a server."""
    beginning = text[:4_096]
    return bool(_REFUSED.search(beginning)) and says_failed(beginning)


def says_failed(text: str) -> bool:
    """Tell whether a text says in plain words that delivery failed."""
    return bool(_FAILED.search(text))


_DELIVERED = re.compile(
    r"^[ \t]*(?:your (?:e-?mail )?message|this message|the message you sent|delivery)\b[^.:]{0,60}"
    r"(?:(?:was|has been) successfully (?:delivered|relayed)|was successful\b)",
    re.MULTILINE,
)
_DELAY = re.compile(
    r"do(?:es)? not need to resend|no need to resend|this is a warning|has been delayed|"
    r"will be retried|delivery attempts will continue|will continue (?:trying|to try)|"
    r"no action is required on your part|not yet (?:been )?(?:delivered|received)|"
    r"still trying to deliver|do(?:es)? not need to re-send|"
    r"only a temporary failure|message is delayed|will keep trying|"
    r"delivery .{0,30}(?:is|was) delayed|a delay (?:in )?(?:the )?deliver|"
    r"delay in (?:the )?(?:message )?deliver"
)
_REFUSED = re.compile(r"[45](?<![\d.][45])\d\d[ -]#?[45]\.\d\.\d{1,3}\b")
_NOT_DELIVERED = re.compile(
    r"undeliver|(?:not|n['\u2019]t|unable to|never) (?:be |been )?(?:successfully )?"
    r"(?:deliver|reach)|(?:deliver\w*|e?-?mail|message|sending) [^.\n]{0,60}"
    r"(?:failed|failure|refused|rejected|aborted|returned)|permanent error|fatal error|"
    r"(?:user|recipient|mailbox|account)[^.\n]{0,40}(?:unknown|not found|full|disabled|"
    r"does not exist|over quota|unavailable)|no such user|smtp error|<<< [45]\d\d|"
    r"remote (?:host|server) (?:said|replied)|(?:421|45[0-2]|55[0-4])[ -](?!\d)\S|"
    r"zugestellt|unzustellbar|unbekannt|remis|distribué|entregar|entregad|consegn|recapit|"
    r"bezorg|afgelever|dostarcz|достав|配信|送信|退信|投递|投遞|送达|傳送|배달|전송",
    re.IGNORECASE,
)
"""How a server that shows by nothing else what it is says that a mail did not arrive."""
_FAILED = re.compile(
    r"undeliver|nicht zugestellt|non remis|"
    r"(?:not|n[o']t|never|un)(?: be)?(?: able to)? (?:deliver|sent|send|accept)|"
    r"was refused|rejected|failed|returned|(?<![\d.])[45](?:\d\d|\.\d\.\d{1,3}) ",
    re.IGNORECASE,
)
