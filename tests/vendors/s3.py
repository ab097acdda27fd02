"""A real S3 server on loopback: `rclone serve s3` on a folder."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from services.media.s3 import S3Store

_RCLONE = Path(sys.executable).with_name("rclone")
BUCKET = "troupe"


@contextmanager
def serving(folder: Path) -> Generator[str]:
    """Serve a folder as S3 with one empty bucket, and yield the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (folder / BUCKET).mkdir(parents=True)
    keys = ("--auth-key", "AKID,SECRET", "--config", "/dev/null", "--vfs-cache-mode", "off")
    process = subprocess.Popen(  # noqa: S603 - the development lock's own
        [_RCLONE, "serve", "s3", "--addr", address, *keys, folder],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(address)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


def store_at(url: str, *, right_key: bool = True, public_base: str | None = None) -> S3Store:
    """Return the bucket at an address."""
    return S3Store(
        endpoint_url=url,
        bucket=BUCKET,
        access_key_id="AKID",
        secret_access_key="SECRET" if right_key else "WRONG",
        public_base=public_base,
    )


def _wait_for(address: str) -> None:
    host, _, port = address.partition(":")
    for _ in range(400):
        with socket.socket() as trial:
            if trial.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("rclone does not serve")
