"""Claims about rare classes, and about schemes that look at the features."""

from mlbalance.claims.claim import LIMIT, Claim, Clause

RARE = (
    "correctly-specified",
    "no-ridge",
    "independent-rows",
    "mle-exists",
    "rare-class",
    "light-tails",
)
FITS = ("mle", "reweighted", "offset", "inverse")
ORDER = (
    *(f"{fit}-{part}" for fit in FITS for part in ("mean", "hessian", "variance")),
    "cauchy-schwarz",
    "squares",
    "inverses",
    "mle-first",
    "weights-second",
    "weights-sign",
    "inverse-last",
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="rare-limit",
        clauses=(
            Clause(
                "With one class rare four fits are in Loewner order: all rows unweighted, all "
                "reweighted, undersampled with offset, undersampled with inverse-probability "
                "weights.",
                by=(
                    *ORDER,
                    "limit-information",
                    "limit-bread",
                    "limit-weights",
                    "limit-inverse",
                    "normal",
                ),
                kind=LIMIT,
            ),
            Clause("Their sandwich covariances are in this order at any odds.", by=ORDER),
            Clause(
                "At one control per case of Gaussians with one covariance undersampling doubles "
                "balanced weighting's variance in every slope.",
                by=("mirror", "slope-sign", "halves", "twice", "normal"),
                kind=LIMIT,
            ),
        ),
        formula=("limit-information", "limit-bread", "limit-weights", "limit-inverse", "normal"),
        conditions=RARE,
        origin="Wang 2020 and Wang, Zhang and Wang 2021 for the covariances, with copies of cases "
        "for weights; the order at any odds: this package",
        cites=("wang2020", "wang2021"),
        derived="mlbalance.derivations.proofs.rare_limit:rare_limit",
        computed="mlbalance.theory:rare_limit",
        observed="simulations/rare_events.py",
    ),
    Claim(
        label="break-even",
        clauses=(
            Clause(
                "Undersampling with offset has a smaller variance of a slope than balanced "
                "weighting of all rows above one number r* of controls per case, and a larger one "
                "below.",
                by=("falls", "strictly", "rises", "square", "strict", "one"),
                kind=LIMIT,
            ),
            Clause(
                "For a small separation r* is about 2/separation^2 + 4 along it and "
                "4/separation^2 + 4 across it.",
                by=("balanced-along", "along", "balanced-across", "across", "one"),
                kind=LIMIT,
            ),
        ),
        formula=("along", "across"),
        conditions=(*RARE, "gaussians"),
        origin="this package",
        derived="mlbalance.derivations.proofs.break_even:break_even",
        computed="mlbalance.theory:break_even_controls",
        observed="simulations/rare_events.py",
    ),
    Claim(
        label="owen",
        clauses=(
            Clause(
                "A few cases against ever more controls, of a known distribution, enter through "
                "their mean alone: the slopes tilt that distribution until its mean is that of "
                "the cases,",
                by=("control-share", "case-share", "owen", "intercept", "mean", "gradient"),
                kind=LIMIT,
            ),
            Clause("and only one tilt does.", by=("curvature", "convex", "unique")),
            Clause(
                "For a Gaussian majority they are the inverse covariance times the difference of "
                "the means.",
                by=("tilt", "solves", "owen"),
                kind=LIMIT,
            ),
        ),
        formula=("gradient", "solves"),
        conditions=(
            *("any-model", "no-ridge", "two-classes", "few-cases", "surround"),
            "all-moments",
        ),
        origin="Owen 2007",
        cites=("owen2007",),
        derived="mlbalance.derivations.proofs.owen:owen",
        computed="mlbalance.theory:tilted_slopes",
    ),
    Claim(
        label="lcc",
        clauses=(
            Clause(
                "Local case-control sampling of two classes, which accepts a row with probability "
                "c times its pilot residual, has exactly twice the covariance of the fit to all "
                "rows at c = 1, at most 1 + 1/c times above 1, which rare classes reach, and 2/c "
                "times below 1.",
                by=(
                    *("over", "under", "half", "score", "hessian", "variance", "factor"),
                    *("covariance", "below-one", "at-one", "both-above", "one-above"),
                    *("none-above", "bound", "reached"),
                ),
                kind=LIMIT,
            ),
        ),
        formula=("covariance", "bound"),
        conditions=(
            "correctly-specified",
            "no-ridge",
            "independent-rows",
            "first-order",
            "mle-exists",
            "consistent-pilot",
        ),
        origin="Fithian and Hastie 2014",
        cites=("fithian2014",),
        derived="mlbalance.derivations.proofs.lcc:lcc",
        computed="mlbalance.theory:local_case_control",
    ),
    Claim(
        label="oversample-poisson",
        clauses=(
            Clause(
                "Copying every row 1 + Poisson(nu) times adds a squared coefficient of "
                "variation of nu/(1 + nu)^2, at most one quarter, and random totals;",
                by=("copies", "copies-square", "mean", "cv2", "totals", "quarter", "at-most"),
            ),
            Clause(
                "oversampling to a fixed size adds less, by the factor 1 - 1/n_k, and keeps the "
                "totals.",
                by=("fixed", "fixed-limit"),
            ),
        ),
        formula=("cv2", "totals", "fixed"),
        conditions=("any-model", "label-only-weights", "fixed-counts", "poisson-copies"),
        origin="this package, from the moments of the Poisson distribution",
        derived="mlbalance.derivations.proofs.oversample_poisson:oversample_poisson",
        computed="mlbalance.schemes:PoissonOversample.moments",
    ),
)
