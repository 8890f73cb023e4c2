"""Values as PostgreSQL's COPY reads them in its text format."""

from collections.abc import Iterable
from datetime import date

NULL = "\\N"
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_text(value: object) -> str:
    """Return `value` as one field of a COPY line."""
    if value is None:
        return NULL
    if isinstance(value, str):
        return value if value.isprintable() and "\\" not in value else value.translate(ESCAPES)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return array_literal(value).translate(ESCAPES)
    return str(value)


def array_literal(items: Iterable[object]) -> str:
    """Return a PostgreSQL array of texts; quoted, so that no item is read as something else."""
    quoted = (str(item).replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"


def copy_line(fields: Iterable[str]) -> str:
    """Return one line of COPY from fields that are texts of it already."""
    return "\t".join(fields) + "\n"
