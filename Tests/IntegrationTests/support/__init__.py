"""Real parts around the gateway under test: itself, upstreams, clients, certificates."""
