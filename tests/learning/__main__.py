"""Make resolutions/knowledge/likeness.json from labelled replies: `make learn`.

Softmax regression by stochastic gradient descent with AdaGrad steps, over replies of our own:
those of this folder, those of the tests of the diagnosis, and the examples of the rules.
"""

import json
import math
import random
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from resolutions.bounce import SmtpReply
from resolutions.diagnosis.classifier import FILE, Says, features
from resolutions.rules.reply import read_reply
from resolutions.rules.rulebook import Rulebook

HERE = Path(__file__).parent
REPLIES = sorted((HERE / "replies").glob("*.txt"))
TESTED = sorted((HERE.parent / "resolutions" / "replies").glob("*.toml"))
ROUNDS = 24
STEP = 1.0
START = 0.1
"""What the squares of the slopes begin with: a first step that is not too wide."""

DECAY = 2e-5
SLIGHT = 0.05
"""Errors nearer to zero are let be, which keeps the model small."""

TWICE = 2
"""Replies in which a word must stand to count."""

SMALL = 0.3
"""Weights nearer to zero are dropped."""

Vector = list[tuple[int, float]]


def labelled() -> Iterator[tuple[str, str]]:
    """Yield each known reply with its first label."""
    for path in REPLIES:
        for line in path.read_text(encoding="utf-8").splitlines():
            label, _, reply = line.partition(" | ")
            yield label, reply
    for path in TESTED:
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            for reply in case["replies"]:
                yield case["expected"][0], reply
    for rule in Rulebook.load().rules:
        if rule.example:
            yield str(rule.kind or rule.reason), rule.example


def fingerprint() -> str:
    """Return what tells whether the replies of this folder have changed since."""
    return sha256(b"".join(path.read_bytes() for path in REPLIES)).hexdigest()


class Learner:
    """A model in the making."""

    def __init__(self, samples: list[tuple[str, tuple[str, ...]]]) -> None:
        seen = Counter(name for _, names in samples for name in names)
        self.classes = sorted({label for label, _ in samples})
        self.names = sorted(name for name in seen if seen[name] >= TWICE)
        number = {name: index for index, name in enumerate(self.names)}
        self.rarity = [1 + math.log((1 + len(samples)) / (1 + seen[name])) for name in self.names]
        self.vectors = [
            self._vector([number[name] for name in names if name in number]) for _, names in samples
        ]
        self.labels = [self.classes.index(label) for label, _ in samples]
        width = len(self.classes)
        self.weights = [[0.0] * width for _ in self.names]
        self.bias = [0.0] * width
        self._squares = [[START] * width for _ in self.names]
        self._bias_squares = [START] * width

    def _vector(self, numbers: list[int]) -> Vector:
        norm = math.sqrt(sum(self.rarity[number] ** 2 for number in numbers)) or 1.0
        return [(number, self.rarity[number] / norm) for number in numbers]

    def learn(self) -> None:
        """Go over the samples, in another order each time."""
        order = list(range(len(self.vectors)))
        dice = random.Random(1)
        for done in range(ROUNDS):
            dice.shuffle(order)
            loss = sum(self._step(self.vectors[index], self.labels[index]) for index in order)
            print(f"round {done + 1}: loss {loss / len(order):.4f}", file=sys.stderr)

    def _step(self, vector: Vector, label: int) -> float:
        chances = self._chances(vector)
        for one, chance in enumerate(chances):
            slope = chance - (one == label)
            if abs(slope) > SLIGHT:
                self._move(vector, one, slope)
        return -math.log(max(chances[label], 1e-9))

    def _chances(self, vector: Vector) -> list[float]:
        scores = self.bias[:]
        for number, value in vector:
            scores = [
                score + value * weight
                for score, weight in zip(scores, self.weights[number], strict=True)
            ]
        best = max(scores)
        powers = [math.exp(score - best) for score in scores]
        total = sum(powers)
        return [power / total for power in powers]

    def _move(self, vector: Vector, one: int, slope: float) -> None:
        self._bias_squares[one] += slope * slope
        self.bias[one] -= STEP * 0.1 * slope / math.sqrt(self._bias_squares[one])
        for number, value in vector:
            steep = slope * value + DECAY * self.weights[number][one]
            squares = self._squares[number]
            squares[one] += steep * steep
            self.weights[number][one] -= STEP * steep / math.sqrt(squares[one])

    def told(self) -> dict[str, Says]:
        """Return the weights as the file has them, without those that say nothing."""
        told = {}
        for name, rarity, weights in zip(self.names, self.rarity, self.weights, strict=True):
            says = {one: round(weight, 1) for one, weight in enumerate(weights)}
            strong = {one: weight for one, weight in says.items() if abs(weight) > SMALL}
            if strong:
                told[name] = (round(rarity, 1), list(strong), list(strong.values()))
        return told


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
            (label, tuple(features(read_reply(SmtpReply(reply))))) for label, reply in labelled()
        )
    )
    learner = Learner(samples)
    learner.learn()
    model = {
        "made_from": fingerprint(),
        "classes": learner.classes,
        "bias": [round(value, 3) for value in learner.bias],
        "weights": learner.told(),
    }
    FILE.write_text(_written(model), encoding="utf-8")
    print(f"{FILE.name}: {len(samples)} replies, {len(learner.names)} features")


if __name__ == "__main__":
    main()
