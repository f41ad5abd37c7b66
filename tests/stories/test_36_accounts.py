"""What an account may: SIP service, and from where (rows 86, 107)."""
import pytest


@pytest.fixture(scope="module")
def home(shared_houses):
    house = shared_houses().start()
    house.import_users(["anna", "bert"])
    return house


def test_service(home, phones):
    """Switched off, the registration goes at once and the password is as good as wrong; switched on all is well."""
    anna = phones(home, "anna").registered()
    home.sipctl("user", "set", "anna", "--service", "off")
    assert home.json("user", "show", "anna")[0]["service"] == "off"
    assert home.contacts("anna") == []
    assert anna.register().code == 401
    bert = phones(home, "bert").registered()
    assert bert.invite("anna", b"").finish().code == 480
    home.sipctl("user", "set", "anna", "--service", "on")
    assert anna.register().code == 200


def test_networks(home, phones):
    anna = phones(home, "anna")
    home.sipctl("user", "set", "anna", "--networks", "192.0.2.0/24 198.51.100.7")
    assert anna.register().code == 401
    home.sipctl("user", "set", "anna", "--networks", f"192.0.2.0/24,{home.ip}")
    assert home.json("user", "show", "anna")[0]["networks"] == f"192.0.2.0/24 {home.ip}"
    assert anna.register().code == 200
    assert "not a network" in home.sipctl("user", "set", "anna", "--networks", "10.0.0.1/8", check=1).stderr
    home.sipctl("user", "set", "anna", "--networks", "any")
    assert home.json("user", "show", "anna")[0]["networks"] == ""


def test_import(home, phones):
    """The columns of a file; a wrong one goes to the rejects."""
    text = ("user,password,service,networks\nzoe,secret,off,\nyan,secret,,127.0.0.0/8\n"
            "xia,secret,maybe,\n")
    r = home.sipctl("user", "import", "-", "--format", "csv", input=text, check=6)
    assert "on or off" in r.stderr
    rows = {row["aor"].split("@")[0]: row for row in home.json("user", "list")}
    assert (rows["zoe"]["service"], rows["yan"]["networks"]) == ("off", "127.0.0.0/8") and "xia" not in rows
    assert phones(home, "zoe", password="secret").register().code == 401
    assert phones(home, "yan", password="secret").register().code == 200
