"""Where a request goes when its next hop is a name: RFC 3263 with bind9 as the name server."""
import re
import select
import socket
import struct
import time

import pytest

from lib import sdp
from lib.kamailio import Kamailio
from lib.message import take
from lib.named import Named
from lib.wait import eventually

# One worker: each has a cache of its own.
OPEN = {"processors": "1", "authenticate": "none", "relay-to-non-clients": "anybody",
        "timer-b": "2s", "failover-timeout": "500ms"}


@pytest.fixture
def far(houses, phones, tmp_path, peers):
    """far(zone text, settings) -> a house that asks bind9; {ip} in the zone is the house's."""
    def make(zone, transports=("udp", "tcp"), **settings):
        house = houses(settings=OPEN | settings, transports=transports)
        server = peers(Named(tmp_path, {"far.test": zone.format(ip=house.ip)})).start()
        house.settings["dns-servers"] = server.server
        return house.start()
    return make


def caller(house, phones):
    return phones(house, "anna", domain="else.test")


def call(phone, uri, body=None, timeout=8.0):
    return phone.invite(uri, body or sdp.offer(phone.wire.local[0], 14000), timeout=timeout)


def busy(peer, code=486, timeout=5.0):
    """The peer's next INVITE, refused with code."""
    request = peer.wait_request("INVITE", timeout)
    peer.reply(request, code, to_tag="x")
    return request


def silence(ip, port):
    """A socket that takes everything and answers nothing."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((ip, port))
    return s


def accept_one(listener, timeout=5):
    """The first message of the first connection."""
    assert select.select([listener], [], [], timeout)[0], "nobody connects"
    conn, _ = listener.accept()
    buffer, deadline = b"", time.monotonic() + timeout
    while time.monotonic() < deadline:
        if select.select([conn], [], [], 0.2)[0]:
            buffer += conn.recv(65536)
        message, buffer = take(buffer)
        if message is not None:
            return conn, message
    raise AssertionError("no message")


def test_address_records(far, phones):
    house = far("sip IN A {ip}\n")
    peer = phones(house, "peer", port=5070)
    anna = caller(house, phones)
    c = call(anna, "bob@SIP.far.test:5070")
    assert busy(peer).uri == "sip:bob@SIP.far.test:5070"
    assert c.finish().code == 486
    # What does not exist is said at once, and again without asking.
    for _ in range(2):
        begin = time.monotonic()
        assert call(anna, "bob@nothere.far.test:5070").finish().code == 404
        assert time.monotonic() - begin < 2
    assert house.figure("sipd", "dns_queries") == 2
    house.idle()


def test_targets_fail_over(far, phones):
    """The first host is silent, the second has its port closed, the third says 503, the
    fourth answers; the silent one is remembered (rows 33, 34; N3, N4)."""
    house = far("".join(f"_sip._udp IN SRV {i} 0 {5071 + i} sip\n" for i in range(4)) + "sip IN A {ip}\n")
    dead, full, good = (phones(house, "peer", port=p) for p in (5071, 5073, 5074))
    anna = caller(house, phones)
    begin = time.monotonic()
    c = call(anna, "bob@far.test")
    branches = {dead.wait_request("INVITE").branch, busy(full, 503).branch, busy(good).branch}
    assert len(branches) == 3
    assert c.finish().code == 486
    assert time.monotonic() - begin < 4
    begin = time.monotonic()
    c = call(anna, "bob@far.test")
    busy(full, 503)
    busy(good)
    assert c.finish().code == 486
    assert time.monotonic() - begin < 2
    assert house.figure("sipd", "blacklisted") == 1
    assert house.figure("sipd", "blacklist_skipped") >= 1
    assert house.figure("sipd", "failovers") == 5
    house.idle()


def test_targets_after_a_kill(far, phones):
    """Those of a name that were not tried yet are tried by the next process."""
    house = far("".join(f"_sip._udp IN SRV {i} 0 {5071 + i} sip\n" for i in range(3)) + "sip IN A {ip}\n")
    full, slow, good = (phones(house, "peer", port=p) for p in (5071, 5072, 5073))
    anna = caller(house, phones)
    c = call(anna, "bob@far.test")
    busy(full, 503)
    request = slow.wait_request("INVITE")
    slow.reply(request, 180, to_tag="x")
    c.wait_code(180)
    before = house.pids()
    house.kill("sipd")
    house.back(before, ["sipd"])
    slow.reply(request, 503, to_tag="x")
    busy(good)
    assert c.finish().code == 486
    assert len({m.branch for way, m in full.log if way == "<" and m.method == "INVITE"}) == 1
    house.idle()


def test_all_are_silent(far, phones):
    """408, and then 503 at once: nobody is left."""
    house = far("sip IN A {ip}\n", **{"timer-b": "500ms"})
    quiet = silence(house.ip, 5075)
    anna = caller(house, phones)
    assert call(anna, "bob@sip.far.test:5075").finish().code == 408
    begin = time.monotonic()
    assert call(anna, "bob@sip.far.test:5075").finish().code in (500, 503)
    assert time.monotonic() - begin < 0.4 + 1
    quiet.close()
    house.idle()


def test_naptr_chooses_the_transport(far, phones):
    house = far('@ IN NAPTR 10 1 "s" "SIP+D2T" "" there\n@ IN NAPTR 20 1 "s" "SIP+D2U" "" other\n'
                "there IN SRV 0 0 5076 sip\nother IN SRV 0 0 5077 sip\nsip IN A {ip}\n")
    listener = socket.create_server((house.ip, 5076))
    call(caller(house, phones), "bob@far.test")
    conn, request = accept_one(listener)
    assert request.method == "INVITE" and request.get("via").startswith("SIP/2.0/TCP")
    conn.close()
    listener.close()


def test_forbidden_addresses(far, phones):
    """S26: what a zone says does not make us send to multicast."""
    house = far("mc IN A 224.0.0.1\nany IN A 0.0.0.0\nall IN A 255.255.255.255\n")
    anna = caller(house, phones)
    for name in ("mc", "any", "all"):
        assert call(anna, f"bob@{name}.far.test:5060").finish().code == 403
    assert house.figure("sipd", "target_forbidden") == 3
    house.idle()


BIG = "a=x:" + "y" * 2000 + "\r\n"


def test_too_large_for_udp(far, phones):
    """Row 15: by TCP, this once; the dialog stays with UDP."""
    house = far("sip IN A {ip}\n", **{"udp-size-lan": "1300"})
    peer = phones(house, "peer", port=5078)
    listener = socket.create_server((house.ip, 5078))
    anna = caller(house, phones)
    c = call(anna, "bob@sip.far.test:5078", sdp.offer(anna.wire.local[0], 14000) + BIG)
    conn, request = accept_one(listener)
    assert request.get("via").startswith("SIP/2.0/TCP")
    assert "transport=tcp" not in request.get("record-route")
    ok = peer.response(request, 200, to_tag="there", headers=[("Contact", f"<{peer.contact}>")])
    conn.sendall(ok.bytes())
    c.established()
    assert peer.wait_request("ACK").get("via").startswith("SIP/2.0/UDP")
    c.send_bye()
    peer.reply(peer.wait_request("BYE"), 200)
    assert house.figure("sipd", "size_switches") == 1
    conn.close()
    listener.close()
    house.idle()


def test_tcp_is_refused(far, phones):
    house = far("sip IN A {ip}\n", **{"udp-size-lan": "1300"})
    peer = phones(house, "peer", port=5079)
    anna = caller(house, phones)
    c = call(anna, "bob@sip.far.test:5079", sdp.offer(anna.wire.local[0], 14000) + BIG)
    assert busy(peer).get("via").startswith("SIP/2.0/UDP")
    assert c.finish().code == 486
    # Who writes the transport gets it.
    c = call(anna, "bob@sip.far.test:5079;transport=udp", sdp.offer(anna.wire.local[0], 14000) + BIG)
    busy(peer)
    assert c.finish().code == 486
    assert house.figure("sipd", "size_switches") == house.figure("sipd", "size_fallbacks") == 1
    house.idle()


def test_contact_is_a_name(far, phones):
    """Requests in a dialog and the ACK follow the name in Contact."""
    house = far("sip IN A {ip}\n")
    peer = phones(house, "peer", port=5080)
    peer.contact = "sip:peer@sip.far.test:5080"
    c = call(caller(house, phones), "bob@sip.far.test:5080")
    request = peer.wait_request("INVITE")
    peer.reply(request, 200, to_tag="there", headers=[("Contact", f"<{peer.contact}>")])
    c.established()
    assert peer.wait_request("ACK").uri == peer.contact
    c.send_bye()
    peer.reply(peer.wait_request("BYE"), 200)
    house.idle()


def test_connection_is_reset(far, phones):
    """N4: the first host takes the request and resets the connection."""
    house = far("_sip._tcp IN SRV 1 0 5081 sip\n_sip._tcp IN SRV 2 0 5082 sip\nsip IN A {ip}\n")
    first, second = (socket.create_server((house.ip, p)) for p in (5081, 5082))
    begin = time.monotonic()
    call(caller(house, phones), "bob@far.test;transport=tcp")
    conn, _ = accept_one(first)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()
    conn, request = accept_one(second)
    assert request.method == "INVITE" and time.monotonic() - begin < 2
    for s in (conn, first, second):
        s.close()


def test_gateway_is_a_name(far, peers, tmp_path):
    """gwregd's REGISTER: its next hop has two servers, the first is not there."""
    carrier = peers(Kamailio(tmp_path)).start()
    house = far("_sip._udp IN SRV 1 0 5083 off\n_sip._udp IN SRV 2 0 5060 on\noff IN A {ip}\n"
                f"on IN A {carrier.ip}\n")
    house.sipctl("gw", "add", "carrier", "--domain", carrier.domain, "--via", "sip:far.test",
                 "--username", "line7", "--password-file", "-", input=carrier.password + "\n")
    eventually(lambda: len(carrier.contacts("line7")) == 1, 10, 0.1, "registered")
    assert house.figure("sipd", "failovers") >= 1


# ---- the zones of others -------------------------------------------------------------

def targets(house, name, since):
    """What sipd says that it tried for name, in order."""
    text = (house.log / "sipd.log").read_text()[since:]
    return re.findall(rf"{re.escape(name)}: target \d+ is (\S+)", text)


def tried(house, phone, uri, name):
    since = len((house.log / "sipd.log").read_text())
    begin = time.monotonic()
    code = call(phone, uri).finish().code
    assert time.monotonic() - begin < 5
    return code, targets(house, name, since)


def at(transport, *hosts):
    return [f"{transport}:194.2.188.{h}" for h in hosts]


@pytest.fixture
def example(houses, tmp_path, peers, corpus):
    """Its addresses cannot be reached from here: each target fails at once."""
    def make(*transports):
        server = peers(Named(tmp_path, {"example.com": corpus / "dns-sip/example.com"})).start()
        return houses(settings=OPEN | {"dns-servers": server.server}, transports=transports).start()
    return make


def test_example_zone(example, phones):
    house = example("udp", "tcp")
    anna = caller(house, phones)
    code, got = tried(house, anna, "x@example.com", "example.com")
    assert code in (500, 503)
    assert sorted(got[:3]) == at("udp", "133:5060", "134:5060", "135:5060")
    assert sorted(got[3:]) == at("tcp", "133:5060", "134:5060", "135:5060")
    code, got = tried(house, anna, "x@example.com;transport=tcp", "example.com")
    assert sorted(got) == at("tcp", "133:5060", "134:5060", "135:5060")
    assert tried(house, anna, "x@example.com:5070", "example.com") == (404, [])
    assert tried(house, anna, "x@sip.example.com", "sip.example.com")[1] == at("udp", "133:5060")
    queries = house.figure("sipd", "dns_queries")
    assert tried(house, anna, "x@cloop.example.com", "cloop.example.com")[0] >= 400
    assert house.figure("sipd", "dns_queries") - queries <= 32
    assert tried(house, anna, "x@iptel.example.com", "iptel.example.com")[0] >= 400
    for _ in range(2):
        queries = house.figure("sipd", "dns_queries")
        assert tried(house, anna, "x@nothere.example.com", "nothere.example.com") == (404, [])
    assert house.figure("sipd", "dns_queries") == queries
    house.idle()


def test_example_zone_by_tls(example, phones):
    house = example("udp", "tcp", "tls")
    anna = caller(house, phones)
    _, got = tried(house, anna, "x@example.com", "example.com")
    assert got[:3] == at("tls", "133:5061", "135:5050", "134:5060")
    assert sorted(got[3:6]) == at("udp", "133:5060", "134:5060", "135:5060")
    house.idle()
