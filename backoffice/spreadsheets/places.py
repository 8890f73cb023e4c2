"""Places outside the desk, where spreadsheets come from and exports go to: a folder, or a bucket of the S3 kind.

A place is a storage of Django, named by one address:

- a path, such as `/srv/spreadsheets`, is a folder of this machine;
- `s3://KEY:SECRET@HOST[:PORT]/BUCKET[/PREFIX]` is a bucket. What has a meaning of its own in an address (`/ + @ : %`)
  is written as %XX there. Without KEY and SECRET the machine's own credentials are used, as boto3 finds them.
  `?region=eu-west-1` says where it is (else us-east-1), `?secure=no` that the host speaks plain HTTP.

Who writes a place sees it whole at once: nobody finds half a file there. Secrets stand in the address alone: `words`
says where something is without them, and no refusal repeats an address.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from backoffice.spreadsheets.addresses import UnusableAddress, options_of, take_apart

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
REGION = re.compile(r"[a-z0-9-]+")
SECURE = {"yes": True, "no": False}


class State(NamedTuple):
    """What tells one state of a file from another: its size in bytes, and whatever else the place knows."""

    size: int
    version: str


class Changed(Exception):
    """A file is no longer in the state that was seen."""


class Place(Storage):
    """A storage outside the desk, whose whole contents are ours to read and write."""

    def words(self, name: str = "") -> str:
        """Return for people where `name` is, or the place itself: without secrets."""
        raise NotImplementedError

    def files(self, folder: str) -> Iterator[tuple[str, State]]:
        """Yield the names below `folder` of the files that lie in it, by name, each with its state."""
        raise NotImplementedError

    def state(self, name: str) -> State:
        """Return the state of a file. Raises FileNotFoundError."""
        raise NotImplementedError

    def fetched(self, name: str, state: State) -> AbstractContextManager[Path]:
        """Lend a file in this state, on this machine's disk. Raises Changed, at its end too, and FileNotFoundError."""
        raise NotImplementedError

    def move(self, name: str, target: str, state: State) -> None:
        """Move a file to the name `target`, over what is there. Where it stopped in between, it can be done again.

        Raises Changed and FileNotFoundError.
        """
        raise NotImplementedError

    def expect(self, name: str, state: State) -> None:
        """Raise Changed if a file is in another state, and FileNotFoundError."""
        if self.state(name) != state:
            raise Changed


class Folder(Place, FileSystemStorage):
    """A folder of this machine. Others read what is put there: its mode is what the process gives new files."""

    def words(self, name: str = "") -> str:
        return str(Path(self.location) / name)

    def files(self, folder: str) -> Iterator[tuple[str, State]]:
        """Yield what `Place.files` does, and make the folder, for people to find. Links lead anywhere, and are none."""
        path = Path(self.path(folder))
        path.mkdir(parents=True, exist_ok=True)
        for each in sorted(path.iterdir()):
            if each.is_file() and not each.is_symlink():
                with suppress(FileNotFoundError):
                    yield each.name, self.state(f"{folder}/{each.name}")

    def state(self, name: str) -> State:
        status = Path(self.path(name)).stat()
        return State(status.st_size, str(status.st_mtime_ns))

    @contextmanager
    def fetched(self, name: str, state: State) -> Iterator[Path]:
        self.expect(name, state)
        yield Path(self.path(name))
        self.expect(name, state)

    def move(self, name: str, target: str, state: State) -> None:
        self.expect(name, state)
        path = Path(self.path(target))
        path.parent.mkdir(parents=True, exist_ok=True)
        Path(self.path(name)).rename(path)

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with unfinished.open("wb") as file:
                file.writelines(content.chunks())
            unfinished.rename(target)
        finally:
            unfinished.unlink(missing_ok=True)
        return name


@dataclass(frozen=True, kw_only=True)
class BucketAddress:
    """What the address of a bucket says."""

    host: str
    bucket: str
    prefix: str
    region: str
    secure: bool
    key: str
    secret: str

    def __repr__(self) -> str:
        return f"<bucket {self.bucket} at {self.host}>"


def place(address: str) -> Place:
    """Return the place of an address. Raises UnusableAddress; connects to nothing."""
    if not SCHEME.match(address):
        return Folder(location=_folder(address))
    found = bucket_address(address)
    try:
        bucket: Callable[[BucketAddress], Place] = import_string("backoffice.spreadsheets.buckets.Bucket")
    except (ImportError, ImproperlyConfigured):
        raise UnusableAddress(_("Buckets take the extra s3 of the project: install django-storages[s3].")) from None
    return bucket(found)


def watched_place() -> Place | None:
    """Return the place whose folders are watched for spreadsheets, if there is one."""
    return place(settings.SPREADSHEET_WATCH_FOLDER) if settings.SPREADSHEET_WATCH_FOLDER else None


def export_place() -> Place | None:
    """Return the place where exports may be put, if there is one."""
    return place(settings.EXPORT_FOLDER) if settings.EXPORT_FOLDER else None


def _folder(address: str) -> str:
    if "\0" in address or not address.strip():
        raise UnusableAddress(_("Name a folder, such as /srv/spreadsheets."))
    return address


def bucket_address(address: str) -> BucketAddress:
    """Take the address of a bucket apart. Raises UnusableAddress."""
    parts = take_apart(address, schemes={"s3"}, form="s3://KEY:SECRET@HOST/BUCKET")
    bucket, _slash, prefix = unquote(parts.path).strip("/").partition("/")
    if not BUCKET.fullmatch(bucket):
        raise UnusableAddress(
            _("Name the bucket after the host: 3 to 63 small letters, digits, points and hyphens, s3://HOST/BUCKET.")
        )
    if prefix and not all(part.strip(".") for part in prefix.split("/")):
        raise UnusableAddress(_("The folder after the bucket has an empty part, or one of points only. Write a/b."))
    options = _options(parts)
    key, secret = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(key) != bool(secret):
        raise UnusableAddress(_("Give both key and secret, s3://KEY:SECRET@HOST/BUCKET, or neither."))
    return BucketAddress(
        host=parts.netloc.rpartition("@")[2],
        bucket=bucket,
        prefix=prefix,
        region=options.get("region", "us-east-1"),
        secure=SECURE[options.get("secure", "yes")],
        key=key,
        secret=secret,
    )


def _options(parts: SplitResult) -> dict[str, str]:
    """Return what stands after the question mark."""
    options = options_of(parts, ("region", "secure"))
    if options.get("secure", "yes") not in SECURE:
        raise UnusableAddress(_("Write secure=yes, or secure=no for a host that speaks plain HTTP."))
    if not REGION.fullmatch(options.get("region", "us-east-1")):
        raise UnusableAddress(_("Write the region as the provider calls it, such as region=eu-west-1."))
    return options
