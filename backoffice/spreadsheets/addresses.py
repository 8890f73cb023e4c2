"""Addresses in settings that name something outside the desk, `scheme://user:password@host:port/path?option=value`.

They hold secrets, so no refusal repeats one.
"""

import re
from collections.abc import Collection
from urllib.parse import SplitResult, parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _


class UnusableAddress(ImproperlyConfigured):
    """An address that cannot be followed, with a sentence that says why and does not repeat it."""


def take_apart(address: str, *, schemes: Collection[str], form: str) -> SplitResult:
    """Return the parts of an address that names a host. `form` shows in a refusal how such an address is written."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        # What was raised repeats the address.
        parts, port = SplitResult("", "", "", "", ""), None
    whole = parts.scheme in schemes and parts.hostname and port != 0 and not parts.fragment
    if not whole or re.search(r"\s", address):
        message = _("This is no address. Write %(form)s, and / + @ : %% of names and passwords as %%XX.")
        raise UnusableAddress(message % {"form": form})
    return parts


def options_of(parts: SplitResult, known: Collection[str]) -> dict[str, str]:
    """Return what stands after the question mark. Raises UnusableAddress for what is not `known`, or comes twice."""
    given = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(given)
    if len(options) < len(given) or options.keys() - set(known) or not all(options.values()):
        message = _("After the question mark, only these may stand, each once: %(names)s.")
        raise UnusableAddress(message % {"names": ", ".join(known)})
    return options
