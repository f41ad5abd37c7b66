"""tests/load/registrar: many phones that sign in, and what was acknowledged to them."""
import subprocess

from .digest import ha1
from .house import BIN, free_address

PROGRAM = BIN.parent / "tests/load/registrar"


def user(i):
    return f"u{i:07}"


def import_phones(house, count, timeout=300):
    """Accounts for so many phones, with the one HA1 that they need."""
    rows = ["user,domain,ha1_md5"]
    for name in map(user, range(count)):
        rows.append(f"{name},{house.domain},{ha1(name, house.domain, f'pass-{name}')}")
    house.sipctl("user", "import", "-", input="\n".join(rows) + "\n", timeout=timeout)


class Registrar:
    """count phones. Options as the program has them: rate a second, times in all, for
    seconds at most, out of 100 that sign out, expires or until, window under way."""

    OPTIONS = {"rate": "-r", "window": "-w", "times": "-n", "seconds": "-t", "out": "-o", "expires": "-e",
               "until": "-u", "list": "-l"}

    def __init__(self, house, count, **options):
        self.list = options.get("list")
        self.command = [str(PROGRAM)]
        for name, value in options.items():
            self.command += [self.OPTIONS[name], str(value)]
        self.command += [free_address(), house.ip, str(house.port), house.domain, str(count)]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        return self

    def wait(self, timeout=600):
        """Figures by name: started, ok, refused, again, repeated, lost, open, ms, p50_us, p99_us."""
        said, _ = self.process.communicate(timeout=timeout)
        assert self.process.returncode == 0
        return {name: int(value) for name, value in map(str.split, said.splitlines())}

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def acknowledged(self):
        """What each phone knows of itself: {user: contact}, None when it is out. Who has
        no answer to his last request, or never asked, is left out."""
        known = {}
        with open(self.list) as f:
            for line in f:
                name, word, contact = line.split()
                if word in ("in", "out"):
                    known[name] = contact if word == "in" else None
        return known
