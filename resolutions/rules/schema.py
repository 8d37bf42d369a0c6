"""The shape of a rule file, checked: the operator's own when they are loaded, ours by the tests."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from resolutions.bounce import Kind
from resolutions.reason import Reason
from resolutions.rules.loader import joined, named_words, several
from resolutions.rules.pattern import wordings
from resolutions.rules.regex import expression_of
from resolutions.rules.statuses import read

StrengthWord = Literal["fact", "operator", "specific", "general", "vague"]
Status = Annotated[str, Field(pattern=r"^[x245]\.\d{1,3}\.\d{1,3}$")]
Alternatives = str | list[str | list[str]]
Code = Annotated[str, Field(pattern=r"^[245]\d{0,2}$")]


class RuleEntry(BaseModel):
    """One `[[rule]]`: its examples must be replies that this rule wins against all others."""

    model_config = ConfigDict(extra="forbid", strict=False)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    reason: Reason | None = None
    kind: Kind | None = None
    variant: Literal[
        "",
        "greylisted",
        "forwarded",
        "shared-pool",
        "free-mail-from",
        "relay-denied-by-recipient",
        "null-mx",
    ] = ""
    text: Alternatives = ""
    unless: Alternatives = ""
    status: list[Status] = []
    code: list[Code] = []
    here: bool = False
    strength: StrengthWord | None = None
    group: str = ""
    source: str = ""
    example: str | list[str] = []
    examples: str | list[str] = []
    host: str = ""  # where the examples come from

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if not self.group and (self.reason is None) == (self.kind is None):
            raise ValueError("a rule names a reason or a kind")
        if not (*several(self.example), *several(self.examples)):
            raise ValueError("a rule names an example")
        if not self.text and not (self.here and (self.status or self.code)):
            raise ValueError("a rule without text needs here = true and a status or code")
        text = str(self.text) + str(self.unless)
        if text != text.lower():
            raise ValueError("wordings are written in lower case")
        return self


class RuleFile(BaseModel):
    """A whole file: how its receiver is recognised, the groups its wordings name, its rules.

    `operator` is an id of operators.toml, by default the file's own name; empty where the file
    speaks for several operators or for software that anybody runs. `source` and `strength` are
    those of all its rules that name none.
    """

    model_config = ConfigDict(extra="forbid")

    hosts: list[str] = []
    tokens: list[str] = []
    operator: str | None = None
    words: dict[str, Alternatives] = {}
    source: str = ""
    strength: StrengthWord | None = None
    rule: list[RuleEntry] = []

    @model_validator(mode="after")
    def _has_sound_wordings(self) -> Self:
        heads = {rule.id for rule in self.rule if not rule.group}
        for rule in self.rule:
            if rule.group and rule.group not in heads:
                raise ValueError(f"{rule.id}: {rule.group} is no rule of this file without a group")
        named = named_words({"words": self.words})
        for text in self.tokens:
            _check(text)
        for rule in self.rule:
            for written in filter(None, (rule.text, rule.unless)):
                _check(joined(written, named))
        return self


def _check(text: str) -> None:
    """Raise ValueError for what the language does not allow, impossible classes among it."""
    for wording in wordings(text):
        try:
            re.compile(expression_of(wording.nodes))
        except re.error as error:
            raise ValueError(f"{error} in {text!r}") from error


def checked(path: Path) -> dict[str, Any]:
    """Return the tables of a rule file; raises ValueError naming the file and the entry."""
    data = read(path)
    try:
        RuleFile.model_validate(data)
    except ValidationError as error:
        raise ValueError(f"{path}: {error}") from error
    return data
