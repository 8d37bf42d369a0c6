"""Who wrote a mail: a mail server, a machine that answers for a person, or a person."""

import re
from collections.abc import Mapping


def is_from_a_server(headers: Mapping[str, str], subject: str) -> bool:
    """Tell whether sender, envelope or subject say that a mail server speaks."""
    if _NULL_SENDER.match(headers.get("return-path", "").strip()):
        return True
    if "x-failed-recipients" in headers or _SERVER.search(headers.get("from", "")):
        return True
    return bool(_SUBJECT.search(subject)) or "<smtp32" in headers.get("x-mailer", "").lower()


def is_auto_reply(headers: Mapping[str, str], subject: str) -> bool:
    """Tell whether a machine answered for a person: an absence note, a receipt, a vacation."""
    if _DAEMON.search(headers.get("from", "")):
        return False
    if any(name in headers for name in _AUTO_HEADERS):
        return True
    if headers.get("precedence", "").lower() in {"auto_reply", "auto-reply"}:
        return True
    return bool(_AUTO_SUBJECT.search(subject))


def is_reply_by_itself(headers: Mapping[str, str]) -> bool:
    """Tell whether a mail says so of itself (RFC 3834), and is not from a mail server."""
    said = headers.get("auto-submitted", "").lower().startswith("auto-replied")
    return said and not _DAEMON.search(headers.get("from", ""))


def is_human_reply(headers: Mapping[str, str], subject: str) -> bool:
    """Tell whether somebody answered a mail; what they quote is not news."""
    if _NULL_SENDER.match(headers.get("return-path", "").strip()):
        return False
    return bool(_REPLY.match(subject)) and not _DAEMON.search(headers.get("from", ""))


def unquoted(text: str) -> str:
    """Return a forwarded text without the marks of quoting before its lines."""
    return _QUOTED.sub("", text)


_NULL_SENDER = re.compile(r"<\s*>|<?mailer-daemon(?:@|>|$)", re.IGNORECASE)
_DAEMON = re.compile(r"mailer[ _-]?daemon|mail delivery s|postmaster@|mail system", re.IGNORECASE)
_SERVER = re.compile(
    r"mailer[ _-]?daemon|postmaster|mail[ ._-]?delivery|mail[ ._-]?admin|mail system|mdaemon|"
    r"system administrator|delivery[ _-]?(?:subsystem|system|service)|"
    r"microsoft (?:exchange|outlook)|interscan|no-?reply@.{0,80}(?:dion|auone)|<>",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|non-?deliver|not delivered|returned mail|return(?:ing|ed) message|failure notice|"
    r"deliver\w* (?:status|fail|problem|error|notification|has failed|report)|failed deliver|"
    r"(?:mail|message|e-?mail) (?:delivery|could not|system error|undeliver)|mail failure|"
    r"could not be delivered|warning: (?:could not|message)|permanent (?:delivery )?fail|"
    r"there was an error sending|error sending your mail|loop alert|bounce|unzustellbar|"
    r"nicht zugestellt|non remis|non d[ée]livr|chec de (?:la )?remise|"
    r"no se (?:puede|pudo) entregar|no entregado|mancata consegna|impossibile recapitare|n[ãa]o entregue|onbestelbaar|"
    r"niet (?:bezorgd|afgeleverd)|niedostarcz|не\s?достав|недостав|"
    r"配信(?:不能|エラー)|送信エラー|届きませんでした|退信|无法投递|無法傳遞|배달되지",
    re.IGNORECASE,
)
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
    r"^\s*(?:(?:re|aw|sv|vs|antw)\s?:\s*)?(?:\[?auto(?:matic|matische|matisch|mated)?[ _-]?"
    r"(?:reply|response|respons|antwort|answer)|out[ -]of[ -](?:the[ -])?office|ooo\b|"
    r"automatische antwort|abwesenheit|abwesend|ich bin (?:nicht im b|abwesend)|abwesenheitsnotiz|"
    r"r[ée]ponse automatique|absence du bureau|absent du bureau|message d'absence|"
    r"respuesta autom[áa]tica|fuera de la oficina|risposta automatica|fuori (?:sede|ufficio)|"
    r"resposta autom[áa]tica|aus[êe]ncia|fora do escrit|automatisch antwoord|afwezig|"
    r"niet aanwezig|autosvar|automatiskt svar|frånvar|odpowied[źz] automatyczna|automatyczna odpow|"
    r"автоматический ответ|автоответ|自動返信|自動応答|不在通知|不在のお知らせ|"
    r"自动回复|自动答复|자동 ?응답|"
    r"vacation|away from (?:my|the) (?:mail|office|desk)|on (?:vacation|holiday|leave)\b|"
    r"i am (?:out|away)\b|i'm (?:out|away)\b|on annual leave|maternity leave)",
    re.IGNORECASE,
)
_REPLY = re.compile(
    r"\s*(?:re|aw|sv|vs|antw|odp|res|r|回复|答复|返信|ответ)\s?(?:\[\d{1,3}\])?\s?[:\uff1a]",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"^(?:>[ ]?){1,10}", re.MULTILINE)
