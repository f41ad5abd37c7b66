"""Kamailio as the domain next door: calls and messages in both directions, through
both proxies' Record-Routes, over each transport and both families."""
import itertools

import pytest

from lib.certs import Authority
from lib.house import free_ports, has_ipv6
from lib.kamailio import Neighbour
from lib.named import Named
from lib.sip import Phone
from lib.talk import busy, cancelled, conversation, message

CELLS = list(itertools.product(("udp", "tcp", "tls"), ("IPv4", "IPv6")))


class Border:
    """A house and its neighbour, each with a user who has a phone."""

    def __init__(self, houses, peers, directory):
        self.port = free_ports(4, "::1" if has_ipv6() else "127.0.0.1")
        self.house = houses(transports=("udp", "tcp", "tls"), settings={"media-policy": "never"}, listen=[
            f"{t}:[::1]:{self.port + (t == 'tls')}" for t in ("udp", "tcp", "tls") if has_ipv6()])
        authority = Authority(self.house.init().etc / "authority")
        chain, key = authority.issue("house", cn=self.house.domain)
        for name, value in {"tls-certificate": f"{chain} {key}", "tls-ca-file": authority.file,
                            "tls-verify-server": "off"}.items():
            self.house.sipctl("config", "set", name, value)
        self.house.up().add_user("anna")
        self.neighbour = peers(Neighbour(directory, self.port + 2, authority)).start()
        self.anna = Phone(self.house, "anna").registered()
        self.nora = Phone(self.neighbour, "nora").registered()

    def open(self, transport, family):
        """Both sides send to the other's domain this way."""
        for thing, port, send in ((self.house, self.house.port if family == "IPv4" else self.port,
                                   self.neighbour.next_hop),
                                  (self.neighbour, self.neighbour.port,
                                   lambda uri: self.house.set("relay-via", uri))):
            host = thing.ip if family == "IPv4" else "[::1]"
            send(f"sip:{host}:{port + (transport == 'tls')};transport={transport}")


@pytest.fixture(scope="module")
def border(shared_houses, shared_peers, tmp_path_factory):
    border = Border(shared_houses, shared_peers, tmp_path_factory.mktemp("border"))
    yield border
    border.anna.close()
    border.nora.close()
    border.house.idle()


@pytest.mark.parametrize("direction", ["out", "in"])
@pytest.mark.parametrize("transport, family", CELLS)
def test_cell(border, transport, family, direction):
    if family == "IPv6" and not has_ipv6():
        pytest.skip("no ::1")
    border.open(transport, family)
    near, far = (border.anna, border.nora) if direction == "out" else (border.nora, border.anna)
    host = "[::1]" if family == "IPv6" else (border.house if direction == "out" else border.neighbour).ip
    far.log.clear()
    message(near, far)
    conversation(near, far, proxies=2)
    cancelled(near, far)
    busy(near, far)
    vias = {m.all("via")[1].split(";")[0] for way, m in far.log if way == "<" and m.is_request
            and m.method not in ("ACK", "CANCEL")}
    print(f"{transport} {family} {direction}: {', '.join(vias)}")
    assert len(vias) == 1 and vias.pop().startswith(f"SIP/2.0/{transport.upper()} {host}")


def test_found_by_name(border, peers, tmp_path):
    """RFC 3263 by a real name server, which wants TLS; the certificate must be the domain's (RFC 5922)."""
    house, neighbour = border.house, border.neighbour
    server = peers(Named(tmp_path, {neighbour.domain: (
        '@ IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp\n'
        f"_sips._tcp IN SRV 0 0 {neighbour.port + 1} sip\nsip IN A {neighbour.ip}\n")})).start()
    for name, value in {"relay-via": '""', "dns-servers": server.server, "tls-verify-server": "on"}.items():
        house.sipctl("config", "set", name, value)
    house.sipctl("config", "apply")
    try:
        border.nora.log.clear()
        message(border.anna, border.nora)
        request = conversation(border.anna, border.nora, proxies=2)
        assert request.all("via")[1].startswith("SIP/2.0/TLS ")
    finally:
        house.set("tls-verify-server", "off")
