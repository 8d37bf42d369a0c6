"""Filters and lesser known servers, most of which use keyed sentences."""

from resolutions.mail.formats.format import ALONE, ANY, Format, behind
from resolutions.mail.text.addresses import ADDRESS

FORMATS = {
    # Oracle, before it Sun and iPlanet
    "messaging-server": Format(
        "recipient address:",
        rf"^[ \t]*Recipient address:[ \t]*{ANY}",
        r"(?:Diagnostic code|Reason):[ \t]*((?:smtp;)?.+(?:\n[ \t]{3,}(?!Diag|Remote).+){0,6})",
    ),
    "james": Format("failed recipient(s):", ALONE, behind("Error message:", 12), anywhere=True),
    "mailmarshal": Format(
        "recipients were affected",
        rf"^[ \t]+{ANY}[ \t]*$",
        behind(r"could not be delivered because of\s*:?", 8),
        anywhere=True,
    ),
    "messagelabs": Format(
        "could not be delivered",
        rf"^--[ \t]*{ANY}[ \t]*$",
        r"(?:information follows|appears to be)[ \t]*:[ \t]*\n--[ \t]*((?:.+\n?){1,6})",
    ),
    "mailfoundry": Format(
        "unable to deliver message to:",
        rf"Unable to deliver message to:[ \t]*{ANY}",
        behind("for the following reason:", 6),
    ),
    "dragonfly": Format(
        "error delivering your mail to", rf"error delivering your mail to {ANY}\.?"
    ),
    "opensmtpd": Format("the mailer-daemon, please do not reply", rf"^[ \t]*{ANY}:[ \t]+(?=\S)"),
    "surfcontrol": Format("failed to send to identified host", rf"^[ \t]*{ANY}: \[[\d.]+\],[ \t]*"),
    "interscan": Format(
        "rcpt to:",
        rf"^Sent\s+[<>]{{3}}[ \t]*RCPT TO:[ \t]*{ANY}.*\n(?=Received\s+[<>]{{3}}[ \t]*[45])",
        r"^Received\s+[<>]{3}[ \t]*([45].*(?:\n[45]\d\d.*){0,8})",
    ),
    "interscan-sentence": Format(
        "unable to deliver message to <", rf"(?=Unable to deliver message to {ANY})"
    ),
    "activehunter": Format(
        "had permanent fatal errors -----",
        rf"^>>>[ \t]*{ADDRESS}[ \t]*<({ADDRESS})>",
        behind("session follows -----", 8),
        anywhere=True,
    ),
    "mcafee": Format(
        "had delivery problems ---\n", rf"^[ \t]*<({ADDRESS})>[ \t]+(?=\()", r"\A\((.+)\)"
    ),
    "mdaemon": Format(
        "failed address:",
        rf"^[ \t]*Failed address:[ \t]*{ANY}",
        r"<-- ([45]\d\d[ -].*(?:\n.{0,40}<-- [45]\d\d[ -].*){0,8})",
        anywhere=True,
    ),
    # SmarterMail, IceWarp, MailEnable and others that say who failed, then why
    "failed-recipient": Format(
        ("recipient: ", "recipient:["),
        rf"^[ \t]*(?:Failed )?Recipient:[ \t]*(?:\[SMTP:)?{ANY}\]?[ \t]*\n"
        r"(?=[ \t]*(?:Reason|Error|Status)\b)",
        r"^[ \t]*(?:Reason|Error|Status)[ \t]*:[ \t]*((?:.+\n?){1,6})",
    ),
    "hmailserver": Format(
        "could not be reached",
        rf"^[ \t]*{ANY}[ \t]*\n(?=[ \t]*Error Type:)",
        (
            r"(Remote server (?:\([\d.]+\) issued|replied)(?:.+\n?){1,8})",
            r"Error Description:[ \t]*((?:(?!\s*Additional information).+\n?){1,4})",
        ),
    ),
    "communigate": Format(
        "failed to deliver to '", rf"^[ \t]*Failed to deliver to '{ANY}'", behind("reports:", 6)
    ),
    "imail-generated": Format(
        "undeliverable to ",
        rf"^undeliverable to {ANY}",
        behind("generated (?:the )?(?:following )?response:", 12),
        anywhere=True,
    ),
    "imail": Format(
        ": ",
        r"^(?=(?:Unknown user|Unknown host|User mailbox exceeds allowed size|Invalid user|"
        r"Delivery failed \d+ attempts|Invalid final delivery userid|Undeliverable to)"
        rf"[^\n:]{{0,40}}:?[ \t]+{ANY})",
    ),
    # Momentum, formerly Ecelerity: who, at what stage, why
    "momentum": Format(
        ">>> ",
        rf"^>>>[ \t]*{ANY}[ \t]*\((?=[^()\n]{{3,60}}\):)",
        r"\A(?:[^()\n]{3,60}\): )([^\n]+(?:\n(?!>>>|\s*$|-{3}).+){0,8})",
    ),
    "fml": Format("original mail as follows", rf"^(?=[^\n<]{{3,120}}<({ADDRESS})>)"),
    "fml-member": Format(
        "member of this mailing list", rf"^(?=[^\n<]{{3,120}}mailing list <({ADDRESS})>)"
    ),
}
