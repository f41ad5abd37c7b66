"""Decisions that are kept: most calls ask nobody, and none follows a decision that no
longer holds, whatever changes (DESIGN.md 2)."""
import random

import pytest

from lib.wait import eventually

NAMES = 12


@pytest.fixture
def home(houses):
    house = houses(settings={"media-policy": "never", "authenticate": "none"}).start()
    house.import_users(["anna", "bert", "carl", "dora"])
    return house


@pytest.fixture
def callees(home, phones):
    return {name: phones(home, name).registered() for name in ("anna", "bert", "carl", "dora")}


def reach(caller, callees, target):
    """Who gets a MESSAGE for target, or the code of its refusal."""
    m = caller.request("MESSAGE", f"sip:{target}", headers=[("Content-Type", "text/plain")], body=b"x")
    caller.wire.send(m.bytes())

    def look():
        for name, phone in callees.items():
            while (got := phone.wire.read(0)) is not None:
                if got.is_request and got.call_id == m.call_id:
                    phone.send(phone.response(got, 200, to_tag="t"), got.source)
                    look.reached = name
        got = caller.wire.read(0.01)
        return got if got is not None and not got.is_request and got.branch == m.branch and got.code >= 200 else None
    look.reached = None
    r = eventually(look, 5, 0, f"an answer for {target}")
    return look.reached if r.code == 200 else r.code


class Change:
    """Waits until sipd has heard what a change makes it forget."""

    def __init__(self, house):
        self.house = house

    def __enter__(self):
        self.before = self.house.figure("sipd", "forgets")

    def __exit__(self, *failed):
        if not any(failed):
            eventually(lambda: self.house.figure("sipd", "forgets") > self.before, 5, 0.01, "a FORGET")


def test_asked_once(home, phones, callees):
    caller = phones(home)
    for _ in range(2):              # what is asked for once is not kept
        reach(caller, callees, f"anna@{home.domain}")
    asked, hits = home.figure("routed", "routes"), home.figure("sipd", "lease_hits")
    for _ in range(20):
        assert reach(caller, callees, f"anna@{home.domain}") == "anna"
    # A decision belongs to the worker that asked for it; there are two.
    assert home.figure("routed", "routes") - asked <= 2
    assert home.figure("sipd", "lease_hits") - hits >= 18
    home.set("leases", "off")
    asked = home.figure("routed", "routes")
    for _ in range(5):
        reach(caller, callees, f"anna@{home.domain}")
    assert home.figure("routed", "routes") - asked == 5


def test_each_kind_of_change(home, phones, callees):
    """Un-registered, registered elsewhere, alias moved, record changed, account gone,
    routed killed."""
    caller, anna = phones(home), f"anna@{home.domain}"
    home.sipctl("alias", "add", "desk", "anna")
    for target in 4 * (anna, f"desk@{home.domain}"):
        assert reach(caller, callees, target) == "anna"
    callees["anna"].register(expires=0)
    assert reach(caller, callees, anna) == 480
    callees["anna"] = phones(home, "anna").registered()         # another socket
    assert reach(caller, callees, anna) == "anna"
    with Change(home):
        home.sipctl("alias", "set", "desk", "bert")
    assert reach(caller, callees, f"desk@{home.domain}") == "bert"
    (home.etc / "routes.conf").write_text("<desk> = carl\n")
    with Change(home):
        home.sipctl("config", "apply")
    for _ in range(4):
        assert reach(caller, callees, f"desk@{home.domain}") == "carl"
    before = home.pids()
    home.kill("routed")
    # The decision is kept meanwhile, and asked for anew when there is a new router.
    assert reach(caller, callees, f"desk@{home.domain}") == "carl"
    home.back(before, ["routed"])
    with Change(home):
        home.sipctl("user", "del", "carl")
    assert reach(caller, callees, f"desk@{home.domain}") == 404


def changes(home, phones, callees, n):
    """n random changes of names; after each, calls are compared with what must be."""
    caller, people = phones(home), list(callees)
    model, dice = {}, random.Random(4711)
    calls = 0
    for _ in range(n):
        name = f"n{dice.randrange(NAMES)}"
        if name not in model:
            model[name] = dice.choice(people)
            with Change(home):
                home.sipctl("alias", "add", name, model[name])
        elif dice.random() < 0.3:
            del model[name]
            with Change(home):
                home.sipctl("alias", "del", name)
        else:
            model[name] = dice.choice(people + [x for x in model if x != name and model[x] != name])
            with Change(home):
                home.sipctl("alias", "set", name, model[name])
        for asked in [name] + dice.sample([f"n{i}" for i in range(NAMES)], 3):
            want, seen = asked, set()
            while want in model and want not in seen:
                seen.add(want)
                want = model[want]
            want = 482 if want in seen else want if want in people else 404
            for _ in range(2):
                assert reach(caller, callees, f"{asked}@{home.domain}") == want, (asked, model)
                calls += 1
    hits, misses = home.figure("sipd", "lease_hits"), home.figure("sipd", "lease_misses")
    print(f"{n} changes, {calls} requests: {hits} by leases, {misses} asked for")
    assert hits > 0


def test_random_changes(home, phones, callees):
    changes(home, phones, callees, 40)


@pytest.mark.long
def test_thousand_random_changes(home, phones, callees):
    changes(home, phones, callees, 1000)
