import os
from contextlib import contextmanager
from pathlib import Path

SETTINGS = """select set_config('app.tenant_id', %s, true), set_config('app.user_id', %s, true),
                     set_config('app.role', %s, true)"""


@contextmanager
def connect():
    import psycopg
    from psycopg.rows import dict_row

    url = Path(os.environ["DATABASE_URL_FILE"]).read_text().strip()
    # The pooler keeps the connections, and gives each transaction another one: nothing may stay prepared on it.
    with psycopg.connect(url, prepare_threshold=None, row_factory=dict_row, connect_timeout=5) as connection:
        yield connection


def for_caller(caller, work):
    """Runs `work` in one transaction that acts for the caller; returns what it returns.

    The three settings are local to the transaction: the pooler gives the connection to somebody else afterwards.
    """
    if not os.environ.get("DATABASE_URL_FILE"):
        return []
    with connect() as connection:
        connection.execute(SETTINGS, (caller["tenant"], caller["user"], caller["role"]))
        return work(connection)


def database_answers():
    """True when the service can do its work: the database answers, or none is used."""
    if not os.environ.get("DATABASE_URL_FILE"):
        return True
    try:
        with connect() as connection:
            connection.execute("select 1")
        return True
    except Exception:
        return False
