"""The BYE that sipd sends by itself: to each side as the other's would go, by the Route set and to the
Contact of the dialog (RFC 3261 section 12.2.1.1), through a gateway in its names and with its CSeq."""
import pytest

from lib import sdp
from lib.kamailio import Edge
from lib.message import uri_of
from lib.provider import Provider, acked, arrives, plain_house, routes
from lib.provider import answered as answered_there
from lib.rtp import Player
from lib.sip import NoAnswer
from lib.talk import body
from lib.wait import eventually
from test_12_media import Talk
from test_45_cdr import answered


def restarted(house):
    before = house.pids()
    house.kill("sipd")
    house.back(before, ["sipd"])


def end(house):
    """By "sipctl calls end"."""
    row, = house.json("calls")
    house.sipctl("calls", "end", str(row["id"]))


def told(call, cseq, via=None):
    """One side's BYE, in the other's name, answered. Returns it."""
    bye = call.wait_bye()
    assert bye.tag("from") == call.remote_tag and bye.tag("to") == call.local_tag
    assert bye.uri == call.phone.contact and bye.cseq == cseq
    if via:
        assert f" {via.ip};" in bye.all("via")[0] and len(bye.all("via")) == 2, "sipd, then the edge"
        assert bye.all("route") == []
    return bye


def behind(house, peers, directory, phones, strict=False):
    edge = peers(Edge(directory, house, strict)).start()
    pair = [phones(house, u, server=(edge.ip, edge.port)) for u in ("anna", "bert")]
    for phone in pair:
        assert phone.register(headers=[("Supported", "path")]).code == 200
    return edge, *pair


@pytest.mark.parametrize("strict", [False, True], ids=["loose", "strict"])
def test_behind_a_proxy(houses, peers, tmp_path, phones, strict):
    """Kamailio takes a request in a dialog by its own Record-Route only. Killed meanwhile, sipd knows it still;
    so it does the other Contact of a phone that has moved, and the CSeq of a request that nobody has answered."""
    house = plain_house(houses)
    edge, anna, bert = behind(house, peers, tmp_path, phones, strict)
    call, far = answered(anna, bert)
    assert sum(edge.ip in r for r in call.final.all("record-route")) == 2
    end(house)
    told(call, 1, edge)
    told(far, call.cseq + 1, edge)
    house.idle()

    call, far = answered(anna, bert)
    bert.contact = bert.contact.replace("sip:bert@", "sip:moved@")
    call.send_reinvite(sdp.offer(anna.wire.local[0], 14000))
    invite = bert.wait_request("INVITE", call_id=call.call_id)
    bert.reply(invite, 200, to_tag=far.local_tag, body=sdp.offer(bert.wire.local[0], 14002),
               headers=[("Contact", f"<{bert.contact}>")])
    call.reinvited()
    bert.wait_request("ACK", call_id=call.call_id)
    asked = call._in_dialog("INFO")
    anna.send(asked)
    bert.wait_request("INFO")
    restarted(house)
    end(house)
    told(call, 1, edge)
    told(far, asked.cseq + 1, edge)
    eventually(lambda: house.json("calls") == [], what="no call")
    house.idle()


def test_silence_behind_a_proxy(houses, peers, tmp_path, phones):
    """"media-timeout-bye", with a sipd that did not see the call begin."""
    house = plain_house(houses, **{"media-policy": "always", "media-timeout": "2s", "media-timeout-bye": "on"})
    edge, anna, bert = behind(house, peers, tmp_path, phones)
    with Player() as player:
        talk = Talk(house, player, anna, bert)
        talk.sound()
        restarted(house)
        talk.near.to = talk.far.to = None
        told(talk.call, 1, edge)
        told(talk.answer, talk.call.cseq + 1, edge)
    house.idle()


@pytest.fixture
def provider(peers):
    return peers(Provider())


def through(house, provider, phones):
    """(anna's side, the provider's) of a call that goes there."""
    provider.add_to(house, "tele", "--calls-authenticate", "authorization", "--substitute-from", "--substitute-to",
                    "--register-every", "1h")
    provider.register_line()
    routes(house, "NoRelay:<9*> = *@tele.sipgw\n")
    anna = phones(house, "anna").registered()
    call = anna.invite("91234", body(anna))
    return call, answered_there(call, provider, arrives(provider))


def test_a_gateway_challenges_it(houses, provider, phones):
    """In the provider's names, with the next CSeq there; its challenge is answered, once."""
    house = plain_house(houses)
    call, there = through(house, provider, phones)
    restarted(house)
    end(house)
    bye = provider.wait_request("BYE")
    assert uri_of(bye.get("to")) == "sip:1234@provider.test"
    assert uri_of(bye.get("from")) == "sip:line7@provider.test"
    assert bye.uri == provider.contact and bye.cseq == there.request.cseq + 1
    assert not provider.credentials(bye)
    provider.challenge_it(bye, 407)
    again = provider.wait_request("BYE")
    assert again.cseq == bye.cseq + 1 and again.branch != bye.branch
    assert provider.signed(again, "secret", "Proxy-Authorization")
    provider.challenge_it(again, 407)
    with pytest.raises(NoAnswer):
        provider.wait_request("BYE", 0.3)
    assert uri_of(told(call, 1).get("from")) == f"sip:91234@{house.domain}"
    house.idle()


def test_requests_that_overlap(houses, provider, phones):
    """Two of one call are challenged at once: no CSeq comes twice at the provider, the ACK has its INVITE's."""
    house = plain_house(houses)
    call, there = through(house, provider, phones)
    anna = call.phone
    call.send_reinvite(body(anna, 2))
    invite = provider.wait_request("INVITE")
    info = call._in_dialog("INFO")
    anna.send(info)
    first = provider.wait_request("INFO")
    provider.challenge_it(invite, 407)
    acked(provider, invite)
    again = provider.wait_request("INVITE")
    provider.challenge_it(first, 407)
    second = provider.wait_request("INFO")
    numbers = [invite.cseq, first.cseq, again.cseq, second.cseq]
    assert numbers == [there.request.cseq + n for n in (1, 2, 3, 4)]
    provider.reply(second, 200)
    r = anna.wait(lambda m: m.branch == info.branch and m.code >= 200)
    assert r.code == 200 and r.cseq == info.cseq
    provider.reply(again, 200, body=body(provider, 2), headers=[("Contact", f"<{provider.contact}>")])
    call.reinvited()
    acked(provider, again)
    call.send_bye()
    bye = provider.wait_request("BYE")
    assert bye.cseq == numbers[-1] + 1
    provider.reply(bye, 200)
    eventually(lambda: house.json("calls") == [], 10, 0.1, "the call is over")
    house.idle()
