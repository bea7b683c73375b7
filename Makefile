# Every target is a thin wrapper of a command that can be typed by hand.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
LAB := PYTHONPATH=tests $(BIN)/python -m lab

VERSIONS ?= 1.30.14 1.37.2
MATRIX := tests/cluster/test_wordings.py tests/e2e/test_stories.py

CHANGED = $(shell git diff --name-only --diff-filter=d HEAD -- '*.py'; git ls-files --others --exclude-standard -- '*.py')

.PHONY: help setup demo test test-fast check coverage hostile chaos after test-matrix bench bench-scale gym replay-table pages lint format cluster-up cluster-down image chart release lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/ready ## make .venv with probetuner and everything to develop it

.venv/ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "probetuner needs Python 3.11 or later; set PYTHON=… to one")'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "this Python has no venv: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q operator
	@touch $@

demo: setup ## the whole story on a real cluster: kills, advice, patch, cure (CLUSTER=current: on yours)
	$(BIN)/python -m demo

test: setup lint ## everything, on a real API server and kubelet
	$(BIN)/pytest -n auto -m "not cluster"
	$(BIN)/pytest -m cluster

test test-fast check coverage: export PYTHONDONTWRITEBYTECODE =  # what pytest compiled serves the next run

test-fast: setup ## what needs no cluster and takes no time, in a minute
	$(BIN)/pytest -n auto -m "not cluster and not slow"

check: setup ## the inner loop: TEST=tests/… with style and types of what changed since the last commit
	$(BIN)/pytest -q $(or $(TEST),$(error which test? make check TEST=tests/unit/model/test_probe.py))
	$(if $(CHANGED),$(BIN)/ruff check $(CHANGED) && $(BIN)/ruff format --check $(CHANGED))
	$(if $(CHANGED),$(BIN)/dmypy run --timeout 900 -- $(CHANGED))

coverage: setup ## which lines and branches the fast tests run, also in the processes that they start
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n auto -m "not cluster"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

hostile: setup ## what neighbours, tenants and kubelets could do to the operator, tried (part of test)
	$(BIN)/pytest tests/hostile tests/cluster/test_hostile_status.py tests/cluster/test_expired_lists.py

chaos: setup ## break everything around the operator on a real cluster until 200 changes were rolled back, and count
	PYTHONPATH=tests $(BIN)/python -m chaos

test-matrix: setup ## the stories and the kubelet's wordings on the oldest and the newest Kubernetes (VERSIONS="1.34.4 1.37.2")
	for version in $(VERSIONS); do LAB_KUBERNETES=$$version PROBETUNER_LAB=$${PROBETUNER_LAB:-matrix} $(BIN)/pytest -m cluster $(MATRIX) || exit; done

after: setup ## play twelve troubles on a real kubelet without and with the recommended patch, into docs/after.md
	PYTHONPATH=tests:. $(BIN)/python -m after --write docs/after.md

bench: setup ## manifests beside kube-score, and what a pod costs the operator in small clusters
	PYTHONPATH=tests $(BIN)/python -m bench
	PYTHONPATH=tests $(BIN)/python -m bench.scale

bench-scale: setup ## 1,000 and 10,000 pods in a real API server, beside the VPA recommender (PODS='1000'), into docs/scale.md
	PYTHONPATH=tests $(BIN)/python -m bench.scale.live $(if $(PODS),--pods $(PODS)) $(if $(CALM_AT),--calm-at $(CALM_AT)) \
		--write docs/scale.md

gym: setup ## score policies of settings on a simulated fleet, into docs/gym.md (REGIMES=quick: in minutes, printed)
	PYTHONPATH=tests $(BIN)/python -m gym --rules "commit $$(git describe --always --dirty)" \
		$(if $(filter quick,$(REGIMES)),--regimes quick,--write docs/gym.md)

replay-table: setup ## replay the recordings' own settings over them, into docs/replay.md
	PYTHONPATH=tests $(BIN)/python -m gym.replay_table docs/replay.md

pages: setup ## play reapers, the lone Redis and a newcomer on real kubelets, into docs/zombies.md, redis.md, self-signed.md
	PYTHONPATH=tests:. $(BIN)/python -m e2e.pages
	PYTHONPATH=tests:. $(BIN)/python -m e2e.newcomer

lint: setup ## style, types, the direction of imports, and the workflows of GitHub
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --quiet .github action.yml

format: setup ## let ruff put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

cluster-up: setup ## bring the lab up: a one-node Kubernetes without Docker
	$(LAB) up

cluster-down: setup ## take every lab down; nothing is left behind
	$(LAB) down --all

image: setup ## build the operator's image (a docker-archive for any cluster)
	PYTHONPATH=tests $(BIN)/python -m lab.operator_image

chart: setup ## write what is generated of the chart: the copy of crds/, and its README
	$(BIN)/python deploy/chart_crds.py
	PYTHONPATH=deploy $(BIN)/python -m release.chart_readme

release: setup ## make what a release consists of, into dist/VERSION (VERSION=0.1.0; URL= where it will be found)
	PYTHONPATH=deploy $(BIN)/python -m release "$(VERSION)" --url "$(URL)"

lock: setup ## pin the dependencies anew
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## remove what was built here (the caches outside stay)
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
