"""Claims that hold to first order, every kept count being large."""

from mlbalance.claims.claim import CONJECTURE, FIRST_ORDER, Claim, Clause

RIGHT = (*FIRST_ORDER[1:], "right-model", "no-ridge")
"""First order under a right model, in the place of any model."""

CLAIMS = (
    Claim(
        label="sandwich",
        clauses=(
            Clause(
                "To first order the covariance of a fit is the score variance between two "
                "inverse Hessians; class-centred scores estimate it without bias.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=FIRST_ORDER,
        origin="Huber 1967; van der Vaart 1998",
        cites=("huber1967", "vandervaart1998"),
        derived="mlbalance.derivations.ordering:sandwich",
        computed="mlbalance.theory:covariance",
        observed="simulations/coverage.py",
    ),
    Claim(
        label="loewner",
        clauses=(
            Clause(
                "No scheme has a smaller covariance than class weighting, in any direction, "
                "for any model: variance ratios lie between one and one plus the largest "
                "c_k^2.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=FIRST_ORDER,
        origin="this package",
        derived="mlbalance.derivations.ordering:loewner",
        computed="mlbalance.theory:covariance",
        observed="simulations/variance_inflation.py",
    ),
    Claim(
        label="harmonic",
        clauses=(
            Clause(
                "Where the class terms are equal, undersampling to m rows multiplies the "
                "variance by the harmonic mean of the counts over m, which is below K; for "
                "two classes by twice the share of the larger one. Elsewhere single "
                "coefficients differ widely.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*FIRST_ORDER, "uniform-target", "equal-class-terms"),
        origin="this package",
        derived="mlbalance.derivations.efficiency:harmonic",
        computed="mlbalance.theory:variance_ratio",
        observed="simulations/harmonic_ratio.py",
    ),
    Claim(
        label="kish",
        clauses=(
            Clause(
                "Balanced weights are worth K H rows in Kish's sense and an undersample its K"
                " m rows. It counts balanced rows; it does not compare weighting with the "
                "unweighted fit.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("fixed-counts", "uniform-target"),
        origin="Kish 1965",
        cites=("kish1965",),
        derived="mlbalance.derivations.efficiency:kish",
        computed="mlbalance.theory:effective_size",
    ),
    Claim(
        label="budget",
        clauses=(
            Clause(
                "A row of class k is worth its class's share of the variance over its count; "
                "under undersampling a row of a larger class is worth nothing. The best "
                "counts are in proportion to the target times the root of class variance over"
                " price.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=FIRST_ORDER,
        origin="Neyman 1934 for the allocation; this package",
        cites=("neyman1934",),
        derived="mlbalance.derivations.allocation:budget",
        computed="mlbalance.theory:budget",
    ),
    Claim(
        label="intercept-shift",
        clauses=(
            Clause(
                "Of a right model the mean score of a class is a pure shift of its intercept,"
                " so scores that are not centred within classes make intercepts look more "
                "variable by D = diag(1/n_k) + 11'/n_0, and slopes by nothing.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=RIGHT,
        origin="Prentice and Pyke 1979 for the unweighted fit; this package",
        cites=("prentice1979",),
        derived="mlbalance.derivations.shift:intercept_shift",
        computed="mlbalance.theory:intercept_excess",
        observed="simulations/coverage.py",
    ),
    Claim(
        label="naive-se",
        clauses=(
            Clause(
                "The inverse Hessian of a weighted fit is not its covariance, and copies of a"
                " row are not new rows: cluster them on their row. Of the unweighted fit of a"
                " right model the inverse Hessian is right in slopes and too large by D in "
                "intercepts.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=RIGHT,
        origin="Huber 1967; White 1982; Prentice and Pyke 1979",
        cites=("huber1967", "white1982", "prentice1979"),
        derived="mlbalance.derivations.standard_errors:naive_se",
        computed="mlbalance.theory:covariance",
        observed="simulations/coverage.py",
    ),
    Claim(
        label="excess-risk",
        clauses=(
            Clause(
                "To first order the risk of a fit exceeds the least by half the trace of the "
                "score variance against the inverse Hessian, and its own training loss by the"
                " trace.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=FIRST_ORDER,
        origin="Murata, Yoshizawa and Amari 1994; this package for random weights",
        cites=("murata1994",),
        derived="mlbalance.derivations.risk:excess_risk",
        computed="mlbalance.theory:excess_risk",
        observed="simulations/six_classes.py",
    ),
    Claim(
        label="prior-shift",
        clauses=(
            Clause(
                "Weights a_k on the classes of a right model move its intercepts by log a_k "
                "and nothing else; adding log(pi_k/tau_k) turns calibrated posteriors at "
                "prior tau into those at pi. A misspecified or penalised fit does not become "
                "the one made at pi.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("right-model", "no-ridge", "label-shift"),
        origin="Anderson 1972; Prentice and Pyke 1979; King and Zeng 2001",
        cites=("anderson1972", "prentice1979", "king2001"),
        derived="mlbalance.derivations.shift:prior_shift",
        computed="mlbalance.corrections:prior_shift",
        observed="simulations/calibration.py",
    ),
    Claim(
        label="offset-efficiency",
        clauses=(
            Clause(
                "Of a right model the unweighted fit with offset log(n_k/(n tau_k)) estimates"
                " what balanced weighting does, and no direction of it varies more, "
                "intercepts included.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=RIGHT,
        origin="Prentice and Pyke 1979; Scott and Wild 1986",
        cites=("prentice1979", "scott1986", "manski1977"),
        derived="mlbalance.derivations.offset:offset_efficiency",
        computed="mlbalance.theory:offset_covariance",
        observed="simulations/misspecification.py",
    ),
    Claim(
        label="no-loss-at-null",
        clauses=(
            Clause(
                "Where slopes are zero weighting loses nothing to the unweighted fit. The "
                "loss grows with the signal: for a rare Gaussian class the slope's variance "
                "is 1.13, 1.52, 2.30, 3.76, 11.9 times as large at separations .5, 1, 1.5, 2,"
                " 3.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*RIGHT, "zero-slopes"),
        origin="Scott and Wild 1986 for the comparison; this package",
        cites=("scott1986",),
        derived="mlbalance.derivations.no_loss:no_loss_at_null",
        computed="mlbalance.theory:separation_loss",
    ),
    Claim(
        label="bags-needed",
        clauses=(
            Clause(
                "Averaging independent bags divides what a scheme loses to class weighting by"
                " their number: (ratio - 1)/eps of them are within eps of its variance. "
                "Disjoint bags never need more.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*FIRST_ORDER, "independent-bags"),
        origin="this package",
        derived="mlbalance.derivations.bag_count:bags_needed",
        computed="mlbalance.theory:bags_needed",
        observed="simulations/bagging.py",
    ),
    Claim(
        label="balanced-error",
        clauses=(
            Clause(
                "The balanced error of a fit exceeds that of its limit by the bias along the "
                "gradient and half the covariance against the Hessian. The gradient is zero "
                "where the model is right, the target prior uniform and there is no ridge; "
                "elsewhere bias counts as much as variance.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*FIRST_ORDER, "smooth-error"),
        origin="this package, by the delta method",
        cites=("vandervaart1998",),
        derived="mlbalance.derivations.risk:balanced_error",
        computed="mlbalance.theory:balanced_error_excess",
    ),
    Claim(
        label="bridge",
        clauses=(
            Clause(
                "Weights (tau_k/n_k)^g with offset (1 - g) log(n_k/tau_k) estimate a right "
                "model for every g: g = 1 is weighting and stays with its target when the "
                "model is wrong, g = 0 is logit adjustment and efficient when it is right.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=RIGHT,
        origin="this package; Menon et al. 2021 and Manski and Lerman 1977 for its ends",
        cites=("menon2021", "manski1977"),
        derived="mlbalance.derivations.offset:bridge",
        computed="mlbalance.theory:bridge_covariance",
        observed="simulations/bridge.py",
    ),
    Claim(
        label="contiguity",
        clauses=(
            Clause(
                "There is a departure from the model for which weighting already has the "
                "smaller mean squared error although the best one-sided test of 5 % sees it "
                "with probability .26. In other directions the efficient fit may win at any "
                "power.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*FIRST_ORDER[1:], "no-ridge", "least-favourable"),
        origin="Lumley 2017",
        cites=("lumley2017", "vandervaart1998"),
        derived="mlbalance.derivations.contiguity:contiguity",
        computed="mlbalance.theory:contiguity_power",
        observed="simulations/misspecification.py",
    ),
)
