"""Claims that hold to first order, every kept count being large."""

from mlbalance.claims.claim import CASES, FIRST_ORDER, LIMIT, Claim, Clause

SPECIFIED = (*FIRST_ORDER[1:], "correctly-specified", "no-ridge")
"""First order under a correctly specified model, in the place of any model."""

CLAIMS = (
    Claim(
        label="sandwich",
        clauses=(
            Clause(
                "To first order the limit distribution of a fit has the score variance between two "
                "inverse Hessians as its covariance.",
                ("mean", "linear", "move", "square", "score-limit", "convex-argmin"),
                labels=("score-variance",),
                kind=LIMIT,
            ),
            Clause(
                "At the minimiser of the risk class-centred squares of scores, with divisor "
                "n_k - 1, estimate the variance within classes without bias.",
                ("squares", "unbiased"),
            ),
        ),
        formula=("convex-argmin", "unbiased"),
        conditions=FIRST_ORDER,
        origin="Huber 1967; for exchangeable weights Praestgaard and Wellner 1993 and Chatterjee "
        "and Bose 2005",
        cites=(
            "huber1967",
            "praestgaard1993",
            "chatterjee2005",
            "hjort1993",
            "vandervaart1998",
        ),
        derived="mlbalance.derivations.proofs.sandwich:sandwich",
        computed="mlbalance.theory:covariance",
        observed="simulations/coverage.py",
    ),
    Claim(
        label="loewner",
        clauses=(
            Clause(
                "To first order no scheme has a smaller covariance than class weighting, in any "
                "direction:",
                ("gap", "sign", "congruence"),
                labels=("sandwich",),
                kind=LIMIT,
            ),
            Clause(
                "variance ratios lie between one and one plus the largest c_k^2.",
                ("above", "below", "between"),
                labels=("sandwich",),
                kind=LIMIT,
            ),
        ),
        formula=("gap", "sign", "above", "below"),
        conditions=FIRST_ORDER,
        origin="this package; the factor 1 + c^2 is that of exchangeably weighted bootstraps "
        "(Praestgaard and Wellner 1993)",
        cites=("praestgaard1993",),
        derived="mlbalance.derivations.proofs.loewner:loewner",
        computed="mlbalance.theory:covariance",
        observed="simulations/variance_inflation.py",
    ),
    Claim(
        label="harmonic",
        clauses=(
            Clause(
                "Where class terms are equal, undersampling to m rows multiplies the variance by "
                "H/m, H the harmonic mean of the counts.",
                (
                    *("cancel", "ratio", "inverse", "null-risk", "null-trace"),
                    *("exchanged", "exchanged-risk"),
                ),
                labels=("loewner",),
                kind=LIMIT,
            ),
            Clause(
                "For m the smallest count this is below K, for two classes twice the larger share.",
                ("short-of-k", "positive", "two-classes"),
            ),
            Clause(
                "Elsewhere coefficients differ: without signal a contrast of two classes takes "
                "their H.",
                ("solution", "contrast", "contrast-ratio"),
                labels=("loewner",),
                kind=LIMIT,
            ),
        ),
        formula=("ratio", "short-of-k"),
        conditions=(*FIRST_ORDER, "uniform-target", "equal-class-terms"),
        origin="this package",
        derived="mlbalance.derivations.proofs.harmonic:harmonic",
        computed="mlbalance.theory:variance_ratio",
        observed="simulations/harmonic_ratio.py",
    ),
    Claim(
        label="kish",
        clauses=(
            Clause(
                "The effective sample size (Kish) of balanced weights is K H, that of an "
                "undersample its K m rows;",
                ("size", "balanced", "undersample"),
            ),
            Clause("no weights have one above n.", ("pairs", "bound")),
        ),
        formula=("size", "balanced"),
        conditions=("fixed-counts", "uniform-target"),
        origin="Kish 1965",
        cites=("kish1965",),
        derived="mlbalance.derivations.proofs.kish:kish",
        computed="mlbalance.theory:effective_size",
    ),
    Claim(
        label="budget",
        clauses=(
            Clause(
                "In tr(A^-1 J_w), twice the first-order excess risk, a row is worth its class's "
                "share over its count;",
                ("trace", "row-value", "fall"),
                labels=("sandwich",),
                kind=LIMIT,
            ),
            Clause("undersampled, a row of a larger class is worth nothing.", ("undersampled",)),
            Clause(
                "The best counts (real numbers) are in proportion to target times root of class "
                "variance over price.",
                ("spent", "gap", "bound", "attained"),
            ),
        ),
        formula=("row-value", "attained"),
        conditions=FIRST_ORDER,
        origin="Neyman 1934 for the allocation, Cochran 1977 with prices; this package",
        cites=("neyman1934", "cochran1977"),
        derived="mlbalance.derivations.proofs.budget:budget",
        computed="mlbalance.theory:budget",
    ),
    Claim(
        label="intercept-shift",
        clauses=(
            Clause(
                "Of a correctly specified model the mean score of a class is a pure shift of its "
                "intercept,",
                ("column", "inverse"),
            ),
            Clause(
                "so scores not centred within classes make intercept contrasts look more "
                "variable by diag((1 + c_k^2)/n_k) + (1 + c_0^2) 11'/n_0, and slopes by nothing; "
                "for class weights this is D.",
                ("excess", "class-weights"),
            ),
        ),
        formula=("inverse", "excess", "class-weights"),
        conditions=SPECIFIED,
        origin="Prentice and Pyke 1979 for the unweighted fit; this package",
        cites=("prentice1979",),
        derived="mlbalance.derivations.proofs.intercept_shift:intercept_shift",
        computed="mlbalance.theory:intercept_excess",
        observed="simulations/coverage.py",
    ),
    Claim(
        label="naive-se",
        clauses=(
            Clause(
                "Copies of a row are not new rows: cluster them by row.",
                ("rows", "copies", "clustered"),
            ),
            Clause(
                "The inverse Hessian of an unweighted, correctly specified model is right in "
                "slopes, too large by D in intercepts.",
                ("information", "factor", "uncentred"),
                labels=("sandwich", "intercept-shift"),
                kind=LIMIT,
            ),
            Clause(
                "Of balanced weights on two classes without signal it reports 4 pi (1 - pi) of a "
                "slope's variance.",
                ("solution", "contrast", "reported", "two-classes"),
                given=("zero-slopes",),
                kind=CASES,
            ),
        ),
        formula=("uncentred", "two-classes"),
        conditions=SPECIFIED,
        origin="Huber 1967; White 1982; Prentice and Pyke 1979",
        cites=("huber1967", "white1982", "prentice1979"),
        derived="mlbalance.derivations.proofs.naive_se:naive_se",
        computed="mlbalance.theory:covariance",
        observed="simulations/coverage.py",
    ),
    Claim(
        label="excess-risk",
        clauses=(
            Clause(
                "To first order, in the mean of the limit distribution, the risk of a fit exceeds "
                "the least by half the trace of the score variance against the inverse Hessian,",
                ("rise", "fall", "rise-mean"),
                labels=("sandwich",),
                kind=LIMIT,
            ),
            Clause(
                "and its own training loss by the trace.",
                ("training", "test-less-training"),
                labels=("sandwich",),
                kind=LIMIT,
            ),
        ),
        formula=("rise-mean", "test-less-training"),
        conditions=FIRST_ORDER,
        origin="Murata, Yoshizawa and Amari 1994; this package for random weights",
        cites=("murata1994",),
        derived="mlbalance.derivations.proofs.excess_risk:excess_risk",
        computed="mlbalance.theory:excess_risk",
        observed="simulations/six_classes.py",
    ),
    Claim(
        label="prior-shift",
        clauses=(
            Clause(
                "Weights w_k on the classes of a correctly specified model move the intercepts of "
                "its population fit by log w_k and nothing else;",
                ("moved", "score"),
                labels=("hessian",),
            ),
            Clause(
                "adding log(pi_k/tau_k) turns true posteriors at prior tau into those at pi.",
                ("converted",),
            ),
            Clause(
                "A misspecified or penalised fit need not become the one made at pi.",
                ("misspecified", "misspecified-moved", "penalised", "penalised-moved"),
            ),
        ),
        formula=("moved", "converted"),
        conditions=("correctly-specified", "no-ridge", "label-shift"),
        origin="Anderson 1972; Prentice and Pyke 1979; King and Zeng 2001",
        cites=("anderson1972", "prentice1979", "king2001"),
        derived="mlbalance.derivations.proofs.prior_shift:prior_shift",
        computed="mlbalance.corrections:prior_shift",
    ),
    Claim(
        label="offset-efficiency",
        clauses=(
            Clause(
                "Of a correctly specified model the unweighted fit with offset log(n_k/(n tau_k)) "
                "estimates what balanced weighting does,",
                ("offset", "score"),
            ),
            Clause(
                "and to first order no direction of it varies more, intercepts included.",
                (
                    *("cross", "own", "uncorrelated", "difference", "sign"),
                    *("column", "column-offset", "class-means", "class-means-offset"),
                ),
                labels=("sandwich", "intercept-shift"),
                kind=LIMIT,
            ),
        ),
        formula=("difference", "offset"),
        conditions=SPECIFIED,
        origin="Prentice and Pyke 1979; Scott and Wild 1986",
        cites=("prentice1979", "scott1986", "manski1977"),
        derived="mlbalance.derivations.proofs.offset_efficiency:offset_efficiency",
        computed="mlbalance.theory:offset_covariance",
        observed="simulations/misspecification.py",
    ),
    Claim(
        label="no-loss-at-null",
        clauses=(
            Clause(
                "Where slopes are zero weighting loses nothing to the unweighted fit, to first "
                "order.",
                ("weighted", "unweighted"),
                labels=("offset-efficiency",),
                kind=LIMIT,
            ),
            Clause(
                "With one feature, normal in two classes of which one is rare, the loss grows with "
                "the signal: it multiplies the slope's variance by 1.13, 1.52, 2.30, 3.76, 11.9 at "
                "separations .5, 1, 1.5, 2, 3.",
                (
                    "hessian",
                    "score",
                    "variance",
                    "full",
                    "information",
                    "slope",
                    "overlap",
                    "grows",
                    "at 0.5",
                    "at 1",
                    "at 1.5",
                    "at 2",
                    "at 3",
                ),
                given=("rare-class",),
                kind=CASES,
            ),
        ),
        formula=("unweighted", "overlap"),
        conditions=(*SPECIFIED, "zero-slopes"),
        origin="Scott and Wild 1986 for the comparison; this package",
        cites=("scott1986", "wang2020"),
        derived="mlbalance.derivations.proofs.no_loss_at_null:no_loss_at_null",
        computed="mlbalance.theory:separation_loss",
    ),
    Claim(
        label="bags-needed",
        clauses=(
            Clause(
                "Averaging independent bags divides what a scheme loses to class weighting by "
                "their number: (ratio - 1)/eps of them have at most 1 + eps times its variance, to "
                "first order.",
                ("divided", "reached", "more", "fewer"),
                labels=("bagging", "loewner"),
                kind=LIMIT,
            ),
            Clause(
                "As many disjoint bags, where they fit, never do worse.",
                ("disjoint", "never-worse"),
                labels=("disjoint-bags", "loewner"),
                given=("bags-fit",),
                kind=LIMIT,
            ),
        ),
        formula=("divided", "fewer"),
        conditions=(*FIRST_ORDER, "independent-bags"),
        origin="Breiman 1996 for the method; this package",
        cites=("breiman1996",),
        derived="mlbalance.derivations.proofs.bags_needed:bags_needed",
        computed="mlbalance.theory:bags_needed",
        observed="simulations/bagging.py",
    ),
    Claim(
        label="balanced-error",
        clauses=(
            Clause(
                "To second order in the noise the mean balanced error of a fit exceeds its limit's "
                "by bias along the gradient and half the covariance against the Hessian.",
                ("first", "second", "mean", "delta-method"),
                kind=LIMIT,
            ),
            Clause(
                "The gradient is zero where the model is correctly specified, the target uniform "
                "and the ridge zero;",
                ("bayes-gap", "bayes-sign"),
                given=("correctly-specified", "uniform-target", "no-ridge"),
            ),
            Clause("elsewhere it need not be.", ("boundary-off",)),
        ),
        formula=("mean", "bayes-gap"),
        conditions=(*FIRST_ORDER, "smooth-error"),
        origin="the delta method",
        cites=("vandervaart1998",),
        derived="mlbalance.derivations.proofs.balanced_error:balanced_error",
        computed="mlbalance.theory:balanced_error_excess",
    ),
    Claim(
        label="bridge",
        clauses=(
            Clause(
                "Weights (tau_k/n_k)^g with offset (1 - g) log(n_k/tau_k) estimate a correctly "
                "specified model for every g:",
                ("total", "prior", "score"),
            ),
            Clause(
                "g = 1 is weighting and stays with its target when the model is misspecified,",
                ("weighting",),
            ),
            Clause(
                "g = 0 is logit adjustment and efficient when it is correctly specified.",
                ("adjustment", "efficient"),
                kind=LIMIT,
            ),
        ),
        formula=("total", "efficient"),
        conditions=SPECIFIED,
        origin="this package; Menon et al. 2021, Manski and Lerman 1977 and Scott and Wild 1986 "
        "for its ends",
        cites=("menon2021", "manski1977", "scott1986"),
        derived="mlbalance.derivations.proofs.bridge:bridge",
        computed="mlbalance.theory:bridge_covariance",
        observed="simulations/bridge.py",
    ),
    Claim(
        label="contiguity",
        clauses=(
            Clause(
                "At some departure limiting mean squared errors are equal, and the best one-sided "
                "5 % test has power .26; beyond it weighting has the smaller error.",
                by=(
                    *("tilt", "equation", "influence", "le-cam", "bias", "least-favourable"),
                    *("efficient", "errors", "even", "best-test", "level", "power", "number"),
                ),
                given=("correctly-specified",),
                kind=LIMIT,
            ),
            Clause(
                "In a direction of correlation r with it equality takes a tilt of 1/r; orthogonal "
                "to it the efficient fit wins at any power.",
                by=("bias", "le-cam", "even", "elsewhere", "orthogonal"),
                kind=LIMIT,
            ),
        ),
        formula=("errors", "number"),
        conditions=(*FIRST_ORDER[1:], "no-ridge", "least-favourable"),
        origin="Lumley 2017",
        cites=("lumley2017", "vandervaart1998"),
        derived="mlbalance.derivations.proofs.contiguity:contiguity",
        computed="mlbalance.theory:contiguity_power",
        observed="simulations/misspecification.py",
    ),
)
