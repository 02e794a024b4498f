"""Claims for many features: n and d grow in proportion, and rows pull their own logits."""

from mlbalance.claims.claim import CASES, LIMIT, Claim, Clause

GAUSSIAN = ("proportional", "two-classes", "isotropic", "one-sigma")
EQUATIONS = "Mignacco et al. 2020 and Loureiro et al. 2021 for the equations"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        label="self-influence",
        clauses=(
            Clause(
                "A training row pulls its own logits by sigma_k^2 V g, g its pull on the fit,",
                by=("row", "own-margin", "form", "parabola", "softmax-pull", "softmax-move"),
                kind=LIMIT,
            ),
            Clause(
                "and intercepts without penalty balance the pulls of all rows.",
                by=("intercept-gradient", "balance", "softmax-balance"),
            ),
            Clause(
                "In two classes the mean of sigma_k^2 V g is sigma_k^2 V gamma/rho_k, one gamma "
                "for both, whatever loss, weights and ridge.",
                by=("form", "balance", "inflation", "ratio"),
                kind=LIMIT,
            ),
        ),
        formula=("inflation", "softmax-balance"),
        conditions=("proportional", "convex-margin", "positive-ridge"),
        origin=f"{EQUATIONS}, Lyu, Zhou and Zhong 2025 for the overfitting of the rarer class of "
        "separated rows and for the ratio at largest margins; the ratio for any loss: this package",
        cites=("mignacco2020", "loureiro2021", "lyu2025"),
        derived="mlbalance.derivations.proofs.self_influence:self_influence",
        computed="mlbalance.theory.proportional:solve",
    ),
    Claim(
        label="intercept-bias",
        clauses=(
            Clause(
                "Of two classes with one covariance balanced weights put the intercept against "
                "the rarer one on new rows, at any ridge above zero, since they set it on training "
                "logits; "
                "in an undersample it is zero.",
                by=("equations", "pull-margin", "pull-own", "pull-falls", "against"),
                kind=LIMIT,
            ),
        ),
        formula=("pull-own", "against"),
        conditions=(
            *("proportional", "two-classes", "one-sigma", "convex-margin"),
            *("decreasing-loss", "positive-ridge"),
        ),
        origin="Chan and Hall 2009, Huang, Tong and Zhao 2010, Aoshima and Yata 2014, Egashira, "
        "Yata and Aoshima 2021 and Mojiri, Khalili and Hamadani 2022 for centroid and distance "
        "rules, Lyu, Zhou and Zhong 2025 for largest margins; any decreasing loss: this package",
        cites=(
            *("mignacco2020", "loureiro2021", "chanhall2009", "huang2010", "aoshima2014"),
            *("egashira2021", "mojiri2022", "lyu2025"),
        ),
        derived="mlbalance.derivations.proofs.intercept_bias:intercept_bias",
        computed="mlbalance.theory.proportional:solve",
        observed="simulations/proportional.py",
    ),
    Claim(
        label="ridge-limit",
        clauses=(
            Clause(
                "As the ridge grows neither loss nor weights are left in the signal to noise,",
                by=("equations", "mean-pull", "response", "signal"),
                kind=LIMIT,
            ),
            Clause(
                "and balanced weights move the boundary by m beta/(2 s^2) against the rarer class.",
                by=("equations", "intercept", "shift", "minority", "majority"),
                kind=LIMIT,
            ),
            Clause(
                "At its best threshold weighting has less error than an undersample; at threshold "
                "zero the undersample has the better worst class.",
                by=("equations", "undersampled", "worst-slope", "worst", "best"),
                kind=LIMIT,
            ),
        ),
        formula=("minority", "majority", "undersampled"),
        conditions=(
            *GAUSSIAN,
            "unequal-counts",
            "convex-margin",
            "strong-ridge",
            "uniform-target",
        ),
        origin="Chan and Hall 2009 and Huang, Tong and Zhao 2010 for the bias of centroid rules; "
        "the comparison: this package",
        cites=("mignacco2020", "loureiro2021", "chanhall2009", "huang2010"),
        derived="mlbalance.derivations.proofs.ridge_limit:ridge_limit",
        computed="mlbalance.theory.proportional:strong_ridge",
        observed="simulations/phase_diagram.py",
    ),
    Claim(
        label="flip",
        clauses=(
            Clause(
                "As the ridge grows undersampling has the smaller balanced error at threshold zero "
                "where d (1/n_min - 1/n_maj) exceeds one boundary, weighting below it.",
                by=(
                    *("errors", "units", "argument"),
                    *("ray", "ray-last", "ray-first", "ray-start", "ray-once"),
                    *("flow", "kernel", "inner", "outer", "outer-bound", "inner-falls"),
                    *("inner-bound", "count", "lower-end", "lower-end-sign", "once"),
                ),
                kind=LIMIT,
            ),
            Clause(
                "The boundary rises with the signal, between 4 log 2 = 2.773 and 8 log y = 4.875, "
                "y^3 = y^2 + y + 1.",
                by=(
                    "weak-slope",
                    "weak-end",
                    "weak-falls",
                    "lower-number",
                    "strong-exponent",
                    "strong-factor",
                    "strong-ratio",
                    "strong-end",
                    "upper-end",
                    "once",
                ),
                kind=LIMIT,
            ),
        ),
        formula=("errors", "once"),
        conditions=(
            *GAUSSIAN,
            "unequal-counts",
            "convex-margin",
            "strong-ridge",
            "uniform-target",
        ),
        origin="this package; Takahashi 2024, by the replica method, and Cheng et al. 2023 compare "
        "undersamples with all rows, without the boundary",
        cites=("polya1976", "karlin1968", "takahashi2024", "cheng2023"),
        derived="mlbalance.derivations.proofs.flip:flip",
        computed="mlbalance.theory.proportional:flip_boundary",
        observed="simulations/phase_diagram.py",
    ),
    Claim(
        label="ridge-limit-bags",
        clauses=(
            Clause(
                "As the ridge grows the mean of ever more undersamples has, at threshold zero, "
                "the class errors of weighting at its best threshold.",
                by=("overlap", "bags", "bags-limit"),
                kind=LIMIT,
            ),
        ),
        formula=("bags",),
        conditions=(*GAUSSIAN, "convex-margin", "strong-ridge", "independent-bags"),
        origin="Takahashi 2024 for the overlap, by the replica method; this package",
        cites=("takahashi2024", "loureiro2021"),
        derived="mlbalance.derivations.proofs.ridge_limit_bags:ridge_limit_bags",
        computed="mlbalance.theory.proportional:strong_ridge",
    ),
    Claim(
        label="square-loss",
        clauses=(
            Clause(
                "For the square loss V is the root of an increasing function, and m, b, q "
                "are explicit at any ridge.",
                by=(
                    "equations",
                    "pull",
                    "response",
                    "one-root",
                    "intercept",
                    "signal",
                    "variance",
                    "spare",
                    "positive",
                ),
                kind=LIMIT,
            ),
            Clause(
                "As the ridge vanishes, after n and d, q grows without bound at n = d, an "
                "undersample's at its own n, and rows fitted exactly show no weights.",
                by=("equations", "leverage-one", "above", "below", "numerator", "interpolation"),
                kind=LIMIT,
            ),
        ),
        formula=("signal", "variance"),
        conditions=("proportional", "two-classes", "isotropic", "square-loss"),
        origin=f"{EQUATIONS}; Cheng et al. 2023 for the peaks of Fisher's rule; the closed forms "
        "with weights: this package",
        cites=("mignacco2020", "loureiro2021", "cheng2023"),
        derived="mlbalance.derivations.proofs.square_loss:square_loss",
        computed="mlbalance.theory.proportional:solve",
    ),
    Claim(
        label="square-ridge",
        clauses=(
            Clause(
                "For the square loss weights and ridge enter the signal to noise through one "
                "number D, and balanced weights put the boundary off by the same share at every "
                "ridge.",
                by=("equations", "against", "ratio", "shift", "minority", "majority"),
                kind=LIMIT,
            ),
            Clause(
                "As long as the rarer class is right more often than not the strongest ridge is "
                "best.",
                by=("equations", "rises", "below-one", "strongest"),
                kind=LIMIT,
            ),
        ),
        formula=("ratio", "shift"),
        conditions=(*GAUSSIAN, "square-loss"),
        origin=f"{EQUATIONS}; this package",
        cites=("mignacco2020", "loureiro2021"),
        derived="mlbalance.derivations.proofs.square_ridge:square_ridge",
        computed="mlbalance.theory.proportional:solve",
    ),
    Claim(
        label="direction",
        clauses=(
            Clause(
                "The slopes of weighted least squares are those of discriminant analysis with "
                "covariances pooled by the weights.",
                by=("within", "between", "slopes"),
            ),
            Clause(
                "In proportion, without ridge and each at its best threshold, the unweighted fit "
                "is at least as good as the balanced one, and both beat undersampling wherever "
                "that has more rows than features.",
                by=(
                    "equations",
                    "linear-maps",
                    "ratio",
                    "noise",
                    "unweighted",
                    "spread",
                    "leverage",
                    "half",
                    "bound",
                    "undersampled",
                ),
                kind=LIMIT,
            ),
        ),
        formula=("slopes", "spread"),
        conditions=(
            *("proportional", "two-classes", "one-sigma", "unequal-counts"),
            *("square-loss", "no-ridge"),
        ),
        origin="Fisher 1936 for the direction; Obuchi and Tanaka 2024 for other losses, by the "
        "replica method; Cheng et al. 2023 for undersampling and Fisher's rule; this package",
        cites=(
            "fisher1936",
            "mignacco2020",
            "loureiro2021",
            "baiyin1993",
            "obuchi2024",
            "cheng2023",
        ),
        derived="mlbalance.derivations.proofs.direction:direction",
        computed="mlbalance.theory.proportional:solve",
    ),
    Claim(
        label="under-bagging",
        clauses=(
            Clause(
                "Undersamples share the rarest class and, on average, n_min/n_k of another.",
                by=("shared",),
            ),
            Clause(
                "The mean of B keeps the logits' mean and has variance q/B + (1 - 1/B) r, r their "
                "covariance.",
                by=("difference", "at-most", "bags", "one-bag", "falls", "many"),
            ),
            Clause(
                "For two classes of unequal counts r is, by the replica method, one equation's "
                "only root, below q.",
                by=("equation", "mehler", "not-shared", "below", "start", "convex", "one-root"),
                given=("two-classes", "unequal-counts"),
                kind=LIMIT,
            ),
        ),
        formula=("bags", "one-root"),
        conditions=("proportional", "convex-margin", "positive-ridge", "independent-bags"),
        origin="Takahashi 2024, by the replica method; Koriyama et al. 2024 and Bellec and "
        "Koriyama 2024 for theorems on subsamples in other models",
        cites=("takahashi2024", "koriyama2024", "bellec2024", "szego1939", "rockafellar1970"),
        derived="mlbalance.derivations.proofs.under_bagging:under_bagging",
        computed="mlbalance.theory.proportional:Solution.average",
        observed="simulations/proportional.py",
    ),
    Claim(
        label="calibration-slope",
        clauses=(
            Clause(
                "Given the logit z the log odds at a balanced prior are 2 m (z - b)/q: slope "
                "2 m/q and intercept -2 m b/q, calibrated if they are one and zero.",
                by=("equations", "log-odds", "slope", "intercept", "threshold"),
                kind=LIMIT,
            ),
            Clause(
                "A correction for the prior moves the intercept alone; bags raise the slope by "
                "the factor q/q_B.",
                by=("equations", "prior", "correction", "bags"),
                labels=("under-bagging",),
                kind=LIMIT,
            ),
        ),
        formula=("log-odds",),
        conditions=(
            *("proportional", "two-classes", "one-sigma", "convex-margin", "positive-ridge"),
            "independent-bags",
        ),
        origin="Lyu, Zhou and Zhong 2025 for largest margins; any loss: this package, from the "
        "normal distribution of the logits",
        cites=("mignacco2020", "loureiro2021", "lyu2025"),
        derived="mlbalance.derivations.proofs.calibration_slope:calibration_slope",
        computed="mlbalance.populations:Logits.calibration",
        observed="simulations/proportional.py",
    ),
    Claim(
        label="overcorrection",
        clauses=(
            Clause(
                "Corrected for the prior, the boundary of an unweighted logistic fit moves too far "
                "as the ridge grows: beyond the midpoint of the classes, to the mean of all rows.",
                by=("equations", "pulls", "excess", "boundary"),
                kind=LIMIT,
            ),
        ),
        formula=("excess", "boundary"),
        conditions=(*GAUSSIAN, "unequal-counts", "logistic-loss", "strong-ridge"),
        origin="this package",
        cites=("mignacco2020", "loureiro2021"),
        derived="mlbalance.derivations.proofs.overcorrection:overcorrection",
        computed="mlbalance.theory.proportional:solve",
    ),
    Claim(
        label="mle-threshold",
        clauses=(
            Clause(
                "Without ridge the fit exists (its probability tends to one) where n/d exceeds a "
                "threshold set by the classes' shares and separation, whatever the positive "
                "weights.",
                by=("sides", "gordon", "length", "psi", "psi-falls", "psi-convex"),
                kind=LIMIT,
            ),
            Clause(
                "In a band of loads the fit of all rows exists and that of an undersample does "
                "not; none is the other way round.",
                by=("sides", "gordon", "spare", "band"),
                kind=LIMIT,
            ),
        ),
        formula=("psi", "gordon"),
        conditions=(*GAUSSIAN, "unequal-counts", "no-ridge"),
        origin="Candes and Sur 2020 for the method; Lyu, Zhou and Zhong 2025 for Gaussian classes "
        "of unequal counts; the band: this package",
        cites=("albert1984", "candes2020", "lyu2025"),
        derived="mlbalance.derivations.proofs.mle_threshold:mle_threshold",
        computed="mlbalance.theory.proportional:separability_threshold",
        observed="simulations/separation_thresholds.py",
    ),
    Claim(
        label="max-margin",
        clauses=(
            Clause(
                "Fits of separated rows tend to the hyperplane of largest margin as the ridge "
                "vanishes, intercept included.",
                by=("tail", "one-direction", "largest"),
            ),
            Clause(
                "Positive weights and offsets leave no trace, factors of the margins do, and an "
                "undersample has a largest margin of its own.",
                by=("offset", "weight", "factor", "largest"),
            ),
            Clause(
                "Of two Gaussian classes the intercept is against the rarer one.",
                by=("gordon-margin", "psi", "psi-falls", "psi-convex", "balance", "apart"),
                kind=LIMIT,
            ),
        ),
        formula=("largest", "balance"),
        conditions=(*GAUSSIAN, "unequal-counts", "separable", "exponential-tails"),
        origin="Rosset, Zhu and Hastie 2004; Soudry et al. 2018, Byrd and Lipton 2019, Xu, Ye and "
        "Ruan 2021, Kini et al. 2021 for weights; Lyu, Zhou and Zhong 2025 for the margin and the "
        "sign of the intercept, Montanari et al. 2019 for centred rows",
        cites=(
            "rosset2004",
            "soudry2018",
            "byrd2019",
            "xu2021",
            "kini2021",
            "montanari2019",
            "lyu2025",
        ),
        derived="mlbalance.derivations.proofs.max_margin:max_margin",
        computed="mlbalance.theory.proportional:max_margin",
        observed="simulations/separable.py",
    ),
    Claim(
        label="loo-intercept",
        clauses=(
            Clause(
                "Intercepts fitted to leave-one-out logits, a row's weight going to others of its "
                "class, are those for new rows, if two such logits are independent in the limit: "
                "the boundary comes to the best threshold.",
                by=("scale", "score", "newton", "downdate", "kept", "new-row", "shift"),
                kind=LIMIT,
            ),
            Clause(
                "Weight that is lost adds (1/n_min - 1/n_maj)/2 where intercepts are all there is.",
                by=("spurious",),
                kind=CASES,
            ),
        ),
        formula=("newton", "scale"),
        conditions=("proportional", "two-classes", "one-sigma", "convex-margin", "positive-ridge"),
        origin="Rad and Maleki 2020 for the approximation; Zollanvari and Abibullaev 2021 correct "
        "the intercept of discriminant analysis in proportion; this package",
        cites=("rad2020", "loureiro2021", "vandervaart1998", "zollanvari2021"),
        derived="mlbalance.derivations.proofs.loo_intercept:loo_intercept",
        computed="mlbalance.corrections:leave_one_out_logits",
        observed="simulations/proportional.py",
    ),
)
