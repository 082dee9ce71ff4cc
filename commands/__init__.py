"""The commands of ``meterbook`` by job, each thin: parse, call, print (cli.py puts them together).

=============  ============================================================
people         login, operators, passwords, requests, approvals, acceptance
periods        day and month close, signed reports, overrides, tasks
=============  ============================================================
"""
