"""Who wrote a mail: a mail server, a machine that answers for a person, or a person."""

import re
from collections.abc import Mapping
from itertools import islice

QUOTES_LIMIT = 3
"""How often a text may have been forwarded, each time with marks before its lines."""


def is_from_a_server(headers: Mapping[str, str], subject: str) -> bool:
    """Tell whether sender, envelope or subject say that a mail server speaks."""
    if _NULL_SENDER.match(headers.get("return-path", "").strip()):
        return True
    return claims_to_be_a_bounce(headers, subject)


def claims_to_be_a_bounce(headers: Mapping[str, str], subject: str) -> bool:
    """Tell whether more than the empty envelope sender says that a mail server speaks.

    Absence notes have that sender, too (RFC 3834, 3.3).
    """
    if "x-failed-recipients" in headers or _SERVER.search(headers.get("from", "")):
        return True
    if "x-mlserver" in headers and "-admin@" in headers.get("from", ""):  # FML's own mails
        return True
    if "<smtp32" in headers.get("x-mailer", "").lower():
        return True
    return bool(_SUBJECT.search(subject)) and not _only_speaks_of_bounces(headers)


def is_sent_by_a_server(headers: Mapping[str, str]) -> bool:
    """Tell whether a mail server speaks by its own name: more than a subject may claim."""
    return bool(_DAEMON.search(headers.get("from", "")))


def is_auto_reply(headers: Mapping[str, str], subject: str) -> bool:
    """Tell whether a machine answered for a person: an absence note, a receipt, a vacation."""
    if _DAEMON.search(headers.get("from", "")):
        return False
    if any(headers.get(name, "no").lower() not in {"no", "none"} for name in _AUTO_HEADERS):
        return True
    if headers.get("precedence", "").lower() in {"auto_reply", "auto-reply"}:
        return True
    return bool(_AUTO_SUBJECT.search(subject))


def is_reply_by_itself(headers: Mapping[str, str]) -> bool:
    """Tell whether a mail says so of itself (RFC 3834), and is not from a mail server."""
    said = headers.get("auto-submitted", "").strip().lower()
    answers = said.startswith("auto-replied") or (said.startswith("auto-") and _answers(headers))
    return answers and not _DAEMON.search(headers.get("from", ""))


def is_answer_of_a_machine(headers: Mapping[str, str], subject: str) -> bool:
    """Tell whether a mail that reports nothing was at least not written by a person.

    An empty envelope sender without more is that of an absence note, too (RFC 3834, 3.3).
    """
    if is_auto_reply(headers, subject) or is_reply_by_itself(headers):
        return True
    return is_from_a_server(headers, subject) and not claims_to_be_a_bounce(headers, subject)


def _only_speaks_of_bounces(headers: Mapping[str, str]) -> bool:
    """Tell whether a mail with such a subject is a newsletter, or written by a person."""
    if not _envelope(headers) or _NULL_SENDER.match(_envelope(headers)):
        return False
    by_hand = f"{headers.get('user-agent', '')} {headers.get('x-mailer', '')}"
    return bool(_BY_HAND.search(by_hand)) or any(name in headers for name in _NO_SERVER)


def _answers(headers: Mapping[str, str]) -> bool:
    return "in-reply-to" in headers or bool(_REPLY.match(headers.get("subject", "")))


def is_challenge(headers: Mapping[str, str], subject: str, text: str) -> bool:
    """Tell whether the recipient's system asks the sender to prove to be a person."""
    if _DAEMON.search(headers.get("from", "")):
        return False
    envelope = _envelope(headers)
    if not (_NULL_SENDER.match(envelope) or (not envelope and is_reply_by_itself(headers))):
        return False
    return bool(_CHALLENGE.search(subject) or _CHALLENGE.search(text[:2_000]))


def _envelope(headers: Mapping[str, str]) -> str:
    return headers.get("return-path", "").strip()


def is_human_reply(headers: Mapping[str, str], subject: str) -> bool:
    """Tell whether somebody answered a mail; what they quote is not news."""
    if _NULL_SENDER.match(headers.get("return-path", "").strip()):
        return False
    return bool(_REPLY.match(subject)) and not _DAEMON.search(headers.get("from", ""))


def unquoted(text: str) -> str:
    """Return a forwarded text without the marks of quoting before its lines.

    They go where most lines have them once they begin, and only down to a server's words.
    """
    for depth in range(QUOTES_LIMIT):
        if depth and is_quoted_from_a_server(text):
            break
        first = _QUOTED.search(text)
        if first is None:
            break
        quoted = text[first.start() :]
        lines = sum(1 for line in quoted.splitlines() if line.strip())
        if len(_QUOTED.findall(quoted)) * 2 < lines:
            break
        text = _QUOTED.sub("", text)
    return text


def behind_header(text: str) -> str:
    """Return what a server's mail says that was passed on: all behind the header lines quoted."""
    for match in islice(_QUOTED_HEADER.finditer(text), 8):
        if _SERVER.search(match[1]):
            begin = _HEADER_LINES.match(text, match.end())
            behind = text[begin.end() :] if begin else ""
            return behind if behind.strip() else text
    return text


def is_quoted_from_a_server(text: str) -> bool:
    """Tell whether the header lines that head a forwarded text name a mail server."""
    return any(_SERVER.search(line) for line in islice(_QUOTED_HEADER.findall(text), 8))


_NULL_SENDER = re.compile(r"<\s*>|<?mailer-daemon(?:@|>|$)", re.IGNORECASE)
_DAEMON = re.compile(r"mailer[ _-]?daemon|mail delivery s|postmaster@|mail system", re.IGNORECASE)
_SERVER = re.compile(
    r"mailer[ _-]?daemon|postmaster|mail[ ._-]?delivery|mail ?router|mail ?daemon|"
    r"mail[ ._-]?admin|mail system|mdaemon|"
    r"system administrator|delivery[ _-]?(?:subsystem|system|service)|"
    r"microsoft (?:exchange|outlook)|interscan|no-?reply@.{0,80}(?:dion|auone)|<>",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|non-?deliver|not delivered|returned mail|(?:mail|message) returned|"
    r"return(?:ing|ed) message|failure notice|"
    r"deliver\w* (?:status|fail|problem|error|notification|has failed|report)|failed deliver|"
    r"(?:mail|message|e-?mail) (?:delivery|could not|system error|undeliver)|mail failure|"
    r"could not be delivered|warning: (?:could not|message)|permanent (?:delivery )?fail|"
    r"there was an error sending|error sending your mail|loop alert|bounce|unzustellbar|"
    r"zustellfehler|unknown user|error sending message|message (?:was |has been )?rejected|"
    r"nicht zugestellt|non remis|non d[ée]livr|chec de (?:la )?remise|"
    r"nedoru[cč]|nedorucen|nodod[ae]|doru[cč]it|not be sent|"
    r"no se (?:puede|pudo|ha podido) entregar|no entregado|mancata consegna|"
    r"non recapitabile|impossibile recapitare|n[ãa]o entregue|poss[íi]vel entregar|onbestelbaar|"
    r"kan inte levereras|kan ikke leveres|kunne ikke leveres|toimitus ep|teslim edilemedi|"
    r"niet (?:bezorgd|afgeleverd)|niedostarcz|не\s?достав|недостав|"
    r"配信(?:不能|エラー)|送信エラー|届きませんでした|退信|未送达|无法投递|無法傳遞|無法傳送|"
    r"배달되지|배달할 수 없",
    re.IGNORECASE,
)
_NO_SERVER = ("list-unsubscribe", "in-reply-to", "references")
_BY_HAND = re.compile(
    r"thunderbird|outlook|apple mail|i(?:phone|pad) mail|mutt|k-9|evolution|kmail|roundcube|"
    r"horde|squirrelmail|claws|the bat|pegasus|eudora|alpine|zimbra|mailspring|evm",
    re.IGNORECASE,
)
_HEADER_LINES = re.compile(r"(?:\n[ \t]{0,8}[*_]{0,2}[\w-]{1,20}[*_]{0,2}\s?:[^\n]{0,500})*")
_AUTO_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-vacation",
)
_AUTO_SUBJECT = re.compile(
    r"^\s{0,20}(?:(?:re|aw|sv|vs|antw)\s?:\s*)?[\[(<\u3010]{0,2}(?:auto ?:|"
    r"auto(?:matic|matische|matisch|mated)?[ _-]?(?:reply|response|respons|antwort|"
    r"answer)|out[ -]of[ -](?:the[ -])?office|ooo\b|"
    r"automatische antwort|abwesenheit|abwesend|ich bin (?:nicht im b|abwesend)|abwesenheitsnotiz|"
    r"r[ée]ponse automatique|absence du bureau|absent du bureau|message d'absence|"
    r"respuesta autom[áa]tica|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)|"
    r"resposta autom[áa]tica|aus[êe]ncia|fora do escrit|automatisch antwoord|afwezig|"
    r"niet aanwezig|autosvar|automatiskt svar|frånvar|odpowied[źz] automatyczna|automatyczna odpow|"
    r"automatisk svar|automaattinen vastaus|automatick[áa] odpov[ěe][dď]|automatikus v[áa]lasz|"
    r"r[ăa]spuns automat|autom[āa]tisk[āa] atbilde|automatski odgovor|otomatik yan[\u0131i]t|"
    r"αυτόματη απάντηση|תשובה אוטומטית|رد تلقائي|"
    r"автоматический ответ|автоответ|автоматична відповідь|自動返信|自動応答|不在通知|"
    r"不在のお知らせ|自动回复|自动答复|自動回覆|자동 ?(?:응답|회신)|autoresponder\b|"
    r"vacation|away from (?:my|the) (?:mail|office|desk)|on (?:vacation|holiday|leave)\b|"
    r"i am (?:out|away)\b|i'm (?:out|away)\b|on annual leave|maternity leave)",
    re.IGNORECASE,
)
_REPLY = re.compile(
    r"\s{0,20}(?:re|aw|sv|vs|antw|odp|res|r|回复|答复|返信|ответ)\s?(?:\[\d{1,3}\])?\s?[:\uff1a]",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    r"(?:confirm|verify|authenticate|release) (?:that )?(?:your|you are|you're|this) "
    r"(?:e-?mail|message|mail|address|a human|human|not a robot|a (?:real )?person|delivery)|"
    r"spam ?arrest|boxbe|sendio|tmda|bluebottle|spamblocker|challenge[ /-]response|"
    r"(?:message|e-?mail|mail) (?:is|was|has been) (?:being )?(?:held|waiting|awaiting|"
    r"quarantined) [^.]{0,80}(?:confirm|verif|approv|click|reply)|"
    r"not (?:yet )?(?:on|in) (?:my|the recipient's|their) (?:approved|allowed|white|guest) ?list",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"^>[ ]?", re.MULTILINE)
_QUOTED_HEADER = re.compile(
    r"^[ \t]{0,8}[*_]{0,2}(?:From|Sender|Von|De|Da|Van|Od|Fra|Från|От|差出人|发件人|寄件者)"
    r"[*_]{0,2}\s?:(.+)$",
    re.MULTILINE | re.IGNORECASE,
)
