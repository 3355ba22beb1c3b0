# Lean RAG. Two commands do everything on a fresh machine: `make demo` and `make test`.
# All that is downloaded or built lands in $(CACHE); delete it to start over.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export LEANRAG_CACHE ?= $(HOME)/.cache/leanrag
CACHE := $(LEANRAG_CACHE)
UV_VERSION := 0.13.8
export LEANRAG_UV := $(CACHE)/uv-$(UV_VERSION)/bin/uv
export UV_CACHE_DIR := $(CACHE)/uv-cache
export UV_PYTHON_PREFERENCE := system
# The first interpreter that really runs and is new enough; name another with PYTHON=.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { command -v "$$p"; break; }; done)
BIN := .venv/bin
LEANRAG := $(BIN)/leanrag
DEV_LOCK := bootstrap/local/locks/dev.txt

# What `make demo` takes; see `make help`.
ENGINE ?= vllm
API ?= llamastack
FAULT ?=
KEEP ?=

# What `make e2e` and `make drill` run on: our own bench, or CLUSTER=current for the cluster that KUBECONFIG names.
export CLUSTER ?= bench

.PHONY: help demo test setup lint types unit long charts check docs lock clean-cache down e2e drill reconcile bench-up bench-down bench-scale bench-check bench-gate observe differential fuzz

help: ## list every verb
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo ENGINE=vllm|sim API=llamastack|ogx FAULT=slow|errors|dead|empty-index|wrong-model|cut-stream KEEP=1"
	@echo "  everything downloaded or built is cached in $(CACHE)"

demo: setup ## start the real RAG stack from the charts, gate it, end with a verdict and a report
	@$(LEANRAG) demo --engine $(ENGINE) --api $(API) $(if $(FAULT),--fault $(FAULT)) $(if $(KEEP),--keep)

down: setup ## stop whatever the demo left running (after KEEP=1)
	@$(LEANRAG) local down

test: setup ## everything that CI runs: lint, types, charts, the check of this repository, unit and stack tests
	@$(LEANRAG) tools helm helm-unittest render yaml-golden prometheus promtool schemas engines llama-stack ogx guidellm minilm tiktoken
	@$(MAKE) --no-print-directory lint types charts check unit

# What tests the bench itself, which another cluster has not.
OF_THE_BENCH := validation/tests/bench/test_{health,openshift,node}.py
e2e: bench-up ## the real loop on a real Kubernetes and Argo CD: stories from commit to prod (Linux, root)
	@LEANRAG_BENCH=1 $(BIN)/pytest -m 'not long' -x $(if $(filter bench,$(CLUSTER)),$(OF_THE_BENCH)) validation/tests/e2e

drill: bench-up ## break more than 100 things; none may promote; writes docs/drill.md; SHORT=1: the most dangerous (Linux, root)
	@LEANRAG_BENCH=1 $(BIN)/python validation/tests/e2e/drill $(if $(SHORT),--short)

reconcile: setup ## the real controllers (KServe, LeaderWorkerSet, OGX, KEDA, Istio) make our objects Ready (Linux, root; builds up to an hour once)
	@$(LEANRAG) tools helm render schemas
	@LEANRAG_BENCH=1 LEANRAG_BENCH_INSTANCE=6 $(BIN)/pytest -m bench validation/tests/bench/test_reconcile.py
	@$(LEANRAG) bench down --instance 6

bench-up: setup ## start the bench: Kubernetes, Argo CD, Git, Redis as processes (first time 10 to 20 minutes of building)
	@$(LEANRAG) tools helm render schemas engines guidellm ogx minilm tiktoken
	@if [ "$(CLUSTER)" = bench ]; then $(LEANRAG) bench up; fi

bench-down: setup ## stop the bench and remove all that it made
	@$(LEANRAG) bench down

bench-scale: setup ## 10, 100 and 1,000 generated clusters on the real controllers; writes docs/scale.md
	@LEANRAG_BENCH=1 $(BIN)/python validation/tests/e2e/scale.py

lint: setup ## ruff, yamllint, import layers
	@$(BIN)/ruff check validation && $(BIN)/ruff format --check -q validation && echo "ruff: clean"
	@$(BIN)/yamllint --strict . && echo "yamllint: clean"
	@$(BIN)/lint-imports --no-cache 2>&1 | tail -n 4

types: setup ## mypy --strict
	@$(BIN)/mypy
	@for folder in validation/benchmarks/*/; do $(BIN)/mypy --no-error-summary $$folder*.py || exit 1; done && echo "mypy: benchmarks clean"

charts: setup ## every chart: unit suites, lint, schemas, a real API server's dry run of all that it renders; writes docs/charts.md
	@$(LEANRAG) tools helm helm-unittest render schemas
	@$(BIN)/python -m leanrag.render.unittest
	@$(BIN)/python -m leanrag.bench.accept --write

check: setup ## leanrag check of every cluster in this repository
	@$(LEANRAG) check

unit: setup ## pytest
	@LEANRAG_REQUIRE_ALL=1 $(BIN)/pytest -n 2 --dist loadgroup

long: setup ## the long tests: more GuideLLM runs, more servers
	@$(LEANRAG) tools helm render registry guidellm llama-stack ogx minilm tiktoken
	@LEANRAG_REQUIRE_ALL=1 $(BIN)/pytest -m long

docs: setup ## write what is generated: chart READMEs, AppProjects, the settings of OpenShift GitOps, docs/rules.md
	@for part in docs projects gitops; do $(BIN)/python -m leanrag.render.$$part --write; done
	@$(BIN)/python -m leanrag.checks.explain --write
	@$(BIN)/python -m leanrag.dashboards --write

bench-check: setup ## how quick the check is, beside kubeconform and helm; writes docs/performance.md (about 20 minutes)
	@$(LEANRAG) tools helm render schemas kubeconform
	@$(BIN)/python validation/benchmarks/check --write

bench-gate: setup ## how often the gate is wrong, and what it is worth; goes on where it was stopped; writes docs/statistics.md (hours)
	@$(LEANRAG) tools guidellm vllm tiny-llama
	@$(BIN)/python validation/benchmarks/gate --write

observe: setup ## every query, alert and board, on the demo's stack and a real Prometheus; writes docs/observability.md (about 2 hours); ONLY=queries: less than 10 minutes, writes nothing
	@$(LEANRAG) tools helm render schemas prometheus guidellm vllm ogx minilm tiny-llama tiktoken
	@$(BIN)/python validation/benchmarks/observe $(if $(ONLY),--only $(ONLY),--write)

differential: setup ## our verdict on 16,000 objects beside a real API server's; writes docs/differential.md
	@$(LEANRAG) tools helm render schemas
	@$(BIN)/python validation/benchmarks/differential --mutants 27000 $(addprefix --seed ,1 2 3 4 5 6 7 98 99) --write

fuzz: setup ## hostile texts, objects and overlays for MINUTES=10: no crash, no hang, no traceback
	@$(LEANRAG) tools yaml-golden
	@$(BIN)/python validation/benchmarks/fuzz --minutes $(or $(MINUTES),10)

setup: .venv/.ready

.venv/.ready: $(DEV_LOCK) pyproject.toml | $(LEANRAG_UV)
	@echo "setup: Python packages into .venv (about 10 s, once)" >&2
	@$(LEANRAG_UV) venv -q --allow-existing --python $(PYTHON) .venv
	@$(LEANRAG_UV) pip sync -q --python $(BIN)/python --require-hashes $(DEV_LOCK)
	@$(LEANRAG_UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(LEANRAG_UV):
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found" >&2; echo "hint: install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "setup: uv $(UV_VERSION) into $(CACHE) (about 5 s, once)" >&2
	@$(PYTHON) -m venv $(CACHE)/uv-$(UV_VERSION)
	@$(CACHE)/uv-$(UV_VERSION)/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION)

lock: | $(LEANRAG_UV) ## make the lock file of the development environment again
	@$(LEANRAG_UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o $(DEV_LOCK)

clean-cache: ## delete everything that was downloaded or built
	rm -rf $(CACHE) .venv
