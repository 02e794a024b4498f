"""Claims about learners that are no single softmax: models of a group, forests."""

from mlbalance.claims.claim import LIMIT, Claim, Clause
from mlbalance.claims.first_order import SPECIFIED

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="separate-model",
        clauses=(
            Clause(
                "A model of a group's rows alone has the contrasts of the softmax.",
                ("composed", "contrast", "score"),
            ),
            Clause(
                "The group's logit is linear only where features do not tell its classes apart.",
                ("bend", "pairs", "apart"),
            ),
            Clause(
                "Unweighted, that model is never the more precise,",
                ("chain", "between", "efficient"),
                labels=("hessian", "intercept-shift"),
                kind=LIMIT,
            ),
            Clause(
                "and as precise without signal;",
                ("chain", "efficient", "no-signal"),
                labels=("intercept-shift",),
                given=("zero-slopes",),
                kind=LIMIT,
            ),
            Clause(
                "with class weights few rows elsewhere can make it so.",
                ("few-rows",),
                labels=("sandwich",),
                kind=LIMIT,
            ),
        ),
        formula=("bend", "chain"),
        conditions=SPECIFIED,
        origin="Begg and Gray 1984 for classes against a reference; groups and weights: this "
        "package",
        cites=("begg1984", "vandervaart1998"),
        derived="mlbalance.derivations.proofs.separate_model:separate_model",
        computed="mlbalance.theory:separate_model",
        observed="simulations/separate_model.py",
    ),
)
