"""RFC 5407, figure by figure, with a house in the middle of each arrow: what crosses on the
wire is sent in both orders, unless a line says which. Calls that the figure leaves up are
ended, so that the call table can be asked whether it knows."""
import pytest

from lib.flow import Flow, Side
from lib.sip import Phone
from lib.wait import eventually

RINGS = """
    A INVITE B ; P 100 A
    B 180 A
"""
ANSWERED = RINGS + """
    B 200 A
    A ACK B
"""
ENDED = """
    A BYE B
    B 200/BYE A
"""
FORKED = """
    A INVITE BC ; P 100 A
    B 180 A
"""
FIGURES = {
    "3.1.1 the 200 comes after the repetition": """
        A INVITE B ; P 100 A
        B 180 A lost
        A =INVITE P ; P 180 A ; B 200 A
        A ACK B
        """ + ENDED,
    "3.1.1 the 200 comes first": """
        A INVITE B ; P 100 A
        B 180 A lost
        B 200 A ; A =INVITE P           # RFC 6026: absorbed
        A ACK B
        """ + ENDED,
    "3.1.2 behind the proxy": RINGS + """
        A CANCEL P ; P 200/CANCEL A ; P CANCEL B ; B 200 A
        A ACK B  x  B 200/CANCEL P
        """ + ENDED,
    "3.1.2 before the proxy": RINGS + """
        B 200 A ; A CANCEL P ; P 200/CANCEL A
        A ACK B
        """ + ENDED,
    "3.1.3": RINGS + """
        A BYE B  x  B 200 A
        A ACK B  x  B 200/BYE A
        """,
    "3.1.4": RINGS + """
        B 200 A
        A ACK B lost
        B =200 A  x  A re-INVITE B
        A =ACK B  x  B 200/re-INVITE A
        A ACK/re-INVITE B
        """ + ENDED,
    "3.1.5": """
        A INVITE{bare} B ; P 100 A
        B 180 A
        B 200 A
        A ACK{sdp} B lost
        B =200 A  x  A re-INVITE B
        A =ACK B ; B 491/re-INVITE A ; P ACK B
        A ACK/re-INVITE P
        """ + ENDED,
    "3.1.6": RINGS + """
        B 200 A
        A ACK B lost
        B =200 A  x  A BYE B
        A =ACK B  x  B 200/BYE A
        """,
    "3.2.1": ANSWERED + """
        A BYE B  x  B BYE A
        A 200/BYE B  x  B 200/BYE A
        """,
    "3.2.2": ANSWERED + """
        A BYE B  x  B re-INVITE A
        A 481/re-INVITE B ; P ACK A ; B 200/BYE A
        B ACK/re-INVITE P
        """,
    "3.2.3": ANSWERED + """
        B re-INVITE A
        A 200/re-INVITE B  x  B BYE A
        A 200/BYE B  x  B ACK/re-INVITE A
        """,
    "3.2.4": RINGS + """
        B 200 A
        A ACK B  x  B BYE A
        A 200/BYE B
        """,
    "3.3.1": ANSWERED + """
        A re-INVITE B  x  B re-INVITE A
        A 491/re-INVITE B ; P ACK A ; B 491/re-INVITE A ; P ACK B
        A ACK/re-INVITE P  x  B ACK/re-INVITE P
        B re-INVITE2 A
        A 200/re-INVITE2 B
        B ACK/re-INVITE2 A
        A re-INVITE2 B
        B 200/re-INVITE2 A
        A ACK/re-INVITE2 B
        """ + ENDED,
    "3.3.2": ANSWERED + """
        A UPDATE B  x  B re-INVITE A
        A 491/re-INVITE B ; P ACK A ; B 491/UPDATE A
        B ACK/re-INVITE P
        B re-INVITE2 A
        A 200/re-INVITE2 B
        B ACK/re-INVITE2 A
        A UPDATE2 B
        B 200/UPDATE2 A
        """ + ENDED,
    "3.3.3": ANSWERED + """
        A BYE B  x  B REFER A
        A 481/REFER B  x  B 200/BYE A
        """,
    "appendix A": FORKED + """
        A BYE B                         # the one early dialog
        B 200/BYE A
        B 487 P ; P ACK B
        C 200 A
        A ACK C
        A BYE C
        C 200/BYE A
        """,
    "appendix B": ANSWERED + """
        A re-INVITE -
        A BYE B
        B 200/BYE A
        A =re-INVITE B
        B 481/re-INVITE A ; P ACK B
        A ACK/re-INVITE P
        """,
    "figure 4": FORKED + """
        C 180 A
        B 200 A ; P CANCEL C
        A ACK B
        C 200/CANCEL P
        C 487 P ; P ACK C
        """ + ENDED,
    "figure 5": FORKED + """
        C 180 A
        B 200 A ; P CANCEL C
        A ACK B
        C 200 A  x  C 200/CANCEL P      # the CANCEL came too late
        A ACK C
        A BYE C
        C 200/BYE A
        """ + ENDED,
    "figure 6": FORKED + """
        B 200 A                         # C has said nothing: it cannot be cancelled yet
        C 200 A
        A ACK B  x  A ACK C
        A BYE C
        C 200/BYE A
        """ + ENDED,
}


@pytest.fixture(scope="module")
def sides(shared_houses):
    """Alice; Bob and Carol, who has a second phone of Bob's as well."""
    house = shared_houses(settings={         # so patient that nobody repeats himself
        "processors": "1", "timer-t1": "4s", "timer-t2": "4s", "authenticate": "register",
        "media-policy": "never"}).start()
    house.add_users("alice", "bob", "both")
    alice, bob, carol = Phone(house, "alice"), Phone(house, "bob").registered(), Phone(house, "both").registered()
    both = Phone(house, "both")
    both.registered(contact=f"<{bob.contact}>")
    yield {"A": Side("A", alice), "B": Side("B", bob), "C": Side("C", carol)}
    for phone in (alice, bob, carol, both):
        phone.close()


CASES = [(name, turned) for name, text in FIGURES.items() for turned in (False, True)[:1 + (" x " in text)]]


@pytest.mark.parametrize("name, turned", CASES, ids=[name + ", turned" * turned for name, turned in CASES])
def test_figure(sides, name, turned):
    text, house = FIGURES[name], sides["A"].phone.house
    forks = " BC" in text
    played = sides if forks else {letter: sides[letter] for letter in "AB"}
    call_id = Flow(text, played, f"sip:{'both' if forks else 'bob'}@{house.domain}").play(turned)
    eventually(lambda: all(c["call_id"] != call_id for c in house.json("calls")), what="no call is left")
