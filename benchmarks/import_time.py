"""Time `import mi_lab` in fresh interpreters, less what the interpreter itself takes to start.

python -m benchmarks.import_time
"""

import subprocess
import sys

from benchmarks.harness import medians, report, seconds


def main() -> None:
    def run(program):
        return lambda: seconds(lambda: subprocess.run([sys.executable, "-c", program], check=True))

    check = "import mi_lab, sys; assert 'torch' not in sys.modules"
    seen = medians({"python": run("pass"), "mi_lab": run(check)})
    report(what="import mi_lab", unit="s", **seen, import_s=seen["mi_lab"] - seen["python"], wanted=0.3)


if __name__ == "__main__":
    main()
