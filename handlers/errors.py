"""The errors, one for each way of reacting to them."""


class MalformedError(ValueError):
    """JSON that does not parse or nests too deep: answered 400, nothing kept."""


class SignatureError(Exception):
    """A request that its provider did not send: answered with the provider's own refusal."""


class ReplayedError(Exception):
    """A genuine request whose token came with another event before: answered as a forged one."""


class BusyError(Exception):
    """The queue of the intake is full: answered 503 (429 where the provider wants that)."""


class TemporaryError(Exception):
    """The outside cannot do it now; the worker tries again, not before `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UncertainError(Exception):
    """The outcome of a call is unknown and must not be repeated blindly; a person decides."""


class PermanentError(Exception):
    """The outside refuses for good; the text says what failed and what to do, for people."""
