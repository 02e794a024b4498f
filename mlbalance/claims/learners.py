"""Claims about learners that are no single softmax: models of a group, forests."""

from mlbalance.claims.claim import LIMIT, Claim, Clause
from mlbalance.claims.first_order import SPECIFIED

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="separate-model",
        clauses=(
            Clause(
                "A model of a group's rows has the softmax's contrasts.",
                ("composed", "contrast", "score"),
            ),
            Clause(
                "As one class a group has linear logits only where features tell nothing within "
                "it.",
                ("bend", "pairs", "apart"),
            ),
            Clause(
                "Unweighted, that model is never more precise than the softmax,",
                ("chain", "between", "efficient"),
                labels=("hessian", "intercept-shift"),
                kind=LIMIT,
            ),
            Clause(
                "without signal as precise;",
                ("chain", "efficient", "no-signal"),
                labels=("intercept-shift",),
                given=("zero-slopes",),
                kind=LIMIT,
            ),
            Clause(
                "with class weights few rows elsewhere can make it more precise.",
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
    Claim(
        label="forest-weights",
        clauses=(
            Clause(
                "In a fixed tree class weights move every leaf's log-odds by log(w_1/w_0): the "
                "order of rows stays,",
                ("leaf", "rises", "order"),
            ),
            Clause("and pure leaves do not see them.", ("one", "zero")),
            Clause(
                "Grown to purity on one feature, a tree is the nearest neighbour for any weights;",
                ("neighbour",),
            ),
            Clause(
                "without signal it votes by the shares of distinct rows.",
                ("votes", "drawn", "balanced", "plain"),
                given=("zero-slopes",),
            ),
        ),
        formula=("leaf", "votes", "drawn"),
        conditions=("two-classes", "independent-rows", "label-only-weights"),
        origin="this package; Chen, Liaw and Breiman 2004 for weighted and balanced forests",
        cites=("chen2004",),
        derived="mlbalance.derivations.proofs.forest_weights:forest_weights",
        computed="mlbalance.theory:vote_shares",
        observed="simulations/forest_weights.py",
    ),
)
