"""Checking master records, what the log keeps of persons beside it, and the names by which items are found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from sphinx_lib.app.putting import ROLES, personal_custom
from sphinx_lib.app.verify_log import Fault, Log, Said
from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.personal import split
from sphinx_lib.pack.pack import Pack
from sphinx_lib.store import master as store_master
from sphinx_lib.store import personal, proof_rows
from sphinx_lib.store.canonical import salted
from sphinx_lib.store.item_codes import codes_of_item
from sphinx_lib.store.personal import Kept

PersonalOf = Mapping[tuple[Id, int], Mapping[str, Kept]]


def record_faults(connection: Connection, company: str, pack: Pack, log: Log) -> Iterator[Fault]:
    """Each master record is what its last entry says; no chain is left without its record."""
    kept = yield from _personal(connection, company, log)
    left = log.said.keys() - log.names.keys()
    codes: set[tuple[str, str, str]] = set()
    for kind, row in store_master.records(connection, company):
        name, said = f"{kind} {row['code']}", log.said.get(row["id"], Said())
        yield from end_faults(name, row["audit_hash"], said)
        if said.content is not None:
            kept_of = kept.get((row["id"], said.content_version), {})
            yield from _record(kind, row, said, kept_of, personal_custom(pack.model, kind))
        roles = tuple(bool(said.kinds & {role}) for role in ROLES)
        yield from _columns(name, kind, row, roles)
        if kind == "item":
            codes |= {(code, row["code"], supplier) for supplier, code in codes_of_item(row["data"])}
        left.discard(row["id"])
    for gone in sorted(left):
        yield Fault(gone, "its audit chain is there, and it is gone")
    yield from _codes(connection, company, codes)


def end_faults(name: str, head: str, said: Said) -> Iterator[Fault]:
    """A chain ends where its document or record says."""
    if not said.hash:
        yield Fault(name, "the whole audit chain is missing")
    elif said.hash != head:
        yield Fault(name, f"the audit chain ends at entry {said.own}, not at its head")


def _record(
    kind: str, row: Mapping[str, Any], said: Said, kept: Mapping[str, Kept], custom: Collection[str]
) -> Iterator[Fault]:
    name, content = f"{kind} {row['code']}", said.content or {}
    is_, was = (row["code"], row["version"]), (content.get("code"), said.version)
    if is_ != was:
        yield Fault(name, "it is {} version {}, the log says {} version {}".format(*is_, *was))
    if "apart" not in content:
        if row["data"] != content.get("data"):
            yield Fault(name, "it is not what its last audit entry recorded")
        return
    data = split(row["data"], store_master.TABLES[kind][1], custom)
    if data.public != content.get("data"):
        yield Fault(name, "it is not what its last audit entry recorded")
    digests: Mapping[str, str] = content["apart"]
    for field in sorted(digests.keys() | data.personal.keys()):
        salt, value = kept[field].salt if field in kept else None, data.personal.get(field)
        if salt is None and value is None and field in digests:
            continue  # deleted, here and beside the log
        if salt is None or field not in digests or salted(salt, value) != digests[field]:
            yield Fault(name, f"its {field} is not what its last audit entry recorded")


def _columns(name: str, kind: str, row: Mapping[str, Any], roles: tuple[bool, ...]) -> Iterator[Fault]:
    for column, value in store_master.columns_from(kind, row["data"], roles).items():
        if row[column] != value:
            yield Fault(name, f"its {column} is {row[column]!r}, its data say {value!r}")


def _personal(connection: Connection, company: str, log: Log) -> Any:
    """What is kept of persons is what entries digested; what was deleted is counted.

    Of a document it is deleted with what the document itself says, and with the salt of that.
    """
    salts = proof_rows.salts(connection, company)
    found: dict[tuple[Id, int], dict[str, Kept]] = {}
    left = dict(log.apart)
    for row in personal.of_entries(connection, company):
        found.setdefault((row.document_id, row.version), {})[row.field] = row
        said = left.pop((row.document_id, row.version, row.field), None)
        if said is None or said != row.digest:
            yield Fault(log.name(row.document_id), f"{row.field} of audit entry {row.version} is not what it recorded")
    for document_id, version, field in left:
        if salts.get(document_id) is None:
            log.blanked += 1
        else:
            what = f"{field} of audit entry {version} was deleted, and the document keeps what it says of persons"
            yield Fault(log.name(document_id), what)
    return found


def _codes(connection: Connection, company: str, codes: set[tuple[str, str, str]]) -> Iterator[Fault]:
    """Barcodes and supplier codes are those of the items."""
    stored = {(row.code, row.item, row.supplier) for row in proof_rows.codes(connection, company)}
    for code, item, supplier in sorted(stored ^ codes):
        name = f"{code!r} of {supplier}" if supplier else repr(code)
        is_found = (code, item, supplier) in stored
        what = f"found by {name}, its data do not say so" if is_found else f"not found by {name}, its data say so"
        yield Fault(f"item {item}", f"it is {what}")
