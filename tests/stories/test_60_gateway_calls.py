"""Calls through gateways and from them: what reaches the provider, what comes back, and
what neither side may see of the other (FEATURES.md (a.2) F)."""
import pytest

from lib.message import uri_of
from lib.provider import Provider
from lib.sip import Call
from lib.talk import body
from lib.wait import eventually


@pytest.fixture
def home(houses):
    house = houses(settings={"media-policy": "never"}).start()
    house.import_users(["anna", "bert"])
    return house


@pytest.fixture
def provider(peers_closed):
    return peers_closed(Provider())


@pytest.fixture
def peers_closed():
    made = []

    def keep(p):
        made.append(p)
        return p
    yield keep
    for p in made:
        p.close()


def routes(house, text):
    (house.etc / "routes.conf").write_text(text)
    house.sipctl("config", "apply")


def arrives(provider, call_id=None):
    return provider.wait_request("INVITE", call_id=call_id)


def acked(provider, request):
    """The ACK of this INVITE; older ones may come again."""
    return provider.wait(lambda m: m.is_request and m.method == "ACK" and m.call_id == request.call_id
                         and m.cseq == request.cseq, what="an ACK")


def answered(caller, call, provider, request):
    """The provider answers, the caller hears it. Returns the provider's side."""
    there = Call.from_invite(provider, request)
    provider.reply(request, 200, to_tag=there.local_tag, body=body(provider),
                   headers=[("Contact", f"<{provider.contact}>")])
    call.established()
    acked(provider, request)
    return there


def test_a_call_and_its_challenges(home, provider, phones):
    """401, then the cached nonce with the next count; a re-INVITE and a BYE challenged in mid-call.
    The caller sees none of it."""
    provider.add_to(home, "tele", "--calls-authenticate", "authorization", "--substitute-from", "--substitute-to",
                    "--register-every", "1h")
    provider.register_line()
    routes(home, "NoRelay:<9*> = *@tele.sipgw\n")
    anna = phones(home, "anna").registered()
    call = anna.invite("91234", body(anna))
    request = arrives(provider)
    assert request.uri == "sip:1234@provider.test"
    assert uri_of(request.get("to")) == "sip:1234@provider.test"
    assert uri_of(request.get("from")) == "sip:line7@provider.test"
    c = provider.signed(request, "secret", "Authorization")
    assert c and c["nc"] == "00000002", "the nonce of the REGISTER, counted on"
    assert len(provider.credentials(request)) == 1, request.headers
    provider.challenge_it(request, 407)
    acked(provider, request)
    again = arrives(provider)
    assert again.cseq == request.cseq + 1 and again.branch != request.branch
    assert provider.signed(again, "secret", "Proxy-Authorization")["nc"] == "00000001"
    there = Call.from_invite(provider, again)
    there.ring()
    ringing = call.wait_code(180)
    assert uri_of(ringing.get("to")) == f"sip:91234@{home.domain}" and ringing.tag("to")
    assert ringing.get("from") == call.request.get("from") and ringing.cseq == call.cseq
    provider.reply(again, 200, to_tag=there.local_tag, body=body(provider),
                   headers=[("Contact", f"<{provider.contact}>")])
    call.established()
    ack = acked(provider, again)
    assert uri_of(ack.get("to")) == "sip:1234@provider.test"
    row = home.json("calls")[0]
    assert row["gateway"] == "tele" and row["to"] == f"91234@{home.domain}"

    call.send_reinvite(body(anna, 2))
    first = arrives(provider)
    assert provider.signed(first, "secret")["nc"] == "00000002"
    provider.challenge_it(first, 401)
    second = arrives(provider)
    assert second.cseq == first.cseq + 1 and provider.signed(second, "secret", "Authorization")
    provider.reply(second, 200, body=body(provider, 2), headers=[("Contact", f"<{provider.contact}>")])
    call.reinvited()
    acked(provider, second)

    # what the provider begins arrives as anna knows the parties
    there.send_reinvite(body(provider, 3))
    asked = anna.wait_request("INVITE", call_id=call.call_id)
    assert uri_of(asked.get("from")) == f"sip:91234@{home.domain}"
    assert uri_of(asked.get("to")) == anna.aor
    anna.reply(asked, 200, body=body(anna, 3), headers=[("Contact", f"<{anna.contact}>")])
    there.reinvited()
    anna.wait_request("ACK", call_id=call.call_id)

    call.send_bye()
    bye = provider.wait_request("BYE")
    assert not provider.credentials(bye)
    provider.challenge_it(bye, 407)
    bye = provider.wait_request("BYE")
    assert provider.signed(bye, "secret", "Proxy-Authorization")
    provider.reply(bye, 200)
    r = anna.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE")
    assert r.code == 200 and r.cseq == call.bye_request.cseq
    assert not [m for way, m in anna.log if way == "<" and (m.code in (401, 407)) and m.get("via")
                and "provider.test" in m.bytes().decode()]
    eventually(lambda: home.json("calls") == [], 5, 0.1, "the call is over")


# ---- who is refused, and what comes next ------------------------------------------


def test_channels(home, provider, phones):
    """As many calls as there are channels, emergency calls beyond them (row 127); each end gives one
    back, also after a kill of sipd."""
    provider.add_to(home, "tele", "--channels", "2")
    home.set("emergency-numbers", "[112]")
    routes(home, "NoRelay:<9*> = *@tele.sipgw\nNoRelay:<112> = 112@tele.sipgw\n")
    anna = phones(home, "anna").registered()

    def used():
        return home.figure("sipd", "gateway_channels")

    def talk(target):
        call = anna.invite(target, body(anna))
        return call, answered(anna, call, provider, arrives(provider, call.call_id))
    first, second = talk("91"), talk("92")
    assert used() == 2
    refused = anna.invite("93", body(anna)).finish()
    assert refused.code == 503 and refused.start.endswith("All Channels Busy") and refused.get("retry-after")
    urgent = talk("112")
    assert used() == 3
    before = home.pids()
    home.kill("sipd")
    home.back(before, ["sipd"])
    eventually(lambda: used() == 3, 5, 0.1, "the calls of the table have their channels")
    assert anna.invite("94", body(anna)).finish().code == 503
    for call, there in (first, second, urgent):
        there.send_bye()
        call.wait_bye()
    eventually(lambda: used() == 0, 5, 0.1, "all are given back")

    # a call that is refused, one that is given up, one of a provider that is killed with us
    call = anna.invite("95", body(anna))
    provider.reply(arrives(provider, call.call_id), 486, to_tag="b")
    assert call.finish().code == 486
    call = anna.invite("96", body(anna))
    there = Call.from_invite(provider, arrives(provider, call.call_id))
    there.ring()
    call.wait_code(180)
    assert used() == 1
    before = home.pids()
    home.kill("sipd")
    home.back(before, ["sipd"])
    assert used() == 1
    assert call.cancel().code == 200
    provider.reply(provider.wait_request("CANCEL"), 200)
    provider.reply(there.request, 487, to_tag=there.local_tag)
    assert call.finish().code == 487
    eventually(lambda: used() == 0, 5, 0.1, "all are given back")


# ---- kills -------------------------------------------------------------------------


@pytest.mark.parametrize("victims", [["gwregd"], ["sipd"], ["gwregd", "sipd"]], ids="+".join)
def test_kills(home, provider, phones, victims):
    """Calls go on, new ones are signed: the question waits for the next gwregd."""
    provider.add_to(home, "tele", "--calls-authenticate", "authorization", "--substitute-from", "--substitute-to",
                    "--register-every", "1h")
    provider.register_line(expires=3600)
    routes(home, "NoRelay:<9*> = *@tele.sipgw\n")
    anna = phones(home, "anna").registered()
    old = anna.invite("91", body(anna))
    request = arrives(provider, old.call_id)
    provider.challenge_it(request, 401)
    old_there = answered(anna, old, provider, arrives(provider, old.call_id))

    before = home.pids()
    for name in victims:
        home.kill(name)
    new = anna.invite("92", body(anna), timeout=10)
    request = arrives(provider, new.call_id)
    c = provider.credentials(request)
    assert c and c[0][1]["username"] == "line7", "signed by the next process"
    new_there = answered(anna, new, provider, request)
    home.back(before, victims)

    old.send_bye()
    bye = provider.wait_request("BYE", call_id=old.call_id)
    assert uri_of(bye.get("from")) == "sip:line7@provider.test" and bye.cseq == old.cseq + 1
    provider.reply(bye, 200)
    assert anna.wait(lambda m: not m.is_request and m.method == "BYE").cseq == old.cseq
    new_there.send_bye()
    bye = new.wait_bye()
    assert uri_of(bye.get("from")) == f"sip:92@{home.domain}"
    assert not [m for way, m in provider.log if m.is_request and m.method == "REGISTER"][2:], "no REGISTER storm"
    eventually(lambda: home.json("calls") == [], 5, 0.1, "both are over")
