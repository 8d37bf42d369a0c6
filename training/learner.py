"""Softmax regression by stochastic gradient descent with AdaGrad steps, in plain Python."""

import math
import random
import sys
from collections import Counter

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

Says = tuple[float, list[int], list[float]]
"""How rare a feature is, the classes for or against which it speaks, and how much."""

Vector = list[tuple[int, float]]


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
        for number in range(ROUNDS):
            dice.shuffle(order)
            loss = sum(self._step(self.vectors[index], self.labels[index]) for index in order)
            print(f"round {number + 1}: loss {loss / len(order):.4f}", file=sys.stderr)

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

    def kept(self) -> dict[str, Says]:
        """Return the weights as the file has them, without those that say nothing."""
        kept: dict[str, Says] = {}
        for name, rarity, weights in zip(self.names, self.rarity, self.weights, strict=True):
            says = {one: round(weight, 1) for one, weight in enumerate(weights)}
            strong = {one: weight for one, weight in says.items() if abs(weight) > SMALL}
            if strong:
                kept[name] = (round(rarity, 1), list(strong), list(strong.values()))
        return kept
