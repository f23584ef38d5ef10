"""Databases as tests of their faults need them: their whole content as a value, changes from outside, a line that is cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from sphinx_lib import Sphinx
from sphinx_lib.app.registry import specs
from sphinx_lib.cli import main
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from tests.store.support import open_shop


@cache
def base() -> Pack:
    """The shipped configuration, read once."""
    return load_pack(["base"], specs())


def shop(url: str, **options: Any) -> Sphinx:
    """The shop of the tests of the store, under the shipped configuration."""
    return open_shop(url, config=base(), **options)


def execute(url: str, *statements: str) -> None:
    """Each statement in a transaction of its own, as another program would."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


def content(url: str) -> Any:
    """All that a database holds: the bytes of the files of SQLite, tables with columns, indexes and rows of PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        return {one.name: one.read_bytes() for one in path.parent.glob(f"{path.name}*")}
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        tables = inspect(connection)
        return {
            name: (
                [(column["name"], str(column["type"])) for column in tables.get_columns(name)],
                sorted(index["name"] or "" for index in tables.get_indexes(name)),
                sorted(connection.execute(text(f"select t::text from {name} t")).scalars()),
            )
            for name in tables.get_table_names()
        }


def command_line(monkeypatch: pytest.MonkeyPatch, capsys: Any, *arguments: str) -> tuple[int, str]:
    """Exit code and what went to standard error, of the command run in this process; its connections are closed."""
    opened: list[Sphinx] = []
    really = Sphinx.open

    def noted(*given: Any, **named: Any) -> Sphinx:
        opened.append(really(*given, **named))
        return opened[-1]

    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr("sys.argv", ["sphinx-lib", *arguments])
        patched.setattr(Sphinx, "open", noted)
        with pytest.raises(SystemExit) as left:
            main()
    for app in opened:
        app.engine.dispose()
    return int(left.value.code or 0), capsys.readouterr().err


class Line:
    """A line to a PostgreSQL server that can be cut: now, or when the next COMMIT is sent or was answered."""

    def __init__(self, server: str) -> None:
        self.at_commit = ""
        self._server = server
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = self._listen(0)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        ends, self._open = self._open, []  # who connects again at once is not cut
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """No server answers any more; a line that is left so has closed all its ends."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def start(self, port: int) -> None:
        self._listener = self._listen(port)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._open += [client, server]
                for carry, ends in ((self._to_server, (client, server)), (self._to_client, (server, client))):
                    self._threads.append(threading.Thread(target=carry, args=ends, daemon=True))
                    self._threads[-1].start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with client, suppress(OSError):
            while sent := client.recv(65536):
                if b"COMMIT" in sent and self.at_commit == "sent":
                    self.at_commit = ""
                    self.cut()
                    return
                server.sendall(sent)
                if b"COMMIT" in sent and self.at_commit == "done":
                    self.at_commit = "answering"
            server.shutdown(socket.SHUT_WR)

    def _to_client(self, server: socket.socket, client: socket.socket) -> None:
        with server, suppress(OSError):
            while answer := server.recv(65536):
                if b"COMMIT" in answer and self.at_commit == "answering":
                    self.at_commit = ""
                    self.cut()
                    return
                client.sendall(answer)
            client.shutdown(socket.SHUT_WR)


@contextmanager
def line_to(url: str) -> Iterator[tuple[Line, str]]:
    """A line to the server of ``url``, and the URL through it."""
    parsed = make_url(url)
    (socket_file,) = Path(str(parsed.query["host"])).glob(".s.PGSQL.*[0-9]")
    line = Line(str(socket_file))
    through = parsed.set(host="127.0.0.1", port=line.port, query={})
    try:
        yield line, through.render_as_string(hide_password=False)
    finally:
        line.stop()


_REQUESTS_OF_ENCRYPTION = (80877103, 80877104)


@contextmanager
def refusing_server() -> Iterator[int]:
    """Port of a server that speaks PostgreSQL as far as to refuse a password, as one that asks for it does."""
    fields = {"S": "FATAL", "V": "FATAL", "C": "28P01", "M": 'password authentication failed for user "me"'}
    body = b"".join(key.encode() + value.encode() + b"\0" for key, value in fields.items()) + b"\0"

    def answer() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                while int.from_bytes(client.recv(65536)[4:8], "big") in _REQUESTS_OF_ENCRYPTION:
                    client.sendall(b"N")
                client.sendall(b"E" + (len(body) + 4).to_bytes(4, "big") + body)
                client.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
