"""Phase diagrams as files: complete or not at all, and never without a reason."""

import pytest

from ntk_theory.errors import DataError
from ntk_theory.phase import draw_diagram, phase

pytest.importorskip("matplotlib")


@pytest.mark.parametrize(("name", "suffix"), [("relu", ".png"), ("erf", ".svg"), ("softplus", ".pdf")])
def test_a_diagram_is_one_file(name, suffix, tmp_path):
    path = draw_diagram(phase(name), tmp_path / f"{name}{suffix}", size=20)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_size > 5000


def test_the_line_is_drawn_where_it_repels_too():
    from ntk_theory.phase.figure import _line

    line, b_max = _line(phase("gelu"))
    assert b_max == 1
    assert {bool(stable) for stable in line[:, 2]} == {True, False}
    turning = max(b for _, b, stable in line if not stable)
    assert turning == pytest.approx(0.1729, abs=0.05)  # the half-stable point of the book


def test_bad_places_are_refused_and_leave_nothing(tmp_path):
    with pytest.raises(DataError, match="end the name"):
        draw_diagram(phase("relu"), tmp_path / "a.txt")
    with pytest.raises(DataError, match="can't be written"):
        draw_diagram(phase("relu"), tmp_path / "no" / "a.png", size=5)
    assert list(tmp_path.iterdir()) == []
