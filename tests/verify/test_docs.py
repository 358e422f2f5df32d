"""The code of docs/claims.md runs."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs" / "claims.md").read_text()


def test_the_blocks_run_in_order():
    namespace = {}
    for block in re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL):
        exec(compile(block, "docs/claims.md", "exec"), namespace)
    namespace["test_my_theory"](lambda net, x, kernel_fn: None)  # noqa: ARG005


def test_every_claim_with_a_name_is_in_the_table():
    from ntk_theory.verify.claims import CLAIMS

    assert set(CLAIMS) <= set(re.findall(r'^\| `"(\w+)"`', TEXT, flags=re.MULTILINE))
