"""A time-stamp authority of RFC 3161 on this machine: openssl answers, the standard library serves."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

OPENSSL = shutil.which("openssl")
_CONFIG = """
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ts]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256,sha512
ess_cert_id_alg = sha256
ess_cert_id_chain = no
clock_precision_digits = 0
"""


class Authority:
    """A certificate authority and the time-stamp authority that it certifies, in a folder."""

    def __init__(self, folder: Path, name: str = "Test") -> None:
        self.folder = folder
        self.root, self.certificate = folder / "ca.pem", folder / "tsa.pem"
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "openssl.cnf"
        self.config.write_text(_CONFIG.format(folder=folder), encoding="utf-8")
        (folder / "serial").write_text("01\n", encoding="utf-8")
        key, ca_key = folder / "tsa.key", folder / "ca.key"
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._openssl(
            "req", *new_key, "-subj", f"/CN={name} CA", "-keyout", ca_key, "-out", folder / "ca.csr"
        )
        self._openssl("x509", "-req", "-in", folder / "ca.csr", "-signkey", ca_key, "-extfile", self.config,
                      "-extensions", "ca", "-days", "30", "-out", self.root)  # fmt: skip
        self._openssl(
            "req", *new_key, "-subj", f"/CN={name} TSA", "-keyout", key, "-out", folder / "tsa.csr"
        )
        self._openssl("x509", "-req", "-in", folder / "tsa.csr", "-CA", self.root, "-CAkey", ca_key, "-set_serial", "2",
                      "-extfile", self.config, "-extensions", "tsa", "-days", "30", "-out", self.certificate)  # fmt: skip
        self._key = key

    def reply(self, request: bytes) -> bytes:
        """What the authority answers to the bytes of a request."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            asked, answered = Path(place) / "request.tsq", Path(place) / "reply.tsr"
            asked.write_bytes(request)
            self._openssl("ts", "-reply", "-config", self.config, "-section", "ts", "-queryfile", asked,
                          "-signer", self.certificate, "-inkey", self._key, "-out", answered)  # fmt: skip
            return answered.read_bytes()

    def verifies(self, file: Path, reply: Path) -> bool:
        """Whether openssl itself finds ``reply`` to be a time stamp of ``file``."""
        assert OPENSSL is not None
        command = [OPENSSL, "ts", "-verify", "-data", file, "-in", reply, "-CAfile", self.root]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _openssl(self, *arguments: str | Path) -> None:
        assert OPENSSL is not None
        subprocess.run([OPENSSL, *arguments], capture_output=True, check=True)

    @contextmanager
    def serving(self, status: int = 200) -> Iterator[str]:
        """The address at which the authority answers by HTTP; ``status`` is that of each answer."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                known = self.headers["Content-Type"] == "application/timestamp-query"
                self.send_response(status if known else 415)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.end_headers()
                self.wfile.write(authority.reply(request))

            def log_message(self, format: str, *args: object) -> None:
                """Tests are quiet."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
