"""E-mail addresses, checked by the package email-validator: form only, nothing is looked up."""

from __future__ import annotations


def wrong_address(address: str) -> str:
    """What is wrong with an e-mail address, ``""`` where nothing is; an address in other scripts is one too (RFC 6531).

    Names that no mail server of the world can have, such as those under ``.local``, are refused.
    """
    if not address:
        return ""
    from email_validator import EmailNotValidError, validate_email  # 60 ms, and most sales need none

    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        return f"{address[:80]!r} is not an e-mail address: {error}"
    return ""
