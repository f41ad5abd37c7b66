"""The scenarios with which another SIP server tests itself, played by Debian's
sipp on both sides of a house. What is right stands in their README; each must
end without an unexpected message and without a retransmission."""
import re
from dataclasses import dataclass

import pytest

from lib.sipp import SCENARIOS, Sipp

ATTEMPTS = 3        # a busy machine may be late once; what is lost is late each time
DOMAIN, PASSWORD = "siphon.test", "secret"
CALLER_PORT, CALLEE_PORT, SECOND_PORT = 6001, 6003, 5070


class Stage:
    """Plays scenarios on one house, for one story."""

    def __init__(self, house, corpus, directory, peers, phones):
        self.house, self.corpus, self.dir = house, corpus / "siphon-sipp", directory
        self.peers, self.phones, self.played = peers, phones, 0

    def authenticate(self, mode):
        """Whom the house challenges, from now on."""
        if getattr(self.house, "authenticate", "register") != mode:
            self.house.set("authenticate", mode)
            self.house.authenticate = mode

    def contact(self, user, port=CALLEE_PORT, transport=None):
        suffix = f";transport={transport}" if transport else ""
        return f"<sip:{user}@{self.house.phone_ip}:{port}{suffix}>"

    def register(self, user, *contacts):
        """These and no others, each with its header parameters."""
        self.authenticate("register")
        phone = self.phones(self.house, user)
        assert phone.register(contact="*", expires=0).code == 200
        if contacts:
            assert phone.register(contact=", ".join(contacts)).code == 200

    def sipp(self, scenario, port, arguments, edit=None):
        own = scenario.startswith("own/")
        file = (SCENARIOS / scenario[4:] if own else self.corpus / scenario).with_suffix(".xml")
        if edit:
            text = edit(file.read_text())
            file = self.dir / file.name
            file.write_text(text)
        self.played += 1
        party = Sipp(self.house, file, self.dir, port, f"{self.played}-{file.stem}")
        return self.peers(party).start(1, seconds=15, arguments=arguments)

    def begin(self, scenario, service, arguments=(), port=CALLER_PORT, to_port=5060, edit=None):
        """The side that begins, played to its end."""
        arguments = [a.format(ip=self.house.ip, dir=self.dir) for a in arguments]
        self.house.port = to_port
        uac = self.sipp(scenario, port, ("-s", service, *arguments), edit)
        self.house.port = 5060
        assert uac.wait(25) == 0, uac.errors()
        return uac

    def answer(self, scenario, service, port=CALLEE_PORT, transport="udp", edit=None):
        return self.sipp(scenario, port, ("-s", service, "-t", {"udp": "u1", "tcp": "t1"}[transport]), edit).ready()

    def address_list(self, name):
        """One of the lists of contacts, with this house's address instead of theirs."""
        text = (self.corpus / name).read_text()
        changed = re.sub(r"@[\d.]+:5060", f"@{self.house.phone_ip}:{CALLEE_PORT}", text)
        assert changed != text
        (self.dir / name).write_text(changed)


@pytest.fixture(scope="module")
def siphon(shared_houses):
    """Real timers: a retransmission of ours would be seen. Loopback is treated as the world outside."""
    house = shared_houses(domain=DOMAIN, listen=(f"udp:{{ip}}:{SECOND_PORT}",), settings={
        "authenticate": "register", "media-policy": "never", "timer-t1": "500ms", "timer-t2": "4s",
        "udp-size-lan": "1300", "path-unasked": "on"}).start()
    for user in ("alice", "bob", "carol", "watcher"):
        house.add_user(user, PASSWORD)
    return house


@pytest.fixture
def stage(siphon, corpus, tmp_path, peers, phones):
    stage = Stage(siphon, corpus, tmp_path, peers, phones)
    stage.authenticate("register")
    return stage


def repeat(play):
    """Until nobody repeated himself. play() returns who took part."""
    for _ in range(ATTEMPTS):
        again = {s.name: s.figures()["retransmissions"] for s in play()}
        if not any(again.values()):
            return
    raise AssertionError(f"retransmissions: {again}")


@dataclass
class Play:
    uac: str
    uas: str = None                 # "own/..." is ours: they have no such side
    service: str = "bob"            # whom it calls, and who is registered at the other side
    transport: str = "udp"          # that the other side listens on
    authenticate: str = "register"
    port: int = 5060
    uas_ends: bool = True
    arguments: tuple = ()           # "{ip}" is the house's address
    edit: object = None             # of the side that begins, at run time


PLAYS = {
    "options": Play("options"),
    "max_forwards": Play("max_forwards_uac"),
    "ack_non2xx": Play("ack_non2xx", service="alice", authenticate="all"),
    "invite": Play("invite_uac", "invite_uas"),
    "invite_fast": Play("invite_uac_fast", "invite_uas_fast"),
    "invite_setup_only": Play("invite_uac_setup_only", "invite_uas", uas_ends=False),
    # sipp by itself leaves the user out of the digest's uri, which then is not the Request-URI.
    "invite_auth": Play("invite_auth", "own/at_once_uas", "alice", authenticate="all",
                        arguments=("-ap", PASSWORD, "-auth_uri", "alice@{ip}:5060")),
    # Its 180 and 487 are optional, which this sipp refuses to load: here they must come.
    "cancel": Play("cancel_uac", "own/cancelled_uas",
                   edit=lambda text: re.sub(r'(?<="(?:180|487)") optional="true"', "", text)),
    "message": Play("message", "message_uas", "alice"),
    "mtu_small": Play("mtu_message_small", "message_uas", "alice"),
    "mtu_oversized": Play("mtu_message_oversized", "message_uas", "alice", "tcp"),
    "notify": Play("notify_uac", "own/notified_uas", "alice"),
    "prack": Play("prack_uac", "prack_uas"),
    "refer": Play("proxy_refer_uac", "proxy_refer_uas"),
    "reinvite": Play("reinvite_uac", "reinvite_uas"),
    "routing": Play("routing_uac", "invite_uas", port=SECOND_PORT),
    "subscribe": Play("subscribe_uac", "subscribe_uas", "alice"),
}


@pytest.mark.parametrize("name", PLAYS)
def test_scenario(stage, name):
    p = PLAYS[name]
    if name == "subscribe":         # the notifier asks us for the watcher
        stage.register("watcher", stage.contact("watcher", CALLER_PORT))

    def play():
        stage.register(p.service, *[stage.contact(p.service)] if p.uas else [])
        stage.authenticate(p.authenticate)
        uas = stage.answer(p.uas, p.service, transport=p.transport) if p.uas else None
        uac = stage.begin(p.uac, p.service, p.arguments, to_port=p.port, edit=p.edit)
        if uas and p.uas_ends:
            assert uas.wait(20) == 0, uas.errors()
        return [uac, uas] if uas else [uac]
    repeat(play)


def test_transport_error(stage):
    """Nobody listens at the callee's: said at once, and not as a 503 of ours."""
    stage.register("bob", stage.contact("bob", transport="tcp"))
    repeat(lambda: [stage.begin("transport_error_uac", "bob")])


def test_failover_by_path(stage):
    """The first binding's edge refuses; the second's is reached by its own Path (RFC 3327)."""
    def play():
        stage.register("bob")
        stage.authenticate("none")
        for port, edge, q in ((7001, CALLEE_PORT, "1.0"), (7003, CALLEE_PORT + 2, "0.5")):
            path = f"<sip:token{port}@{stage.house.phone_ip}:{edge};lr>"
            stage.begin("failover_register_path", "bob", ["-key", "regpath", path, "-key", "regq", q], port)
        gone = stage.answer("failover_reject_uas", "bob")
        live = stage.answer("failover_answer_uas", "bob", CALLEE_PORT + 2)
        caller = stage.begin("failover_uac", "bob")
        for party in (gone, live):
            assert party.wait(20) == 0, party.errors()
        return [caller, gone, live]
    repeat(play)


def test_failure_route(stage):
    """One target after the other: 503, 486, then answered. The caller sees one 200.
    Their server takes 100 ms to the next one, ours does not: the callee's pauses go."""
    def at_once(text):
        return text.replace('<pause milliseconds="100" />', "")

    def play():
        stage.register("carol", *[f"{stage.contact(f'carol{i}')};q={q}" for i, q in enumerate(("1.0", "0.7", "0.4"))])
        uas = stage.answer("failure_route_uas", "carol", edit=at_once)
        caller = stage.begin("failover_uac", "carol")
        assert uas.wait(20) == 0, uas.errors()
        return [caller, uas]
    repeat(play)


@pytest.mark.parametrize("scenario, user, arguments, contact", [
    ("register", "alice", ["-ap", PASSWORD], "{user}@{ip}:6001;transport=UDP"),
    ("register_bob", "bob", [], "{user}@127.0.0.1:5090;transport=udp"),
    ("register_alice_contact", "alice", ["-ap", PASSWORD, "-inf", "{dir}/message_contact.csv"],
     "{user}@{ip}:6003"),
    ("deregister", "bob", ["-ap", PASSWORD], None)])
def test_registration(stage, scenario, user, arguments, contact):
    stage.address_list("message_contact.csv")
    stage.register(user, stage.contact(user, 7000))
    repeat(lambda: [stage.begin(scenario, user, arguments)])
    expected = {f"sip:{contact.format(user=user, ip=stage.house.ip)}", f"sip:{user}@{stage.house.ip}:7000"} \
        if contact else set()
    assert set(stage.house.contacts(user)) == expected


def test_register_with_path(stage):
    """Accepted without a challenge, as its server is told to."""
    stage.register("bob")
    stage.authenticate("none")
    arguments = ["-key", "regpath", "<sip:token@{ip}:7000;lr>", "-key", "regq", "1.0"]
    repeat(lambda: [stage.begin("failover_register_path", "bob", arguments)])
    assert stage.house.contacts("bob") == [f"sip:bob@{stage.house.ip}:6001;transport=UDP"]
