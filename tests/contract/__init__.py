"""The REST contract, written by hand: a module for each resource, asked as everybody.

What is held here is what other programs build on: exact keys, statuses, pages, filters, order.
"""
