"""The database: the only package that speaks SQL (see ``engine``, ``tables``, ``laws``, ``bulk``)."""

from ledger.storage.engine import Session, Store, now, refused

__all__ = ["Session", "Store", "now", "refused"]
