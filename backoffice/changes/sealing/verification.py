"""Looking for what was changed past the guards: each finding is a sentence that names the range."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import batched

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from backoffice.changes.completeness import history_gaps
from backoffice.changes.models import ChangeSet
from backoffice.changes.sealing.canonical import SealedTable, contents, last_ids, sealed_tables
from backoffice.changes.sealing.models import NO_HASH, Seal
from backoffice.changes.sealing.witness import Witness, open_witness

PAGE = 1_000

STRAYS = "SELECT count(*), min({key}), max({key}) FROM {name} WHERE {key} <= 0 OR {key} > %s"
# Of the sets that no seal covers yet: what each says it wrote, beside the versions that there are.
UNTRUE_COUNTS = """
    SELECT coalesce(told.id, found.id)
    FROM (
        SELECT id, coalesce((counts -> %(label)s ->> '+')::bigint, 0) AS created,
            coalesce((counts -> %(label)s ->> '~')::bigint, 0) AS changed,
            coalesce((counts -> %(label)s ->> '-')::bigint, 0) AS deleted
        FROM changes_changeset WHERE id > %(sealed)s
    ) AS told
    FULL JOIN (
        SELECT change_set_id AS id, count(*) FILTER (WHERE history_type = '+') AS created,
            count(*) FILTER (WHERE history_type = '~') AS changed,
            count(*) FILTER (WHERE history_type = '-') AS deleted
        FROM {name} WHERE change_set_id > %(sealed)s GROUP BY change_set_id
    ) AS found ON found.id = told.id
    WHERE (coalesce(told.created, 0), coalesce(told.changed, 0), coalesce(told.deleted, 0))
        <> (coalesce(found.created, 0), coalesce(found.changed, 0), coalesce(found.deleted, 0))
    ORDER BY 1
"""


@dataclass
class Verification:
    """What was looked at, and what is wrong with it."""

    problems: list[str] = field(default_factory=list)
    rows: int = 0
    seals: int = 0
    head: str = NO_HASH


def verify_history() -> Verification:
    """Hold the whole history against its seals, and the seals against the record outside the database."""
    found = Verification()
    with open_witness(writing=False) as witness, transaction.atomic():
        found.problems += history_gaps()
        found.problems += chain_problems(witness, found)
        found.problems += content_problems(found)
        found.problems += stray_problems()
        found.problems += count_problems()
    return found


def chain_problems(witness: Witness, found: Verification) -> Iterator[str]:
    """Yield where a seal is not what it was: changed, missing, put in, or replaced without a record outside."""
    recorded = {line.number: line.hash for line in witness.heads()}
    planned = witness.planned()
    first = min(recorded, default=0)
    reached: dict[str, int] = {}
    number, previous = 0, NO_HASH
    for seal in Seal.objects.select_related("sealed_columns").order_by("number").iterator(chunk_size=PAGE):
        if seal.number != number + 1:
            yield _("Seals %(first)s to %(last)s are missing.") % {"first": number + 1, "last": seal.number - 1}
        elif seal.previous != previous or seal.hash != seal.linked_hash():
            yield _("%(seal)s was changed.") % {"seal": name_of(seal)}
        elif recorded.get(seal.number, seal.hash) != seal.hash:
            yield _("%(seal)s is not the one recorded in %(path)s.") % {"seal": name_of(seal), "path": witness.path}
        elif seal.kind == Seal.Kind.SEALED and seal.after != reached.get(seal.label, 0):
            yield _("%(seal)s does not begin where the one before it ends.") % {"seal": name_of(seal)}
        elif seal.kind != Seal.Kind.SEALED and seal.number > first and (seal.number, seal.hash) not in planned:
            yield _("%(seal)s replaces another, and %(path)s does not say so.") % {
                "seal": name_of(seal),
                "path": witness.path,
            }
        if seal.kind == Seal.Kind.SEALED:
            reached[seal.label] = seal.upto
        number, previous = seal.number, seal.hash
        found.seals += 1
    found.head = previous
    yield from end_problems(number, recorded, witness)


def end_problems(number: int, recorded: dict[int, str], witness: Witness) -> Iterator[str]:
    """Yield how the end of the chain differs from the end of the record."""
    last = max(recorded, default=0)
    if last > number:
        yield _("Seals %(first)s to %(last)s are missing: %(path)s has recorded them.") % {
            "first": number + 1,
            "last": last,
            "path": witness.path,
        }
    elif last < number:
        yield _("Seals %(first)s to %(last)s are not recorded in %(path)s.") % {
            "first": last + 1,
            "last": number,
            "path": witness.path,
        }


def content_problems(found: Verification) -> Iterator[str]:
    """Yield the ranges whose rows are not those that were sealed."""
    newest = Seal.objects.filter(label=OuterRef("label"), upto=OuterRef("upto")).order_by("-number")
    current = Seal.objects.filter(number=Subquery(newest.values("number")[:1])).select_related("sealed_columns")
    shapes = current.order_by("label", "sealed_columns").values_list("label", "sealed_columns").distinct()
    for label, shape in list(shapes):
        table = sealed_tables().get(label)
        seals = current.filter(label=label, sealed_columns=shape).order_by("number").iterator(chunk_size=PAGE)
        for page in batched(seals, PAGE):
            yield from page_problems(label, table, page, found)


def page_problems(label: str, table: SealedTable | None, seals: Iterable[Seal], found: Verification) -> Iterator[str]:
    """Yield the problems of some ranges of one table, sealed by the same columns."""
    by_start = {seal.after: seal for seal in seals}
    columns = next(iter(by_start.values())).sealed_columns.columns
    if table is None or not set(columns) <= set(table.columns):
        gone = sorted(set(columns) - set(table.columns if table else ()))
        yield _("%(label)s cannot be checked: %(columns)s are gone from its history.") % {
            "label": label,
            "columns": ", ".join(gone),
        }
        return
    for part in contents(table, columns, [(seal.after, seal.upto) for seal in by_start.values()]):
        seal = by_start[part.after]
        found.rows += part.rows
        if part.rows != seal.rows:
            yield _("%(seal)s held %(then)s rows, and there are %(now)s.") % {
                "seal": name_of(seal),
                "then": f"{seal.rows:,}",
                "now": f"{part.rows:,}",
            }
        elif part.digest != seal.digest:
            yield _("%(seal)s: rows were changed.") % {"seal": name_of(seal)}


def stray_problems() -> Iterator[str]:
    """Yield rows with numbers that the database never gave."""
    given = last_ids()
    quote = connection.ops.quote_name
    for label, table in sealed_tables().items():
        with connection.cursor() as cursor:
            cursor.execute(STRAYS.format(key=quote(table.key), name=quote(table.name)), [given[label]])
            count, first, last = cursor.fetchone()
        if count:
            yield _("%(label)s, %(first)s to %(last)s: rows were put in with numbers that were never given.") % {
                "label": label,
                "first": first,
                "last": last,
            }


def count_problems() -> Iterator[str]:
    """Yield change sets, too new to be sealed, that wrote other rows than they say: the newest rows, that is."""
    sets = ChangeSet._meta.label_lower
    newest = Seal.objects.filter(label=sets).order_by("-upto").values_list("upto", flat=True).first()
    for label, table in sealed_tables().items():
        if label == sets:
            continue
        with connection.cursor() as cursor:
            statement = UNTRUE_COUNTS.format(name=connection.ops.quote_name(table.name))
            cursor.execute(statement, {"label": label, "sealed": newest or 0})
            untrue = [pk for (pk,) in cursor.fetchall()]
        if untrue:
            yield _("%(label)s: the versions of change set %(sets)s are not as many as it says.") % {
                "label": label,
                "sets": ", ".join(map(str, untrue[:10])),
            }


def name_of(seal: Seal) -> str:
    """Return which seal, of what, from when."""
    at = formats.date_format(timezone.localtime(seal.at), "j M Y, H:i")
    return _("Seal %(number)s (%(label)s, versions %(first)s to %(last)s, %(at)s)") % {
        "number": seal.number,
        "label": seal.label,
        "first": seal.after + 1,
        "last": seal.upto,
        "at": at,
    }
