"""Words of a file that stand for rows of other tables: how they are found, and refused where they are not."""

from backoffice.spreadsheets.columns import Column, Lookup
from backoffice.spreadsheets.staging import Stage


def _words(lookup: Lookup) -> str:
    return f"(SELECT word, min(id) AS id, count(*) AS found FROM ({lookup.relation}) AS words GROUP BY word)"


def joins_of(columns: dict[str, Column]) -> str:
    """Return the joins that find what the staged words of these columns stand for, each as `by_<field>`."""
    return " ".join(
        f'LEFT JOIN {_words(column.lookup)} AS "by_{field}" ON "by_{field}".word = upper(r."{field}")'
        for field, column in columns.items()
        if column.lookup
    )


def refuse_unknown_words(stage: Stage, field: str, column: Column, known_rows: str) -> None:
    """Refuse words that stand for no row, or for several of which the row to update has none now."""
    lookup = column.lookup
    if lookup is None:
        return
    source = f"{stage.rows} AS r LEFT JOIN {known_rows} {joins_of({field: column})}"
    has_one_of_them = (
        f'EXISTS (SELECT FROM ({lookup.relation}) AS words WHERE word = upper(r."{field}")'
        f' AND words.id = t."{column.target}")'
    )
    for rule, sentence, condition in (
        ("unknown", lookup.unknown, f'"by_{field}".id IS NULL'),
        ("ambiguous", lookup.ambiguous, f'"by_{field}".found > 1 AND NOT {has_one_of_them}'),
    ):
        stage.refuse(
            field,
            rule,
            f'format(%(sentence)s, r."{field}")',
            f'{source} WHERE r."{field}" IS NOT NULL AND {condition}',
            {"sentence": str(sentence)},
        )
