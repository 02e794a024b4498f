"""Claims about other losses of logits than the log-loss."""

from mlbalance.claims.claim import Claim, Clause

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="focal",
        clauses=(
            Clause(
                "The focal loss weighs a row's score by phi(q), q the probability of its class.",
                by=("force", "score"),
            ),
            Clause(
                "Its optimum has probabilities proportional to q_k/phi(q_k), rising with q: the "
                "most probable class stays so, nothing is balanced.",
                by=(
                    *("stationary", "second", "convex-above", "terms-below", "convex-below"),
                    *("room", "rises"),
                ),
            ),
            Clause(
                "Where two classes tie, log-odds are steeper than logits, 2.676 times at "
                "gamma = 2.",
                by=("slope", "above-one", "at-two"),
            ),
        ),
        formula=("force", "slope"),
        conditions=("free-logits",),
        origin="Lin et al. 2017 for the loss; Charoenphakdee et al. 2021 for order and "
        "correction; the slope: this package",
        cites=("lin2017", "charoenphakdee2021"),
        derived="mlbalance.derivations.proofs.focal:focal",
        computed="mlbalance.theory:focal_optimum",
        observed="simulations/other_losses.py",
    ),
    Claim(
        label="margin-losses",
        clauses=(
            Clause(
                "With margins by class (LDAM) classes tie at odds between 1/2 and 2, whatever "
                "margins, scale and counts:",
                by=("above-half", "below-one", "odds", "least", "most", "example"),
            ),
            Clause(
                "probabilities are proportional to q_k (1 - (1 - exp(-D_k)) q_k).",
                by=("stationary", "link"),
            ),
            Clause("Shifts of logits move intercepts alone.", by=("shifts",)),
            Clause(
                "Unequal scales (VS) without ridge leave what is common to logits, and so "
                "decisions, undetermined.",
                by=("scales", "common", "ahead"),
                given=("no-ridge",),
            ),
        ),
        formula=("link", "odds"),
        conditions=("free-logits",),
        origin="Cao et al. 2019, Menon et al. 2021 and Kini et al. 2021 for the losses; what they "
        "decide: this package",
        cites=("cao2019", "menon2021", "kini2021"),
        derived="mlbalance.derivations.proofs.margin_losses:margin_losses",
        computed="mlbalance.theory:margin_optimum",
        observed="simulations/other_losses.py",
    ),
)
