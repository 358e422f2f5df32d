"""The house's rules: rooms import from rooms to their left, derivations never load JAX, no hand-typed kernels."""

import ast
import subprocess
import sys
from pathlib import Path

import ntk_theory

PACKAGE = Path(ntk_theory.__file__).parent

# What each room may import; the order is the flow of DESIGN: expression to report.
ORDER = [
    {"errors", "symbols"},
    {"activation"},
    {"gaussian"},
    {"dual", "special"},
    {"printing", "enclosure"},
    {"layers"},
    {"recursion"},
    {"network"},
    {"codegen"},
    {"kernels"},
    {"sampling"},
    {"phase", "dynamics"},
    {"finite_width"},
    {"verify", "proofs"},
    {"interop", "regime", "tables"},
    {"report"},
    {"cli"},
    {"__main__"},
]
PLACE = {room: place for place, rooms in enumerate(ORDER) for room in rooms}
# The network is the handle users hold; its methods hand over to rooms further along, inside functions.
HANDOVERS = {"network": {"recursion", "codegen", "kernels", "sampling"}}


def imports(path, *, inside_functions):
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if inside_functions else tree.body
    for node in nodes:
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from names


def test_rooms_import_only_from_their_left():
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for name in imports(path, inside_functions=True):
            parts = name.split(".")
            if parts[0] != "ntk_theory" or len(parts) == 1:
                continue
            target = parts[1]
            allowed = PLACE[target] < PLACE[room] or target == room or target in HANDOVERS.get(room, ())
            assert allowed, f"{path.name} in {room} imports {name}, which lies to its right"


def test_symbolic_rooms_never_import_jax():
    for room in ("activation", "gaussian", "enclosure", "phase"):
        for path in (PACKAGE / room).rglob("*.py"):
            assert not any(n.split(".")[0] == "jax" for n in imports(path, inside_functions=True)), path


def test_importing_and_deriving_load_no_jax():
    code = (
        "import sys, ntk_theory as ntk; assert 'sympy' not in sys.modules; "
        "ntk.dual('relu'); assert 'jax' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_verb_is_never_shadowed_by_its_room():
    code = (
        "import ntk_theory.activation, ntk_theory.dual, ntk_theory.phase, ntk_theory.verify, ntk_theory as ntk; "
        "from ntk_theory.activation.parse import parse; "
        "assert all(map(callable, (ntk.activation, ntk.dual, ntk.phase, ntk.verify)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there_and_documented():
    for name in ntk_theory.__all__:
        assert getattr(ntk_theory, name).__doc__, name


def test_modules_say_what_is_in_them_and_stay_small():
    for path in PACKAGE.rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path
        assert len(path.read_text().splitlines()) <= 600, path
