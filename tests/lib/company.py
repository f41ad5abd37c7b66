"""A house with Kamailio as its telephone company, reached by each transport, and behind SRV
records whose first host is dead."""
import contextlib
import socket

from .certs import Authority
from .house import free_address
from .kamailio import TlsCarrier
from .named import Named

ZONE = """@ IN A {ip}
dead IN A {dead}
live IN A {ip}
_sip._udp IN SRV 1 0 5060 dead
_sip._udp IN SRV 2 0 5060 live
_sips._tcp IN SRV 1 0 5061 @
"""
VIA = {"udp": "sip:{ip}:5060", "tcp": "sip:{ip}:5060;transport=tcp", "tls": "sip:carrier.test;transport=tls",
       "srv": ""}


@contextlib.contextmanager
def silent():
    """An address where somebody listens who never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        ip = free_address()
        s.bind((ip, 5060))
        yield ip


def carrier_house(houses, peers, tmp_path, dead):
    """The house and the carrier; an authority has certified both."""
    house = houses(transports=("udp", "tcp", "tls"), settings={"failover-timeout": "500ms"})
    authority = Authority(house.init().etc / "authority")
    carrier = peers(TlsCarrier(tmp_path, authority)).start()
    server = peers(Named(tmp_path, {"carrier.test": ZONE.format(ip=carrier.ip, dead=dead)})).start()
    chain, key = authority.issue("house", cn=house.domain)
    for name, value in {"dns-servers": server.server, "tls-certificate": f"{chain} {key}",
                        "tls-ca-file": authority.file}.items():
        house.sipctl("config", "set", name, value)
    return house.up(), carrier


def way_options(way, carrier):
    via = VIA[way].format(ip=carrier.ip)
    return ["--domain", carrier.domain, *(("--via", via) if via else ())]
