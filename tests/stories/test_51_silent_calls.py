"""Calls whose end nobody hears: no BYE comes by, and no media server is there to notice. They do not
stay in the table for ever."""
import pytest

from lib import sdp

from lib.wait import eventually
from test_45_cdr import answered, hang_up, of, one


@pytest.fixture
def house(houses):
    house = houses(settings={"media-policy": "never", "min-session-expires": "1s"}).start()
    house.import_users(["anna", "bert"])
    return house


@pytest.fixture
def pair(house, phones):
    return [phones(house, u).registered() for u in ("anna", "bert")]


def over(house, call, why, figure):
    assert len(house.json("calls")) == 1
    eventually(lambda: not house.json("calls"), 15, 0.1, "no call any more")
    record = one(house, call.call_id)
    assert (record["code"], record["ended_by"], record["media"]) == (200, why, "direct")
    assert house.figure("sipd", figure) == 1
    rows = house.json("trace", call.call_id)
    assert any(r["what"].startswith("the call is over: ") for r in rows)


def test_nothing_heard(house, pair):
    """Forgotten, also by a sipd that began later; a side that does hang up is heard as ever."""
    house.set("idle-timeout", "2s")
    call, far = answered(*pair)
    before = house.pids()
    house.kill("sipd")
    house.back(before, ["sipd"])
    over(house, call, "idle", "calls_idle")
    hang_up(call, far)
    assert len(of(house, call.call_id)) == 1


def test_longest_call(house, pair):
    house.set("call-max-time", "2s")
    call, far = answered(*pair)
    over(house, call, "limit", "calls_too_long")
    call.wait_bye()
    far.wait_bye()


def test_session_timer(house, pair):
    """RFC 4028: agreed on in the 2xx, and nobody refreshed it. A 2xx without it ends the timer."""
    anna, bert = pair
    timer = [("Session-Expires", "2;refresher=uac")]
    first, first_far = answered(anna, bert, headers=timer)
    first.send_reinvite(sdp.offer(anna.wire.local[0], 14000))
    invite = bert.wait_request("INVITE", call_id=first.call_id)
    bert.reply(invite, 200, to_tag=first_far.local_tag, body=sdp.offer(bert.wire.local[0], 14002),
               headers=[("Contact", f"<{bert.contact}>")])
    first.reinvited()
    second, _ = answered(anna, bert, headers=timer)
    assert len(house.json("calls")) == 2
    eventually(lambda: len(house.json("calls")) == 1, 15, 0.1)
    assert one(house, second.call_id)["ended_by"] == "expired"
    assert house.figure("sipd", "calls_expired") == 1
    hang_up(first, first_far)
    assert one(house, first.call_id)["ended_by"] == "caller"
