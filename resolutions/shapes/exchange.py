"""Exchange of all ages, Domino and Notes, GroupWise: the servers of offices."""

from resolutions.failure import ADDRESS
from resolutions.shape import ANY, HOST, shape

_QUOTES = "'\"\u2018\u201c\u201e\u00ab"
"""How a remote server's words begin, whatever the language they are introduced in."""

_WHEN = r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}[^\n]{0,24}"
"""A day and maybe a time, in numbers."""

_QUOTE = f"[{_QUOTES}]"

SHAPES = (
    # "Diagnostic information for administrators" since Exchange 2007
    shape(
        "exchange2007",
        "#",
        rf"^[ \t]*{ANY}[ \t]*\n(?:[ \t]*{HOST}[ \t]*\n?[ \t]*)?(?=#[< ]{{0,2}}#?\s?[245\w][\w.-])",
        r"#([<#]?(?:.+\n?){1,12})",
    ),
    shape(
        "exchange-quoted",
        tuple(quote + digit for quote in _QUOTES for digit in "45"),
        rf"^[ \t]*{ANY}[ \t]*\n(?:[ \t]*{HOST}[ \t]*\n)?(?=[^\n']{{0,200}}{_QUOTE}[45]\d\d[ -])",
        rf"{_QUOTE}([45]\d\d[ -](?:[^\n]+\n?){{1,12}})",
    ),
    shape(
        "exchange2003",
        "did not reach the following recipient",
        rf"^[ \t]*'?{ANY}'?,? on .{{6,60}}$",
    ),
    shape(
        "exchange2003-name",
        "did not reach the following recipient",
        rf"recipient(?:\(s\)|s)?:\s{{1,40}}(?:[^\n@]{{0,200}}\s)?'?{ANY}'?",
    ),
    # Exchange 2000 and 2003, in any language: who, when; the words; the server and its status
    shape(
        "exchange2000",
        tuple(f" #{digit}." for digit in "45"),
        rf"^[ \t]{{2,}}'?(?:{ANY}'?|[^\n@#<>]{{1,100}})[ \t]\w{{1,6}}[ \t]{{1,4}}{_WHEN}\n"
        rf"(?=(?:(?!.*{_WHEN})[^\n#]*\n){{1,4}}?[^\n#]*[ \t]#[45]\.\d"
        rf"(?:[^\n@]{{0,200}}<(?P<named>{ADDRESS})>)?)",
        r"\A\s*((?:.+\n?){1,6})",
    ),
    shape(
        "domino",
        "was not delivered to:",
        rf"(?:was not delivered to:\s{{1,40}}(?:[^\n@<]{{0,100}}[\s<])?|^[ \t]{{2,8}}){ANY}[ \t]*$",
        r"^[ \t]*because:?[ \t]*\n?\s*((?:.+\n?){1,6})",
    ),
    shape(
        "notes",
        "failure reasons",
        rf"^[ \t]*{ANY}[ \t]*$",
        r"Failure Reasons\s{1,4}-+\s*((?:(?!.{1,200}@).+\n){1,6})",
        anywhere=True,
    ),
    shape(
        "groupwise",
        "undeliverable to the following",
        rf"^[ \t]+(?:[^\n@(]{{0,100}}\()?{ANY}\)?[ \t]*(?=\()",
        r"\A\((.+)\)",
    ),
    shape(
        "groupwise-response",
        "undeliverable recipient(s):",
        rf"^[ \t]+{ANY}[ \t]*$",
        r"^Response:[ \t]*((?:.+\n?){1,6})",
        anywhere=True,
    ),
)
