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


# So patient that nobody repeats himself; one worker, so that what is sent first is heard first.
PATIENT = {"processors": "1", "timer-t1": "4s", "timer-t2": "4s", "authenticate": "register", "media-policy": "never"}


@pytest.fixture(scope="module")
def sides(shared_houses):
    """Alice, with one house to Bob or with two; Bob and Carol, who has a second phone of Bob's
    as well."""
    house = shared_houses(settings=PATIENT).start()
    before = shared_houses(domain="before.test", settings=PATIENT | {
        "relay-to-non-clients": "anybody", "relay-via": f"sip:{house.ip}:{house.port}"}).start()
    house.add_users("alice", "bob", "both")
    bob, carol = Phone(house, "bob").registered(), Phone(house, "both").registered()
    both = Phone(house, "both")
    both.registered(contact=f"<{bob.contact}>")
    alice = {1: Phone(house, "alice"), 2: Phone(before, "alice")}
    yield {n: {"A": Side("A", phone), "B": Side("B", bob), "C": Side("C", carol)} for n, phone in alice.items()}
    for phone in (bob, carol, both, *alice.values()):
        phone.close()


def is_ordered(text):
    """Is there a line whose outcome depends on which of two sides is heard first?"""
    return any(" ; " in line and len({event[0] for event in line.split("#")[0].split(" ; ")} - {"P"}) > 1
               for line in map(str.strip, text.splitlines()))


CASES = [(name, turned, houses) for name, text in FIGURES.items() for turned in (False, True)[:1 + (" x " in text)]
         for houses in (1, 2)[:2 - is_ordered(text)]]


@pytest.mark.parametrize("name, turned, houses", CASES, ids=[
    f"{name}, {houses} proxies" + ", turned" * turned for name, turned, houses in CASES])
def test_figure(sides, name, turned, houses):
    text, forks = FIGURES[name], " BC" in FIGURES[name]
    played = {letter: side for letter, side in sides[houses].items() if letter in ("ABC" if forks else "AB")}
    last, first = played["B"].phone.house, played["A"].phone.house
    call_id = Flow(text, played, f"sip:{'both' if forks else 'bob'}@{last.domain}", houses).play(turned)
    for house in (first, last):
        eventually(lambda h=house: all(c["call_id"] != call_id for c in h.json("calls")), what="no call is left")
