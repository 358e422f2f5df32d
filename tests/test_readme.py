"""The README's examples run as written."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def namespace():
    return {}


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_blocks_run_in_order(number, namespace, capsys):
    exec(compile(BLOCKS[number], f"README block {number + 1}", "exec"), namespace)
    printed = capsys.readouterr().out
    if "critical_W_var" in BLOCKS[number]:
        promised = re.search(r"^# (\S+) ±", BLOCKS[number], flags=re.MULTILINE)
        assert promised is not None
        assert printed.startswith(promised[1][:26])


def test_there_are_examples_of_each_job():
    for heading in ("### A kernel", "### A property test", "## Finite networks", "## Training"):
        assert "```python" in README.partition(heading)[2].partition("\n#")[0]


def test_the_commands_named_exist():
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    for target in re.findall(r"^make (\S+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (Path(__file__).parent.parent / picture).is_file()
