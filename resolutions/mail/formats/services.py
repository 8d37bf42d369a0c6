"""Mailbox providers, and services of which only the format of their mails is known."""

from resolutions.mail.formats.format import ANY, Format, behind
from resolutions.mail.text.addresses import ADDRESS

FORMATS = {
    # Gmail before it wrote reports
    "gmail": Format(
        "delivery to the following recipient",
        rf"^[ \t]{{2,}}{ANY}[ \t]*$",
        (
            behind("other server returned was:", 8),
            behind("details of (?:permanent|temporary) failure:", 8),
        ),
        anywhere=True,
    ),
    # IONOS, formerly 1und1, and its relatives GMX and WEB.DE
    "einsundeins": Format(
        "following address", rf'^"?<?({ADDRESS})>?"?:?[ \t]*\n(?=\s{{0,40}}SMTP error from remote)'
    ),
    "einsundeins-reason": Format(
        "for the following reason:",
        rf"^[ \t]*{ANY}:?[ \t]*$",
        behind("For the following reason:", 6),
        anywhere=True,
    ),
    "zoho": Format(
        "error_code :", rf"^\[?[ \t]*{ANY}[ \t]*[,:]?[ \t]+(?=[\w, ]{{0,60}}ERROR_CODE)"
    ),
    "zoho-status": Format(
        "responsecode", rf"^(?=\[Status: [^\n<]{{1,60}}<({ADDRESS})>)", r"(ResponseCode[^\n\]]+)"
    ),
    # T-Online, and Smail 3 from which its server descends
    "smail": Format(
        "failed addresses follow",
        rf"^[ \t]*{ANY}(?:[ \t]+\.\.\.[ \t]+(?=\S)|[ \t]*\n(?=[ \t]{{2,}}\S))",
    ),
    # Known by their format only
    "x1": Format("had delivery errors---", rf"^[ \t]*{ANY}[ \t]*(?=\[)", r"\A\[(.+)\]"),
    "x2-response": Format("delivery failed:", rf"^Delivery failed:[ \t]*{ANY}"),
    "x3": Format(
        "delivery status notification.",
        rf"^[ \t]+\*[ \t]+{ANY}",
        r"Technical details:[ \t]*\n(?:\s*=+\s*\n|\s*\n){0,9}((?:(?!=====).+\n?){1,8})",
        anywhere=True,
    ),
    "x6-permanent": Format(
        "returned permanent errors:", rf"returned permanent errors:\s{{0,40}}({ADDRESS})\.?\s"
    ),
    "x6": Format(
        "rejected recipient <",
        rf"(?=SMTP Server <[^<>\n]{{1,200}}> rejected recipient <({ADDRESS})>)",
    ),
}
