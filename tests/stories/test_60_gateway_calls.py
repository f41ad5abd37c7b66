"""Calls through gateways and from them: what reaches the provider, what comes back, and
what neither side may see of the other ((a.2) F)."""
import json

import pytest

from lib.message import uri_of
from lib.provider import Provider, acked, answered, arrives, no_call, plain_house, routes
from lib.sip import Call
from lib.talk import body
from lib.wait import eventually


@pytest.fixture
def home(houses):
    return plain_house(houses)


@pytest.fixture
def provider(peers):
    return peers(Provider())


def records(house, count):
    """The lines of cdr.ndjson, once there are so many."""
    path = house.log / "cdr.ndjson"

    def rows():
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    eventually(lambda: len(rows()) >= count, 5, 0.1, f"{count} records")
    return rows()


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
    eventually(lambda: home.json("calls") == [], 10, 0.1, "the call is over")


def test_the_five_samples(home, peers, phones):
    """The manual's records against two providers: numbers, From, To and Authorization as the rows say."""
    one, intl = peers(Provider("provider1.test")), peers(Provider("intl.test"))
    one.add_to(home, "Provider1", "--calls-authenticate", "authorization", "--substitute-from", "--substitute-to",
               "--register-every", "1h", username="15550100", password="p1")
    one.register_line(expires=3600, password="p1")
    intl.add_to(home, "IntlProvider", "--calls-authenticate", "proxy-authorization", "--register-every", "1h",
                username="555", password="p2")
    intl.register_line(expires=3600, password="p2")
    intl.add_to(home, "LocProvider", "--substitute-to", "--register-every", "1h", username="loc", password="p3")
    intl.register_line(expires=3600, password="p3")
    routes(home, "NoRelay:Signal:<1*> = *@Provider1.sipgw\nNoRelay:Signal:<+1*> = *@Provider1.sipgw\n"
                 "NoRelay:Signal:<+*> = 011*@IntlProvider.sipgw\nNoRelay:Signal:<011*> = 011*@IntlProvider.sipgw\n"
                 "NoRelay:Signal:<9*> = 415*@LocProvider.sipgw\n")
    anna = phones(home, "anna").registered()
    me = anna.aor
    samples = [     # dialled, who gets it, user of the Request-URI, From, To, header with the credential
        ("12125551234", one, "2125551234", "sip:15550100@provider1.test", "sip:2125551234@provider1.test",
         "Authorization"),
        ("+12125551234", one, "2125551234", "sip:15550100@provider1.test", "sip:2125551234@provider1.test",
         "Authorization"),
        ("+442071234567", intl, "011442071234567", me, f"sip:+442071234567@{home.domain}", "Proxy-Authorization"),
        ("011442071234567", intl, "011442071234567", me, f"sip:011442071234567@{home.domain}",
         "Proxy-Authorization"),
        ("95551234", intl, "4155551234", me, "sip:4155551234@intl.test", None)]
    for dialled, provider, number, caller, callee, header in samples:
        call = anna.invite(dialled, body(anna))
        request = arrives(provider, call.call_id)
        assert request.uri == f"sip:{number}@{provider.domain}"
        assert (uri_of(request.get("from")), uri_of(request.get("to"))) == (caller, callee)
        assert [name for name, _ in provider.credentials(request)] == ([header] if header else [])
        if header:
            assert provider.signed(request, "p1" if provider is one else "p2", header,
                                   provider.credentials(request)[0][1]["nonce"])
        there = answered(call, provider, request)
        there.send_bye()
        call.wait_bye()
    rows = records(home, 5)
    assert [r["gateway"] for r in rows] == ["Provider1"] * 2 + ["IntlProvider"] * 2 + ["LocProvider"]


def test_service_route_and_the_caller_shown(home, provider, phones):
    """RFC 3608: its calls take the way that the registrar told; "caller-id", and who trusts is told who it is."""
    provider.add_to(home, "tele", "--register-every", "1h", "--caller-id", "anna +442071234", "--trusted")
    way = ["<sip:edge.provider.test;lr>", "<sip:core.provider.test;lr>"]
    provider.register_line(headers=[("Service-Route", ", ".join(way))])
    routes(home, "NoRelay:<9*> = *@tele.sipgw\n")
    for who, shown in (("anna", "sip:+442071234@provider.test"), ("bert", f"sip:bert@{home.domain}")):
        phone = phones(home, who).registered()
        call = phone.invite("91", body(phone), headers=[("P-Asserted-Identity", "<sip:boss@house.test>")])
        request = arrives(provider, call.call_id)
        assert request.all("route") == way
        assert uri_of(request.get("from")) == shown
        assert [uri_of(v) for v in request.all("p-asserted-identity")] == [shown]
        provider.reply(request, 486, to_tag="b")
        call.finish()


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
        return call, answered(call, provider, arrives(provider, call.call_id))
    first, second = talk("91"), talk("92")
    assert used() == 2
    refused = anna.invite("93", body(anna)).finish()
    assert refused.code == 503 and refused.start.endswith("All Channels Busy") and refused.get("retry-after")
    urgent = talk("112")
    assert used() == 3
    before = home.pids()
    home.kill("sipd")
    home.back(before, ["sipd"])
    eventually(lambda: used() == 3, 10, 0.1, "the calls of the table have their channels")
    assert anna.invite("94", body(anna)).finish().code == 503
    for call, there in (first, second, urgent):
        there.send_bye()
        call.wait_bye()
    eventually(lambda: used() == 0, 10, 0.1, "all are given back")

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
    eventually(lambda: used() == 0, 10, 0.1, "all are given back")


def test_another_way(home, peers, phones):
    """The next one is tried after silence and after the codes that the gateway names, and after no other."""
    one, two = peers(Provider("one.test")), peers(Provider("two.test"))
    one.add_to(home, "one", "--group", "out", "--failover-codes", "486 5xx", "--priority", "1")
    two.add_to(home, "two", "--group", "out", "--priority", "2")
    routes(home, "NoRelay:<9*> = *@out.sipgw\n")
    anna = phones(home, "anna").registered()
    for code, passes in ((486, True), (500, True), (404, False)):
        call = anna.invite(f"9{code}", body(anna))
        provider_request = arrives(one, call.call_id)
        one.reply(provider_request, code, to_tag="x")
        if not passes:
            assert call.finish().code == code
            no_call(two)
            continue
        there = answered(call, two, arrives(two, call.call_id))
        assert home.json("calls")[0]["gateway"] == "two"
        there.send_bye()
        call.wait_bye()
    home.sipctl("gw", "disable", "one")
    call = anna.invite("91", body(anna))
    there = answered(call, two, arrives(two, call.call_id))
    there.send_bye()
    call.wait_bye()
    home.sipctl("gw", "disable", "two")
    refused = anna.invite("92", body(anna)).finish()
    assert refused.start.endswith("480 No Gateway")
    routes(home, "NoRelay:<9*> = *@two.sipgw\n")
    refused = anna.invite("92", body(anna)).finish()
    assert refused.start.endswith("480 Gateway Disabled")


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
    old_there = answered(old, provider, arrives(provider, old.call_id))

    before = home.pids()
    for name in victims:
        home.kill(name)
    new = anna.invite("92", body(anna), timeout=10)
    request = arrives(provider, new.call_id)
    c = provider.credentials(request)
    assert c and c[0][1]["username"] == "line7", "signed by the next process"
    new_there = answered(new, provider, request)
    home.back(before, victims)

    old.send_bye()
    bye = provider.wait_request("BYE", call_id=old.call_id)
    assert uri_of(bye.get("from")) == "sip:line7@provider.test" and bye.cseq == old.cseq + 1
    provider.reply(bye, 200)
    assert anna.wait(lambda m: not m.is_request and m.method == "BYE").cseq == old.cseq
    new_there.send_bye()
    bye = new.wait_bye()
    assert uri_of(bye.get("from")) == f"sip:92@{home.domain}"
    eventually(lambda: home.json("calls") == [], 10, 0.1, "both are over")


def test_an_answer_after_a_kill(home, provider, phones):
    """The 200 to a BYE that the last sipd sent on: anna gets it as the answer to hers."""
    provider.add_to(home, "tele", "--calls-authenticate", "authorization", "--substitute-from", "--substitute-to")
    routes(home, "NoRelay:<9*> = *@tele.sipgw\n")
    anna = phones(home, "anna").registered()
    call = anna.invite("91", body(anna))
    provider.challenge_it(arrives(provider, call.call_id), 401)
    answered(call, provider, arrives(provider, call.call_id))
    call.send_bye()
    bye = provider.wait_request("BYE", call_id=call.call_id)
    assert bye.cseq == call.bye_request.cseq + 1
    before = home.pids()
    home.kill("sipd")
    home.back(before, ["sipd"])
    provider.reply(bye, 200)
    r = anna.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE")
    assert r.cseq == call.bye_request.cseq
    assert uri_of(r.get("from")) == anna.aor and uri_of(r.get("to")) == f"sip:91@{home.domain}"
    eventually(lambda: home.figure("sipd", "gateway_channels") == 0, 10, 0.1, "its channel is free")


# ---- who may -----------------------------------------------------------------------


def test_pstn_right_and_dial_classes(home, peers, phones):
    """Row 108, and gateways for some: refused with the reason, on the wire and by route test."""
    cheap, dear = peers(Provider("cheap.test")), peers(Provider("dear.test"))
    cheap.add_to(home, "cheap")
    dear.add_to(home, "dear", "--classes", "staff boss")
    routes(home, "NoRelay:<9*> = *@cheap.sipgw\nNoRelay:<8*> = *@dear.sipgw\n")
    anna, bert = phones(home, "anna").registered(), phones(home, "bert").registered()

    def outcome(phone, number, provider):
        call = phone.invite(number, body(phone))
        if call.final:
            phone.ack_failure(call.request, call.final)
            return call.final.start.split(" ", 1)[1]
        provider.reply(arrives(provider, call.call_id), 486, to_tag="b")
        call.finish()
        return "called"

    def tested(who, number):
        r = json.loads(home.sipctl("route", "test", number, "--from", f"{who}@{home.domain}", "-o", "json",
                                   check=False).stdout)
        return r["code"], [s["why"] for s in r["steps"] if s["text"] in ("pstn", "dial-classes")]

    assert outcome(anna, "91", cheap) == "called"
    home.sipctl("user", "set", f"anna@{home.domain}", "--set", "pstn=off")
    assert outcome(anna, "91", cheap) == "403 No Calls Through Gateways For You"
    assert tested("anna", "91") == (403, [f"anna@{home.domain} may not call through gateways"])
    assert outcome(bert, "81", dear) == "403 Not In Your Dial Classes"
    code, why = tested("bert", "81")
    assert code == 403 and "gateway dear wants one of its classes" in why[-1]
    home.sipctl("user", "set", f"bert@{home.domain}", "--set", "dial-classes=boss,night")
    assert outcome(bert, "81", dear) == "called"
    assert tested("bert", "81")[0] in (0, None)
    no_call(dear)


# ---- calls from gateways -----------------------------------------------------------


def rings(phone, provider, target, headers=(), **how):
    """An INVITE of the provider; as it arrives at the phone."""
    m = provider.request("INVITE", target, headers=headers, body=body(provider), **how)
    provider.send(m)
    request = phone.wait_request("INVITE", call_id=m.call_id)
    return m, request


def test_incoming(home, peers, phones):
    """Recognised by where it registered, by its addresses, by its account; what it says of the caller
    is believed only if it is trusted (RFC 3325)."""
    tele = peers(Provider("tele.test"))
    tele.add_to(home, "tele", "--register-every", "1h", "--contact", f"line7@{home.ip}:5060", "--trusted")
    tele.register_line(expires=3600)
    other = peers(Provider("other.test"))
    home.sipctl("gw", "add", "other", "--domain", "other.test", "--via", "sip:127.0.0.99", "--networks", other.ip)
    other.wire.server = (home.ip, home.port)
    routes(home, f"S:<line7@[{home.ip}]> = anna\nS:<incoming*@[{home.ip}]> = *\nNoRelay:<9*> = *@tele.sipgw\n")
    anna = phones(home, "anna").registered()
    identity = [("P-Asserted-Identity", "<sip:+4412@tele.test>"), ("Privacy", "none")]
    believed = [("P-Asserted-Identity", "<sip:+4412@tele.test>")]

    # to the contact that was registered; From is one of ours' domain, as some write it
    m, request = rings(anna, tele, f"sip:line7@{home.ip}:5060", believed, from_uri=f"sip:+4412@{home.ip}")
    assert request.all("p-asserted-identity") == ["<sip:+4412@tele.test>"]
    there = Call.from_invite(anna, request)
    anna.reply(request, 200, to_tag=there.local_tag, body=body(anna), headers=[("Contact", f"<{anna.contact}>")])
    r = tele.wait(lambda x: not x.is_request and x.branch == m.branch and x.code == 200, what="200")
    row = home.json("calls")[0]
    assert row["from_gateway"] == "tele" and row["gateway"] is None
    assert home.figure("sipd", "gateway_channels") == 1
    # the provider challenges our user's BYE: he never sees that
    tele.send(tele.request("ACK", anna.contact, to=f"sip:line7@{home.ip}:5060", to_tag=r.tag("to"),
                           from_tag=m.tag("from"), call_id=m.call_id, route=list(reversed(r.all("record-route"))),
                           from_uri=f"sip:+4412@{home.ip}"))
    anna.wait_request("ACK")
    home.sipctl("gw", "set", "tele", "--calls-authenticate", "authorization")
    there.send_bye()
    tele.challenge_it(tele.wait_request("BYE"), 407)
    bye = tele.wait_request("BYE")
    assert tele.signed(bye, "secret", "Proxy-Authorization") and bye.cseq == there.bye_request.cseq + 1
    tele.reply(bye, 200)
    assert anna.wait(lambda x: not x.is_request and x.method == "BYE").code == 200
    assert records(home, 1)[0]["from_gateway"] == "tele"

    m, request = rings(anna, tele, f"sip:line7@{home.ip}:5060", [*believed, ("Privacy", "id")])
    assert request.all("p-asserted-identity") == [], "who wants to be hidden is"
    anna.reply(request, 486, to_tag="b")

    # by its address; nobody trusts what it says
    m, request = rings(anna, other, f"sip:incominganna@{home.ip}:5060", identity, from_uri=f"sip:x@{home.domain}")
    assert request.all("p-asserted-identity") == []
    anna.reply(request, 486, to_tag="b")
    assert home.figure("sipd", "gateway_incoming") == 3

    # somebody else at that contact is a stranger: neither believed nor counted
    mallory = phones(home, "mallory", domain="elsewhere.test")
    m, request = rings(anna, mallory, f"sip:line7@{home.ip}:5060", identity)
    assert request.all("p-asserted-identity") == [] and home.figure("sipd", "gateway_incoming") == 3
    anna.reply(request, 486, to_tag="b")

    # a gateway may not call out through another one for nothing
    m = other.request("INVITE", f"sip:91234@{home.ip}:5060", body=body(other))
    other.send(m)
    assert other.wait(lambda x: not x.is_request and x.branch == m.branch and x.code > 100).code == 407

    # it must show an account, which makes it known from anywhere
    home.sipctl("gw", "set", "other", "--challenge", "--account", f"bert@{home.domain}")
    m = other.request("INVITE", f"sip:incominganna@{home.ip}:5060", body=body(other))
    assert other.transact(m).code == 407
    bert = phones(home, "bert", ip=home.ip)
    call = bert.invite(f"incominganna@{home.ip}", body(bert))
    request = anna.wait_request("INVITE", call_id=call.call_id)
    anna.reply(request, 486, to_tag="b")
    call.finish()
    assert [r for r in records(home, 5) if r["call_id"] == call.call_id][0]["from_gateway"] == "other"
