"""Truth values and choices: the declared words and no others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from backoffice.spreadsheets.values.base import BadValue, Converter, shown


@dataclass(frozen=True, kw_only=True)
class BooleanValue(Converter):
    """True or false, in the declared words whatever their case, or as a workbook's own truth value."""

    true: tuple[str, ...] = ("true",)
    false: tuple[str, ...] = ("false",)
    words: dict[str, bool] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make one table of both."""
        words = {word.casefold(): True for word in self.true} | {word.casefold(): False for word in self.false}
        object.__setattr__(self, "words", words)

    def convert_text(self, text: str) -> bool:
        """Return what the word stands for."""
        value = self.words.get(text.casefold())
        if value is None:
            raise self._bad(text)
        return value

    def convert_typed(self, cell: Any) -> bool:
        """Return a truth value as it is; 1 and 0 only where they are declared words."""
        if isinstance(cell, bool):
            return cell
        return self.convert_text(str(cell))

    def _bad(self, text: str) -> BadValue:
        message = _("“%(value)s” is not true or false here. Write %(true)s or %(false)s.")
        return BadValue("boolean", message % {"value": shown(text), "true": self.true[0], "false": self.false[0]})


@dataclass(frozen=True)
class ChoiceValue(Converter):
    """One of the choices, by its value or its label, whatever the case."""

    choices: Mapping[str, Any]
    required: bool = field(default=False, kw_only=True)
    values: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make one table of values and labels; where they clash, the value wins."""
        labels = {str(label).casefold(): value for value, label in self.choices.items()}
        object.__setattr__(self, "values", labels | {value.casefold(): value for value in self.choices})

    def convert_text(self, text: str) -> str:
        """Return the value of the choice."""
        value = self.values.get(text.casefold())
        if value is None:
            message = _("“%(value)s” is not one of the choices. Write one of: %(choices)s.")
            raise BadValue("choice", message % {"value": shown(text), "choices": ", ".join(self.choices)})
        return value

    def convert_typed(self, cell: Any) -> str:
        """Return the choice that is written in digits."""
        return self.convert_text(str(cell))
