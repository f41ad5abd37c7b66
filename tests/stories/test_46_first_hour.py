"""docs/first-hour.md: what stands there is typed, in that order, and what happens beside it happens."""
import os
import pathlib
import re
import shutil
import subprocess

from lib.house import BIN
from lib.sip import Call, Phone
from lib.wait import eventually

TEXT = (pathlib.Path(__file__).resolve().parents[2] / "docs/first-hour.md").read_text()


class Hour:
    def __init__(self, house, provider, cwd):
        self.house, self.provider, self.cwd = house, provider, cwd
        self.phones = {}
        house.passwords |= {"anna": "correct horse 1", "bert": "battery staple 2"}
        self.env = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "CORDBOARD_DIR": str(house.dir)}

    def type(self, command):
        """As it stands, but for addresses."""
        command = command.replace("192.0.2.66", self.scanner()).replace("192.0.2.10", self.provider.ip)
        command = command.replace("192.0.2.1:", f"{self.house.ip}:").replace("/etc/cordboard", str(self.house.etc))
        if " init " in command:
            command += f" --media {self.house.ip}:20000-20198 --set ban-after=5"
        done = subprocess.run(["sh", "-ec", command], env=self.env, cwd=self.cwd, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def scanner(self):
        return self.house.ip.rsplit(".", 1)[0] + ".254"

    # ---- what happens beside it, by the words of the comments ----

    def the_phones_of_anna_and_bert_sign_in(self):
        for user in ("anna", "bert"):
            self.phones[user] = Phone(self.house, user, domain="example.com").registered()

    def anna_calls_bert(self):
        anna, bert = self.phones["anna"], self.phones["bert"]
        call = anna.invite("bert@example.com")
        far = Call.from_invite(bert, bert.wait_request("INVITE", call_id=call.call_id))
        bert.reply(far.request, 200, to_tag=far.local_tag, headers=[("Contact", f"<{bert.contact}>")])
        call.established()
        bert.wait_request("ACK", call_id=call.call_id)

    def anna_calls_nobody_example_com(self):
        assert self.phones["anna"].invite("nobody@example.com").finish().code == 404

    def the_gateway_is_registered(self):
        eventually(lambda: self.provider.contacts("12345"), what="the gateway's registration")

    def anna_calls__442071234567(self):
        london = self.phones["london"] = Phone(self.provider, "london", domain="provider.example").registered()
        call = self.phones["anna"].invite("+442071234567@example.com")
        far = Call.from_invite(london, london.wait_request("INVITE", call_id=call.call_id))
        london.reply(far.request, 200, to_tag=far.local_tag, headers=[("Contact", f"<{london.contact}>")])
        call.established()
        london.wait_request("ACK", call_id=call.call_id)

    def somebody_guesses_passwords(self):
        scanner = Phone(self.house, "anna", domain="example.com", ip=self.scanner(), password="1234")
        for _ in range(6):
            try:
                scanner.register(timeout=1)
            except AssertionError:
                break               # not heard any more
        scanner.close()
        eventually(lambda: self.house.json("ban", "list"), what="a ban")


def test_first_hour(houses, tmp_path):
    provider = houses(domain="provider.example").start()
    provider.passwords["12345"] = "provider secret 3"
    provider.sipctl("user", "add", "12345@provider.example", "--password-file", "-", input="provider secret 3\n")
    provider.add_user("london")
    provider.sipctl("number", "add", "+442071234567", "london")
    house = houses(domain="example.com")
    shutil.rmtree(house.dir)
    hour = Hour(house, provider, tmp_path)
    steps = re.findall(r"^    \$ (.+)$|^<!-- (.+) -->$", TEXT, re.M)
    assert len(steps) > 30
    shown = {}          # the last of each
    for command, event in steps:
        if command:
            shown[command] = hour.type(command)
        else:
            getattr(hour, re.sub(r"\W", "_", event))()
    assert "anna@example.com" in shown["sipctl reg list"] and "-> bert@example.com" in shown["sipctl trace"]
    assert "The router knows no nobody@example.com" in shown["sipctl why || true"]
    assert re.search(r"talking +anna@example.com +\+442071234567\S* .*teleco1", shown["sipctl calls"]), shown["sipctl calls"]
    assert re.search(r"\+442071234567@example.com +200 OK .*teleco1", shown["sipctl trace"]), shown["sipctl trace"]
    assert "registered" in shown["sipctl gw"] and hour.scanner() in shown["sipctl ban list"]
    for phone in hour.phones.values():
        phone.close()
