"""Two real phones register, one calls the other, each hears the other's tone."""
import pytest

from lib import tone
from lib.baresip import Baresip
from lib.linphone import Linphone
from lib.wait import eventually


def judged(phone, own, other):
    """phone heard the other's tone and not its own."""
    assert tone.share(phone.heard(), other) > 0.9
    assert tone.share(phone.heard(), own) < 0.05


def in_call(house, proxied):
    """The house shows one call, and a media session only when it relays."""
    def look():
        calls = house.json("calls")
        assert [c["state"] for c in calls] == ["talking"], calls
        assert len(house.json("media")) == (1 if proxied else 0)
        return True
    eventually(look, what="one call in sipctl calls")


@pytest.mark.parametrize("first, second, policy", [
    ("udp", "udp", "always"), ("tcp", "tcp", "always"), ("udp", "tcp", "never"), ("tcp", "udp", "auto")])
def test_baresip_calls_baresip(houses, peers, tmp_path, first, second, policy):
    house = houses(settings={"media-policy": policy}).start()
    house.add_users("anna", "bert")
    anna = peers(Baresip(house, "anna", tmp_path, 440, first)).start()
    bert = peers(Baresip(house, "bert", tmp_path, 880, second, answer="auto")).start()
    anna.registered()
    bert.registered()
    anna.dial("bert")
    anna.wait_event("CALL_ESTABLISHED")
    bert.wait_event("CALL_ESTABLISHED")
    anna.listened()
    bert.listened()
    in_call(house, policy == "always")
    anna.hangup()
    bert.wait_event("CALL_CLOSED")
    anna.stop()
    bert.stop()
    judged(anna, 440, 880)
    judged(bert, 880, 440)
    eventually(lambda: house.contacts("anna") == house.contacts("bert") == [],
               what="both phones signed off")
    house.idle()


@pytest.mark.parametrize("policy", ["always", "never"])
def test_linphonec_calls_baresip(houses, peers, tmp_path, policy):
    house = houses(settings={"media-policy": policy}).start()
    house.add_users("anna", "bert")
    bert = peers(Baresip(house, "bert", tmp_path, 880, answer="auto")).start().registered()
    anna = peers(Linphone(house, "anna", tmp_path, 600)).start().registered()
    anna.call("bert")
    bert.wait_event("CALL_ESTABLISHED", 20)
    bert.listened()
    anna.listened()
    in_call(house, policy == "always")
    anna.terminate()
    bert.wait_event("CALL_CLOSED")
    anna.stop()
    bert.stop()
    judged(anna, 600, 880)
    judged(bert, 880, 600)
    house.idle()


def test_baresip_calls_linphonec(houses, peers, tmp_path):
    house = houses(settings={"media-policy": "always"}).start()
    house.add_users("anna", "bert")
    anna = peers(Linphone(house, "anna", tmp_path, 600, answer=True)).start().registered()
    bert = peers(Baresip(house, "bert", tmp_path, 880, "tcp")).start().registered()
    bert.dial("anna")
    bert.wait_event("CALL_ESTABLISHED", 20)
    bert.listened()
    anna.listened()
    in_call(house, True)
    bert.hangup()
    bert.stop()
    anna.stop()
    judged(anna, 600, 880)
    judged(bert, 880, 600)
    house.idle()
