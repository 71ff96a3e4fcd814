# Everything here runs inside .venv, which is made when it is missing or out of date.
# Choose the Python that makes it with PYTHON=, the chapters of `make notebooks` with NB=, one set of instructions and
# one number of threads for `make test-portable` with SET= and THREADS=.

PYTHON ?= python3
NB ?=
SET ?=
THREADS ?=

BIN := .venv/bin
READY := .venv/.ready
NODE_READY := node_modules/.ready

.PHONY: help book test quick test-portable bench battery landscape forecasts outlook ledger kernels serve offline pdf student assignments grades site-without-solutions lint lint-js notebooks requirements clean
.DEFAULT_GOAL := help

help:
	@echo "make book          execute every chapter and build the site"
	@echo "make test          check the library, the chapters and the built site"
	@echo "make quick         check the library, without what takes long, and the links of the book: some three minutes"
	@echo "make test-portable check library and chapters as other processors compute them (SET=sse4 THREADS=2 for one)"
	@echo "make bench         time the training step, the sliders and the network in the page"
	@echo "make battery       simulate the studies that the battery of tests is calibrated on"
	@echo "make landscape     bend paths, prune and retrain the networks of Norms and basins"
	@echo "make forecasts     ask every forecaster and ring every alarm of Forecasting a transition"
	@echo "make outlook       fit the surfaces that say what a recipe promises"
	@echo "make ledger        compute every row of the ledger from the stored runs"
	@echo "make kernels       compile the arithmetic of the page's engine to WebAssembly, after an edit of kernels.c"
	@echo "make serve         build the site and serve it on http://localhost:8000"
	@echo "make offline       build the site and pack it into a zip to read without a network"
	@echo "make pdf           build the site and print it into _build/pdf/grokking.pdf (needs Chromium)"
	@echo "make student       write the notebooks for students, without solutions, into _build/student"
	@echo "make assignments   write the assignments for students, without solutions, into _build/course/release"
	@echo "make grades        mark what was handed in, in course/submitted, and write course/grades.csv"
	@echo "make site-without-solutions  build the site without any solution, into _build/without-solutions"
	@echo "make lint          check style and types"
	@echo "make lint-js       check style and types of JavaScript (the only target that needs npm, with Node 20 or newer)"
	@echo "make notebooks     execute the chapters in place, keeping text outputs (NB=path for one)"
	@echo "make requirements  compile requirements.txt from pyproject.toml"
	@echo "make clean         remove the environment and everything built"

book: $(READY)
	@echo "Building the book: chapters that changed are executed."
	@$(BIN)/jupyter-book build -W -n --keep-going .
	@echo "The book is at _build/html/index.html"

site-without-solutions: $(READY)
	@echo "Building the site without solutions: chapters that changed are executed."
	@BOOK_WITHOUT_SOLUTIONS=1 $(BIN)/jupyter-book build -W -n --keep-going --path-output _build/without-solutions .
	@echo "It is at _build/without-solutions/_build/html/index.html"

# Three workers for two cores: one of them mostly waits for the browser.
test: $(READY)
	@$(MAKE) --no-print-directory lint; style=$$?; \
	echo "Testing the library, every chapter and the built site."; \
	$(BIN)/python -m pytest --numprocesses=3 --benchmark-disable || exit; \
	test $$style = 0 || { echo "Style or types need work: see the top, or make lint."; exit 1; }

quick: $(READY)
	@echo "Testing the library, without what takes long, and the links of the book."
	@$(BIN)/python -m pytest tests/library tests/tools -m "not slow" --numprocesses=2 --benchmark-disable
	@$(BIN)/python -m tools.check_links
	@echo "Every reference of the book leads somewhere."

test-portable: $(READY)
	@echo "Testing the library and every chapter with fewer instructions, on one thread and on two."
	@$(BIN)/python -m tools.other_processors $(addprefix --set=,$(SET)) $(addprefix --threads=,$(THREADS))

bench: $(READY)
	@echo "Timing training steps, sliders and the network in the page."
	@$(BIN)/python -m pytest benchmarks --benchmark-columns=min,median,rounds --benchmark-sort=name

battery: $(READY)
	@echo "Simulating whole studies of every mechanism, some ten minutes."
	@$(BIN)/python -m tools.calibrate_battery

landscape: $(READY)
	@echo "Bending paths, pruning and retraining networks, some minutes."
	@$(BIN)/python -m tools.compute_landscape

forecasts: $(READY)
	@echo "Asking every forecaster and ringing every alarm, some ten minutes."
	@$(BIN)/python -m tools.score_forecasts

outlook: $(READY)
	@echo "Fitting what a recipe promises to the stored runs."
	@$(BIN)/python -c "from grokmodels import studies; from grokmodels.forecasts.outlook import fitted, store; store(fitted(studies.record('sensitivity')))"

ledger: $(READY)
	@echo "Computing every row of the ledger, some minutes."
	@$(BIN)/python -c "from grokmodels import claims; claims.store()"

kernels: $(READY)
	@echo "Compiling kernels.c to kernels.wasm."
	@$(BIN)/python -m tools.compile_kernels

serve: book
	@echo "Serving the book on http://localhost:8000 (stop with Ctrl-C)"
	@$(BIN)/python -m http.server --directory _build/html 8000

offline: book
	@echo "Packing the site into a zip."
	@$(BIN)/python -m tools.offline_copy

pdf: book
	@echo "Printing the book, some minutes."
	@$(BIN)/python -m tools.print_book

student: $(READY)
	@echo "Writing notebooks for students: exercises with cells to answer in, solutions out."
	@$(BIN)/python -m tools.student_notebooks

assignments: $(READY)
	@echo "Writing assignments for students: solutions and hidden tests out."
	@$(BIN)/python -m tools.course assignments

grades: $(READY)
	@echo "Marking what was handed in."
	@$(BIN)/python -m tools.course grades

lint: $(READY)
	@echo "Checking style and types."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

lint-js: $(READY) $(NODE_READY)
	@echo "Checking style and types of JavaScript."
	@$(BIN)/python -m tools.javascript_types
	@node_modules/.bin/biome ci
	@node_modules/.bin/tsc

notebooks: $(READY)
	@echo "Executing chapters in place."
	@PYTHONPATH=book/_ext $(BIN)/python -m tools.run_notebooks $(NB)

# Suffixes such as +cpu name one index's build of a release and are not known to the others.
requirements: $(READY)
	@echo "Compiling requirements.txt from pyproject.toml."
	@CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/pip-compile --quiet --upgrade \
		--all-extras --strip-extras --allow-unsafe --no-emit-options \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--output-file requirements.txt pyproject.toml
	@sed -i.bak -E 's/^([^ #]+==[^ +]+)\+[^ ]+/\1/' requirements.txt && rm requirements.txt.bak

clean:
	@rm -rf .venv node_modules _build .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	@echo "Removed .venv and everything built."

$(READY): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
		echo "Python 3.11 to 3.13 is needed, and '$(PYTHON)' was not found: install it, or name it with PYTHON=."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "Python 3.11 to 3.13 is needed, and '$(PYTHON)' is `$(PYTHON) -V 2>&1`: name another with PYTHON=."; exit 1; }
	@echo "Making the environment in .venv (a few minutes the first time)."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
		echo "'$(PYTHON)' cannot make environments: on Debian and Ubuntu, apt install python3-venv."; exit 1; }
	@$(BIN)/python -m pip install --quiet -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

$(NODE_READY): package.json package-lock.json
	@command -v npm >/dev/null || { echo "make lint-js needs npm, which comes with Node 20 or newer, and it was not found."; exit 1; }
	@npm ci --silent
	@touch $@
