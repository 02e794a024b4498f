"""Claims about bags as one fit, and about fits that are compared at equal degrees of freedom."""

from mlbalance.claims.claim import CONJECTURE, LIMIT, Claim, Clause

SUBSAMPLES = (
    "LeJeune, Javadi and Baraniuk 2020, Patil and Du 2023 and Du and Patil 2024 for subsamples of "
    "least squares as a ridge, by degrees of freedom"
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="bag-envelope",
        clauses=(
            Clause(
                "Averaged over bags, Moreau envelopes of a convex loss are that of another one;",
                by=(
                    *("envelope-slope", "pull-slope", "mean-slope", "below", "envelope", "bend"),
                    "second",
                ),
            ),
            Clause(
                "infinitely many bags have the limit of its fit to all rows.",
                by=("equations", "curvature", "blur", "product", "one-fit"),
                kind=LIMIT,
            ),
            Clause(
                "For the square loss it is a weight, harmonic in 1 + omega S, and E omega - S Var "
                "omega for small S.",
                by=("linear", "harmonic", "undersample", "small"),
            ),
        ),
        formula=("bend", "undersample"),
        conditions=(
            *("proportional", "two-classes", "convex-margin", "positive-ridge"),
            *("independent-bags", "row-weights"),
        ),
        origin=f"Takahashi 2024 for the overlap of bags; {SUBSAMPLES}; other losses and weights by "
        "class: this package",
        cites=(
            *("mignacco2020", "loureiro2021", "takahashi2024"),
            *("lejeune2020", "patil2023", "du2024"),
        ),
        derived="mlbalance.derivations.proofs.bag_envelope:bag_envelope",
        computed="mlbalance.theory.proportional:one_fit",
        observed="simulations/degrees_of_freedom.py",
    ),
    Claim(
        label="effective-ridge",
        clauses=(
            Clause(
                "Whatever the convex loss, weights, undersample or number of bags, the signal to "
                "noise at an effective ridge chi has a bound,",
                by=(
                    *("equations", "curvature", "degrees", "signal", "variance", "linear-part"),
                    *("not-linear", "by-parts", "bound", "at-most"),
                    *("overlap", "many-bags", "few-bags"),
                ),
                kind=LIMIT,
            ),
            Clause(
                "which unweighted least squares on all rows attains at ridge chi (1 - df/n):",
                by=(
                    *("equations", "spread", "largest", "best"),
                    *("attained", "below", "finite", "matched"),
                ),
                kind=LIMIT,
            ),
            Clause(
                "some ridge of it has no larger balanced error at the best threshold.",
                by=("equations", "at-most", "many-bags", "overlap", "threshold", "error"),
                kind=LIMIT,
            ),
        ),
        formula=("best", "attained"),
        conditions=(
            *("proportional", "two-classes", "one-sigma", "convex-margin", "positive-ridge"),
            "independent-bags",
        ),
        origin=f"{SUBSAMPLES}; the bound for class losses: this package",
        cites=(
            *("mignacco2020", "loureiro2021", "takahashi2024"),
            *("lejeune2020", "patil2023", "du2024"),
        ),
        derived="mlbalance.derivations.proofs.effective_ridge:effective_ridge",
        computed="mlbalance.theory.proportional:effective_ridge",
        observed="simulations/degrees_of_freedom.py",
    ),
    Claim(
        label="logistic-order",
        clauses=(
            Clause(
                "At one effective ridge, counts unequal, infinitely many undersamples have a "
                "larger m^2/q than one, unweighted least squares the largest.",
                by=("equations", "ratio", "shares", "pulls", "one-bag"),
                labels=("under-bagging",),
                given=("unequal-counts",),
                kind=LIMIT,
            ),
            Clause(
                "Logistic class weights mostly stand between bags and the unweighted fit;",
                kind=CONJECTURE,
            ),
            Clause(
                "for strong signals or near-equal counts bags can be above them; at weak ridges "
                "they can be above it.",
                kind=CONJECTURE,
            ),
        ),
        formula=("ratio",),
        conditions=(
            *("proportional", "two-classes", "one-sigma", "convex-margin", "positive-ridge"),
            "independent-bags",
        ),
        origin="this package",
        cites=("loureiro2021", "takahashi2024"),
        derived="mlbalance.derivations.proofs.logistic_order:logistic_order",
        computed="mlbalance.theory.proportional:logistic_order",
    ),
    Claim(
        label="intercept-price",
        clauses=(
            Clause(
                "Small threshold errors t cost D phi(D) t^2/(2 q) in balanced error, "
                "D = m/sqrt(q).",
                by=("equations", "flat", "rise"),
                kind=LIMIT,
            ),
            Clause(
                "Midway between independent rows' means t^2 averages q (1/n_min + 1/n_maj)/4, of "
                "left-out logits no less;",
                by=(
                    *("equations", "pairs", "curvature", "response"),
                    *("variance", "independent", "more"),
                ),
                kind=LIMIT,
            ),
            Clause(
                "it pays for larger b^2:",
                by=("equations", "pairs", "pays"),
                kind=LIMIT,
            ),
            Clause(
                "n_min < d (d - 2)/(4 s^2) for balanced weights, strong ridge, large n_maj.",
                by=("pairs", "strong-ridge", "strong-gain", "edge"),
                given=("isotropic", "unequal-counts", "strong-ridge", "uniform-target"),
                kind=LIMIT,
            ),
        ),
        formula=("rise", "variance"),
        conditions=("proportional", "two-classes", "one-sigma", "convex-margin", "positive-ridge"),
        origin="Zollanvari and Abibullaev 2021 correct the intercept of discriminant analysis; "
        "the price: this package",
        cites=("mignacco2020", "loureiro2021", "rad2020", "zollanvari2021"),
        derived="mlbalance.derivations.proofs.intercept_price:intercept_price",
        computed="mlbalance.theory.proportional:intercept_price",
        observed="simulations/intercept_price.py",
    ),
    Claim(
        label="kish-bags",
        clauses=(
            Clause(
                "At an effective ridge chi weights enter the Mahalanobis matrix of scores by a "
                "factor 1 - df_2/n_eff:",
                by=("equations", "pull", "noise", "size", "mahalanobis"),
                kind=LIMIT,
            ),
            Clause(
                "n_eff is n unweighted, K m for one undersample, K H for infinitely many",
                by=("equations", "unweighted", "undersample", "bags"),
                kind=LIMIT,
            ),
            Clause(
                "and between K H and n for class weights, H the harmonic mean of counts.",
                by=("falls", "slope", "rises", "alike"),
            ),
        ),
        formula=("mahalanobis", "bags"),
        conditions=(
            "proportional",
            "one-sigma",
            "indicators",
            "positive-ridge",
            "independent-bags",
        ),
        origin=f"Kish 1965 for the size; {SUBSAMPLES}; its part in the scores: this package",
        cites=(
            *("kish1965", "loureiro2021", "takahashi2024"),
            *("lejeune2020", "patil2023", "du2024"),
        ),
        derived="mlbalance.derivations.proofs.kish_bags:kish_bags",
        computed="mlbalance.theory.proportional:effective_size_at",
        observed="simulations/effective_size.py",
    ),
)
