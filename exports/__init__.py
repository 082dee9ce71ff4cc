"""What leaves the ledger: registers on screen and paper, plain text for other tools, the reading room.

::

    ledger.views ──▶ reports/rNN.py ──▶ Report ──▶ render/{terminal,xlsx,csv,json}.py
         └─────────▶ beancount.py, ledger_cli.py ──▶ text ──▶ fava/

Nothing here reads the database but through ``ledger.views``, and nothing writes to it.
"""
