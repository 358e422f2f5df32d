# The two commands: `make report` and `make test`. Both make the environment first, if it is not there.
SHELL := /bin/bash
VENV := .venv
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
RUN := $(VENV)/bin/python

.PHONY: setup report proofs paper tex test test-all lint types lock clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml $(wildcard requirements/*.txt)
	@test -n "$(PYTHON)" || { echo "ntk_theory needs Python 3.11, 3.12 or 3.13; none was found. Name one: make PYTHON=/path/to/python3 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements/py$$($(RUN) -c 'import sys; print(*sys.version_info[:2], sep="")').txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

report: setup
	$(RUN) -m ntk_theory report --out build/report

# SIZE=full prints the stored results of the full study; quick, the default, makes a small one first.
SIZE ?= quick
paper: setup
	$(RUN) -m paper --size $(SIZE) --out build/paper

# What `make paper` needs for the PDF, on Debian and Ubuntu, as root.
tex:
	apt-get install --yes --no-install-recommends texlive-latex-extra texlive-science texlive-fonts-recommended

proofs: setup
	$(RUN) -m ntk_theory.proofs --out build/proofs

test: setup
	$(RUN) -m pytest -n auto --dist worksteal -m "not slow"

test-all: setup
	$(RUN) -m pytest -n auto --dist worksteal

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: setup
	$(VENV)/bin/mypy

lock:
	for v in 3.11 3.12 3.13; do \
		rm -f requirements/py$${v/./}.txt; \
		uv pip compile --quiet --no-header --no-emit-index-url --no-emit-find-links --universal --python-version $$v --extra report --extra test \
			-o requirements/py$${v/./}.txt pyproject.toml; \
	done

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
