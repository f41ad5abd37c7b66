"""Calls with Debian's Kamailio as the telephone company, which wants digest: over UDP, TCP, TLS,
and behind SRV records whose first host is dead (must show 1, the calls)."""
import pytest

from lib.company import VIA, carrier_house, silent, way_options
from lib.message import uri_of
from lib.sip import Call
from lib.talk import accept, body, reinvite
from lib.wait import eventually


@pytest.fixture
def made(houses, peers, tmp_path):
    with silent() as dead:
        yield carrier_house(houses, peers, tmp_path, dead)


def far_answer(caller, call, shop, request):
    other = Call.from_invite(shop, request)
    other.ring()
    call.wait_code(180)
    accept(shop, request, to_tag=other.local_tag)
    call.established()
    shop.wait_request("ACK", call_id=call.call_id)
    return other


@pytest.mark.parametrize("way", VIA)
def test_a_day_with_a_carrier(made, phones, way):
    """Call out, change the media with and without a challenge, be called, hang up on either side."""
    house, carrier = made
    house.import_users(["anna"])
    carrier.passwords["shop"] = carrier.password
    house.sipctl("gw", "add", "carrier", *way_options(way, carrier), "--username", "line7", "--password-file", "-",
                 "--calls-authenticate", "proxy-authorization", "--substitute-from", "--substitute-to",
                 input=carrier.password + "\n")
    (house.etc / "routes.conf").write_text(f"NoRelay:<9*> = *@carrier.sipgw\nS:<line7@[{house.ip}]> = anna\n")
    house.sipctl("config", "apply")
    eventually(lambda: house.json("gw", "list")[0]["state"] == "registered", 10, 0.1, "registered")
    anna, shop = phones(house, "anna").registered(), phones(carrier, "shop").registered()

    # called out; each side changes its media, once with a challenge; the caller hangs up
    call = anna.invite("9shop", body(anna), timeout=10)
    request = shop.wait_request("INVITE", 10)
    assert uri_of(request.get("from")) == "sip:line7@carrier.test"
    assert uri_of(request.get("to")) == "sip:shop@carrier.test"
    assert not [n for n, _ in request.headers if "authorization" in n.lower()]
    other = far_answer(anna, call, shop, request)
    assert house.json("calls")[0]["gateway"] == "carrier"
    reinvite(call, other, 2)
    carrier.rpc("pv.shvSet", "again", "int", "1")
    answered = house.figure("sipd", "gateway_challenges")
    reinvite(call, other, 3)
    assert house.figure("sipd", "gateway_challenges") == answered + 1
    reinvite(other, call, 4)
    call.send_bye()
    other.wait_bye()
    assert anna.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE").code == 200

    # called; the carrier's customer hangs up, then ours does, who is challenged for it
    for ours in (False, True):
        call = shop.invite("line7", body(shop), timeout=10)
        request = anna.wait_request("INVITE", 10)
        other = far_answer(shop, call, anna, request)
        assert house.json("calls")[0]["from_gateway"] == "carrier"
        reinvite(other, call, 2)
        if ours:
            other.send_bye()
            call.wait_bye()
            assert anna.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE").code == 200
        else:
            call.send_bye()
            other.wait_bye()
    eventually(lambda: house.json("calls") == [], 10, 0.1, "all is over")
    assert house.figure("sipd", "gateway_channels") == 0
    assert house.figure("sipd", "gateway_unanswered") == 0
    seen = [m for way_, m in anna.log if way_ == "<" and m.code in (401, 407)]
    assert not [m for m in seen if b"carrier.test" in m.bytes()], "anna saw the carrier's challenge"
