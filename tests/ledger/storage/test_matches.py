"""Storing many matches at once: the laws are held to the set, not to each row against every other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import psycopg
from sqlalchemy import make_url

from ledger.storage import bank
from tests.conftest import database_url
from tests.ledger.storage.test_engine import found

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.storage import Store

MANY = 1_000


def test_a_run_of_many_matches_is_checked_as_a_set(new_store: Callable[[str], Store], postgres_url: str) -> None:
    """Without statistics PostgreSQL took ``undoes IS NULL`` for rare and read all matches for each item:
    20,000 matches took minutes. Now it reads none of that index's entries, however many there are."""
    store = new_store("postgresql")
    found(store)
    numbers = pl.DataFrame({"match_id": pl.int_range(1, MANY + 1, dtype=pl.Int64, eager=True)})
    matches = numbers.with_columns(stage=pl.lit("reference"), rule_version=pl.lit("2"), evidence=pl.lit("{}"))
    items = pl.concat(
        numbers.with_columns(side=pl.lit(side), ref=pl.col("match_id").cast(pl.String), amount=pl.lit(5, pl.Int64))
        for side in ("book", "bank")
    )
    with store.writing(1) as session:
        bank.append_matches(session, 1, "1002.01", matches, items, "K")
    store.dispose()  # its backend hands in what it counted
    with psycopg.connect(database_url(postgres_url, str(make_url(store.url).database))) as admin:
        asked = "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'match_undone_once'"
        (read,) = admin.execute(asked).fetchone() or (None,)
    assert read is not None
    assert read <= 2 * MANY
