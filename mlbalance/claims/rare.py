"""Claims about rare classes, and about schemes that look at the features."""

from mlbalance.claims.claim import CONJECTURE, Claim, Clause

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="rare-limit",
        clauses=(
            Clause(
                "When one class is rare, four fits stand in Loewner order: all rows "
                "unweighted, all rows reweighted, undersampled with offset, undersampled with"
                " weights of inverse probability. At one control per case of equal-covariance"
                " Gaussians undersampling has exactly twice the variance of balanced "
                "weighting in every slope; with more than r* controls per case, about "
                "2/separation^2 + 4, it has less, and without slopes never. The order holds "
                "before the limit too.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(
            "right-model",
            "no-ridge",
            "independent-rows",
            "mle-exists",
            "rare-class",
            "light-tails",
        ),
        origin="Wang 2020 for the covariances; the order before the limit and r*: this package",
        cites=("wang2020", "wang2021"),
        derived="mlbalance.derivations.rare:rare_limit",
        computed="mlbalance.theory:rare_limit",
        observed="simulations/rare_events.py",
    ),
    Claim(
        label="owen",
        clauses=(
            Clause(
                "A few cases against ever more controls enter through their mean alone: the "
                "slopes tilt the majority's law until its mean is that of the cases. For a "
                "Gaussian majority they are the inverse covariance times the difference of "
                "the means.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model", "no-ridge", "few-cases", "surround", "light-tails"),
        origin="Owen 2007",
        cites=("owen2007",),
        derived="mlbalance.derivations.tilting:owen",
        computed="mlbalance.theory:tilted_slopes",
    ),
    Claim(
        label="lcc",
        clauses=(
            Clause(
                "Local case-control sampling, which accepts a row in proportion to its pilot "
                "residual, has exactly twice the covariance of the fit to all rows at c = 1, "
                "at most 1 + 1/c times for c above 1, where rare classes reach the bound, and"
                " 2/c times below 1.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(
            "right-model",
            "no-ridge",
            "independent-rows",
            "first-order",
            "mle-exists",
            "consistent-pilot",
        ),
        origin="Fithian and Hastie 2014",
        cites=("fithian2014",),
        derived="mlbalance.derivations.local_sampling:lcc",
        computed="mlbalance.theory:local_case_control",
    ),
    Claim(
        label="oversample-poisson",
        clauses=(
            Clause(
                "Copying every row 1 + Poisson(nu) times adds a squared coefficient of "
                "variation of nu/(1 + nu)^2, at most one quarter, and random totals; "
                "oversampling to a fixed size adds a little less and keeps the totals.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model", "label-only-weights", "fixed-counts", "poisson-copies"),
        origin="this package",
        derived="mlbalance.derivations.duplicates:oversample_poisson",
        computed="mlbalance.theory:poisson_oversampling",
    ),
)
