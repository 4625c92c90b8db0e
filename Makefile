# What a person types: every target is one small script in scripts/, or one command.

.DEFAULT_GOAL := help
.PHONY: help run build test bench fuzz sanitize soak fmt fmt-check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build, then serve examples/quickstart on 127.0.0.1:8080
	@scripts/run

build: ## release build of the host and its plugins, plugins in .build/plugins
	@scripts/setup build
	@scripts/build

test: ## every test: Swift, integration, conformance, examples
	@scripts/test

bench: ## compare cost and memory with nginx, HAProxy, Envoy and Caddy (BENCH_ARGS=...)
	@scripts/bench $(BENCH_ARGS)

fuzz: ## libFuzzer on the readers of HTTP, Caddyfiles and manifests (FUZZ_SECONDS=60 each)
	@scripts/fuzz

sanitize: ## the tests again under the address and the thread sanitizer
	@scripts/sanitize

soak: ## 200 reloads in 20 s under full load, and the other slow tests
	@scripts/soak

fmt: ## format the Swift sources in place
	@swift format --in-place --parallel --recursive $(wildcard Package.swift Sources PluginSDK Tests examples)

fmt-check: ## fail when a Swift source is not formatted
	@swift format lint --strict --parallel --recursive $(wildcard Package.swift Sources PluginSDK Tests examples)

clean: ## remove everything that was built or set up
	rm -rf .build .pytest_cache
