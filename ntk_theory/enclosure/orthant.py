"""P(Z_1 < h_1, …, Z_n < h_n) in balls for n = 3, and for n = 4 at h = 0: Plackett's integral by `acb.integral`.

Along correlations tρ, from independence at t = 0 to t = 1, dP/dt = Σ ρ_ij φ₂(h_i, h_j; tρ_ij) P(rest | Z_i = h_i,
Z_j = h_j) (Plackett 1954, A reduction formula for normal multivariate integrals): the rest has one dimension, or
two at zero thresholds, where P = 1/4 + asin(r)/2π (Sheppard 1899). t = sin θ takes the root out of the end.
"""

from collections.abc import Sequence
from itertools import combinations

from flint import acb, arb, ctx

from ntk_theory.enclosure.program import complex_functions
from ntk_theory.gaussian.special import dimensions

_sqrt, _asin = complex_functions["sqrt"], complex_functions["asin"]


def orthant(*arguments: arb) -> arb:
    """The probability from n thresholds and n(n - 1)/2 correlations. Not finite where nothing could be proven."""
    n = dimensions(arguments)
    h, rho = arguments[:n], dict(zip(combinations(range(n), 2), arguments[n:], strict=True))
    if n not in (3, 4) or (n == 4 and any(t != 0 for t in h)):
        return arb.nan()

    def slope(angle: acb, analytic: bool) -> acb:
        t = angle.sin()
        along = {pair: t * r for pair, r in rho.items()}
        parts = (r * _slope(h, along, pair, analytic) for pair, r in rho.items() if r != 0)
        return sum(parts, acb(0)) * angle.cos()

    integral = acb.integral(slope, 0, acb.pi() / 2, eval_limit=2000 + 100 * ctx.prec)
    independent = arb(1)
    for threshold in h:
        independent *= (-threshold / arb(2).sqrt()).erfc() / 2
    return independent + integral.real


def _slope(h: Sequence[arb], rho: dict[tuple[int, int], acb], pair: tuple[int, int], analytic: bool) -> acb:
    i, j = pair
    r = rho[pair]
    spread = 1 - r * r
    square = (h[i] * h[i] - 2 * r * h[i] * h[j] + h[j] * h[j]) / (2 * spread)
    density = (-square).exp() / (2 * arb.pi() * _sqrt(spread, analytic))
    rest = [k for k in range(len(h)) if k not in pair]
    across = {k: (rho[min(i, k), max(i, k)], rho[min(j, k), max(j, k)]) for k in rest}
    weights = {k: ((a - r * b) / spread, (b - r * a) / spread) for k, (a, b) in across.items()}

    def covariance(k: int, l: int) -> acb:
        plain = acb(1) if k == l else rho[k, l]
        return plain - weights[k][0] * across[l][0] - weights[k][1] * across[l][1]

    scales = {k: _sqrt(covariance(k, k), analytic) for k in rest}
    if len(rest) == 1:
        (k,) = rest
        left = (h[k] - weights[k][0] * h[i] - weights[k][1] * h[j]) / scales[k]
        return density * (-left / arb(2).sqrt()).erfc() / 2
    k, l = rest
    return density * (acb(1) / 4 + _asin(covariance(k, l) / (scales[k] * scales[l]), analytic) / (2 * arb.pi()))
