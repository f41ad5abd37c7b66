"""Calls that ring survive kill -9 of sipd, and its planned restart."""
import threading
import pytest

from lib import sdp
from lib.sip import Call


class Ring:
    """A call that rings at some phones of bert's."""

    def __init__(self, caller, callees):
        self.caller, self.callees = caller, callees
        self.call = caller.invite(callees[0].user, sdp.offer(caller.house.phone_ip, 14000))
        self.far = []
        for p in callees:
            request = p.wait_request("INVITE", call_id=self.call.call_id)
            far = Call.from_invite(p, request)
            far.ring()
            self.far.append(far)
        self.call.wait_code(180)

    def answered(self, winner):
        """One answers, the others are cancelled; the call is up and ends."""
        far = self.far[winner]
        far.phone.reply(far.request, 200, to_tag=far.local_tag,
                        body=sdp.offer(self.caller.house.phone_ip, 14002),
                        headers=[("Contact", f"<{far.phone.contact}>")])
        self.call.established()
        far.phone.wait_request("ACK", call_id=self.call.call_id)
        self.cancelled(winner)
        self.call.send_bye()
        far.wait_bye()
        assert self.caller.wait(lambda m: not m.is_request and m.method == "BYE", 10).code == 200

    def cancelled(self, but=None):
        """All others get CANCEL, and an ACK for their 487."""
        for far in self.far:
            if but is not None and far is self.far[but]:
                continue
            p = far.phone
            p.reply(p.wait_request("CANCEL", call_id=self.call.call_id), 200)
            self.refuse(far, 487)

    def refuse(self, far, code):
        far.phone.reply(far.request, code, to_tag=far.local_tag)
        far.phone.wait_request("ACK", call_id=self.call.call_id)


@pytest.fixture
def scene(houses, phones):
    house = houses(settings={"timer-c": "10s", "media-policy": "always"}).start()
    house.import_users(["anna", "bert", "carl"])
    bert = [phones(house, "bert", transport=t).registered() for t in ("udp", "tcp", "udp")]
    carl = [phones(house, "carl", transport="tcp").registered()]
    return house, lambda: phones(house, "anna"), bert, carl


def restart(house, how):
    before = house.pids()
    if how == "kill":
        house.kill("sipd")
    elif how == "twice":
        house.kill("sipd")
        house.back(before, ["sipd"])
        before = house.pids()
        house.kill("sipd")
    else:
        house.sipctl("restart", "sipd")
    house.back(before, ["sipd"])


@pytest.mark.parametrize("how", ["kill", "twice", "restart"])
def test_goes_on_ringing(scene, how):
    house, anna, bert, carl = scene
    answered, busy, refused, cancelled = (Ring(anna(), bert) for _ in range(4))
    alone = Ring(anna(), carl)
    alone_busy = Ring(anna(), carl)
    restart(house, how)
    answered.answered(1)
    alone.answered(0)
    # one is busy, the others are cancelled by the caller
    busy.refuse(busy.far[0], 486)
    assert busy.call.cancel().code == 200
    for far in busy.far[1:]:
        far.phone.reply(far.phone.wait_request("CANCEL", call_id=busy.call.call_id), 200)
        busy.refuse(far, 487)
    assert busy.call.finish().code == 487
    # all refuse: the best goes up
    for far, code in zip(refused.far, (480, 603, 486)):
        refused.refuse(far, code)
    assert refused.call.finish().code == 603
    alone_busy.refuse(alone_busy.far[0], 486)
    assert alone_busy.call.finish().code == 486
    assert cancelled.call.cancel().code == 200
    cancelled.cancelled()
    assert cancelled.call.finish().code == 487
    house.idle(20)
    assert house.figure("sipd", "ringing") == 0
