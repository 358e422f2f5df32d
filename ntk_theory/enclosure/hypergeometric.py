"""₂F₁(a, b; c; z) in balls for z ≤ 1, as the duals of powers need it: at the end z = 1 by Gauss's theorem."""

from flint import arb


def hypergeometric(z: arb, a: arb, b: arb, c: arb, *, equal: bool = False) -> arb:
    """₂F₁ at the working precision. Not finite where z may pass 1, unless `equal` says that a = b, and c > 2a.

    Then all coefficients (a)_n²/((c)_n n!) are ≥ 0 for c > 0, the function increases over [0, 1], and at 1 it is
    Γ(c)Γ(c-2a)/Γ(c-a)² (DLMF 15.4.20).
    """
    if z < 1:
        return z.hypgeom_2f1(a, b, c)
    lowest = z.lower()
    if not (equal and c > 0 and c - a - b > 0 and lowest <= 1):
        return arb.nan()
    end = c.gamma() * (c - 2 * a).gamma() * (c - a).rgamma() ** 2
    if lowest >= 1:
        return end
    if lowest < 0:
        return arb.nan()
    return arb(lowest).hypgeom_2f1(a, b, c).union(end)
