"""Claims about what first order leaves out when rows are few."""

from mlbalance.claims.claim import CONJECTURE, EXACT, FIRST_ORDER, Claim, Clause

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="second-order",
        clauses=(
            Clause(
                "The bias of a fit is linear in (1 + c_k^2)/n_k, like its variance. Averaging"
                " bags does not lower it. Firth's penalty removes it from an unweighted fit "
                "of a right model, and keeps that fit finite when classes are separated; from"
                " weighted fits it does not.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=FIRST_ORDER,
        origin="Cox and Snell 1968 for the expansion, Firth 1993 for the penalty; this package",
        cites=("coxsnell1968", "firth1993"),
        derived="mlbalance.derivations.second_order:second_order",
        computed="mlbalance.theory:second_order_bias",
    ),
    Claim(
        label="small-n",
        clauses=(
            Clause(
                "A variance that is estimated class by class has the degrees of freedom of "
                "Satterthwaite: about n_k - 1 when one class dominates it, at most n - K. "
                "With five rows of a class the normal interval covers too little.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*EXACT, "mle-exists", "normal-scores"),
        origin="Satterthwaite 1946",
        cites=("satterthwaite1946",),
        derived="mlbalance.derivations.small_n:small_n",
        computed="mlbalance.theory:degrees_of_freedom",
    ),
    Claim(
        label="argmin-mean",
        clauses=(
            Clause(
                "Class weighting is the argmin of the mean loss of a scheme, averaging ever "
                "more bags the mean of the argmins. They agree to first order; to second "
                "order they differ by a bias in 1/m - 1/n_k that no number of bags removes.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=FIRST_ORDER,
        origin="this package",
        derived="mlbalance.derivations.second_order:argmin_mean",
        computed="mlbalance.theory:averaging_gap",
        observed="simulations/bagging.py",
    ),
)
