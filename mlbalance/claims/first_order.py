"""Claims that hold to first order, every kept count being large."""

from mlbalance.claims.claim import FIRST_ORDER, Claim

CLAIMS = (
    Claim(
        label="sandwich",
        statement="To first order the covariance of a fit is the score variance between two "
        "inverse Hessians; class-centred scores estimate it without bias.",
        latex=r"\operatorname{Cov}(\theta_W) \sim A^{-1} J_W A^{-1}",
        conditions=FIRST_ORDER,
        origin="Huber 1967; van der Vaart 1998",
        cites=("huber1967", "vandervaart1998"),
        derived="mlbalance.derivations.ordering:sandwich",
        computed="mlbalance.theory:covariance",
        observed="simulations/six_classes.py",
    ),
    Claim(
        label="loewner",
        statement="No scheme has a smaller covariance than class weighting, in any direction, for "
        "any model: variance ratios lie between one and one plus the largest c_k^2.",
        latex=r"A^{-1} (J_W - J_w) A^{-1} \succeq 0, \qquad 1 \le "
        r"\frac{a' A^{-1} J_W A^{-1} a}{a' A^{-1} J_w A^{-1} a} \le 1 + \max_k c_k^2",
        conditions=FIRST_ORDER,
        origin="this package",
        derived="mlbalance.derivations.ordering:loewner",
        computed="mlbalance.theory:covariance",
        observed="simulations/six_classes.py",
    ),
    Claim(
        label="harmonic",
        statement="Where the class terms are equal, undersampling to m rows multiplies the "
        "variance by the harmonic mean of the counts over m, which is below K; for two classes "
        "by twice the share of the larger one. Elsewhere single coefficients differ widely.",
        latex=r"\frac{a' A^{-1} J_W A^{-1} a}{a' A^{-1} J_w A^{-1} a} = \frac{H}{m} < K, \qquad "
        r"H = \frac{K}{\sum_k 1/n_k}",
        conditions=(*FIRST_ORDER, "uniform-target", "equal-class-terms"),
        origin="this package",
        derived="mlbalance.derivations.efficiency:harmonic",
        computed="mlbalance.theory:variance_ratio",
        observed="simulations/six_classes.py",
    ),
    Claim(
        label="kish",
        statement="Balanced weights are worth K H rows in Kish's sense and an undersample its K m "
        "rows. It counts balanced rows; it does not compare weighting with the unweighted fit.",
        latex=r"\frac{1}{\sum_i w_i^2} = \frac{1}{\sum_k \tau_k^2/n_k} = K H \le n",
        conditions=("fixed-counts", "uniform-target"),
        origin="Kish 1965",
        cites=("kish1965",),
        derived="mlbalance.derivations.efficiency:kish",
        computed="mlbalance.theory:effective_size",
    ),
    Claim(
        label="budget",
        statement="A row of class k is worth its class's share of the variance over its count; "
        "under undersampling a row of a larger class is worth nothing. The best counts are in "
        "proportion to the target times the root of class variance over price.",
        latex=r"-\frac{\partial \log \operatorname{tr}(A^{-1} J_w)}{\partial n_k} = "
        r"\frac{\text{share}_k}{n_k}, \qquad "
        r"n_k \propto \tau_k \sqrt{\frac{\operatorname{tr}(A^{-1} V_k)}{\text{price}_k}}",
        conditions=FIRST_ORDER,
        origin="Neyman 1934 for the allocation; this package",
        cites=("neyman1934",),
        derived="mlbalance.derivations.allocation:budget",
        computed="mlbalance.theory:budget",
    ),
)
