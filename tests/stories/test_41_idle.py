"""Row 8: which connections are closed for doing nothing."""
import time

from lib.sip import Phone


def closed(phone, seconds):
    """Has the house closed it within so long? What arrives meanwhile is of no interest."""
    deadline = time.monotonic() + seconds
    while not phone.wire.closed and time.monotonic() < deadline:
        phone.wire.read(max(0, deadline - time.monotonic()))
    return phone.wire.closed


def test_idle(houses):
    """One that says nothing goes; not one that keeps itself alive (RFC 5626 section 4.4.1),
    and never one that a binding leads to."""
    house = houses(settings={"tcp-idle-timeout": "1s", "tcp-head-timeout": "1s"}).start()
    house.import_users(["anna"])
    phones = {kind: Phone(house, "anna" if kind == "bound" else None, "tcp")
              for kind in ("quiet", "alive", "bound", "quiet again")}
    try:
        for phone in phones.values():
            assert phone.transact(phone.request("OPTIONS", f"sip:{house.domain}")).code == 200
        phones["bound"].registered()
        for round_ in range(10):            # three seconds of pings, twice as long as anybody may be idle
            phones["alive"].wire.send(b"\r\n\r\n")
            if round_ > 5 and closed(phones["quiet"], 0) and closed(phones["quiet again"], 0):
                break
            assert not closed(phones["alive"], 0.3)
        assert closed(phones["quiet"], 5) and closed(phones["quiet again"], 5)
        assert not closed(phones["alive"], 0) and not closed(phones["bound"], 0)
    finally:
        for phone in phones.values():
            phone.close()
