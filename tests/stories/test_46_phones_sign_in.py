"""Phones of several makers sign in, each by what it knows: MD5 for baresip and Twinkle, SHA-256 for linphonec."""
import shutil

import pytest
from lib import digest
from lib.baresip import Baresip
from lib.linphone import Linphone
from lib.twinkle import Twinkle
from lib.wait import eventually


def test_md5(houses, peers, tmp_path):
    """Two baresips; one calls the other, whose INVITE is challenged as well."""
    house = houses(settings={"media-policy": "never"}).start()
    house.add_users("anna", "bert")
    anna = peers(Baresip(house, "anna", tmp_path, 440)).start()
    bert = peers(Baresip(house, "bert", tmp_path, 880, "tcp", answer="auto")).start()
    anna.registered()
    bert.registered()
    good = house.figure("regd", "auth_good")
    anna.dial("bert")
    bert.wait_event("CALL_ESTABLISHED")
    assert house.figure("regd", "auth_good") > good
    anna.hangup()
    bert.wait_event("CALL_CLOSED")


def test_sha_256(houses, phones, peers, tmp_path):
    """Nothing weaker is offered, nor taken."""
    house = houses(settings={"digest-algorithms": "[sha-256]", "media-policy": "never"}).start()
    house.add_users("anna", "bert")
    bert = phones(house, "bert").registered()
    anna = peers(Linphone(house, "anna", tmp_path)).start().registered()
    c = bert.transact(bert.request("REGISTER", f"sip:{house.domain}", to=bert.aor))
    offered = [digest.parse(v) for n, v in c.headers if n.lower() == "www-authenticate"]
    assert [o["algorithm"] for o in offered] == ["SHA-256"]
    anna.call("bert")
    request = bert.wait_request("INVITE", 10)
    bert.reply(request, 486, to_tag="x")
    assert not house.json("reg", "failures")


def test_twinkle(houses, peers, tmp_path):
    if shutil.which("twinkle-console") is None:
        pytest.skip("no twinkle-console: apt-get install twinkle-console")
    house = houses().start()
    house.add_user("anna")
    anna = peers(Twinkle(house, "anna", tmp_path)).start().registered()
    assert "Twinkle" in house.json("reg", "show", "anna")[0]["agent"]
    anna.quit()
    eventually(lambda: house.contacts("anna") == [], what="it signed off")
