"""Code for the libraries in which people fit: class weights, a sampler, and the prior correction.

`SNIPPETS` is data: lines with gaps, which `snippet` fills with counts and priors. The command line
prints it, and the page holds the same lines. In plain Python, which the page translates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlbalance.inputs import InputError

__all__ = ["LIBRARIES", "SNIPPETS", "Snippet", "snippet"]


@dataclass(frozen=True)
class Snippet:
    """Lines of code for one library; `«...»` are gaps."""

    title: str
    """Name of the library."""
    language: str
    """That it is written in: "python" or "r"."""
    start: str
    """Imports, and numbers that all parts need."""
    plain: str
    """Fit of all rows, unweighted."""
    weighted: str
    """Fit with class weights at the target prior, from the data's own labels if they do."""
    balanced: str
    """The same at the uniform prior, where the library has a name for it."""
    sampler: str
    """A sampler instead of weights."""
    natural: str
    """Probabilities at the prior of the data, from the balanced fit."""


SNIPPETS = {
    "mlbalance": Snippet(
        "mlbalance",
        "python",
        "from mlbalance.estimators import SoftmaxClassifier\n"
        "from mlbalance.schemes import Bagging, Undersample, Unweighted\n\n"
        "prior = «prior by label»\n",
        'model = SoftmaxClassifier(Unweighted(), ridge="loo", target="natural").fit(X, y)\n',
        "# It sets intercepts on rows left out where that gains more than it costs.\n"
        'model = SoftmaxClassifier(correction="auto", ridge="loo", target=prior).fit(X, y)\n',
        "# It sets intercepts on rows left out where that gains more than it costs.\n"
        'model = SoftmaxClassifier(correction="auto", ridge="loo").fit(X, y)\n',
        "bags = Bagging(Undersample(), 10)\n"
        'model = SoftmaxClassifier(bags, ridge="loo", target=prior).fit(X, y)\n',
        'p = model.predict_proba(X_new, prior="natural")\n',
    ),
    "scikit-learn": Snippet(
        "scikit-learn",
        "python",
        "import numpy as np\n"
        "from sklearn.linear_model import LogisticRegression\n\n"
        "counts = «counts by label»\n"
        "prior = «prior by label»\n",
        "model = LogisticRegression(max_iter=1000).fit(X, y)\n",
        "weight = {k: prior[k] * sum(counts.values()) / counts[k] for k in counts}\n"
        "model = LogisticRegression(class_weight=weight, max_iter=1000).fit(X, y)\n",
        'model = LogisticRegression(class_weight="balanced", max_iter=1000).fit(X, y)\n',
        "rng = np.random.default_rng(0)\n"
        "p = np.array([prior[k] / counts[k] for k in y])\n"
        "rows = rng.choice(len(y), size=len(y), p=p / p.sum())\n"
        "model = LogisticRegression(max_iter=1000).fit(X[rows], y[rows])\n",
        "n = sum(counts.values())\n"
        "shift = np.log([counts[k] / n / prior[k] for k in model.classes_])\n"
        "log_p = model.predict_log_proba(X_new) + shift\n"
        "p = np.exp(log_p - np.logaddexp.reduce(log_p, axis=1, keepdims=True))\n",
    ),
    "imbalanced-learn": Snippet(
        "imbalanced-learn",
        "python",
        "import numpy as np\n"
        "from imblearn.over_sampling import RandomOverSampler\n"
        "from imblearn.pipeline import make_pipeline\n"
        "from sklearn.linear_model import LogisticRegression\n\n"
        "counts = «counts by label»\n"
        "prior = «prior by label»\n",
        "model = make_pipeline(LogisticRegression(max_iter=1000)).fit(X, y)\n",
        "weight = {k: prior[k] * sum(counts.values()) / counts[k] for k in counts}\n"
        "model = make_pipeline(LogisticRegression(class_weight=weight, max_iter=1000))\n"
        "model.fit(X, y)\n",
        'model = make_pipeline(LogisticRegression(class_weight="balanced", max_iter=1000))\n'
        "model.fit(X, y)\n",
        "most = max(counts[k] / prior[k] for k in counts)\n"
        "size = {k: max(counts[k], round(most * prior[k])) for k in counts}\n"
        "sampler = RandomOverSampler(sampling_strategy=size, random_state=0)\n"
        "model = make_pipeline(sampler, LogisticRegression(max_iter=1000)).fit(X, y)\n",
        "n = sum(counts.values())\n"
        "shift = np.log([counts[k] / n / prior[k] for k in model.classes_])\n"
        "log_p = model.predict_log_proba(X_new) + shift\n"
        "p = np.exp(log_p - np.logaddexp.reduce(log_p, axis=1, keepdims=True))\n",
    ),
    "pytorch": Snippet(
        "PyTorch",
        "python",
        "import torch\n\n"
        "counts = torch.tensor(«counts in order», dtype=torch.float64)\n"
        "prior = torch.tensor(«prior in order», dtype=torch.float64)\n",
        "loss = torch.nn.CrossEntropyLoss()  # y: class numbers from 0\n",
        "weight = (prior / counts * counts.sum()).float()\n"
        'losses = torch.nn.CrossEntropyLoss(reduction="none")  # y: class numbers from 0\n'
        "# Not CrossEntropyLoss(weight=...): it divides by the weights of the batch.\n"
        "loss = lambda logits, y: (weight[y] * losses(logits, y)).mean()\n",
        "",
        "sampler = torch.utils.data.WeightedRandomSampler((prior / counts)[y], len(y))\n"
        "loader = torch.utils.data.DataLoader(data, batch_size=64, sampler=sampler)\n"
        "loss = torch.nn.CrossEntropyLoss()\n",
        "shift = torch.log(counts / counts.sum() / prior).float()\n"
        "p = torch.softmax(model(X_new) + shift, dim=1)\n",
    ),
    "keras": Snippet(
        "Keras",
        "python",
        "import numpy as np\n\n"
        "counts = np.array(«counts in order», dtype=float)\n"
        "prior = np.array(«prior in order»)\n",
        "model.fit(X, y)  # y: class numbers from 0\n",
        "weight = prior / counts * counts.sum()\n"
        "model.fit(X, y, class_weight=dict(enumerate(weight)))  # y: class numbers from 0\n",
        "",
        "rng = np.random.default_rng(0)\n"
        "p = (prior / counts)[y]\n"
        "rows = rng.choice(len(y), size=len(y), p=p / p.sum())\n"
        "model.fit(X[rows], y[rows])\n",
        "p = model.predict(X_new) * (counts / counts.sum() / prior)  # model ends in softmax\n"
        "p /= p.sum(axis=1, keepdims=True)\n",
    ),
    "xgboost": Snippet(
        "XGBoost",
        "python",
        "# Weights and shift are right for its log-loss; the variances are of linear models.\n"
        "import numpy as np\n"
        "from xgboost import XGBClassifier\n\n"
        "counts = np.array(«counts in order», dtype=float)\n"
        "prior = np.array(«prior in order»)\n",
        "model = XGBClassifier().fit(X, y)  # y: class numbers from 0\n",
        "weight = prior / counts * counts.sum()\n"
        "model = XGBClassifier().fit(X, y, sample_weight=weight[y])  # y: class numbers from 0\n",
        "",
        "rng = np.random.default_rng(0)\n"
        "p = (prior / counts)[y]\n"
        "rows = rng.choice(len(y), size=len(y), p=p / p.sum())\n"
        "model = XGBClassifier().fit(X[rows], y[rows])\n",
        "p = model.predict_proba(X_new) * (counts / counts.sum() / prior)\n"
        "p /= p.sum(axis=1, keepdims=True)\n",
    ),
    "lightgbm": Snippet(
        "LightGBM",
        "python",
        "# Weights and shift are right for its log-loss; the variances are of linear models.\n"
        "import numpy as np\n"
        "from lightgbm import LGBMClassifier\n\n"
        "counts = «counts by label»\n"
        "prior = «prior by label»\n",
        "model = LGBMClassifier().fit(X, y)\n",
        "weight = {k: prior[k] * sum(counts.values()) / counts[k] for k in counts}\n"
        "model = LGBMClassifier(class_weight=weight).fit(X, y)\n",
        'model = LGBMClassifier(class_weight="balanced").fit(X, y)\n',
        "rng = np.random.default_rng(0)\n"
        "p = np.array([prior[k] / counts[k] for k in y])\n"
        "rows = rng.choice(len(y), size=len(y), p=p / p.sum())\n"
        "model = LGBMClassifier().fit(X[rows], y[rows])\n",
        "n = sum(counts.values())\n"
        "p = model.predict_proba(X_new)\n"
        "p *= [counts[k] / n / prior[k] for k in model.classes_]\n"
        "p /= p.sum(axis=1, keepdims=True)\n",
    ),
    "r-glm": Snippet(
        "R: glm",
        "r",
        "# Two classes; y is a factor, and class 2 of its levels the one that is predicted.\n"
        "counts <- «counts r»\n"
        "prior <- «prior r»\n",
        "model <- glm(y ~ ., binomial, data)\n",
        "w <- (prior / counts * sum(counts))[as.integer(data$y)]\n"
        "model <- glm(y ~ ., quasibinomial, data, weights = w)\n"
        "# Its standard errors are wrong: use those of survey::svyglm, strata = ~y.\n",
        "",
        "set.seed(0)\n"
        "rows <- sample(nrow(data), replace = TRUE, prob = (prior / counts)[as.integer(data$y)])\n"
        "model <- glm(y ~ ., binomial, data[rows, ])\n",
        "shift <- log(counts / sum(counts) / prior)\n"
        "p <- plogis(predict(model, new) + shift[2] - shift[1])\n",
    ),
    "r-nnet": Snippet(
        "R: nnet",
        "r",
        "library(nnet)  # y is a factor, its levels in the order of the counts\n"
        "counts <- «counts r»\n"
        "prior <- «prior r»\n",
        "model <- multinom(y ~ ., data)\n",
        "w <- (prior / counts * sum(counts))[as.integer(data$y)]\n"
        "model <- multinom(y ~ ., data, weights = w)\n",
        "",
        "set.seed(0)\n"
        "rows <- sample(nrow(data), replace = TRUE, prob = (prior / counts)[as.integer(data$y)])\n"
        "model <- multinom(y ~ ., data[rows, ])\n",
        'p <- matrix(predict(model, new, type = "probs"), nrow(new))\n'
        "if (ncol(p) == 1) p <- cbind(1 - p, p)  # two classes\n"
        'p <- sweep(p, 2, counts / sum(counts) / prior, "*")\n'
        "p <- p / rowSums(p)\n",
    ),
}
"""Code by library, each piece to be run after the start."""

LIBRARIES = tuple(SNIPPETS)
"""Names that `--code` takes."""


def snippet(
    library: str,
    counts: Sequence[int],
    target_prior: Sequence[float] | None,
    recommendation: str,
    names: Sequence[str] = (),
) -> str:
    """Code that follows a recommendation in one library.

    Parameters
    ----------
    library
        One of `LIBRARIES`.
    counts
        (K,) rows per class.
    target_prior
        (K,) prior that is balanced at; uniform for None.
    recommendation
        Of `Advice`: "class-weights", "prior-correction" or "no-difference".
    names
        (K,) labels of the classes; 0..K-1 if none.

    Returns
    -------
    Lines of code, each ending in a line break.

    Raises
    ------
    InputError
        For another library, or more than two classes where it fits two.
    """
    if library not in SNIPPETS:
        raise InputError(f"Code is for {', '.join(LIBRARIES)}; {library!r} was given.")
    if library == "r-glm" and len(counts) != 2:
        raise InputError(f"glm fits two classes; there are {len(counts)}. Use r-nnet.")
    given = SNIPPETS[library]
    equal = recommendation == "no-difference" and target_prior is None
    if equal or recommendation == "prior-correction":
        said = "Equal counts: nothing to balance." if equal else "Its probabilities are natural."
        parts = [f"# {said}\n{given.plain}"]
        if not equal:
            balanced = _weights(given, True)
            parts.append(f"# If errors are to be balanced after all, instead:\n{balanced}")
    else:
        parts = [f"# All rows, weighted by class.\n{_weights(given, target_prior is None)}"]
        parts.append(f"# If it has to be a sampler, instead; it adds variance:\n{given.sampler}")
    if not equal:
        of = "of a balanced fit" if recommendation == "prior-correction" else "of either fit"
        parts.append(
            f"# Natural probabilities {of}, if the data have the natural shares:\n{given.natural}"
        )
    gaps = _gaps(counts, target_prior, names)
    whole = "\n".join([given.start, *parts])
    for gap, value in gaps:
        whole = whole.replace(gap, value)
    return whole


def _weights(given: Snippet, uniform: bool) -> str:
    return given.balanced if uniform and given.balanced else given.weighted


def _gaps(
    counts: Sequence[int], prior: Sequence[float] | None, names: Sequence[str]
) -> list[tuple[str, str]]:
    K = len(counts)
    labels = [_quoted(name) for name in names] if names and not _whole(names) else names
    if not labels:
        labels = [f"{k}" for k in range(K)]
    shown = [f"{n}" for n in counts]
    tau = [f"{t:.10g}" for t in prior] if prior is not None else []
    pairs = ", ".join([f"{label}: {n}" for label, n in zip(labels, shown, strict=True)])
    priors = ", ".join([f"{label}: {t}" for label, t in zip(labels, tau, strict=False)])
    return [
        ("«counts by label»", "{" + pairs + "}"),
        ("«prior by label»", "{" + priors + "}" if tau else _uniform(labels)),
        ("«counts in order»", "[" + ", ".join(shown) + "]"),
        ("«prior in order»", "[" + ", ".join(tau) + "]" if tau else f"[1 / {K}] * {K}"),
        ("«counts r»", "c(" + ", ".join(shown) + ")"),
        ("«prior r»", "c(" + ", ".join(tau) + ")" if tau else f"rep(1 / {K}, {K})"),
    ]


def _uniform(labels: Sequence[str]) -> str:
    return f"dict.fromkeys([{', '.join(labels)}], 1 / {len(labels)})"


def _whole(names: Sequence[str]) -> bool:
    return all(name.isdecimal() and f"{int(name)}" == name for name in names)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
