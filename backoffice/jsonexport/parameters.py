"""What an address asks for; everything that is not understood is refused, never ignored."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext as _

from backoffice.jsonexport.refusals import BadRequest, Forbidden

ALLOWED = ("limit", "cursor", "updated_since", "fields")
DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
SALT = "backoffice.jsonexport.cursor"


@dataclass(frozen=True)
class Position:
    """Where a page ended, in the order of (updated_at, id), and the `as_of` of the first page."""

    updated_at: datetime
    pk: int
    as_of: datetime

    def sign(self, export_name: str) -> str:
        """Return the cursor that continues behind here."""
        return signing.dumps([self.updated_at.isoformat(), self.pk, self.as_of.isoformat()], salt=_salt(export_name))

    @classmethod
    def read(cls, cursor: str, export_name: str) -> "Position":
        """Return what `sign` was given; BadRequest for anything else."""
        try:
            updated_at, pk, as_of = signing.loads(cursor, salt=_salt(export_name))
        except signing.BadSignature:
            raise BadRequest(_("The cursor is not one of this collection. Follow the address in “next”.")) from None
        return cls(datetime.fromisoformat(updated_at), pk, datetime.fromisoformat(as_of))


@dataclass(frozen=True)
class Parameters:
    """A request, understood."""

    limit: int
    fields: list[str]
    updated_since: datetime | None
    position: Position | None


def read_parameters(query: QueryDict, *, export_name: str, known: list[str], readable: Collection[str]) -> Parameters:
    """Understand `query`: `known` are all fields of the collection, `readable` those that this token may see."""
    unknown = sorted(set(query) - set(ALLOWED))
    if unknown:
        raise BadRequest(_refusal(_("Unknown parameter"), unknown[0], ALLOWED))
    repeated = [name for name, values in query.lists() if len(values) > 1]
    if repeated:
        raise BadRequest(_("Give the parameter “%(name)s” once.") % {"name": repeated[0]})
    cursor, since = query.get("cursor"), query.get("updated_since")
    return Parameters(
        limit=_limit(query.get("limit", str(DEFAULT_LIMIT))),
        fields=_fields(query.get("fields"), known, readable),
        updated_since=None if since is None else _instant(since),
        position=None if cursor is None else Position.read(cursor, export_name),
    )


def _limit(text: str) -> int:
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= MAX_LIMIT:
        raise BadRequest(_("“limit” is a whole number from 1 to %(most)d.") % {"most": MAX_LIMIT})
    return int(text)


def _fields(text: str | None, known: list[str], readable: Collection[str]) -> list[str]:
    if text is None:
        return [name for name in known if name in readable]
    asked = text.split(",")
    for name in asked:
        if name not in known:
            raise BadRequest(_refusal(_("Unknown field"), name, known))
        if name not in readable:
            raise Forbidden(
                _("The field “%(name)s” is personal data, which the owner of this token may not export.")
                % {"name": name}
            )
    return [name for name in known if name in asked]


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise BadRequest(
            _("“updated_since” is a time with its zone in ISO 8601, such as 2026-03-01T06:00:00Z; write + as %%2B.")
            % {}
        )
    return instant


def _refusal(what: str, name: Any, allowed: Collection[str]) -> str:
    return _("%(what)s “%(name)s”. Allowed: %(allowed)s.") % {
        "what": what,
        "name": name,
        "allowed": ", ".join(allowed),
    }


def _salt(export_name: str) -> str:
    return f"{SALT}.{export_name}"
