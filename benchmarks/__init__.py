"""How fast, beside the peers: `python -m benchmarks.run` in the root of the repository."""
