"""What model calls cost, who pays, and how much may be spent.

``metered`` wraps what streams; ``budgets`` holds money back before a call, ``ledger`` writes down
what it took; ``reports``, ``api`` and ``pages`` tell of it.
"""
