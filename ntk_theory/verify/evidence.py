"""Evidence about means that stays valid at any stopping time: e-processes and confidence sequences.

For a residual D with E D ≤ 0 and Var D ≤ v, and any λ > 0, the factor exp(ψ(λ D))/(1 + λ² v/2) has expectation at
most 1, where ψ(t) = sign(t) log(1 + |t| + t²/2) is Catoni's influence function: exp ψ(t) ≤ 1 + t + t²/2. Neither
boundedness nor normality is assumed. Products of independent factors are supermartingales and so are weighted
means of such products; by Ville's inequality one of them ever reaches 1/α with probability at most α.

Sources: Ville 1939; Catoni 2012, "Challenging the empirical mean and empirical variance", section 2; Wang & Ramdas
2023, "Catoni-style confidence sequences for heavy-tailed mean estimation".
"""

import numpy as np
from jaxtyping import Float


def influence(t: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Catoni's ψ(t) = sign(t) log(1 + |t| + t²/2), increasing."""
    size = np.abs(t)
    return np.sign(t) * np.log1p(size * (1 + size / 2))


def log_capital(
    residuals: Float[np.ndarray, "samples quantities"],
    variance: Float[np.ndarray, "quantities"],
    sizes: Float[np.ndarray, "quantities bets"],
) -> Float[np.ndarray, "quantities bets"]:
    """log of what each bet has become after these samples, one unit of capital at the start.

    `residuals` have mean ≤ 0 under the hypothesis that is bet against, `variance` bounds their variance, `sizes`
    are the λ > 0. Capitals of later samples multiply: add the logarithms.
    """
    gained = influence(residuals[:, :, None] * sizes).sum(0)
    return gained - len(residuals) * np.log1p(sizes**2 * variance[:, None] / 2)


def log_mixture(logs: Float[np.ndarray, "*rest bets"]) -> Float[np.ndarray, "*rest"]:
    """log of the mean capital over the last axis: the capital of one who spread it evenly over the bets."""
    top = logs.max(-1, keepdims=True)
    return (top + np.log(np.exp(logs - top).mean(-1, keepdims=True)))[..., 0]


def confidence_bounds(
    samples: Float[np.ndarray, "samples quantities"],
    variance: Float[np.ndarray, "quantities"],
    sizes: Float[np.ndarray, "quantities bets"],
    failure: float,
) -> tuple[Float[np.ndarray, "quantities"], Float[np.ndarray, "quantities"]]:
    """Lower and upper bounds of each mean; each pair fails with probability at most `failure`.

    The means m that neither the bets on samples - m nor those on m - samples have refuted. As functions of the
    number of samples they are confidence sequences: valid at any stopping time.
    """
    threshold = np.log(2 / failure)

    def edge(sign: int) -> Float[np.ndarray, "quantities"]:
        centre = samples.mean(0)
        kept, refuted = centre.copy(), centre.copy()
        step = np.sqrt(variance) * np.sqrt(2 * threshold / len(samples))
        for _ in range(60):  # outward until refuted
            refuted = refuted + sign * step
            capital = log_mixture(log_capital(sign * (refuted - samples), variance, sizes))
            done = capital >= threshold
            kept = np.where(done, kept, refuted)
            step = np.where(done, 0, 2 * step)
            if done.all():
                break
        for _ in range(40):
            middle = (kept + refuted) / 2
            capital = log_mixture(log_capital(sign * (middle - samples), variance, sizes))
            kept = np.where(capital >= threshold, kept, middle)
            refuted = np.where(capital >= threshold, middle, refuted)
        return refuted

    return edge(-1), edge(1)
