"""Every view of sipctl beside its transcript in tests/mockups, against a house that lives."""
import os
import pathlib
import shutil
import socket

import pytest

from lib import mockup, sdp
from lib.answerer import Carrier
from lib.house import free_address
from lib.rtp import Player
from lib.sip import Call, Phone
from lib.wait import eventually

MOCKUPS = pathlib.Path(__file__).resolve().parents[1] / "mockups"

ROUTES = """; the dial plan
NoRelay:<00(6-15d)*> = +*@uk.pstn
NoRelay:<+1(10d)*> = +1*@us.pstn
NoRelay:<+44*> = +44*@uk.pstn
NoRelay:<*@uk.pstn> = *@teleco1.sipgw
NoRelay:<*@us.pstn> = *@teleco1.sipgw
"""


class World:
    """anna talks to bo, bo rings at eva, dora and carl hear each other in one direction only; one call
    failed, one password was wrong; a gateway is registered, one is refused, one is disabled."""

    def __init__(self, house, player):
        self.house, self.names = house, {}
        house.init()
        (house.etc / "routes.conf").write_text(ROUTES)
        house.up()
        house.sipctl("user", "add", "anna@example.com", "--name", "Anna Berg", "--number", "+15551230101",
                     "--password-file", "-", input="pass-anna\n")
        house.passwords["anna"] = "pass-anna"
        house.import_users(["bo", "eva", "carl", "dora"])
        abroad = free_address()
        self.carriers = [Carrier(abroad, 5060), Carrier(abroad, 5061, REGISTER=403)]
        for i, name in enumerate(("teleco1", "teleco2", "lab")):
            house.sipctl("gw", "add", name, "--domain", f"{name}.example", "--via", f"sip:{abroad}:{5060 + i}",
                         "--username", "12345", "--password-file", "-", "--channels", "30", input="x\n")
        house.sipctl("gw", "disable", "lab")
        self.phones = {u: Phone(house, u) for u in ("anna", "bo", "eva", "carl", "dora")}
        self.phones["anna"].registered(headers=[("User-Agent", "Yealink SIP-T54W 96.86")])
        for user in ("bo", "eva", "carl", "dora"):
            self.phones[user].registered()
        self.calls(player)
        self.failures()
        eventually(lambda: any("direction" in w["text"] for w in house.status()["warnings"]), what="one-way sound")
        eventually(lambda: {g["name"]: g["state"] for g in house.json("gw")} ==
                   {"teleco1": "registered", "teleco2": "failed", "lab": "disabled"}, what="gateways")
        self.names |= {"192.0.2.1": house.ip, "198.51.100.9": abroad, "sip1": socket.gethostname(), "/srv/sip": str(house.dir)}

    def talk(self, caller, callee, near, far):
        anna, bo = self.phones[caller], self.phones[callee]
        call = anna.invite(callee, sdp.offer(*near.local))
        other = Call.from_invite(bo, bo.wait_request("INVITE", call_id=call.call_id))
        bo.reply(other.request, 200, to_tag=other.local_tag, body=sdp.offer(*far.local),
                 headers=[("Contact", f"<{bo.contact}>")])
        call.established()
        bo.wait_request("ACK", call_id=call.call_id)
        near.to, far.to = sdp.audio(call.final.body), sdp.audio(other.request.body)
        return call

    def calls(self, player):
        ports = [player.port(self.house.ip) for _ in range(4)]
        self.names["CALL1@x"] = self.talk("anna", "bo", *ports[:2]).call_id
        self.talk("carl", "dora", *ports[2:])
        ports[3].to = None              # dora is not heard
        self.ringing = self.phones["bo"].invite("eva", sdp.offer(self.house.ip, 15002))
        eva = self.phones["eva"]
        self.rung = Call.from_invite(eva, eva.wait_request("INVITE", call_id=self.ringing.call_id))
        self.names["CALL3@x"] = self.ringing.call_id
        self.rung.ring()
        self.ringing.wait_code(180)

    def failures(self):
        abroad = self.phones["anna"].invite("+442071234567")
        assert abroad.finish().code >= 400      # the carrier takes no calls
        failed = self.phones["anna"].invite("nobody")
        failed.finish()
        self.names["FAILED@x"] = failed.call_id
        guesser = Phone(self.house, "eva", password="no")
        guesser.register()
        guesser.close()

    def close(self):
        self.phones["eva"].reply(self.rung.request, 486, to_tag=self.rung.local_tag)
        self.ringing.finish()
        for carrier in self.carriers:
            carrier.stop()
        for phone in self.phones.values():
            phone.close()


@pytest.fixture(scope="module")
def world(shared_houses):
    with Player() as player:
        w = World(shared_houses(domain="example.com", settings={"media-policy": "always",
                                                                "media-one-way-timeout": "1s"}), player)
        yield w
        w.close()


# What changes something comes last.
ORDER = ["status", "registrations", "users", "calls", "route", "trace", "tx", "gateways", "log", "monitors",
         "configuration", "exits", "restart"]


def test_every_transcript_is_played():
    assert {p.stem for p in MOCKUPS.glob("*.txt")} == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_mockup(world, name):
    if name == "exits" and (os.geteuid() != 0 or not shutil.which("setpriv")):
        pytest.skip("nobody else can be played here")
    mockup.play(world.house, (MOCKUPS / f"{name}.txt").read_text(), world.names)
