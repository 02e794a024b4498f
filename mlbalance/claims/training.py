"""Claims about training: synthetic rows, mini-batches of gradient descent, and its time."""

from mlbalance.claims.claim import CASES, LIMIT, Claim, Clause

CLAIMS = (
    Claim(
        label="smote",
        clauses=(
            Clause(
                "Interpolated between rows of second moments S and S_nb about the class mean and "
                "cross moment K, a row has (S + S_nb)/3 + (K + K')/6;",
                ("line", "differences"),
            ),
            Clause(
                "with all other rows neighbours (2n - 3)/(3(n - 1)) of S,",
                ("pairs", "mean", "factor"),
            ),
            Clause(
                "and the class mean's noise that share of random oversampling's.",
                ("copied", "noise"),
            ),
        ),
        formula=("line", "factor"),
        conditions=("any-model",),
        origin="this package; Chawla et al. 2002 for the method, Elreedy and Atiya 2019 for "
        "classes with a density",
        cites=("chawla2002", "elreedy2019"),
        derived="mlbalance.derivations.proofs.smote:smote",
        computed="mlbalance.theory:smote_moments",
    ),
    Claim(
        label="smote-target",
        clauses=(
            Clause(
                "Of two Gaussian classes of one covariance, shrink one's by small eps: to first "
                "order balanced slopes grow by the factor 1 + eps/2, and the intercept moves "
                "against that class.",
                (
                    *("one-feature", "heat", "hessian", "intercept-score", "slope-score"),
                    *("parts", "slope", "intercept", "against"),
                ),
            ),
            Clause(
                "SMOTE of any two rows has eps = (1 - r)/3 on average, r the originals' share.",
                ("two-thirds",),
            ),
        ),
        formula=("slope", "two-thirds"),
        conditions=("gaussians", "two-classes", "no-ridge", "uniform-target"),
        origin="this package; Elor and Averbuch-Elor 2022 for what SMOTE does in practice",
        cites=("elor2022",),
        derived="mlbalance.derivations.proofs.smote_target:smote_target",
        computed="mlbalance.theory:smote_target",
        observed="simulations/synthetic_rows.py",
    ),
    Claim(
        label="sgd-noise",
        clauses=(
            Clause(
                "With scores of one size in all classes, the gradient of a mini-batch of "
                "independent rows has, at the minimum, n/(K H) times the covariance with class "
                "weights in the loss that it has with classes sampled in balance;",
                (
                    *("batch", "weighted-mean", "weighted", "balanced-mean", "balanced"),
                    *("effect", "ratio"),
                ),
            ),
            Clause(
                "stratified batches never have more than the latter.",
                ("stratified", "between", "never-less"),
            ),
        ),
        formula=("ratio", "between"),
        conditions=("any-model", "independent-draws", "equal-scores", "no-ridge", "uniform-target"),
        origin="this package; Kish 1965 for the design effect",
        cites=("kish1965",),
        derived="mlbalance.derivations.proofs.sgd_noise:sgd_noise",
        computed="mlbalance.theory:batch_covariance",
        observed="simulations/sgd.py",
    ),
    Claim(
        label="sgd-steps",
        clauses=(
            Clause(
                "To first order, the excess risk of SGD with b rows per step settles at step/(4 b) "
                "times the trace of a row's gradient covariance.",
                ("linear", "recursion", "trace", "fixed", "excess", "quarter", "arrives"),
                kind=LIMIT,
            ),
            Clause(
                "Where all rows share one quadratic loss, class weights divide the largest step "
                "stable in mean square by 1 + (n/(K H) - 1)/b.",
                ("effect", "mean-square", "falls", "largest"),
                kind=CASES,
            ),
        ),
        formula=("quarter", "largest"),
        conditions=(
            "any-model",
            "independent-draws",
            "small-steps",
            "mle-exists",
            "uniform-target",
        ),
        origin="Mandt, Hoffman and Blei 2017, Dieuleveut, Durmus and Bach 2020; this package for "
        "class weights",
        cites=("mandt2017", "dieuleveut2020"),
        derived="mlbalance.derivations.proofs.sgd_steps:sgd_steps",
        computed="mlbalance.theory:sgd_excess_risk",
        observed="simulations/sgd.py",
    ),
    Claim(
        label="batch-weights",
        clauses=(
            Clause(
                "Divided by its own sum of weights, as in PyTorch, a batch of b rows has the mean "
                "gradient of another prior,",
                ("integral", "factor", "slope", "prior"),
            ),
            Clause(
                "to first order in 1/b tau_k (1 - (w_k - D)/b), D the mean squared weight: rarer "
                "classes count less,",
                ("remainder", "moments", "first-order", "sum"),
                kind=LIMIT,
            ),
            Clause("and with b = 1 weights do nothing.", ("one-row",)),
        ),
        formula=("slope", "first-order"),
        conditions=("any-model", "independent-draws"),
        origin="this package",
        cites=("vandervaart1998",),
        derived="mlbalance.derivations.proofs.batch_weights:batch_weights",
        computed="mlbalance.theory:batch_prior",
    ),
    Claim(
        label="training-time",
        clauses=(
            Clause(
                "Under gradient flow from zero margins of two rows, weighted tau_1 and tau_0, "
                "solve u + exp(u) = 2 tau t + 1.",
                ("own", "other", "rate", "lambert"),
            ),
            Clause(
                "The boundary starts tau_1 - tau_0 off the middle, towards the row of tau_0,",
                ("start",),
            ),
            Clause(
                "returns monotonically,",
                ("elasticity", "falls", "sinh", "catches-up"),
            ),
            Clause(
                "and late is log(tau_1/tau_0)/log(4 tau_1 tau_0 t^2) off.",
                ("late-margin", "late", "end"),
            ),
        ),
        formula=("start", "late"),
        conditions=("two-rows", "gradient-flow"),
        origin="this package; Soudry et al. 2018 and Xu, Ye and Ruan 2021 for the limit, Byrd and "
        "Lipton 2019 for networks",
        cites=("soudry2018", "xu2021", "byrd2019"),
        derived="mlbalance.derivations.proofs.training_time:training_time",
        computed="mlbalance.theory:boundary_over_time",
        observed="simulations/training_time.py",
    ),
)
