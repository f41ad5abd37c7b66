"""A network of the story's own, in which packets can be lost."""
import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def _and_back():
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        _check(_libc.setns(before, CLONE_NEWNET))
        os.close(before)


@contextlib.contextmanager
def own_network():
    """For this thread and all that it starts. PermissionError without the right to it."""
    with _and_back():
        _check(_libc.unshare(CLONE_NEWNET))
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield


@contextlib.contextmanager
def entered(path):
    """The namespace behind /proc/.../ns/net, for this thread and all that it starts."""
    with _and_back(), open(path) as there:
        _check(_libc.setns(there.fileno(), CLONE_NEWNET))
        yield


def lose(percent):
    """So many of all datagrams from now on, at random; 0: none any more."""
    rules = "flush ruleset\n"
    if percent:
        rules += ("table inet loss {\n chain in {\n  type filter hook input priority 0;\n"
                  f"  meta l4proto udp numgen random mod 100 < {percent} drop\n }}\n}}\n")
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
