"""Normal probabilities turned to the tails that leave fewest terms: 1 - Φ(h) - Φ(k) + Φ₂(h, k, ρ) = Φ₂(-h, -k, ρ).

A normal form has every wall facing forward, so that equal forms have equal tables. A person writes the tail that
the threshold asks for, E[(u - 1)₊(v - 1)₊] with Φ₂(-1/√q1, -1/√q2, c). Each turn is one of
Φ(h) = 1 - Φ(-h), Φ₂(h, k, ρ) = Φ(k) - Φ₂(-h, k, -ρ) = Φ(h) + Φ(k) - 1 + Φ₂(-h, -k, ρ).
"""

from collections.abc import Iterator, Mapping

from sympy.polys.fields import FracElement

from ntk_theory.gaussian.algebra import Algebra
from ntk_theory.gaussian.functions import Walls, orthant
from ntk_theory.gaussian.normal_form import Atom, Key, NormalForm, Surd

Table = Mapping[Key, FracElement]


def with_fewest_terms(algebra: Algebra, table: Table) -> dict[Key, FracElement]:
    """`table` with its Φ and Φ₂ turned where fewer terms are left; its atoms are canonical no more."""
    table = dict(table)
    for key in list(table):
        atom = _lone_probability(key, 3)
        if key in table and atom is not None:
            _turn_pair(algebra, table, key, atom)
    for key in list(table):
        atom = _lone_probability(key, 1)
        rest = key if atom is None else (key[0], key[1], key[2] - {(atom, 1)})
        if atom is not None and key in table and table.get(rest) == -table[key]:
            coefficient = table.pop(rest)
            del table[key]
            _add(table, _with(rest, Walls.unpack(atom.arguments).flipped(0)), coefficient)
    return table


def _lone_probability(key: Key, arguments: int) -> Atom | None:
    """The one normal probability in a key with so many arguments, where no power of it stands there."""
    found = [
        atom
        for atom, multiplicity in key[2]
        if atom.function == "orthant" and len(atom.arguments) == arguments and multiplicity == 1
    ]
    return found[0] if len(found) == 1 else None


def _turn_pair(algebra: Algebra, table: dict[Key, FracElement], key: Key, atom: Atom) -> None:
    """Φ₂ replaced in `table` by the turned one that leaves fewest terms."""
    walls = Walls.unpack(atom.arguments)
    rest = (key[0], key[1], key[2] - {(atom, 1)})
    outer = algebra.term(Surd(table[key], key[0]), key[1], rest[2])
    best, terms = None, 0
    for walls_turned, sign, marginals in _turns(algebra, walls):
        change = (marginals * outer).table
        gain = _terms(table, change, rest) - _terms(_after(algebra, table, change), change, rest)
        if gain > terms:
            best, terms = (walls_turned, sign, change), gain
    if best is not None:
        walls_turned, sign, change = best
        coefficient = table.pop(key)
        for changed, value in change.items():
            _add(table, changed, value)
        _add(table, _with(rest, walls_turned), coefficient * sign)


def _turns(algebra: Algebra, walls: Walls) -> Iterator[tuple[Walls, int, NormalForm]]:
    """(walls', ±1, M) with Φ₂ of the walls = M ± Φ₂ of walls'."""
    below = [orthant(algebra, walls.without(1 - i)) for i in (0, 1)]
    yield walls.flipped(0).flipped(1), 1, below[0] + below[1] - algebra.constant(1)
    yield walls.flipped(0), -1, below[1]
    yield walls.flipped(1), -1, below[0]


def _after(algebra: Algebra, table: Table, change: Table) -> Table:
    """The entries of `table` at the keys of `change`, changed."""
    return {key: table.get(key, algebra.zero) + value for key, value in change.items()}


def _terms(table: Table, change: Table, constant: Key) -> int:
    """How many terms stand at the keys of `change`; C·Φ(h) - C counts as one, -C·Φ(-h)."""
    values = {key: table[key] for key in change if table.get(key)}
    level = values.get(constant)
    joins = level is not None and any(v == -level for k, v in values.items() if k != constant)
    return len(values) - joins


def _with(rest: Key, walls: Walls) -> Key:
    return (rest[0], rest[1], rest[2] | {(Atom("orthant", walls.arguments), 1)})


def _add(table: dict[Key, FracElement], key: Key, value: FracElement) -> None:
    total = table.pop(key, 0 * value) + value
    if total:
        table[key] = total
