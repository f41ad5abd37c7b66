"""Other names of an account: aliases, numbers, records of class Access (rows 44, 81, 119). A phone may be set up
with any of them; nobody gets at another's account by one."""
import pytest
from lib import digest
from lib.wait import eventually


@pytest.fixture(scope="module")
def home(shared_houses):
    house = shared_houses()
    house.init()
    (house.etc / "routes.conf").write_text("Access:<desk-*> = *\nSignal:<bell-*> = *\n")
    house.up()
    house.import_users(["anna", "bert"])
    house.sipctl("alias", "add", "sales", "anna")
    house.sipctl("user", "set", "anna", "--number", "201")
    return house


NAMES = ["sales", "201", "desk-anna", "Sales", "desk-sales"]


def register(phone, name, **how):
    """As this name, with the account's own name and password in the digest."""
    phone.register_cseq += 2
    m = phone.request("REGISTER", f"sip:{phone.domain}", to=f"sip:{name}@{phone.domain}", from_uri=f"sip:{name}@{phone.domain}",
                      cseq=phone.register_cseq, headers=[("Expires", "60")])
    return phone.ask(m, **how)[1]


@pytest.mark.parametrize("name", NAMES)
def test_register(home, phones, name):
    """What was registered is the account."""
    anna, bert = phones(home, "anna"), phones(home, "bert")
    r = register(anna, name)
    assert r.code == 200 and anna.contact in r.get("contact")
    assert home.contacts("anna") == [anna.contact]
    call = bert.invite("anna", b"")
    anna.reply(anna.wait_request("INVITE"), 486, to_tag="x")
    assert call.finish().code == 486
    assert register(bert, name).code == 403             # hers, not his
    assert register(anna, name, password="wrong").code == 401
    assert anna.register(contact="*", expires=0).code == 200


@pytest.mark.parametrize("name", ["bert", "bell-anna", "nobody", "@"])
def test_not_hers(home, phones, name):
    """A record of class Signal says where calls go, not who somebody is."""
    assert register(phones(home, "anna"), name).code in (400, 403, 404)
    assert home.contacts("anna") == []


@pytest.mark.parametrize("name", NAMES)
def test_call(home, phones, name):
    """S13 still: From may be any name of the account, and no other's."""
    anna, bert = phones(home, "anna"), phones(home, "bert").registered()
    for caller, code in ((anna, 486), (bert, 403)):
        m = caller.request("INVITE", bert.aor, to=bert.aor, from_uri=f"sip:{name}@{home.domain}")
        r = caller.transact(m)
        caller.ack_failure(m, r)
        m = caller.credential(m, r)
        caller.send(m)
        if code == 486:
            bert.reply(bert.wait_request("INVITE"), code, to_tag="x")
        r = caller.wait(lambda x: not x.is_request and x.branch == m.branch and x.code >= 200)
        caller.ack_failure(m, r)
        assert r.code == code


def test_domain_alias(home, phones):
    """The same users under another domain's name: challenged in the realm that their passwords are of."""
    def register(phone):
        uri, aor = "sip:old.test", "sip:anna@old.test"
        m = phone.request("REGISTER", uri, to=aor, from_uri=aor, headers=[("Expires", "60")])
        return phone.ask(m)[1].code
    anna, bert = phones(home, "anna"), phones(home, "bert").registered()
    assert register(anna) != 200
    home.sipctl("alias", "add", "@old.test", f"@{home.domain}")
    eventually(lambda: register(anna) == 200, 3)
    assert home.contacts("anna") == [anna.contact]
    m = anna.request("MESSAGE", "sip:bert@old.test", from_uri="sip:anna@old.test")
    r = anna.transact(m)
    assert r.code == 407 and digest.parse(r.get("proxy-authenticate"))["realm"] == home.domain
    anna.send(anna.credential(m, r))
    bert.reply(bert.wait_request("MESSAGE"), 200)
    before = home.pids()
    home.kill("routed", "sipd")                         # the snapshot has it, too
    home.back(before, ["routed", "sipd"])
    eventually(lambda: register(anna) == 200, 3)
    home.sipctl("alias", "del", "@old.test")
    eventually(lambda: register(anna) != 200, 3)
    home.sipctl("reg", "del", "anna")


def test_alias_of_a_domain_to_come(home, phones):
    """It is known as soon as the domain that it means is served."""
    home.sipctl("alias", "add", "@early.test", "@later.test")
    with open(home.etc / "sip.conf", "a") as conf:
        conf.write("domain later.test\n")
    home.sipctl("config", "apply")
    home.sipctl("user", "add", "zoe@later.test", "--password-file", "-", input="pass-zoe\n")
    zoe = phones(home, "zoe", password="pass-zoe")

    def register():
        m = zoe.request("REGISTER", "sip:early.test", to="sip:zoe@early.test", from_uri="sip:zoe@early.test",
                        headers=[("Expires", "60")])
        return zoe.ask(m)[1].code
    eventually(lambda: register() == 200, 3)


def test_without_routed(home, phones):
    """While the router is away a phone with its own name goes on; one with another name comes again."""
    anna = phones(home, "anna")
    with home.frozen("routed"):
        assert anna.register().code == 200
    assert register(anna, "sales").code == 200
    home.sipctl("reg", "del", "anna")
