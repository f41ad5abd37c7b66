"""A pair of honest phones that goes on calling while something else happens."""
import threading
import time

from . import sdp
from .sip import Call, Phone


class Canary:
    """A call every period seconds: authenticated, rung, answered, ended. calls counts
    them, failed says what went wrong, slowest is the longest set-up in seconds."""

    def __init__(self, house, caller, callee, period=1.0):
        self.caller, self.callee = Phone(house, caller).registered(), Phone(house, callee).registered()
        self.period, self.calls, self.failed, self.slowest = period, 0, [], 0.0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _call(self):
        begun = time.monotonic()
        call = self.caller.invite(self.callee.user, sdp.offer(self.caller.wire.local[0], 14000), timeout=32)
        request = self.callee.wait_request("INVITE", 32, call.call_id)
        far = Call.from_invite(self.callee, request)
        far.ring()
        call.wait_code(180, 32)
        self.callee.reply(request, 200, to_tag=far.local_tag, body=sdp.offer(self.callee.wire.local[0], 14002),
                          headers=[("Contact", f"<{self.callee.contact}>")])
        call.established(32)
        self.slowest = max(self.slowest, time.monotonic() - begun)
        self.callee.wait_request("ACK", 32, call.call_id)
        call.send_bye()
        far.wait_bye(32)
        r = self.caller.wait(lambda m: not m.is_request and m.method == "BYE", 32, "200 to BYE")
        assert r.code == 200, r

    def _run(self):
        due = time.monotonic()
        while not self.ended.wait(max(0.0, due - time.monotonic())):
            due += self.period
            self.calls += 1
            try:
                self._call()
            except Exception as e:      # a thread has no other voice; __exit__ is for the story
                self.failed.append(repr(e))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.ended.set()
        self.thread.join(120)
        self.caller.close()
        self.callee.close()
