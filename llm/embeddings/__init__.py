"""Text to vectors: one module per embedder, named in ``llm/registry.py``."""
