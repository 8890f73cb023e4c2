"""Buckets of the S3 kind as places. Importing this takes the extra `s3` of the project."""

from pathlib import PurePosixPath

from botocore.config import Config
from storages.backends.s3 import S3Storage

from backoffice.spreadsheets.places import BucketAddress, Place

# A page or a job waits so long for a host that says nothing, in seconds.
CONNECT_SECONDS, READ_SECONDS = 5, 60


class Bucket(Place, S3Storage):
    """A bucket, or what lies below a prefix of it."""

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
