"""Calls through gateways under attack: who gets a credential of ours, who gets through to a provider,
whose answer counts (S09, S16, S23)."""
import pytest

from lib.provider import Provider, answered, arrives, copy, no_call, plain_house, routes
from lib.sip import Call
from lib.talk import body
from lib.wait import eventually


@pytest.fixture
def home(houses):
    return plain_house(houses)


@pytest.fixture
def provider(peers):
    return peers(Provider())


def leaked(*parties):
    """Credentials of ours that anybody of them has got."""
    return [m for p in parties for way, m in p.log if way == "<" and m.is_request and m.method != "REGISTER"
            and [1 for name, c in p.credentials(m)]]


def test_s09_digest_leak(home, peers, phones):
    """Who is not the gateway, or asks for another realm, gets no answer to his challenge: a gateway with a
    false realm, the place where its Contact points, a phone, a stranger that is called."""
    tele, thief = peers(Provider("tele.test")), peers(Provider("thief.test"))
    tele.add_to(home, "tele", "--calls-authenticate", "authorization", "--realm", "tele.test")
    tele.register_line()
    thief.wire.server = (home.ip, home.port)
    routes(home, f"NoRelay:<9*> = *@tele.sipgw\nNoRelay:<8*> = *@[{thief.ip}]\n")
    anna = phones(home, "anna").registered()
    tele.log.clear()
    for code in (401, 407):
        call = anna.invite("91", body(anna))
        tele.challenge_it(arrives(tele, call.call_id), code, realm="thief.test")
        final = call.finish()
        assert final.start.endswith("502 Gateway Does Not Accept Us")
        assert not final.all("www-authenticate") and not final.all("proxy-authenticate")
        why = home.json("why", call.call_id, check=1)
        assert why["cause"] == "gateway-refuses-us" and why["command"] == "sipctl gw show tele"
        assert why["sentence"].startswith("Gateway tele does not let us call: its challenge is not answered: ")
        m = anna.request("MESSAGE", f"sip:91@{home.domain}", headers=[("Content-Type", "text/plain")], body=b"x")
        m = anna.credential(m, anna.transact(m))
        anna.send(m)
        tele.challenge_it(tele.wait_request("MESSAGE"), code, realm="thief.test")
        assert anna.wait(lambda r: r.branch == m.branch and r.code > 100).code == 502
    assert [m for m in leaked(tele) if m.method != "INVITE"] == []
    assert all(c["realm"] == "tele.test" and c["nonce"] for m in leaked(tele) for _, c in tele.credentials(m))

    # its answer points to somebody else, who asks for the right realm
    call = anna.invite("92", body(anna))
    request = arrives(tele, call.call_id)
    tele.reply(request, 200, to_tag="t", body=body(tele), headers=[("Contact", f"<sip:x@{thief.ip}:5060>")])
    call.established()
    call.send_bye()
    thief.challenge_it(thief.wait_request("BYE"), 407, realm="tele.test")
    assert anna.wait(lambda m: not m.is_request and m.method == "BYE").code == 502

    # a stranger that is called, and the caller himself
    call = anna.invite("81", body(anna))
    thief.challenge_it(arrives(thief, call.call_id), 407, realm="tele.test")
    assert call.finish().code == 407
    call = anna.invite("93", body(anna))
    there = answered(call, tele, arrives(tele, call.call_id))
    there.send_bye()
    bye = anna.wait_request("BYE", call_id=call.call_id)
    anna.send(anna.response(bye, 407, headers=[("Proxy-Authenticate", 'Digest realm="tele.test", nonce="n"')]))
    assert tele.wait(lambda m: not m.is_request and m.method == "BYE").code == 407
    assert leaked(thief) == []
    assert [m for way, m in anna.log if way == "<" and m.is_request and tele.credentials(m)] == []


def test_s16_sixty_strangers(home, provider, phones):
    """Sixty ways into a gateway: nothing reaches the provider."""
    provider.add_to(home, "tele")
    routes(home, "NoRelay:S:<00(6-15d)*> = +*@telnum\nNoRelay:S:<+*@telnum> = 00*@pstn\nNoRelay:S:<9*> = *@pstn\n"
                 f"NoRelay:S:<*@pstn> = *@tele.sipgw\nold.test = {home.domain}\n")
    home.sipctl("alias", "add", "@alias.test", f"@{home.domain}")
    bert = phones(home, "bert").registered()
    mallory, wrong = phones(home, "mallory", password="x", domain="elsewhere.test"), []
    numbers = ["0015551234567", "+15551234567", "95551234567"]
    forms = ["{n}@{d}", "{n}@{ip}", "{n}@{ip}:5060;user=phone", "{n}@alias.test", "{n}@old.test", "{n}@telnum",
             "{n}@pstn", "{n}@tele.sipgw", "{n}%25tele.sipgw@{d}", "{n}%25pstn@{d}", "{n}%25telnum@{d}",
             "tele.sipgw!{n}@{d}", "{d}!tele.sipgw!{n}@{d}", "%40tele.sipgw%3A{n}@{d}", "{n}@tele.sipgw.udp",
             "{n}%25tele.sipgw@{ip}.via", "{n}@{d};maddr={p}", "{n}%40tele.sipgw@{d}"]
    ways = [(f"sip:{f.format(n=n, d=home.domain, ip=home.ip, p=provider.ip)}", ()) for f in forms for n in numbers]
    ways += [(f"sip:{n}@{home.domain}", (("Route", r),)) for n in numbers for r in (
        f"<sip:{provider.ip};lr>", f"<sip:{home.ip};lr>, <sip:{provider.ip};lr>", "<sip:tele.sipgw;lr>",
        f"<sip:{n}@tele.sipgw;lr>")]
    ways += [(f"sip:nobody@{home.domain}", (h,)) for h in (
        ("Refer-To", f"<sip:9555@{home.domain}>"), ("Replaces", "a;to-tag=b;from-tag=c"))]
    assert len(ways) >= 60
    for way, headers in ways:
        r = mallory.transact(mallory.request("INVITE", way, headers=headers, body=body(mallory)))
        if r.code not in (400, 403, 404, 407, 482):
            wrong.append((way, headers, r.start))
    # a phone of ours sends a stranger on to the gateway: 3xx
    m = mallory.request("INVITE", bert.aor, body=body(mallory))
    mallory.send(m)
    bert.reply(bert.wait_request("INVITE"), 302, to_tag="b", headers=[("Contact", f"<sip:95551@{home.domain}>"),
                                                                     ("Contact", "<sip:5551@tele.sipgw>")])
    r = mallory.wait(lambda x: not x.is_request and x.branch == m.branch and x.code >= 200)
    assert r.code == 302 and not wrong, wrong
    assert [m for way, m in provider.log if way == "<" and m.method != "REGISTER"] == []
    no_call(provider)


def test_s23_forged_answers(home, peers, phones):
    """Answers to a live INVITE at a gateway that are not from where it went, or guess its branch."""
    tele, liar = peers(Provider("tele.test")), peers(Provider("liar.test"))
    tele.add_to(home, "tele", "--calls-authenticate", "authorization")
    routes(home, "NoRelay:<9*> = *@tele.sipgw\n")
    liar.wire.server = (home.ip, home.port)
    anna = phones(home, "anna").registered()
    call = anna.invite("91", body(anna))
    request = arrives(tele, call.call_id)
    there = Call.from_invite(tele, request)
    there.ring()
    call.wait_code(180)
    before = home.figure("sipd", "responses_misplaced")
    for code in (200, 302, 401, 407, 600):
        forged = liar.response(request, code, to_tag="f", headers=[("Contact", f"<sip:x@{liar.ip}>"), (
            "WWW-Authenticate", 'Digest realm="tele.test", nonce="n"')])
        liar.send(forged)                       # the right branch, the wrong address
        guessed = copy(forged)
        guessed.headers[0] = ("Via", guessed.headers[0][1].replace(request.branch, request.branch[:-4] + "zzzz"))
        tele.send(guessed, request.source)      # the right address, a guess
    eventually(lambda: home.figure("sipd", "responses_misplaced") == before + 5, 10, 0.1, "all were looked at")
    anna.silent(0.2)
    provider_side = answered(call, tele, request)
    provider_side.send_bye()
    call.wait_bye()
