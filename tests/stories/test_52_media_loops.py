"""Row 147: a call that leaves us and comes back through another proxy (two calls of a
server between are session_test's)."""
import pytest

from lib import sdp
from lib.certs import Authority
from lib.house import free_ports
from lib.kamailio import Neighbour
from lib.rtp import Player
from lib.sip import Call, Phone
from lib.wait import eventually


@pytest.fixture
def player():
    with Player() as p:
        yield p


def test_sound_of_a_call_that_comes_back(houses, phones, peers, player, tmp_path):
    house = houses(settings={"media-policy": "always", "authenticate": "none"}).start()
    house.import_users(["anna", "bert"])
    neighbour = peers(Neighbour(tmp_path, free_ports(2), Authority(tmp_path / "authority"))).start()
    house.set("relay-via", f"sip:{neighbour.ip}:{neighbour.port}")
    anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
    back = Phone(neighbour, "back", ip=neighbour.ip)
    assert back.register(contact=f"<sip:bert@{house.ip}:{house.port}>", expires=60).code == 200
    near, far = player.port(house.phone_ip), player.port(house.phone_ip)
    call = anna.invite(f"back@{neighbour.domain}", sdp.offer(*near.local))
    request = bert.wait_request("INVITE")
    assert len(request.all("via")) == 4, "anna, us, the neighbour, us"
    far.to = sdp.audio(request.body)
    answer = Call.from_invite(bert, request)
    bert.reply(request, 200, to_tag=answer.local_tag, body=sdp.offer(*far.local),
               headers=[("Contact", f"<{bert.contact}>")])
    call.established()
    bert.wait_request("ACK")
    near.to = sdp.audio(call.final.body)
    eventually(lambda: near.heard and far.heard, what="sound both ways")
    assert house.figure("mediad", "rtp_dropped") == 0
    call.send_bye()
    answer.wait_bye()
    back.close()
    house.idle()
