"""The grammar: what people write is read, what is no formula is refused with its place, nothing is run."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy.parsing.sympy_parser import auto_number, parse_expr, rationalize

from ntk_theory.activation import NAMED, activation
from ntk_theory.activation.parse import MAX_BYTES, parse
from ntk_theory.errors import ActivationSyntaxError
from ntk_theory.symbols import x

READ = {
    "max(x, 0)": sympy.Max(x, 0),
    "Max(x, 0)**2": sympy.Max(x, 0) ** 2,
    "0.3*x": sympy.Rational(3, 10) * x,
    "x/3 - 1/2": x / 3 - sympy.Rational(1, 2),
    "1e-3*x": x / 1000,
    "-x^2": -(x**2),
    "2**-1*x": x / 2,
    "-x**2**3": -(x**8),
    "x*Phi(x)": x * ((1 + sympy.erf(x / sympy.sqrt(2))) / 2),
    "heaviside(x)": sympy.Heaviside(x),
    "where(x > 0, x, exp(x) - 1)": sympy.Piecewise((x, x > 0), (sympy.exp(x) - 1, True)),
    "Piecewise((x, x > 1), (0, True))": sympy.Piecewise((x, x > 1), (0, True)),
    "alpha*x": sympy.Symbol("alpha", positive=True) * x,
    "relu(x + 1)": sympy.Max(x + 1, 0),
    "sigmoid(2*x)": 1 / (1 + sympy.exp(-2 * x)),
    " min ( max(x,-1) , 1 ) ": sympy.Min(sympy.Max(x, -1), 1),
    "pi*x + E": sympy.pi * x + sympy.E,
}

REFUSED = [
    "__import__('os').system('true')",
    "x.__class__",
    "lambda: 0",
    "x; x",
    "x[0]",
    "max(x",
    "max",
    "foo(x)",
    "abs(x, x)",
    "x/0",
    "1/0",
    "9**9**9",
    "x**101",
    "(x**100)**100",
    "1e999",
    "x x",
    "where(x, 1, 2)",
    "Piecewise((x, x > 1))",
    "log(0)*x",
    "(" * 100 + "x" + ")" * 100,
    "-" * 1000 + "x",
    "x" + "+x" * MAX_BYTES,
    "",
    "   ",
    "relu7",
    "I*x",
    "nan*x",
    "sqrt(-1)*x",
    "log(-1)*x",
    "0**-1*x",
    "é + x",
    "_x",
]


@pytest.mark.parametrize("text", READ)
def test_reads_what_a_person_writes(text):
    assert parse(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_refuses_what_is_no_activation(text):
    with pytest.raises(ActivationSyntaxError) as error:
        activation(text)
    assert "\n" in str(error.value) or len(str(error.value)) > 30


def test_the_error_points_at_the_place():
    with pytest.raises(ActivationSyntaxError) as error:
        parse("max(x, 0) + $")
    lines = str(error.value).splitlines()
    assert lines[1][lines[2].index("^")] == "$"


@given(st.text(alphabet="x0123456789.+-*/^(), <>maxinbsexpPhi_", max_size=40))
def test_any_text_is_read_or_refused_by_name(text):
    try:
        result = parse(text)
    except ActivationSyntaxError:
        return
    assert isinstance(result, sympy.Expr)


FORMULAS = st.recursive(
    st.sampled_from(["x", "2", "0.5", "alpha"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        st.tuples(st.sampled_from(["abs", "erf", "tanh"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
    ),
    max_leaves=8,
)


@given(FORMULAS)
def test_agrees_with_sympys_own_reader(text):
    names = {"x": x, "alpha": sympy.Symbol("alpha", positive=True), "abs": sympy.Abs}
    expected = parse_expr(text, local_dict=names, transformations=(auto_number, rationalize))
    assert sympy.expand(parse(text) - expected) == 0


@pytest.mark.parametrize("name", NAMED)
def test_every_name_is_an_activation_of_x(name):
    assert activation(name).expression.free_symbols == {x}
    assert activation(name).name == name


def test_other_types_are_refused():
    with pytest.raises(ActivationSyntaxError, match="float"):
        activation(0.5)


def test_a_sympy_expression_in_any_symbol_named_x():
    assert activation(sympy.Symbol("x") ** 2).expression == x**2
