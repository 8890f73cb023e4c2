"""What every report declares."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.catalogue.parameters import ReportParameters
from reports.periods import Period

Label = str | Promise
Row = Sequence[Any]


class Kind(StrEnum):
    """What the values of a column are; screens and files format by it."""

    TEXT = "text"
    CODE = "code"
    INTEGER = "integer"
    AMOUNT = "amount"
    PERCENT = "percent"
    NUMBER = "number"
    DATE = "date"
    MONTH = "month"

    @property
    def is_number(self) -> bool:
        """Whether the values stand at the right and may be added up."""
        return self in {Kind.INTEGER, Kind.AMOUNT, Kind.PERCENT, Kind.NUMBER}


@dataclass(frozen=True)
class Column:
    """One column of a report. Amounts are in the currency that the run names, percentages in per cent.

    A figure is the sum of what the rows behind it say, unless it is `derived`: a share, an age, a score.
    """

    name: str
    label: Label
    kind: Kind = Kind.TEXT
    total: bool = False
    blank: Label = ""
    choices: Sequence[tuple[str, Label]] = ()
    derived: bool = False

    @property
    def is_figure(self) -> bool:
        """Whether its values open the rows that they are made of."""
        return self.kind.is_number and not self.derived


@dataclass(frozen=True)
class Chart:
    """Which columns are drawn: `values` over `label`."""

    kind: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Sql:
    """A query in SQL with its named parameters; its columns stand in the order of the report's."""

    text: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Link:
    """A page of the desk by URL name, with the query that narrows it."""

    view: str
    args: tuple[Any, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """Parameters as they were cleaned, and the dates that their period means."""

    values: Mapping[str, Any]
    period: Period


class Group(models.TextChoices):
    """What reports are about, in the order in which the catalogue shows them."""

    SALES = "sales", _("Sales")
    ORDERS = "orders", _("Orders")
    STOCK = "stock", _("Stock")
    CUSTOMERS = "customers", _("Customers")
    DESK = "desk", _("The desk")


class Report(ABC):
    """A report: what it is called, what it asks for, who may run it, and where its figures come from.

    A report lives in a file of its own in `reports.catalogue` and is named in the registry there. It holds no state.
    Its rows end with the values of `key`, beyond the columns: they say which records stand behind a row.
    """

    slug: ClassVar[str]
    group: ClassVar[Group]
    title: ClassVar[Label]
    description: ClassVar[Label]
    permissions: ClassVar[tuple[str, ...]] = ("reports.run_report",)
    parameters: ClassVar[type[ReportParameters]] = ReportParameters
    columns: ClassVar[tuple[Column, ...]]
    key: ClassVar[tuple[str, ...]] = ()
    behind_columns: ClassVar[tuple[Column, ...]] = ()
    chart: ClassVar[Chart | None] = None
    empty_text: ClassVar[Label] = _(
        "Nothing was sold then. Choose a longer period, or look whether orders are still drafts."
    )

    @abstractmethod
    def query(self, question: Question) -> Sql:
        """Return the SQL of the rows: the columns in their order, then the values of the key."""

    @abstractmethod
    def behind(self, question: Question) -> Sql:
        """Return the SQL of the records behind all figures.

        Its columns are named: those of `behind_columns` and of `key`, and `model` and `pk` of each record. Added up
        over the records of a key, a column of the name of a figure is that figure.
        """

    def drill(self, row: Row, question: Question) -> Link | None:
        """Return the list or record that the figures of `row` are made of."""
        return None

    def currency(self, question: Question) -> str:
        """Return the currency of the amounts."""
        return str(question.values.get("currency", ""))

    def position(self, name: str) -> int:
        """Return where the column called `name` stands."""
        return [column.name for column in self.columns].index(name)
