"""sipctl selftest: the house calls itself, and says so when it cannot."""
import signal
import os


def test_all_is_well(house):
    shown = house.sipctl("selftest").stdout
    lines = shown.splitlines()
    assert [line.split()[0] for line in lines[:7]] == 7 * ["ok"], shown
    assert "INVITE (SDP)" in shown and "BYE" in shown
    found = house.json("selftest")
    assert found["ok"] and len(found["steps"]) == 7
    heard = [s["detail"] for s in found["steps"] if "hears" in s["name"]]
    assert all(int(h.split()[0]) >= 45 for h in heard), heard
    assert not [u for u in house.json("user", "list") if u["aor"].startswith("selftest")]
    assert not house.json("calls") and not house.json("reg", "list")


def names(found, ok):
    return [s["name"] for s in found["steps"] if s["ok"] == ok]


def test_media_policy_and_faults(houses):
    """In the call, beside it; and a part that does not answer is named by its step."""
    house = houses(settings={"media-policy": "always"}).start()
    assert "its media go through the proxy" in names(house.json("selftest"), True)
    mediad = house.pids()["mediad"]
    os.kill(mediad, signal.SIGSTOP)
    try:
        found = house.json("selftest", check=1)
        assert names(found, False) == ["a call is answered"]
    finally:
        os.kill(mediad, signal.SIGCONT)
    house.set("media-policy", "never")
    assert "its media go direct" in names(house.json("selftest"), True)
