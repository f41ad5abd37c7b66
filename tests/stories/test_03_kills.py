"""kill -9 of each daemon, of the keeper, of all at once: no established call and
no acknowledged registration is lost, and nothing removed comes back."""
import time

import pytest

from lib import digest, sdp
from lib.house import DAEMONS, alive
from lib.load import Registering
from lib.message import Message, uri_of
from lib.rtp import Player
from lib.sip import Call, NoAnswer, token
from lib.wait import eventually


class Talk:
    """An established call with sound both ways, through mediad."""

    def __init__(self, player, caller, callee):
        ip = caller.house.phone_ip
        self.caller, self.callee = caller, callee
        self.near, self.far = player.port(ip), player.port(ip)
        self.version = 1
        self.call = caller.invite(callee.user, sdp.offer(ip, self.near.local[1]))
        request = callee.wait_request("INVITE")
        self.far.to = sdp.audio(request.body)
        self.answer = Call.from_invite(callee, request)
        callee.reply(request, 200, to_tag=self.answer.local_tag,
                     headers=[("Contact", f"<{callee.contact}>")],
                     body=sdp.offer(ip, self.far.local[1]))
        self.call.established()
        callee.wait_request("ACK", call_id=request.call_id)
        self.near.to = sdp.audio(self.call.final.body)
        low, high = caller.house.media_ports
        for address, port in (self.near.to, self.far.to):
            assert address == caller.house.ip and low <= port <= high and port % 2 == 0
        assert uri_of(request.all("record-route")[0]).startswith("sip:")

    def both_hear(self, since):
        return all(p.heard and p.heard[-1][0] > since for p in (self.near, self.far))

    def reinvite(self):
        """A re-INVITE with SDP: answered, on the same ports of mediad."""
        self.version += 1
        ip = self.caller.house.phone_ip
        self.call.send_reinvite(sdp.offer(ip, self.near.local[1], self.version))
        request = self.callee.wait_request("INVITE", 10, self.call.call_id)
        assert sdp.audio(request.body) == self.far.to
        self.callee.reply(request, 200, headers=[("Contact", f"<{self.callee.contact}>")],
                          body=sdp.offer(ip, self.far.local[1], self.version))
        assert sdp.audio(self.call.reinvited().body) == self.near.to
        self.callee.wait_request("ACK", 10, self.call.call_id)

    def hang_up(self):
        self.call.send_bye()
        self.answer.wait_bye()
        r = self.caller.wait(lambda m: not m.is_request and m.method == "BYE", 10, "200 to BYE")
        assert r.code == 200


class Scene:
    def __init__(self, house, phones, player):
        self.house, self.player = house, player
        self.users = [f"user{i:02}" for i in range(24)]
        house.import_users(["anna", "bert", "carl", "dora", "emil", "fred"] + self.users)
        anna, carl, dora = (phones(house, u).registered() for u in ("anna", "carl", "dora"))
        bert = phones(house, "bert", transport="tcp").registered()
        self.talks = [Talk(player, anna, bert), Talk(player, carl, dora)]
        self.caller, self.callee = phones(house, "emil"), phones(house, "fred").registered()
        now = time.time()
        eventually(lambda: all(t.both_hear(now) for t in self.talks), what="sound both ways")

    def signed_invite(self):
        """An INVITE that carries its credential already: one message through
        sipd, regd, routed and mediad until fred gets it."""
        p = self.caller
        probe = p.request("INVITE", f"sip:fred@{self.house.domain}", cseq=1,
                          body=sdp.offer(self.house.phone_ip, 19998))
        r = p.transact(probe)
        assert r.code == 407, r
        p.ack_failure(probe, r)
        m = Message(probe.start, probe.headers, probe.body)
        m.headers = [(n, "2 INVITE") if n == "CSeq" else (n, v) for n, v in m.headers]
        m.headers[0] = ("Via", p.via("z9hG4bK" + token()))
        m.headers.append(("Proxy-Authorization", digest.answer(
            r.get("proxy-authenticate"), p.user, p.password, "INVITE", m.uri)))
        return m

    def new_call(self, m, limit):
        """Sends m until fred gets it. Returns when; the call is then cancelled."""
        p, deadline = self.caller, time.monotonic() + limit
        p.send(m)
        while True:
            try:
                got = self.callee.wait_request("INVITE", 0.05, m.call_id)
                at = time.monotonic()
                break
            except NoAnswer:
                assert time.monotonic() < deadline, f"no new call within {limit} s"
                p.wire.send(m.bytes())
        self.callee.reply(got, 180, to_tag="x")     # before a 1xx no CANCEL is sent on
        call = Call(p, m.uri)
        call.request = m
        call.wait_code(180)
        assert call.cancel().code == 200
        self.callee.reply(self.callee.wait_request("CANCEL"), 200)
        self.callee.reply(got, 487, to_tag="x")
        assert call.finish().code == 487
        return at

    def kill(self, *names, back_limit, silence_limit):
        """Returns (seconds until a new call came through and, as gwregd has no part in
        one, until sipctl showed it ready; longest silence; lost)."""
        before = self.house.pids()
        m = self.signed_invite()
        wall, began = time.time(), time.monotonic()
        self.house.kill(*names)
        back = self.new_call(m, back_limit) - began
        self.house.back(before, names, max(back_limit, 10))
        if "gwregd" in names:
            back = time.monotonic() - began
        settled = time.time()
        eventually(lambda: all(t.both_hear(settled) for t in self.talks), silence_limit + 5,
                   what="sound both ways")
        for t in self.talks:
            t.reinvite()
        heard = [p.silence(wall - 0.5) for p in self.player.ports]
        return back, max(s for s, _ in heard), sum(n for _, n in heard)

    def end(self):
        for t in self.talks:
            t.hang_up()
        assert [p.sources for p in self.player.ports] == [{p.to} for p in self.player.ports], \
            "sound came from another port than the SDP named"
        self.house.idle(20)


@pytest.fixture
def scene(houses, phones):
    house = houses(settings={"media-policy": "always"}).start()
    with Player() as player:
        yield Scene(house, phones, player)


def survives(scene, rounds, back_limit, silence_limit, report=None):
    with Registering(scene.house, scene.users) as registering:
        for names in rounds:
            done = registering.done
            back, silence, lost = scene.kill(*names, back_limit=back_limit[len(names) > 1],
                                             silence_limit=silence_limit[len(names) > 1])
            if report is not None:
                report.append((names, back, silence, lost))
            else:
                assert silence <= silence_limit[len(names) > 1], f"{names}: {silence:.3f} s of silence"
            eventually(lambda: registering.done > done + 10, 20, what="registrations go on")
        eventually(lambda: len(registering.expected) == len(scene.users), 20, what="each user's turn")
    assert not registering.trouble, registering.trouble
    assert registering.compare() == len(scene.users)
    scene.end()


@pytest.mark.parametrize("name", DAEMONS)
def test_kill_one(scene, name):
    survives(scene, [(name,)], (10, 10), (3, 3))


def test_kill_all_at_once(scene):
    survives(scene, [DAEMONS], (15, 15), (5, 5))


def test_kill_the_keeper(scene):
    """The daemons run on; up finds them and holds their descriptors again."""
    house = scene.house
    before = house.pids()
    keeper = house.pid("keeper")
    house.kill("keeper")
    eventually(lambda: not alive(keeper), what="the keeper is gone")
    for t in scene.talks:
        t.reinvite()
    house.sipctl("up", "--detach", "--wait")
    assert house.pids() == before
    survives(scene, [("sipd",), ("mediad",)], (10, 10), (3, 3))


def test_kill_keeper_and_all(scene, phones):
    """Nobody holds a descriptor any more; what is durable is still there."""
    house = scene.house
    with Registering(house, scene.users) as registering:
        eventually(lambda: registering.done > 30, 20, what="registrations")
    pids = [house.pid("keeper"), *house.pids().values()]
    house.kill("keeper", *DAEMONS)
    eventually(lambda: not any(alive(p) for p in pids), what="all are gone")
    house.sipctl("up", "--detach", "--wait")
    registering.compare()
    assert house.contacts("anna")
    # UDP calls are routed by what the messages carry
    call = scene.talks[1].call
    call.send_bye()
    scene.talks[1].answer.wait_bye()


def test_removed_account_stays_removed(houses, phones):
    house = houses().start()
    house.import_users(["anna", "bert"])
    phones(house, "anna").registered()
    house.sipctl("user", "del", f"anna@{house.domain}")
    house.sipctl("reg", "del", f"bert@{house.domain}", check=False)
    before = house.pids()
    house.kill(*DAEMONS)
    house.back(before, DAEMONS)
    assert house.contacts("anna") == []
    assert [u["aor"] for u in house.json("user", "list")] == [f"bert@{house.domain}"]


def test_restart_in_turn_loses_nothing(scene):
    """sipctl restart of each daemon: the same, by its own will."""
    house = scene.house
    with Registering(house, scene.users) as registering:
        for name in DAEMONS:
            before = house.pids()
            house.sipctl("restart", name)
            house.back(before, [name])
            for t in scene.talks:
                t.reinvite()
    assert not registering.trouble, registering.trouble
    registering.compare()
    scene.end()


@pytest.mark.long
def test_figures(scene):
    """The longest silence and the time until a new call comes through."""
    report = []
    survives(scene, [(n,) for n in DAEMONS] * 3 + [DAEMONS] * 3, (10, 10), (5, 5), report)
    bad = 0
    print()
    for names, back, silence, lost in report:
        limits = (1.0, 0.300) if len(names) > 1 else (0.5, 0.150)
        good = back <= limits[0] and silence <= limits[1] and lost == 0
        bad += not good
        print(f"kill -9 {'all five' if len(names) > 1 else names[0]:9} back after {back * 1000:4.0f} ms "
              f"(limit {limits[0] * 1000:.0f}), silence {silence * 1000:4.0f} ms "
              f"(limit {limits[1] * 1000:.0f}), {lost} packets lost{'' if good else '   <- too much'}")
    assert bad == 0
