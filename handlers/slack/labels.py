"""What things are called where people read of them: buttons, jobs, operators; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from resolutions.operator import Operator


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of the registered buttons, what jobs are called, operators' names by their id."""

    buttons: Mapping[str, str] = field(default_factory=dict)
    jobs: Mapping[str, str] = field(default_factory=dict)
    operators: Mapping[str, Operator] = field(default_factory=dict)

    def job(self, name: str) -> str:
        """Return what a job is called as a sentence begins with it, known or not.

        >>> Labels(jobs={"deactivate": "Flag as inactive"}).job("deactivate")
        'Flag as inactive'
        >>> Labels().job("an_older_job")
        'An older job'
        """
        return self.jobs.get(name) or name.replace("_", " ").capitalize()

    def operator(self, word: str) -> str:
        """Return the name of an operator; one without an entry is called by its domain."""
        return self.operators[word].name if word in self.operators else word
