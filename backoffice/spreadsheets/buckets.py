"""Buckets of the S3 kind as places. Importing this takes the extra `s3` of the project."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage

from backoffice.spreadsheets.places import BucketAddress, Changed, Place, State

# A page or a job waits so long for a host that says nothing, in seconds.
CONNECT_SECONDS, READ_SECONDS = 5, 60
# What can be copied at once; not every host can copy in parts.
COPIED_AT_ONCE = 5 * 1024**3


class Bucket(Place, S3Storage):
    """A bucket, or what lies below a prefix of it. Names are keys as they are, whatever characters they hold."""

    def __init__(self, address: BucketAddress) -> None:
        self.address = address
        super().__init__(
            access_key=address.key or None,
            secret_key=address.secret or None,
            bucket_name=address.bucket,
            location=address.prefix,
            region_name=address.region,
            endpoint_url=f"{'https' if address.secure else 'http'}://{address.host}",
            # As folders do it: a name that is taken gets an addition.
            file_overwrite=False,
            client_config=Config(
                signature_version="s3v4",
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "max_attempts": 3},
                # Hosts other than Amazon's know buckets by path, and not always the newer checksums.
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def words(self, name: str = "") -> str:
        path = PurePosixPath(self.address.bucket, self.address.prefix, name)
        return f"s3://{self.address.host}/{path}"

    def files(self, folder: str) -> Iterator[tuple[str, State]]:
        prefix = f"{self._key(folder)['Key']}/"
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket_name, Prefix=prefix, Delimiter="/"
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                name = entry["Key"].removeprefix(prefix)
                # Some programs keep an empty object for the folder itself.
                if name:
                    yield name, _state(entry, size=entry["Size"])

    def state(self, name: str) -> State:
        found = _asked(self._client.head_object, **self._key(name))
        return _state(found, size=found["ContentLength"])

    @contextmanager
    def fetched(self, name: str, state: State) -> Iterator[Path]:
        found = _asked(self._client.get_object, **self._key(name), IfMatch=_etag(state))
        with closing(found["Body"]) as body, TemporaryDirectory() as folder:
            # Not every host knows the condition.
            if _state(found, size=found["ContentLength"]) != state:
                raise Changed
            path = Path(folder) / "file"
            with path.open("wb") as file:
                file.writelines(body.iter_chunks(1024**2))
            yield path
        self.expect(name, state)

    def move(self, name: str, target: str, state: State) -> None:
        """Do what `Place.move` does: a bucket copies, then deletes."""
        self.expect(name, state)
        _asked(
            self._client.copy,
            self._key(name),
            **self._key(target),
            ExtraArgs={"CopySourceIfMatch": _etag(state)},
            Config=TransferConfig(multipart_threshold=COPIED_AT_ONCE, use_threads=False),
        )
        self.expect(name, state)
        _asked(self._client.delete_object, **self._key(name))

    @property
    def _client(self) -> Any:
        return self.connection.meta.client

    def _key(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": "/".join(part for part in (self.address.prefix, name) if part)}


def _state(found: dict[str, Any], *, size: int) -> State:
    """Return a state from what a host tells of an object; lists may tell fractions of seconds, and marks unquoted."""
    return State(size, f"{int(found['LastModified'].timestamp())} {found['ETag'].strip('"')}")


def _etag(state: State) -> str:
    return f'"{state.version.partition(" ")[2]}"'


def _asked(ask: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Return what a host answers. Raises FileNotFoundError and Changed for what it says of the object."""
    try:
        return ask(*args, **named)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404 and error.response["Error"]["Code"] != "NoSuchBucket":
            raise FileNotFoundError from error
        if status == 412:
            raise Changed from error
        raise
