"""RFC 3665 section 3, figure by figure: what reaches Alice and Bob, in which order, when the
figure's proxies are houses. Its section 3.1 has none; it is played through one all the same."""
from dataclasses import dataclass, field

import pytest

from lib.flow import Flow, Side
from lib.house import free_address
from lib.sip import Phone

ANSWERED = """
    A INVITE B ; P 100 A
    B 180 A
    B 200 A
    A ACK B
"""
CHALLENGED = """
    A INVITE P
    P 407 A
    A ACK P
    A INVITE{auth} B ; P 100 A
    B 180 A
    B 200 A
    A ACK B
    B BYE A
    A 200/BYE B
"""


@dataclass
class Figure:
    text: str
    first: dict = field(default_factory=dict)       # settings of Proxy 1; None: Proxy 2 is alone
    second: dict = field(default_factory=dict)
    callee: str = "bob"
    proxies: int = 2                # that stay in the dialog
    media: bool = False


FIGURES = {
    "3.1 successful": Figure(ANSWERED + "A BYE B\n B 200/BYE A", first=None, proxies=1),
    "3.2 two proxies": Figure(CHALLENGED, {"authenticate": "local"}),
    "3.3 multiple authentication": Figure("""
        A INVITE P
        P 407 A
        A ACK P
        A INVITE{auth} P ; P 100 A ; P 407 A    # the second one is Proxy 2's
        A ACK P
        A INVITE{auth} B ; P 100 A              # with both credentials
        B 200 A
        A ACK B
        """, {"authenticate": "local"}, {"authenticate": "all"}),
    "3.4 proxy failure": Figure("""
        A INVITE -                              # six repetitions are the phone's affair
        """ + CHALLENGED, None, {"authenticate": "all"}, proxies=1),
    # Proxy 2 leaves the dialog: the ALG and Bob speak to each other.
    "3.5 ALG": Figure(ANSWERED + "A BYE B\n B 200/BYE A", {"media-policy": "always"},
                      {"force-dialog-relaying": "off"}, proxies=1, media=True),
    # He is not where his INVITE went to; the ALG knows him by its Route.
    "3.5 ALG, Bob hangs up": Figure(ANSWERED + "B BYE A\n A 200/BYE B", {"media-policy": "always"},
                                    {"force-dialog-relaying": "off"}, proxies=1, media=True),
    "3.6 redirect, SDP in ACK": Figure("""
        A INVITE{bare} R ; P 100 A
        R 302 A ; P ACK R
        A ACK P
        A INVITE{bare} B ; P 100 A
        B 180 A
        B 200 A
        A ACK{sdp} B
        B BYE A
        A 200/BYE B
        """, None, {"redirects": "forward"}, "moved", 1),
    # As it is drawn: after the 200 both sides speak to each other; and through the proxy.
    "3.7 re-INVITE, direct": Figure(ANSWERED + """
        B re-INVITE{moved} A
        A 200/re-INVITE B
        B ACK/re-INVITE A
        A BYE B
        B 200/BYE A
        """, None, {"force-dialog-relaying": "off"}, proxies=0),
    "3.7 re-INVITE": Figure(ANSWERED + """
        B re-INVITE{moved} A
        A 200/re-INVITE B
        B ACK/re-INVITE A
        A BYE B
        B 200/BYE A
        """, None, proxies=1),
    "3.8 no answer": Figure("""
        A INVITE B ; P 100 A
        B 180 A
        A CANCEL P ; P 200/CANCEL A ; P CANCEL B
        B 200/CANCEL P
        B 487 A ; P ACK B
        A ACK P
        """),
    "3.9 busy": Figure("""
        A INVITE B ; P 100 A
        B 486 A ; P ACK B
        A ACK P
        """),
    # The figure's proxy says 480; RFC 3261 section 16.7 takes silence for a 408.
    "3.10 no response": Figure("""
        A INVITE B lost ; P 100 A
        P =INVITE B repeats
        P 408 A
        A ACK P
        """, {}, {"timer-t1": "50ms", "timer-b": "500ms"}),
    "3.11 temporarily unavailable": Figure("""
        A INVITE B ; P 100 A
        B 180 A
        B 480 A ; P ACK B
        A ACK P
        """),
}
# So patient that nobody repeats himself.
PATIENT = {"processors": "1", "timer-t1": "4s", "timer-t2": "4s", "authenticate": "register", "media-policy": "never"}
CHANGED = {"timer-b": "10s", "force-dialog-relaying": "on", "redirects": "follow"}


class Stage:
    """Two houses: what is not the first one's goes to the second; and their phones."""

    def __init__(self, houses):
        self.second = houses(domain="biloxi.test", settings=PATIENT).start()
        self.first = houses(domain="atlanta.test", settings=PATIENT | {
            "relay-to-non-clients": "anybody", "relay-via": f"sip:{self.second.ip}:{self.second.port}"}).start()
        self.first.add_users("alice")
        self.second.add_users("alice", "bob", "moved")
        self.set = {house: PATIENT | CHANGED for house in (self.first, self.second)}
        self.bob = Phone(self.second, "bob", ip=free_address()).registered()
        self.moved = Phone(self.second, "moved").registered()
        self.alice = {1: Phone(self.first, "alice"), 2: Phone(self.second, "alice")}

    def settings(self, house, wanted):
        """These, and the others as they were."""
        changed = {k: v for k, v in (PATIENT | CHANGED | wanted).items() if self.set[house][k] != v}
        for name, value in changed.items():
            house.sipctl("config", "set", name, value)
        if changed:
            house.sipctl("config", "apply")
            self.set[house] |= changed

    def close(self):
        for phone in (self.bob, self.moved, *self.alice.values()):
            phone.close()


@pytest.fixture(scope="module")
def stage(shared_houses):
    stage = Stage(shared_houses)
    yield stage
    stage.close()


@pytest.mark.parametrize("name", FIGURES)
def test_figure(stage, name):
    f = FIGURES[name]
    stage.settings(stage.second, f.second)
    stage.settings(stage.first, f.first or {})
    sides = {"A": Side("A", stage.alice[2 if f.first is None else 1]), "B": Side("B", stage.bob)}
    if "R " in f.text:
        sides["R"] = Side("R", stage.moved, stage.bob.aor)
    Flow(f.text, sides, f"sip:{f.callee}@{stage.second.domain}", f.proxies, f.media).play()
