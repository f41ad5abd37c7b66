"""Many accounts from a file and back: rejects, trial, undo, export."""
import csv
import io
import json

import pytest
from lib import digest
from lib.wait import eventually


@pytest.fixture
def home(houses):
    house = houses().start()
    house.import_users(["anna", "bert"])
    return house


def rows(house):
    return {r["aor"].split("@")[0]: (r["name"], r["number"], r["settings"]) for r in house.json("user", "list")}


def import_(house, text, *options, check=True, form="csv"):
    return house.sipctl("user", "import", "-", "--format", form, *options, input=text, check=check)


def test_undo(home, phones):
    """Accounts that came go, with their registrations; those that changed are what they were, password and all."""
    before = rows(home)
    text = ("user,password,name,number,settings\nzoe,new,Zoe,,pstn off\n"
            "anna,other,Anna B,+15551230101,max-contacts 1; pstn off\n")
    import_(home, text, "--update")
    assert rows(home)["anna"] == ("Anna B", "+15551230101", "max-contacts 1; pstn off")
    phones(home, "zoe", password="new").registered()
    assert phones(home, "anna").register().code == 401
    assert "would be" in home.sipctl("user", "import", "--undo", "--dry-run").stdout
    home.kill("regd")                                   # the store remembers, too
    eventually(lambda: home.ok())
    assert home.sipctl("user", "import", "--undo").stdout.startswith("1 account removed, 1 as before")
    assert rows(home) == before and home.contacts("zoe") == []
    assert phones(home, "anna").register().code == 200
    home.sipctl("user", "import", "--undo", check=1)


def test_changed_by_hand_stays(home):
    import_(home, "user,password\nzoe,x\nyan,x\n")
    home.sipctl("user", "set", "zoe", "--name", "Zoe")
    assert home.sipctl("user", "import", "--undo").stdout.startswith("1 account removed, 0 as before")
    assert set(rows(home)) == {"anna", "bert", "zoe"}


def test_the_last_import_alone(home):
    import_(home, "user,password\nzoe,x\n")
    import_(home, "user,password\nyan,x\n")
    home.sipctl("user", "import", "--undo")
    assert set(rows(home)) == {"anna", "bert", "zoe"}
    home.kill("regd")
    eventually(lambda: home.ok())
    home.sipctl("user", "import", "--undo", check=1)
    assert set(rows(home)) == {"anna", "bert", "zoe"}


def test_undo_of_many(home):
    """More than a part holds."""
    import_(home, "user,password\n" + "".join(f"u{i},x\n" for i in range(1000)))
    assert home.sipctl("user", "import", "--undo").stdout.startswith("1000 accounts removed")
    assert set(rows(home)) == {"anna", "bert"}


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_export_and_import(home, houses, phones, form):
    """Without HA1s unless asked for; with them another house knows the passwords."""
    home.sipctl("user", "set", "anna", "--name", 'Anna "B", Berg', "--number", "+15551230101",
                "--set", "pstn=off", "--set", "max-contacts=2")
    plain = home.sipctl("user", "export", "--format", form).stdout
    assert "ha1" not in plain
    assert digest.ha1("anna", home.domain, "pass-anna") not in plain
    full = home.sipctl("user", "export", "--format", form, "--with-ha1").stdout
    assert digest.ha1("anna", home.domain, "pass-anna") in full
    assert digest.ha1(f"anna@{home.domain}", home.domain, "pass-anna") in full
    parsed = list(csv.DictReader(io.StringIO(full))) if form == "csv" else [json.loads(x) for x in full.splitlines()]
    assert {r["user"]: r["settings"] for r in parsed} == {"anna": "pstn off; max-contacts 2", "bert": ""}
    other = houses().start()
    import_(other, full, form=form)
    assert rows(other) == rows(home)
    assert phones(other, "anna", password="pass-anna").register().code == 200
    assert other.sipctl("user", "export", "--format", form, "--with-ha1").stdout == full      # every variant


def test_rejects(home):
    """In the same form, to be mended and imported again."""
    path = home.dir / "staff.csv"
    path.write_text("user,password,number\nzoe,x,+15551230102\nyan,x,12x\nanna,x,\nxia,x,+1555\n")
    r = home.sipctl("user", "import", path, check=6)
    assert "staff.csv:3:7: number \"12x\": only digits" in r.stderr and "staff.csv:4:1: anna@" in r.stderr
    assert 'staff.csv:5:7: number "+1555": too short, E.164 needs 8 to 15 digits here' in r.stderr
    rejected = home.dir / "staff.csv.rejected"
    assert rejected.read_text().splitlines() == ["user,password,number", "yan,x,12x", "anna,x,", "xia,x,+1555"]
    assert rejected.stat().st_mode & 0o077 == 0
    rejected.write_text(rejected.read_text().replace("12x", "12").replace("+1555", "13").replace("anna,x,\n", ""))
    home.sipctl("user", "import", rejected)
    assert set(rows(home)) == {"anna", "bert", "zoe", "yan", "xia"}


def test_complaints_help(home):
    """Place, value, reason, and what was probably meant."""
    with open(home.etc / "sip.conf", "a") as conf:
        conf.write("domain example.com\n")
    home.sipctl("config", "apply")
    text = 'name,user,domain,password\n"B, ob",bob,exmaple.com,x\n,bob@exmaple.com,,x\n,bob,nowhere.test,x\n'
    r = import_(home, text, "--dry-run", check=1)
    assert '-:2:13: "bob@exmaple.com": domain not served; did you mean example.com?' in r.stderr
    assert '-:3:2: "bob@exmaple.com": domain not served; did you mean example.com?' in r.stderr
    assert '-:4:6: "bob@nowhere.test": domain not served\n' in r.stderr
    assert "3 rows: 0 would be added, 3 rejected. Nothing was changed." in r.stdout
