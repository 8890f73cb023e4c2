"""JSON: a list with an object a row, which PostgreSQL writes. Texts are as they are: no program calculates JSON."""

from typing import IO

from django.db import connection

from backoffice.spreadsheets.writers.base import Kind
from backoffice.spreadsheets.writers.copying import Source, blocks


def copy_objects(file: IO[bytes], source: Source) -> int:
    """Write the rows of a query as JSON, amounts as texts with all digits, and return how many there were."""
    members = ", ".join(
        f"{_as_json(name, column.kind)} AS {connection.ops.quote_name(column.name)}"
        for name, column in zip(source.names, source.columns, strict=True)
    )
    count = 0
    query = f"SELECT row_to_json(named) FROM (SELECT {members} FROM {source.relation}) AS named"
    file.write(b"[")
    for block in blocks(source.lines(query)):
        file.write(b",\n" if count else b"\n")
        file.write(b",".join(block)[:-1])
        count += len(block)
    file.write(b"\n]\n")
    return count


def _as_json(name: str, kind: Kind) -> str:
    match kind:
        case Kind.DECIMAL:
            return f"{name}::text"
        case Kind.DATETIME:
            return f"""to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
        case _:
            return name
