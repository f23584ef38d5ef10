"""Time stamps of RFC 3161 on seals: an authority outside signs that it saw a seal, and when.

Network and certificates are the caller's: ``post`` sends a request, the reply is bytes to keep
beside the seal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import ModuleType
from typing import Any

from sphinx_lib.kernel.errors import InputError, TimestampError
from sphinx_lib.kernel.seal import Seal

INSTALL = "pip install 'sphinx-lib[timestamp]'"
Post = Callable[[bytes], bytes]
"""Sends a time-stamp query to an authority and gives its reply, both as bytes."""


def timestamp(seal: Seal, post: Post) -> bytes:
    """The reply of the authority behind ``post`` on the content of the seal's file, to be kept as
    it is.

    It is checked to answer this request. Whether its signature is that of the authority is checked
    by ``stamped_at``. Raises TimestampError when the authority refuses, or answers something else.
    """
    library = _library()
    query = library.TimestampRequestBuilder().data(seal.json().encode())
    # By default it has a nonce, and asks for the authority's certificate.
    request = query.hash_algorithm(library.HashAlgorithm.SHA256).build()
    reply = post(request.as_bytes())
    stamp = _granted(reply)
    imprint = stamp.tst_info.message_imprint
    if stamp.tst_info.nonce != request.nonce or imprint.message != request.message_imprint.message:
        raise TimestampError(f"{seal.name}: the time-stamp authority answered another request")
    return reply


def stamped_at(content: bytes, reply: bytes, certificates: bytes) -> datetime:
    """When an authority stamped ``content``, the bytes of a seal's file, as its ``reply`` proves.

    ``certificates`` are those trusted, as PEM: the root of the authority's certificate, with those
    between when the reply lacks them. Raises TimestampError when the reply is no time stamp by this
    authority on this content.
    """
    library = _library()
    stamp = _granted(reply)
    verifier = library.VerifierBuilder(roots=_certificates(certificates)).build()
    try:
        verifier.verify_message(stamp, content)
    except library.VerificationError as error:
        raise TimestampError(f"the time stamp does not hold: {_short(str(error))}") from error
    moment: datetime = stamp.tst_info.gen_time
    return moment


def _library() -> ModuleType:
    try:
        import rfc3161_client
    except ImportError:
        raise InputError([f"time stamps need the package rfc3161-client; {INSTALL}"]) from None
    return rfc3161_client


def _granted(reply: bytes) -> Any:
    """The reply, which holds a stamp: one of an authority that refused holds none."""
    library = _library()
    try:
        stamp = library.decode_timestamp_response(reply)
    except ValueError as error:
        raise TimestampError(f"this is no reply of a time-stamp authority: {error}") from error
    if stamp.status != library.PKIStatus.GRANTED:
        reasons = "; ".join(stamp.status_string) or f"status {stamp.status}"
        raise TimestampError(f"the time-stamp authority refused: {reasons}")
    return stamp


def _certificates(pem: bytes) -> list[Any]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return list(load_pem_x509_certificates(pem))
    except ValueError as error:
        raise InputError([f"these are no certificates in PEM: {error}"]) from None


def _short(reason: str) -> str:
    """Without the stack of OpenSSL, of which the last cause says what is wrong."""
    if "Verify error: " in reason:
        return reason.rpartition("Verify error: ")[2].partition('"')[0]
    return reason.partition(": ErrorStack")[0]
