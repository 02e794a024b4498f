"""Claims that hold for any number of rows, any smooth loss and any model."""

from mlbalance.claims.claim import CONJECTURE, EXACT, Claim, Clause

CLAIMS = (
    Claim(
        label="score",
        clauses=(
            Clause(
                "The gradient of the weighted softmax loss is the weighted sum of residuals "
                "(probability less indicator) times features, plus the ridge on the "
                "coefficients; a known offset only moves the probabilities.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model",),
        origin="standard",
        cites=("bohning1992",),
        derived="mlbalance.derivations.likelihood:score",
        computed="mlbalance.softmax:score",
    ),
    Claim(
        label="hessian",
        clauses=(
            Clause(
                "The Hessian is a weighted sum of variances, so the loss is convex. Without a"
                " ridge the directions it does not see are shifts common to all classes, and "
                "these only if the rows of (1, X) with positive weight have full rank; with "
                "one, only the common intercept.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model",),
        origin="standard",
        cites=("bohning1992",),
        derived="mlbalance.derivations.convexity:hessian",
        computed="mlbalance.softmax:hessian",
    ),
    Claim(
        label="replication",
        clauses=(
            Clause(
                "A weight that is a whole number is that many copies of its row: loss, score,"
                " Hessian and fit are the same, the standard errors are not.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model", "additive-loss", "common-ridge"),
        origin="standard",
        derived="mlbalance.derivations.replication:replication",
        computed="mlbalance.softmax:fit",
    ),
    Claim(
        label="scale",
        clauses=(
            Clause(
                "A positive factor common to all weights and to the ridge leaves the fit "
                "alone. At one ridge on the scale of the sum, an undersample of n_u rows is "
                "therefore penalised n/n_u times more than all n.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model", "additive-loss", "common-ridge"),
        origin="standard",
        derived="mlbalance.derivations.replication:scale",
        computed="mlbalance.softmax:fit",
    ),
    Claim(
        label="conditional-mean",
        clauses=(
            Clause(
                "Given the data, the mean of a scheme's loss, and of its gradient, is that of"
                " class weighting: resampling by label is class weighting plus noise.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model", "label-only-weights", "unbiased-weights"),
        origin="this package, as an instance of the Rao-Blackwell theorem",
        cites=("rao1945", "blackwell1947"),
        derived="mlbalance.derivations.weights:conditional_mean",
        computed="mlbalance.schemes:Scheme.moments",
    ),
    Claim(
        label="convex-order",
        clauses=(
            Clause(
                "For a convex functional of the loss function, a scheme's loss has on average"
                " no less than that of class weighting: its noise is never free.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model", "label-only-weights", "unbiased-weights", "convex-functional"),
        origin="this package, as an instance of Jensen's inequality",
        cites=("jensen1906", "rockafellar1970"),
        derived="mlbalance.derivations.optimism:convex_order",
        computed="mlbalance.softmax:loss",
    ),
    Claim(
        label="optimism",
        clauses=(
            Clause(
                "The least loss of a scheme is on average no more than that of class "
                "weighting, and this no more than the least risk, whether they are attained "
                "or not: an undersample has the more optimistic training loss. When every "
                "kept count is large, it is below the least risk by half of the trace of A^-1"
                " J_W.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(
            "any-model",
            "label-only-weights",
            "unbiased-weights",
            "common-ridge",
            "independent-rows",
        ),
        origin="this package, as an instance of Jensen's inequality",
        cites=("jensen1906", "vandervaart1998"),
        derived="mlbalance.derivations.optimism:optimism",
        computed="mlbalance.theory:excess_risk",
    ),
    Claim(
        label="existence",
        clauses=(
            Clause(
                "Without a ridge the fit exists if and only if no direction of coefficients "
                "ranks the own class of every weighted row at least as high as all others, "
                "and one strictly; how large positive weights are does not matter. If the fit"
                " of some rows exists and is unique, so does that of more rows: an "
                "undersample can lose the fit, never gain it. With a ridge it exists if and "
                "only if every class has weight.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model", "unique-subset-fit"),
        origin="Albert and Anderson 1984 for the condition; this package for supersets",
        cites=("albert1984", "stiemke1915", "rockafellar1970"),
        derived="mlbalance.derivations.separation:existence",
        computed="mlbalance.existence:verdict",
        observed="simulations/existence.py",
    ),
    Claim(
        label="score-variance",
        clauses=(
            Clause(
                "The variance of the score is exact at any sample size and any parameter: "
                "class k contributes its own score covariance, inflated by one plus the "
                "squared coefficient of variation of its weights.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=EXACT,
        origin="this package",
        derived="mlbalance.derivations.variance:score_variance",
        computed="mlbalance.theory:score_variance",
    ),
    Claim(
        label="random-totals",
        clauses=(
            Clause(
                "A scheme whose class totals are random pays once more, for the class means "
                "of the score; an intercept-only model shows it, since with fixed totals it "
                "does not vary.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model", "label-only-weights", "independent-rows"),
        origin="this package, with the covariances of Poisson and multinomial sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.totals:random_totals",
        computed="mlbalance.theory:score_variance",
        observed="simulations/variance_inflation.py",
    ),
    Claim(
        label="random-counts",
        clauses=(
            Clause(
                "Weights made from the observed counts carry no between-class term even when "
                "the counts are random: the variance of the score is the mean of the one "
                "given the counts. Weights from known priors do carry one.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(
            "any-model",
            "label-only-weights",
            "unbiased-weights",
            "independent-rows",
            "fixed-totals",
            "classes-present",
        ),
        origin="Holt and Smith 1979, for post-stratified means",
        cites=("holt1979",),
        derived="mlbalance.derivations.random_counts:random_counts",
        computed="mlbalance.theory:random_counts_variance",
        observed="simulations/variance_inflation.py",
    ),
    Claim(
        label="conditional-variance",
        clauses=(
            Clause(
                "Given the data, the noise of a scheme is, class by class, c_k^2 times the "
                "squares around the class mean, with divisor n_k - 1, over n_k. It comes on "
                "top of the variance of class weighting, and two analysts with their own "
                "seeds differ by twice it.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("any-model", "exchangeable-weights", "fixed-totals"),
        origin="this package, with the variance of simple random sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.conditional:conditional_variance",
        computed="mlbalance.theory:conditional_variance",
    ),
    Claim(
        label="cv2",
        clauses=(
            Clause(
                "Every scheme enters through one number per class, the squared coefficient of"
                " variation of a row's weight: zero for class weights, n_k/m - 1 for an "
                "undersample.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("label-only-weights", "unbiased-weights", "fixed-counts"),
        origin="this package, from the moments of simple random sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.weights:cv2",
        computed="mlbalance.schemes:Scheme.moments",
    ),
    Claim(
        label="bagging",
        clauses=(
            Clause(
                "The mean of B independent draws of the weights has c_k^2 divided by B, and "
                "so all noise beyond class weighting. For the mean of B fits this holds to "
                "first order.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=(
            "any-model",
            "label-only-weights",
            "unbiased-weights",
            "independent-bags",
        ),
        origin="Breiman 1996 for the method; this package",
        cites=("breiman1996",),
        derived="mlbalance.derivations.bags:bagging",
        computed="mlbalance.schemes:Bagging.moments",
        observed="simulations/bagging.py",
    ),
    Claim(
        label="disjoint-bags",
        clauses=(
            Clause(
                "Bags that share no row do better than independent ones by (B - 1)/B, "
                "whatever the counts; B = n_k/m of them partition a class, and their mean "
                "weights are exactly class weights in every draw, at the cost of one pass.",
                kind=CONJECTURE,
            ),
        ),
        formula=(),
        conditions=("label-only-weights", "unbiased-weights", "bags-fit"),
        origin="Chan and Stolfo 1998 for the method; this package",
        cites=("chan1998",),
        derived="mlbalance.derivations.bags:disjoint_bags",
        computed="mlbalance.schemes:Bagging.moments",
        observed="simulations/bagging.py",
    ),
)
