"""Pings (row 155): what they are, whom they reach, what they find out."""
import select
import socket

import pytest

from lib import sdp
from lib.sip import NoAnswer
from lib.wait import eventually


def pinging(houses, method, **settings):
    house = houses(settings={"ping-contacts": "all", "ping-interval": "250ms", "ping-method": method,
                             "ping-misses": "2"} | settings).start()
    house.import_users(["anna", "bert"])
    return house


def datagram(phone, timeout=5.0):
    """The next one, whatever it is."""
    assert select.select([phone.wire.sock], [], [], timeout)[0], "no ping came"
    return phone.wire.sock.recvfrom(2000)


def binding(house, contact):
    return next(b for b in house.json("reg", "show", f"bert@{house.domain}") if b["contact"] == contact)


def until(house, phone, state):
    """Answers all pings, or none, until the contact is shown so."""
    def look():
        try:
            ping = phone.wait_request("OPTIONS", 0.3)
            if state == "ok":
                phone.reply(ping, 200, to_tag="p")
        except NoAnswer:
            pass
        return binding(house, phone.contact)["state"] == state
    eventually(look, 15, what=f"contact {state}")


def test_dead_contacts_are_shown_and_passed_over(houses, phones):
    house = pinging(houses, "options")
    anna, first, second = (phones(house, u).registered() for u in ("anna", "bert", "bert"))
    ping = first.wait_request("OPTIONS")
    assert ping.uri == first.contact and ping.get("max-forwards")
    first.reply(ping, 200, to_tag="p")
    eventually(lambda: binding(house, first.contact)["rtt_ms"] is not None, what="a round trip")
    assert binding(house, first.contact)["rtt_ms"] < 1000
    # who never answered may not know OPTIONS: it is no dead one
    until(house, first, "dead")
    assert binding(house, second.contact)["state"] == "ok"
    assert house.figure("sipd", "contacts_dead") == 1
    call = anna.invite("bert", sdp.offer(house.phone_ip, 14000))
    second.reply(second.wait_request("INVITE"), 486, to_tag="b")
    assert call.finish().code == 486
    with pytest.raises(NoAnswer):
        first.wait_request("INVITE", 0.2)
    # with nobody else the answer is quick
    second.register(expires=0)
    assert anna.invite("bert", sdp.offer(house.phone_ip, 14000)).finish(5).code == 480
    until(house, first, "ok")
    call = anna.invite("bert", sdp.offer(house.phone_ip, 14000))
    first.reply(first.wait_request("INVITE"), 486, to_tag="b")
    assert call.finish().code == 486


def test_stun(houses, phones):
    house = pinging(houses, "stun")
    bert = phones(house, "bert").registered()
    request, server = datagram(bert)
    assert len(request) == 20 and request[:8] == b"\0\1\0\0\x21\x12\xa4\x42"
    bert.wire.sock.sendto(b"\1\1" + request[2:], server)
    eventually(lambda: binding(house, bert.contact)["rtt_ms"] is not None, what="a round trip")
    # an answer that nobody asked for is none
    answered = house.figure("sipd", "pings_answered")
    bert.wire.sock.sendto(b"\1\1" + request[2:12] + b"12345678", server)
    assert bert.transact(bert.request("OPTIONS", f"sip:{house.domain}")).code == 200
    assert house.figure("sipd", "pings_answered") == answered


@pytest.mark.parametrize("method, what", [("crlf", b"\r\n\r\n"), ("empty", b"")])
def test_what_needs_no_answer(houses, phones, method, what):
    house = pinging(houses, method, **{"ping-interval-tcp": "300ms"})
    bert = phones(house, "bert").registered()
    assert datagram(bert)[0] == what
    assert datagram(bert)[0] == what
    anna = phones(house, "anna", transport="tcp").registered()
    assert select.select([anna.wire.sock], [], [], 5)[0]
    assert anna.wire.sock.recv(100).startswith(b"\r\n\r\n"), "a stream has no empty messages"


def test_a_contact_cannot_aim_them(houses, phones):
    """S11: pings go where the REGISTER came from, whatever its Contact names."""
    house = pinging(houses, "crlf")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind((house.phone_ip, 0))
        victim.setblocking(False)
        bert = phones(house, "bert")
        assert bert.register(contact="<sip:bert@%s:%d>" % victim.getsockname()).code == 200
        for _ in range(3):
            assert datagram(bert)[0] == b"\r\n\r\n"
        with pytest.raises(BlockingIOError):
            victim.recv(100)


def test_they_follow_the_settings(houses, phones):
    house = pinging(houses, "crlf")
    bert = phones(house, "bert").registered()
    datagram(bert)
    row, = house.json("nat")
    assert row["address"] == house.phone_ip and row["contacts"] == 1 and row["interval_ms"] == 250
    house.set("ping-contacts", "nat")       # loopback is behind no NAT
    eventually(lambda: house.figure("sipd", "contacts_pinged") == 0, what="the last ping")
    assert house.json("nat") == []


def test_a_restart_goes_on(houses, phones):
    house = pinging(houses, "options")
    bert = phones(house, "bert").registered()
    before = house.pids()
    bert.wait_request("OPTIONS")
    house.kill("sipd")
    house.back(before, ["sipd"])
    call_id = bert.wait_request("OPTIONS").call_id
    eventually(lambda: bert.wait_request("OPTIONS").call_id != call_id or house.figure("sipd", "pings_sent"),
               what="pings of the new process")
