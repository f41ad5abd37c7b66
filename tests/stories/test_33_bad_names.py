"""Name servers that are dead, slow, lying or full of traps; other calls go on (S25, S26, F11)."""
import socket
import struct
import threading
import time

import pytest

from lib import sdp
from lib.house import House
from lib.named import BadServer, Named, answer, encode, question
from lib.wait import eventually

A, CNAME, SRV, NAPTR = 1, 5, 33, 35
# One worker: each has a cache of its own.
OPEN = {"processors": "1", "authenticate": "none", "relay-to-non-clients": "anybody",
        "timer-b": "1s"}


@pytest.fixture
def bad(houses, peers):
    """bad(handle, tcp) -> a house that asks that server."""
    def make(handle, tcp=None, **settings):
        server = peers(BadServer(handle, tcp))
        house = houses(settings=OPEN | {"dns-servers": server.server} | settings).start()
        house.server = server
        return house
    return make


def caller(house, phones):
    return phones(house, "anna", domain="else.test")


def timed(phone, uri, timeout=8.0):
    """(code, seconds) of a call that is refused."""
    begin = time.monotonic()
    c = phone.invite(uri, sdp.offer(phone.wire.local[0], 14000), timeout=timeout)
    return c.finish(timeout).code, time.monotonic() - begin


def works(house, phones, uri, port=5070):
    """A call to an address gets through, soon."""
    peer, anna = phones(house, "peer", port=port), caller(house, phones)
    begin = time.monotonic()
    c = anna.invite(uri, sdp.offer(house.ip, 14000))
    peer.reply(peer.wait_request("INVITE"), 486, to_tag="x")
    assert c.finish().code == 486
    peer.close()
    return time.monotonic() - begin


def string(text):
    return bytes([len(text)]) + text.encode()


def traps(server, packet, reply, tcp=False):
    """A zone of traps of our own: the first label says which."""
    name, kind, asked = question(packet)
    trap, ident = name.lower().split(".")[-2], packet[:2]
    if trap == "silent":
        return
    if trap == "rings" and kind == A:       # a new alias each time, for ever
        number = len(server.asked)
        reply(answer(ident, asked, [(name, CNAME, 0, encode(f"a{number}.rings.test"))]))
    elif trap == "itself" and kind == A:
        reply(answer(ident, asked, [(name, CNAME, 9, encode(name))]))
    elif trap == "many" and kind == SRV:    # too much for UDP: cut there
        if not tcp:
            out = bytearray(answer(ident, asked, []))
            out[2] |= 2
            reply(bytes(out))
            return
        reply(answer(ident, asked, [(name, SRV, 9, struct.pack(">3H", i, 0, 5071) + encode(f"h{i}.many.test"))
                                    for i in range(1000)]))
    elif trap == "naptr" and kind == NAPTR:     # to itself, not terminal; and one for others
        reply(answer(ident, asked, [
            (name, NAPTR, 9, struct.pack(">2H", 1, 1) + string("") + string("SIP+D2U") + string("") + encode(name)),
            (name, NAPTR, 9, struct.pack(">2H", 2, 1) + string("u") + string("E2U+sip")
             + string("!^(((a+)+)+)+$!sip:x@y!") + b"\0")]))
    elif trap == "servers" and kind == SRV:     # targets that all are names which are not there
        reply(answer(ident, asked, [(name, SRV, 0, struct.pack(">3H", i, 0, 5071) + encode(f"h{i}.servers.test"))
                                    for i in range(40)]))
    elif trap == "broken":
        reply(ident + b"\x81\x80\0\1\xff\xff\0\0\0\0" + asked + b"\xc0\x0c" * 20)
    elif trap == "failed":
        reply(answer(ident, asked, [], rcode=2))
    else:
        reply(answer(ident, asked, []))


@pytest.mark.parametrize("trap", ["silent", "rings", "itself", "many", "naptr", "servers", "broken", "failed"])
def test_traps(shared, phones, trap):
    house = shared
    before = len(house.server.asked)
    result = {}
    anna = caller(house, phones)
    port = "" if trap not in ("rings", "itself") else ":5071"
    t = threading.Thread(target=lambda: result.update(r=timed(anna, f"x@{trap}.test{port}")))
    t.start()
    eventually(lambda: len(house.server.asked) > before, 5, what="a question")
    assert works(house, phones, f"bob@{house.ip}:5070") < 2
    t.join(10)
    code, seconds = result["r"]
    assert 400 <= code < 600 and seconds < 5, result
    # A question may go to a server three times.
    assert len(set(house.server.asked[before:])) <= 32


@pytest.fixture(scope="module")
def shared():
    server = BadServer(traps, lambda s, p, r: traps(s, p, r, tcp=True))
    house = House(settings=OPEN | {"dns-servers": server.server}).start()
    house.server = server
    yield house
    found = house.close()
    server.stop()
    assert not found, "\n".join(found)


def test_forged_answers(bad, phones):
    """S26: while a question is out, all 65 536 ids come back to its port, forged."""
    house_ip = []
    flooded = []

    def handle(server, packet, reply):
        name, kind, asked = question(packet)
        if kind != A:
            reply(answer(packet[:2], asked, []))
            return
        if not flooded:
            lower = encode(name.lower()) + asked[-4:]
            for ident in range(65536):
                reply(answer(ident.to_bytes(2, "big"), lower, [(name.lower(), A, 600, bytes([127, 9, 9, 9]))]))
                if ident % 64 == 0:
                    time.sleep(0.0005)      # the port's buffer is small
            # The right id once more, so that it is not lost in the flood.
            reply(answer(packet[:2], lower, [(name.lower(), A, 600, bytes([127, 9, 9, 9]))]))
            flooded.append(name)
        reply(answer(packet[:2], asked, [(name, A, 600, bytes(map(int, house_ip[0].split("."))))]))

    def tcp(server, packet, reply):
        name, kind, asked = question(packet)
        reply(answer(packet[:2], asked, [(name, A, 600, bytes(map(int, house_ip[0].split("."))))] if kind == A else []))
    house = bad(handle, tcp, **{"dns-timeout": "5s", "dns-lookup-limit": "10s"})
    house_ip.append(house.ip)
    peer, anna = phones(house, "peer", port=5071), caller(house, phones)
    c = anna.invite("bob@poisoned.test:5071", sdp.offer(house.ip, 14000), timeout=15)
    peer.reply(peer.wait_request("INVITE", 15), 486, to_tag="x")
    assert c.finish().code == 486
    eventually(lambda: flooded, 10, what="the end of the flood")
    assert house.figure("sipd", "dns_forged") >= 1
    assert "127.9.9.9" not in (house.log / "sipd.log").read_text()
    house.idle()


def test_name_servers_die(houses, phones, tmp_path, peers):
    """F11: addresses and known names go on, even past their life; others fail in time."""
    house = houses(settings=OPEN)
    named = peers(Named(tmp_path, {"far.test": f"sip 1 IN A {house.ip}\n"})).start()
    house.settings["dns-servers"] = named.server
    house.start()
    assert works(house, phones, "bob@sip.far.test:5070") < 3
    named.stop()
    # Its port stays taken: no ICMP, only silence.
    quiet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    quiet.bind((named.ip, named.port))
    anna = caller(house, phones)
    code, seconds = timed(anna, "x@new.far.test:5070")
    assert code in (480, 500, 503) and seconds < 5
    assert works(house, phones, f"bob@{house.ip}:5070") < 2
    for _ in range(2):
        assert works(house, phones, "bob@sip.far.test:5070") < 2
    assert house.figure("sipd", "dns_stale") >= 1
    quiet.close()
    house.idle()
