"""Nonces, replays, tampered cookies, forged responses: who gets in."""
import pytest

from lib import digest, sdp
from lib.message import Message, uri_of
from lib.sip import Call, token
from lib.wait import eventually


def challenge(phone):
    """A fresh challenge to a REGISTER."""
    m = phone.request("REGISTER", f"sip:{phone.domain}", to=phone.aor, cseq=phone.register_cseq + 1,
                      call_id=phone.register_id)
    phone.register_cseq += 1
    r = phone.transact(m)
    assert r.code == 401
    return digest.parse(r.get("www-authenticate"))


def signed(phone, c, nc=1, changes=None, password=None):
    """A REGISTER that answers this challenge."""
    phone.register_cseq += 1
    m = phone.request("REGISTER", f"sip:{phone.domain}", to=phone.aor, cseq=phone.register_cseq,
                      call_id=phone.register_id, headers=[("Expires", "300")])
    m.headers.append(("Authorization", digest.answer(
        c, phone.user, password or phone.password, "REGISTER", m.uri, nc, changes)))
    return m



@pytest.fixture
def anna(house, phones):
    return phones(house, "anna")


def test_challenge_says_what_it_must(anna):
    c = challenge(anna)
    assert c["realm"] == anna.domain and c["qop"] == "auth" and len(c["nonce"]) >= 16
    assert c.get("algorithm", "MD5") == "MD5"


def test_nonce_serves_a_refresh(anna):
    c = challenge(anna)
    for nc in (1, 2, 3):
        assert anna.transact(signed(anna, c, nc)).code == 200


def test_replay_from_elsewhere(house, anna, phones):
    """S04: the same credential in another request is asked again, as stale."""
    c = challenge(anna)
    m = signed(anna, c, 1)
    assert anna.transact(m).code == 200
    before = house.contacts("anna")
    thief = phones(house, "anna")
    copy = Message(m.start, m.headers, m.body)
    copy.headers[0] = ("Via", thief.via("z9hG4bK" + token()))
    copy.set("Contact", f"<{thief.contact}>")
    copy.set("CSeq", f"{m.cseq + 1} REGISTER")
    r = thief.transact(copy)
    assert r.code == 401 and digest.parse(r.get("www-authenticate"))["stale"].lower() == "true"
    assert house.contacts("anna") == before
    for source in (anna, thief):        # the credential alone, in a request of their own
        again = signed(source, c, 1)
        again.set("Authorization", m.get("authorization"))
        again.set("Contact", f"<{thief.contact}>")
        r = source.transact(again)
        assert r.code == 401 and digest.parse(r.get("www-authenticate"))["stale"].lower() == "true"
    assert house.contacts("anna") == before


@pytest.mark.long
def test_past_its_life(houses, phones):
    """S04: an old nonce is asked for anew, as stale, and nothing changes; the new one is good."""
    house = houses(settings={"nonce-life": "5s"}).start()
    house.import_users(["anna"])
    anna = phones(house, "anna")
    c, nc = challenge(anna), iter(range(1, 10000))
    assert anna.transact(signed(anna, c, next(nc))).code == 200
    before = house.contacts("anna")

    def refused():
        r = anna.transact(signed(anna, c, next(nc)))
        return r if r.code == 401 else None
    r = eventually(refused, 8, 0.2)
    again = digest.parse(r.get("www-authenticate"))
    assert again["stale"].lower() == "true" and again["nonce"] != c["nonce"]
    assert house.contacts("anna") == before
    assert anna.transact(signed(anna, again)).code == 200


def test_exact_copy_gets_the_old_answer(house, anna):
    c = challenge(anna)
    m = signed(anna, c, 1)
    assert anna.transact(m).code == 200
    anna.send(m)
    r = anna.wait(lambda r: not r.is_request and r.branch == m.branch, what="the old answer")
    assert r.code == 200


def test_wrong_digest_burns_no_nonce_count(anna):
    """S05: nc is counted only after the response was verified."""
    c = challenge(anna)
    assert anna.transact(signed(anna, c, 0xffffffff, password="wrong")).code in (401, 403)
    assert anna.transact(signed(anna, c, 1)).code == 200


def test_nonce_survives_kill(house, anna):
    """S06: an honest answer to a challenge from before the crash is good; a counted one is not."""
    c = challenge(anna)
    assert anna.transact(signed(anna, c, 1)).code == 200
    before = house.pids()
    house.kill("regd", "sipd")
    house.back(before, ["regd", "sipd"])
    assert anna.transact(signed(anna, c, 1)).code == 401
    assert anna.transact(signed(anna, c, 2)).code == 200


@pytest.mark.parametrize("change", [
    {"realm": "other.test"}, {"uri": "sip:other.test"}, {"username": "bert"}, {"nonce": "00" * 16},
    {"response": "0" * 32}, {"response": "0" * 31}, {"response": ""}, {"qop": None}, {"nc": None},
    {"nc": "0000000g"}, {"cnonce": None}, {"algorithm": "SHA-256"}, {"algorithm": "MD9"}, {"qop": "auth-int"},
])
def test_mutations_do_not_pass(house, anna, change):
    """S07"""
    c = challenge(anna)
    assert anna.transact(signed(anna, c, 1, change)).code in (400, 401, 403)
    assert house.contacts("anna") == []
    assert anna.transact(signed(anna, c, 1)).code == 200


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER", "NOTIFY", "INFO", "FOO"])
def test_no_method_gets_around(house, anna, phones, method):
    """S12: the same rule for each method, unknown ones too."""
    bert = phones(house, "bert").registered()
    r = anna.transact(anna.request(method, f"sip:bert@{house.domain}"))
    assert r.code in (401, 407, 501), r
    bert.silent()


def test_stranger_may_call_in_and_not_through(house, phones):
    """A foreign caller reaches our users and nobody else."""
    bert = phones(house, "bert").registered()
    stranger = phones(house, "zoe", password="x", domain="elsewhere.test")
    call = stranger.invite(f"bert@{house.domain}", sdp.offer(house.phone_ip, 14000))
    request = bert.wait_request("INVITE")
    bert.reply(request, 486, to_tag="x")
    assert call.finish().code == 486
    call = stranger.invite("x@third.test", sdp.offer(house.phone_ip, 14000))
    assert call.finish().code in (403, 404, 407)


def establish(house, phones):
    anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
    call = anna.invite("bert", sdp.offer(house.phone_ip, 14000))
    request = bert.wait_request("INVITE")
    far = Call.from_invite(bert, request)
    bert.reply(request, 200, to_tag=far.local_tag, headers=[("Contact", f"<{bert.contact}>")],
               body=sdp.offer(house.phone_ip, 14002))
    call.established()
    bert.wait_request("ACK")
    return anna, bert, call, far


def test_tampered_route_cookie(house, phones):
    """S14: one changed octet of our Route and it routes nowhere."""
    anna, bert, call, far = establish(house, phones)
    good = call.route[0]
    uri = uri_of(good)
    signed_part = max(range(len(uri)), key=lambda i: len(uri[i:].split(";")[0].split("=")[0]))
    for i in sorted({len(uri) - 2, len(uri) // 2, signed_part}):
        if uri[i] in ";=:@.":
            i += 1
        bad = uri[:i] + ("a" if uri[i] != "a" else "b") + uri[i + 1:]
        m = call._in_dialog("INFO")
        m.set("Route", f"<{bad}>")
        m.headers.insert(2, m.headers.pop())
        anna.send(m)
        bert.silent(0.2)
    assert len(house.json("calls")) == 1
    call.send_bye()
    far.wait_bye()
    house.idle()


def test_forged_responses(house, phones):
    """S23: a response that answers nothing of ours is dropped."""
    anna, bert, call, far = establish(house, phones)
    dropped = house.figure("sipd", "stray_dropped")
    good = far.request.branch
    middle = len(good) // 2         # the last octet may hold bits that say nothing
    changed = good[:middle] + ("x" if good[middle] != "x" else "y") + good[middle + 1:]
    for branch in ("z9hG4bK" + token(), changed, ""):
        m = bert.response(far.request, 200, to_tag="forged")
        via = m.headers[0][1].replace(far.request.branch, branch)
        m.headers[0] = ("Via", via)
        bert.send(m)
    anna.silent(0.3)
    assert house.figure("sipd", "stray_dropped") >= dropped + 2
    call.send_bye()
    far.wait_bye()
    house.idle()


def test_cancel_by_a_third_party(house, phones):
    """S22"""
    anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
    call = anna.invite("bert", sdp.offer(house.phone_ip, 14000))
    request = bert.wait_request("INVITE")
    bert.reply(request, 180, to_tag="x")
    call.wait_code(180)
    other = phones(house, "carl")
    m = call.request
    r = other.transact(Message(f"CANCEL {m.uri} SIP/2.0", [
        ("Via", other.via("z9hG4bK" + token())), ("Max-Forwards", "70"), ("From", m.get("from")),
        ("To", m.get("to")), ("Call-ID", m.call_id), ("CSeq", f"{m.cseq} CANCEL")]))
    assert r.code == 481
    bert.silent()
    bert.reply(request, 486, to_tag="x")
    assert call.finish().code == 486
    house.idle()
