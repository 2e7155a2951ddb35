"""Runs PyOD's own tests of the detectors against Lanner's.

Nothing of PyOD's is kept here. Give a checkout of its repository (yzhao062/pyod), or the git directory
of one with a commit::

    python run.py CHECKOUT
    python run.py GIT_DIRECTORY --commit v3.6.5

in an environment that has ``lanner``, ``pyod==3.6.7`` (its helpers make the tests' data), pytest and
pandas. The tests are copied to a temporary folder, beside the ``conftest.py`` that replaces PyOD's
classes. Ends with an error if a test fails that ``known.txt`` does not name, or one that it names passes.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent

# The test files of the detectors, then those of what they share.
DETECTORS = (
    "cblof cd copod dif ecod gmm hbos iforest inne kde knn lmdd loda lof lunar ocsvm pca qmcd rod sod"
).split()
SHARED = "base combination copod_parallel ecod_parallel hbos_auto_bins_fix save_load_clone".split()


def main() -> int:
    """Runs the tests, prints the outcome by file, and says whether it is the known one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--commit", help="take the files of this commit of a git directory")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        failed = run(args, Path(folder))
    lines = (HERE / "known.txt").read_text().splitlines()
    known = {line.split(": ", 1)[0] for line in lines if line and not line.startswith("#")}
    for test in sorted(failed - known):
        print(f"fails, and is not known to: {test}")
    for test in sorted(known - failed):
        print(f"passes, and is not known to: {test}")
    return int(failed != known)


def run(args: argparse.Namespace, folder: Path) -> set[str]:
    """Runs the tests in a folder and gives the names of those that failed."""
    files = [f"test_{name}.py" for name in DETECTORS + SHARED]
    for name in files:
        (folder / name).write_bytes(source(args, f"pyod/test/{name}"))
    shutil.copy(HERE / "conftest.py", folder)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=out.xml"]
    subprocess.run([*command, *files], cwd=folder, check=False)
    counts: dict[str, Counter[str]] = {name: Counter() for name in files}
    failed = set()
    for case in ElementTree.parse(folder / "out.xml").iter("testcase"):
        file, *path = case.get("classname", "").split(".")
        file = f"{file or case.get('name')}.py"
        outcome = next((e.tag for e in case if e.tag in ("failure", "error", "skipped")), "passed")
        counts[file][outcome] += 1
        if outcome in ("failure", "error"):
            failed.add("::".join([file, *path, case.get("name", "")]))
    for title, names in (("detectors", DETECTORS), ("shared", SHARED)):
        total = Counter[str]()
        for name in names:
            total += counts[f"test_{name}.py"]
            print(f"{name:20}", row(counts[f"test_{name}.py"]))
        print(f"{title + ', all':20}", row(total), "\n")
    return failed


def source(args: argparse.Namespace, path: str) -> bytes:
    """A file of the checkout, or of the commit."""
    if args.commit is None:
        return (args.checkout / path).read_bytes()
    show = ["git", f"--git-dir={args.checkout}", "show", f"{args.commit}:{path}"]
    return subprocess.run(show, check=True, capture_output=True).stdout


def row(counts: Counter[str]) -> str:
    """Passed of all, and what became of the others."""
    others = [f"{n} {kind}" for kind, n in counts.items() if kind != "passed"]
    return ", ".join([f"{counts['passed']:4} of {sum(counts.values()):4} passed", *others])


if __name__ == "__main__":
    sys.exit(main())
