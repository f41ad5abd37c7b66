"""mediad in rtpengine's place: Debian's Kamailio with its rtpengine module and a
configuration as people have it."""
import socket

import pytest

from lib import sdp, tone
from lib.baresip import Baresip
from lib.house import free_ports
from lib.kamailio import Proxy
from lib.rtp import Player
from lib.sip import Call
from lib.wait import eventually


class Place:
    """A house whose mediad serves ng, and a Kamailio that has its media relayed there."""

    def __init__(self, houses, peers, directory):
        self.ng = ("127.0.0.1", free_ports(1))
        self.house = houses(settings={"ng-listen": "[udp:%s:%d, tcp:%s:%d]" % (*self.ng, *self.ng)}).start()
        self.kamailio = peers(Proxy(directory, "udp:%s:%d" % self.ng)).start()

    def sessions(self, count):
        eventually(lambda: len(self.house.json("media")) == count, what=f"{count} media sessions")

    def requests(self):
        return self.house.figure("mediad", "ng_requests")

    def clean(self):
        self.house.idle()
        assert self.house.figure("mediad", "ng_errors") == 0
        assert self.house.figure("mediad", "ng_ignored") == 0


@pytest.fixture(scope="module")
def place(shared_houses, shared_peers, tmp_path_factory):
    return Place(shared_houses, shared_peers, tmp_path_factory.mktemp("place"))


def test_two_phones_hear_each_other(place, peers, tmp_path):
    anna = peers(Baresip(place.kamailio, "anna", tmp_path, 440, password="")).start().registered()
    bert = peers(Baresip(place.kamailio, "bert", tmp_path, 880, password="", answer="auto")).start().registered()
    relayed = place.house.figure("mediad", "rtp_relayed")
    anna.dial("bert")
    anna.wait_event("CALL_ESTABLISHED")
    bert.wait_event("CALL_ESTABLISHED")
    anna.listened()
    bert.listened()
    place.sessions(1)
    assert place.house.figure("mediad", "rtp_relayed") > relayed + 100
    anna.hangup()
    bert.wait_event("CALL_CLOSED")
    place.clean()
    anna.stop()
    bert.stop()
    for phone, own, other in ((anna, 440, 880), (bert, 880, 440)):
        assert tone.share(phone.heard(), other) > 0.9
        assert tone.share(phone.heard(), own) < 0.05


def test_nothing_is_left_of_a_call_that_was_not_answered(place, phones):
    anna, bert = (phones(place.kamailio, u).registered() for u in ("anna", "bert"))
    for code in (486, 487):
        call = anna.invite("bert", sdp.offer(place.house.phone_ip, 14000))
        request = bert.wait_request("INVITE")
        assert sdp.audio(request.body)[0] == place.house.ip
        place.sessions(1)
        if code == 487:
            bert.reply(request, 180, to_tag="x")
            call.wait_code(180)
            assert call.cancel().code == 200
            bert.reply(bert.wait_request("CANCEL"), 200)
        bert.reply(request, code, to_tag="x")
        assert call.finish().code == code
        place.clean()


def test_a_call_outlives_mediad(place, phones):
    """kill -9: Kamailio's next request, sent before mediad is back, is answered, and the BYE ends the session."""
    anna, bert = (phones(place.kamailio, u).registered() for u in ("anna", "bert"))
    with Player() as player:
        ip = place.house.phone_ip
        near, far = player.port(ip), player.port(ip)
        call = anna.invite("bert", sdp.offer(*near.local))
        request = bert.wait_request("INVITE")
        far.to = sdp.audio(request.body)
        answer = Call.from_invite(bert, request)
        bert.reply(request, 200, to_tag=answer.local_tag, body=sdp.offer(*far.local),
                   headers=[("Contact", f"<{bert.contact}>")])
        call.established()
        near.to = sdp.audio(call.final.body)
        eventually(lambda: near.heard and far.heard, what="sound both ways")
        before = place.house.pids()
        place.house.kill("mediad")
        heard = len(near.heard), len(far.heard)
        call.send_bye()
        answer.wait_bye()
        place.house.back(before, ["mediad"])
        eventually(lambda: place.house.json("media") == [], what="the session's end")
        assert (len(near.heard), len(far.heard)) >= heard
    place.house.idle()


def test_every_octet_that_is_not_ng(place):
    """Rubbish and cut messages get an error or nothing, and mediad lives."""
    message = b"x1 d7:command4:pinge"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        for n in range(len(message)):
            s.sendto(b"%d%s" % (n, message[:n]), place.ng)
        s.sendto(b"last d7:command4:pinge", place.ng)
        while not (reply := s.recv(2000)).startswith(b"last "):
            assert b"pong" not in reply
    assert reply == b"last d6:result4:ponge"
    with socket.create_connection(place.ng, timeout=5) as s:
        s.sendall(b"tcp d7:command4:pinge")
        assert s.recv(100) == b"tcp d6:result4:ponge"
