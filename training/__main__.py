"""Make resolutions/knowledge/likeness.json from labelled replies: `make learn`."""

import json
from typing import Any

from resolutions.bounce import SmtpReply
from resolutions.diagnosis.classifier import FILE, Features
from resolutions.rules.reply import read_reply
from training.learner import Learner
from training.samples import fingerprint, labelled


def _written(model: dict[str, Any]) -> str:
    """Return the file, a line each feature, so that a change can be read."""
    weights = model.pop("weights")
    head = json.dumps(model, ensure_ascii=False)[1:-1]
    lines = [
        f"{json.dumps(name, ensure_ascii=False)}:{json.dumps(says, separators=(',', ':'))}"
        for name, says in weights.items()
    ]
    lined = ",\n".join(lines)
    return f'{{{head}, "weights": {{\n{lined}\n}}}}\n'


def main() -> None:
    """Learn and write the file."""
    samples = list(
        dict.fromkeys(
            (label, tuple(Features(read_reply(SmtpReply(reply))).places))
            for label, reply in labelled()
        )
    )
    learner = Learner(samples)
    learner.learn()
    model = {
        "made_from": fingerprint(),
        "classes": learner.classes,
        "bias": [round(value, 3) for value in learner.bias],
        "weights": learner.kept(),
    }
    FILE.write_text(_written(model), encoding="utf-8")
    print(f"{FILE.name}: {len(samples)} replies, {len(learner.names)} features")


if __name__ == "__main__":
    main()
