"""What servers write for people to read: one table of the shapes of bounces that are no report.

A shape is data: a cue that must occur, how a recipient is introduced, and where the server's
words are. Shapes are tried in order; the first that finds a recipient is taken.
"""

import re
from dataclasses import dataclass
from functools import partial

from resolutions.failure import ADDRESS

_compile = partial(re.compile, flags=re.MULTILINE | re.IGNORECASE)
_ANY = rf"<?({ADDRESS})>?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one kind of server words its bounces.

    `cue` occurs in the text (lower case); `to` finds each recipient (group 1; group 2, if any, is
    the alias it was expanded from). The server's words are what `why` finds behind the recipient
    (or anywhere, if `anywhere`), without `why` all that follows up to the next recipient.
    """

    name: str
    cue: str
    to: re.Pattern[str]
    why: re.Pattern[str] | None = None
    anywhere: bool = False
    lines: bool = False


SHAPES = (
    # "Diagnostic information for administrators" of Exchange 2007 and later, in many languages
    Shape(
        name="exchange2007",
        cue="#",
        to=_compile(rf"^[ \t]*{_ANY}[ \t]*\n(?=#[< ]?[#]?\s?[245][\d.])"),
        why=_compile(r"#([<#]?(?:.+\n?){1,12})"),
    ),
    Shape(
        name="exchange",
        cue=" returned '",
        to=_compile(
            rf"^[ \t]*{_ANY}(?:[ \t]*\n[\w.-]{{1,200}})?[ \t]*\n(?=.{{0,200}}\breturned ')"
        ),
        why=_compile(r"\breturned '((?:[^\n]+\n?){1,12})"),
    ),
    Shape(
        name="exchange2003",
        cue="did not reach the following recipient",
        to=_compile(rf"^[ \t]*'?{_ANY}'?,? on .{{6,60}}$"),
    ),
    Shape(
        name="exchange2003-name",
        cue="did not reach the following recipient",
        to=_compile(rf"recipient(?:\(s\)|s)?:\s+(?:[^\n@]{{0,200}}\s)?'?{_ANY}'?"),
    ),
    # Oracle (Sun, iPlanet) Messaging Server
    Shape(
        name="messaging-server",
        cue="recipient address:",
        to=_compile(rf"^[ \t]*Recipient address:[ \t]*{_ANY}"),
        why=_compile(
            r"(?:Diagnostic code|Reason):[ \t]*((?:smtp;)?.+(?:\n[ \t]{3,}(?!Diag|Remote).+){0,6})"
        ),
    ),
    # James, MailMarshal, MessageLabs and Mimecast, MailFoundry, IMail, Domino: keyed sentences
    Shape(
        name="james",
        cue="failed recipient(s):",
        to=_compile(rf"^[ \t]*{_ANY}[ \t]*$"),
        why=_compile(r"Error message:\s*((?:.+\n?){1,12})"),
        anywhere=True,
    ),
    Shape(
        name="mailmarshal",
        cue="recipients were affected",
        to=_compile(rf"^[ \t]+{_ANY}[ \t]*$"),
        why=_compile(r"could not be delivered because of\s*:?\s*((?:.+\n?){1,8})"),
        anywhere=True,
    ),
    Shape(
        name="messagelabs",
        cue="could not be delivered",
        to=_compile(rf"^--[ \t]*{_ANY}[ \t]*$"),
        why=_compile(
            r"(?:information follows|appears to be)[ \t]*:[ \t]*\n--[ \t]*((?:.+\n?){1,6})"
        ),
    ),
    Shape(
        name="mailfoundry",
        cue="unable to deliver message to:",
        to=_compile(rf"Unable to deliver message to:[ \t]*{_ANY}"),
        why=_compile(r"for the following reason:\s*((?:.+\n?){1,6})"),
    ),
    Shape(
        name="domino",
        cue="was not delivered to:",
        to=_compile(rf"was not delivered to:\s+(?:[^\n@<]{{0,100}})?{_ANY}"),
        why=_compile(r"^[ \t]*because:?[ \t]*\n?\s*((?:.+\n?){1,6})"),
    ),
    Shape(
        name="notes",
        cue="failure reasons",
        to=_compile(rf"^[ \t]*{_ANY}[ \t]*$"),
        why=_compile(r"Failure Reasons\s{1,4}-+\s*((?:(?!.{1,200}@).+\n){1,6})"),
        anywhere=True,
    ),
    Shape(
        name="dragonfly",
        cue="error delivering your mail to",
        to=_compile(rf"error delivering your mail to {_ANY}\.?"),
    ),
    Shape(
        name="opensmtpd",
        cue="the mailer-daemon, please do not reply",
        to=_compile(rf"^[ \t]*{_ANY}:[ \t]+(?=\S)"),
    ),
    Shape(
        name="surfcontrol",
        cue="failed to send to identified host",
        to=_compile(rf"^[ \t]*{_ANY}: \[[\d.]+\],[ \t]*"),
    ),
    Shape(
        name="interscan",
        cue="rcpt to:",
        to=_compile(
            rf"^Sent\s+[<>]{{3}}[ \t]*RCPT TO:[ \t]*{_ANY}.*\n(?=Received\s+[<>]{{3}}[ \t]*[45])"
        ),
        why=_compile(r"^Received\s+[<>]{3}[ \t]*([45].*(?:\n[45]\d\d.*){0,8})"),
    ),
    Shape(
        name="interscan-sentence",
        cue="unable to deliver message to <",
        to=_compile(rf"(?=Unable to deliver message to {_ANY})"),
    ),
    # Japanese mobile carriers and providers
    Shape(
        name="ezweb",
        cue="<<< ",
        to=_compile(rf"^[ \t]*Recipient:[ \t]*{_ANY}"),
        why=_compile(r"<<< ([45]\d\d.*(?:\n(?![ \t]*(?:>>>|<<<|\n)).+){0,8})"),
    ),
    Shape(
        name="ezweb-user",
        cue="user unknown",
        to=_compile(
            rf"^(?:The user\(s\) (?:account is|unknown)[^\n]{{0,80}}\n\s*)?{_ANY}: (?=user unknown)"
        ),
    ),
    Shape(
        name="ezweb-list",
        cue="following recipients did not receive this message",
        to=_compile(rf"^[ \t]*{_ANY}[ \t]*$"),
        why=_compile(r"((?:Your message was not delivered|Remote host).*(?:\n.+){0,3})"),
        anywhere=True,
    ),
    Shape(
        name="kddi",
        cue="could not be delivered to:",
        to=_compile(rf"Could not be delivered to:[ \t]*{_ANY}"),
    ),
    Shape(
        name="biglobe",
        cue="had delivery problems -----",
        to=_compile(rf"^[ \t]*{_ANY}[ \t]*$"),
        why=_compile(r"----- Non-delivered information -----\s*((?:.+\n?){1,6})"),
        anywhere=True,
    ),
    Shape(
        name="mfilter",
        cue="-------server message",
        to=_compile(rf"^[ \t]*{_ANY}[ \t]*$"),
        why=_compile(r"-------server message\s*((?:(?!-----).+\n?){1,12})"),
        anywhere=True,
    ),
    # Phones of Verizon
    Shape(
        name="verizon",
        cue="message could not be delivered to mobile",
        to=_compile(rf"^[ \t]*To:[ \t]*{_ANY}"),
        why=_compile(r"Error:[ \t]*((?:.+\n?){1,3})"),
        anywhere=True,
    ),
    # Sendmail, before and after version 8
    Shape(
        name="activehunter",
        cue="had permanent fatal errors -----",
        to=_compile(rf"^>>>[ \t]*{ADDRESS}[ \t]*<({ADDRESS})>"),
        why=_compile(r"session follows -----\s*((?:.+\n?){1,8})"),
        anywhere=True,
    ),
    Shape(
        name="sendmail",
        cue="the following addresses had ",
        to=_compile(
            rf'^[ \t]*"?{_ANY}"?(?:[ \t]*\(expanded from: {_ANY}\))?[ \t]*(?:\n(?=[ \t]+\(reason: )|$)'
        ),
        why=_compile(r"\(reason:[ \t]*((?:[^\n]|\n[ \t]{3,})+?)\)[ \t]*$"),
    ),
    Shape(
        name="mcafee",
        cue="had delivery problems ---",
        to=_compile(rf"^[ \t]*<({ADDRESS})>[ \t]+(?=\()"),
        why=_compile(r"\((.+)\)"),
    ),
    Shape(
        name="sendmail5-list",
        cue="bounced, cannot deliver",
        to=_compile(rf"^[ \t]+<({ADDRESS})>[ \t]*$"),
        why=_compile(r"^(?:<<< )?([45]\d\d .*(?:\n(?:<<< )?[45]\d\d[ -].*){0,6})"),
        anywhere=True,
    ),
    Shape(
        name="sendmail5",
        cue="transcript of session follows",
        to=_compile(rf"^(?=(?:<<< |>>> )?[45]\d\d <?({ADDRESS})>?\.\.\.)"),
        why=_compile(r"^<<< ([45]\d\d.*(?:\n<<< [45]\d\d.*){0,6})"),
        anywhere=True,
    ),
    Shape(
        name="sendmail5-command",
        cue="transcript of session follows",
        to=_compile(rf"^>>> RCPT To:[ \t]*<({ADDRESS})>"),
        why=_compile(r"^<<< ([45]\d\d.*(?:\n<<< [45]\d\d.*){0,6})"),
    ),
    Shape(
        name="smail",
        cue="failed addresses follow",
        to=_compile(rf"^[ \t]*{_ANY}[ \t]+\.\.\.[ \t]+(?=\S)"),
    ),
    # Gmail before it wrote reports
    Shape(
        name="gmail",
        cue="delivery to the following recipient",
        to=_compile(rf"^[ \t]{{2,}}{_ANY}[ \t]*$"),
        why=_compile(
            r"(?:other server returned was:|details of (?:permanent|temporary) failure:)\s*"
            r"(?:Google tried[^\n]*returned was:\s*)?((?:.+\n?){1,8})"
        ),
        anywhere=True,
    ),
    # Services that number their shapes only
    Shape(
        name="x1",
        cue="had delivery errors---",
        to=_compile(rf"^[ \t]*{_ANY}[ \t]*(?=\[)"),
        why=_compile(r"\[(.+)\]"),
    ),
    Shape(
        name="x2-response",
        cue="delivery failed:",
        to=_compile(rf"^Delivery failed:[ \t]*{_ANY}"),
    ),
    Shape(
        name="x3",
        cue="delivery status notification.",
        to=_compile(rf"^[ \t]+\*[ \t]+{_ANY}"),
        why=_compile(r"Technical details:[ \t]*\n(?:\s*=+\s*\n|\s*\n)+((?:(?!=====).+\n?){1,8})"),
        anywhere=True,
    ),
    Shape(
        name="x6-permanent",
        cue="returned permanent errors:",
        to=_compile(rf"returned permanent errors:\s*({ADDRESS})\.?\s"),
    ),
    Shape(
        name="x6",
        cue="rejected recipient <",
        to=_compile(rf"(?=SMTP Server <[^<>\n]{{1,200}}> rejected recipient <({ADDRESS})>)"),
    ),
    Shape(
        name="imail-generated",
        cue="undeliverable to ",
        to=_compile(rf"^undeliverable to {_ANY}"),
        why=_compile(r"generated response:\s*((?:.+\n?){1,12})"),
        anywhere=True,
    ),
    Shape(
        name="imail",
        cue=": ",
        to=_compile(
            rf"^(?=(?:Unknown user|Unknown host|User mailbox exceeds allowed size|Delivery failed \d+ "
            rf"attempts|Invalid final delivery userid|Invalid user|Undeliverable to)[^\n:]{{0,40}}:?[ \t]+{_ANY})"
        ),
    ),
    Shape(
        name="fml",
        cue="original mail as follows",
        to=_compile(rf"^(?=[^\n<]{{3,120}}<({ADDRESS})>)"),
    ),
    # 1&1 (IONOS), GMX, WEB.DE
    Shape(
        name="einsundeins",
        cue="following address",
        to=_compile(rf'^"?<?({ADDRESS})>?"?:?[ \t]*\n(?=\s*SMTP error from remote)'),
    ),
    Shape(
        name="zoho",
        cue="error_code :",
        to=_compile(rf"^\[?[ \t]*{_ANY}[ \t]*[,:]?[ \t]+(?=(?:Error, )?ERROR_CODE)"),
    ),
    # Exim: addresses indented by two, words by four
    Shape(
        name="exim",
        cue="address",
        to=_compile(rf"^ {{2}}{_ANY}(?::[ \t]*(?=\n|\S)|[ \t]*\n(?=[ \t]{{3,}}\S)|[ \t]*$)"),
    ),
    Shape(
        name="exim-generated",
        cue="generated by ",
        to=_compile(
            rf"^(?=  (?:save to|pipe to|[^\n@]{{1,200}}\n)[^\n]{{0,300}}\n?[ \t]+generated by {_ANY})"
        ),
    ),
    # Postfix, qmail, Courier, Yahoo and whoever writes like them
    Shape(
        name="bracketed",
        cue=">",
        to=_compile(rf"^[ \t]*<({ADDRESS})>(?:\s+\(expanded\s+from\s+<?({ADDRESS})>?\))?:(?=\s)"),
    ),
    Shape(
        name="bracketed-loosely",
        cue="@",
        to=_compile(rf"^[ \t]*{_ANY}:[ \t]*\n(?=[ \t]*\S)"),
    ),
)
