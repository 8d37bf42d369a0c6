"""What buttons say, and what lines call the jobs that buttons ask for; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of the registered buttons, and what jobs are called, by name."""

    buttons: Mapping[str, str] = field(default_factory=dict)
    jobs: Mapping[str, str] = field(default_factory=dict)

    def job(self, name: str) -> str:
        """Return what a job is called as a sentence begins with it, known or not.

        >>> Labels(jobs={"deactivate": "Flag as inactive"}).job("deactivate")
        'Flag as inactive'
        >>> Labels().job("an_older_job")
        'An older job'
        """
        return self.jobs.get(name) or name.replace("_", " ").capitalize()
