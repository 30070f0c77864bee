"""Speed and memory of scorekit beside floors and peers: ``python -m benchmarks``."""
