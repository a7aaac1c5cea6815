# `make` says what there is.

GOLANGCI := bin/golangci-lint-2.6.2
GOVULNCHECK := bin/govulncheck-1.9.0
FUZZTIME ?= 30s
ASL := scripts/asl/node_modules

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Show the whole main job on the local cloud; ARGS=--plain prints lines, ARGS=--keep leaves it running
	go run ./cmd/sluice demo $(ARGS)

# Some tests hold the emulator against other things: botocore's service models, moto's server, the aws CLI
# (pip install -r scripts/requirements-tests.txt), and recordings of real AWS (SLUICE_RECORDED names their folder).
# Those of infra/ ask cfn-lint, SAM's transform, asl-validator, shellcheck, terraform and the shell's tools.
# Without those they are skipped; with CI=true set they fail instead.
# The stories are whole rollouts; a larger heap saves a third of their time.
.PHONY: test
test: $(ASL) ## Run all tests
	GOGC=400 go test -timeout 30m ./...

$(ASL): scripts/asl/package-lock.json
	@if command -v npm >/dev/null; then \
		npm ci --prefix scripts/asl --no-audit --no-fund --silent && touch $@; \
	elif [ "$$CI" = true ]; then \
		echo 'npm is not here, which installs asl-validator' >&2; exit 1; \
	else \
		echo 'npm is not here, asl-validator will not look at the state machine'; \
	fi

.PHONY: schema
schema: ## Write schema/sluice.schema.json from the reader of sluice.yaml
	go run ./cmd/sluice schema > schema/sluice.schema.json

.PHONY: terraform
terraform: ## Write the Terraform modules of infra/terraform from the templates
	python3 scripts/terraform.py

.PHONY: lint
lint: $(GOLANGCI) cfnlint ## Run the linters over code and templates
	$(GOLANGCI) run ./...

.PHONY: cfnlint
cfnlint:
	@if command -v cfn-lint >/dev/null; then \
		set -x; cfn-lint template.yaml infra/*.yaml; \
	elif [ "$$CI" = true ]; then \
		echo 'cfn-lint is not here: pip install -r scripts/requirements-tests.txt' >&2; exit 1; \
	else \
		echo 'cfn-lint is not here, the templates were not checked: pip install -r scripts/requirements-tests.txt'; \
	fi

$(GOLANGCI):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(lastword $(subst -, ,$@))
	mv bin/golangci-lint $@

.PHONY: fmt
fmt: $(GOLANGCI) ## Format the code as the linter wants it
	$(GOLANGCI) fmt ./...

.PHONY: build
build: ## Build the functions, a zip each, into DIST (dist) for ARCH (arm64)
	scripts/build

.PHONY: deploy
deploy: ## Install or update Sluice in your account; PLAN=1 shows what would change
	scripts/deploy

.PHONY: destroy
destroy: ## Take Sluice away from your account; what it deployed stays
	scripts/destroy

.PHONY: bench
bench: ## Measure how long a function takes to start, beside one that does nothing
	go test -run '^$$' -bench . -benchtime 20x ./internal/localcloud

# EXPLORE says what; hours of it: EXPLORE='--every fault', EXPLORE='good bad --every pair', EXPLORE='good --every interleaving'.
EXPLORE ?= --seeds 10000
.PHONY: explore
explore: ## Look for a promise that breaks in 10000 random runs, or those that EXPLORE names
	go run ./cmd/sluice simulate $(EXPLORE)

.PHONY: mutants
mutants: ## Plant known mistakes, one at a time, and see that exploration finds each; ARGS chooses by words of their names
	go run ./internal/simulate/mutate $(ARGS)

.PHONY: soak
soak: ## Make 500 deployments one after another in the live local cloud, and see that it holds no more at the end
	go test -timeout 60m -count 1 -run '^TestSoak$$' -v ./internal/localcloud -deployments 500

# A race in what is done side by side shows where processes, ports and the loop are; the stories run one thing at a time.
# RACE=some is what .ci/run runs.
.PHONY: race
race: $(ASL) ## Run all tests under the race detector; RACE=some runs those of what is done side by side
	scripts/race $(RACE)

.PHONY: vuln
vuln: $(GOVULNCHECK) ## Look for known vulnerabilities in what the code calls
	scripts/vuln $(GOVULNCHECK)

$(GOVULNCHECK):
	GOBIN=$(CURDIR)/bin go install golang.org/x/vuln/cmd/govulncheck@v$(lastword $(subst -, ,$@))
	mv bin/govulncheck $@

.PHONY: fuzz
fuzz: ## Run every fuzz target, each for FUZZTIME (30s)
	scripts/fuzz $(FUZZTIME)

.PHONY: models
models: ## Take the AWS service models of the operations in operations.txt from botocore
	python3 scripts/models.py
