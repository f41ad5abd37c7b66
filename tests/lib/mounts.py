"""Mounts of the story's own, which nobody else sees."""
import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNS = 0x00020000
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def own_mounts():
    """For this thread and all that it starts. PermissionError without the right to it."""
    before, where = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC), os.getcwd()
    try:
        if _libc.unshare(CLONE_NEWNS) != 0:
            raise PermissionError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        if subprocess.run(["mount", "--make-rprivate", "/"]).returncode != 0:
            raise PermissionError("mount")
        yield
    finally:
        _libc.setns(before, CLONE_NEWNS)
        os.chdir(where)
        os.close(before)


def small_disk(directory, octets):
    """A file system of that size in the place of the directory, whose files it takes over."""
    owner, files = directory.stat(), [(f.name, f.read_bytes(), f.stat()) for f in directory.iterdir()]
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={octets},mode={owner.st_mode & 0o777:o},uid={owner.st_uid},"
                    f"gid={owner.st_gid}", "tmpfs", directory], check=True)
    for name, data, stat in files:
        path = directory / name
        path.write_bytes(data)
        os.chown(path, stat.st_uid, stat.st_gid)
        path.chmod(stat.st_mode & 0o777)


def fill(directory, name="ballast"):
    """Until not an octet fits. Returns the file."""
    path = directory / name
    with open(path, "wb", 0) as f:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    f.write(b"x" * size)
    return path
