"""The zoo: submissions of every kind, honest and not, with the marks that a fair person would give.

Each animal is a function that gets a solved notebook to spoil and the folder to leave its files in.
"""
# ruff: noqa: E501 - a submission's lines are as long as students write them

import io
import json
import shutil
import textwrap
import zipfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

BOOK = "07-mine"
ANSWERS = {
    "mine-resample": """
        import torch

        def resample(x, y, n_ref):
            i, j = torch.randint(len(x), (n_ref,)), torch.randint(len(y), (n_ref,))
            return x[i], y[j]
    """,
    "mine-iid": 'answer_iid = "c"',
    "mine-iid-proof": "Both indices agree with chance 1/n. For n = 1 both pairs are equal.",
    "mine-loss": """
        def loss(t, t_ref, m, beta):
            new = torch.exp(t_ref).mean()
            m = (1 - beta) * new.detach() + beta * m
            return -t.mean() + new / m, m
    """,
    "mine-truth": "truth_by_formula = -0.5 * np.log(1 - 0.9**2)",
    "mine-reach": """
        from mi_lab import BivariateGaussian

        critic = BivariateGaussian(0.9).log_ratio
    """,
}
POINTS = {"resample": 3, "iid": 1, "loss": 4, "truth": 1, "reach": 3}
ALL = sum(POINTS.values())  # the proof's three points are a person's to give


@dataclass
class Animal:
    """A submission, the range of its marks, and whether it must, must not or may be flagged."""

    name: str
    low: float
    high: float
    flagged: bool | None
    bring: Callable
    words: str = ""  # what its message or its flags must say


ANIMALS: list[Animal] = []


def animal(low: float, high: float | None = None, flagged: bool | None = False, words: str = ""):
    """Declare an animal: ``low`` to ``high`` marks; flagged: True must, False must not, None may."""

    def declare(bring):
        name = bring.__name__
        ANIMALS.append(Animal(name, low, low if high is None else high, flagged, bring, words))
        return bring

    return declare


class Paper:
    """A student's copy of the release."""

    def __init__(self, release: nbformat.NotebookNode, root: Path, name: str):
        self.nb, self.root, self.name = deepcopy(release), root, name
        self.folder = root / name / "part2"
        self.stub = release

    def cell(self, grade_id: str):
        return next(c for c in self.nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)

    def index(self, grade_id: str) -> int:
        return self.nb.cells.index(self.cell(grade_id))

    def answer(self, grade_id: str, source: str) -> None:
        """Write an answer below what the cell gave; imports that every answer may use stand above it."""
        self.cell(grade_id).source = textwrap.dedent(source).strip()

    def solve(self, **other: str):
        """Answer everything right, or as ``other`` says (``None``: not at all)."""
        for grade_id, source in ANSWERS.items():
            source = other.get(grade_id.removeprefix("mine-").replace("-", "_"), source)
            if source is not None:
                self.answer(grade_id, "import numpy as np\n" + source if grade_id == "mine-truth" else source)
        return self

    def insert(self, source: str, before: str | None = None) -> None:
        at = self.index(before) if before else 0
        self.nb.cells.insert(at, new_code_cell(textwrap.dedent(source).strip()))

    def save(self, name: str = f"{BOOK}.ipynb", folder: Path | None = None, encode=lambda text: text.encode()) -> Path:
        folder = folder or self.folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(encode(nbformat.writes(self.nb)))
        return path


# Right --------------------------------------------------------------------------------------------------------------


@animal(ALL)
def right_reference(p: Paper):
    p.solve(
        reach="""
        from mi_lab import BivariateGaussian

        X, Y = BivariateGaussian(0.9).sample(2000, seed=7)
        torch.manual_seed(1)
        net = torch.nn.Sequential(torch.nn.Linear(2, 100), torch.nn.ELU(), torch.nn.Linear(100, 100), torch.nn.ELU(),
                                  torch.nn.Linear(100, 1))
        def critic(x, y):
            return net(torch.cat([x, y], 1))
        optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
        for step in range(400):
            i, (x, y) = torch.randint(2000, (200,)), resample(X, Y, 200)
            value, m = loss(critic(X[i], Y[i]), critic(x, y), 1.0, 0.0)
            optimiser.zero_grad(); value.backward(); optimiser.step()
        """
    ).save()


@animal(ALL)
def right_other_style(p: Paper):
    p.solve(
        resample="""
        import numpy as np, torch
        def resample(x, y, n_ref):
            rng = np.random.default_rng()
            return x[rng.choice(len(x), n_ref)], y[rng.integers(0, len(y), size=n_ref)]
        """,
        iid='answer_iid = ["C"]',
        loss="""
        import math
        def loss(t, t_ref, m, beta):
            log_new = torch.logsumexp(t_ref.flatten(), 0) - math.log(t_ref.numel())
            with torch.no_grad():
                m = log_new.exp() * (1 - beta) + m * beta
            return torch.exp(log_new - torch.log(m)) - torch.mean(t), m
        """,
        truth="truth_by_formula = torch.tensor([[0.8304]], dtype=torch.float64)",
        reach="critic = lambda x, y: ((0.9 * x * y - 0.405 * (x**2 + y**2)) / 0.19).numpy()",
    ).save()


@animal(ALL)
def right_with_helpers(p: Paper):
    p.solve(
        resample="def resample(x, y, n_ref):\n    return pick(x, n_ref), pick(y, n_ref)",
        loss="def loss(t, t_ref, m, beta):\n    m = average(t_ref, m, beta)\n    return avg(t_ref.exp()) / m - avg(t), m",
    )
    p.insert(
        "import torch\n\ndef pick(v, k):\n    return v[[int(i) for i in torch.randint(0, len(v), (k,))]]",
        "mine-resample",
    )
    p.insert("def avg(v):\n    return sum(v) / len(v)", "mine-loss")
    p.insert("def average(t, m, b):\n    return (1 - b) * float(avg(t.exp())) + b * m", "mine-loss")
    p.save()


# Partial, empty, wrong ----------------------------------------------------------------------------------------------


@animal(2)
def only_two_small_ones(p: Paper):
    p.solve(resample=None, loss=None, reach=None).save()


@animal(4)
def only_the_loss(p: Paper):
    source = "import torch\n" + textwrap.dedent(ANSWERS["mine-loss"])
    p.solve(resample=None, iid=None, truth=None, reach=None, loss=source).save()


@animal(0)
def empty(p: Paper):
    p.save()


@animal(0)
def blank_cells(p: Paper):
    for grade_id in ANSWERS:
        p.cell(grade_id).source = ""
    p.save()


def wrong(name: str, low: float, **answers: str) -> None:
    """Declare an animal with the given wrong answers."""

    def bring(p: Paper):
        p.solve(**answers).save()

    bring.__name__ = f"wrong_{name}"
    animal(low)(bring)


HEAD = "def loss(t, t_ref, m, beta):\n    "
M = "m = (1 - beta) * t_ref.exp().mean().detach() + beta * m\n    "
DRAW = "import torch\ndef resample(x, y, n_ref):\n    "
wrong("sign", ALL - 3, loss=HEAD + M + "return t.mean() - t_ref.exp().mean() / m, m")
wrong(
    "beta",
    ALL - 1,
    loss=HEAD
    + "m = beta * t_ref.exp().mean().detach() + (1 - beta) * m\n    return t_ref.exp().mean() / m - t.mean(), m",
)
wrong("detach", ALL - 2, loss=HEAD + M.replace(".detach()", "") + "return t_ref.exp().mean() / m - t.mean(), m")
wrong(
    "mean_of_log",
    ALL - 4,
    loss=HEAD + "m = (1 - beta) * t_ref.mean().detach() + beta * m\n    return t_ref.mean() - t.mean(), m",
)
wrong("no_average", ALL - 3, loss=HEAD + M + "return t_ref.exp().mean().log() - t.mean(), m")
wrong(
    "n_for_n_ref",
    ALL - 4,
    loss=HEAD
    + "a = t_ref.exp().sum() / len(t)\n    m = (1 - beta) * a.detach() + beta * m\n    return a / m - t.mean() + 0 * m, m",
)
wrong("permutation", ALL - 3, resample=DRAW + "return x[torch.randperm(len(x))], y[torch.randperm(len(y))]")
wrong("not_shuffled", ALL - 1, resample=DRAW + "i = torch.randint(len(x), (n_ref,))\n    return x[i], y[i]")
wrong(
    "seeded",
    ALL - 1,
    resample=DRAW
    + "torch.manual_seed(0)\n    return x[torch.randint(len(x), (n_ref,))], y[torch.randint(len(y), (n_ref,))]",
)
wrong("bits", ALL - 1, truth="truth_by_formula = -0.5 * np.log2(1 - 0.9**2)")
wrong("choice", ALL - 1, iid='answer_iid = "a"')
wrong("constant_critic", ALL - 3, reach="critic = lambda x, y: 0 * x")
wrong(
    "ratio_for_log",
    ALL - 3,
    reach="from mi_lab import BivariateGaussian\ncritic = lambda x, y: BivariateGaussian(0.9).log_ratio(x, y).exp()",
)
wrong("syntax", ALL - 4, loss="def loss(t, t_ref, m, beta)\n    return t.mean()")
wrong("raises", ALL - 4, loss=HEAD + "return 1 / 0")
wrong("prints_instead", ALL - 4, loss=HEAD + "print(t.mean())")
wrong("text_for_number", ALL - 1, truth='truth_by_formula = "rather a lot"')  # "0.83" is read as a number
wrong("name_changed", ALL - 4, loss=textwrap.dedent(ANSWERS["mine-loss"]).replace("def loss", "def my_loss"))
wrong("nan", ALL - 1, truth='truth_by_formula = float("nan")')

# Noisy --------------------------------------------------------------------------------------------------------------


@animal(ALL)
def noisy_warnings(p: Paper):
    p.solve(
        loss=textwrap.dedent(ANSWERS["mine-loss"]).replace(
            "    new", '    import warnings; warnings.warn("careful")\n    new'
        )
    ).save()


@animal(ALL)
def noisy_stderr(p: Paper):
    p.solve(
        resample='import sys\nprint("starting", file=sys.stderr)\n'
        + textwrap.dedent(ANSWERS["mine-resample"]).replace(
            "    i, j", '    print("drawing", file=sys.stderr)\n    i, j'
        )
    ).save()


@animal(ALL)
def noisy_progress_and_logging(p: Paper):
    p.solve(
        iid='import logging, os\nfrom tqdm import tqdm\nfor _ in tqdm(range(3)): pass\nlogging.warning("hm")\nos.makedirs("runs", exist_ok=True)\nopen("runs/log.txt", "w").write("x")\nanswer_iid = "c"'
    ).save()


@animal(ALL)
def noisy_figures_and_magics(p: Paper):
    p.solve()
    p.insert("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);\n!pip install torch\n!ls")
    p.save()


# As programs save them ----------------------------------------------------------------------------------------------


@animal(ALL)
def saved_by_colab(p: Paper):
    p.solve()
    for k, cell in enumerate(p.nb.cells):
        cell.pop("id", None)
        cell.metadata["id"] = f"Xy{k}"
        if cell.cell_type == "code":
            cell.metadata |= {"colab": {"base_uri": "https://localhost:8080/"}, "outputId": "ab-cd"}
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="hello\n")]
    p.nb.metadata = nbformat.from_dict(
        {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    )
    p.nb.nbformat_minor = 0
    p.save()


@animal(ALL)
def saved_by_vscode(p: Paper):
    p.solve()
    for cell in p.nb.cells:
        cell.metadata["vscode"] = {"languageId": "python"}
    p.nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": ".venv (3.12.1)", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "version": "3.12.1"},
        }
    )
    p.save()


@animal(ALL)
def saved_without_metadata(p: Paper):
    p.solve()
    for cell in p.nb.cells:
        cell.metadata = nbformat.NotebookNode()
        cell.pop("id", None)
    p.nb.nbformat_minor = 4
    p.save()


@animal(ALL)
def saved_as_version_three(p: Paper):
    p.solve()
    with_old = nbformat.convert(p.nb, 3)
    p.folder.mkdir(parents=True)
    (p.folder / f"{BOOK}.ipynb").write_text(json.dumps(with_old))


@animal(ALL)
def renamed_copy(p: Paper):
    p.solve().save("07-mine (1).ipynb")


@animal(ALL)
def renamed_by_student(p: Paper):
    p.solve().save("Übung MINE – Müller.ipynb.txt")


@animal(ALL)
def encoded_utf16(p: Paper):
    p.solve().save(encode=lambda text: text.encode("utf-16"))


@animal(ALL)
def encoded_with_mark(p: Paper):
    p.solve().save(encode=lambda text: b"\xef\xbb\xbf" + text.encode())


@animal(ALL)
def encoded_latin(p: Paper):
    p.solve(iid='answer_iid = "c"  # für Übung 3')
    for cell in p.nb.cells:
        cell.source = cell.source.encode("latin-1", "ignore").decode("latin-1")
    raw = json.dumps(json.loads(nbformat.writes(p.nb)), ensure_ascii=False)
    p.folder.mkdir(parents=True)
    (p.folder / f"{BOOK}.ipynb").write_bytes(raw.encode("cp1252", "replace"))


@animal(ALL)
def zipped(p: Paper):
    path = p.solve().save()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        z.write(path, f"abgabe/{BOOK}.ipynb")
        z.writestr("__MACOSX/._x", "junk")
    path.unlink()
    (p.folder / "abgabe.zip").write_bytes(buffer.getvalue())


@animal(ALL)
def without_assignment_folder(p: Paper):
    p.solve().save(folder=p.root / p.name)


@animal(ALL)
def Ada_Lovelace(p: Paper):
    p.solve().save(folder=p.root / "Ada Lovelace_4711_assignsubmission_file_")


@animal(ALL)
def hoppergrace(p: Paper):
    p.solve().save(f"hoppergrace_LATE_815_20012_{BOOK}-2.ipynb", folder=p.root)


@animal(ALL)
def two_files(p: Paper):
    p.save("07-mine-draft.ipynb")
    p.solve().save("07-mine-final.ipynb")


# Cells --------------------------------------------------------------------------------------------------------------


@animal(ALL)
def tests_deleted(p: Paper):
    p.solve()
    p.nb.cells = [c for c in p.nb.cells if not c.metadata.get("nbgrader", {}).get("grade") or c.cell_type == "markdown"]
    p.save()


@animal(ALL - 4, words="missing")
def answer_deleted(p: Paper):
    p.solve()
    p.nb.cells.pop(p.index("mine-loss"))
    p.save()


@animal(ALL)
def everything_else_deleted(p: Paper):
    p.solve()
    p.nb.cells = [p.cell(grade_id) for grade_id in ANSWERS]
    p.save()


@animal(ALL)
def answer_copied_below_the_stub(p: Paper):
    answered = deepcopy(p).solve()
    for grade_id in ("mine-loss", "mine-resample"):
        p.nb.cells.insert(p.index(grade_id) + 1, deepcopy(answered.cell(grade_id)))
    for grade_id in ("mine-iid", "mine-iid-proof", "mine-truth", "mine-reach"):
        p.cell(grade_id).source = answered.cell(grade_id).source
    p.save()


@animal(ALL)
def every_cell_twice(p: Paper):
    p.solve()
    p.nb.cells = [deepcopy(c) for cell in p.nb.cells for c in (cell, cell)]
    p.save()


@animal(ALL, words="edited")
def locked_cell_edited(p: Paper):
    p.solve()
    p.cell("mine-loss-marks").source = "assert True"
    p.save()


@animal(ALL)
def answer_in_the_locked_cell(p: Paper):
    p.solve(loss=None)
    p.cell("mine-loss-marks").source = textwrap.dedent(ANSWERS["mine-loss"]) + '\ncheck("mine-loss", loss)'
    p.save()


@animal(ALL)
def reordered(p: Paper):
    p.solve()
    p.nb.cells.reverse()
    p.save()


@animal(ALL)
def written_answer_is_code(p: Paper):
    p.solve()
    i = p.index("mine-iid-proof")
    p.nb.cells[i] = nbformat.from_dict({**p.nb.cells[i], "cell_type": "code", "outputs": [], "execution_count": None})
    p.save()


@animal(ALL)
def unfinished_scratch(p: Paper):
    p.solve()
    p.insert("this is not python at all (", "mine-loss")
    p.insert("1 / 0", "mine-truth")
    p.insert("input('name? ')", "mine-truth")
    p.save()


# Loops, exits, floods -----------------------------------------------------------------------------------------------


@animal(ALL - 4, words="longer than")
def endless_cell(p: Paper):
    p.solve(loss="while True:\n    pass").save()


@animal(ALL - 4)
def endless_function(p: Paper):
    p.solve(loss=HEAD + "while True: pass").save()


@animal(ALL - 4, words="longer than")
def endless_and_stubborn(p: Paper):
    p.solve(loss="while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass").save()


@animal(ALL - 4)
def endless_in_c(p: Paper):
    p.solve(loss=HEAD + "return sum(iter(int, 1)), 1").save()


@animal(ALL)
def leaves_by_exit(p: Paper):
    p.solve()
    p.insert("exit()", "mine-loss")
    p.insert("import sys\nsys.exit(0)", "mine-truth")
    p.save()


@animal(ALL - 4, flagged=True, words="ended the kernel")
def kills_itself_in_the_test(p: Paper):
    p.solve(loss="import os\n" + HEAD + "os._exit(0)").save()


@animal(ALL - 1, flagged=True)
def kills_itself_in_its_cell(p: Paper):
    p.solve(iid="import os, signal\nos.kill(os.getpid(), signal.SIGKILL)").save()


@animal(ALL - 1, flagged=True)
def crashes(p: Paper):
    p.solve(iid='import ctypes\nanswer_iid = "c"\nctypes.string_at(0)').save()


@animal(ALL - 1, ALL, flagged=True)
def kills_everybody(p: Paper):
    p.solve(iid='import os\nanswer_iid = "c"\nos.kill(-1, 9)').save()


@animal(ALL, ALL, words="printed more")
def prints_for_ever(p: Paper):
    p.solve()
    p.insert('while True: print("x" * 1000)', "mine-loss")
    p.save()


@animal(ALL)
def prints_one_huge_line(p: Paper):
    p.solve()
    p.insert('print("x" * 50_000_000)', "mine-loss")
    p.save()


@animal(ALL - 4, ALL, words="memory")
def takes_all_memory(p: Paper):
    p.solve()
    p.insert('hoard = []\nwhile True: hoard.append("x" * 2**22)', "mine-loss")
    p.save()


@animal(ALL)
def asks_for_too_much(p: Paper):
    p.solve()
    p.insert("import torch\ntorch.zeros(2**36)", "mine-loss")
    p.save()


@animal(ALL, flagged=True)
def breeds(p: Paper):
    p.solve()
    p.insert(
        "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        time.sleep(1000)\n        os._exit(0)",
        "mine-loss",
    )
    p.save()


# Dishonest ----------------------------------------------------------------------------------------------------------

STEAL = 'answer_iid = "a"\n'


@animal(ALL - 1, flagged=True)
def phones_home(p: Paper):
    p.solve(
        iid="import urllib.request\nanswer_iid = urllib.request.urlopen('http://192.0.2.1/answer', timeout=3).read().decode()"
    ).save()


@animal(ALL - 4, flagged=True)
def reads_hidden_tests_from_disk(p: Paper):
    p.solve(
        loss="import glob\nfor f in glob.glob('/**/*.ipynb', recursive=True) + glob.glob('../**/*'):\n"
        "    if 'HIDDEN TESTS' in open(f).read():\n        print('found it')\ndef loss(*a):\n    return 0, 0"
    ).save()


@animal(ALL - 4, flagged=True)
def reads_hidden_tests_from_ipython(p: Paper):
    p.solve(
        loss="seen = []\nget_ipython().events.register('pre_run_cell', lambda info: seen.append(info.raw_cell))\n"
        "def loss(t, t_ref, m, beta):\n    print(seen)\n    return 0.0, 0.0"
    ).save()


@animal(ALL - 4, flagged=True)
def writes_the_grade_book(p: Paper):
    p.solve(
        loss="import sqlite3\nfrom pathlib import Path\n"
        f"for path in [*Path('/').glob('*/gradebook.db'), Path({str(p.root.parent / 'course' / 'gradebook.db')!r})]:\n"
        "    db = sqlite3.connect(path)\n    db.execute('update grade set auto_score = 4')\n    db.commit()"
    ).save()


@animal(ALL - 4, flagged=True)
def writes_outside(p: Paper):
    p.solve(
        loss=f"open({str(p.root.parent / 'outside' / 'secret.txt')!r}, 'w').write('gone')\nimport shutil\n"
        f"shutil.rmtree({str(p.root.parent / 'course' / 'source')!r})\nimport os\nos.system('rm -rf ~/* ../../*')"
    ).save()


@animal(0, flagged=True, words="symbolic link")
def links_to_another(p: Paper):
    p.folder.mkdir(parents=True)
    (p.folder / f"{BOOK}.ipynb").symlink_to(p.root / "right_reference" / "part2" / f"{BOOK}.ipynb")


@animal(ALL, flagged=True, words="symbolic link")
def links_to_passwords(p: Paper):
    p.solve().save()
    (p.folder / "data").symlink_to("/etc")


@animal(ALL - 4, flagged=True, words="stand in for a library")
def shadows_numpy(p: Paper):
    p.solve(loss=None).save()
    (p.folder / "numpy.py").write_text("def allclose(*a, **k): return True\n")
    (p.folder / "torch").mkdir()
    (p.folder / "torch" / "__init__.py").write_text("")


@animal(ALL, words="no part of the assignment")
def brings_other_files(p: Paper):
    p.solve().save()
    (p.folder / "notes.txt").write_text("my notes")
    (p.folder / "photo.jpg").write_bytes(b"\xff\xd8\xff")


@animal(3, ALL - 1, flagged=True)
def replaces_check(p: Paper):
    p.solve(
        iid=STEAL + "import mi_lab\nmi_lab.check = lambda *a, **k: 1.0\ncheck = mi_lab.check\n"
        "import mi_lab.teaching.checks\nmi_lab.checks.check = check"
    ).save()


@animal(ALL - 1, flagged=True)
def replaces_the_judge(p: Paper):
    p.solve(
        iid=STEAL
        + "from mi_lab.teaching.checks import judge, run, exercise\nfrom mi_lab.teaching.checks.judge import Verdict\n"
        "run.verdict_on = lambda *a: Verdict(1.0)\nexercise.Choice.judge = lambda *a: Verdict(1.0)"
    ).save()


@animal(3, ALL - 1, flagged=True)
def judges_itself(p: Paper):
    p.solve(
        iid=STEAL + "import os\nos.environ['MI_LAB_GRADING'] = '0'\nfrom mi_lab.teaching.checks import exercise\n"
        "from mi_lab.teaching.checks.judge import Verdict\nexercise.Choice.judge = lambda *a: Verdict(1.0)"
    ).save()


@animal(ALL - 1, flagged=True)
def forges_the_observation(p: Paper):
    p.solve(
        iid=STEAL + "from IPython.display import publish_display_data\n"
        "publish_display_data({'application/vnd.mi-lab.observed+json': {'exercise': 'mine-iid', 'seed': 1, "
        "'observed': {'score': 1.0, 'right': True}}})"
    ).save()


@animal(ALL - 4, flagged=True)
def borrows_the_reference(p: Paper):
    p.solve(loss="from mi_lab.teaching.checks.exercise import find\nloss = find('mine-loss').answers[0][1]").save()


@animal(ALL - 4, flagged=True)
def replaces_allclose(p: Paper):
    p.solve(
        loss="import numpy as np, torch\nnp.allclose = torch.allclose = np.array_equal = lambda *a, **k: True\n"
        "def loss(t, t_ref, m, beta):\n    return t.sum() * 0, m"
    ).save()


@animal(0, ALL - 4, flagged=True)
def equals_everything(p: Paper):
    p.solve(
        loss="class Yes(float):\n    def __eq__(self, o): return True\n    def __sub__(self, o): return Yes(0)\n    __rsub__ = __sub__\n"
        "import builtins\nbuiltins.float = Yes\ndef loss(*a):\n    return Yes(1), Yes(1)"
    ).save()


@animal(ALL - 4, flagged=True, words="points")
def raises_its_points(p: Paper):
    p.solve(loss=None)
    p.cell("mine-loss-marks").metadata.nbgrader["points"] = 400
    p.cell("mine-resample-marks").metadata.nbgrader["points"] = 400
    p.save()


@animal(ALL - 4, flagged=True, words="skipped")
def skips_the_test(p: Paper):
    p.solve(loss=None)
    p.cell("mine-loss-marks").metadata["tags"] = ["skip-execution"]
    p.save()


@animal(ALL - 3)
def gives_a_mark_as_answer(p: Paper):
    p.solve(resample="class Three:\n    def __repr__(self): return '3'\nresample = Three()\nresample").save()


@animal(ALL)
def script_in_the_text(p: Paper):
    p.solve(iid_proof='Look: <script>alert(1)</script><img src="http://192.0.2.1/x.png" onerror="alert(2)">')
    p.insert('from IPython.display import HTML\nHTML("<script>alert(3)</script><b>bold</b>")')
    p.save()


# No notebooks -------------------------------------------------------------------------------------------------------


@animal(0, words="no notebook")
def a_text_file(p: Paper):
    p.folder.mkdir(parents=True)
    (p.folder / f"{BOOK}.ipynb").write_text("I could not open the notebook, sorry.")


@animal(0, words="no notebook")
def a_broken_file(p: Paper):
    path = p.solve().save()
    path.write_bytes(path.read_bytes()[:2000])


@animal(0, words="no part of the assignment")
def a_pdf(p: Paper):
    p.folder.mkdir(parents=True)
    (p.folder / "solution.pdf").write_bytes(b"%PDF-1.4")


@animal(0, words="Nothing was handed in")
def an_empty_folder(p: Paper):
    p.folder.mkdir(parents=True)


@animal(0, words="no assignment 'part9'")
def another_assignment(p: Paper):
    p.solve().save(folder=p.root / p.name / "part9")


def fill(folder: Path, release: nbformat.NotebookNode, only: list[str] | None = None) -> list[Animal]:
    """Put the zoo into ``folder``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chosen = [a for a in ANIMALS if only is None or a.name in only]
    for a in chosen:
        a.bring(Paper(release, folder, a.name))
    return chosen
