"""Bank against book (银行对账): matched precisely, explained, reproducible.

::

    book lines ──┐                 reversals → references → groups → parties        (match.py, pure)
                 ├─ frames.py ──▶  a match only where it is the only one possible ─▶ match facts + evidence
    bank lines ──┘                                                                      │
    opening items, notes ──────────────────────────▶ adjustment.py: R14, R15 as of any day (pure)

``run.py`` loads, calls, appends. A tie is shown, never settled: thousands of
equal bills make ties the normal case. Nothing here posts an entry; a bank item
is booked when its slip arrives (domain.md §0, 10).
"""
