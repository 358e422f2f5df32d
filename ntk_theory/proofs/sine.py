"""Sine and cosine between their Taylor polynomials, as lemmas for the kernel: each by the slope of the next."""

from sympy import cos, sin, symbols

from ntk_theory.proofs.coq import Lemma, by_hand, nonnegative

t = symbols("t", real=True)


def sine_bounds() -> tuple[Lemma, ...]:
    """For t ≥ 0: sin t ≤ t, 1 - t²/2 ≤ cos t, t - t³/6 ≤ sin t, cos t ≤ 1 - t²/2 + t⁴/24, and with these
    t³/3 - t⁵/30 ≤ sin t - t cos t ≤ t³/3.
    """
    first = by_hand(
        "cos_le_1",
        "cos t ≤ 1.",
        "forall t : R, 0 <= t -> 0 <= 1 - cos t",
        "intros t; pose proof (COS_bound t); lra",
    )
    part = sin(t) - t * cos(t)
    chain = (
        ("sin_upper", "sin t ≤ t.", t - sin(t), 1 - cos(t), "cos_le_1"),
        ("cos_lower", "1 - t²/2 ≤ cos t.", cos(t) - 1 + t**2 / 2, t - sin(t), "sin_upper"),
        ("sin_lower", "t - t³/6 ≤ sin t.", sin(t) - t + t**3 / 6, cos(t) - 1 + t**2 / 2, "cos_lower"),
        (
            "cos_upper",
            "cos t ≤ 1 - t²/2 + t⁴/24.",
            1 - t**2 / 2 + t**4 / 24 - cos(t),
            sin(t) - t + t**3 / 6,
            "sin_lower",
        ),
        ("part_upper", "sin t - t cos t ≤ t³/3.", t**3 / 3 - part, t * (t - sin(t)), "sin_upper"),
        (
            "part_lower",
            "t³/3 - t⁵/30 ≤ sin t - t cos t.",
            part - t**3 / 3 + t**5 / 30,
            t * (sin(t) - t + t**3 / 6),
            "sin_lower",
        ),
    )
    return (first, *(nonnegative(name, claim, f, t, slope, by=[by]) for name, claim, f, slope, by in chain))
