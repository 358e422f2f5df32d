"""ReLU networks of any finite width: E[Θ] and E[Θ²] exactly, one input, no biases, σ_w² = 2, n₀ = n.

Hidden widths n. Pass the layers one by one. A = |a|² is the squared norm of a layer's activations and
J = Σ (∂a/∂p)(∂a/∂p)ᵀ the NTK matrix of its n activations, so that Θ = (2/n)(|a|² + wᵀJw) for the readout w.
A layer draws rows wᵢ of standard normals; bᵢ = 1[wᵢ·a > 0] are fair coins independent of all that is even in each
wᵢ, and  a′ᵢ = √(2/n) bᵢ wᵢ·a,  J′ᵢⱼ = (2/n) bᵢbⱼ (A δᵢⱼ + wᵢᵀJwⱼ).  Hence five moments obey a linear recursion.
"""

from itertools import product

from sympy import Integer, Matrix, Rational, diag, eye, symbols, zeros

from ntk_theory.finite_width.dispersion import dispersion_formula
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import by_hand, coq, equality
from ntk_theory.symbols import L, n

# Of the vector (A², A·tr J, aᵀJa, (tr J)², tr J²): E[the next one] = STEP · this one.
M = Matrix([[1 + 1 / n, 4 / n], [2 / n, 1 + 3 / n]])
STEP = Matrix(
    [
        [1 + 5 / n, 0, 0, 0, 0],
        [1 + 1 / n, 1 + 1 / n, 4 / n, 0, 0],
        [2 / n, 2 / n, 1 + 3 / n, 0, 0],
        [1 + 1 / n, 2 + 2 / n, 0, 1 + 1 / n, 4 / n],
        [2 / n, 4 / n, 0, 2 / n, 1 + 3 / n],
    ]
)


def derive(prove: Derivation) -> None:
    _wick(prove)
    A, tr, C, S = symbols("A tr C S", positive=True)  # |a|², tr J, aᵀJa, tr J²
    # One row: w·a has variance A, wᵀJw has mean tr J, and by Wick
    z4, z2Q, Q2 = 3 * A**2, A * tr + 2 * C, tr**2 + 2 * S
    same, other = n / 2 * (2 / n) ** 2, n * (n - 1) / 4 * (2 / n) ** 2  # a row with itself; two rows
    following = Matrix(
        [
            same * z4 + other * A**2,
            same * (A**2 + z2Q) + other * A * (A + tr),
            same * (A**2 + z2Q) + other * C,
            same * (A**2 + 2 * A * tr + Q2) + other * (A + tr) ** 2,
            same * (A**2 + 2 * A * tr + Q2) + other * S,
        ]
    )
    state = Matrix([A**2, A * tr, C, tr**2, S])
    names = ("A²", "A·tr J", "aᵀJa", "(tr J)²", "tr J²")
    for name, left, right in zip(names, following, STEP * state, strict=True):
        prove.equal(f"E[{name}] after a layer.", left, right)

    # The mean: E[A′] = A and E[tr J′] = A + tr J, so E[Θ] = (2/n)(L + 1)|x|² with no correction at any width.
    prove.equal("E[A′] = A.", n * A / 2 * (2 / n), A)
    prove.equal("E[tr J′] = A + tr J.", n / 2 * (2 / n) * (A + tr), A + tr)

    # The transfer matrix of two products of masked layers has eigenvalues 1 + 5/n and 1 - 1/n.
    big, small = 1 + 5 / n, 1 - 1 / n
    for vector, value in ((Matrix([1, 1]), big), (Matrix([2, -1]), small)):
        for i in range(2):
            left, right = (M * vector)[i], (value * vector)[i]
            prove.equal(f"M v = λ v, λ = {value}, row {i + 1}.", left, right)
            prove.kernel(equality(f"row_{i}_{'big' if value == big else 'small'}", f"λ = {value}.", left, right))
    prove.not_equal("1 + 4/n is no eigenvalue.", (M - (1 + 4 / n) * eye(2)).det(), Integer(0))
    wrong = (1 + 4 / n) * Matrix([1, 1])
    law = "Not λ = 1 + 4/n."
    prove.kernel(equality("not_big", law, (M * Matrix([1, 1]))[0], wrong[0], falsehood=True))

    # E[Θ²]/E[Θ]² for every depth: T has the characteristic polynomial (z - λ₁)³(z - λ₂)², so by Cayley-Hamilton
    # a form P₂(L) λ₁ᴸ + P₁(L) λ₂ᴸ that is right for L = 0 to 4 is right for all L.
    z = symbols("z")
    prove.equal("T's eigenvalues.", (z * eye(5) - STEP).det(), (z - big) ** 3 * (z - small) ** 2)
    for layers in range(5):
        prove.equal(f"E[Θ²]/E[Θ]² in n, L = {layers}.", _dispersion(n, layers), _formula(layers))
        package = dispersion_formula("relu").subs(L, layers)
        prove.equal(f"The same as the package's, L = {layers}.", package, _formula(layers))
    prove.not_equal("L = 5, with 25 for 26.", _dispersion(n, 5), _formula(5) - big**5 / (27 * 36))

    # k masked layers from m inputs: E‖P‖⁴ / (E‖P‖²)² in closed form, by induction on k in the kernel.
    s = symbols("s", real=True)  # tr (PᵀP)² / (tr PᵀP)² before the first: 1/m for the identity
    k = symbols("k", integer=True, nonnegative=True)
    one = (1 + 2 * s) / 3 * big**k + 2 * (1 - s) / 3 * small**k
    two = (1 + 2 * s) / 3 * big**k - (1 - s) / 3 * small**k
    at = {n: 2, k: 3, s: Rational(1, 3)}
    prove.equal("The closed form starts at 1.", one.subs(k, 0), Integer(1))
    prove.equal("… and at s.", two.subs(k, 0), s)
    prove.equal("… and obeys the recursion.", one.subs(k, k + 1), (M * Matrix([one, two]))[0], at=at)
    prove.equal("… in both components.", two.subs(k, k + 1), (M * Matrix([one, two]))[1], at=at)
    prove.kernel(_induction("closed_form", "The closed form, for every depth k.", one, two))
    prove.kernel(
        _induction("not_closed_form", "Not with one sign changed.", one, two + 2 * small**k / 3, falsehood=True)
    )

    # Against expectations by hand: width 1, where a layer is a′ = √2 b w a, and two layers of width 2.
    for width, layers in ((1, 1), (1, 2), (2, 1)):
        ours = _dispersion(Integer(width), layers)
        prove.equal(f"E[Θ²]/E[Θ]² by enumeration: n = {width}, L = {layers}.", ours, _enumerated(width, layers))
    prove.not_equal("Not that of width 1 at width 2.", _dispersion(Integer(1), 2), _dispersion(Integer(2), 2))


def _dispersion(width, layers):
    """E[Θ²]/E[Θ]² at |a⁰|² = 1, from the recursion."""
    state = STEP.subs(n, width) ** layers * Matrix([1, 0, 0, 0, 0])
    return (state[0] + 2 * state[1] + state[3] + 2 * state[4]) / (layers + 1) ** 2


def _formula(layers):
    """E[Θ²]/E[Θ]² in closed form."""
    quadratic = 9 * layers**2 + 6 * (n + 5) * layers - n**2 + 2 * n + 26
    return (quadratic * (1 + 5 / n) ** layers + (n - 1) ** 2 * (1 - 1 / n) ** layers) / (27 * (layers + 1) ** 2)


def _enumerated(width, layers):
    """The same from the definition: the polynomial Θ² averaged over all masks, by the moments of each weight.

    A mask and its mirror image (a row w and -w) together make the coin fair, so the average over masks is free.
    """
    scale = Rational(2, width)
    last = symbols(f"v:{width}")
    total = Integer(0)
    for masks in product((0, 1), repeat=width * layers):
        a, J, rows = Matrix([1] + [0] * (width - 1)), zeros(width), []
        for l in range(layers):
            W = Matrix(width, width, symbols(f"w{l}_:{width * width}"))
            D = diag(*masks[l * width : (l + 1) * width])
            rows += list(W)
            J = scale * D * ((a.T * a)[0] * eye(width) + W * J * W.T) * D
            a = scale ** Rational(1, 2) * D * W * a
        v = Matrix(last)
        theta = (a.T * a)[0] + (v.T * J * v)[0]
        total += _mean((theta**2).expand(), [*rows, *last])
    return total / 2 ** (width * layers) / (layers + 1) ** 2


def _mean(polynomial, normals):
    """The expectation of a polynomial in independent standard normals: (k - 1)!! for the power k."""
    result = Integer(0)
    for powers, coefficient in polynomial.as_poly(*normals).terms():
        if all(power % 2 == 0 for power in powers):
            for power in powers:
                for odd in range(1, power, 2):
                    coefficient *= odd
            result += coefficient
    return result


def _wick(prove: Derivation) -> None:
    """The three Gaussian moments, for a symmetric J and an a of two dimensions, by expansion."""
    w = symbols("w1 w2", real=True)
    j11, j12, j22, a1, a2 = symbols("j11 j12 j22 a1 a2", real=True)
    J, a, row = Matrix([[j11, j12], [j12, j22]]), Matrix([a1, a2]), Matrix(w)
    Q, z = (row.T * J * row)[0], (row.T * a)[0]
    trace, square, aJa, A = J.trace(), (J * J).trace(), (a.T * J * a)[0], (a.T * a)[0]
    prove.equal("E[(w·a)⁴] = 3A².", _mean((z**4).expand(), w), 3 * A**2)
    prove.equal("E[(w·a)² wᵀJw] = A tr J + 2 aᵀJa.", _mean((z**2 * Q).expand(), w), A * trace + 2 * aJa)
    prove.equal("E[(wᵀJw)²] = (tr J)² + 2 tr J².", _mean((Q**2).expand(), w), trace**2 + 2 * square)
    other = Matrix(symbols("v1 v2", real=True))
    between = (row.T * J * other)[0]
    prove.equal("E[(wᵀJv)²] = tr J².", _mean((between**2).expand(), (*w, *other)), square)


def _induction(name, claim, one, two, *, falsehood=False):
    """The recursion of the transfer matrix, from (1, s), has (one, two) at every k."""
    loop = (
        "(fix state (k : nat) : R * R := match k with O => (1, s) | S j => let (x, y) := state j in "
        "((1 + 1 / n) * x + 4 / n * y, 2 / n * x + (1 + 3 / n) * y) end) k"
    )
    statement = f"forall (n s : R), 0 < n -> forall k : nat, {loop} = ({_in_nat(one)}, {_in_nat(two)})"
    script = (
        "intros n s H k; induction k as [|k IH]; "
        "[simpl; f_equal; field | "
        "change ((let (x, y) := (" + loop + ") in ((1 + 1 / n) * x + 4 / n * y, 2 / n * x + (1 + 3 / n) * y)) = "
        f"({_in_nat(one, 'S k')}, {_in_nat(two, 'S k')})); "
        "rewrite IH; rewrite <- !tech_pow_Rmult; f_equal; field; lra]"
    )
    return by_hand(name, claim, statement, script, falsehood=falsehood)


def _in_nat(form, power="k"):
    """A closed form with the natural number k in its exponents, for the kernel."""
    k = symbols("k", integer=True, nonnegative=True)
    big, small = symbols("big small", real=True)
    text = coq(form.subs({(1 + 5 / n) ** k: big, (1 - 1 / n) ** k: small}))
    return text.replace("big", f"(1 + 5 / n) ^ ({power})").replace("small", f"(1 - 1 / n) ^ ({power})")


THEOREM = Theorem(
    title="ReLU's NTK at finite width: two moments",
    statement=r"E[\Theta] = \tfrac2n (L+1)|x|^2, \quad "
    r"\frac{E[\Theta^2]}{E[\Theta]^2} = \frac{(9L^2 + 6(n+5)L - n^2 + 2n + 26)(1 + \frac5n)^L "
    r"+ (n-1)^2 (1 - \frac1n)^L}{27(L+1)^2}, "
    r"\quad \frac{E\|P_k\|_F^4}{(E\|P_k\|_F^2)^2} = \tfrac{1 + 2/m}{3}\bigl(1 + \tfrac5n\bigr)^k "
    r"+ \tfrac{2 - 2/m}{3}\bigl(1 - \tfrac1n\bigr)^k",
    source="Hanin & Nica 2019/2020; the closed form of E[Θ²] derived here",
    derive=derive,
    depends_on=("ntk_recursion",),
    given=(
        "a row and its negative are equally likely: masks are fair coins, independent of what is even in the row",
    ),
)
