"""Where requests to other domains go when the administrator says so: rows 136 to 138, 38."""
import time

import pytest

from lib import sdp
from lib.named import Named

OPEN = {"processors": "1", "authenticate": "none", "relay-to-non-clients": "anybody",
        "timer-b": "2s", "failover-timeout": "500ms"}


@pytest.fixture
def far(houses, phones, tmp_path, peers):
    """far(zone, settings, lines of sip.conf) -> house, anna; "{ip}" is the house's."""
    def make(zone, lines=(), **settings):
        house = houses(settings=OPEN | settings)
        server = peers(Named(tmp_path, {"far.test": zone.format(ip=house.ip)})).start()
        house.settings["dns-servers"] = server.server
        house.init()
        with open(house.etc / "sip.conf", "a") as f:
            f.writelines(line.format(ip=house.ip) + "\n" for line in lines)
        house.up()
        return house, phones(house, "anna", domain="else.test")
    return make


def call(phone, uri):
    return phone.invite(uri, sdp.offer(phone.wire.local[0], 14000))


def busy(peer, code=486):
    request = peer.wait_request("INVITE")
    peer.reply(request, code, to_tag="x")
    return request


def test_override(far, phones):
    """Before DNS, by priority; the next one when one says 503."""
    house, anna = far("sip IN A {ip}\n_sip._udp IN SRV 0 0 5079 sip\n", [
        "dns-override Far.test sip.far.test:5073 priority 20", "dns-override far.test {ip}:5071",
        "dns-override far.test {ip}:5072 tcp priority 5", "dns-override nowhere.test {ip}"])
    first, second = phones(house, "peer", port=5071), phones(house, "peer", port=5073)
    tcp = phones(house, "peer", transport="tcp")
    c = call(anna, "bob@far.test")
    busy(first, 503)                        # nobody has opened TCP port 5072
    assert busy(second).uri == "sip:bob@far.test"
    assert c.finish().code == 486
    c = call(anna, "bob@far.test;transport=udp")
    busy(first)
    assert c.finish().code == 486
    # A port that is written goes where no other is named; no name server was asked but for the host.
    usual = phones(house, "peer", port=5075)
    c = call(anna, "bob@nowhere.test:5075")
    assert busy(usual).uri == "sip:bob@nowhere.test:5075"
    assert c.finish().code == 486
    assert house.figure("sipd", "dns_queries") == 1
    tcp.close()
    house.idle()


def test_override_changes_live(far, phones):
    house, anna = far("sip IN A {ip}\n")
    peer = phones(house, "peer", port=5071)
    assert call(anna, "bob@gone.test").finish().code in (404, 503)
    with open(house.etc / "sip.conf", "a") as f:
        f.write(f"dns-override gone.test {house.ip}:5071\n")
    house.sipctl("config", "apply")
    c = call(anna, "bob@gone.test")
    busy(peer)
    assert c.finish().code == 486
    house.idle()


@pytest.mark.parametrize("via, port", [("far.test", 5079), ("sip.far.test:5071", 5071), ("{ip}:5072", 5072)])
def test_outbound_proxy(far, phones, via, port):
    """Row 137: with a port the host's addresses, without one its SRV records; the override of the
    callee's own domain is not looked at (row 136)."""
    house, anna = far("sip IN A {ip}\n_sip._udp IN SRV 0 0 5079 sip\n", ["relay-via " + via, "dns-override else.test {ip}:5078"])
    proxy = phones(house, "peer", port=port)
    begin = time.monotonic()
    c = call(anna, "bob@else.test")
    assert busy(proxy).uri == "sip:bob@else.test"
    assert c.finish().code == 486
    assert time.monotonic() - begin < 2
    house.idle()
