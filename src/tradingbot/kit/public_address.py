"""Which addresses are the public internet's, and which somebody's own network."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# IPv6 addresses that lead to an IPv4 one.
NAT64 = ip_network("64:ff9b::/96")
COMPATIBLE = ip_network("::/96")


def is_public(address: str) -> bool:
    """Whether anybody on the internet could reach it. Raise ValueError when it is no address."""
    return _is_public(ip_address(address.partition("%")[0]))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    inner = _inside(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return _is_public(inner)
    odd = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not odd and not getattr(address, "is_site_local", False)


def _inside(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64 or address in COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
