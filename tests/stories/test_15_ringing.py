"""Calls that ring survive kill -9 of sipd, and its planned restart: whoever got an
INVITE gets a CANCEL or has its answer acknowledged, and the caller hears the end."""
import time

import pytest

from lib import sdp
from lib.house import free_address
from lib.sip import Call, token
from lib.wait import eventually


class Ring:
    """A call that rings at some phones of one user."""

    def __init__(self, caller, callees):
        self.caller, self.callees = caller, callees
        self.call = caller.invite(callees[0].user, sdp.offer(caller.house.phone_ip, 14000))
        self.id = self.call.call_id
        self.far = []
        for p in callees:
            far = Call.from_invite(p, p.wait_request("INVITE", 10, self.id))
            far.ring()
            self.far.append(far)
        self.call.wait_code(180)

    def refuse(self, far, code):
        far.phone.reply(far.request, code, to_tag=far.local_tag)
        far.phone.wait_request("ACK", 10, self.id)

    def cancelled(self, *but, timeout=10):
        """All others get CANCEL, and an ACK for their 487."""
        for far in self.far:
            if far in but:
                continue
            far.phone.reply(far.phone.wait_request("CANCEL", timeout, self.id), 200)
            self.refuse(far, 487)

    # ---- what may become of it ----

    def is_answered(self):
        """The last one answers; the call is up and ends."""
        far = self.far[-1]
        far.phone.reply(far.request, 200, to_tag=far.local_tag,
                        body=sdp.offer(self.caller.house.phone_ip, 14002),
                        headers=[("Contact", f"<{far.phone.contact}>")])
        self.call.established()
        far.phone.wait_request("ACK", 10, self.id)
        self.cancelled(far)
        self.call.send_bye()
        far.wait_bye()
        return self.caller.wait(lambda m: not m.is_request and m.method == "BYE", 10).code == 200

    def is_busy(self):
        """All refuse; the best of it goes up."""
        for far, code in zip(self.far, [486] + [480] * len(self.far)):
            self.refuse(far, code)
        return self.call.finish().code == 486

    def is_declined(self):
        """One says 603 for all."""
        self.refuse(self.far[0], 603)
        self.cancelled(self.far[0])
        return self.call.finish().code == 603

    def is_cancelled(self):
        """One is busy already when the caller gives up."""
        if len(self.far) > 1:
            self.refuse(self.far[0], 486)
        assert self.call.cancel().code == 200
        self.cancelled(*self.far[:len(self.far) > 1])
        return self.call.finish().code == 487

    def is_late(self):
        """Nobody answers: timer C."""
        self.cancelled(timeout=60)
        return self.call.finish().code == 408


def restart(house, how):
    for _ in range(2 if how == "kill twice" else 1):
        before = house.pids()
        if how == "restart":
            house.sipctl("restart", "sipd")
        else:
            house.kill("sipd")
        house.back(before, ["sipd"])


@pytest.fixture
def scene(houses, phones):
    """(house, a new caller, phones of a user with one, two or three)"""
    house = houses(settings={"media-policy": "always", "authenticate": "register"}).start()
    house.import_users(["anna", "bert", "carl", "dora"])
    users = [[phones(house, user, transport=t).registered() for t in transports]
             for user, transports in (("bert", ["udp"]), ("carl", ["tcp", "udp"]),
                                      ("dora", ["udp", "tcp", "udp"]))]
    return house, lambda: phones(house, "anna"), users


@pytest.mark.parametrize("how", ["kill", "restart"])
def test_goes_on_ringing(scene, how):
    house, anna, (bert, carl, dora) = scene
    calls = [(Ring.is_answered, Ring(anna(), bert)), (Ring.is_answered, Ring(anna(), dora)),
             (Ring.is_busy, Ring(anna(), bert)), (Ring.is_busy, Ring(anna(), carl)),
             (Ring.is_declined, Ring(anna(), dora)), (Ring.is_cancelled, Ring(anna(), bert)),
             (Ring.is_cancelled, Ring(anna(), dora))]
    began = time.monotonic()
    shown = house.json("calls")
    assert [c["state"] for c in shown] == ["ringing"] * len(calls)
    restart(house, how)
    assert house.json("calls") == shown
    assert how != "restart" or time.monotonic() - began < 9, "the drain waited for phones that ring"
    assert house.figure("sipd", "ringing_revived") == len(calls)
    for outcome, call in calls:
        assert outcome(call), outcome
    house.idle(20)
    assert house.figure("sipd", "ringing") == 0


def test_further_groups_after_a_kill(houses, phones):
    """A serial fork goes on with those of lower q, once those that rang have refused or have
    had their time; a refusal from before the kill is still the best. A cancelled one ends."""
    house = houses(settings={"media-policy": "always", "authenticate": "register",
                             "fork-wait": "8s"}).start()
    house.import_users(["bert"])
    high, low = phones(house, "bert"), phones(house, "bert")
    for p, q in ((high, "1.0"), (low, "0.5")):
        p.registered(contact=f"<{p.contact}>;q={q}")
    refused, late, cancelled = (Ring(phones(house, "anna"), [high]) for _ in range(3))
    low.silent(0.1)
    restart(house, "kill")
    assert cancelled.call.cancel().code == 200
    cancelled.cancelled()
    assert cancelled.call.finish().code == 487
    refused.refuse(refused.far[0], 404)
    for ring in (refused, late):        # the second one by its time
        next_one = Call.from_invite(low, low.wait_request("INVITE", 15, ring.id))
        next_one.ring()
        ring.far.append(next_one)
    late.cancelled(late.far[1])
    refused.refuse(refused.far[1], 480)
    assert refused.call.finish().code == 404
    late.far = late.far[1:]
    assert late.is_answered()
    house.idle(20)


def test_spare_flow_after_a_kill(houses, phones):
    """RFC 5626 section 7: the other flow to that device, when the one that was tried is gone."""
    house = houses(settings={"media-policy": "never", "authenticate": "register"}).start()
    house.import_users(["bert"])
    flows = [phones(house, "bert"), phones(house, "bert")]
    for i, p in enumerate(flows, 1):
        p.registered(contact=f'<{p.contact}>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>";reg-id={i}',
                     headers=[("Supported", "path, outbound")])
    ring = Ring(phones(house, "anna"), flows[1:])       # the latest that was refreshed
    flows[0].silent(0.1)
    restart(house, "kill")
    ring.refuse(ring.far[0], 430)
    other = Call.from_invite(flows[0], flows[0].wait_request("INVITE", 10, ring.id))
    other.ring()
    ring.far = [other]
    assert ring.is_answered()
    house.idle(20)


def test_redirected_while_killed(houses, phones):
    """A 3xx is acknowledged at once, and then asked about: it does not come again."""
    house = houses(settings={"media-policy": "never", "authenticate": "register"}).start()
    house.import_users(["bert"])
    bert = phones(house, "bert").registered()
    ring = Ring(phones(house, "anna"), [bert])
    before = house.pids()
    with house.frozen("routed"):
        bert.reply(ring.far[0].request, 302, to_tag=ring.far[0].local_tag,
                   headers=[("Contact", f"<sip:carl@{house.domain}>")])
        bert.wait_request("ACK", 10, ring.id)
        house.kill("sipd")
        house.back(before, ["sipd"])
        assert ring.call.finish(10).code == 480
    house.idle(20)


def test_reinvite_after_a_kill(scene):
    """Within a dialog it is the same: cancelled, refused or accepted by the next process."""
    house, anna, (bert, carl, dora) = scene
    rings = {code: Ring(anna(), bert) for code in (487, 488, 200)}
    for ring in rings.values():
        far = ring.far[0]
        far.phone.reply(far.request, 200, to_tag=far.local_tag, body=sdp.offer(house.phone_ip, 14002),
                        headers=[("Contact", f"<{far.phone.contact}>")])
        ring.call.established()
        far.phone.wait_request("ACK", call_id=ring.id)
        ring.call.provisional = []
        ring.call.send_reinvite(sdp.offer(house.phone_ip, 14000, 2))
        far.request = far.phone.wait_request("INVITE", 10, ring.id)
        far.phone.reply(far.request, 180)
        ring.call.wait_code(180, 10)
    restart(house, "kill")
    assert house.figure("sipd", "ringing_revived") >= len(rings)
    for code, ring in rings.items():
        far = ring.far[0]
        if code == 487:
            assert ring.call.cancel().code == 200
            far.phone.reply(far.phone.wait_request("CANCEL", 10, ring.id), 200)
        far.phone.reply(far.request, code, body=sdp.offer(house.phone_ip, 14002, 2) if code == 200 else b"",
                        headers=[("Contact", f"<{far.phone.contact}>")])
        if code == 200:
            ring.call.reinvited()
        else:
            assert ring.call.finish(10).code == code
        far.phone.wait_request("ACK", 10, ring.id)
        ring.call.send_bye()
        far.wait_bye()
    house.idle(20)


def test_strangers_after_a_kill(scene, phones):
    """S22, S23: neither a CANCEL nor an answer from somewhere else."""
    house, anna, (bert, carl, dora) = scene
    ring = Ring(anna(), dora)
    restart(house, "kill")
    thief = phones(house, ip=free_address())
    c = ring.call
    cancel = thief.request("CANCEL", c.request.uri, from_tag=c.local_tag, call_id=c.call_id,
                           cseq=c.cseq, branch=c.request.branch)
    cancel.headers[0] = c.request.headers[0]
    cancel.set("To", c.request.get("to"))
    thief.send(cancel)
    thief.send(thief.response(ring.far[0].request, 603, to_tag="x"))
    thief.send(thief.response(ring.far[1].request, 200, to_tag="x"))
    eventually(lambda: house.figure("sipd", "responses_misplaced") == 2, what="both are dropped")
    for far in ring.far:
        far.phone.silent(0.1)
    assert ring.is_answered()


def test_asked_again_after_a_kill(scene):
    """The caller repeats his INVITE, a callee its refusal, as if the last ones were lost."""
    house, anna, (bert, carl, dora) = scene
    ring = Ring(anna(), carl)
    first, second = ring.far
    ring.refuse(first, 486)
    restart(house, "kill")
    # 486 comes again: it is acknowledged, and does not go up
    first.phone.send(first.phone.response(first.request, 486, to_tag=first.local_tag))
    first.phone.wait_request("ACK", call_id=ring.id)
    ring.caller.send(ring.call.request)
    ring.caller.wait(lambda m: ring.call._mine(m) and m.code == 100, what="an answer of its own")
    second.phone.silent(0.1)
    ring.refuse(second, 404)
    assert ring.call.finish().code == 486       # the first of its class is still known
    assert ring.call.final.tag("to") == first.local_tag
    house.idle(20)


def test_killed_before_it_rings(scene):
    """The question to mediad is under way when sipd is killed; the caller has a 100 and
    does not repeat himself. The INVITE comes all the same, once."""
    house, anna, (bert, carl, dora) = scene
    caller = anna()
    before = house.pids()
    call = Call(caller, f"sip:bert@{house.domain}", sdp.offer(house.phone_ip, 14000))
    call.request = caller.request("INVITE", call.target, from_tag=call.local_tag,
                                  call_id=call.call_id, body=call.body)
    with house.frozen("mediad"):
        caller.send(call.request)
        call.wait_code(100)
        house.kill("sipd")
    house.back(before, ["sipd"])
    far = Call.from_invite(bert[0], bert[0].wait_request("INVITE", 10, call.call_id))
    far.ring()
    call.wait_code(180, 10)
    bert[0].reply(far.request, 486, to_tag=far.local_tag)
    assert call.finish().code == 486
    house.idle(20)


def test_killed_before_the_100(houses, phones):
    """sipd is killed between the INVITE and the 100 that is not due yet: the next one knows
    the call, and the caller, who repeats himself, gets it from there."""
    house = houses(settings={"authenticate": "register", "trying-delay": "200ms"}).start()
    house.import_users(["anna", "bert"])
    anna, bert = phones(house, "anna"), phones(house, "bert").registered()
    call = Call(anna, f"sip:bert@{house.domain}", sdp.offer(house.phone_ip, 14000))
    call.request = anna.request("INVITE", call.target, from_tag=call.local_tag,
                                call_id=call.call_id, body=call.body)
    anna.send(call.request)
    far = Call.from_invite(bert, bert.wait_request("INVITE", 10, call.call_id))
    restart(house, "kill")
    anna.send(call.request)
    call.wait_code(100)
    bert.reply(far.request, 486, to_tag=far.local_tag)
    assert call.finish().code == 486
    house.idle(20)


@pytest.mark.long
@pytest.mark.parametrize("how", ["kill", "kill twice"])
def test_figure(houses, phones, how):
    """50 calls ring at one, two and eight phones over UDP and TCP when sipd is killed."""
    house = houses(settings={"media-policy": "always", "authenticate": "register",
                             "timer-c": "30s", "timer-t1": "400ms"}, media_ports=(20000, 22998)).start()
    users = {"bert": 1, "carl": 2, "dora": 8, "emil": 1}
    house.import_users(["anna", *users])
    far = [[phones(house, user, transport="tcp" if (i + n) % 2 else "udp").registered()
            for i in range(n)] for user, n in users.items()]
    outcomes = [Ring.is_answered, Ring.is_busy, Ring.is_declined, Ring.is_cancelled]
    calls = [(outcomes[i // 4 % 4], Ring(phones(house, "anna"), far[i % 4])) for i in range(46)]
    late = [Ring(phones(house, "anna"), far[i]) for i in (0, 1, 3, 0)]
    restart(house, how)
    failed = []
    for outcome, ring in calls + [(Ring.is_late, r) for r in late]:
        try:
            if not outcome(ring):
                failed.append((outcome.__name__, ring.id, ring.call.final))
        except AssertionError as e:
            failed.append((outcome.__name__, ring.id, e))
    total = len(calls) + len(late)
    branches = sum(len(r.far) for _, r in calls) + sum(len(r.far) for r in late)
    print(f"\n{how} -9 while {total} calls ring at {branches} phones: {total - len(failed)} "
          f"ended as they should (limit {total * 0.99:.1f})")
    assert len(failed) <= total * 0.01, failed
    house.idle(60)

def resident(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("Rss:"))


def ring_many(house, caller, callee, first, last):
    """Calls first to last from caller's socket ring at callee's; at most 100 on their way."""
    body = sdp.offer(house.phone_ip, 14000)
    sent = rung = first
    while rung < last:
        if sent < last and sent - rung < 100:
            m = caller.request("INVITE", f"sip:{callee.user}@{house.domain}", body=body,
                               call_id=f"{sent}-{token()}@{house.phone_ip}")
            caller.wire.send(m.bytes())
            sent += 1
        m = callee.wire.read(0 if sent < last and sent - rung < 100 else 5)
        if m is None:
            assert sent - rung < 100 and sent < last, f"call {rung} does not ring"
            continue
        if m.is_request and m.branch not in callee.seen:
            callee.seen.add(m.branch)
            callee.wire.send(callee.response(m, 180, to_tag="x").bytes())
            rung += 1
        while caller.wire.read(0) is not None:
            pass


@pytest.mark.long
def test_memory(houses, phones):
    """What a ringing call takes of sipd: proxy, leg, both transactions, record."""
    n, limit = 10000, 8192
    house = houses(settings={"authenticate": "register", "media-policy": "never", "processors": "1",
                             "timer-t1": "500ms", "log-level": "problems"}).start()
    house.import_users(["bert"])
    caller, callee = phones(house), phones(house, "bert").registered()
    ring_many(house, caller, callee, 0, 500)
    before = resident(house.pid("sipd"))
    ring_many(house, caller, callee, 500, 500 + n)
    each = (resident(house.pid("sipd")) - before) / n
    assert house.figure("sipd", "ringing") == 500 + n
    print(f"\na ringing call: {each:.0f} octets of sipd (limit {limit})")
    assert each <= limit
