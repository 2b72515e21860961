"""Kernels forked from a warm process: nothing passes from one student to the next, and none reaches the source."""

import os

import pytest

from tools.course import nursery, sandbox
from tools.course.kernel import Kernel
from tools.course.package import package
from tools.course.settings import Limits

pytestmark = pytest.mark.skipif(not sandbox.available(), reason="bubblewrap does not work here")
LEAVES = """
import os, json, random
places = {}
for place in ("/tmp", ".", "/dev/shm", "/dev", "/", "/proc/sys/net/ipv4"):
    try:
        open(os.path.join(place, "left-behind"), "w").write("the answers")
        places[place] = True
    except OSError:
        places[place] = False
import numpy, torch
numpy.allclose = "spoilt"; torch.left = "behind"
print(json.dumps(places))
"""
LOOKS = """
import glob, json, os, numpy, torch, random, socket
seen = [p for root in ("/tmp", ".", "/dev/shm") for p, _, names in os.walk(root) if "left-behind" in names]
powers = {line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")}
try:
    open("data.csv", "a")
    writes = True
except OSError:
    writes = False
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
    net = True
except OSError:
    net = False
spoilt = numpy.allclose == "spoilt" or hasattr(torch, "left")
print(json.dumps({"seen": seen, "spoilt": spoilt, "powers": sorted(powers),
    "others": sorted(int(p) for p in os.listdir("/proc") if p.isdigit()), "writes": writes, "net": net,
    "luck": [random.random(), numpy.random.rand(), torch.rand(1).item()], "threads": torch.get_num_threads(),
    "data": open("data.csv").read(), "source": [k for k in os.environ if "COURSE" in k]}))
"""


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    """Return limits, and folders as an assignment brings them."""
    folder = tmp_path_factory.mktemp("rooms")
    home, fonts = folder / "home", folder / "fonts"
    home.mkdir(), fonts.mkdir()
    (home / "data.csv").write_text("1,2")
    yield Limits(), home, package(folder / "package"), fonts
    nursery.close()


def said(kernel: Kernel, source: str):
    import json

    ran = kernel.run(source, 60)
    texts = [o.text for o in ran.outputs if o.output_type == "stream" and o.name == "stdout"]
    assert texts, ran
    return json.loads(texts[-1])


def test_a_copy_is_trusted_here(rooms):
    assert nursery.trusted()


def test_nothing_passes_from_one_student_to_the_next(rooms):
    luck = []
    with Kernel(*rooms) as first:
        assert isinstance(first.process, nursery.Forked)
        places = said(first, LEAVES)
        assert [place for place, written in places.items() if written] == ["/tmp", ".", "/dev/shm"]
    for _ in range(2):
        with Kernel(*rooms) as later:
            seen = said(later, LOOKS)
        assert not any(seen[key] for key in ("seen", "spoilt", "writes", "net", "source")), seen
        assert set(seen["powers"]) == {"0" * 16}
        assert [p for p in seen["others"] if p > 2] == []  # the first of its world, itself, and nobody else
        assert (seen["threads"], seen["data"]) == (1, "1,2")
        luck.append(seen["luck"])
    assert all(a != b for a, b in zip(*luck, strict=True))


@pytest.mark.parametrize("blow", ["os.kill(0, 9)", "os.kill(-1, 9)", "os._exit(0)", "os.kill(os.getppid(), 9)"])
def test_no_blow_reaches_the_source(rooms, blow):
    with Kernel(*rooms) as kernel:
        source = nursery.of(*rooms)
        kernel.run(f"import os\n{blow}", 20)
        assert source.started.poll() is None
        kernel.start()
        assert said(kernel, "print(1)") == 1
        assert nursery.of(*rooms) is source


def test_a_source_that_died_is_replaced_and_without_one_a_kernel_starts_alone(rooms, monkeypatch):
    nursery.of(*rooms).started.kill()  # at once: it may still look alive
    with Kernel(*rooms) as kernel:
        assert isinstance(kernel.process, nursery.Forked)
    monkeypatch.setattr(nursery, "trusted", lambda: False)
    with Kernel(*rooms) as kernel:
        assert isinstance(kernel.process, nursery.Alone)
        assert said(kernel, LOOKS)["data"] == "1,2"
        trains = "import torch\nw = torch.ones(2, requires_grad=True)\nstep = torch.optim.Adam([w]).step\n"
        ran = kernel.run(trains + "(w @ w).backward()\nstep()", 60)
        assert (ran.status, ran.changed) == ("ok", [])  # what torch exchanges in itself is nobody's tampering


def test_time_and_memory_have_their_limits_in_a_copy(rooms):
    limits = Limits(memory_mb=900)
    with Kernel(limits, *rooms[1:]) as kernel:
        ran = kernel.run("while True: pass", 1)
        assert (ran.stopped, ran.dead, ran.status) == ("time", False, "error")
        ran = kernel.run("hoard = []\nwhile True: hoard.append(bytearray(2**24))", 30)
        assert ran.stopped == "memory" or "MemoryError" in str(ran.outputs), ran
    assert os.environ.get("MI_LAB_COLD") is None
