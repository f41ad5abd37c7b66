"""Datagrams are lost between phones and house, both ways: N1, N2 and F13."""
import pytest

from lib.netns import lose, own_network
from lib.sipp import Sipp
from lib.wait import eventually

CALLS, RATE = 1000, 25
CALLEE, PORT = "callee", 6300


@pytest.fixture
def network():
    try:
        with own_network():
            yield
    except PermissionError:
        pytest.skip("no right to make a network of its own")


@pytest.mark.long
@pytest.mark.parametrize("percent, good", [(5, 0.999), (20, 0.97)])
def test_calls_complete(network, houses, peers, tmp_path, percent, good):
    house = houses(settings={"media-policy": "never", "log-level": "problems", "timer-t1": "500ms",
                             "timer-t2": "4s"}).start()
    callers = [f"caller{i:02}" for i in range(50)]
    house.import_users([CALLEE, *callers])
    # It may count a call twice, when its BYE comes again late: it must not leave before the end.
    answerer = peers(Sipp(house, "lossy_uas.xml", tmp_path, PORT)).start(2 * CALLS, seconds=180).ready()
    into = peers(Sipp(house, "register_uas.xml", tmp_path, PORT + 1)).users([CALLEE], [f"{house.phone_ip}:{PORT}"])
    assert into.start(1, 1, 30, ["-auth_uri", house.domain]).wait(40) == 0, into.errors()
    lose(percent)
    calling = peers(Sipp(house, "uac.xml", tmp_path, PORT + 2)).users(callers, [CALLEE] * len(callers))
    calling.start(CALLS, RATE, 150, ["-auth_uri", f"{CALLEE}@{house.domain}"]).wait(170)
    lose(0)
    figures = calling.figures()
    print(f"\n{percent} % of datagrams lost: {figures['ok']} of {CALLS} calls complete (limit {good * CALLS:.0f}), "
          f"{figures['retransmissions']} retransmissions")
    assert figures["ok"] >= good * CALLS, calling.errors()
    answerer.stop()

    def over():
        left = {k: house.figure("sipd", k) for k in ("txn_server", "txn_client", "calls")}
        calls = left.pop("calls")       # nobody says goodbye in those that failed behind the 200
        assert not any(left.values()) and calls <= CALLS - figures["ok"], (left, calls)
        return True
    eventually(over, 60, 0.2, "all of it is over")
