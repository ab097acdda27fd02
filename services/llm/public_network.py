"""Requests that cannot reach this machine or a private network, whatever a name stands for."""

import httpx2
from typing_extensions import override

from services.addresses import public_address


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
        return await super().handle_async_request(request)
