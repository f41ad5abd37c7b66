"""Where a request goes when its next hop is a name: RFC 3263 with a real name server."""
import time

import pytest

from lib import sdp
from lib.named import Named

OPEN = {"authenticate": "none", "relay-to-non-clients": "anybody", "timer-b": "1s", "failover-timeout": "500ms"}


@pytest.fixture
def named(tmp_path, peers):
    def make(zones, **how):
        return peers(Named(tmp_path, zones, **how)).start()
    return make


def peer_at(house, phones, port=0, transport="udp"):
    """A neighbour on an address of the house's own, as DNS will name it."""
    return phones(house, "peer", port=port, transport=transport)


def call(phone, uri, timeout=8.0):
    return phone.invite(uri, sdp.offer(phone.wire.local[0], 14000), timeout=timeout)


def refused(call, timeout=8.0):
    begin = time.monotonic()
    code = call.finish(timeout).code
    return code, time.monotonic() - begin


def test_address_records(houses, phones, named):
    house = houses(settings=OPEN)
    peer = peer_at(house, phones, 5070)
    server = named({"far.test": f"sip IN A {house.ip}\n"})
    house.settings["dns-servers"] = server.server
    house.start()
    anna = phones(house, "anna", domain="else.test")
    c = call(anna, "bob@sip.far.test:5070")
    request = peer.wait_request("INVITE")
    assert request.uri == "sip:bob@sip.far.test:5070"
    peer.reply(request, 486, to_tag="x")
    assert c.finish().code == 486
    # Known by now; and what does not exist is said at once.
    assert refused(call(anna, "bob@nothere.far.test:5070"))[0] == 404
    house.idle()


def test_servers_fail_over(houses, phones, named):
    """The first host is dead, the second says 503, the third answers."""
    house = houses(settings=OPEN)
    ports = [5071, 5072, 5073]
    dead, busy, good = (peer_at(house, phones, p) for p in ports)
    server = named({"far.test": "".join(
        f"_sip._udp IN SRV {i} 0 {p} sip\n" for i, p in enumerate(ports)) + f"sip IN A {house.ip}\n"})
    house.settings["dns-servers"] = server.server
    house.start()
    anna = phones(house, "anna", domain="else.test")
    c = call(anna, "bob@far.test")
    first = dead.wait_request("INVITE")
    request = busy.wait_request("INVITE")
    assert request.branch != first.branch
    busy.reply(request, 503, to_tag="y")
    request = good.wait_request("INVITE")
    good.reply(request, 486, to_tag="x")
    assert c.finish().code == 486
    # The dead one is remembered.
    c = call(anna, "bob@far.test")
    busy.reply(busy.wait_request("INVITE"), 503, to_tag="y")
    good.reply(good.wait_request("INVITE"), 486, to_tag="x")
    assert c.finish().code == 486
    assert house.figure("sipd", "blacklisted") == 1
    assert house.figure("sipd", "blacklist_skipped") >= 1
    assert house.figure("sipd", "failovers") == 3
    house.idle()
