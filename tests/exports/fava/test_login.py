"""The desk before the room: who comes in, how long he stays, what of it is written down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher

pytest.importorskip("fava")

from exports.fava import serve, sittings
from exports.fava.login import Desk
from ledger import passwords
from ledger.books import create_book
from ledger.errors import Refused
from ledger.i18n import set_language
from ledger.operators import appoint
from tests.exports.fava.rooms import open_room

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.journal import Ledger
    from ledger.storage import Store

PASSWORDS = {"T01": "administrator-1", "J01": "auditor-of-2023", "C01": "cashier-of-2023"}
HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing: how dear they are is the ledger's affair."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def ledger(new_store: Callable[[str], Store]) -> Ledger:
    return staffed(new_store("sqlite"))


def staffed(store: Store) -> Ledger:
    """A new book with an administrator, an auditor (all branches) and a cashier of 城南."""
    made = create_book(store, operator="T01")
    with store.writing(1) as session:
        for person, password in PASSWORDS.items():
            appoint(session, 1, made.book, person, by="T01", today=made.book.cutover)
            passwords.set_password(session, 1, person, password, by="T01")
    return made


@pytest.fixture
def room(ledger: Ledger, tmp_path: Path) -> serve.Opened:
    return open_room(ledger, tmp_path)


@pytest.fixture
def client(room: serve.Opened) -> Any:
    return room.app.test_client()


def form(client: Any, where: str = "") -> dict[str, str]:
    """The hidden fields of the login page."""
    page = client.get("/login" + (f"?next={where}" if where else ""))
    assert page.status_code == 200
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))


def log_in(client: Any, name: str = "J01", password: str | None = None, where: str = "", **headers: str) -> Any:
    given = {"name": name, "password": PASSWORDS.get(name, "") if password is None else password}
    return client.post("/login", data={**form(client, where), **given}, headers=headers)


def operations(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    """``command, operator, result, subject`` of the log, oldest first."""
    with ledger.store.reading() as session:
        rows = session.rows("SELECT command, operator, result, subject FROM operation ORDER BY seq")
    return [(str(c), str(o), str(r), str(s)) for c, o, r, s in rows]


# -- in ------------------------------------------------------------------------------------


def test_nothing_is_shown_before_the_login(room: serve.Opened, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages lead to it, the rest is 401, and no book is loaded for it."""
    room.shelf.forget("overview")
    page = client.get("/overview/journal/?time=2023-06", headers=HTML)
    assert (page.status_code, page.headers["Location"]) == (303, "/login?next=/overview/journal/%3Ftime%3D2023-06")
    for address in ("/overview/api/trial_balance", "/overview/download-journal/", "/books", "/", "/b01-2023-05/"):
        assert client.get(address).status_code == 401, address
    assert client.get("/overview/api/trial_balance", headers=HTML).status_code == 401
    assert room.shelf.ledgers == []


def test_name_and_password_open_the_room(store: Store, tmp_path: Path) -> None:
    """A cookie that no script and no other site gets; login, each book once, and the logout are written down."""
    ledger = staffed(store)
    client = open_room(ledger, tmp_path).app.test_client()
    done = log_in(client, where="/overview/journal/")
    assert (done.status_code, done.headers["Location"]) == (303, "/overview/journal/")
    cookie = done.headers["Set-Cookie"]
    assert re.search(r"^meterbook_room_80=[\w-]{43};", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    for address in ("/overview/journal/", "/overview/api/trial_balance", "/overview/journal/", "/b01-2023-05/journal/"):
        assert client.get(address).status_code == 200
    assert client.get("/login").headers["Location"] == "/"
    assert client.get("/logout").headers["Location"] == "/login"
    assert client.get("/overview/journal/").status_code == 401
    assert operations(ledger) == [
        ("fava login", "J01", "done", ""),
        ("fava view", "J01", "done", "overview"),
        ("fava view", "J01", "done", "b01-2023-05"),
        ("fava logout", "J01", "done", ""),
    ]


def test_the_sitting_is_over_when_the_cookie_is_used_after_the_logout(client: Any) -> None:
    token = log_in(client).headers["Set-Cookie"].partition(";")[0]
    client.get("/logout")
    assert client.get("/books", headers={"Cookie": token}).status_code == 401


def test_a_wrong_password_and_a_wrong_name_sound_alike_and_lock(ledger: Ledger, client: Any) -> None:
    """The lock-out of the command line holds here as well."""
    said = [log_in(client, name, "wrong").text for name in ("J01", "nobody")]
    assert all("姓名或密码不对" in page for page in said)
    for _try in range(passwords.FREE_TRIES - 1):
        assert log_in(client, "J01", "wrong").status_code == 403
    locked = log_in(client, "J01")
    assert locked.status_code == 403
    assert "秒后再试" in locked.text
    assert client.get("/books").status_code == 401
    results = {(operator, result) for _command, operator, result, _subject in operations(ledger)}
    assert results == {("J01", "refused"), ("nobody", "refused")}


def test_a_temporary_password_is_changed_first(ledger: Ledger, client: Any) -> None:
    with ledger.store.writing(1) as session:
        passwords.set_password(session, 1, "J01", "temporary-2023", by="T01", temporary=True)
    page = log_in(client, password="temporary-2023")
    assert page.status_code == 403
    assert "meterbook password" in page.text


@pytest.mark.parametrize("broken", ["no token", "other token", "no cookie", "other site"])
def test_a_form_of_another_site_logs_nobody_in(ledger: Ledger, client: Any, broken: str) -> None:
    fields = form(client)
    headers = {"Origin": "http://evil.example"} if broken == "other site" else {}
    if broken == "no token":
        del fields["token"]
    if broken == "other token":
        fields["token"] = form(client)["token"][::-1]
    if broken == "no cookie":
        client.delete_cookie("meterbook_room_80_form", path="/login")
    done = client.post("/login", data={**fields, "name": "J01", "password": PASSWORDS["J01"]}, headers=headers)
    assert done.status_code == 400
    assert client.get("/books").status_code == 401
    assert operations(ledger) == []


def test_our_own_origin_is_ours(client: Any) -> None:
    assert log_in(client, Origin="http://localhost").status_code == 303


@pytest.mark.parametrize(
    "where",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/logout", "/x%0d%0aY: z"],
)
def test_the_login_leads_nowhere_else(client: Any, where: str) -> None:
    assert log_in(client, where=where).headers["Location"] == "/"


def test_what_is_typed_comes_back_as_text(client: Any) -> None:
    page = log_in(client, '"><script>alert(1)</script>', "x")
    assert "<script>" not in page.text


def test_a_large_body_is_not_read(client: Any) -> None:
    assert client.post("/login", data={"name": "x" * 10_000}).status_code == 413


def test_the_key_printed_at_the_start_opens_once(ledger: Ledger, room: serve.Opened, client: Any) -> None:
    """And lets in the person who started it, for ten minutes from then."""
    key = room.desk.sittings.invite("J01")
    done = client.get(f"/?key={key}")
    assert (done.status_code, done.headers["Location"]) == (303, "/")
    assert client.get("/books").status_code == 200
    other = room.app.test_client()
    assert other.get(f"/?key={key}").status_code == 403
    assert other.get("/?key=guess").status_code == 403
    assert other.get("/books").status_code == 401
    assert operations(ledger) == [("fava login", "J01", "done", "")]


def test_a_key_grows_old(room: serve.Opened, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = room.desk.sittings.invite("J01")
    later(monkeypatch, sittings.KEY_SECONDS + 1)
    assert client.get(f"/?key={key}").status_code == 403


# -- and out --------------------------------------------------------------------------------


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """The clock of the sittings, so much later."""
    clock = sittings.time.monotonic
    monkeypatch.setattr(sittings.time, "monotonic", lambda: clock() + seconds)


def test_a_desk_left_alone_is_locked(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(client)
    later(monkeypatch, 29 * 60)
    assert client.get("/books").status_code == 200
    later(monkeypatch, 31 * 60)
    assert client.get("/books").status_code == 401


def test_a_working_day_ends(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(client)
    for _half_hour in range(2 * sittings.LIFE_HOURS):
        later(monkeypatch, 29 * 60)
        client.get("/books")
    later(monkeypatch, 29 * 60)
    assert client.get("/books").status_code == 401


def test_who_leaves_or_changes_the_password_is_out_in_a_minute(
    ledger: Ledger, room: serve.Opened, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = room.app.test_client()
    log_in(client, "J01")
    log_in(other, "C01")
    with ledger.store.writing(1) as session:
        appoint(session, 1, ledger.book, "J01", by="T01", today=ledger.book.cutover, active=False)
        passwords.set_password(session, 1, "C01", "another-of-2023", by="T01")
    later(monkeypatch, sittings.CHECK_SECONDS + 1)
    assert client.get("/books").status_code == 401
    assert other.get("/books").status_code == 401


# -- rights ----------------------------------------------------------------------------------


def test_who_is_of_a_branch_sees_its_books_alone(client: Any, room: serve.Opened) -> None:
    log_in(client, "C01")
    assert client.get("/", follow_redirects=True).request.path == "/b01-2023-05/income_statement/"
    assert re.findall(r'href="/([\w-]+)/"', client.get("/books").text) == ["b01-2023-05"]
    assert client.get("/b01-2023-05/journal/").status_code == 200
    for slug in ("overview", "2023-05", "b02-2023-05", "b01-2023-07", "nothing"):
        assert client.get(f"/{slug}/journal/").status_code == 404, slug
        assert client.get(f"/{slug}/api/trial_balance").status_code == 404, slug
    listed = client.get("/b01-2023-05/api/ledger_data").json["data"]["other_ledgers"]
    assert listed == []


def test_the_journal_is_taken_away_by_who_may_export(ledger: Ledger, client: Any, room: serve.Opened) -> None:
    log_in(client, "C01")
    assert client.get("/b01-2023-05/download-journal/").status_code == 403
    other = room.app.test_client()
    log_in(other, "J01")
    assert other.get("/overview/download-journal/").status_code == 200
    assert ("fava download", "C01", "refused", "b01-2023-05") in operations(ledger)
    assert ("fava download", "J01", "done", "overview") in operations(ledger)


def test_what_cannot_be_written_down_is_not_shown(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(client)

    def full(*_row: Any, **_more: Any) -> None:
        raise Refused("磁盘已满")

    monkeypatch.setattr(Desk, "_write", full)
    page = client.get("/overview/journal/")
    assert (page.status_code, page.text) == (503, "磁盘已满\n")


# -- a book without operators ------------------------------------------------------------------


def test_without_operators_there_is_no_login_and_it_says_so(new_store: Callable[[str], Store], tmp_path: Path) -> None:
    store = new_store("sqlite")
    ledger = create_book(store, operator="T01")
    room = open_room(ledger, tmp_path)
    client = room.app.test_client()
    assert "账套还没有操作员" in client.get("/books").text
    assert client.get("/overview/journal/").status_code == 200
    assert [(command, subject) for command, _who, _result, subject in operations(ledger)] == [("fava view", "overview")]
    with pytest.raises(Refused, match="只能在本机"):
        serve.serve(room, host="0.0.0.0")
    with store.writing(1) as session:
        appoint(session, 1, ledger.book, "T01", by="T01", today=ledger.book.cutover)
    assert client.get("/overview/journal/").status_code == 401


def test_the_login_in_english(ledger: Ledger, tmp_path: Path) -> None:
    set_language("en")
    try:
        page = open_room(ledger, tmp_path, "en").app.test_client().get("/login").text
    finally:
        set_language("zh_CN")
    assert "Operating Company" in page
    assert "Name or number" in page
    assert not re.search(r"[\u4e00-\u9fff]", page)


def test_the_icon_does_not_void_the_form(client: Any) -> None:
    """A browser asks for the icon by itself, people open two tabs: the form that is open still lets in."""
    form = client.get("/login")
    assert client.get("/favicon.ico", headers={"Accept": "image/avif,*/*;q=0.8"}).status_code == 401
    client.get("/login")
    token = re.search(r'name="token" value="([0-9a-f]+)"', form.text)
    assert token is not None
    sent = client.post("/login", data={"name": "J01", "password": PASSWORDS["J01"], "token": token[1], "next": "/"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/")
