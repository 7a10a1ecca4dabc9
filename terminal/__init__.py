"""`lontar`: the product in a terminal. It talks HTTP and imports nothing of the rooms.

Needs httpx2 and rich of the virtual environment, and nothing of Django.
"""
