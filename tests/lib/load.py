"""Registrations that go on in the background, and what was acknowledged."""
import threading
import time

from .sip import NoAnswer, Phone

KNOWN, UNSURE = True, False


def contacts_by_user(house):
    """All registrations: contact URIs by user."""
    have = {}
    for row in house.json("reg", "list"):
        have.setdefault(row["aor"].split("@")[0], []).append(row["contact"])
    return have


class Registering:
    """rate REGISTERs per second over the given users, one in four a removal.
    Remembers for each user what the last 200 said; a request without an answer
    leaves its user unsure."""

    def __init__(self, house, users, rate=20, threads=4):
        self.house, self.period = house, threads / rate
        self.expected = {}          # user -> contact or None
        self.unsure = set()
        self.done = self.refused = 0
        self.trouble = []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(users[i::threads],), daemon=True)
                        for i in range(threads)]

    def _run(self, users):
        phones = [Phone(self.house, u) for u in users]
        due = time.monotonic()
        turn = 0
        try:
            while not self.stop.wait(max(0, due - time.monotonic())):
                phone = phones[turn % len(phones)]
                self._one(phone, remove=turn // len(phones) % 4 == 3)
                turn += 1
                due = max(due + self.period, time.monotonic() - 1)
        except Exception as e:      # shown by result(): a thread has no other voice
            self.trouble.append(repr(e))
        finally:
            for p in phones:
                p.close()

    def _one(self, phone, remove):
        self.unsure.add(phone.user)
        try:
            r = phone.register(expires=0 if remove else 600, timeout=16)
        except NoAnswer as e:
            self.trouble.append(str(e))
            return
        if r.code == 200:
            self.expected[phone.user] = None if remove else phone.contact
            self.unsure.discard(phone.user)
            self.done += 1
        else:
            self.refused += 1
            self.trouble.append(repr(r))

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *error):
        self.stop.set()
        for t in self.threads:
            t.join(60)

    def compare(self):
        """What the house has of these users must be what it acknowledged."""
        have = contacts_by_user(self.house)
        wrong = {}
        for user, contact in self.expected.items():
            if user not in self.unsure:
                want = [contact] if contact else []
                if have.get(user, []) != want:
                    wrong[user] = (want, have.get(user, []))
        assert not wrong, f"acknowledged, and what is there: {wrong}"
        return len(self.expected)
