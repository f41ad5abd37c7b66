"""Debian's linphonec as a phone: wav files instead of a sound card."""
import os
import pathlib
import signal
import subprocess

from . import tone
from .house import free_ports
from .wait import eventually


class Linphone:
    def __init__(self, house, user, directory, hertz=600, transport="udp", answer=False):
        self.house, self.user, self.answer = house, user, answer
        port = free_ports()
        self.dir = pathlib.Path(directory) / user
        (self.dir / "home/.local/share/linphone").mkdir(parents=True)
        self.play, self.record = self.dir / "play.wav", self.dir / "heard.wav"
        tone.write(self.play, hertz, 20)
        server = f"<sip:{house.ip}:{house.port};transport={transport}"
        (self.dir / "rc").write_text(f"""\
[sip]
sip_port={port if transport == "udp" else -1}
sip_tcp_port={port if transport == "tcp" else -1}
sip_tls_port=-1
use_ipv6=0
bind_address=127.0.0.1
default_proxy=0
media_encryption=none
guess_hostname=1
[rtp]
audio_rtp_port={port + 4}
[sound]
echocancellation=0
[proxy_0]
reg_proxy={server}>
reg_route={server};lr>
reg_identity=<sip:{user}@{house.domain}>
reg_expires=60
reg_sendregister=1
[auth_info_0]
username={user}
passwd={house.passwords[user]}
realm={house.domain}
domain={house.domain}
""")
        self.process = None

    def configure(self, section, **settings):
        """More lines for its rc file, before start()."""
        file = self.dir / "rc"
        more = "".join(f"{k}={v}\n" for k, v in settings.items())
        file.write_text(file.read_text().replace(f"[{section}]\n", f"[{section}]\n{more}"))

    def start(self):
        self.output = open(self.dir / "output", "wb")
        self.process = subprocess.Popen(
            ["linphonec", "-S", "-c", str(self.dir / "rc")] + (["-a"] if self.answer else []),
            stdin=subprocess.PIPE, stdout=self.output, stderr=subprocess.STDOUT, cwd=self.dir,
            env=os.environ | {"HOME": str(self.dir / "home")}, start_new_session=True)
        # It takes no command before its prompt stands.
        eventually(lambda: "linphonec>" in self.said(), 15, what="linphonec's prompt")
        self.command("soundcard use files")
        self.command(f"play {self.play}")
        self.command(f"record {self.record}")
        return self

    def said(self):
        return (self.dir / "output").read_text(errors="replace")

    def command(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def registered(self, timeout=15):
        eventually(lambda: self.house.contacts(self.user), timeout, 0.1, f"{self.user} registered")
        return self

    def call(self, target):
        self.command(f"call sip:{target}@{self.house.domain}")

    def terminate(self):
        self.command("terminate")

    def listened(self, seconds=2.5, timeout=15):
        """Waits until so much was recorded of the far end (8 kHz, 16 bit)."""
        eventually(lambda: self.record.exists() and self.record.stat().st_size >= seconds * 8000 * 2,
                   timeout, what=f"{seconds} s of sound at {self.user}")

    def heard(self):
        return self.record

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            try:
                self.command("quit")
                self.process.wait(8)
            except (subprocess.TimeoutExpired, BrokenPipeError):
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)
        self.process.stdin.close()
        self.output.close()
