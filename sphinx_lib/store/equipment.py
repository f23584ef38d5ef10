"""The register of serial numbers that customers have (EQ1): a master table, read by serial number or by owner."""

from __future__ import annotations

from collections.abc import Collection
from operator import attrgetter

from sqlalchemy import Connection, select

from sphinx_lib.kernel.master import Equipment, equipment_code
from sphinx_lib.store.among import among
from sphinx_lib.store.tables import equipment

_e = equipment.c


def of_serials(connection: Connection, company: str, serials: Collection[tuple[str, str]]) -> list[Equipment]:
    """What is on record of these (item, serial number), in one statement."""
    codes = sorted({equipment_code(item, serial) for item, serial in serials})
    statement = select(_e.data).where(_e.company_id == company, among(_e.code, codes))
    return [Equipment.model_validate(row.data) for row in connection.execute(statement)]


def find(connection: Connection, company: str, owner: str | None, item: str | None, serial: str | None) -> list[Equipment]:
    """Records of an owner, an item or a serial number (all that are given), by code."""
    statement = select(_e.data).where(_e.company_id == company)
    if item is not None and serial is not None:
        statement = statement.where(_e.code == equipment_code(item, serial))
    for column, value in ((_e.owner, owner), (_e.item, item), (_e.serial, serial)):
        if value is not None:
            statement = statement.where(column == value)
    found = [Equipment.model_validate(row.data) for row in connection.execute(statement)]
    return sorted(found, key=attrgetter("code"))  # by SQL, a planner would rather read the whole register by code
