import pytest

from backoffice.spreadsheets.values import BadValue, BooleanValue, ChoiceValue


@pytest.mark.parametrize(("cell", "value"), [("TRUE", True), ("false", False), (True, True), (False, False)])
def test_true_and_false_are_taken(cell, value):
    assert BooleanValue()(cell) is value


@pytest.mark.parametrize("cell", ["yes", "1", 1, "x"])
def test_other_words_are_refused_unless_declared(cell):
    with pytest.raises(BadValue) as refusal:
        BooleanValue()(cell)

    assert refusal.value.rule == "boolean"


def test_declared_words_are_taken():
    convert = BooleanValue(true=("yes", "1"), false=("no", "0"))

    assert [convert(cell) for cell in ("Yes", 1, "no", 0)] == [True, True, False, False]


STATUS = ChoiceValue({"draft": "Draft", "active": "On sale"})


@pytest.mark.parametrize("cell", ["active", "Active", "on sale"])
def test_a_choice_is_found_by_value_or_label(cell):
    assert STATUS(cell) == "active"


def test_an_unknown_choice_is_refused_with_the_list():
    with pytest.raises(BadValue, match="draft, active"):
        STATUS("sold")
