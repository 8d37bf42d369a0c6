"""What a person or a program asks about a bounce, and the answer as JSON."""

from functools import lru_cache
from typing import Any, NamedTuple, Self

from resolutions.bounce import SmtpReply, Verdict
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import Diagnosis, Evidence, PastedReply
from resolutions.rules.rulebook import Rulebook


class Question(NamedTuple):
    """What is known of a bounce: the reply's text, and what was reported beside it."""

    text: str
    code: str = ""
    status: str = ""
    remote_host: str = ""
    provider: str = ""
    verdict: str = ""

    @classmethod
    def of(cls, record: Any) -> Self:
        """Return the question of a JSON object; what it holds beside is ignored.

        Raises ValueError for a missing text and for values that are no text (numbers are).
        """
        if type(record) is not dict:
            raise ValueError("not a JSON object")
        if "text" not in record:
            raise ValueError("text is missing")
        values = [record.get(key, "") for key in cls._fields]
        for value in values:
            if type(value) is not str:
                values = [_word(key, value) for key, value in zip(cls._fields, values, strict=True)]
                break
        return cls._make(values)

    def symptoms(self) -> PastedReply:
        """Return what a diagnosis looks at; raises ValueError for an unknown provider."""
        reply = SmtpReply(self.text, self.code, self.status)
        if not self.verdict:
            return PastedReply(reply, self.remote_host)
        verdict = _verdict_of(self.provider, self.verdict)
        return PastedReply(reply, self.remote_host, verdict, permanence=verdict.permanence)

    def diagnosis(self, rulebook: Rulebook) -> Diagnosis:
        """Return the answer; raises ValueError for an unknown provider."""
        return diagnose(self.symptoms(), rulebook)


def fields_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return reason, confidence, permanence, evidence and what else is possible, as written."""
    return {
        "reason": diagnosis.word,
        "confidence": diagnosis.confidence,
        "permanence": diagnosis.permanence,
        "evidence": [
            {"kind": _kind_of(piece), "rule": piece.rule, "matched": piece.matched}
            for piece in diagnosis.evidence
        ],
        "also": list(diagnosis.also),
    }


def _kind_of(piece: Evidence) -> str:
    return f"against-{piece.kind}" if piece.opposes else piece.kind


def complaint_of(error: Exception) -> str:
    """Return why a line or a mail cannot be answered, in words."""
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _word(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool) and key != "text":
        return str(value)
    raise ValueError(f"{key} must be text")


@lru_cache(1_000)
def _verdict_of(provider: str, word: str) -> Verdict:
    from handlers.providers import PROVIDERS

    if provider not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        named = f"provider {provider} is not known" if provider else "a verdict needs its provider"
        raise ValueError(f"{named}; known are: {known}")
    return PROVIDERS[provider].verdict_of(word)
