"""The router's stories with real phones: two devices ring, then another number; who
refuses sends the caller on; an extension, a number of the world, a group."""
from lib import tone
from lib.baresip import Baresip


def test_baresips(houses, peers, tmp_path):
    house = houses(settings={"media-policy": "never"}).start()
    house.add_users("anna", "bert", "carl")
    first = peers(Baresip(house, "anna", tmp_path, 440)).start().registered()
    second = peers(Baresip(house, "anna", tmp_path / "second", 500)).start()
    bert = peers(Baresip(house, "bert", tmp_path, 880)).start().registered()
    carl = peers(Baresip(house, "carl", tmp_path, 660, answer="auto")).start().registered()
    second.registered()
    house.sipctl("rules", "set", "anna", "-", input="after 2s carl\nbusy carl\n")

    # Two devices, then another one after two seconds.
    bert.dial("anna")
    for phone in (first, second):
        phone.wait_event("CALL_INCOMING")
    carl.wait_event("CALL_ESTABLISHED")
    bert.wait_event("CALL_ESTABLISHED")
    for phone in (first, second):
        phone.wait_event("CALL_CLOSED")
    bert.listened()
    bert.hangup()
    carl.wait_event("CALL_CLOSED")
    bert.wait_event("CALL_CLOSED")
    recorded = bert.heard()

    # Both refuse: busy.
    bert.dial("anna")
    for phone in (first, second):
        phone.wait_event("CALL_INCOMING")
        phone.hangup()
    carl.wait_event("CALL_ESTABLISHED")
    bert.hangup()
    carl.wait_event("CALL_CLOSED")

    # By an extension, a number, a path and a group.
    house.sipctl("rules", "del", "anna")
    house.sipctl("alias", "add", "201", "carl")
    house.sipctl("number", "add", "+442071234567", "carl")
    house.sipctl("group", "add", "all", "anna", "carl")
    for target in ("201", "+442071234567", f"carl%25{house.domain}", "all"):
        bert.dial(target)
        carl.wait_event("CALL_ESTABLISHED")
        bert.hangup()
        carl.wait_event("CALL_CLOSED")
    for phone in (first, second):
        phone.wait_event("CALL_INCOMING")
        phone.wait_event("CALL_CLOSED", param="")
    for phone in (first, second, bert, carl):
        phone.stop()
    assert tone.share(recorded, 660) > 0.9
    house.idle()
