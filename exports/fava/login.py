"""The desk (登记台) before the room: operators by their own passwords, before Fava is asked anything.

::

    request ─ cookie ─▶ sitting ─ still holds? ─▶ Fava, with meterbook.operator and meterbook.branch
       │         └ none ─▶ /login ─ name, password ─▶ authenticate (locks after failures) ─▶ new cookie
       └─ /?key=… ─▶ the person who started the room, once

Logging in, every book somebody opens and every download go to the operation log; what cannot
be written down is not shown. A book without operators has no login; it is read on this machine
only. Rules: domain §4 C40, C41.
"""

from __future__ import annotations

import getpass
import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from exports.fava import forms
from exports.fava.room import BRANCH, OPERATOR, Room
from exports.fava.shield import STYLE, Wsgi
from exports.fava.sittings import Sitting, Sittings
from ledger import passwords
from ledger.errors import MeterbookError, Refused
from ledger.i18n import _
from ledger.operations import Operation, record
from ledger.operators import Operator, staff
from ledger.roles import may

LOGIN: Final = "/login"
LOGOUT: Final = "/logout"
COOKIE: Final = "meterbook_room"
BODY_MAX: Final = 4_096
DOWNLOADS: Final = ("download-journal", "download-query")

_BOOK = re.compile(r"/([^/]+)/(?:([^/]*))?")


class Desk:
    """WSGI middleware before Fava. ``knows(slug, branch)``: whether a reader of that branch has such a book."""

    def __init__(self, inner: Wsgi, room: Room, knows: Callable[[str, str | None], bool]) -> None:
        self.inner = inner
        self.room = room
        self.knows = knows
        self.sittings = Sittings(room)
        self.staffed = self._staffed()
        self._secret = secrets.token_bytes(32)
        user = getpass.getuser()
        self._anyone = Sitting(Operator(id=user, name=user, role="administrator"), None, 0, 0, 0)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer what is the desk's own; let the rest through with the reader's name, or send him to the login."""
        request = Request(environ)
        request.max_content_length = request.max_form_memory_size = BODY_MAX
        try:
            answer = self._answer(request)
        except HTTPException as error:
            answer = Response(f"{error.code}\n", error.code or 400)
        except MeterbookError as error:  # the log cannot be written, the book not be read: nothing is shown
            answer = _plain(error.faults[0].message, 503)
        return self.inner(environ, start) if answer is None else answer(environ, start)

    def _answer(self, request: Request) -> Response | None:
        """An answer of the desk's own; None lets the request through."""
        if request.path == STYLE:
            return Response(forms.style(), mimetype="text/css")
        if request.path.startswith("/static/"):  # Fava's program, the same for everyone
            return None
        if not self.staffed:
            self.staffed = self._staffed()  # once there are operators they log in
        if not self.staffed:
            return self._let_in(request, self._anyone)
        if request.path == LOGIN and request.method == "POST":
            return self._enter(request)
        if request.path == "/" and "key" in request.args:
            return self._redeem(request)
        token = request.cookies.get(_cookie(request), "")
        if request.path == LOGOUT:
            return self._leave(request, token)
        sitting = self.sittings.of(token)
        if request.path == LOGIN:
            return self._form(request) if sitting is None else _to(_inside(request.args.get("next")))
        return self._turned_away(request) if sitting is None else self._let_in(request, sitting)

    def _staffed(self) -> bool:
        with self.room.store.reading() as session:
            return bool(staff(session, self.room.book_id).people)

    # -- through to Fava ---------------------------------------------------------------------

    def _let_in(self, request: Request, sitting: Sitting) -> Response | None:
        """The reader's name for Fava; what he opens for the first time, and each download, is written down."""
        person = sitting.person
        request.environ[OPERATOR], request.environ[BRANCH] = person.id, person.branch
        found = _BOOK.match(request.path)
        if found is None:
            return None
        slug, what = found[1], found[2]
        if not self.knows(slug, person.branch):
            return _plain(_("没有这本账册"), 404)
        if what in DOWNLOADS:
            if person.role not in may("export") and self.staffed:
                self._write(request, "fava download", person.id, slug, refused=_("无权导出"))
                return _plain(_("无权导出"), 403)
            self._write(request, "fava download", person.id, slug)
        elif slug not in sitting.opened:
            self._write(request, "fava view", person.id, slug)
            sitting.opened.add(slug)
        return None

    def _turned_away(self, request: Request) -> Response:
        """A page goes to the login, anything else is told that there is none."""
        if "text/html" in request.headers.get("Accept", "") and "/api/" not in request.path:
            return _to(f"{LOGIN}?next={quote(request.full_path.rstrip('?'))}")
        return _plain(_("请先登录"), 401)

    # -- in and out --------------------------------------------------------------------------

    def _enter(self, request: Request) -> Response:
        """Name and password: a sitting, or the form again with the reason."""
        name = request.form.get("name", "")[:64]
        if not self._own_form(request):
            return self._form(request, _("登录页已失效,请再登录一次"), 400)
        try:
            proof = passwords.authenticate(
                self.room.store, self.room.book_id, self.room.book, name, request.form.get("password", ""),
                place=_place(request),
            )  # fmt: skip
            said = proof.must_change + _(":meterbook password") if proof.must_change else ""
        except Refused as refusal:
            proof, said = None, refusal.faults[0].message
        if proof is None or said:
            self._write(request, "fava login", name, "", refused=said)
            return self._form(request, said, 403)
        token = self.sittings.begin(proof.operator.id)
        assert token is not None  # who has just shown his password is active
        return self._welcome(request, proof.operator.id, token, _inside(request.form.get("next")))

    def _redeem(self, request: Request) -> Response:
        """The key printed at the start, once."""
        token = self.sittings.redeem(request.args["key"])
        sitting = self.sittings.of(token) if token else None
        if token is None or sitting is None:
            return self._form(request, _("这个地址只能用一次,请登录"), 403)
        return self._welcome(request, sitting.person.id, token, "/")

    def _welcome(self, request: Request, operator: str, token: str, where: str) -> Response:
        self._write(request, "fava login", operator, "")
        answer = _to(where)
        answer.set_cookie(_cookie(request), token, httponly=True, samesite="Strict", secure=request.is_secure)
        return answer

    def _leave(self, request: Request, token: str) -> Response:
        """Out. A link of another site cannot do it: the cookie does not come with it."""
        if left := self.sittings.end(token):
            self._write(request, "fava logout", left.person.id, "")
        answer = _to(LOGIN)
        answer.delete_cookie(_cookie(request), httponly=True, samesite="Strict")
        return answer

    # -- the form ----------------------------------------------------------------------------

    def _form(self, request: Request, said: str = "", status: int = 200) -> Response:
        """The login page; its token belongs to the cookie that is set with it.

        A browser that has such a cookie keeps it: it asks for the site's icon too, and is sent here for it,
        and a second tab must not make the first one's form void.
        """
        nonce = request.cookies.get(f"{_cookie(request)}_form", "")[:64] or secrets.token_urlsafe(24)
        page = forms.login(
            self.room, token=self._token(nonce), said=said, name=request.form.get("name", "")[:64],
            where=_inside(request.values.get("next")),
        )  # fmt: skip
        answer = Response(page, status, mimetype="text/html")
        answer.set_cookie(f"{_cookie(request)}_form", nonce, httponly=True, samesite="Strict", path=LOGIN)
        return answer

    def _own_form(self, request: Request) -> bool:
        """The form was ours and sent from here (no login by another site's page)."""
        nonce = request.cookies.get(f"{_cookie(request)}_form", "")
        given = request.form.get("token", "")
        from_here = request.headers.get("Origin", request.host_url.rstrip("/")) == request.host_url.rstrip("/")
        return from_here and bool(nonce) and hmac.compare_digest(given.encode(), self._token(nonce).encode())

    def _token(self, nonce: str) -> str:
        return hmac.new(self._secret, nonce.encode(), sha256).hexdigest()

    def _write(self, request: Request, command: str, operator: str, subject: str, *, refused: str = "") -> None:
        """One row of the operation log, or the request fails."""
        done = Operation(
            command=command, operator=operator, result="refused" if refused else "done", message=refused,
            subject=subject, place=_place(request), terminal="",
        )  # fmt: skip
        record(self.room.store, self.room.book_id, done)


def _place(request: Request) -> str:
    return f"fava {request.remote_addr or ''}".strip()


def _cookie(request: Request) -> str:
    """Cookies know no ports: two rooms on one machine have their own."""
    return f"{COOKIE}_{request.environ.get('SERVER_PORT', '')}"


def _inside(where: str | None) -> str:
    """An address of this room, else its first page."""
    where = where or "/"
    plain = where.startswith("/") and not where.startswith(("//", LOGIN, LOGOUT)) and "\\" not in where
    return where if plain and where.isprintable() else "/"


def _to(where: str) -> Response:
    return Response("", 303, {"Location": where})


def _plain(text: str, status: int) -> Response:
    return Response(text + "\n", status, mimetype="text/plain")
