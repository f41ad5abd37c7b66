"""What two phones do with each other, whatever lies between them; both are played
by the story. near is who begins."""
from . import sdp
from .sip import Call


def body(phone, version=1):
    return sdp.offer(phone.wire.local[0], 14000, version)


def accept(phone, request, version=1, to_tag=None):
    phone.reply(request, 200, to_tag=to_tag, body=body(phone, version), headers=[("Contact", f"<{phone.contact}>")])


def message(near, far):
    m = near.request("MESSAGE", far.aor, headers=[("Content-Type", "text/plain")], body=b"hello")
    near.send(m)
    if near.password:               # who calls out must be somebody
        m = near.credential(m, near.wait(lambda r: r.code == 407, what="a challenge"))
        near.send(m)
    request = far.wait_request("MESSAGE")
    assert request.body == b"hello"
    far.reply(request, 200, to_tag="m")
    assert near.wait(lambda r: r.branch == m.branch, what="200 to MESSAGE").code == 200


def ring(near, far, proxies=1):
    """(call of near, call of far) once near hears it ring. Each proxy stays in the dialog."""
    call = near.invite(far.aor[4:], body(near))
    request = far.wait_request("INVITE", call_id=call.call_id)
    assert len(request.all("record-route")) >= proxies, request.all("record-route")
    other = Call.from_invite(far, request)
    other.ring()
    call.wait_code(180)
    return call, other


def reinvite(call, other, version):
    """From the side of call, answered by the other."""
    call.send_reinvite(body(call.phone, version))
    request = other.phone.wait_request("INVITE", call_id=call.call_id)
    accept(other.phone, request, version)
    call.reinvited()
    other.phone.wait_request("ACK", call_id=call.call_id)


def conversation(near, far, proxies=1):
    """Answered; each side changes its media once; the callee hangs up. Returns the INVITE as it arrived."""
    call, other = ring(near, far, proxies)
    request = other.request
    accept(far, request, to_tag=other.local_tag)
    call.established()
    far.wait_request("ACK", call_id=call.call_id)
    reinvite(call, other, 2)
    reinvite(other, call, 3)
    other.send_bye()
    call.wait_bye()
    assert far.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE").code == 200
    return request


def cancelled(near, far):
    call, other = ring(near, far)
    assert call.cancel().code == 200
    far.reply(far.wait_request("CANCEL"), 200)
    far.reply(other.request, 487, to_tag=other.local_tag)
    far.wait_request("ACK", call_id=call.call_id)
    assert call.finish().code == 487


def busy(near, far):
    call = near.invite(far.aor[4:], body(near))
    far.reply(far.wait_request("INVITE", call_id=call.call_id), 486, to_tag="busy")
    far.wait_request("ACK", call_id=call.call_id)
    assert call.finish().code == 486
