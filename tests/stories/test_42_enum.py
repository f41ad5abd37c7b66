"""Numbers in DNS: ENUM with bind9 as the name server (row 122, S25, RFC 6116)."""
import concurrent.futures
import struct
import time

import pytest

from lib import sdp
from lib.named import BadServer, Named, answer, question
from lib.wait import eventually

ROOT = "e164.test"
OPEN = {"processors": "1", "authenticate": "none", "relay-to-non-clients": "anybody", "enum": "on",
        "enum-roots": f"[{ROOT}]"}


def reverse(number):
    return ".".join(reversed(number.lstrip("+")))


def rule(number, regexp, order=10, preference=10, flags="u", service="E2U+sip", to="."):
    return f'{reverse(number)} IN NAPTR {order} {preference} "{flags}" "{service}" "{regexp}" {to}\n'


def leads(owner, to, order=10, regexp=""):
    """A rule without flags, on to another name."""
    return f'{owner} IN NAPTR {order} 10 "" "" "{regexp}" {to}\n'


GOOD = "!^.*$!sip:peer@{ip}:5070!"
LONG = "+200300000000000"
EXPLODES = r"!^(([0-9+]*)*)*[xy]$!sip:x@{ip}:5070!"
ZONE = (
    rule("+1000", GOOD)
    # Preference within order, whatever stands first; other services and flags are no business of ours.
    + rule("+1001", "!^.*$!sip:worse@{ip}:5070!", 20) + rule("+1001", "!^.*$!mailto:a@b!", 1, 1, "u", "E2U+email:mailto")
    + rule("+1001", "!^.*$!sip:worse@{ip}:5070!", 10, 20) + rule("+1001", "!^.*$!sip:better@{ip}:5070!", 10, 10)
    + rule("+1001", "", 1, 2, "s", "SIP+D2U", "far")
    + rule("+1002", r"!^\\+10(.*)$!sip:\\1@{ip}:5070!", service="E2U+email:mailto+sip")
    # What does not match is passed over.
    + rule("+1003", r"!^\\+99!sip:x@{ip}:5070!") + rule("+1003", "!^.*$!sip:second@{ip}:5070!", 11)
    # Rules without flags: five on the way are fine, six are not.
    + leads(reverse("+1005"), "a1") + "".join(leads(f"a{i}", f"a{i + 1}") for i in range(1, 5))
    + 'a5 IN NAPTR 10 10 "u" "E2U+sip" "' + "!^.*$!sip:far@{ip}:5070!" + '" .\n'
    + leads(reverse("+1006"), "a0") + leads("a0", "a1")
    # A name made by an expression.
    + leads(reverse("+1007"), ".", regexp=r"!^\\+(.*)$!x\\1.e164.test!")
    + 'x1007 IN NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:made@{ip}:5070!" .\n'
    # An address in a domain of ours.
    + rule("+1008", "!^.*$!sip:bob@house.test!")
    # Traps.
    + leads(reverse("+2001"), reverse("+2001"))
    + leads(reverse("+2002"), "ring") + leads("ring", reverse("+2002"))
    + rule(LONG, EXPLODES) + rule("+2004", "!^.*$!http://x.test/!")
    + rule("+2005", "!^(.*)$!sip:" + r"\\1" * 60 + "@x.test!") + rule("+2006", "!^.*$!sip:+2006@house.test!")
    + f"{reverse('+2007')} IN CNAME ring1\nring1 IN CNAME ring2\nring2 IN CNAME ring1\n"
    # Each leads to ten others, each of which to ten others ...
    + "".join(leads(reverse("+2008"), f"t{i}", i) for i in range(10))
    + "".join(leads(f"t{i}", f"t{i}{k}", k) for i in range(10) for k in range(10))
    + "".join(leads(f"t{i}{k}", f"t{i}{k}{j}", j) for i in range(10) for k in range(10) for j in range(3))
    + "".join(rule("+2009", f"!^\\\\+2011$!tel:{i}!", i) for i in range(100))
)
TRAPS = [f"+{n}" for n in range(2001, 2010) if n != 2003] + [LONG]
# bind9 reads expressions before it serves them, and refuses these.
MALFORMED = [b"!^(.*$!sip:x@y.test!", b"!^.*$!sip:x@y.test", b"!^.*$!sip:x\r\nVia: y@z.test!", b"!^.*$!sip:\\x@y.test!",
             b"!(?R)!sip:x@y.test!", b"", b"!", b"!^(a**)$!sip:x@y.test!", b"!^.*$!sip:\0@y.test!"]


@pytest.fixture
def world(houses, phones, tmp_path, peers):
    """world(settings) -> house, anna, a phone outside."""
    def make(**settings):
        house = houses(settings=OPEN | settings)
        server = peers(Named(tmp_path, {ROOT: ZONE.replace("{ip}", house.ip)})).start()
        house.settings["dns-servers"] = server.server
        house.start()
        return house, phones(house, "anna", domain="else.test"), phones(house, "peer", port=5070)
    return make


def call(house, phone, number, timeout=8.0):
    return phone.invite(f"{number}@{house.domain}", sdp.offer(phone.wire.local[0], 14000), timeout=timeout)


def test_numbers(world):
    house, anna, peer = world()
    for number, user in (("+1000", "peer"), ("+1001", "better"), ("+1002", "02"), ("+1003", "second"),
                         ("+1005", "far"), ("+1007", "made"), ("+10-00", "peer")):
        c = call(house, anna, number)
        request = peer.wait_request("INVITE", 5)
        assert request.uri == f"sip:{user}@{house.ip}:5070", number
        peer.reply(request, 486, to_tag="x")
        assert c.finish().code == 486
    assert call(house, anna, "+1006").finish().code == 404
    assert call(house, anna, "+1999").finish().code == 404      # no such name
    assert call(house, anna, "1000").finish().code == 404       # no number of the world
    house.add_user("bob")
    assert call(house, anna, "+1008").finish().code == 480
    assert house.figure("routed", "enum_found") == 8
    house.idle()


def test_it_gives_no_right_to_relay(world):
    house, anna, _ = world(**{"relay-to-non-clients": "nobody"})
    assert call(house, anna, "+1000").finish().code == 407
    house.idle()


def codes(house, phones, numbers):
    """What becomes of calls to all of these at once: {number: code}."""
    callers = [phones(house, f"c{i}", domain="else.test") for i in range(len(numbers))]
    with concurrent.futures.ThreadPoolExecutor(len(numbers)) as pool:
        made = [pool.submit(lambda p=p, n=n: call(house, p, n).finish().code) for p, n in zip(callers, numbers)]
        return {n: m.result() for n, m in zip(numbers, made)}


def test_traps(world, phones):
    """S25: each ends within 5 s, with few questions, while others call."""
    house, anna, peer = world()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        begin, all_codes = time.monotonic(), pool.submit(codes, house, phones, TRAPS)
        c = call(house, anna, "+1000")
        peer.reply(peer.wait_request("INVITE", 3), 486, to_tag="x")
        assert c.finish().code == 486
        # bind9 does not answer about the ring of aliases: nobody knows.
        assert all_codes.result() == {n: 404 for n in TRAPS} | {"+2006": 482, "+2007": 503}
    assert time.monotonic() - begin < 5
    assert house.figure("routed", "dns_queries") <= 32 * len(TRAPS)
    assert house.figure("routed", "lookups_limited") == 1
    assert house.figure("routed", "regexp_limited") >= 1
    house.idle()


def test_malformed_rules(houses, phones, peers):
    def handle(server, packet, reply):
        name, kind, asked = question(packet)
        regexp = MALFORMED[int(name[0])]
        data = struct.pack(">2H", 1, 1) + b"".join(bytes([len(x)]) + x for x in (b"u", b"E2U+sip", regexp)) + b"\0"
        reply(answer(packet[:2], asked, [(name, kind, 9, data)]))
    server = peers(BadServer(handle))
    house = houses(settings=OPEN | {"dns-servers": server.server}).start()
    numbers = [f"+300{i}" for i in range(len(MALFORMED))]
    assert codes(house, phones, numbers) == {n: 404 for n in numbers}
    assert house.figure("routed", "enum_bad") == len(MALFORMED)
    house.idle()


def test_silent_name_server(houses, phones, peers):
    """The number fails with 503 in less than 5 s, a local call is not touched by it."""
    server = peers(BadServer(lambda s, packet, reply: None))
    house = houses(settings=OPEN | {"dns-servers": server.server}).start()
    anna = phones(house, "anna", domain="else.test")
    house.add_user("bob")
    bob = phones(house, "bob")
    bob.register()
    numbers = [f"+100{i}" for i in range(5)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        begin, slow = time.monotonic(), pool.submit(codes, house, phones, numbers)
        eventually(lambda: house.figure("routed", "held") == 5, 2, 0.02, "questions held")
        c = anna.invite(f"bob@{house.domain}", sdp.offer(anna.wire.local[0], 14000))
        bob.reply(bob.wait_request("INVITE", 2), 486, to_tag="x")
        assert c.finish().code == 486
        assert slow.result() == {n: 503 for n in numbers}
    assert 1 < time.monotonic() - begin < 5
    assert house.figure("routed", "lookups_slow") == 5
    house.idle()


def test_explained(world):
    house, _, _ = world()
    said = house.json("route", "test", f"sip:+1003@{house.domain}")
    assert said["targets"][0]["uri"] == f"sip:second@{house.ip}:5070"
    assert [s["why"] for s in said["steps"] if s["text"] == "enum"] == [f"E2U+sip -> sip:second@{house.ip}:5070"]
    said = house.json("route", "test", f"sip:+2004@{house.domain}", check=1)
    assert said["code"] == 404
    assert any("makes no SIP address" in s["why"] for s in said["steps"] if s["text"] == "enum")


def test_clients_by_name(houses, phones, peers, tmp_path):
    """Row 139: an address may relay by its name, if that leads back to it."""
    house = houses(settings=OPEN | {"relay-to-non-clients": "clients", "enum": "off",
                                    "client-networks": '"#@*.phones.test"'})
    reverse_zone = ".".join(reversed(house.ip.split(".")[:3])) + ".in-addr.arpa"
    last = house.ip.rsplit(".", 1)[1]
    zones = {reverse_zone: f"{last} IN PTR one.phones.test.\n", "phones.test": f"one IN A {house.ip}\n"}
    server = peers(Named(tmp_path, zones)).start()
    house.settings["dns-servers"] = server.server
    house.start()
    anna, peer = phones(house, "anna", domain="else.test"), phones(house, "peer", port=5070)

    def goes():
        c = anna.invite(f"peer@{house.ip}:5070", sdp.offer(house.ip, 14000))
        request = peer.wait_request("INVITE", 5)
        peer.reply(request, 486, to_tag="x")
        return c.finish().code == 486
    assert goes()
    assert house.figure("routed", "routes_waited") == 1
    # The owner of the reverse zone alone cannot say so.
    said = house.json("route", "test", "sip:x@192.0.2.1", "--source", "127.0.0.1", check=1)
    assert said["code"] == 407
    house.idle()
