"""Mobile carriers and providers of Japan, phones of Verizon."""

from resolutions.mail.formats.format import ALONE, ANY, Format, behind

FORMATS = {
    "ezweb": Format(
        "<<< ",
        rf"^[ \t]*Recipient:[ \t]*{ANY}",
        r"<<< ([45]\d\d.*(?:\n(?![ \t]*(?:>>>|<<<|\n)).+){0,8})",
    ),
    "ezweb-user": Format(
        "user unknown",
        r"^(?:The user\(s\) (?:account is|unknown)[^\n]{0,80}\n\s{0,40})?"
        rf"{ANY}: (?=(?:[45]\d\d )?user unknown)",
    ),
    "ezweb-list": Format(
        "following recipients did not receive this message",
        ALONE,
        r"((?:Your message was not delivered|Remote host).*(?:\n.+){0,3})",
        anywhere=True,
    ),
    "ezweb-account": Format(
        "the user(s) account is", ALONE, r"(The user\(s\) account is.*)", anywhere=True
    ),
    "kddi": Format("could not be delivered to:", rf"Could not be delivered to:[ \t]*{ANY}"),
    "biglobe": Format(
        "----- non-delivered information -----",
        ALONE,
        behind("----- Non-delivered information -----", 6),
        anywhere=True,
    ),
    "mfilter": Format(
        "-------server message",
        ALONE,
        r"-------server message\s*((?:(?!-----).+\n?){1,12})",
        anywhere=True,
    ),
    "verizon": Format(
        "message could not be delivered to mobile",
        rf"^[ \t]*To:[ \t]*(?:[^\n@<]{{0,100}}[\s<])?{ANY}",
        r"Error:[ \t]*((?:.+\n?){1,3})",
        anywhere=True,
    ),
    "verizon-text": Format(
        "message details:",
        rf"^[ \t]{{2,}}RCPT TO:[ \t]*{ANY}",
        r"^Error:\s{0,40}((?:.+\n?){1,3})",
        anywhere=True,
    ),
}
