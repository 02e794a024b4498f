"""Mutation run: does a test fail when a line of the package is changed (`make mutation`)?

The sample is that of a seed, so many mutants a package (`SAMPLE`), and hardly moves when other
lines change. Each mutant is applied in a copy of the checkout, and the tests that run its line are
run until one fails. Results go to `results.json` as they come, and a later run goes on from there;
survivors are tried again by `--survivors`. Why one may survive stands in `explained.json`.
"""

import argparse
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Lock
from typing import IO

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from mutants import Mutant, mutants  # noqa: E402

CHECKOUT = HERE.parent.parent
SAMPLE = {
    "theory": 75,
    "schemes": 25,
    "corrections": 15,
    "softmax": 40,
    "estimators": 25,
    "methods": 15,
    "derivations": 55,
    "discriminant": 10,
}
# Where a file stood when the sample was drawn, by where it stands now: a move draws no new one.
STOOD: dict[str, str] = json.loads((HERE / "moved.json").read_text("utf-8"))
# How much memory or work is taken or promised: no answer depends on it.
ONLY_WORK = {
    ("mlbalance/estimators/memory.py", "Memory.doubles"),
    ("mlbalance/softmax/batch.py", "Batch._floats"),
    ("mlbalance/softmax/batch.py", "_keep_freed_memory"),
    ("mlbalance/theory/population.py", "_largest"),
}
MOST_SURVIVORS = 0.03
FIRST = 2.0  # seconds
# They run the package in other processes, draw, or check what is not behaviour.
LEFT_OUT = (
    "tests/bench tests/frameworks tests/mutation tests/test_architecture.py tests/test_bench "
    "tests/test_cli tests/test_light.py tests/test_makefile.py tests/test_readme.py "
    "tests/simulation/test_cluster.py tests/simulation/test_faults.py "
    "tests/simulation/test_progress.py tests/simulation/test_workers.py"
).split()
LEFT_OUT_ARGS = [f"--ignore-glob={name}*" for name in LEFT_OUT]
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class Tree:
    """A copy of the checkout whose tests are run, with a mutant in it or none."""

    def __init__(self, root: Path, checkout: Path) -> None:
        self.root = root
        shutil.rmtree(root, ignore_errors=True)
        for name in files_of(checkout):
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, target)

    def twin(self) -> "Tree":
        """Another such tree beside this one, bytecode and all."""
        return Tree(self.root.with_name(f"{self.root.name}-twin"), self.root)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "select_tests"]

    @property
    def environment(self) -> dict[str, str]:
        paths = {"PYTHONPATH": f"{self.root}{os.pathsep}{HERE}", "PYTHONHASHSEED": "0"}
        return os.environ | ONE_THREAD | paths

    def pytest(self, *args: str, seconds: float, **env: str) -> tuple[int | None, str]:
        """Exit code and output; None if it took more than `seconds` of a processor."""
        run = subprocess.Popen(
            ["sh", "-c", f'ulimit -t {int(seconds)}; exec "$@"', "sh", *self.command, *args],
            cwd=self.root,
            env=self.environment | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = run.communicate(timeout=20 * seconds)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            return None, run.communicate()[0]
        return (None if run.returncode < 0 else run.returncode), output

    def verdict(self, mutant: Mutant, tests: dict[str, float]) -> str:
        """`"survived"`, or by which test (or time-out, or error) the mutant is killed."""
        path, chosen = self.root / mutant.path, self.root / "chosen.txt"
        source = path.read_text("utf-8")
        chosen.write_text("\n".join(tests))
        # Bytecode knows its source by size and second: a mutant must not meet that of another.
        for cached in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            cached.unlink()
        path.write_text(mutant.applied(source), "utf-8")
        try:
            code, output = self.pytest(
                *("-x", "--tb=no", "-rfE", *dict.fromkeys(t.partition("::")[0] for t in tests)),
                seconds=60 + 5 * sum(tests.values()),
                PYTHONDONTWRITEBYTECODE="1",
                MUTATION_TESTS=str(chosen),
            )
        finally:
            path.write_text(source, "utf-8")
        if code is None:
            return "time-out"
        if code in (0, 5):
            return "survived"
        killer = re.search(r"^(?:FAILED|ERROR) (.*?)(?: - |$)", output, re.MULTILINE)
        return killer[1] if killer else f"error {code}: {output.strip().splitlines()[-1][:80]}"


class Lanes:
    """The tests of a tree, collected once, that run on mutants of functions (`serve.py`)."""

    def __init__(self, tree: Tree, number: int) -> None:
        asked, answers = [os.pipe() for _ in range(number)], [os.pipe() for _ in range(number)]
        theirs = [(r, w) for (r, _), (_, w) in zip(asked, answers, strict=True)]
        env = {"MUTATION_LANES": ";".join(f"{r},{w}" for r, w in theirs)}
        self.process = subprocess.Popen(
            [*tree.command, "-p", "serve", *LEFT_OUT_ARGS],
            cwd=tree.root,
            env=tree.environment | env,
            pass_fds=[number for lane in theirs for number in lane],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.free: Queue[tuple[IO, IO]] = Queue()
        for (r, w), (_, ask), (answer, _) in zip(theirs, asked, answers, strict=True):
            os.close(r)
            os.close(w)
            self.free.put((os.fdopen(ask, "w"), os.fdopen(answer)))

    def __enter__(self) -> "Lanes":
        return self

    def __exit__(self, *error: object) -> None:
        while not self.free.empty():
            for end in self.free.get():
                end.close()
        self.process.wait()

    def verdict(self, mutant: Mutant, source: str, tests: dict[str, float]) -> str:
        """As of a tree, or `"elsewhere"` if the change is not in functions alone."""
        lane = self.free.get()
        try:
            seconds = 10 + 5 * sum(tests.values())
            print(
                json.dumps([mutant.path, mutant.applied(source), list(tests), seconds]),
                file=lane[0],
                flush=True,
            )
            return json.loads(lane[1].readline())
        finally:
            self.free.put(lane)


def files_of(checkout: Path) -> list[str]:
    """Files of a checkout that Git knows or would take; of a plain folder, all."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    if (checkout / ".git").exists():
        git = subprocess.run(listing, cwd=checkout, capture_output=True, text=True, check=True)
        names = git.stdout.splitlines()
    else:
        names = [path.relative_to(checkout).as_posix() for path in checkout.rglob("*")]
    return sorted(name for name in names if (checkout / name).is_file())


def sample(checkout: Path, wanted: dict[str, int], seed: int) -> list[Mutant]:
    """So many mutants of each package or module: those whose ids hash lowest with the seed."""
    chosen = []
    for name, number in wanted.items():
        root = checkout / "mlbalance"
        paths = sorted((root / name).rglob("*.py")) or [root / f"{name}.py"]
        texts = {p.relative_to(checkout).as_posix(): p.read_text("utf-8") for p in paths}
        every = [m for path, text in texts.items() for m in mutants(path, text, STOOD.get(path))]
        every = [mutant for mutant in every if (mutant.path, mutant.function) not in ONLY_WORK]
        every.sort(key=lambda mutant: hashlib.sha256(f"{seed}:{mutant.id}".encode()).digest())
        chosen += every[:number]
    return chosen


class Notes:
    """Which tests run which lines, and how long each takes."""

    def __init__(self, parts: Iterable[dict]) -> None:
        self.seconds: dict[str, float] = {}
        self.lines: dict[str, dict[int, set[str]]] = {}
        self.failed: set[str] = set()
        for part in parts:
            self.seconds |= part["seconds"]
            self.failed |= set(part["failed"])
            for path, lines in part["lines"].items():
                mine = self.lines.setdefault(path, {})
                for line, tests in lines.items():
                    mine.setdefault(int(line), set()).update(tests)

    def tests(self, mutant: Mutant, source: str) -> tuple[dict[str, float], bool]:
        """Tests that can notice the mutant, with seconds, and whether modules run it when imported.

        Its own files are first, and then the quick ones.

        A line run at import alone, or under a cache, matters to every test that runs its module.
        """
        lines = self.lines.get(mutant.path, {})
        mine = range(mutant.line, mutant.last_line + 1)
        noted = set().union(*(lines.get(line, set()) for line in mine))
        cached = re.search(r"^ *@.*cache", source, re.MULTILINE)
        if cached or not any("::" in name for name in noted):
            noted = set().union(*lines.values())
        package = mutant.path.split("/")[1].removesuffix(".py")
        near = (f"tests/{package}/", f"tests/test_{package}")
        found = {t for t in self.seconds if t in noted or t.partition("::")[0] in noted}
        # A proof is made once in a process, so that one test of its label is noted for all.
        labels = re.findall(r'Derivation\(\s*"([a-z0-9-]+)"', source)
        if labels:
            own = re.compile(rf"[\[-](?:{'|'.join(labels)})[\]-]")
            found |= {test for test in self.seconds if own.search(test)}
        found -= self.failed
        cost: dict[str, float] = {}
        for test in found:
            file = test.partition("::")[0]
            cost[file] = cost.get(file, 0.0) + self.seconds[test]

        def place(test: str) -> tuple:
            file = test.partition("::")[0]
            ours = any(label in test for label in labels), test.startswith(near)
            return not ours[0], not ours[1], cost[file], file, self.seconds[test], test

        at_import = any("::" not in name for name in noted)
        return {test: self.seconds[test] for test in sorted(found, key=place)}, at_import


def notes_of(tree: Tree, folder: Path, jobs: int) -> Notes:
    """Run the tests once under `coverage`, or take what was noted of the same files before."""
    stamp = hashlib.sha256()
    for top in ("mlbalance", "tests"):
        for path in sorted((tree.root / top).rglob("*.py")):
            if "mutation" not in path.parts[-2]:
                stamp.update(path.read_bytes())
    notes = folder / f"notes-{stamp.hexdigest()[:12]}"
    if not (notes / "complete").exists():
        shutil.rmtree(notes, ignore_errors=True)
        notes.mkdir(parents=True)
        print("noting which tests run which lines (some minutes) ...", flush=True)
        args = ("-n", str(jobs), "--dist", "loadfile", "--tb=short", *LEFT_OUT_ARGS)
        code, output = tree.pytest(*args, seconds=7200, MUTATION_NOTES=str(notes))
        print(output.strip().splitlines()[-1], flush=True)
        if code not in (0, 1):
            sys.exit(f"The tests could not be run, so nothing can be told:\n{output.strip()}")
        (notes / "complete").write_text(output)
    return Notes(json.loads(path.read_text()) for path in sorted(notes.glob("*.json")))


def run(
    lanes: Lanes, tree: Tree, notes: Notes, chosen: list[Mutant], results: "Results", jobs: int
) -> None:
    """Try the mutants: all with some seconds of tests, what is left with the others.

    What the lanes cannot tell for sure has a run of its own.
    """
    alone = Lock()

    def quickly(mutant: Mutant) -> bool:
        source = (tree.root / mutant.path).read_text("utf-8")
        first = first_of(notes.tests(mutant, source)[0])
        verdict = lanes.verdict(mutant, source, first) if first else "survived"
        if verdict in ("survived", "elsewhere"):
            return False
        results.add(mutant, verdict)
        return True

    def slowly(mutant: Mutant) -> None:
        source = (tree.root / mutant.path).read_text("utf-8")
        tests, at_import = notes.tests(mutant, source)
        rest = {test: tests[test] for test in tests if test not in first_of(tests)}
        verdict = lanes.verdict(mutant, source, rest) if rest else "survived"
        if verdict == "elsewhere" or (verdict == "survived" and at_import and tests):
            with alone:
                verdict = tree.verdict(mutant, tests)
        results.add(mutant, verdict)

    with ThreadPoolExecutor(jobs) as pool:
        killed = list(pool.map(quickly, chosen))
        left = [mutant for mutant, done in zip(chosen, killed, strict=True) if not done]
        print(f"{len(left)} of {len(chosen)} left for the other tests", flush=True)
        list(pool.map(slowly, left))


def first_of(tests: dict[str, float]) -> dict[str, float]:
    """The first tests, of some seconds."""
    ends = itertools.accumulate(tests.values())
    return {t: s for (t, s), end in zip(tests.items(), ends, strict=True) if end - s < FIRST}


class Results:
    """Verdict of each mutant, kept in a file, one line each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = Lock()
        self.rows = (
            {row["id"]: row for row in json.loads(path.read_text())} if path.exists() else {}
        )

    def add(self, mutant: Mutant, verdict: str) -> None:
        """Note a verdict and say it."""
        fields = mutant._asdict()
        row = {name: fields[name] for name in ("id", "path", "function", "line", "old", "new")}
        with self.lock:
            self.rows[mutant.id] = row | {"verdict": verdict}
            self.write()
        if verdict == "survived":
            print(f"{mutant.path}:{mutant.line} {mutant.old} -> {mutant.new}", flush=True)

    def write(self) -> None:
        """Sorted by place, so that differences are read easily."""
        rows = sorted(self.rows.values(), key=lambda row: (row["path"], row["line"], row["id"]))
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        new = self.path.with_suffix(".tmp")
        new.write_text(f"[\n{lines}\n]\n", "utf-8")
        new.replace(self.path)


def report(rows: list[dict], explained: dict[str, str]) -> int:
    """Print the survivors and their share; 1 if they are too many or one is not explained."""
    survivors = [row for row in rows if row["verdict"] == "survived"]
    for row in survivors:
        why = explained.get(row["id"], "NOT EXPLAINED")
        print(f"{row['id']} {row['path']}:{row['line']} {row['old']} -> {row['new']}: {why}")
    for package in SAMPLE:
        mine = [row for row in rows if row["path"].split("/")[1].removesuffix(".py") == package]
        alive = sum(row["verdict"] == "survived" for row in mine)
        print(f"{package}: {len(mine)} mutants, {alive} survive")
    share = len(survivors) / max(len(rows), 1)
    print(f"{len(rows)} mutants, {len(survivors)} survive ({share:.1%})")
    return int(share > MOST_SURVIVORS or any(row["id"] not in explained for row in survivors))


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=SAMPLE, default=[*SAMPLE])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--survivors", action="store_true", help="try these again, nothing else")
    parser.add_argument("--fresh", action="store_true", help="forget the results so far")
    args = parser.parse_args()
    folder = CHECKOUT / "build" / "mutation"
    results = Results(HERE / "results.json")
    explained = json.loads((HERE / "explained.json").read_text("utf-8"))
    wanted = {name: SAMPLE[name] for name in args.only}
    every = {mutant.id: mutant for mutant in sample(CHECKOUT, SAMPLE, args.seed)}
    kept = {} if args.fresh else {key: r for key, r in results.rows.items() if key in every}
    places = {key: {"path": every[key].path, "line": every[key].line} for key in kept}
    rows = {key: row | places[key] for key, row in kept.items()}
    results.rows = rows
    chosen = [m for m in sample(CHECKOUT, wanted, args.seed) if m.id not in rows]
    if args.survivors:
        chosen = [every[key] for key, row in rows.items() if row["verdict"] == "survived"]
    if chosen:
        tree = Tree(folder / "tree", CHECKOUT)
        notes = notes_of(tree, folder, args.jobs)
        with Lanes(tree, args.jobs) as lanes:
            run(lanes, tree.twin(), notes, chosen, results, args.jobs)
    return report(list(results.rows.values()), explained)


if __name__ == "__main__":
    sys.exit(main())
