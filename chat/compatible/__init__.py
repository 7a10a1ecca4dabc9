"""The door for programs that speak the OpenAI protocol: models, chat completions, embeddings.

Nothing that is said here becomes a chat: the messages come with each request.
"""
