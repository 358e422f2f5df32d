"""`ntk-theory table` as a user meets it."""

import json

from ntk_theory.cli import main


def run(capsys, *arguments):
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_list_names_every_table(capsys):
    status, out, _ = run(capsys, "table", "--list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        *("kernels", "critical", "rates", "dispersion", "growth", "verdicts")
    ]
    _, out, _ = run(capsys, "table", "--list", "--json")
    assert json.loads(out)["kernels"]["what"]


def test_a_bad_name_is_one_line(capsys):
    status, out, err = run(capsys, "table", "kernel", "--format", "latex")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "critical" in err


def test_all_formats_of_one_table(capsys, tmp_path):
    claim = {"statement": "a", "verdict": "VERIFIED", "alpha": 0.001, "evidence": "b", "command": "c"}
    path = tmp_path / "claims.json"
    path.write_text(json.dumps({"claims": [claim]}))
    shown = {}
    for form in ("latex", "csv", "md", "html"):
        status, shown[form], _ = run(capsys, "table", "verdicts", "--results", str(path), "--format", form)
        assert status == 0
    assert shown["latex"].startswith("% needs amsmath")
    assert shown["csv"] == "claim,verdict,alpha,evidence,source\na,VERIFIED,1e-3,b,c\n"
    assert shown["md"].startswith("| claim | verdict | $\\alpha$ |")
    assert "<!doctype html>" in shown["html"]
    assert 'src="' not in shown["html"].split("<body>")[0].split("MathJax = {")[0]
    _, out, _ = run(capsys, "table", "verdicts", "--results", str(path), "--json")
    assert json.loads(out)["rows"][0]["verdict"] == "VERIFIED"
