"""What an account may: service, networks, rights; what it inherits; fixed contacts (rows 45, 47, 86, 103, 107)."""
import pytest
from lib import digest
from lib.wait import eventually


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


# ---- server, domain, account (row 107) ---------------------------------------

@pytest.fixture
def block(home):
    """block(text) becomes what stands in the block of the main domain."""
    conf = home.etc / "sip.conf"
    before = conf.read_text()

    def put(text):
        conf.write_text(before + f"\ndomain {home.domain} {{\n{text}\n}}\n")
        home.sipctl("config", "apply")
    yield put
    conf.write_text(before)
    home.sipctl("config", "apply")


def in_force(house, user):
    return {row["setting"]: (row["value"], row["from"]) for row in house.json("user", "show", user)[0]["in_force"]}


def own(house, user, **settings):
    args = [f"--set={name.replace('_', '-')}={value}" for name, value in settings.items()]
    return house.sipctl("user", "set", user, *args)


def test_levels(home, phones, block):
    anna, bert = phones(home, "anna"), phones(home, "bert")
    assert in_force(home, "anna")["max-contacts"] == ("10", "server")
    block("max-contacts 1")
    assert in_force(home, "anna")["max-contacts"] == ("1", "domain")
    two = f"<{{0.contact}}>, <sip:x@{home.ip}:9>"
    for phone in (anna, bert):
        home.sipctl("reg", "del", phone.user, check=False)
        assert phone.register(contact=two.format(phone)).code == 403
    own(home, "anna", max_contacts=2, max_expires="90s")
    assert in_force(home, "anna")["max-contacts"] == ("2", "account")
    r = anna.register(contact=two.format(anna), expires=3600)
    assert r.code == 200 and "expires=90" in r.get("contact")
    assert bert.register(contact=two.format(bert)).code == 403
    assert home.json("user", "show", "anna")[0]["settings"] == "max-contacts 2; max-expires 90s"
    home.kill("regd")                                   # kept
    eventually(lambda: home.ok())
    assert in_force(home, "anna")["max-contacts"] == ("2", "account")
    own(home, "anna", max_contacts="", max_expires="")
    assert in_force(home, "anna")["max-contacts"] == ("1", "domain")


@pytest.mark.parametrize("wrong, why", [("max-contacts=0", "out of range"), ("max-contact=3", "no setting"),
                                        ("timer-b=5s", "no setting"), ("pstn=maybe", "neither on nor off")])
def test_wrong_settings(home, wrong, why):
    assert why in home.sipctl("user", "set", "anna", "--set", wrong, check=1).stderr
    assert home.json("user", "show", "anna")[0]["settings"] == ""


def test_service_of_a_domain(home, phones, block):
    """Row 45: the account and its domain."""
    bert = phones(home, "bert").registered()
    block("service off")
    eventually(lambda: home.contacts("bert") == [], what="nobody stays registered")
    assert bert.register().code == 401
    assert in_force(home, "bert")["service"] == ("off", "domain")
    own(home, "bert", service="on")
    assert bert.register().code == 401
    own(home, "bert", service="")
    block("service on")
    assert bert.register().code == 200


def test_algorithms(home, phones, block):
    """A domain offers its own challenges; an account may take fewer of them (S08)."""
    anna = phones(home, "anna")
    block("digest-algorithms [sha-256, md5]")
    r = anna.transact(anna.request("REGISTER", f"sip:{home.domain}", to=anna.aor))
    offered = [digest.parse(v) for n, v in r.headers if n.lower() == "www-authenticate"]
    assert [c.get("algorithm", "MD5") for c in offered] == ["SHA-256", "MD5"]
    own(home, "anna", digest_algorithms="sha-256")
    for c, code in zip(offered, (200, 401)):
        m = anna.request("REGISTER", f"sip:{home.domain}", to=anna.aor, headers=[("Expires", "60")])
        m.set("Authorization", digest.answer(c, "anna", anna.password, "REGISTER", m.uri))
        assert anna.transact(m).code == code
    own(home, "anna", digest_algorithms="")


# ---- rights (row 47) ---------------------------------------------------------

def test_rights(home, phones):
    home.sipctl("rights", "add", "lobby", "--rights", "REGISTER:local MESSAGE:local")
    home.sipctl("rights", "add", "staff", "--groups", "lobby", "--rights", "INVITE:all")
    home.sipctl("rights", "add", "boss", "--groups", "staff lobby", "--rights", "*:other")
    anna = phones(home, "anna").registered()
    ask = {("MESSAGE", "bert@" + home.domain): "lobby staff boss", ("INVITE", "bert@" + home.domain): "staff boss",
           ("INVITE", "x@far.test"): "staff boss", ("SUBSCRIBE", "x@far.test"): "boss",
           ("SUBSCRIBE", "bert@" + home.domain): ""}
    for group in ("lobby", "staff", "boss"):
        own(home, "anna", rights=group)
        for (method, to), may in ask.items():
            m = anna.request(method, "sip:" + to, to="sip:" + to)
            m, r = anna.ask(m)
            code = r.code
            if method == "INVITE":
                anna.ack_failure(m, r)
            assert (code == 403) == (group not in may.split()), (group, method, to, code)
    own(home, "anna", rights="nowhere")
    assert anna.register().code == 403
    own(home, "anna", rights="")
    assert anna.register().code == 200
    assert home.figure("regd", "auth_forbidden") > 5


def test_rights_are_checked(home):
    def no(*args):
        return home.sipctl("rights", *args, check=1).stderr
    home.sipctl("rights", "add", "g1", "--rights", "INVITE:all")
    home.sipctl("rights", "add", "g2", "--groups", "g1")
    assert "already" in no("add", "g1") and "no group" in no("set", "g9", "--rights", "A:all")
    assert "itself" in no("set", "g1", "--groups", "g2") and "no group" in no("add", "g3", "--groups", "g9")
    assert "no right" in no("set", "g1", "--rights", "INVITE:") and "no right" in no("set", "g1", "--rights", "A:here")
    assert "has it" in no("del", "g1")
    home.sipctl("rights", "set", "g2", "--groups", "", "--dry-run")
    assert "has it" in no("del", "g1")
    for i in range(3, 9):
        home.sipctl("rights", "add", f"g{i}", "--groups", f"g{i - 1}")
    assert "deep" in no("add", "g9", "--groups", "g8")
    home.kill("regd")
    eventually(lambda: home.ok())
    assert {r["name"]: r["groups"] for r in home.json("rights")}["g2"] == "g1"
    for i in range(8, 0, -1):
        home.sipctl("rights", "del", f"g{i}")


# ---- fixed contacts (row 103) ------------------------------------------------

def test_fixed_contact(home, phones):
    """Beside what the phones register; whatever they do; for the requests that it names."""
    desk, anna, bert = phones(home), phones(home, "anna"), phones(home, "bert").registered()
    home.sipctl("reg", "del", "anna", check=False)
    home.sipctl("reg", "add", "anna", "nonsense", check=1)
    home.sipctl("reg", "add", "nobody", desk.contact, check=1)
    home.sipctl("reg", "add", "anna", desk.contact, "--params", 'methods="INVITE"')
    call = bert.invite("anna", b"")
    desk.reply(desk.wait_request("INVITE"), 486, to_tag="x")
    assert call.finish().code == 486
    assert bert.ask(bert.request("MESSAGE", anna.aor, to=anna.aor))[1].code == 480
    r = anna.register()
    assert r.code == 200 and len(r.all("contact")) == 1         # not the phone's to know
    assert anna.register(contact="*", expires=0).code == 200
    assert home.contacts("anna") == [desk.contact]
    call = bert.invite("anna", b"")
    assert anna.register().code == 200
    home.kill("regd", "sipd")
    eventually(lambda: home.ok())
    row = next(r for r in home.json("reg", "show", "anna") if r["contact"] == desk.contact)
    assert row["expires_s"] is None
    home.sipctl("reg", "del", "anna", desk.contact)
    assert home.contacts("anna") == [anna.contact]


# ---- looking -----------------------------------------------------------------

def test_last_login(home, phones):
    """What an administrator asks first when a phone does not register."""
    home.import_users(["carl"])
    carl = phones(home, "carl")
    assert home.json("user", "show", "carl")[0]["last_login_s"] is None
    assert carl.register(password="wrong").code == 401
    assert carl.register().code == 200
    row = home.json("user", "show", "carl")[0]
    assert row["last_login_s"] <= 2 and row["last_failure_s"] <= 2
    assert (row["last_failure"], row["last_failure_from"]) == ("wrong password", home.ip)
    home.sipctl("user", "set", "carl", "--name", "Carl", "--number", "+15551230109")
    assert home.json("user", "show", "carl")[0]["last_login_s"] is not None
    head = home.sipctl("reg", "show", "carl").stdout.splitlines()[0]
    assert head.startswith(f"carl@{home.domain}   1 contact, number +15551230109, last login ")
    assert "LAST LOGIN" in home.sipctl("user", "show", "carl").stdout
    notes = {r["tried"]: r["note"] for r in home.json("reg", "failures", "--last", "1h")}
    assert notes[f"carl@{home.domain}"].startswith("last good login ")
    home.sipctl("reg", "failures", "--last", "soon", check=2)


def test_trial_of_removals(home, phones):
    phones(home, "bert").registered()
    before = home.contacts("bert")
    assert "would have" in home.sipctl("reg", "del", "bert", "--dry-run").stdout
    assert "would have" in home.sipctl("user", "del", "bert", "--dry-run").stdout
    home.sipctl("user", "del", "nobody", "--dry-run", check=1)
    assert home.contacts("bert") == before
