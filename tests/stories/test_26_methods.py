"""What phones do beside calling: transfer, DTMF by INFO, MESSAGE, and what they
do in dialogs that are not answered yet. It passes through the house as it is."""
import pytest

from lib import sdp
from lib.baresip import Baresip
from lib.linphone import Linphone
from lib.message import uri_of
from lib.sip import Call, Phone
from lib.wait import eventually


@pytest.fixture
def quiet(houses):
    house = houses(settings={"media-policy": "never"}).start()
    house.add_users("anna", "bert", "carl")
    return house


@pytest.fixture(scope="module")
def calm(shared_houses):
    """(anna, bert): played by the story, in one house."""
    house = shared_houses(settings={"media-policy": "never"}).start()
    house.add_users("anna", "bert")
    phones = [Phone(house, user).registered() for user in ("anna", "bert")]
    yield phones
    for phone in phones:
        phone.close()


def test_baresip_transfers(quiet, peers, tmp_path):
    """REFER and its NOTIFYs in the dialog; the transferred phone calls by itself."""
    anna = peers(Baresip(quiet, "anna", tmp_path)).start().registered()
    peers(Baresip(quiet, "bert", tmp_path, 880, "tcp", answer="auto")).start().registered()
    carl = peers(Baresip(quiet, "carl", tmp_path, 660, answer="auto")).start().registered()
    anna.dial("bert")
    anna.wait_event("CALL_ESTABLISHED")
    anna.command("transfer", f"sip:carl@{quiet.domain}")
    carl.wait_event("CALL_ESTABLISHED")
    anna.wait_event("CALL_CLOSED")
    eventually(lambda: len(quiet.json("calls")) == 1, what="one call is left")
    carl.hangup()
    quiet.idle()


def test_linphonec_transfers(quiet, peers, tmp_path):
    anna = peers(Linphone(quiet, "anna", tmp_path)).start().registered()
    bert = peers(Baresip(quiet, "bert", tmp_path, 880, answer="auto")).start().registered()
    carl = peers(Baresip(quiet, "carl", tmp_path, 660, answer="auto")).start().registered()
    anna.call("bert")
    bert.wait_event("CALL_ESTABLISHED", 20)
    anna.command(f"transfer sip:carl@{quiet.domain}")
    carl.wait_event("CALL_ESTABLISHED", 20)
    eventually(lambda: len(quiet.json("calls")) == 1, 20, what="one call is left")
    carl.hangup()
    quiet.idle()


def test_linphonec_sends_digits_by_info(quiet, peers, tmp_path):
    anna = Linphone(quiet, "anna", tmp_path)
    anna.configure("sip", use_info=1, use_rfc2833=0)
    peers(anna).start().registered()
    bert = peers(Baresip(quiet, "bert", tmp_path, 880, answer="auto")).start().registered()
    anna.call("bert")
    bert.wait_event("CALL_ESTABLISHED", 20)
    for digit in "17":
        anna.command(digit)
        bert.wait_event("CALL_DTMF_START", param=digit)
    anna.terminate()
    bert.wait_event("CALL_CLOSED")


def test_linphonec_sends_a_message(quiet, peers, tmp_path):
    anna = peers(Linphone(quiet, "anna", tmp_path)).start().registered()
    bert = peers(Baresip(quiet, "bert", tmp_path)).start().registered()
    anna.command(f"chat sip:bert@{quiet.domain} Good morning")
    eventually(lambda: "Good morning" in bert.said(), what="the message at bert's")


def asked(caller, callee, m, **answer):
    """callee gets m, whose answer caller gets."""
    caller.send(m)
    request = callee.wait_request(m.method, call_id=m.call_id)
    callee.reply(request, 200, **answer)
    assert caller.wait(lambda r: r.branch == m.branch and r.method == m.method, what=f"200 to {m}").code == 200
    return request


def test_before_the_answer(quiet, phones):
    """RFC 3262 and 3311: PRACK and UPDATE, of either side, while it rings."""
    anna, bert = (phones(quiet, u).registered() for u in ("anna", "bert"))
    call = anna.invite("bert", sdp.offer(anna.wire.local[0], 14000), headers=[("Supported", "100rel")])
    request = bert.wait_request("INVITE")
    assert request.get("supported") == "100rel"
    far = Call.from_invite(bert, request)
    bert.reply(request, 183, to_tag=far.local_tag, body=sdp.offer(bert.wire.local[0], 14002),
               headers=[("Contact", f"<{bert.contact}>"), ("Require", "100rel"), ("RSeq", "17")])
    r = call.wait_code(183)
    assert (r.get("require"), r.get("rseq")) == ("100rel", "17")
    call.remote_tag, call.target, call.route = r.tag("to"), uri_of(r.get("contact")), r.all("record-route")[::-1]
    prack = asked(anna, bert, call._in_dialog("PRACK", headers=[("RAck", f"17 {call.cseq} INVITE")]))
    assert prack.get("rack") == f"17 {call.request.cseq} INVITE" and prack.uri == bert.contact
    for side, other in ((call, bert), (far, anna)):
        body = sdp.offer(side.phone.wire.local[0], 15000, 2)
        assert asked(side.phone, other, side._in_dialog("UPDATE", body)).body == body.encode()
    bert.reply(request, 200, to_tag=far.local_tag, headers=[("Contact", f"<{bert.contact}>")])
    call.established()
    bert.wait_request("ACK")
    call.send_bye()
    far.wait_bye()
    quiet.idle()


@pytest.mark.parametrize("method, headers, body", [
    ("PUBLISH", [("Event", "presence"), ("Expires", "60"), ("Content-Type", "application/pidf+xml")], b"<presence/>"),
    ("SUBSCRIBE", [("Event", "presence"), ("Expires", "60"), ("Accept", "application/pidf+xml")], b""),
    ("NOTIFY", [("Event", "message-summary"), ("Subscription-State", "active"),
                ("Content-Type", "application/simple-message-summary")], b"Messages-Waiting: yes\r\n"),
    ("REFER", [("Refer-To", "<sip:carl@elsewhere.test?Replaces=a%40b%3Bto-tag%3D1>")], b""),
    ("INFO", [("Info-Package", "nil"), ("Content-Type", "text/plain")], b"x")], ids=lambda v: v if type(v) is str else "")
def test_outside_dialogs(calm, method, headers, body):
    """With a credential they reach the callee, headers and body untouched."""
    anna, bert = calm
    m = anna.request(method, bert.aor, headers=headers, body=body)
    anna.send(m)
    m = anna.credential(m, anna.wait(lambda r: r.code == 407, what="a challenge"))
    request = asked(anna, bert, m, to_tag="b")
    assert request.body == body
    for name, value in headers:
        assert request.get(name) == value
    assert request.get("proxy-authorization") is None
    assert (request.get("record-route") is None) == (method in ("PUBLISH", "INFO")), "what begins no dialog"
