"""Choosing sentences of found passages that answer a question, without a language model."""
