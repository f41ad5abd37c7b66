"""Who hears whom, and whether mediad is between: every pair of places where a phone can
be, each a network namespace of its own, with NAT routers made by nftables."""
import time

import pytest

from lib import tone
from lib.baresip import Baresip
from lib.internet import internet
from lib.wait import eventually

pytestmark = pytest.mark.long

# where a phone is: whose phones it talks to without us
PLACES = {"lan": "lan", "lan2": "lan", "wan": "wan", "sym": "a", "sym2": "a", "restr": "b", "cone": "c",
          "double": "f", "alg": "d", "multi": "e", "multi2": "e", "wan6": "6"}


@pytest.fixture(scope="module")
def net():
    with internet() as n:
        yield n


@pytest.fixture(scope="module")
def routers(net):
    made = {name: net.router(f"router-{name}", kind) for name, kind in (
        ("sym", "symmetric"), ("restr", "restricted"), ("cone", "cone"), ("alg", "alg"), ("multi", "multihomed"))}
    made["double"] = net.router("router-double", "symmetric", uplink=made["restr"])
    return made


@pytest.fixture(scope="module")
def server(net):
    s = net.server()
    with s.inside():
        yield s


@pytest.fixture(scope="module")
def house(shared_houses, server, routers):
    media = [f"{server.lan}:20000-20998", f"{server.wan}:20000-20998", f"[{server.wan6}]:20000-20998"]
    house = shared_houses(transports=("udp",), settings={
        "lan-networks": "10.0.0.0/8", "media": f"[{', '.join(media)}]",
        "nat-routers": routers["alg"].outer[0], "nat-ranges": "-".join(routers["multi"].outer)}, listen=[
        f"udp:{server.lan}:5060", f"udp:{server.wan}:5060", f"udp:[{server.wan6}]:5060"]).start()
    house.import_users(PLACES)
    return house


@pytest.fixture(scope="module")
def phones(net, server, routers, house, shared_peers, tmp_path_factory):
    """One in each place, each with a tone of its own."""
    made = {}
    for i, user in enumerate(PLACES):
        router = routers.get(user.rstrip("2"))
        host = net.behind(router, user) if router else \
            net.host(user, "lan" if user.startswith("lan") else "wan", 6 if user == "wan6" else 4)
        address = server.lan if user.startswith("lan") else server.wan6 if user == "wan6" else server.wan
        made[user] = shared_peers(Baresip(house, user, tmp_path_factory.mktemp(user), 400 + 110 * i, host=host,
                                          server=address, answer="auto")).start(1200)
        made[user].hertz = 400 + 110 * i
    for phone in made.values():
        phone.registered(20)
    return made


def clear(phone):
    for f in phone.rec.glob("*.wav"):
        f.unlink()
    phone.events.clear()


def talk(house, near, far):
    """(direct or proxied, each other's tone is heard by both)."""
    clear(near)
    clear(far)
    near.dial(far.user)
    near.wait_event("CALL_ESTABLISHED", 15)
    far.wait_event("CALL_ESTABLISHED", 15)
    near.listened(1.5)
    far.listened(1.5)
    call, = house.json("calls")
    near.hangup()
    far.wait_event("CALL_CLOSED", 15)
    near.wait_event("CALL_CLOSED", 15)
    eventually(lambda: house.json("calls") == [], what="the call's end")
    shares = [tone.share(me.heard(), other.hertz, 0.5) for me, other in ((near, far), (far, near))]
    return call["media"], call["media_reason"], shares


def wanted(near, far):
    return "direct" if PLACES[near] == PLACES[far] else "proxied"


def test_matrix(house, phones):
    cells, bad = {}, []
    begun = time.time()
    for near in PLACES:
        for far in PLACES:
            if near == far:
                continue
            media, why, shares = talk(house, phones[near], phones[far])
            cells[near, far] = media
            if media != wanted(near, far) or min(shares) < 0.8:
                bad.append((near, far, media, why, shares))
    house.idle()
    print(f"\n{'from, to':>9} " + " ".join(f"{p:>8}" for p in PLACES))
    for near in PLACES:
        print(f"{near:>9} " + " ".join(f"{cells.get((near, far), '-'):>8}" for far in PLACES))
    print(f"{len(cells)} calls, both tones heard in each, {time.time() - begun:.0f} s")
    assert not bad, bad
