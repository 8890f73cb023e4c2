"""A process that makes up files after how far those before got: `python -m tests.soak.fuzz KIND FOLDER`.

What follows is for libFuzzer, which begins with the files in the folder. It ends with the first one that is neither
read nor refused with a sentence, or takes too long or too much memory.
"""

import os
import sys
from pathlib import Path

import atheris

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.test")
with atheris.instrument_imports(include=["backoffice.spreadsheets.readers", "backoffice.spreadsheets.notation"]):
    import django

    django.setup()
    from django.conf import settings

    from tests.spreadsheets.readers import fuzzing

ROWS = 10_000


def main() -> None:
    """Begin with sound files and go on until time is up."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    for number, content in enumerate(fuzzing.seeds(kind)):
        (folder / f"seed-{number}").write_bytes(content)
    settings.SPREADSHEET_LIMITS = settings.SPREADSHEET_LIMITS | {"rows": ROWS}

    def try_one(content: bytes) -> None:
        fuzzing.read_or_refused(fuzzing.file_of(kind, content))

    atheris.Setup([sys.argv[0], *sys.argv[2:]], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
