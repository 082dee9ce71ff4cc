"""The shield: what of Fava is open here, and how every answer is sent.

Fava was written for one person who edits his own files. Here several people read one
book, so everything of Fava's that is not named in :data:`OPEN` answers 404 (source, options,
import, documents …), no request but GET and HEAD comes through (the login's own POST is
answered before), no host name but those of this server is answered (DNS rebinding), and
queries are SELECT and its kin alone: Fava's query shell also knows commands that write files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, abort, request
from jinja2 import BaseLoader, Environment
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from flask.wrappers import Response as FlaskResponse

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

API: Final = frozenset({
    "account_report", "balance_sheet", "changed", "commodities", "context", "errors", "events", "help",
    "income_statement", "journal", "journal_page", "ledger_data", "narrations", "payee_accounts", "query", "source_slice",
    "statistics", "trial_balance",
})  # fmt: skip
"""What Fava's pages may ask for (``/<book>/api/…``); ``source_slice`` is ours (``exports.fava.written``)."""

OPEN: Final = frozenset({
    "index", "account", "report", "extension_endpoint", "extension_js_module", "extension_report", "download_journal",
    "download_query", "help_page", "jump", "static", "room_books", *(f"json_api.get_{name}" for name in API),
})  # fmt: skip
"""Flask endpoints that answer; a new one of a later Fava stays shut until somebody has looked at it."""

REPORTS: Final = frozenset({
    "balance_sheet", "commodities", "errors", "events", "holdings", "income_statement", "journal", "query", "statistics",
    "trial_balance",
})  # fmt: skip
"""Pages of Fava; shut are editor, import, options and documents."""

QUERY: Final = re.compile(r"\s*(select|balances|journal|print)\b[^\0]*", re.IGNORECASE | re.DOTALL)
"""What the query page runs. Everything else is a command of the shell (``.output FILE``) or makes tables of files."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer. Fava's syntax highlighter is WebAssembly, its charts carry style attributes."""


class Shield:
    """The outermost door: host names, methods, headers."""

    def __init__(self, inner: Wsgi, hosts: Iterable[str], posts: Iterable[str] = ()) -> None:
        self.inner = inner
        self.hosts = frozenset(host.casefold() for host in hosts)
        self.posts = frozenset(posts)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Let a request in, or say why not."""
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        own = HEADERS if path.startswith("/static/") else {**HEADERS, "Cache-Control": "no-store"}
        replaced = {"server", *(name.casefold() for name in own)}

        def sent(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.casefold() not in replaced]
            return start(status, [*kept, *own.items()], *error)

        if _host(environ.get("HTTP_HOST", "")) not in self.hosts:
            return Response("Bad host\n", 400)(environ, sent)
        if method not in ("GET", "HEAD") and not (method == "POST" and path in self.posts):
            return Response("Read-only\n", 405, {"Allow": "GET, HEAD"})(environ, sent)
        if method != "HEAD":
            return self.inner(environ, sent)
        answer = self.inner({**environ, "REQUEST_METHOD": "GET"}, sent)  # Fava itself refuses HEAD
        if hasattr(answer, "close"):
            answer.close()
        return []


def _host(given: str) -> str:
    """``localhost:5000`` → ``localhost``; ``[::1]:5000`` → ``[::1]``."""
    return re.sub(r":\d*\Z", "", given).casefold()


def restrict(app: Flask) -> None:
    """Shut what is not open, send the style that hides the buttons for it, escape what the journal shows."""

    @app.before_request
    def _only_open() -> None:
        if request.endpoint not in OPEN:
            abort(404)
        if request.endpoint == "report" and (request.view_args or {}).get("report_name") not in REPORTS:
            abort(404)
        asked = request.args.getlist("query_string") if "query" in str(request.endpoint) else []
        if not all(QUERY.fullmatch(text) for text in asked):
            abort(403)

    @app.after_request
    def _with_style(answer: FlaskResponse) -> FlaskResponse:
        if answer.mimetype == "text/html" and not answer.direct_passthrough:
            answer.set_data(answer.get_data(as_text=True).replace("</head>", STYLE_LINK + "</head>", 1))
        return answer

    loader = app.jinja_env.loader
    assert loader is not None
    app.jinja_env.loader = Escaped(loader)


STYLE: Final = "/room.css"
STYLE_LINK: Final = f'<link rel="stylesheet" href="{STYLE}">'


class Escaped(BaseLoader):
    """Fava's templates, with escaping left on: a memo of the journal is text, never HTML."""

    def __init__(self, inner: BaseLoader) -> None:
        self.inner = inner

    def get_source(self, environment: Environment, template: str) -> Any:
        """The source of a template, without the switch that turns escaping off."""
        source, filename, uptodate = self.inner.get_source(environment, template)
        return re.sub(r"{%-?\s*autoescape false\s*-?%}", "{% autoescape true %}", source), filename, uptodate

    def list_templates(self) -> list[str]:
        """As Fava has them."""
        return self.inner.list_templates()
