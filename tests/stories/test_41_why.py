"""sipctl why: each of these calls fails or is bad in its own way, and the cause is named."""
import itertools
import os
import re
import signal
import socket
import struct

import pytest

from lib import sdp
from lib.house import free_address
from lib.sip import Call, Phone
from lib.wait import eventually


@pytest.fixture(scope="module")
def world(shared_houses):
    """anna calls; bert answers as he is told; dora is deaf, eve has left, carl never came."""
    w = shared_houses(settings={"timer-b": "1s", "media-policy": "never", "dns-servers": "127.0.0.9",
                                "dns-timeout": "200ms", "blacklist-interval": "0"}).start()
    w.import_users(["anna", "bert", "carl", "dora", "eve"])
    carrier = free_address()
    for name in ("off", "down"):
        w.sipctl("gw", "add", name, "--domain", f"{name}.test", "--via", f"sip:{carrier}:5060")
    w.sipctl("gw", "disable", "off")
    w.anna, w.bert, w.dora = (Phone(w, u).registered() for u in ("anna", "bert", "dora"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((w.phone_ip, 0))
        nobody = s.getsockname()[1]
    Phone(w, "eve").registered(contact=f"sip:eve@{w.phone_ip}:{nobody}")
    yield w
    for phone in (w.anna, w.bert, w.dora):
        phone.close()


def offer(phone, ip=None, profile="RTP/AVP", padding=0):
    body = sdp.offer(ip or phone.wire.local[0], 14000).replace("RTP/AVP", profile)
    return body + f"a=note:{padding * 'x'}\r\n" if padding else body


def called(w, target="bert", **how):
    call = w.anna.invite(target, offer(w.anna, **how))
    return call, w.bert.wait_request("INVITE", call_id=call.call_id)


def refused(w, code, headers=(), ring=False, **how):
    """bert answers so."""
    call, invite = called(w, **how)
    if ring:
        w.bert.reply(invite, 180, to_tag="b")
        call.wait_code(180)
    w.bert.reply(invite, code, to_tag="b", headers=headers)
    call.finish()
    return call.call_id


def answered(w, ip=None):
    call, invite = called(w, ip=ip)
    far = Call.from_invite(w.bert, invite)
    w.bert.reply(invite, 200, to_tag=far.local_tag, body=offer(w.bert),
                 headers=[("Contact", f"<{w.bert.contact}>")])
    call.established()
    w.bert.wait_request("ACK", call_id=call.call_id)
    return call, far


def failed(w, target, **how):
    call = w.anna.invite(target, offer(w.anna, **how))
    assert call.finish().code >= 400
    return call.call_id


def wrong_password(w):
    call = w.anna.invite("bert", offer(w.anna), password="not it")
    call.finish()
    return call.call_id


def challenge_unanswered(w):
    m = w.anna.request("INVITE", f"sip:bert@{w.domain}")
    w.anna.ack_failure(m, w.anna.transact(m))
    return m.call_id


def loop(w):
    m = w.anna.request("INVITE", f"sip:bert@{w.domain}")
    m.set("Max-Forwards", "0")
    r = w.anna.transact(m)
    w.anna.ack_failure(m, r)
    assert r.code == 483
    return m.call_id


def caller_gave_up(w):
    call, invite = called(w)
    w.bert.reply(invite, 180, to_tag="b")
    call.wait_code(180)
    call.cancel()
    w.bert.reply(w.bert.wait_request("CANCEL", call_id=call.call_id), 200)
    w.bert.reply(invite, 487, to_tag="b")
    call.finish()
    return call.call_id


def ack_missing(w):
    call, invite = called(w)
    answer = w.bert.reply(invite, 200, to_tag="b", body=offer(w.bert),
                          headers=[("Contact", f"<{w.bert.contact}>")])
    call.wait_code(200)
    for _ in range(3):
        w.bert.send(answer, invite.source)
        w.anna.wait(lambda m: not m.is_request and m.code == 200 and m.call_id == call.call_id, what="200 again")
    return call.call_id


def ack_lost(w):
    call, invite = called(w)
    answer = w.bert.reply(invite, 200, to_tag="b", body=offer(w.bert),
                          headers=[("Contact", f"<{w.bert.contact}>")])
    call.established()
    w.anna.calls.remove(call)       # it answers repeated ones here
    for _ in range(4):
        w.bert.wait_request("ACK", call_id=call.call_id)
        w.bert.send(answer, invite.source)
        w.anna.wait(lambda m: not m.is_request and m.code == 200 and m.call_id == call.call_id, what="200 again")
        call._ack(call.final)
    return call.call_id


def ended(w, code=200, headers=(), ip=None):
    call, _ = answered(w, ip)
    w.anna.send(call._in_dialog("BYE", headers=headers))
    if code:
        w.bert.reply(w.bert.wait_request("BYE", call_id=call.call_id), code)
        w.anna.wait(lambda m: not m.is_request and m.method == "BYE" and m.call_id == call.call_id,
                    what="answer to BYE")
    else:
        eventually(lambda: "timer F" in w.sipctl("trace", call.call_id).stdout, what="timer F of the BYE")
    return call.call_id


def change_refused(w):
    call, _ = answered(w)
    call.send_reinvite(offer(w.anna))
    w.bert.reply(w.bert.wait_request("INVITE", call_id=call.call_id), 488)
    call.finish()
    return call.call_id


def daemon_silent(w):
    routed = w.pids()["routed"]
    os.kill(routed, signal.SIGSTOP)
    try:
        return failed(w, "yves")        # of whom no decision is leased
    finally:
        os.kill(routed, signal.SIGCONT)


# ---- of calls whose sound goes through mediad ----

@pytest.fixture(scope="module")
def sounding(shared_houses):
    w = shared_houses(settings={"media-policy": "always", "media-one-way-timeout": "500ms",
                                "media-setup-timeout": "2s", "media-timeout": "2s"}).start()
    w.import_users(["anna", "bert"])
    w.anna, w.bert = (Phone(w, u).registered() for u in ("anna", "bert"))
    yield w
    for phone in (w.anna, w.bert):
        phone.close()


def heard(w, *ends):
    """A call with media; ends: of which sockets, the caller's and the callee's, something comes.
    Returns (call, sockets, where each sends to)."""
    sockets = []
    for _ in range(2):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((w.phone_ip, 0))
        sockets.append(s)
    call = w.anna.invite("bert", sdp.offer(*sockets[0].getsockname()))
    invite = w.bert.wait_request("INVITE", call_id=call.call_id)
    far = Call.from_invite(w.bert, invite)
    w.bert.reply(invite, 200, to_tag=far.local_tag, body=sdp.offer(*sockets[1].getsockname()),
                 headers=[("Contact", f"<{w.bert.contact}>")])
    call.established()
    w.bert.wait_request("ACK", call_id=call.call_id)
    return call, sockets, (sdp.audio(call.final.body), sdp.audio(invite.body))


def speak(sock, to, numbers):
    for n in numbers:
        sock.sendto(struct.pack("!BBHII", 0x80, 0, n, n * 160, 77) + bytes(160), to)


def hang_up(w, call):
    w.anna.send(call._in_dialog("BYE"))
    w.bert.reply(w.bert.wait_request("BYE", call_id=call.call_id), 200)
    eventually(lambda: not w.json("media"), what="the session's end")


def one_way(w):
    call, sockets, to = heard(w)
    count = itertools.count()

    def going_on():
        speak(sockets[0], to[0], [next(count)])
        return w.figure("mediad", "media_one_way")
    eventually(going_on, what="one-way sound")
    hang_up(w, call)
    return call.call_id


def packets_lost(w):
    call, sockets, to = heard(w)
    for s, t, numbers in zip(sockets, to, (range(100), [n for n in range(100) if n % 5])):
        speak(s, t, numbers)
    eventually(lambda: w.json("media")[0]["packets"] >= 150, what="all packets")
    hang_up(w, call)
    return call.call_id


def no_sound(w):
    call, _, _ = heard(w)
    eventually(lambda: not w.json("media"), what="mediad gives up")
    return call.call_id


SOUNDS = {"one-way": one_way, "packets-lost": packets_lost, "no-sound": no_sound}


@pytest.mark.parametrize("cause", SOUNDS)
def test_sound(sounding, cause):
    told(sounding, cause, SOUNDS[cause](sounding))


FAULTS = {
    "wrong-password": wrong_password,
    "challenge-unanswered": challenge_unanswered,
    "loop": loop,
    "not-registered": lambda w: failed(w, "carl"),
    "no-such-address": lambda w: failed(w, "zoe"),
    "name-unknown": lambda w: failed(w, "zoe@nowhere.test"),
    "gateway-unused": lambda w: failed(w, "+15550100@off.sipgw"),
    "nothing-listens": lambda w: failed(w, "eve"),
    "peer-silent": lambda w: failed(w, "dora"),
    "too-big-for-udp": lambda w: failed(w, "dora", padding=2000),
    "nobody-answers": lambda w: refused(w, 408, ring=True),
    "caller-gave-up": caller_gave_up,
    "busy": lambda w: refused(w, 486),
    "declined": lambda w: refused(w, 603),
    "srtp-mismatch": lambda w: refused(w, 488, profile="RTP/SAVP"),
    "no-common-codec": lambda w: refused(w, 488),
    "bad-extension": lambda w: refused(w, 420, [("Unsupported", "timer2")]),
    "bad-body": lambda w: refused(w, 415),
    "peer-challenges": lambda w: refused(w, 407, [("Proxy-Authenticate", 'Digest realm="x", nonce="y"')]),
    "peer-overloaded": lambda w: refused(w, 503, [("Retry-After", "7")]),
    "peer-refused": lambda w: refused(w, 410),
    "ack-missing": ack_missing,
    "ack-lost": ack_lost,
    "dialog-unknown": lambda w: ended(w, 481),
    "change-refused": change_refused,
    "bye-unanswered": lambda w: ended(w, 0),
    "private-media": lambda w: ended(w, ip="10.1.4.20"),
    "ended-with-reason": lambda w: ended(w, headers=[("Reason", 'Q.850;cause=16;text="Terminated"')]),
    "none": lambda w: ended(w),
    "daemon-silent": daemon_silent,
}


@pytest.mark.parametrize("cause", FAULTS)
def test_cause(world, cause):
    told(world, cause, FAULTS[cause](world))


@pytest.mark.parametrize("name, sentence, command", [
    ("off", "No gateway takes it: off: disabled.", "sipctl gw list"),
    ("nobody", "No gateway takes it: none is called nobody.", "sipctl gw list"),
    ("down", "down at udp:<>:5060 could not be reached: Connection refused.", "sipctl gw show down")])
def test_gateways(world, name, sentence, command):
    r = world.json("why", failed(world, f"+15550100@{name}.sipgw"), check=1)
    assert re.sub(r"127[\d.]+", "<>", r["sentence"]) == sentence and r["command"] == command


def told(world, cause, call_id):
    r = world.sipctl("why", call_id, "-o", "json", check=False)
    assert f'"cause": "{cause}"' in r.stdout, r.stdout + world.sipctl("trace", call_id).stdout
    assert r.returncode == (0 if cause == "none" else 1)
    shown = world.sipctl("why", call_id, check=False).stdout.splitlines()
    assert 1 <= len(shown) <= 2 and shown[0].endswith(".")
    if cause not in ("none", "busy", "declined", "ended-with-reason", "caller-gave-up"):
        assert shown[1].startswith("Try: sipctl ")
