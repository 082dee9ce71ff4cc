"""The small book of the posting rules, for what is matched inside it."""

from tests.ledger.postings.conftest import desk as desk
from tests.ledger.postings.conftest import june as june
from tests.ledger.postings.conftest import opened as opened
