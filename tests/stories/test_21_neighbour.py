"""Kamailio as the domain next door: calls and messages in both directions, through
both proxies' Record-Routes, over each transport and both families."""
import itertools

import pytest

from lib import sdp
from lib.certs import Authority
from lib.house import free_ports, has_ipv6
from lib.kamailio import Neighbour
from lib.sip import Call, Phone

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


def body(phone, version=1):
    return sdp.offer(phone.wire.local[0], 14000, version)


def accept(phone, request, version=1, to_tag=None):
    phone.reply(request, 200, to_tag=to_tag, body=body(phone, version), headers=[("Contact", f"<{phone.contact}>")])


def message(near, far):
    m = near.request("MESSAGE", far.aor, headers=[("Content-Type", "text/plain")], body=b"hello")
    near.send(m)
    if near.password:               # who calls out must be somebody
        m = near.credential(m, near.wait(lambda r: r.code == 407, what="a challenge"))
        near.send(m)
    request = far.wait_request("MESSAGE")
    assert request.body == b"hello"
    far.reply(request, 200, to_tag="m")
    assert near.wait(lambda r: r.branch == m.branch, what="200 to MESSAGE").code == 200


def ring(near, far):
    """(call of near, call of far) once near hears it ring."""
    call = near.invite(far.aor[4:], body(near))
    request = far.wait_request("INVITE", call_id=call.call_id)
    assert len(request.all("record-route")) >= 2, "each proxy stays in the dialog"
    other = Call.from_invite(far, request)
    other.ring()
    call.wait_code(180)
    return call, other


def reinvite(call, other, version):
    """From the side of call, answered by the other."""
    call.send_reinvite(body(call.phone, version))
    request = other.phone.wait_request("INVITE", call_id=call.call_id)
    accept(other.phone, request, version)
    call.reinvited()
    other.phone.wait_request("ACK", call_id=call.call_id)


def conversation(near, far):
    """Answered; each side changes its media once; the callee hangs up."""
    call, other = ring(near, far)
    accept(far, other.request, to_tag=other.local_tag)
    call.established()
    far.wait_request("ACK", call_id=call.call_id)
    reinvite(call, other, 2)
    reinvite(other, call, 3)
    other.send_bye()
    call.wait_bye()
    assert far.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE").code == 200


def cancelled(near, far):
    call, other = ring(near, far)
    assert call.cancel().code == 200
    far.reply(far.wait_request("CANCEL"), 200)
    far.reply(other.request, 487, to_tag=other.local_tag)
    far.wait_request("ACK", call_id=call.call_id)
    assert call.finish().code == 487


def busy(near, far):
    call = near.invite(far.aor[4:], body(near))
    far.reply(far.wait_request("INVITE", call_id=call.call_id), 486, to_tag="busy")
    far.wait_request("ACK", call_id=call.call_id)
    assert call.finish().code == 486


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
    for part in (message, conversation, cancelled, busy):
        part(near, far)
    vias = {m.all("via")[1].split(";")[0] for way, m in far.log if way == "<" and m.is_request
            and m.method not in ("ACK", "CANCEL")}
    print(f"{transport} {family} {direction}: {', '.join(vias)}")
    assert len(vias) == 1 and vias.pop().startswith(f"SIP/2.0/{transport.upper()} {host}")
