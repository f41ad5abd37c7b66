"""What can happen to a REGISTER and to a call, with the codes on the wire."""
import pytest

from lib import sdp
from lib.message import params_of, uri_of
from lib.sip import Call
from lib.wait import eventually


@pytest.fixture
def anna(house, phones):
    return phones(house, "anna").registered()


@pytest.fixture
def bert(house, phones):
    return phones(house, "bert").registered()


def offer(phone):
    return sdp.offer(phone.wire.local[0], 14000)


def ring(caller, callee):
    """(caller's Call, callee's INVITE) once the caller hears it ring."""
    call = caller.invite(callee.user, offer(caller))
    request = callee.wait_request("INVITE")
    far = Call.from_invite(callee, request)
    far.ring()
    call.wait_code(180)
    return call, far


def talk(caller, callee):
    call, far = ring(caller, callee)
    r = callee.reply(far.request, 200, to_tag=far.local_tag, body=offer(callee),
                     headers=[("Contact", f"<{callee.contact}>")])
    call.established()
    callee.wait_request("ACK", call_id=far.call_id)
    assert r
    return call, far


def hang_up(call, far):
    call.send_bye()
    far.wait_bye()
    r = call.phone.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE")
    assert r.code == 200


def test_answered_and_ended(house, anna, bert):
    call, far = talk(anna, bert)
    assert far.request.get("record-route") is not None
    assert len(house.json("calls")) == 1
    hang_up(call, far)
    house.idle()


def test_callee_ends(house, anna, bert):
    call, far = talk(anna, bert)
    hang_up(far, call)
    house.idle()


def test_contact_on_another_port(house, anna, phones):
    """What registers and what listens may be two sockets."""
    listener = phones(house, "bert")
    phones(house, "bert").registered(contact=f"<{listener.contact}>")
    call = anna.invite("bert", offer(anna))
    request = listener.wait_request("INVITE")
    listener.reply(request, 486, to_tag="x")
    assert call.finish().code == 486
    house.idle()


def gone(phones, house, user):
    """Registers a phone whose port is closed by now."""
    phone = phones(house, user).registered()
    phone.wire.close()


def test_phone_that_has_gone(house, anna, phones):
    """The network says at once that nobody listens there (RFC 3261 section 18.4): no half minute of repetitions."""
    gone(phones, house, "bert")
    again = house.figure("sipd", "retransmissions_out")
    assert anna.invite("bert", offer(anna)).finish(timeout=3).code in (500, 503)
    assert house.figure("sipd", "retransmissions_out") == again
    house.idle()


def test_one_phone_has_gone(house, anna, phones):
    """The other one rings and answers."""
    gone(phones, house, "bert")
    bert = phones(house, "bert").registered()
    call, far = talk(anna, bert)
    hang_up(call, far)
    house.idle()


def test_hundred_at_once(anna, bert):
    call = anna.invite("bert", offer(anna))
    bert.wait_request("INVITE")
    assert [r.code for r in call.provisional] == [100]
    call.cancel()


def test_busy(house, anna, bert):
    call = anna.invite("bert", offer(anna))
    request = bert.wait_request("INVITE")
    bert.reply(request, 486, to_tag="busy")
    bert.wait_request("ACK")
    assert call.finish().code == 486
    house.idle()


def test_cancel_before_answer(house, anna, bert):
    call, far = ring(anna, bert)
    assert call.cancel().code == 200
    cancel = bert.wait_request("CANCEL")
    assert cancel.branch == far.request.branch
    bert.reply(cancel, 200)
    bert.reply(far.request, 487, to_tag=far.local_tag)
    bert.wait_request("ACK")
    assert call.finish().code == 487
    house.idle()


def test_no_response_at_all(houses, phones):
    house = houses(settings={"timer-b": "1s"}).start()
    house.add_users("anna", "bert")
    anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
    call = anna.invite("bert", offer(anna))
    assert call.finish(10).code in (408, 480)
    bert.wait_request("INVITE")
    house.idle()


def test_rings_too_long(houses, phones):
    house = houses(settings={"timer-c": "10s"}).start()
    house.add_users("anna", "bert")
    anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
    call, far = ring(anna, bert)
    cancel = bert.wait_request("CANCEL", 20)
    bert.reply(cancel, 200)
    bert.reply(far.request, 487, to_tag=far.local_tag)
    assert call.finish(10).code in (408, 480, 487)
    house.idle()


def test_unknown_user(house, anna):
    assert anna.invite("nobody-here", offer(anna)).finish().code == 404
    house.idle()


def test_known_but_not_registered(house, anna):
    assert anna.invite("carl", offer(anna)).finish().code == 480
    house.idle()


def test_foreign_domain_is_not_relayed(house, anna, phones):
    stranger = phones(house, "mallory", password="x", domain="elsewhere.test")
    call = stranger.invite("somebody@foreign.test", offer(stranger))
    assert call.finish().code in (403, 404, 407)
    house.idle()


def test_wrong_password_registers_nothing(house, phones):
    phone = phones(house, "anna", password="wrong")
    assert phone.register().code in (401, 403)
    assert house.contacts("anna") == []


def test_unknown_account_looks_the_same(house, phones):
    """S01: the challenge and the refusal tell nobody who exists."""
    def refusal(user):
        phone = phones(house, user, password="wrong")
        code = phone.register().code
        said = [(m.code, sorted(n.lower() for n, _ in m.headers)) for way, m in phone.log if way == "<"]
        return code, said
    assert refusal("anna") == refusal("nobody-here")


def test_wrong_password_calls_nobody(house, phones, bert):
    phone = phones(house, "anna", password="wrong")
    call = phone.invite("bert", offer(phone))
    assert call.finish().code in (401, 403, 407)
    bert.silent()
    house.idle()


def test_two_contacts_one_answers(house, anna, phones):
    one, two = phones(house, "bert").registered(), phones(house, "bert", transport="tcp").registered()
    assert house.contacts("bert") == sorted([one.contact, two.contact])
    call = anna.invite("bert", offer(anna))
    far_one = Call.from_invite(one, one.wait_request("INVITE"))
    far_two = Call.from_invite(two, two.wait_request("INVITE"))
    assert far_one.request.branch != far_two.request.branch
    far_one.ring()
    far_two.ring()
    call.wait_code(180)
    two.reply(far_two.request, 200, to_tag=far_two.local_tag, body=offer(two),
              headers=[("Contact", f"<{two.contact}>")])
    call.established()
    two.wait_request("ACK", call_id=far_two.call_id)
    cancel = one.wait_request("CANCEL")
    one.reply(cancel, 200)
    one.reply(far_one.request, 487, to_tag=far_one.local_tag)
    one.wait_request("ACK")
    hang_up(call, far_two)
    house.idle()


def test_two_contacts_best_response(house, anna, phones):
    """486 and 480: a busy phone says more than an absent one; 6xx ends all."""
    one, two = phones(house, "bert").registered(), phones(house, "bert").registered()
    call = anna.invite("bert", offer(anna))
    a, b = one.wait_request("INVITE"), two.wait_request("INVITE")
    one.reply(a, 503, to_tag="a")
    two.reply(b, 486, to_tag="b")
    assert call.finish().code == 486
    call = anna.invite("bert", offer(anna))
    a, b = one.wait_request("INVITE"), two.wait_request("INVITE")
    one.reply(a, 180, to_tag="a")
    two.reply(b, 603, to_tag="b")
    one.reply(one.wait_request("CANCEL"), 200)
    one.reply(a, 487, to_tag="a")
    assert call.finish().code == 603
    house.idle()


def test_same_contact_again(house, anna):
    r = anna.register(expires=200)
    assert r.code == 200
    assert [uri_of(c) for c in r.all("contact")] == [anna.contact]
    assert 190 <= int(params_of(r.all("contact")[0])["expires"]) <= 200
    assert house.contacts("anna") == [anna.contact]


def test_unregister(house, anna, bert):
    r = bert.register(expires=0)
    assert r.code == 200 and r.all("contact") == []
    assert house.contacts("bert") == []
    assert anna.invite("bert", offer(anna)).finish().code == 480
    house.idle()


def test_unregister_all(house, phones):
    one, two = phones(house, "bert").registered(), phones(house, "bert").registered()
    assert len(house.contacts("bert")) == 2
    r = one.register(contact="*", expires=0)
    assert r.code == 200 and r.all("contact") == []
    assert house.contacts("bert") == []
    # RFC 3261 10.2.2: the star only with expires 0
    assert two.register(contact="*", expires=60).code == 400


def test_query_changes_nothing(house, anna):
    r = anna.register(contact="", expires=None)
    assert r.code == 200
    assert [uri_of(c) for c in r.all("contact")] == [anna.contact]


def test_older_cseq_changes_nothing(house, anna):
    r = anna.register(cseq=anna.register_cseq - 1, expires=0)
    assert r.code >= 400
    assert house.contacts("anna") == [anna.contact]


def test_expiry_bounds(house, phones):
    phone = phones(house, "anna")
    r = phone.register(expires=5)
    assert r.code == 423 and int(r.get("min-expires")) == 60
    r = phone.register(expires=10_000_000)
    assert r.code == 200
    assert int(params_of(r.all("contact")[0])["expires"]) == 86400
    r = phone.register(expires=None)
    assert int(params_of(r.all("contact")[0])["expires"]) == 3600


def test_expired_binding_is_gone(houses, phones):
    house = houses(settings={"min-expires": "1s"}).start()
    house.add_user("bert")
    phones(house, "bert").registered(expires=1)
    eventually(lambda: house.contacts("bert") == [], 10, what="expired")


def test_too_many_contacts(houses, phones):
    house = houses(settings={"max-contacts": "2"}).start()
    house.add_user("anna")
    for _ in range(2):
        phones(house, "anna").registered()
    assert phones(house, "anna").register().code == 403
    assert len(house.contacts("anna")) == 2


def test_another_users_address(house, phones):
    """S10: a good credential of anna's cannot change bert's contacts."""
    anna = phones(house, "anna")
    bert_aor = f"sip:bert@{house.domain}"
    m = anna.request("REGISTER", f"sip:{house.domain}", to=bert_aor, from_uri=bert_aor)
    _, r = anna.ask(m)
    assert r.code == 403
    assert house.contacts("bert") == []


def test_retransmitted_invite_is_absorbed(house, anna, bert):
    call, far = ring(anna, bert)
    anna.wire.send(call.request.bytes())
    assert call.wait_code(180).code == 180
    bert.silent()
    assert call.cancel().code == 200
    bert.reply(bert.wait_request("CANCEL"), 200)
    bert.reply(far.request, 487, to_tag=far.local_tag)
    assert call.finish().code == 487
    house.idle()


def test_headers_arrive_unchanged(anna, bert):
    """Row 17: what we do not know is forwarded byte for byte and in order."""
    strange = [("X-Odd", '  "quoted \\" text"  ;a=b;;c'), ("x-odd", "second"), ("Subject", "caf\u00e9"),
               ("P-Unknown", "a,b , c")]
    call = anna.invite("bert", offer(anna), headers=strange)
    got = bert.wait_request("INVITE")
    assert [(n, v.strip()) for n, v in got.headers if n in ("X-Odd", "x-odd", "Subject", "P-Unknown")] == \
        [(n, v.strip()) for n, v in strange]
    assert got.get("max-forwards") == "69"
    call.cancel()


def test_max_forwards_zero(house, anna, bert):
    m = anna.request("INVITE", f"sip:bert@{house.domain}", body=offer(anna))
    m.set("Max-Forwards", "0")
    r = anna.transact(m)
    assert r.code == 483
    anna.ack_failure(m, r)
    bert.silent()


def test_unknown_method_in_dialog(anna, bert):
    """INFO and methods that nobody knows pass within a call."""
    call, far = talk(anna, bert)
    for method in ("INFO", "FROBNICATE"):
        m = call._in_dialog(method)
        anna.send(m)
        bert.reply(bert.wait_request(method), 200)
        assert anna.wait(lambda r, want=method: not r.is_request and r.method == want).code == 200
    hang_up(call, far)


def test_bye_without_call(house, anna, bert):
    """A BYE without our Route: nobody's dialog, not a way around admission."""
    m = anna.request("BYE", f"sip:bert@{house.domain}", to_tag="gone")
    assert anna.transact(m).code in (401, 403, 404, 407, 481)
    bert.silent()


def test_options_to_the_house(house, phones):
    stranger = phones(house, "mallory", domain="elsewhere.test")
    for uri in (f"sip:{house.domain}", f"sip:{house.ip}:{house.port}"):
        assert stranger.transact(stranger.request("OPTIONS", uri)).code == 200
