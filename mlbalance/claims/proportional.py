"""Claims for many features: n and d grow in proportion, and rows pull their own logits."""

from mlbalance.claims.claim import CONJECTURE, Claim, Clause

GAUSSIAN = ("proportional", "two-classes", "isotropic", "one-sigma")

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="self-influence",
        clauses=(
            Clause(
                "A row pulls its own logits, by sigma_k^2 V g, and as the free intercept "
                "balances the pulls of all classes, those of a rare class are pulled most: "
                "for two classes by sigma_k^2 V gamma/rho_k on average, one gamma for both. "
                "Balanced weighting sets its intercept on the inflated scores, so where "
                "classes have one sigma it is against the rarer one on new rows; an "
                "undersample is not.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("proportional", "convex-margin", "mle-exists"),
        origin="Mignacco et al. 2020 and Loureiro et al. 2021 for the equations; this package",
        cites=("mignacco2020", "loureiro2021"),
        derived="mlbalance.derivations.self_influence:self_influence",
        computed="mlbalance.theory.proportional:solve",
        observed="simulations/anisotropic.py",
    ),
    Claim(
        label="flip",
        clauses=(
            Clause(
                "As the ridge grows, undersampling has the smaller balanced error at "
                "threshold zero if d (1/n_min - 1/n_maj) exceeds about 4, whatever the loss: "
                "4 log 2 = 2.77 for a weak signal and a very rare class, 4.87 for a strong "
                "signal. Its worst class is always the better one. With the best threshold "
                "for each weighting always wins, and many under-bags come to the same without"
                " one.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*GAUSSIAN, "convex-margin", "strong-ridge", "uniform-target"),
        origin="this package",
        derived="mlbalance.derivations.strong_ridge:flip",
        computed="mlbalance.theory.proportional:strong_ridge",
        observed="simulations/phase_diagram.py",
    ),
    Claim(
        label="square-loss",
        clauses=(
            Clause(
                "For the square loss V is the root of one increasing function and m, b and q "
                "are explicit at any ridge. q peaks where rows and features are as many, n = "
                "d, with the undersample's own peak at its own n. Weights and ridge enter the"
                " signal to noise through one number D, and the boundary of balanced weights "
                "is off by the same share at every ridge. So as long as the rarer class is "
                "right more often than not the best ridge is the strongest, and the label "
                "flip says exactly when undersampling wins.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*GAUSSIAN, "square-loss"),
        origin="Mignacco et al. 2020 for the equations; this package",
        cites=("mignacco2020",),
        derived="mlbalance.derivations.square_loss:square_loss",
        computed="mlbalance.theory.proportional:solve",
    ),
    Claim(
        label="direction",
        clauses=(
            Clause(
                "Weights cost a direction little. The slopes of weighted least squares are "
                "those of discriminant analysis with covariances pooled by the weights. In "
                "the proportional regime, without ridge and each at its best threshold, the "
                "unweighted fit is at least as good as the weighted one and both beat "
                "undersampling, wherever that has more rows than features.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("proportional", "two-classes", "one-sigma", "square-loss", "no-ridge"),
        origin="Fisher 1936 for the direction; this package",
        cites=("fisher1936",),
        derived="mlbalance.derivations.direction:direction",
        computed="mlbalance.theory.proportional:solve",
    ),
    Claim(
        label="calibration-slope",
        clauses=(
            Clause(
                "Given the logit z the log odds at a balanced prior are 2 m (z - b)/q: slope "
                "2 m/q and intercept -2 m b/q, calibrated if they are one and zero. A "
                "correction for the prior moves the intercept alone; as a ridge shrinks the "
                "logits it moves too far, to a boundary at the mean of all rows. Bags raise "
                "the slope by q/q_B.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("proportional", "two-classes", "one-sigma", "mle-exists"),
        origin="this package, from the normal law of the logits",
        derived="mlbalance.derivations.calibration:calibration_slope",
        computed="mlbalance.theory.proportional:Logits.calibration",
        observed="simulations/proportional.py",
    ),
    Claim(
        label="under-bagging",
        clauses=(
            Clause(
                "Two undersamples share the rows of the rarest class and n_min/n_k of the "
                "others. Their logits in a new row have a covariance r below their variance "
                "q, and the mean of B of them keeps m and b and has variance q/B + (1 - 1/B) "
                "r.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("proportional", "convex-margin", "mle-exists", "independent-bags"),
        origin="Takahashi 2024",
        cites=("takahashi2024",),
        derived="mlbalance.derivations.overlap:under_bagging",
        computed="mlbalance.theory.proportional:Solution.averaged",
        observed="simulations/proportional.py",
    ),
    Claim(
        label="mle-threshold",
        clauses=(
            Clause(
                "Without ridge the fit exists where n/d exceeds a threshold set by the shares"
                " and the separation of the classes, whatever the positive weights. There is "
                "a band of loads in which the fit of all rows exists and that of an "
                "undersample does not, and none the other way round.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*GAUSSIAN, "no-ridge"),
        origin="Candes and Sur 2020; Montanari et al. 2019; the band: this package",
        cites=("candes2020", "montanari2019"),
        derived="mlbalance.derivations.margins:mle_threshold",
        computed="mlbalance.theory.proportional:separability_threshold",
        observed="simulations/separation_thresholds.py",
    ),
    Claim(
        label="max-margin",
        clauses=(
            Clause(
                "Fits of separated rows tend to the hyperplane of largest margin as the ridge"
                " vanishes, intercept included. Positive weights and offsets leave no trace, "
                "factors of the margins do, and an undersample has a largest margin of its "
                "own. Of two Gaussian classes the intercept is against the rarer one.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(*GAUSSIAN, "separable"),
        origin="Soudry et al. 2018, Byrd and Lipton 2019, Xu, Ye and Ruan 2021, Kini et al. 2021; "
        "Montanari et al. 2019 for the margin",
        cites=("soudry2018", "byrd2019", "xu2021", "kini2021", "montanari2019"),
        derived="mlbalance.derivations.margins:max_margin",
        computed="mlbalance.theory.proportional:max_margin",
        observed="simulations/separable.py",
    ),
    Claim(
        label="loo-intercept",
        clauses=(
            Clause(
                "Intercepts fitted anew to leave-one-out logits are those for new rows, and "
                "all rows stay in the direction: in the proportional regime the boundary "
                "comes to the best threshold. The weight of a row left out goes to its class,"
                " or the intercept gains a spurious (1/n_min - 1/n_maj)/2.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("proportional", "two-classes", "one-sigma", "mle-exists"),
        origin="this package",
        derived="mlbalance.derivations.left_out:loo_intercept",
        computed="mlbalance.corrections:left_out_logits",
        observed="simulations/proportional.py",
    ),
)
