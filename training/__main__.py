"""Make resolutions/knowledge/likeness.json from labelled replies: `make learn`."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from resolutions.diagnosis.classifier import FILE, Likeness
from training.learner import ROUNDS, SETTINGS, Learner
from training.samples import HeldOut, fingerprint, held_out, samples


def main() -> None:
    """Learn, print how well after each round, and write the file."""
    rounds = _rounds()
    seen = samples()
    unseen = held_out(seen)
    learner = Learner(seen)
    print(f"learning from {len(seen)} replies, measuring by {len(unseen)} others")
    right = 0.0
    for number, loss in enumerate(learner.learn(rounds), 1):
        right = accuracy(learner.model(), unseen)
        print(f"round {number}: loss {loss:.4f}, held out {right:.4f}")
    if rounds != ROUNDS:
        print(f"nothing written: the model takes {ROUNDS} rounds")
        return
    model = {
        "made_from": fingerprint(seen, SETTINGS),
        "held_out": {"replies": len(unseen), "accuracy": round(right, 4)},
        "classes": learner.classes,
        "bias": [round(value, 3) for value in learner.bias],
        "weights": learner.kept(),
    }
    FILE.write_text(_written(model), encoding="utf-8")
    print(f"{FILE.name}: {len(learner.kept())} features")


def accuracy(model: Likeness, unseen: Sequence[HeldOut]) -> float:
    """Return for what share of replies the model alone names a label that a person accepts."""
    named = [(model.of(one.reply), one.accepted) for one in unseen]
    return sum(like is not None and like.word in accepted for like, accepted in named) / len(named)


def _rounds() -> int:
    about = "show how accuracy goes on; any number but the usual writes nothing"
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=about)
    rounds: int = parser.parse_args().rounds
    return rounds


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


if __name__ == "__main__":
    main()
