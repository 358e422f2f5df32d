"""Training as a moving picture: one SVG file, animated by SMIL, without scripts, light or dark with the reader.

Frames follow one another at equal shares of log t, the last one stays a while, then it starts again.
"""

import numpy as np
from jaxtyping import Float

from ntk_theory.report.function_space import Film
from ntk_theory.report.style import DARK, LIGHT, Palette

WIDTH, HEIGHT, MARGIN = 720, 330, 34
SECONDS, STAY = 7.0, 0.25
"""Of one run, and the share of it for which the last frame stays."""


def film_svg(film: Film) -> str:
    """The text of the SVG: the ensemble's mean with two standard deviations, networks, and the points learned."""
    low = float(min((film.mean - 2 * film.std).min(), film.networks.min(), film.points[:, 1].min()))
    high = float(max((film.mean + 2 * film.std).max(), film.networks.max(), film.points[:, 1].max()))

    def across(angle: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        return MARGIN + (angle + np.pi) / (2 * np.pi) * (WIDTH - 2 * MARGIN)

    def up(value: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        return HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN)

    xs = across(film.angles)
    band = [
        _line(np.concatenate([xs, xs[::-1]]), up(np.concatenate([m + 2 * s, (m - 2 * s)[::-1]]))) + "Z"
        for m, s in zip(film.mean, film.std, strict=True)
    ]
    mean = [_line(xs, up(m)) for m in film.mean]
    networks = [[_line(xs, up(f)) for f in frames] for frames in film.networks]
    dots = "".join(
        f'<circle class="point" cx="{across(np.array(a)):.1f}" cy="{up(np.array(v)):.1f}" r="5"/>'
        for a, v in film.points
    )
    # the clock: a bar that fills as log t goes on
    widths = [f"{(WIDTH - 2 * MARGIN) * i / (len(mean) - 1):.1f}" for i in range(len(mean))]
    clock = f'<rect class="clock" x="{MARGIN}" y="{HEIGHT - 14}" height="3" width="{widths[-1]}">'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        "<title>An infinitely wide ensemble and three networks learn five points</title>"
        f"<style>{_style()}</style>"
        f"{_moving('band', band)}{''.join(_moving('network', frames) for frames in networks)}"
        f"{_moving('mean', mean)}{dots}"
        f"{clock}{_animate('width', widths)}</rect>"
        f'<text x="{MARGIN}" y="{HEIGHT - 20}">training time, logarithmic</text></svg>\n'
    )


def _line(x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> str:
    """A path with relative steps of a tenth of a unit, whose rounding does not add up."""
    points = np.round(10 * np.stack([x, y], axis=1)).astype(int)
    steps = np.diff(points, axis=0)
    return f"M{points[0, 0] / 10:g} {points[0, 1] / 10:g}l" + " ".join(f"{a / 10:g} {b / 10:g}" for a, b in steps)


def _moving(kind: str, frames: list[str]) -> str:
    return f'<path class="{kind}" d="{frames[-1]}">{_animate("d", frames)}</path>'


def _animate(attribute: str, frames: list[str]) -> str:
    moments = np.linspace(0, 1 - STAY, len(frames))
    times = ";".join(f"{t:.3g}" for t in (*moments, 1.0))
    return (
        f'<animate attributeName="{attribute}" dur="{SECONDS:g}s" repeatCount="indefinite" keyTimes="{times}" '
        f'values="{";".join([*frames, frames[-1]])}"/>'
    )


def _style() -> str:
    def colours(palette: Palette) -> str:
        first, second, *_ = palette.series
        return (
            f".band{{fill:{first};fill-opacity:.18}}.mean{{fill:none;stroke:{first};stroke-width:3}}"
            f".network{{fill:none;stroke:{second};stroke-width:1.4}}.point{{fill:{palette.ink}}}"
            f".clock{{fill:{palette.quiet}}}text{{fill:{palette.quiet};font:13px STIXGeneral,serif}}"
        )

    return f"{colours(LIGHT)}@media (prefers-color-scheme:dark){{{colours(DARK)}}}"
