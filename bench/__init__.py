"""Measures a whole Lontar from outside; `make bench`."""
