"""Φ₂(h, k; ρ) = P(X < h, Y < k) in balls, by Owen's T function (Owen 1956, Tables for computing bivariate
normal probabilities, equations 2.1 and 2.3):

    Φ₂ = (Φ(h) + Φ(k))/2 - T(h, (k - ρh)/(h√(1-ρ²))) - T(k, (h - ρk)/(k√(1-ρ²))) - δ,
    T(h, a) = (1/2π) ∫₀ᵃ exp(-h²(1 + t²)/2)/(1 + t²) dt,

δ = 0 if h and k have one sign, else 1/2. The integrand has its poles at ±i: `acb.integral` does the rest.
"""

from flint import acb, arb

_FAR = 3
"""Beyond this the integral from 0 to a goes over into one from 0 to 1/a."""


def bivariate_normal(h: arb, k: arb, rho: arb) -> arb:
    """Φ₂(h, k; ρ) at the working precision. Not finite where |ρ| < 1 or the signs of h and k are not certain."""
    if not (abs(rho) < 1 and h.is_finite() and k.is_finite()):
        return arb.nan()
    if h == 0 and k == 0:
        return arb(1) / 4 + rho.asin() / (2 * arb.pi())
    together, apart = (h >= 0 and k >= 0) or (h < 0 and k < 0), (h >= 0 and k < 0) or (h < 0 and k >= 0)
    if not (together or apart):
        return arb.nan()
    across = (1 - rho * rho).sqrt()
    value = (_cdf(h) + _cdf(k)) / 2 - _part(h, k, rho, across) - _part(k, h, rho, across)
    return value if together else value - arb(1) / 2


def _part(h: arb, k: arb, rho: arb, across: arb) -> arb:
    """T(h, (k - ρh)/(h√(1-ρ²))), with its limit ±1/4 at h = 0."""
    if h == 0:
        return arb(1) / 4 if k > 0 else arb(-1) / 4
    return _owen(h, (k - rho * h) / (h * across))


def _owen(h: arb, a: arb) -> arb:
    if a < 0:
        return -_owen(h, -a)
    if a > _FAR:
        near, far = _cdf(h), _cdf(a * h)
        return (near + far) / 2 - near * far - _owen(a * h, 1 / a)
    square = acb(-h * h / 2)
    integral = acb.integral(lambda t, _: (square * (1 + t * t)).exp() / (1 + t * t), 0, acb(a))
    return integral.real / (2 * arb.pi())


def _cdf(h: arb) -> arb:
    return (-h / arb(2).sqrt()).erfc() / 2
