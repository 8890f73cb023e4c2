"""Which header of a file fills which field of a resource."""

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.spreadsheets.columns import Column, plain
from backoffice.spreadsheets.notation import AS_DECLARED, Notation
from backoffice.spreadsheets.values import BadValue, Replacing

# Heads the column that error files add to a person's own.
REASON_HEADER = gettext_lazy("Refused because")


class WrongMapping(ValidationError):
    """The file and the resource do not fit as asked. Its message is one sentence that says what to do."""


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """`headers` gives the header of each field that has a column, `constants` the value of those that have one value.

    `replaced` gives the words of a field's column that stand for others. `ignored` are the headers that fill nothing.
    `notation` is how the file writes numbers and dates.
    """

    headers: dict[str, str]
    positions: dict[str, int]
    constants: dict[str, Any]
    ignored: list[str]
    replaced: Dictionary[str, Dictionary[str, str]]
    notation: Notation = AS_DECLARED

    @property
    def fields(self) -> list[str]:
        """All fields that the import fills; the others stay as they are."""
        return [*self.positions, *self.constants]

    def converter_of(self, name: str, column: Column) -> Callable[[Any], Any]:
        """Return what makes values of the cells of a field's column."""
        convert, words = self.notation.read_by(column.convert), self.replaced.get(name)
        if not words:
            return convert
        return Replacing(convert, {word.strip().casefold(): by for word, by in words.items()})

    def header_of(self, field: str) -> str:
        """Return the name under which a person knows the field: the header in their file, or the field's own."""
        return self.headers.get(field, field)


def build_mapping(
    columns: Dictionary[str, Column],
    headers: Sequence[str],
    *,
    mapped: Dictionary[str, str] | None = None,
    constants: Dictionary[str, str] | None = None,
    replaced: Dictionary[str, Dictionary[str, str]] | None = None,
    notation: Notation = AS_DECLARED,
) -> Mapping:
    """Match headers to fields: as `mapped` says, otherwise by the names that a field is known by.

    An empty header in `mapped` leaves the field out. `constants` gives one value for all rows to fields without a
    column, `replaced` the words of a field's column that are read as others. Raises WrongMapping for an unknown field
    or header, a required column missing, two columns for a field, and words replaced where there is no column.
    """
    mapped, constants, replaced = dict(mapped or {}), dict(constants or {}), dict(replaced or {})
    _refuse_unknown(columns, headers, mapped, constants)
    chosen = {field: header for field, header in mapped.items() if header}
    free = [header for header in headers if header not in chosen.values()]
    for field in columns:
        if field not in mapped and field not in constants:
            chosen |= _find(field, columns[field], free)
    _refuse_missing(columns, headers, chosen, constants)
    _refuse_idle(columns, chosen, replaced)
    ordered = {field: chosen[field] for field in columns if field in chosen}
    return Mapping(
        headers=ordered,
        positions={field: list(headers).index(header) for field, header in ordered.items()},
        constants={field: _constant(field, columns[field], text) for field, text in constants.items()},
        ignored=[each for each in headers if each and each not in ordered.values() and not is_reason(each)],
        replaced=replaced,
        notation=notation,
    )


def propose_headers(columns: Dictionary[str, Column], headers: Sequence[str]) -> dict[str, str]:
    """Return the header that fits each field by its name; fields that none or several fit are left out."""
    fitting = {
        name: [header for header in headers if plain(header) in column.headers_it_knows(name)]
        for name, column in columns.items()
    }
    return {name: found[0] for name, found in fitting.items() if len(found) == 1}


def is_reason(header: str) -> bool:
    """Tell whether a column holds the reasons that an error file gave."""
    return plain(header) == plain(str(REASON_HEADER))


def without_reasons(headers: Sequence[str]) -> list[str]:
    """Return the headers of a person's own columns: those of the file that an error file was made of."""
    return [header for header in headers if not is_reason(header)]


def _find(field: str, column: Column, headers: Sequence[str]) -> dict[str, str]:
    known = column.headers_it_knows(field)
    found = [header for header in headers if plain(header) in known]
    if len(found) > 1:
        raise WrongMapping(
            _("Two columns fit %(field)s: %(found)s. Say which of them it is.")
            % {"field": column.label, "found": _listed(found)}
        )
    return {field: found[0]} if found else {}


def _refuse_unknown(
    columns: Dictionary[str, Column], headers: Sequence[str], mapped: dict[str, str], constants: dict[str, str]
) -> None:
    for field in [*mapped, *constants]:
        if field not in columns:
            raise WrongMapping(
                _("There is no field “%(field)s” here. The fields are: %(known)s.")
                % {"field": field, "known": ", ".join(columns)}
            )
    for field in mapped.keys() & constants.keys():
        message = _("%(field)s has both a column and a fixed value. Give one of them.")
        raise WrongMapping(message % {"field": columns[field].label})
    for header in filter(None, mapped.values()):
        if header not in headers:
            raise WrongMapping(
                _("The file has no column “%(header)s”. Its columns are: %(known)s.")
                % {"header": header, "known": _listed(headers)}
            )


def _refuse_idle(
    columns: Dictionary[str, Column], chosen: dict[str, str], replaced: dict[str, Dictionary[str, str]]
) -> None:
    for name in replaced.keys() - chosen.keys():
        message = _("%(field)s has no column, so nothing can be replaced in it. Name its column.")
        raise WrongMapping(message % {"field": columns[name].label if name in columns else name})


def _refuse_missing(
    columns: Dictionary[str, Column], headers: Sequence[str], chosen: dict[str, str], constants: dict[str, str]
) -> None:
    there = {*chosen, *constants}
    missing = [str(column.label) for field, column in columns.items() if column.required and field not in there]
    if missing:
        message = ngettext(
            "The file has no column for %(fields)s. Say which of its columns it is: %(known)s."
            " Or say in which row the names of the columns stand.",
            "The file has no columns for %(fields)s. Say which of its columns they are: %(known)s."
            " Or say in which row the names of the columns stand.",
            len(missing),
        )
        raise WrongMapping(message % {"fields": ", ".join(missing), "known": _listed(headers)})


def _constant(field: str, column: Column, text: str) -> Any:
    try:
        return column.convert(text)
    except BadValue as bad:
        raise WrongMapping(
            _("“%(text)s” does not fit %(field)s: %(message)s")
            % {"text": text, "field": column.label, "message": bad.message}
        ) from bad


def _listed(headers: Sequence[str]) -> str:
    return ", ".join(f"“{header}”" for header in headers if header)
