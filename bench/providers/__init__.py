"""Simulated providers: OpenAI's, Anthropic's and Google's protocols over real HTTP, troubles too.

For tests (``Simulator().running()``), end-to-end runs and load (``python -m bench.providers``).
Standard library only: one process, one event loop, one timer for all streams.
"""
