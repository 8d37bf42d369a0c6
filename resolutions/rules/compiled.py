"""Rules as they are looked for: worked out once, in plain values that can be kept.

Parsing all wordings and choosing the literals they hang on takes a second; what comes of it loads
in a few milliseconds.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from resolutions.rules.anchors import words_alone
from resolutions.rules.index import PhraseParts
from resolutions.rules.literals import LiteralFinder, Required
from resolutions.rules.loader import load_rules
from resolutions.rules.pattern import WORD_END, Wording, wordings
from resolutions.rules.regex import expression_of
from resolutions.rules.reply import masked
from resolutions.rules.rule import Precedence, Rule, Scope, plain
from resolutions.rules.rulebook import Compiled
from resolutions.rules.statuses import PlainStatuses, read_statuses
from resolutions.rules.vocabulary import words_to_keep


def compiled_files(own: Sequence[Path] = ()) -> Compiled:
    """Return the shipped rules after those of the operator's own files, and the statuses.

    Raises ValueError naming the file and the entry that cannot be used.
    """
    return compiled(*load_rules(own), read_statuses())


def compiled(rules: Sequence[Rule], scopes: Sequence[Scope], statuses: PlainStatuses) -> Compiled:
    """Return rules and scopes in the form in which they are looked for.

    Raises ValueError naming the entry that cannot be used.
    """
    late = {order for order, rule in enumerate(rules) if _is_late(rule)}
    finder = LiteralFinder("\n".join(masked(text) for rule in rules for text in rule.examples))
    phrases = sorted(_phrases(rules, scopes, finder), key=lambda phrase: phrase[0].owner in late)
    literals: dict[str, tuple[int, ...]] = {}
    for number, (_, required) in enumerate(phrases):
        for literal in required.literals:
            literals[literal] = (*literals.get(literal, ()), number)
    texts = [text for rule in rules for text in (rule.text, rule.unless)]
    texts += [token for scope in scopes for token in scope.tokens]
    return Compiled(
        rules=[plain(rule) for rule in rules],
        scopes=[tuple(scope) for scope in scopes],
        phrases=[tuple(parts) for parts, _ in phrases],
        literals=literals,
        late=sum(parts.owner not in late for parts, _ in phrases),
        denials=[[tuple(parts) for parts in _denials(rule)] for rule in rules],
        words=tuple(
            words_to_keep([*texts, *(token for scope in scopes for token in scope.tokens)])
        ),
        statuses=statuses,
    )


def _is_late(rule: Rule) -> bool:
    return rule.here or rule.precedence is Precedence.VAGUE


def _phrases(
    rules: Sequence[Rule], scopes: Sequence[Scope], finder: LiteralFinder
) -> Iterator[tuple[PhraseParts, Required]]:
    """Yield the phrases of the rules, and those of scopes, with what they require."""
    texts = [(rule.id, order, rule.text) for order, rule in enumerate(rules) if rule.text]
    for place, scope in enumerate(scopes, -len(scopes)):
        texts += [(scope.name, place, token) for token in scope.tokens]
    for name, owner, text in texts:
        for wording in _parsed(name, text):
            required = finder.required(wording.nodes)
            if required is None:
                raise ValueError(f"{name}: needs a whole word: {text[:80]}")
            yield _parts(owner, wording, required), required


def _denials(rule: Rule) -> Iterator[PhraseParts]:
    for wording in _parsed(rule.id, rule.unless, open_end=True) if rule.unless else ():
        yield _parts(rule.order, wording, Required(frozenset(), 0))


def _parts(owner: int, wording: Wording, required: Required) -> PhraseParts:
    nodes = (*wording.nodes, WORD_END) if wording.after else wording.nodes
    return PhraseParts(
        owner=owner,
        literal=wording.literal,
        expression="" if wording.is_literal else expression_of(nodes),
        before=wording.before,
        after=wording.after,
        back=required.back,
        further=tuple(tuple(sorted(literals)) for literals in required.further),
        alone="" if wording.after or not required.literals else words_alone(wording.nodes),
    )


def _parsed(name: str, text: str, *, open_end: bool = False) -> list[Wording]:
    try:
        return wordings(text, open_end=open_end)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
