"""Requests that cannot reach this machine or a private network, whatever a name stands for."""

from collections.abc import AsyncGenerator

import httpx2
from typing_extensions import override

from services.addresses import public_address

# More than any answer; what a host sends beyond it is not read.
_MAX_BYTES = 10_000_000


class _Limited(httpx2.AsyncByteStream):
    """The body of a response, up to a limit."""

    def __init__(self, stream: httpx2.AsyncByteStream, request: httpx2.Request) -> None:
        self._stream = stream
        self._request = request

    @override
    async def __aiter__(self) -> AsyncGenerator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > _MAX_BYTES:
                raise httpx2.ReadError("the answer is too large", request=self._request)
            yield piece

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()


class PublicTransport(httpx2.AsyncHTTPTransport):
    """Looks up the host of every request, and connects to that very address if it is public.

    One client with this transport is for one host: connections are told apart by their address.
    """

    def __init__(self) -> None:
        super().__init__(trust_env=False)

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        try:
            address = await public_address(host, request.url.port or 443)
        except (OSError, UnicodeError) as error:
            raise httpx2.ConnectError("it is not a public address", request=request) from error
        # The certificate is still that of the name, as is the header `Host`.
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        response = await super().handle_async_request(request)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Limited(response.stream, request)
        return response
