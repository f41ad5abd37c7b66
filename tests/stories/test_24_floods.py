"""Floods over UDP beside an honest pair that calls once a second: S34 and S36."""
import pytest

from lib.canary import Canary
from lib.flood import Flood
from lib.wait import eventually

MEMORY_KIB = 256 * 1024


def memory(house, field):
    """KiB of sipd: VmRSS now, VmHWM at most."""
    with open(f"/proc/{house.pid('sipd')}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(field))


def flooded(house, peers, *floods):
    """What the floods did, by kind, and the canary, which lived through them."""
    house.import_users(["anna", "bert", "carl"])
    with Canary(house, "anna", "bert") as canary:
        eventually(lambda: canary.calls >= 2, 10, what="the canary sings")
        kinds = [(f[0], peers(Flood(house, *f)).start()) for f in floods]
        figures = {kind: f.wait() for kind, f in kinds}
    return figures, canary


def test_rubbish(houses, peers):
    """S36: fragments, empty and tiny datagrams, keep-alives, STUN: cheap exits."""
    house = houses(settings={"media-policy": "never"}).start()
    figures, canary = flooded(house, peers, ("rubbish", 2000, 4))
    assert canary.failed == [] and canary.calls >= 4
    (out, out_octets), (back, back_octets) = figures["rubbish"]["out"], figures["rubbish"]["in"]
    assert out >= 2000 * 4 * 0.5
    assert back <= out and back_octets <= 1.5 * out_octets      # S33
    house.idle()


def test_invites_without_credentials(houses, peers):
    """S34: nothing is kept of who has not said who he is."""
    house = houses(settings={"media-policy": "never"}).start()
    figures, canary = flooded(house, peers, ("invite-local", 500, 4))
    assert canary.failed == [] and canary.calls >= 4
    assert figures["invite-local"]["in"][0] <= figures["invite-local"]["out"][0]
    house.idle()


@pytest.mark.long
@pytest.mark.parametrize("kind, rate, seconds", [("rubbish", 50_000, 20), ("invite-local", 20_000, 60)])
def test_figures(houses, peers, kind, rate, seconds):
    house = houses(settings={"media-policy": "never", "log-level": "problems"}).start()
    figures, canary = flooded(house, peers, (kind, rate, seconds))
    peak = memory(house, "VmHWM")
    house.idle(60)
    out, back = figures[kind]["out"], figures[kind]["in"]
    print(f"\n{kind}: {out[0] / seconds:.0f}/s sent (wanted {rate}), {back[0]} answers of {back[1]} octets "
          f"to {out[0]} of {out[1]} (limit 1.0, 1.5)")
    print(f"canary: {canary.calls} calls, {len(canary.failed)} failed (limit 0), slowest {canary.slowest:.2f} s")
    print(f"sipd: at most {peak} KiB (limit {MEMORY_KIB}), then {memory(house, 'VmRSS')}")
    assert canary.failed == []
    assert back[0] <= out[0] and back[1] <= 1.5 * out[1]
    assert peak <= MEMORY_KIB
