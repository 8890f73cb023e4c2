"""python -m tests.benchmarks [PART …]: run `run()` of each bench_PART.py on a database of its own."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import django
from django.db import connection
from django.test.utils import setup_test_environment

from tests.benchmarks.figures import Figure
from tests.database import start_server, sweep_leftovers

PARTS = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
# What belongs together has a name too.
GROUPS = {"spreadsheets": ("imports", "exports")}


def main() -> int:
    """Run the parts asked for, or all; the exit status is 1 when a budget was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join([*PARTS, *GROUPS])}")
    asked = parser.parse_args().parts or PARTS
    parts = [part for name in asked for part in GROUPS.get(name, (name,))]
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are: {', '.join([*PARTS, *GROUPS])}")
    with database():
        missed = [figure for part in parts for figure in measured(part) if figure.misses_budget]
    return 1 if missed else 0


def measured(part: str) -> Iterator[Figure]:
    """Yield the figures of one part, printing each as it comes."""
    write(f"\n{part}\n{Figure.header()}")
    for figure in import_module(f"tests.benchmarks.bench_{part}").run():
        write(str(figure))
        yield figure


def write(text: str) -> None:
    """Print a line now, for those who wait."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def database() -> Iterator[None]:
    """Give the benchmarks an empty, migrated database that goes when they end."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "backoffice.settings.test"
    if not os.environ.get("DATABASE_URL"):
        sweep_leftovers()
        start_server()
    django.setup()
    setup_test_environment()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
