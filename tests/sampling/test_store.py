"""The store: what is on the disk is what was added, whatever a kill or a bad hand left behind."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.errors import DataError
from ntk_theory.sampling.store import open_store

SHARED = {"x": [[1.0, 0.1]], "count": 3}


@pytest.fixture
def path(tmp_path):
    where = tmp_path / "store"
    with open_store(where, SHARED) as store:
        for number in range(3):
            store.add(f"cell {number}", {"value": number / 3, "text": "σ\n"})
    return where


def results(where):
    with open_store(where, SHARED) as store:
        return dict(store.results)


EXPECTED = {f"cell {number}": {"value": number / 3, "text": "σ\n"} for number in range(3)}


def test_what_was_added_is_there_to_the_last_bit(path):
    assert results(path) == EXPECTED


def test_cut_at_any_byte_it_holds_all_lines_that_were_whole(path, tmp_path):
    """As a kill leaves it: the whole lines are kept, the torn one goes, and adding goes on from there."""
    data = path.read_bytes()
    cut = tmp_path / "cut"
    for length in range(len(data) + 1):
        cut.write_bytes(data[:length])
        whole = max(0, data[:length].count(b"\n") - 1)
        assert list(results(cut)) == list(EXPECTED)[:whole], length
        with open_store(cut, SHARED) as store:
            for name in list(EXPECTED)[whole:]:
                store.add(name, EXPECTED[name])
        assert cut.read_bytes() == data


@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_is_found(tmp_path_factory, place, flip):
    """Any byte but the last line's end, changed in any way, is an error, and the file is left as it was."""
    where = tmp_path_factory.mktemp("flipped") / "store"
    with open_store(where, SHARED) as store:
        store.add("cell", {"value": 0.1})
    data = bytearray(where.read_bytes())
    data[int(place * (len(data) - 1))] ^= flip
    where.write_bytes(data)
    with pytest.raises(DataError, match=r"not as it was written|damaged"):
        results(where)
    assert where.read_bytes() == data


def test_what_does_not_belong_together_is_refused(path):
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    for shared, words in [
        ({**SHARED, "count": 4}, "count = 3, and now count = 4"),
        ({"count": 3}, "now x = None"),
    ]:
        with pytest.raises(DataError, match=words), open_store(path, shared):
            pass
    for kept, words in [
        ([*lines, lines[1]], "two results of cell 0"),
        (lines[1:], "does not begin with its settings"),
        ([b"a,b\n", b"1,2\n"], "no store of results"),
        ([b"some text"], "no store of results"),
    ]:
        path.write_bytes(b"".join(kept))
        with pytest.raises(DataError, match=words):
            results(path)
        assert path.read_bytes() == b"".join(kept)
    path.write_bytes(data)
    with open_store(path, SHARED) as store, pytest.raises(DataError, match="holds a result of cell 1 already"):
        store.add("cell 1", {})
    assert results(path) == EXPECTED


def test_one_writer_at_a_time(path, tmp_path):
    code = f"from ntk_theory.sampling.store import open_store\nwith open_store({str(path)!r}, {SHARED!r}): pass"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with open_store(path, SHARED):
        other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert "DataError" in other.stderr
    assert "being written by another process" in other.stderr
    with pytest.raises(DataError, match="can't be opened"), open_store(tmp_path / "nowhere" / "store", SHARED):
        pass
