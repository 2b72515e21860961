# `make help` lists what there is. Everything runs in .venv, which the first command makes.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.installed
JOBS ?= 2

.PHONY: help book test serve lab notebooks lint format clean lock course grade release formgrader pdf epub site slides links

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1|/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): requirements.txt constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) here: install Python 3.11 or newer, or say make PYTHON=/path/to/python."; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; ok = v >= (3, 11); ok or print(f"Python {v[0]}.{v[1]} is too old: this book needs 3.11 or newer (make PYTHON=python3.11 book)."); sys.exit(not ok)'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . || $(PY) -m pip install --quiet --no-deps -e .
	@touch $(STAMP)

book: $(STAMP) ## build the web book into _build/html, warnings as errors
	@$(PY) -m tools.book.build --jobs $(JOBS)

test: $(STAMP) ## run every test, all notebooks included
	@$(PY) -m tools.checks.test

links: $(STAMP) book ## check the addresses outside the book (needs the network)
	@$(PY) -m tools.checks.links

serve: book ## build, then serve the book on http://127.0.0.1:8000
	$(PY) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

lab: $(STAMP) notebooks ## open JupyterLab on notebooks/
	$(PY) -m jupyter lab --notebook-dir notebooks

notebooks: $(STAMP) ## write notebooks/ from book/
	@$(PY) -m tools.book.export

lint: $(STAMP) ## check style, workflows, and that notebooks/ is up to date
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/zizmor --offline --quiet .github/workflows
	$(PY) -m tools.book.export --check

format: $(STAMP) ## format the code
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

course: $(STAMP) ## make the nbgrader course (SOURCE=folder, COURSE=folder, BY=chapter)
	@$(PY) -m tools.course make $(if $(SOURCE),--source "$(SOURCE)") $(if $(COURSE),--course "$(COURSE)") $(if $(BY),--by "$(BY)")

grade: $(STAMP) ## grade SUBMISSIONS=folder (COURSE=, SOURCE=, RECEIVED=time, LATE=table.csv, REGRADE=all, SCHEDULER=tcp://host:8786)
	@$(PY) -m tools.course grade --submissions "$(SUBMISSIONS)" $(if $(SOURCE),--source "$(SOURCE)") $(if $(COURSE),--course "$(COURSE)") \
		$(if $(RECEIVED),--received "$(RECEIVED)") $(if $(LATE),--late "$(LATE)") $(if $(REGRADE),--regrade "$(REGRADE)") \
		$(if $(SCHEDULER),--scheduler "$(SCHEDULER)")

release: $(STAMP) book ## make the students' files (SOURCE=, COURSE=, BY=chapter); fails if a solution would leak
	@$(PY) -m tools.course release $(if $(SOURCE),--source "$(SOURCE)") $(if $(COURSE),--course "$(COURSE)") $(if $(BY),--by "$(BY)")

formgrader: $(STAMP) ## open nbgrader's Formgrader for the manual part
	@$(PY) -m tools.course formgrader $(if $(COURSE),--course "$(COURSE)")

lock: $(STAMP) ## write constraints.txt from what is installed
	$(PY) -m tools.checks.lock

clean: ## remove what was built (submissions, courses, logs and notebooks in work stay)
	rm -rf _build .pytest_cache .ruff_cache dist build
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

pdf: book ## build, then print the book into one PDF (needs Chromium)
	@$(PY) -m tools.formats.pdf

epub: book ## build, then pack the book into one EPUB (needs Chromium)
	@$(PY) -m tools.formats.epub

site: book ## build, then add PDF, EPUB, zip and lecture decks and offer them on the pages (needs Chromium)
	@$(PY) -m tools.formats.downloads

slides: book ## build, then make a lecture deck a chapter in _build/slides (needs Chromium)
	@$(PY) -m tools.formats.slides
