"""A phone behind a NAT that forgets within two seconds: reachable while it is pinged in
time, and the pinger finds out by itself what that means."""
import time

import pytest

from lib import sdp
from lib.internet import internet
from lib.sip import Call, NoAnswer, Phone
from lib.wait import eventually

pytestmark = pytest.mark.long

LIFE = 2        # seconds


@pytest.fixture
def place(houses):
    """place(settings) is (house, phone outside, maker of phones behind the NAT)."""
    made = []
    with internet() as net:
        server, outside = net.server(), net.host("outside")
        router = net.router("router", "symmetric")
        router.forget_after(LIFE)
        inside = net.behind(router, "inside")

        def make(**settings):
            with server.inside():
                house = houses(transports=("udp",), listen=[f"udp:{server.wan}:5060"], settings=settings).start()
                house.import_users(["anna", "bert"])

            def phone(user, host):
                with host.inside():
                    made.append(Phone(house, user, ip=host.ip, server=(server.wan, 5060)))
                return made[-1].registered(expires=3600)
            return house, phone("anna", outside), lambda: phone("bert", inside)
        yield make
        for p in made:
            p.close()


def rings(anna, bert):
    call = anna.invite("bert", sdp.offer(anna.wire.local[0], 14000))
    try:
        request = bert.wait_request("INVITE", 5)
    except NoAnswer:
        call.cancel()
        return False
    bert.reply(request, 486, to_tag="b")
    assert call.finish().code == 486
    return True


@pytest.mark.parametrize("interval, reached", [("1s", True), ("0", False)])
def test_idle_phone_rings(place, interval, reached):
    house, anna, behind = place(**{"ping-interval": interval, "timer-b": "5s"})
    bert = behind()
    silence = 60 if reached else 10
    bert.silent(silence)
    assert rings(anna, bert) == reached
    print(f"\n{silence} s of silence behind a NAT that forgets after {LIFE} s, pings {interval}: "
          f"{'rings' if reached else 'does not ring'}")


def test_the_interval_settles(place):
    house, anna, behind = place(**{"ping-interval": "8s"})
    bert = behind()
    begun = time.time()

    def settled():
        bert.registered(expires=3600)
        bert.silent(LIFE + 1)
        row, = house.json("nat")
        return row["interval_ms"] < LIFE * 1000
    eventually(settled, 60, 0, "an interval below the binding's life")
    moved = house.json("nat")[0]["moved"]
    bert.registered(expires=3600)
    bert.silent(20)
    bert.registered(expires=3600)
    row, = house.json("nat")
    print(f"\nbindings live {LIFE} s: pings every {row['interval_ms']} ms after {row['moved']} losses, "
          f"{time.time() - begun:.0f} s")
    assert row["moved"] <= moved + 1, "it still forgets"
    assert rings(anna, bert)


def test_a_server_behind_a_router(houses, tmp_path):
    """Row 154: phones outside are told the router's address, in Via, Record-Route and SDP; those in
    the LAN the server's own."""
    with internet() as net:
        router = net.router("router", "cone")
        machine, desk, outside = net.behind(router, "server"), net.behind(router, "desk"), net.host("outside")
        told, own, ports = router.outer[0], machine.ip, "30000-30998"
        with machine.inside():
            house = houses(transports=("udp",), listen=[f"udp:{own}:5060"], settings={
                "lan-networks": "192.168.0.0/16",
                "media": f"[{own}=%s:{ports}, {own}:20000-20998]" % told}).init()
            conf = house.etc / "sip.conf"
            text = conf.read_text()
            assert f"udp:{own}:5060" in text
            conf.write_text(text.replace(f"udp:{own}:5060", f"udp:{own}:5060 {{ told {told} }}"))
            house.up()
            house.import_users(["anna", "bert"])
        made = []
        for user, host, server in (("anna", outside, told), ("bert", desk, own)):
            with host.inside():
                made.append(Phone(house, user, ip=host.ip, server=(server, 5060)))
            made[-1].registered()
        anna, bert = made
        for near, far, to_near, to_far in ((anna, bert, told, own), (bert, anna, own, told)):
            call = near.invite(far.user, sdp.offer(near.wire.local[0], 14000))
            request = far.wait_request("INVITE")
            assert request.all("via")[0].split()[1].startswith(f"{to_far}:5060")
            assert sdp.audio(request.body)[0] == to_far
            inner, outer = request.all("record-route")
            assert inner.startswith(f"<sip:{to_far}:5060") and outer.startswith(f"<sip:{to_near}:5060")
            answer = Call.from_invite(far, request)
            far.reply(request, 200, to_tag=answer.local_tag, body=sdp.offer(far.wire.local[0], 14002),
                      headers=[("Contact", f"<{far.contact}>")])
            call.established()
            assert sdp.audio(call.final.body)[0] == to_near
            far.wait_request("ACK")
            answer.send_bye()
            call.wait_bye()
            assert far.wait(lambda m: m.method == "BYE" and not m.is_request, what="200 to BYE").code == 200
        assert house.json("calls") == []
        for p in made:
            p.close()
