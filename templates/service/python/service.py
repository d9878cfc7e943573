"""A service behind Strata's gateway, as a WSGI application that gunicorn runs.

What it is told: PORT and HOST; JWT_KEY_FILE, JWT_ISSUER and JWT_AUDIENCE when the settings say "verifiesTokens: true";
DATABASE_URL_FILE when they say "database: true".
"""

import json
import sys
import time
from http import HTTPStatus

from caller import NotAllowed, caller_of
from database import database_answers, for_caller

QUERY = "select tenancy.current_tenant_id()::text as tenant, tenancy.current_user_id()::text as user"


def hello(environ):
    return {"hello": "world"}


def whoami(environ):
    caller = caller_of(environ.get("HTTP_AUTHORIZATION", ""))
    # In the place of this query put your own: rows of other tenants are not there for it.
    rows = for_caller(caller, lambda connection: connection.execute(QUERY).fetchall())
    return {"caller": caller, "database": rows[0] if rows else None}


ROUTES = {("GET", "/"): hello, ("GET", "/whoami"): whoami}


def answer(environ, path):
    if path == "/healthz":
        return (200, "ok") if database_answers() else (503, "no database")
    route = ROUTES.get((environ["REQUEST_METHOD"], path))
    if route is None:
        return 404, error("not_found", "No such path.")
    try:
        return 200, route(environ)
    except NotAllowed as refusal:
        return refusal.status, error(refusal.code, str(refusal))
    except Exception as failure:
        log("error", error=str(failure))
        return 500, error("internal", "This is a mistake of ours.")


def error(code, message):
    return {"error": {"code": code, "message": message}}


def log(level, **fields):
    print(json.dumps({"time": time.time(), "level": level, **fields}), file=sys.stdout, flush=True)


def app(environ, start_response):
    started = time.monotonic()
    path = environ["PATH_INFO"]
    status, body = answer(environ, path)
    text = json.dumps(body).encode()
    phrase = f"{status} {HTTPStatus(status).phrase}"
    start_response(phrase, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    if path != "/healthz":
        log(
            "info",
            requestId=environ.get("HTTP_X_REQUEST_ID"),
            tenant=environ.get("HTTP_X_STRATA_TENANT"),
            method=environ["REQUEST_METHOD"],
            path=path,
            status=status,
            ms=round((time.monotonic() - started) * 1000),
        )
    return [text]
