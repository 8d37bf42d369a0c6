"""Softmax regression by stochastic gradient descent with AdaGrad steps, in plain Python."""

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence

from resolutions.diagnosis.classifier import Likeness
from training.samples import Sample

ROUNDS = 4
"""With these the most replies of the tests are named; `make learn ARGS="--rounds 24"` shows it."""

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

SETTINGS = (ROUNDS, STEP, START, DECAY, SLIGHT, TWICE, SMALL)
"""All that the model depends on beside the samples."""

Says = tuple[float, list[int], list[float]]
"""How rare a feature is, the classes for or against which it speaks, and how much."""

Vector = list[tuple[int, float]]


class Learner:
    """A model in the making."""

    def __init__(self, samples: Sequence[Sample]) -> None:
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

    def learn(self, rounds: int = ROUNDS) -> Iterator[float]:
        """Go over the samples, in another order each time; yield the mean loss of each round."""
        order = list(range(len(self.vectors)))
        dice = random.Random(1)
        for _ in range(rounds):
            dice.shuffle(order)
            loss = sum(self._step(self.vectors[index], self.labels[index]) for index in order)
            yield loss / len(order)

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

    def model(self) -> Likeness:
        """Return what was learned so far, rounded as the file has it."""
        bias = [round(value, 3) for value in self.bias]
        return Likeness.of_weights(self.classes, bias, self.kept())

    def kept(self) -> dict[str, Says]:
        """Return the weights of each feature that speaks for or against a class."""
        kept: dict[str, Says] = {}
        for name, rarity, weights in zip(self.names, self.rarity, self.weights, strict=True):
            says = {one: round(weight, 1) for one, weight in enumerate(weights)}
            strong = {one: weight for one, weight in says.items() if abs(weight) > SMALL}
            if strong:
                kept[name] = (round(rarity, 1), list(strong), list(strong.values()))
        return kept
