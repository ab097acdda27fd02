"""Files in a bucket of Amazon S3, Cloudflare R2, or a compatible service."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from services.media.errors import (
    NoPublicUrl,
    ObjectNotFound,
    StorageMisconfigured,
    StorageUnavailable,
)
from services.media.ports import ObjectStore, StoredObject

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

_CREDENTIAL_CODES = frozenset(
    {"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
)
_NOT_FOUND_CODES = frozenset({"404", "NoSuchKey", "NotFound"})
_BATCH_SIZE = 1000


class S3Store(ObjectStore):
    """A bucket, by `aioboto3`. `public_base` is the bucket's public URL, if it has one."""

    def __init__(
        self,
        *,
        endpoint_url: str | None,
        bucket: str,
        access_key_id: str,
        secret_access_key: str,
        region: str = "auto",
        public_base: str | None = None,
    ) -> None:
        self._session = aioboto3.Session(
            aws_access_key_id=access_key_id, aws_secret_access_key=secret_access_key
        )
        self._endpoint_url = endpoint_url
        self._region = region
        self._bucket = bucket
        self._public_base = public_base.rstrip("/") if public_base else None
        self._stack = AsyncExitStack()
        self._open_lock = asyncio.Lock()
        self._opened: S3Client | None = None

    @override
    async def put(self, key: str, data: bytes | Path, *, media_type: str) -> None:
        s3 = await self._client()
        with _domain_errors(key):
            if isinstance(data, bytes):
                await s3.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=media_type)
            else:
                extra = {"ContentType": media_type}
                await s3.upload_file(str(data), self._bucket, key, ExtraArgs=extra)

    @override
    async def get(self, key: str) -> bytes:
        s3 = await self._client()
        with _domain_errors(key):
            response = await s3.get_object(Bucket=self._bucket, Key=key)
            return await response["Body"].read()

    @override
    async def delete(self, keys: Sequence[str]) -> None:
        s3 = await self._client()
        for start in range(0, len(keys), _BATCH_SIZE):
            with _domain_errors(keys[start]):
                response = await s3.delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": [{"Key": key} for key in keys[start : start + _BATCH_SIZE]]},
                )
            for failed in response.get("Errors", ()):
                raise StorageUnavailable(failed.get("Code", "unknown"))

    @override
    async def list_objects(self, prefix: str) -> AsyncGenerator[StoredObject]:
        s3 = await self._client()
        with _domain_errors(prefix):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            async for page in pages:
                for entry in page.get("Contents", ()):
                    if "Key" in entry and "LastModified" in entry:
                        size = entry.get("Size", 0)
                        yield StoredObject(key=entry["Key"], size=size, at=entry["LastModified"])

    @override
    async def presigned_put(self, key: str, *, media_type: str, size: int, seconds: int) -> str:
        s3 = await self._client()
        params = {
            "Bucket": self._bucket, "Key": key, "ContentType": media_type, "ContentLength": size,
        }  # fmt: skip
        with _domain_errors(key):
            return await s3.generate_presigned_url("put_object", Params=params, ExpiresIn=seconds)

    @override
    def public_url(self, key: str) -> str:
        if self._public_base is None:
            raise NoPublicUrl
        return f"{self._public_base}/{quote(key)}"

    @override
    async def close(self) -> None:
        await self._stack.aclose()

    async def _client(self) -> "S3Client":
        """Return the shared client, opened on first use because that takes a second."""
        async with self._open_lock:
            if self._opened is None:
                # R2 supports neither the newer checksums nor buckets in host names.
                config = AioConfig(
                    signature_version="s3v4",
                    s3={"addressing_style": "path"},
                    retries={"max_attempts": 3, "mode": "standard"},
                    connect_timeout=5,
                    read_timeout=30,
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                )
                # The overloads cover all services, of which only S3 has types here.
                client: AbstractAsyncContextManager[S3Client] = self._session.client(  # pyright: ignore[reportUnknownMemberType] - its other overloads are untyped
                    "s3",
                    endpoint_url=self._endpoint_url,
                    region_name=self._region,
                    config=config,
                )
                self._opened = await self._stack.enter_async_context(client)
            return self._opened


@contextmanager
def _domain_errors(key: str) -> Generator[None]:
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _NOT_FOUND_CODES:
            raise ObjectNotFound(key) from error
        if code in _CREDENTIAL_CODES or code == "NoSuchBucket":
            raise StorageMisconfigured(code) from error
        raise StorageUnavailable(code) from error
    except (BotoCoreError, OSError) as error:
        raise StorageUnavailable(type(error).__name__) from error
