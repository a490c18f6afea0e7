"""Posts notices to the programs of sites, and nowhere else that a site's administrator may have named.

An address is https, and leads to no machine of the operator's own networks: every address that its
name stands for is looked at, and the connection goes to the one that was looked at (OWASP, "Server
Side Request Forgery Prevention"). Redirects are not followed, answers are not read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import httpx
from flask_babel import gettext as _

from app.mailing import NotSent
from ledger.errors import Malformed

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
SECONDS: Final = 10.0  # for all of one message
MOST: Final = 500  # characters of an address
# By these an address of IPv6 leads on to one of IPv4, which may be anybody's: NAT64, 6to4, Teredo.
_PASSAGES: Final = tuple(
    ipaddress.ip_network(one)
    for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


def check_webhook(text: str, allowed: Sequence[Network]) -> str:
    """An address that may be posted to, as far as it says itself. Raises Malformed, in words."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= MOST
    if not host or not plain or port == 0 or parts.fragment:
        raise Malformed(_("A webhook's address looks like https://program.example/recalls."))
    if parts.username is not None or parts.password is not None:
        raise Malformed(_("A webhook's address holds no name and no password."))
    literal = _literal(host)
    loopback = host == "localhost" or (literal is not None and literal.is_loopback)
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise Malformed(_("A webhook's address begins with https://."))
    if literal is not None and not may_reach(literal, allowed):
        raise Malformed(_("A webhook does not lead into a private network."))
    if host == "localhost" and not may_reach(ipaddress.ip_address("127.0.0.1"), allowed):
        raise Malformed(_("A webhook does not lead into a private network."))
    return text


def may_reach(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is on the public internet, or in a network that the operator allows."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in allowed):
        return True
    passage = any(address in network for network in _PASSAGES)
    return address.is_global and not address.is_multicast and not passage


@lru_cache(maxsize=1)  # reading them takes longer than a message
def _trusted() -> ssl.SSLContext:
    """This machine's certificates."""
    return ssl.create_default_context()


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


async def resolve(host: str, port: int) -> list[str]:
    """The addresses that a name stands for."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


async def post(
    url: str, body: bytes, headers: dict[str, str], allowed: Sequence[Network],
    resolve: Resolve = resolve, trusted: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
) -> None:  # fmt: skip
    """Post a message to a site's program. Raises NotSent, saying why in words."""
    try:
        check_webhook(url, allowed)
    except Malformed as error:  # the operator allows less than when it was kept
        raise NotSent(str(error), for_good=True) from error
    try:
        async with asyncio.timeout(seconds):
            status = await _post(url, body, headers, allowed, resolve, trusted)
    except TimeoutError as error:
        words = _("%(host)s did not answer within %(n)s seconds.", host=_host(url), n=int(seconds))
        raise NotSent(words) from error
    except OSError as error:
        words = _("%(host)s cannot be found.", host=_host(url))
        raise NotSent(words) from error
    except (ValueError, httpx.InvalidURL) as error:  # a name that DNS cannot hold
        raise NotSent(_("%(host)s cannot be found.", host=_host(url)), for_good=True) from error
    except httpx.HTTPError as error:
        words = _(
            "%(host)s cannot be reached: %(why)s",
            host=_host(url),
            why=_plain(str(error) or type(error).__name__),
        )
        raise NotSent(words) from error
    if 300 <= status < 400:
        words = _("%(host)s sends on to another address, which is not followed.", host=_host(url))
        raise NotSent(words, for_good=True)
    if not 200 <= status < 300:
        words = _("%(host)s answered with status %(status)s.", host=_host(url), status=status)
        raise NotSent(words, for_good=status == 410)  # Standard Webhooks: gone is told no more


async def _post(
    url: str, body: bytes, headers: dict[str, str], allowed: Sequence[Network], resolve: Resolve,
    trusted: ssl.SSLContext | None,
) -> int:  # fmt: skip
    asked = httpx.URL(url)
    port = asked.port or (443 if asked.scheme == "https" else 80)
    found = [ipaddress.ip_address(one.partition("%")[0]) for one in await resolve(asked.host, port)]
    if not found or not all(may_reach(one, allowed) for one in found):
        words = _("%(host)s leads into a private network.", host=asked.host)
        raise NotSent(words, for_good=True)
    # To the address that was looked at, in the name's name: DNS has no second say.
    pinned = asked.copy_with(host=str(found[0]))
    told = {**headers, "Host": asked.netloc.decode("ascii"), "Content-Type": "application/json"}
    # Neither proxies nor passwords of this machine's environment.
    client = httpx.AsyncClient(trust_env=False, verify=trusted or _trusted(), timeout=SECONDS)
    async with client:
        request = client.build_request(
            "POST", pinned, content=body, headers=told, extensions={"sni_hostname": asked.host}
        )
        answer = await client.send(request, stream=True, follow_redirects=False)
        await answer.aclose()  # what it says is not read
        return answer.status_code


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _plain(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)[:200]


__all__ = ["MOST", "Network", "check_webhook", "may_reach", "post", "resolve"]
