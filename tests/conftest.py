"""Fixtures of the stories. BIN names the programs, CORPUS the torture messages."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lib.house import House  # noqa: E402
from lib.sip import Phone  # noqa: E402


FAILED = pytest.StashKey()


def encodable(report):
    """Octets of messages stand as lone surrogates in texts; xdist wants UTF-8."""
    def clean(text):
        return text.encode(errors="backslashreplace").decode()
    report.sections = [(name, clean(text)) for name, text in report.sections]
    if report.failed and clean(report.longreprtext) != report.longreprtext:
        report.longrepr = clean(report.longreprtext)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    encodable(outcome.get_result())
    if call.when != "teardown" and outcome.get_result().failed:
        for node in item.listchain():
            node.stash[FAILED] = True


def _houses(node):
    """Makes houses; each is ended and looked at when node's stories are over."""
    made = []

    def make(**how):
        house = House(**how)
        made.append(house)
        return house
    yield make
    failed = node.stash.get(FAILED, False)
    found = []
    for house in made:
        if failed:
            print(f"house {house.dir}:\n{house.logs()}")
        found += house.close(keep=failed)
    assert not found, "\n".join(found)


@pytest.fixture
def houses(request):
    """For one story."""
    yield from _houses(request.node)


@pytest.fixture(scope="module")
def shared_houses(request):
    """For all stories of a file that can live in one house."""
    yield from _houses(request.node)


@pytest.fixture
def house(houses):
    """One that runs, with the accounts anna, bert and carl."""
    h = houses().start()
    h.import_users(["anna", "bert", "carl"])
    return h


@pytest.fixture
def phones():
    """phones(house, user, ...) makes phones on the wire, closed after the story."""
    made = []

    def make(house, user=None, **how):
        phone = Phone(house, user, **how)
        made.append(phone)
        return phone
    yield make
    for phone in made:
        phone.close()


def _peers():
    """peers(thing) remembers what has a stop() (baresip, linphonec, sipp)."""
    made = []

    def keep(thing):
        made.append(thing)
        return thing
    yield keep
    for thing in reversed(made):
        thing.stop()


@pytest.fixture
def peers():
    yield from _peers()


@pytest.fixture(scope="module")
def shared_peers():
    yield from _peers()


@pytest.fixture(scope="session")
def corpus():
    path = pathlib.Path(os.environ.get("CORPUS", "../shared/corpus"))
    if not path.is_dir():
        pytest.skip(f"no corpus at {path} (CORPUS=)")
    return path
