"""`python -m tests.course.students`: what `check` of the students' package says to right and wrong answers, as JSON.

Run with that package first on the path; ``test_package.py`` does.
"""

import json
import sys

import mi_lab
from mi_lab.teaching.checks.exercise import everything
from mi_lab.teaching.checks.run import assess
from tests.course.test_graders import ANSWERS


def main(names: list[str]) -> None:
    """Print, for each exercise, the verdicts of its graded grader."""
    found = {"package": mi_lab.__file__}
    for name in names:
        everything()[name].seconds = 0  # a busy machine is no endless loop
        answers = ANSWERS[name]
        right = [assess(name, a) for a in (answers.reference, answers.alternative)]
        wrong = {k: (assess(name, a), words) for k, (a, words) in answers.wrong.items()}
        found[name] = {
            "right": [v.score for v in right],
            "said": [v.hint for v in right],
            "wrong": {k: [v.score, v.hint, words] for k, (v, words) in wrong.items()},
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
