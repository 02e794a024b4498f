"""Claims about what first order leaves out when rows are few."""

from mlbalance.claims.claim import EXACT, FIRST_ORDER, LIMIT, Claim, Clause

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="second-order",
        clauses=(
            Clause(
                "The second-order bias of a fit is linear in (1 + c_k^2)/n_k;",
                ("expansion", "solved", "squares", "products", "bias", "linear", "remainder"),
                kind=LIMIT,
            ),
            Clause("averaging bags keeps it.", ("average",)),
            Clause(
                "Firth's penalty takes it off unweighted fits of correctly specified models under "
                "random counts; under fixed ones off slopes, leaving (1/n_k - 1/n_0)/2 on "
                "intercepts;",
                (
                    "pull",
                    "uncorrelated",
                    "square",
                    "no-bias",
                    "less",
                    "wobble",
                    "third",
                    "left",
                    "remainder",
                ),
                labels=("intercept-shift",),
                given=("correctly-specified", "no-ridge"),
                kind=LIMIT,
            ),
            Clause(
                "with two classes it keeps full-rank fits finite.",
                ("finite",),
                given=("two-classes",),
            ),
        ),
        formula=("bias", "left"),
        conditions=FIRST_ORDER,
        origin="Cox and Snell 1968 for the expansion, Firth 1993 for the penalty, Kosmidis and "
        "Firth 2021 for finiteness; this package for random weights",
        cites=("coxsnell1968", "firth1993", "kosmidis2021", "heinze2002"),
        derived="mlbalance.derivations.proofs.second_order:second_order",
        computed="mlbalance.theory:second_order_bias",
    ),
    Claim(
        label="small-n",
        clauses=(
            Clause(
                "With normal scores a variance estimated by class has, by its two moments, "
                "Satterthwaite's degrees of freedom,",
                ("chi-square", "chi-mean", "chi-variance", "unbiased", "variance", "matched"),
            ),
            Clause(
                "from the smallest n_k - 1, if that class dominates, to n - K.",
                ("shares", "least", "pairs", "most", "dominated"),
            ),
            Clause("Its t interval is an approximation;", ("t",), kind=LIMIT),
            Clause(
                "where a class of five dominates, the normal interval of .95 covers .878.",
                ("chi-square", "five-rows"),
            ),
        ),
        formula=("matched", "least"),
        conditions=(*EXACT, "mle-exists", "normal-scores"),
        origin="Satterthwaite 1946",
        cites=("satterthwaite1946", "cochran1934"),
        derived="mlbalance.derivations.proofs.small_n:small_n",
        computed="mlbalance.theory:degrees_of_freedom",
        observed="simulations/few_rows.py",
    ),
    Claim(
        label="few-rows",
        clauses=(
            Clause(
                "With two classes steps of rows left out are those at the fit over one less the "
                "leverage.",
                ("left-out",),
                given=("two-classes",),
            ),
            Clause(
                "A correctly specified model gives a class's covariance by all rows.",
                ("tilt",),
                given=("correctly-specified",),
            ),
            Clause(
                "If a dominant class's variance is inverse chi-square about the model's, t "
                "intervals with both degrees of freedom added are exact.",
                ("posterior", "mean", "t"),
            ),
        ),
        formula=("mean", "t"),
        conditions=(*EXACT, "mle-exists", "normal-scores"),
        origin="Smyth 2004 for the moderated t; this package for the model's covariance of a class",
        cites=("smyth2004",),
        derived="mlbalance.derivations.proofs.few_rows:few_rows",
        computed="mlbalance.theory:moderate",
    ),
    Claim(
        label="argmin-mean",
        clauses=(
            Clause(
                "Class weighting is the argmin of the mean loss of a scheme; averaging ever more "
                "bags gives the mean of the argmins.",
                labels=("conditional-mean",),
            ),
            Clause(
                "Given the data they agree to first order;",
                ("first-order", "average", "remainder"),
                kind=LIMIT,
            ),
            Clause(
                "to second order they differ by a bias in 1/m - 1/n_k that no number of bags "
                "removes.",
                ("noise", "bias", "undersampled", "remainder"),
                kind=LIMIT,
            ),
        ),
        formula=("bias", "undersampled"),
        conditions=(*FIRST_ORDER, "exchangeable-weights"),
        origin="Friedman and Hall 2007, Buja and Stuetzle 2006 for bagging; this package for "
        "class weights",
        cites=("friedman2007", "buja2006"),
        derived="mlbalance.derivations.proofs.argmin_mean:argmin_mean",
        computed="mlbalance.theory:averaging_gap",
        observed="simulations/bagging.py",
    ),
)
