"""Sets Lontar up, starts its parts and keeps them running.

Standard library only: this package runs before anything is installed. It ends with the words
`python -m launch run`; see `launch/__main__.py` for the other verbs.
"""
