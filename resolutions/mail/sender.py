"""Who wrote a mail: a mail server, a machine that answers for a person, or a person."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from resolutions.mail.text.quoting import SERVER


@dataclass(frozen=True)
class Sender:
    """Who wrote a mail, as far as its header fields and its decoded subject tell."""

    headers: Mapping[str, str]
    subject: str

    @cached_property
    def is_server(self) -> bool:
        """Whether sender, envelope or subject say that a mail server speaks."""
        return self._has_no_envelope or self.claims_to_bounce

    @cached_property
    def claims_to_bounce(self) -> bool:
        """Whether more than the empty envelope sender says that a mail server speaks.

        Absence notes have that sender, too (RFC 3834, 3.3).
        """
        headers = self.headers
        if "x-failed-recipients" in headers or SERVER.search(headers.get("from", "")):
            return True
        if "x-mlserver" in headers and "-admin@" in headers.get("from", ""):  # FML's own mails
            return True
        if "<smtp32" in headers.get("x-mailer", "").lower():
            return True
        return bool(_SUBJECT.search(self.subject)) and not self._only_speaks_of_bounces

    @cached_property
    def is_daemon(self) -> bool:
        """Whether a mail server speaks by its own name: more than a subject may claim."""
        return bool(_DAEMON.search(self.headers.get("from", "")))

    @cached_property
    def is_auto_reply(self) -> bool:
        """Whether a machine answered for a person: an absence note, a receipt, a vacation."""
        if self.is_daemon:
            return False
        if any(self.headers.get(name, "no").lower() not in {"no", "none"} for name in _AUTO_FIELDS):
            return True
        if self.headers.get("precedence", "").lower() in {"auto_reply", "auto-reply"}:
            return True
        return bool(_AUTO_SUBJECT.match(self.subject))

    @cached_property
    def is_auto_submitted(self) -> bool:
        """Whether a mail says of itself that it is a reply (RFC 3834), and no server wrote it."""
        word = self.headers.get("auto-submitted", "").strip().lower()
        replies = word.startswith("auto-replied") or (word.startswith("auto-") and self._replies)
        return replies and not self.is_daemon

    @property
    def is_machine(self) -> bool:
        """Whether a mail that reports nothing was at least not written by a person.

        An empty envelope sender without more is that of an absence note, too (RFC 3834, 3.3).
        """
        if self.is_auto_reply or self.is_auto_submitted:
            return True
        return self.is_server and not self.claims_to_bounce

    @cached_property
    def is_person_replying(self) -> bool:
        """Whether somebody answered a mail; what they quote is not news."""
        return bool(_REPLY.match(self.subject)) and not (self._has_no_envelope or self.is_daemon)

    @property
    def passes_on(self) -> bool:
        """Whether somebody forwarded the mail of another."""
        return _FORWARDED.match(self.subject) is not None

    def challenges(self, text: str) -> bool:
        """Tell whether the recipient's system asks the sender to prove to be a person."""
        if self.is_daemon:
            return False
        if not (self._has_no_envelope or (not self._envelope and self.is_auto_submitted)):
            return False
        return bool(_CHALLENGE.search(self.subject) or _CHALLENGE.search(text[:2_000]))

    @property
    def _envelope(self) -> str:
        return self.headers.get("return-path", "").strip()

    @property
    def _has_no_envelope(self) -> bool:
        return _NULL_SENDER.match(self._envelope) is not None

    @property
    def _only_speaks_of_bounces(self) -> bool:
        """Whether a mail with such a subject is a newsletter, or written by a person."""
        if not self._envelope or self._has_no_envelope:
            return False
        by_hand = f"{self.headers.get('user-agent', '')} {self.headers.get('x-mailer', '')}"
        return bool(_BY_HAND.search(by_hand)) or any(name in self.headers for name in _NO_SERVER)

    @property
    def _replies(self) -> bool:
        return "in-reply-to" in self.headers or bool(_REPLY.match(self.headers.get("subject", "")))


_NULL_SENDER = re.compile(r"<\s*>|<?mailer-daemon(?:@|>|$)", re.IGNORECASE)
_DAEMON = re.compile(r"mailer[ _-]?daemon|mail delivery s|postmaster@|mail system", re.IGNORECASE)
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
_AUTO_FIELDS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-vacation",
)
_AUTO_SUBJECT = re.compile(
    r"\s{0,20}(?:(?:re|aw|sv|vs|antw)\s?:\s*)?[\[(<\u3010]{0,2}(?:auto ?:|"
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
_FORWARDED = re.compile(r"(?:fwd?|wg|tr|rv|enc|i|vs|doorst|fw)\s?:", re.IGNORECASE)
