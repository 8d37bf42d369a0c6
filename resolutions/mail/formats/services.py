"""Mailbox providers, and services of which only the shape of their mails is known."""

from resolutions.mail.failure import ADDRESS
from resolutions.mail.formats.format import ANY, shape

SHAPES = (
    # Gmail before it wrote reports
    shape(
        "gmail",
        "delivery to the following recipient",
        rf"^[ \t]{{2,}}{ANY}[ \t]*$",
        (
            r"other server returned was:\s*((?:.+\n?){1,8})",
            r"details of (?:permanent|temporary) failure:\s*((?:.+\n?){1,8})",
        ),
        anywhere=True,
    ),
    # IONOS, formerly 1und1, and its relatives GMX and WEB.DE
    shape(
        "einsundeins",
        "following address",
        rf'^"?<?({ADDRESS})>?"?:?[ \t]*\n(?=\s{{0,40}}SMTP error from remote)',
    ),
    shape(
        "einsundeins-reason",
        "for the following reason:",
        rf"^[ \t]*{ANY}:?[ \t]*$",
        r"For the following reason:\s*((?:.+\n?){1,6})",
        anywhere=True,
    ),
    shape(
        "zoho",
        "error_code :",
        rf"^\[?[ \t]*{ANY}[ \t]*[,:]?[ \t]+(?=[\w, ]{{0,60}}ERROR_CODE)",
    ),
    shape(
        "zoho-status",
        "responsecode",
        rf"^(?=\[Status: [^\n<]{{1,60}}<({ADDRESS})>)",
        r"(ResponseCode[^\n\]]+)",
    ),
    # T-Online, and Smail 3 from which its server descends
    shape(
        "smail",
        "failed addresses follow",
        rf"^[ \t]*{ANY}(?:[ \t]+\.\.\.[ \t]+(?=\S)|[ \t]*\n(?=[ \t]{{2,}}\S))",
    ),
    # Known by their shape only
    shape("x1", "had delivery errors---", rf"^[ \t]*{ANY}[ \t]*(?=\[)", r"\A\[(.+)\]"),
    shape("x2-response", "delivery failed:", rf"^Delivery failed:[ \t]*{ANY}"),
    shape(
        "x3",
        "delivery status notification.",
        rf"^[ \t]+\*[ \t]+{ANY}",
        r"Technical details:[ \t]*\n(?:\s*=+\s*\n|\s*\n){0,9}((?:(?!=====).+\n?){1,8})",
        anywhere=True,
    ),
    shape(
        "x6-permanent",
        "returned permanent errors:",
        rf"returned permanent errors:\s{{0,40}}({ADDRESS})\.?\s",
    ),
    shape(
        "x6",
        "rejected recipient <",
        rf"(?=SMTP Server <[^<>\n]{{1,200}}> rejected recipient <({ADDRESS})>)",
    ),
)
